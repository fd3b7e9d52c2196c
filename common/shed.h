/*
 * shed: how busy a member is, as shedding goes by it (spec 4, health gate).
 *
 * Answers change the load that changes the answers, but late: clients keep
 * what they were told for a while, all alike or, when all were told at the
 * same moment, all at once, and their sessions last. A share that followed the
 * use would swing, full and empty by turns. So it follows the demand, which
 * our answers don't change, and that slowly:
 *
 *     past     the share that was shed in the last minute, on the average
 *     demand   what would come if nobody were shed. It is use / (1 - past) on
 *              the average over some minutes, whoever renews when; and never
 *              less than the use
 *     share    the one at which the use that is left, demand x (1 - share), asks
 *              for just this share: (demand - from) / (to - from + demand)
 *
 * Where nothing moves, past = share, and that is the plain line between the
 * marks. A number that nobody counts and that hardly ever changes is taken at
 * its word: that is no answer to ours, but somebody who has set it.
 *
 * Pure; one state a member, kept with what else is known of it: a new
 * configuration changes nothing in what clients ask for, nor do new marks.
 */
#ifndef FAIRLEAD_SHED_H
#define FAIRLEAD_SHED_H

#include <stdbool.h>
#include <stdint.h>
#include "policy.h"

struct member_numbers;

struct shed_state {
	bool begun, counted;
	uint32_t use;        /* the last one, millionths */
	double past;         /* 0..1 */
	double demand;
	double share;        /* what answers have gone by since `at`: also when the marks are others by now. 0..1 */
	double changes;      /* of late */
	uint64_t capacity;   /* see shed_measure */
	int64_t at, heard;   /* ns: when it was asked last; when a use was known last */
};

/* How busy a member is, millionths: sessions by `capacity` (0: none), or the load, whichever is more. False: neither is known. */
bool shed_use(const struct member_numbers *m, uint64_t capacity, uint32_t *use);

/*
 * `use`: how busy the member is now, millionths; `counted`: by sessions that
 * forwarders count, which nobody sets; `now` in ns, never going back. Returns
 * what member_numbers.use_ppm is to be: the use at which the line between the
 * marks gives the share. To be called about once a second while
 * shed_is_moving, else at each change.
 */
uint32_t shed_follow(struct shed_state *s, const struct policy *p, uint32_t use, bool counted, int64_t now);

/*
 * The same while nobody says how busy the member is. What its clients ask for
 * is still what it was a moment ago, so for five minutes the share stays; then
 * nobody is shed, but what was known of the demand holds if word comes soon.
 * A number that was taken at its word ends with that word. False: nobody is shed.
 */
bool shed_go_on(struct shed_state *s, const struct policy *p, int64_t now, uint32_t *use_ppm);

/*
 * Before shed_follow: by which capacity the use is told, if somebody has
 * written that down (0: not, it is what comes with the sessions). When he
 * writes another one, the same demand is another part of it, at once.
 */
void shed_measure(struct shed_state *s, uint64_t capacity);

/* Its result may change though the use doesn't. */
bool shed_is_moving(const struct shed_state *s);

/* The line between the marks: the share, in millionths, at this use_ppm; and the use_ppm that gives it. */
static inline uint32_t shed_share(const struct policy *p, uint32_t use)
{
	if (use <= p->shed_from)
		return 0;
	if (use >= p->shed_to)
		return 1000000;
	return (uint32_t)((uint64_t)(use - p->shed_from) * 1000000 / (p->shed_to - p->shed_from));
}

static inline uint32_t shed_use_at(const struct policy *p, uint32_t share)
{
	return p->shed_from + (uint32_t)(((uint64_t)share * (p->shed_to - p->shed_from) + 999999) / 1000000);
}

#endif
