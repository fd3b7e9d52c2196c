/*
 * weigh: the weights of the moment (spec 5, agents). What an agent leaves of
 * a member's weight counts wherever weights do, so whoever chooses does so
 * from a copy of the service whose members have the weights of the moment;
 * dnsd makes it once a change of verdict, fwd once a choice. Pure.
 */
#ifndef FAIRLEAD_WEIGH_H
#define FAIRLEAD_WEIGH_H

#include "gate.h"

/*
 * What somebody says of a percentage, as a member_view has it. Of 0% the state
 * tells as a rule, drained; where others have the say about the state, the least is kept.
 */
static inline uint16_t weigh_said(uint32_t percent)
{
	return percent ? (uint16_t)percent : 1;
}

/* Somebody says another percentage than 100: else the LB lines' weights hold. */
bool weigh_is_due(const struct service *s, const struct member_view *views);

/* Makes *copy, with `members` (as many as the service has) for its own; the rest is borrowed from `s`. All in proportion: a
   weight is at most 65535, and who had any keeps some. */
void weigh(const struct service *s, const struct member_view *views, struct service *copy, struct member *members);

#endif
