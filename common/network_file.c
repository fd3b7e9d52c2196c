/* Reads networks.conf: lines -> prefixes -> ranges. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_hint.h"
#include "network_parts.h"

/* Read so much at once; no line is longer. Fifty sites of the longest name are 3 KB. */
#define BLOCK 65536
/* More are no networks but addresses, and would be a gigabyte. */
#define PREFIXES_MAX 16000000u
/* 16-bit words of all different lists of sites together: 64 MiB. Real files have a few dozens of lists. */
#define LISTS_MAX 32000000u

/* One line. */
struct entry {
	uint8_t bytes[16];
	uint32_t sites;            /* offset of its list */
	uint32_t line;
	uint8_t family, length;
	bool twice;                /* its prefix stands on an earlier line: that is in `sites` */
};

struct reader {
	const char *file;
	const struct site *sites;
	size_t nsites;
	struct errs *errs;
	struct entry *entries; size_t n, room;
	uint16_t *lists; size_t nlists, lists_room;
	uint32_t *hashed; size_t nhashed, slots; /* offsets of lists + 1, by what is in them */
	uint16_t *list;            /* that of the line: `nsites` at most */
	bool *listed;              /* by site: it stands on the line */
	uint32_t line;
	const char *start;         /* of the line */
};

static bool fail(struct reader *r, const char *where, const char *why)
{
	errs_add(r->errs, r->file, r->line, where ? (unsigned)(where - r->start) + 1 : 0, "%s", why);
	return false;
}

/* ---- lists of sites, each different one kept once ---- */

static uint32_t *slot_of(struct reader *r, const uint16_t *list, size_t words)
{
	uint64_t h = words;
	for (size_t i = 0; i < words; i++)
		h = (h ^ list[i]) * 0x9e3779b97f4a7c15u;
	for (size_t i = (h ^ h >> 32) & (r->slots - 1);; i = (i + 1) & (r->slots - 1)) {
		const uint16_t *other = r->hashed[i] ? r->lists + r->hashed[i] - 1 : NULL;
		if (!other || (other[0] == list[0] && memcmp(other, list, words * sizeof *list) == 0))
			return &r->hashed[i];
	}
}

static bool more_slots(struct reader *r)
{
	struct reader bigger = *r;
	bigger.slots = r->slots ? r->slots * 2 : 256;
	bigger.hashed = calloc(bigger.slots, sizeof *bigger.hashed);
	if (!bigger.hashed)
		return fail(r, NULL, "out of memory");
	for (size_t i = 0; i < r->slots; i++) {
		const uint16_t *list = r->hashed[i] ? r->lists + r->hashed[i] - 1 : NULL;
		if (list)
			*slot_of(&bigger, list, list[0] + 1u) = r->hashed[i];
	}
	free(r->hashed);
	*r = bigger;
	return true;
}

/* The offset of r->list (its count in front), which is kept if it is new. */
static bool keep_list(struct reader *r, uint32_t *offset)
{
	size_t words = r->list[0] + 1u;
	if (r->nhashed * 2 >= r->slots && !more_slots(r))
		return false;
	uint32_t *slot = slot_of(r, r->list, words);
	if (!*slot) {
		if (r->nlists + words > LISTS_MAX)
			return fail(r, NULL, "too many different lists of sites");
		if (r->nlists + words > r->lists_room) {
			size_t room = r->lists_room * 2 + words + 1024;
			uint16_t *more = realloc(r->lists, room * sizeof *more);
			if (!more)
				return fail(r, NULL, "out of memory");
			r->lists = more;
			r->lists_room = room;
		}
		memcpy(r->lists + r->nlists, r->list, words * sizeof *r->list);
		*slot = (uint32_t)r->nlists + 1;
		r->nlists += words;
		r->nhashed++;
	}
	*offset = *slot - 1;
	return true;
}

/* ---- one line ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_blanks(const char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

static const char *site_name(const void *sites, size_t i)
{
	return ((const struct site *)sites)[i].name;
}

static bool take_site(struct reader *r, const char *where, const char *name)
{
	size_t i = 0;
	char hint[96], why[256];
	while (i < r->nsites && strcmp(r->sites[i].name, name) != 0)
		i++;
	if (i == r->nsites) {
		/* A hint that nobody sees would only cost time. */
		const char *meant = r->errs->count < ERRS_SHOWN_MAX ? conf_hint(hint, name, r->nsites, site_name, r->sites) : "";
		snprintf(why, sizeof why, "\"%.80s\" is not in sites%s", name, meant);
		return fail(r, where, why);
	}
	if (r->listed[i]) {
		snprintf(why, sizeof why, "\"%.80s\" stands here twice", name);
		return fail(r, where, why);
	}
	r->listed[i] = true;
	r->list[++r->list[0]] = (uint16_t)i;
	return true;
}

/* "site[,site...]", blanks around the commas, to the end of the line. */
static bool take_sites(struct reader *r, char *s)
{
	r->list[0] = 0;
	memset(r->listed, 0, r->nsites * sizeof *r->listed);
	for (;;) {
		char *end = s + strcspn(s, ", \t\r");
		const char *next = skip_blanks(end);
		bool more = *next == ',';
		if (end == s)
			return fail(r, s, "the name of a site is missing");
		if (!more && *next)
			return fail(r, next, "a comma is missing between two sites");
		*end = '\0';
		if (!take_site(r, s, s))
			return false;
		if (!more)
			return true;
		s = (char *)skip_blanks(next + 1);
	}
}

static bool take_prefix(struct reader *r, const char *s, struct entry *e)
{
	struct prefix p;
	struct addr a;
	char host[64], network[ADDR_TEXT_MAX], why[256];
	const char *slash = strchr(s, '/');
	if (prefix_parse(&p, s)) {
		const char *meant = prefix_mapped_text(&p, network);
		if (meant) {
			snprintf(why, sizeof why, "%.60s is IPv4 written as IPv6: write %s", s, meant);
			return fail(r, s, why);
		}
		e->family = p.family;
		e->length = p.length;
		memcpy(e->bytes, p.bytes, sizeof e->bytes);
		return true;
	}
	snprintf(host, sizeof host, "%.*s", slash ? (int)(slash - s) : 0, s);
	unsigned long length = slash ? strtoul(slash + 1, NULL, 10) : 0;
	bool digits = slash && slash[1] && !slash[1 + strspn(slash + 1, "0123456789")];
	if (digits && addr_parse(&a, host, 0) && length <= (a.sa.sa_family == AF_INET ? 32 : 128)) {
		prefix_of(&p, &a, (uint8_t)length, (uint8_t)length);
		snprintf(why, sizeof why, "%.60s has bits set past its length: the network is %s", s, prefix_text(&p, network));
	} else {
		snprintf(why, sizeof why, "\"%.60s\" is not a prefix", s);
	}
	return fail(r, s, why);
}

static bool add_entry(struct reader *r, const struct entry *e)
{
	if (r->n == PREFIXES_MAX)
		return fail(r, NULL, "too many prefixes");
	if (r->n == r->room) {
		size_t room = r->room + r->room / 2 + 256;
		struct entry *more = realloc(r->entries, room * sizeof *more);
		if (!more)
			return fail(r, NULL, "out of memory");
		r->entries = more;
		r->room = room;
	}
	r->entries[r->n++] = *e;
	return true;
}

/* False: nothing that follows makes sense any more. */
static bool take_line(struct reader *r, char *s, size_t len)
{
	struct entry e = { .line = ++r->line };
	r->start = s;
	if (memchr(s, '\0', len)) {
		fail(r, s + strlen(s), "a NUL byte: this is not a text");
		return false;
	}
	s[strcspn(s, "#")] = '\0';
	s = (char *)skip_blanks(s);
	if (!*s)
		return true;
	char *end = s + strcspn(s, " \t\r");
	char *sites = (char *)skip_blanks(end);
	*end = '\0';
	bool ok = take_prefix(r, s, &e);
	if (!*sites)
		ok = fail(r, sites, "the name of a site is missing");
	else
		ok = take_sites(r, sites) && ok;
	return !ok || (keep_list(r, &e.sites) && add_entry(r, &e));
}

/* ---- the file ---- */

/* Lines as they come; what is left of a block moves to its front. */
static bool read_lines(struct reader *r, int fd, char *block)
{
	size_t have = 0;
	for (;;) {
		ssize_t got = read(fd, block + have, BLOCK - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			errs_add(r->errs, r->file, 0, 0, "%s", strerror(errno));
			return false;
		}
		have += (size_t)got;
		char *s = block, *newline;
		for (; (newline = memchr(s, '\n', have - (size_t)(s - block))); s = newline + 1) {
			*newline = '\0';
			if (!take_line(r, s, (size_t)(newline - s)))
				return false;
		}
		have -= (size_t)(s - block);
		memmove(block, s, have);
		if (have == BLOCK) {
			r->line++;
			return fail(r, NULL, "the line is too long");
		}
		if (got)
			continue;
		block[have] = '\0';
		return !have || take_line(r, block, have);
	}
}

static bool read_file(struct reader *r)
{
	/* O_NONBLOCK: a named pipe must not hang a reload. */
	int fd = open(r->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *block = malloc(BLOCK + 1);
	struct stat st;
	bool ok = false;
	if (fd < 0 || fstat(fd, &st) < 0)
		errs_add(r->errs, r->file, 0, 0, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		errs_add(r->errs, r->file, 0, 0, "not a regular file");
	else if (!block)
		errs_add(r->errs, r->file, 0, 0, "out of memory");
	else
		ok = read_lines(r, fd, block);
	free(block);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* ---- duplicates ---- */

/* By family and bits, and the shorter first: what covers others stands before them. Of the same prefix by line. */
static int entry_order(const void *a, const void *b)
{
	const struct entry *p = a, *q = b;
	int order = p->family - q->family;
	if (!order)
		order = memcmp(p->bytes, q->bytes, sizeof p->bytes);
	if (!order)
		order = p->length - q->length;
	return order ? order : p->line < q->line ? -1 : p->line > q->line;
}

static bool same_prefix(const struct entry *p, const struct entry *q)
{
	return p->family == q->family && p->length == q->length && memcmp(p->bytes, q->bytes, sizeof p->bytes) == 0;
}

static int line_order(const void *a, const void *b)
{
	const struct entry *p = a, *q = b;
	return p->line < q->line ? -1 : p->line > q->line;
}

static void tell_duplicates(struct reader *r)
{
	char text[ADDR_TEXT_MAX];
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		if (r->entries[i].twice)
			r->entries[n++] = r->entries[i];
	qsort(r->entries, n, sizeof *r->entries, line_order);
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &r->entries[i];
		struct prefix p = { .family = e->family, .length = e->length };
		memcpy(p.bytes, e->bytes, sizeof p.bytes);
		errs_add(r->errs, r->file, e->line, 0, "%s stands on line %u already", prefix_text(&p, text), e->sites);
	}
}

/* Sorts; generated files mostly are sorted already. What stands twice is told in the order of lines. */
static bool sort_entries(struct reader *r)
{
	struct entry *first = r->entries;
	bool twice = false;
	for (size_t i = 1; i < r->n; i++) {
		if (entry_order(&r->entries[i - 1], &r->entries[i]) > 0) {
			qsort(r->entries, r->n, sizeof *r->entries, entry_order);
			break;
		}
	}
	for (size_t i = 1; i < r->n; i++) {
		struct entry *e = &r->entries[i];
		e->twice = same_prefix(first, e);
		if (!e->twice)
			first = e;
		else
			e->sites = first->line;
		twice |= e->twice;
	}
	if (twice)
		tell_duplicates(r);
	return !twice;
}

/* ---- prefixes -> ranges ---- */

static uint64_t load(const uint8_t *bytes, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | bytes[i];
	return v;
}

static void begin_range(struct ranges_maker *m, const struct entry *e)
{
	if (e->family == AF_INET)
		ranges_from4(m, (uint32_t)load(e->bytes, 4), e->sites);
	else
		ranges_from6(m, load(e->bytes, 8), load(e->bytes + 8, 8), e->sites);
}

/* Behind the last address of a prefix, if that isn't the last of all, `value` holds. */
static void end_range4(struct ranges_maker *m, const struct entry *e, uint32_t value)
{
	uint64_t next = load(e->bytes, 4) + ((uint64_t)1 << (32 - e->length));
	if (next <= UINT32_MAX)
		ranges_from4(m, (uint32_t)next, value);
}

static void end_range6(struct ranges_maker *m, const struct entry *e, uint32_t value)
{
	uint64_t high = load(e->bytes, 8), low = load(e->bytes + 8, 8);
	if (e->length > 64)
		low += (uint64_t)1 << (128 - e->length);
	if (low == 0 && e->length > 0)
		high += e->length >= 64 ? 1 : (uint64_t)1 << (64 - e->length);
	if (high | low && e->length > 0)
		ranges_from6(m, high, low, value);
}

static bool entry_covers(const struct entry *e, const struct entry *inner)
{
	unsigned whole = e->length / 8, rest = e->length % 8;
	if (e->family != inner->family || e->length > inner->length || memcmp(e->bytes, inner->bytes, whole) != 0)
		return false;
	return !rest || !((e->bytes[whole] ^ inner->bytes[whole]) & (0xff00u >> rest) & 0xff);
}

/* Those of `open` that don't hold `next` (NULL: all) end, the innermost first. Returns how many are left. */
static size_t end_ranges(struct ranges_maker *m, const struct entry *const *open, size_t n, const struct entry *next)
{
	while (n && !(next && entry_covers(open[n - 1], next))) {
		const struct entry *e = open[--n];
		(e->family == AF_INET ? end_range4 : end_range6)(m, e, n ? open[n - 1]->sites : RANGES_NONE);
	}
	return n;
}

static struct ranges *make_ranges(const struct reader *r)
{
	const struct entry *open[129]; /* one of each length at most */
	size_t n = 0;
	struct ranges_maker *m = ranges_maker_new();
	if (!m)
		return NULL;
	for (size_t i = 0; i < r->n; i++) {
		n = end_ranges(m, open, n, &r->entries[i]);
		begin_range(m, &r->entries[i]);
		open[n++] = &r->entries[i];
	}
	end_ranges(m, open, n, NULL);
	return ranges_make(m);
}

static struct networks *make_networks(struct reader *r)
{
	struct networks *t = calloc(1, sizeof *t);
	struct ranges *ranges = t ? make_ranges(r) : NULL;
	if (!ranges) {
		free(t);
		fail(r, NULL, "out of memory");
		return NULL;
	}
	t->ranges = ranges;
	t->lists = r->lists;
	t->prefixes = r->n;
	t->bytes = r->nlists * sizeof *r->lists;
	r->lists = NULL;
	return t;
}

struct networks *networks_load(const char *file, const struct site *sites, size_t nsites, struct errs *errs)
{
	struct reader r = { .file = file, .sites = sites, .nsites = nsites, .errs = errs };
	size_t errors = errs->count;
	struct networks *t = NULL;
	r.list = calloc(nsites + 1, sizeof *r.list);
	r.listed = calloc(nsites + 1, sizeof *r.listed);
	if (!r.list || !r.listed)
		fail(&r, NULL, "out of memory");
	else if (nsites > UINT16_MAX)
		fail(&r, NULL, "too many sites");
	else if (read_file(&r) && sort_entries(&r) && errs->count == errors)
		t = make_networks(&r);
	free(r.entries);
	free(r.lists);
	free(r.hashed);
	free(r.list);
	free(r.listed);
	return t;
}
