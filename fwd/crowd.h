/*
 * crowd: how many sessions each client network has, all threads' together, in
 * a fixed piece of memory without locks or allocations.
 *
 *     (listener, network) -> one counter of each row; the smaller one is the network's
 *
 * Networks may share a counter, so a count can be too high, never too low; that
 * both of a network's counters are shared with crowded ones at the same time is
 * as good as impossible, and the places are random, so nobody can aim. A
 * session keeps its place, so what it added is taken away again whatever a
 * reload has changed.
 */
#ifndef FAIRLEAD_CROWD_H
#define FAIRLEAD_CROWD_H

#include <stdbool.h>
#include <stdint.h>
#include "addr.h"

#define CROWD_ROWS 2

struct crowd;

/* What one session has added to. All zero: nothing. */
struct crowd_place { uint32_t slots[CROWD_ROWS]; };

/* NULL: no memory. */
struct crowd *crowd_new(uint64_t seed);
void crowd_delete(struct crowd *c);

/* One more of `network` in `group` (anything that stays the same). False: it has `limit` already. Any thread. */
bool crowd_enter(struct crowd *c, const void *group, const struct prefix *network, uint32_t limit, struct crowd_place *place);
/* Any thread. */
void crowd_leave(struct crowd *c, struct crowd_place *place);

#endif
