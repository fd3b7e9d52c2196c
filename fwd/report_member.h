/*
 * report_member: what is said of one member of ours: its listeners put
 * together.
 */
#ifndef FAIRLEAD_REPORT_MEMBER_H
#define FAIRLEAD_REPORT_MEMBER_H

#include "rate.h"
#include "setup.h"
#include "update.h"

struct report_member {
	const struct service *service;
	const struct member *member;
	const struct peers_service *peers;
	const struct listener **listeners; size_t n;
	struct rate arrived, forwarded;
	enum verdict told;          /* the last state that was said; unknown: none */
};

/*
 * The members of our site in all services of `s`, each with its listeners:
 * those that listen on one of its addresses; all of the service's when it is
 * the only one of ours, or none of them does (behind NAT, or on 0.0.0.0).
 * `before` (NULL: none): rates and states go on. NULL with *n 0: there are
 * none; with *n SIZE_MAX: no memory.
 */
struct report_member *report_members_new(const struct setup *s, const struct report_member *before, size_t nbefore, size_t *n);
void report_members_delete(struct report_member *list, size_t n);

/* Time goes on: for the rates. ns. */
void report_member_tick(struct report_member *m, int64_t now);

/* Everything but observer and seq. `ending`: we take no connections any more. */
void report_member_fill(const struct report_member *m, bool ending, int64_t now, struct update_observation *out);

#endif
