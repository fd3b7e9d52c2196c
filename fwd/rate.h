/*
 * rate: events a second, from a counter that is looked at now and then: over
 * the last RATE_SECONDS, so that a short pause is no silence, and after a
 * longer one it is exactly 0. Pure.
 */
#ifndef FAIRLEAD_RATE_H
#define FAIRLEAD_RATE_H

#include <stdint.h>

#define RATE_SECONDS 10

struct rate {
	struct { int64_t at; uint64_t count; } marks[RATE_SECONDS + 1];
	unsigned first, n;     /* a ring of marks, at least a second apart; the oldest is as old as may be */
};

/* `now`: ns, monotonic; `count` so far. A count that is smaller than before begins anew. */
void rate_note(struct rate *r, int64_t now, uint64_t count);

/* Thousandths of an event a second; 0 before the second rate_note. */
uint32_t rate_milli(const struct rate *r, int64_t now, uint64_t count);

#endif
