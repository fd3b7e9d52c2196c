/*
 * answer_service: what a service answers now.
 */
#ifndef FAIRLEAD_ANSWER_SERVICE_H
#define FAIRLEAD_ANSWER_SERVICE_H

#include "answer.h"

/*
 * Both are true when they put something into the answer, or failed it; false:
 * nothing of that type, the node's own records are next, and a negative answer
 * may be kept *negative_cap seconds.
 */
bool answer_service(struct answer *a, const struct lb *lb, uint16_t qtype, const struct answer_input *in,
                    struct owner owner, uint32_t *negative_cap);
/* LABEL.SERVICE: that member's addresses while it is not down, else the answer of the service (spec 3, site_names "prefer"). */
bool answer_member(struct answer *a, const struct lb *lb, uint16_t member, uint16_t qtype, const struct answer_input *in,
                   struct owner owner, uint32_t *negative_cap);

/* The state in force; NULL while the first checks are under way, which is in the answer then. */
const struct lb_state *answer_state(struct answer *a, const struct lb *lb);

/* The forwarders' measurements, in the numbers that this configuration has for its sites. NULL: none, as in a zone kept from an older one. */
const struct rtt_table *answer_rtt_table(const struct conf *conf, const struct answer_input *in);

/*
 * What the selector goes by, with nothing left out: whatever else it is to know
 * is put in here. `client` is filled with who asks if some rule `asks`. Whose
 * turn it is, it says for answers of `type`; the turn isn't taken.
 */
void answer_select_input(struct select_input *si, struct select_client *client, bool asks, const struct lb *lb, const struct lb_state *st,
                         uint16_t type, const struct answer_input *in);

/* The addresses that the service (or LABEL.SERVICE, `kind` NODE_MEMBER) would be answered with now, as additional records; none while it has no answer. */
void answer_service_addresses(struct answer *a, enum node_kind kind, const struct lb *lb, uint16_t member,
                              const struct answer_input *in, struct owner owner);

#endif
