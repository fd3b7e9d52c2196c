/*
 * answer_explain: _explain.SERVICE and down-SITE._explain.SERVICE (spec 4):
 * the decision for whoever asks, made as for an answer, and taken down.
 */
#ifndef FAIRLEAD_ANSWER_EXPLAIN_H
#define FAIRLEAD_ANSWER_EXPLAIN_H

#include "answer.h"

/*
 * How many labels down-SITE the name begins with, of at most `most`; each SITE
 * is one of conf's.
 */
unsigned answer_down_labels(const struct conf *conf, const struct zone_name *n, unsigned most);

/* `n` has `downs` such labels. The client may ask. */
void answer_explain(struct answer *a, const struct lb *lb, const struct zone_name *n, unsigned downs, const struct answer_input *in,
                    struct owner owner);

#endif
