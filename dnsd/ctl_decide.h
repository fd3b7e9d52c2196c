/*
 * ctl_decide: questions answered here, by the code that the name server
 * answers with, from a state that is asked for or assumed. So simulate and
 * diff say what it would say.
 */
#ifndef FAIRLEAD_CTL_DECIDE_H
#define FAIRLEAD_CTL_DECIDE_H

#include "ctl_queries.h"
#include "ctl_state.h"
#include "generation.h"

/*
 * Gives every service of the generation a state: that of the name server that
 * is asked (or, with c->all_up, all members up), with the sites of c->down
 * down. Anything but CTL_OK has been told.
 */
enum ctl_status decide_from_live(struct ctl *c, struct generation *g);

/*
 * The same for another configuration: its members are as those of the same
 * service and label in `from` are; those that aren't there are up.
 */
enum ctl_status decide_from_other(struct ctl *c, struct generation *g, const struct generation *from);

/* What is known of a member's sessions, load and so on in that state; and another number of sessions. */
const struct member_numbers *decide_numbers(const struct lb *lb, size_t member);
void decide_set_sessions(const struct lb *lb, size_t member, uint32_t sessions);

/* Who is in an answer. */
struct decision {
	const struct lb *lb;          /* NULL: the name is no service's, or the service has no addresses of that family */
	unsigned n;                   /* members in the answer, best first */
	uint16_t members[ANSWERS_MAX];
	unsigned rcode;
	uint64_t digest;              /* of all that it says but TTLs and SOA */
	char text[200];               /* "sjc,den", "NXDOMAIN", "no data", "records" */
};

/* One answer; `random` and `turn` as the name server draws them. */
void decide(const struct generation *g, const struct query_line *q, uint64_t random, uint64_t turn, struct decision *out);

/* The member's verdict in that state. */
enum verdict decide_verdict(const struct lb *lb, size_t member);

#endif
