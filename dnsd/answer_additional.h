/*
 * answer_additional: referrals with their glue, and the addresses that go with
 * HTTPS and SVCB records. Nothing else has additional records: with MX, SRV and
 * NS answers we are as sparing as NSD and Knot are with minimal responses.
 */
#ifndef FAIRLEAD_ANSWER_ADDITIONAL_H
#define FAIRLEAD_ANSWER_ADDITIONAL_H

#include "answer.h"

/* RFC 1034 section 4.3.2 step 3b: the name servers of a delegation whose owner has `labels` labels, and their addresses. */
void answer_referral(struct answer *a, const struct node *cut, unsigned labels);

/* RFC 9460 section 4.1: when the answer ends with an HTTPS or SVCB set of the name `n`, what its targets in the zone have. */
void answer_svcb(struct answer *a, const struct zone_name *n, const struct answer_input *in);

#endif
