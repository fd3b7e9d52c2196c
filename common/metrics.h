/*
 * metrics: the columns of the sort in `select` (spec 4), one by one. Pure.
 *
 * A metric does one of two things with a tier, a list of member indexes in
 * ascending order:
 *     it parts it into smaller tiers       rank local remote
 *     it puts its members one by one       weighted random roundrobin hash
 */
#ifndef FAIRLEAD_METRICS_H
#define FAIRLEAD_METRICS_H

#include "select.h"

/* Puts members one by one: whatever metrics follow have nothing left to order. */
bool metric_is_total(enum metric m);

/*
 * Moves the best tier of `members` to the front, each part kept in its
 * order, and returns its size (1..n; n >= 1). `m` isn't total.
 */
size_t metric_split(enum metric m, const struct select_input *in, uint16_t *members, size_t n);

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
