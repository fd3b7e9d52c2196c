#include "rtt.h"

#include <stdlib.h>
#include <string.h>
#include "random.h"

struct rtt_table {
	size_t nsites, nrows, stride;
	uint64_t seed;
	size_t mask;               /* slots less one */
	uint32_t *slots;           /* row + 1; 0: none. Half of them stay empty */
	uint8_t *rows;
};

/* Written out, since a struct's padding is anything. */
static uint64_t hash(uint64_t seed, const struct prefix *p)
{
	uint64_t a, b, state;
	memcpy(&a, p->bytes, 8);
	memcpy(&b, p->bytes + 8, 8);
	state = seed ^ a;
	state = random64(&state) ^ b;
	state = random64(&state) ^ ((uint64_t)p->family << 8 | p->length);
	return random64(&state);
}

static bool same(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && a->length == b->length && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

size_t rtt_rows(const struct rtt_table *t)
{
	return t ? t->nrows : 0;
}

size_t rtt_sites(const struct rtt_table *t)
{
	return t->nsites;
}

static struct rtt_row *row(const struct rtt_table *t, size_t i)
{
	return (struct rtt_row *)(void *)(t->rows + i * t->stride);
}

const struct rtt_row *rtt_row(const struct rtt_table *t, size_t i)
{
	return row(t, i);
}

size_t rtt_next(const struct rtt_table *t, size_t site, size_t i)
{
	while (i < rtt_rows(t) && !(site < t->nsites && row(t, i)->us[site]))
		i++;
	return i;
}

/* The slot of the network, or the empty one where it would be. */
static size_t slot_of(const struct rtt_table *t, const struct prefix *network)
{
	size_t i = hash(t->seed, network) & t->mask;
	while (t->slots[i] && !same(&row(t, t->slots[i] - 1)->network, network))
		i = (i + 1) & t->mask;
	return i;
}

const struct rtt_row *rtt_find(const struct rtt_table *t, const struct prefix *network)
{
	if (!t)
		return NULL;
	size_t i = slot_of(t, network);
	return t->slots[i] ? row(t, t->slots[i] - 1) : NULL;
}

static void add(struct rtt_table *t, const struct rtt_sample *s)
{
	if (s->site >= t->nsites)
		return;
	size_t i = slot_of(t, &s->network);
	if (!t->slots[i]) {
		row(t, t->nrows)->network = s->network;
		t->slots[i] = (uint32_t)++t->nrows;
	}
	row(t, t->slots[i] - 1)->us[s->site] = s->us;
}

struct rtt_table *rtt_table_new(size_t nsites, const struct rtt_sample *samples, size_t n, uint64_t seed)
{
	size_t slots = 2, stride = (sizeof(struct rtt_row) + nsites * sizeof(uint32_t) + 3) & ~(size_t)3;
	while (slots < 2 * n)
		slots *= 2;
	struct rtt_table *t = calloc(1, sizeof *t + slots * sizeof *t->slots + n * stride);
	if (!t)
		return NULL;
	t->nsites = nsites;
	t->stride = stride;
	t->seed = seed;
	t->mask = slots - 1;
	t->slots = (uint32_t *)(void *)(t + 1);
	t->rows = (uint8_t *)(t->slots + slots);
	for (size_t i = 0; i < n; i++)
		add(t, &samples[i]);
	return t;
}
