/*
 * select: candidates -> choice (spec 4). Pure functions: state, time and
 * randomness come in as arguments, nothing is kept, nothing is allocated. The
 * same inputs give the same choice on every machine.
 *
 * It has two halves, since the first depends on verdicts alone and the second
 * on the client: dnsd runs the gate once a change of verdict and the order once
 * a query.
 */
#ifndef FAIRLEAD_SELECT_H
#define FAIRLEAD_SELECT_H

#include "gate.h"
#include "select_input.h"

/*
 * The head of the order: up to `want` member indexes, best first, into `out`
 * (pass SERVICE_MEMBERS_MAX for the whole order; families and host names are the
 * caller's affair). The first rule whose conditions match is used, no rule: weighted;
 * `weighted` stands behind the last metric always. Returns how many.
 */
size_t select_order(const struct select_input *in, size_t want, uint16_t *out);

/* One answer by weight alone: the most usual policy has a way of its own. */
static inline bool select_is_draw(const struct policy *p)
{
	return p->nrules == 0 && p->answers == 1 && !policy_sheds(p);
}

/* What select_order puts first for such a policy, for a gate whose weight isn't 0. */
uint16_t select_draw(const struct service *s, const struct gate *g, uint64_t random);

#endif
