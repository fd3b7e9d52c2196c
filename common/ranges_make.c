#include "ranges_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Smaller arrays have no whole page of 2 MiB in them. */
#define HUGE_FROM ((size_t)2 << 20)

/* A sorted list of keys with their values, as it grows. */
struct column {
	uint64_t *keys;
	uint32_t *values;
	uint32_t n, room;
};

/* The same of IPv4. */
struct pairs { struct pair *list; uint32_t n, room; };

struct start { uint64_t high, low; };

/* What is said of a family until now: the last range waits, for it may be said again. */
struct run {
	struct start start;
	uint32_t value;            /* of the range that waits */
	uint32_t current;          /* of the last that was taken */
	bool any;                  /* one was taken */
};

struct ranges_maker {
	struct run run4, run6;
	struct pairs pairs4;
	struct column keys6, low;
	struct slice *slices;
	uint32_t nslices, slices_room;
	uint64_t sliced;           /* the upper half of the slice that is open */
	bool open;
	bool failed;
};

struct ranges_maker *ranges_maker_new(void)
{
	struct ranges_maker *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->run4.value = m->run6.value = RANGES_NONE;
	return m;
}

static void maker_free(struct ranges_maker *m)
{
	struct column *columns[] = { &m->keys6, &m->low };

	for (size_t i = 0; i < 2; i++) {
		free(columns[i]->keys);
		free(columns[i]->values);
	}
	free(m->pairs4.list);
	free(m->slices);
	free(m);
}

static bool resize(struct column *c, uint32_t room)
{
	uint64_t *keys = realloc(c->keys, room * sizeof *keys);

	if (keys)
		c->keys = keys;
	uint32_t *values = keys ? realloc(c->values, room * sizeof *values) : NULL;
	if (values)
		c->values = values;
	if (values)
		c->room = room;
	return values != NULL;
}

static bool resize_pairs(struct pairs *p, uint32_t room)
{
	struct pair *list = realloc(p->list, room * sizeof *list);

	if (list)
		p->list = list;
	if (list)
		p->room = room;
	return list != NULL;
}

/* By half: what is mapped anew isn't touched, and the end is cut off when all are there. */
static uint32_t grown(uint32_t room)
{
	return room + room / 2 + 64;
}

static void append4(struct ranges_maker *m, uint32_t key, uint32_t value)
{
	struct pairs *p = &m->pairs4;

	if (p->n == p->room && (p->n >= SLICES_MAX || !resize_pairs(p, grown(p->room))))
		m->failed = true;
	if (!m->failed)
		p->list[p->n++] = (struct pair){ key, value };
}

static void append64(struct ranges_maker *m, struct column *c, uint64_t key, uint32_t value)
{
	if (c->n == c->room && (c->n >= SLICES_MAX || !resize(c, grown(c->room))))
		m->failed = true;
	if (m->failed)
		return;
	c->keys[c->n] = key;
	c->values[c->n++] = value;
}

/* ---- slices ---- */

static bool slice_room(struct ranges_maker *m)
{
	if (m->nslices < m->slices_room)
		return true;
	uint32_t room = m->slices_room + m->slices_room / 2 + 16;
	struct slice *more = m->nslices < SLICES_MAX ? realloc(m->slices, room * sizeof *more) : NULL;

	m->failed |= !more;
	if (more) {
		m->slices = more;
		m->slices_room = room;
	}
	return more != NULL;
}

static void open_slice(struct ranges_maker *m, uint64_t high)
{
	struct column *c = &m->keys6;

	if (!slice_room(m))
		return;
	if (c->n && c->keys[c->n - 1] == high)
		c->values[c->n - 1] = SLICE + m->nslices;
	else
		append64(m, c, high, SLICE + m->nslices);
	m->slices[m->nslices++] = (struct slice){ m->low.n, m->run6.current };
	m->sliced = high;
	m->open = true;
}

/* `next`: where something begins anyway, or NULL. */
static void close_slice(struct ranges_maker *m, const struct start *next)
{
	m->open = false;
	if (m->sliced == UINT64_MAX || (next && next->low == 0 && next->high == m->sliced + 1))
		return;
	append64(m, &m->keys6, m->sliced + 1, m->run6.current);
}

/* ---- ranges ---- */

static void take4(struct ranges_maker *m)
{
	struct run *r = &m->run4;

	if (r->any && r->value == r->current)
		return;
	append4(m, (uint32_t)r->start.low, r->value);
	r->current = r->value;
	r->any = true;
}

static void take6(struct ranges_maker *m)
{
	struct run *r = &m->run6;

	if (r->any && r->value == r->current)
		return;
	if (m->open && r->start.high != m->sliced)
		close_slice(m, &r->start);
	if (r->start.low == 0) {
		append64(m, &m->keys6, r->start.high, r->value);
	} else {
		if (!m->open)
			open_slice(m, r->start.high);
		append64(m, &m->low, r->start.low, r->value);
	}
	r->current = r->value;
	r->any = true;
}

static void say(struct ranges_maker *m, struct run *r, void (*take)(struct ranges_maker *m), struct start start, uint32_t value)
{
	if (start.high != r->start.high || start.low != r->start.low)
		take(m);
	r->start = start;
	r->value = value;
}

void ranges_from4(struct ranges_maker *m, uint32_t address, uint32_t value)
{
	say(m, &m->run4, take4, (struct start){ 0, address }, value);
}

void ranges_from6(struct ranges_maker *m, uint64_t high, uint64_t low, uint32_t value)
{
	say(m, &m->run6, take6, (struct start){ high, low }, value);
}

/* All IPv4 addresses have one value. */
static bool is_one4(const struct ranges_maker *m)
{
	return !m->run4.any || (m->pairs4.n == 1 && m->run4.value == m->run4.current);
}

void ranges_from6_as4(struct ranges_maker *m, uint64_t high, uint64_t low, unsigned length)
{
	ranges_from6(m, high, low, is_one4(m) ? m->run4.value : AS4 + length);
}

/* ---- the whole ---- */

/* What was grown for more is given back. */
static void trim(struct column *c)
{
	if (c->n)
		resize(c, c->n);
}

static bool index4(struct ranges *r)
{
	unsigned bits = INDEX_BITS_MIN;
	uint32_t at = 0;

	while (bits < INDEX_BITS_MAX && r->n4 >> (bits + 1))
		bits++;
	r->shift4 = 32 - bits;
	r->first4 = malloc((((size_t)1 << bits) + 1) * sizeof *r->first4);
	if (!r->first4)
		return false;
	for (uint32_t h = 0; h >> bits == 0; h++) {
		while (at + 1 < r->n4 && r->pairs4[at + 1].key <= h << r->shift4)
			at++;
		r->first4[h] = at;
	}
	r->first4[(size_t)1 << bits] = r->n4 - 1;
	return true;
}

/* The keys on lines of their own, or every eighth of the level below; behind the last UINT64_MAX. */
static uint64_t *make_level(const uint64_t *below, size_t stride, size_t n)
{
	size_t padded = (n + FAN - 1) / FAN * FAN;
	uint64_t *level = aligned_alloc(FAN * sizeof *level, padded * sizeof *level);

	for (size_t i = 0; level && i < padded; i++)
		level[i] = i < n ? below[i * stride] : UINT64_MAX;
	return level;
}

static bool make_levels(struct ranges *r, const uint64_t *keys)
{
	size_t n = r->n6, stride = 1;

	do {
		r->levels[r->nlevels] = make_level(keys, stride, n);
		if (!r->levels[r->nlevels++])
			return false;
		keys = r->levels[r->nlevels - 1];
		stride = FAN;
		n = (n + FAN - 1) / FAN;
	} while (n > 1);
	return true;
}

static void end_runs(struct ranges_maker *m)
{
	take4(m);
	take6(m);
	if (m->open)
		close_slice(m, NULL);
	if (slice_room(m))
		m->slices[m->nslices] = (struct slice){ m->low.n, RANGES_NONE };
	if (m->pairs4.n)
		resize_pairs(&m->pairs4, m->pairs4.n);
	trim(&m->keys6);
	trim(&m->low);
}

/* Moves what the maker has; its keys of IPv6 are copied. */
static bool fill(struct ranges *r, struct ranges_maker *m)
{
	r->pairs4 = m->pairs4.list;
	r->n4 = m->pairs4.n;
	r->values6 = m->keys6.values;
	r->n6 = m->keys6.n;
	r->low = m->low.keys;
	r->low_values = m->low.values;
	r->nlow = m->low.n;
	r->slices = m->slices;
	r->nslices = m->nslices;
	m->pairs4.list = NULL;
	m->keys6.values = m->low.values = NULL;
	m->low.keys = NULL;
	m->slices = NULL;
	return index4(r) && make_levels(r, m->keys6.keys);
}

/*
 * A look-up is a few reads far apart: with pages of 4 KiB each of them would
 * miss the TLB as well. Where the kernel doesn't do it, nothing is lost.
 */
static void in_huge_pages(void *p, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = ((uintptr_t)p + page - 1) & ~(page - 1), end = ((uintptr_t)p + size) & ~(page - 1);

	if (size < HUGE_FROM)
		return;
	madvise((void *)at, end - at, MADV_HUGEPAGE);
#ifdef MADV_COLLAPSE
	madvise((void *)at, end - at, MADV_COLLAPSE);
#else
	madvise((void *)at, end - at, 25); /* Linux 6.1; the C library does not know the name yet */
#endif
}

static void lay_in_huge_pages(struct ranges *r)
{
	in_huge_pages(r->pairs4, r->n4 * sizeof *r->pairs4);
	in_huge_pages(r->first4, (((size_t)1 << (32 - r->shift4)) + 1) * sizeof *r->first4);
	if (r->nlevels)
		in_huge_pages(r->levels[0], r->n6 * sizeof *r->levels[0]);
	in_huge_pages(r->values6, r->n6 * sizeof *r->values6);
}

struct ranges *ranges_make(struct ranges_maker *m)
{
	struct ranges *r = calloc(1, sizeof *r);

	end_runs(m);
	if (!r || m->failed || !fill(r, m)) {
		ranges_free(r);
		r = NULL;
	}
	if (r)
		lay_in_huge_pages(r);
	maker_free(m);
	return r;
}
