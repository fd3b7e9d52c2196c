#include "rrl.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/*
 * A bucket: 24 bits that tell its network and class, 40 bits of the time at
 * which all that it gave would have been due, had it come evenly (the virtual
 * scheduling form of a token bucket). A time that is past is an idle bucket.
 *
 *     63        40 39                      0
 *     |   tag    |  time in units of 16 ns  |   wraps in 5 hours
 *
 * A set of buckets is a cache line. A network without a bucket takes the one
 * of its set that is due the earliest: an idle one, or who used it the least.
 */
#define WAYS 8
#define SETS 8192
#define TIME_BITS 40
#define TIME_MASK (((uint64_t)1 << TIME_BITS) - 1)
#define UNIT_NS 16
#define SECOND (1000000000u / UNIT_NS)
/* Other threads may change the same word meanwhile; each attempt that fails is one that another has won. */
#define ATTEMPTS 16

struct set { _Atomic(uint64_t) buckets[WAYS]; };

struct rrl {
	uint64_t seed;
	struct set *sets;
};

struct rrl *rrl_new(uint64_t seed)
{
	struct rrl *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->seed = seed;
	t->sets = aligned_alloc(sizeof(struct set), SETS * sizeof(struct set));
	if (!t->sets) {
		free(t);
		return NULL;
	}
	memset(t->sets, 0, SETS * sizeof(struct set));
	return t;
}

void rrl_delete(struct rrl *t)
{
	if (!t)
		return;
	free(t->sets);
	free(t);
}

static uint64_t mix(uint64_t h)
{
	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
	return h ^ (h >> 31);
}

static uint64_t hash_of(const struct rrl *t, const struct prefix *network, enum rrl_class class)
{
	uint64_t low, high;
	memcpy(&low, network->bytes, 8);
	memcpy(&high, network->bytes + 8, 8);
	uint64_t h = mix(t->seed + low);
	return mix(mix(h ^ high) ^ ((uint64_t)network->family << 8 | class));
}

/* How far the bucket is ahead of now; 0: idle. */
static uint64_t ahead_of(uint64_t bucket, uint64_t now)
{
	uint64_t ahead = (bucket - now) & TIME_MASK;
	return ahead <= SECOND ? ahead : 0;
}

static _Atomic(uint64_t) *find(struct set *s, uint64_t tag, uint64_t now)
{
	unsigned best = 0;
	uint64_t least = UINT64_MAX;
	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t b = atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
		if (b >> TIME_BITS == tag)
			return &s->buckets[i];
		if (ahead_of(b, now) < least) {
			least = ahead_of(b, now);
			best = i;
		}
	}
	return &s->buckets[best];
}

bool rrl_take(struct rrl *t, const struct prefix *network, enum rrl_class class, unsigned per_second, int64_t now_ns)
{
	uint64_t h = hash_of(t, network, class), tag = h >> TIME_BITS, now = (uint64_t)now_ns / UNIT_NS & TIME_MASK;
	uint64_t each = ((uint64_t)SECOND + per_second - 1) / per_second; /* rounded so that it never is more than was said */
	_Atomic(uint64_t) *bucket = find(&t->sets[h % SETS], tag, now);
	uint64_t old = atomic_load_explicit(bucket, memory_order_relaxed);
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		uint64_t ahead = old >> TIME_BITS == tag ? ahead_of(old, now) : 0;
		if (ahead + each > SECOND)
			return false;
		uint64_t new = tag << TIME_BITS | ((now + ahead + each) & TIME_MASK);
		if (atomic_compare_exchange_weak_explicit(bucket, &old, new, memory_order_relaxed, memory_order_relaxed))
			return true;
	}
	return false;
}
