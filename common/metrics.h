/*
 * metrics: the columns of the sort in `select` (spec 4), one by one. Pure.
 *
 * A metric does one of two things with a tier, a list of member indexes:
 *     it parts it into smaller tiers       rank local remote network geo rtt
 *                                          response leastconn capacity load cost
 *     it puts its members one by one       weighted random roundrobin hash
 *
 * The first kind gives each member a key, the lower the better. A tier is all
 * within the metric's tolerance of its best; the next begins with the first
 * that isn't. Who has no key joins those of the median one.
 */
#ifndef FAIRLEAD_METRICS_H
#define FAIRLEAD_METRICS_H

#include "select_input.h"

struct select_looks;

/* A value of which nothing is known: TRACE_UNKNOWN. */
#define METRIC_UNKNOWN INT64_MIN

/* Puts members one by one: whatever metrics follow have nothing left to order. */
bool metric_is_total(enum metric m);

/*
 * What the metric goes by (see struct trace_metric); METRIC_UNKNOWN: nothing is
 * known of the member. Returns of how many something is known; of none: then
 * `values` isn't filled.
 */
size_t metric_values(enum metric m, const struct select_input *in, struct select_looks *looks, const uint16_t *members,
                     size_t n, int64_t *values);

/*
 * The key of each of `members`, as they stand: also of those of which nothing
 * is known. `m` isn't total. False: it orders nothing, and there are no keys,
 * since nothing is known of any.
 */
bool metric_keys(enum metric m, const struct select_input *in, struct select_looks *looks, const uint16_t *members,
                 size_t n, int64_t *keys);

/*
 * Moves the best tier of `members`, and their keys, to the front, each part
 * kept in its order, and returns its size (1..n; n >= 1). For the tier behind
 * it call again with the rest.
 */
size_t metric_split(enum metric m, uint16_t *members, int64_t *keys, size_t n);

/* Leaves the best tier of `members` in its order and forgets the others: all that a single answer needs. Returns its size (1..n; n >= 1). */
size_t metric_narrow(enum metric m, const struct select_input *in, struct select_looks *looks, uint16_t *members, size_t n);

/*
 * geo (metric_geo.c) has keys that aren't its values: squared chords in place
 * of metres, so that a distance is worked out for the best of a tier only.
 */
size_t metric_geo_keys(const struct select_input *in, struct select_looks *looks, const uint16_t *members, size_t n, int64_t *keys);
int64_t metric_geo_metres(int64_t key);
/* Those of `keys` are as good as `best`, by their metres, that aren't above what it returns. */
int64_t metric_geo_limit(int64_t best, const int64_t *keys, size_t n);
/* The worst value that is as good as the best. */
int64_t metric_as_good(enum metric m, int64_t best);

/* Uniform in 0..n-1 for n up to 2^24 (256 members of weight 65535). */
static inline uint32_t metric_below(uint64_t random, uint32_t n)
{
	return (uint32_t)((random >> 24) * n >> 40);
}

/* The place of the member at which `point` lies when the weights are laid end to end. Weight 0 takes no place. */
static inline size_t metric_weight_at(const struct member *all, const uint16_t *members, uint32_t point)
{
	size_t i = 0;

	for (uint32_t w; point >= (w = all[members[i]].weight); i++)
		point -= w;
	return i;
}

/* The best `want` (at most `n`) of `members`, best first, into `out`, which may not overlap. `m` is total; `members` is scratch. */
void metric_order(enum metric m, const struct select_input *in, uint16_t *members, size_t n, size_t want,
                  uint16_t *out);

/*
 * -log2(h / 2^64) in 32.32 fixed point, for h from 1 to 2^64 - 1, within
 * 3e-7 of the true value relatively. Integers only, so that every machine
 * gets the same bits; libm's log() promises no such thing.
 */
uint64_t metric_minus_log2(uint64_t h);

#endif
