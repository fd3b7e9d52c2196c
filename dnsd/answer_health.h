/*
 * answer_health: names that say how services and sites are, and which names
 * below a wildcard service do.
 */
#ifndef FAIRLEAD_ANSWER_HEALTH_H
#define FAIRLEAD_ANSWER_HEALTH_H

#include "answer.h"

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

#endif
