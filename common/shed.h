/*
 * shed: how busy a member is, as shedding goes by it (spec 4, health gate).
 *
 * Answers change the load that changes the answers, but late: clients keep
 * what they were told for about a minute, and their sessions last. A share
 * that simply followed the use would swing, full and empty by turns. So what
 * has been shed, but can't be felt yet, is taken into account:
 *
 *     past     the share that was shed in the last minute, on the average
 *     demand   use / (1 - past): what would come if nobody were shed
 *     share    the one at which the use that is left, demand x (1 - share), asks
 *              for just this share: (demand - from) / (to - from + demand)
 *
 * Where nothing moves, past = share, and that is the plain line between the
 * marks. The first value is taken at its word, and so is one that hardly ever
 * changes: that is no answer to ours, but somebody who has set it.
 *
 * Pure; one state a member, kept by whoever publishes its numbers.
 */
#ifndef FAIRLEAD_SHED_H
#define FAIRLEAD_SHED_H

#include <stdbool.h>
#include <stdint.h>
#include "policy.h"

struct member_numbers;

struct shed_state {
	bool begun;
	uint32_t use;        /* the last one, millionths */
	double past;         /* 0..1 */
	double changes;      /* of late */
	int64_t at;          /* ns: when it was asked last */
};

/* How busy a member is, millionths: sessions by `capacity` (0: none), or the load, whichever is more. False: neither is known. */
bool shed_use(const struct member_numbers *m, uint64_t capacity, uint32_t *use);

/*
 * `use`: how busy the member is now, millionths; `now` in ns, never going
 * back. Returns what member_numbers.use_ppm is to be: the use at which the
 * line between the marks gives the share. To be called about once a second
 * while shed_is_moving, else at each change.
 */
uint32_t shed_follow(struct shed_state *s, const struct policy *p, uint32_t use, int64_t now);

/* Its result will change though the use doesn't. */
bool shed_is_moving(const struct shed_state *s, const struct policy *p);

#endif
