#include "rtt_top.h"

#include <stdlib.h>
#include <string.h>
#include "loop.h"
#include "random.h"

#define BUCKETS (2 * RTT_TOP)
#define NONE UINT16_MAX
/* A quarter of each new one: a dozen samples forget the first. */
#define SMOOTHING 4

struct place {
	struct prefix network;
	uint32_t us, told_us;
	int64_t sampled, told;     /* ns; told 0: never */
	uint64_t count;
	uint16_t next;             /* in its bucket */
	uint16_t heap;             /* where it stands there */
};

struct rtt_top {
	uint64_t seed;
	int64_t halved;
	size_t n, turn;
	uint16_t buckets[BUCKETS];
	uint16_t heap[RTT_TOP];    /* the place with the fewest first */
	struct place places[RTT_TOP];
};

struct rtt_top *rtt_top_new(uint64_t seed)
{
	struct rtt_top *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->seed = seed;
	memset(t->buckets, 0xff, sizeof t->buckets);
	return t;
}

void rtt_top_delete(struct rtt_top *t)
{
	free(t);
}

/* --- which place --- */

static uint16_t *bucket_of(struct rtt_top *t, const struct prefix *p)
{
	uint64_t half[2], state = t->seed;
	memcpy(half, p->bytes, sizeof half);
	state ^= half[0];
	state = random64(&state) ^ half[1];
	state = random64(&state) ^ ((uint64_t)p->family << 8 | p->length);
	return &t->buckets[random64(&state) % BUCKETS];
}

static bool same(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && a->length == b->length && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static uint16_t find(struct rtt_top *t, const struct prefix *network)
{
	uint16_t i = *bucket_of(t, network);
	while (i != NONE && !same(&t->places[i].network, network))
		i = t->places[i].next;
	return i;
}

static void enter_bucket(struct rtt_top *t, uint16_t i)
{
	uint16_t *bucket = bucket_of(t, &t->places[i].network);
	t->places[i].next = *bucket;
	*bucket = i;
}

static void leave_bucket(struct rtt_top *t, uint16_t i)
{
	uint16_t *at = bucket_of(t, &t->places[i].network);
	while (*at != i)
		at = &t->places[*at].next;
	*at = t->places[i].next;
}

/* --- the heap --- */

static void put(struct rtt_top *t, size_t at, uint16_t i)
{
	t->heap[at] = i;
	t->places[i].heap = (uint16_t)at;
}

/* Its count has grown. */
static void sink(struct rtt_top *t, uint16_t i)
{
	size_t at = t->places[i].heap, child;
	while ((child = 2 * at + 1) < t->n) {
		if (child + 1 < t->n && t->places[t->heap[child + 1]].count < t->places[t->heap[child]].count)
			child++;
		if (t->places[t->heap[child]].count >= t->places[i].count)
			break;
		put(t, at, t->heap[child]);
		at = child;
	}
	put(t, at, i);
}

/* It is new and last. */
static void rise(struct rtt_top *t, uint16_t i)
{
	size_t at = t->n - 1;
	for (size_t parent; at > 0 && t->places[t->heap[parent = (at - 1) / 2]].count > t->places[i].count; at = parent)
		put(t, at, t->heap[parent]);
	put(t, at, i);
}

/* --- measurements --- */

static void halve(struct rtt_top *t, int64_t now)
{
	if (now - t->halved < RTT_TOP_HALVED_SECONDS * NS_PER_SECOND)
		return;
	t->halved = now;
	for (size_t i = 0; i < t->n; i++)
		t->places[i].count /= 2;
}

static void begin(struct rtt_top *t, uint16_t i, const struct rtt_measured *m, uint64_t count)
{
	t->places[i] = (struct place){ .network = m->network, .us = m->us, .count = count, .heap = t->places[i].heap };
	enter_bucket(t, i);
}

static uint16_t new_place(struct rtt_top *t, const struct rtt_measured *m)
{
	if (t->n < RTT_TOP) {
		uint16_t i = (uint16_t)t->n++;
		begin(t, i, m, 0);
		rise(t, i);
		return i;
	}
	uint16_t i = t->heap[0];
	leave_bucket(t, i);
	begin(t, i, m, t->places[i].count);
	return i;
}

void rtt_top_add(struct rtt_top *t, const struct rtt_measured *m, int64_t now)
{
	halve(t, now);
	uint16_t i = find(t, &m->network);
	if (i == NONE)
		i = new_place(t, m);
	struct place *p = &t->places[i];
	p->us = (uint32_t)((int64_t)p->us + ((int64_t)m->us - (int64_t)p->us) / SMOOTHING);
	p->sampled = now;
	p->count++;
	sink(t, i);
}

static bool is_due(const struct place *p, int64_t now)
{
	uint32_t apart = p->us > p->told_us ? p->us - p->told_us : p->told_us - p->us;
	if (!p->told)
		return true;
	if (p->sampled <= p->told)
		return false;
	return now - p->told >= RTT_TOP_AGAIN_SECONDS * NS_PER_SECOND
		|| ((uint64_t)apart * 5 > p->told_us && now - p->told >= RTT_TOP_REST_SECONDS * NS_PER_SECOND);
}

size_t rtt_top_due(struct rtt_top *t, int64_t now, struct rtt_measured *out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n && n < max; i++, t->turn++) {
		struct place *p = &t->places[t->turn % t->n];
		if (!is_due(p, now))
			continue;
		p->told = now;
		p->told_us = p->us;
		out[n++] = (struct rtt_measured){ .network = p->network, .us = p->us };
	}
	return n;
}
