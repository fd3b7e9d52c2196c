/*
 * answer_service: what a service answers now, and what is said of its health.
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

/*
 * What the selector goes by, with nothing left out: whatever else it is to know
 * is put in here. `client` is filled with who asks if some rule `asks`. Whose
 * turn it is, it says for answers of `type`; the turn isn't taken.
 */
void answer_select_input(struct select_input *si, struct select_client *client, bool asks, const struct lb *lb, const struct lb_state *st,
                         uint16_t type, const struct answer_input *in);

/* `kind` is one of the health kinds, or NODE_EXPLAIN with the number of labels down-SITE as `member`. */
void answer_health(struct answer *a, enum node_kind kind, const struct lb *lb, uint16_t member, const struct query *q,
                   const struct answer_input *in, struct owner owner);

/*
 * What a name is below a wildcard service *.app (spec 3): sjc.foo.app is the
 * member's name of foo.app, _health.foo.app and sjc._health.foo.app its health
 * names, [down-SITE...]_explain.foo.app its explanation (*member: how many
 * sites are assumed down); all others are the service. `extra`: labels of the name below the
 * wildcard's parent.
 */
enum node_kind answer_wildcard_kind(const struct lb *lb, const struct zone_name *n, unsigned extra, uint16_t *member);

/* The addresses that the service (or LABEL.SERVICE, `kind` NODE_MEMBER) would be answered with now, as additional records; none while it has no answer. */
void answer_service_addresses(struct answer *a, enum node_kind kind, const struct lb *lb, uint16_t member,
                              const struct answer_input *in, struct owner owner);

#endif
