/*
 * explain: why a service's answer is what it is (spec 4, _explain), as TXT
 * records. What they say is the selector's own trace of this one choice.
 *
 *     answer_explain.c   name -> what is assumed down -> gate -> choice, traced
 *     explain.c          trace -> records, as encode asks for them
 *
 * A struct explain is some 60 KB, so each thread that answers has one.
 */
#ifndef FAIRLEAD_EXPLAIN_H
#define FAIRLEAD_EXPLAIN_H

#include "../common/select_trace.h"
#include "zone.h"

struct lb;

struct explain {
	const struct lb *lb;
	uint16_t down[DNAME_LABELS_MAX];      /* sites that are assumed down, in the order of the labels */
	unsigned ndown;
	bool has_client;                      /* false: SOURCE 0, nobody is looked at */
	struct prefix client;                 /* whom the rules looked at: the Client Subnet, or the address that asked */
	uint32_t ttl;
	uint8_t scope;                        /* bits of the client that an answer looks at */
	/* Who is in the answers for A and AAAA; `host`: the first of all is a host name, which is the whole answer. */
	bool host;
	uint16_t a[ANSWERS_MAX], aaaa[ANSWERS_MAX];
	unsigned na, naaaa;
	uint16_t percent[SERVICE_MEMBERS_MAX]; /* that agents leave of weights, by index into service.members; 0: nobody says any */
	struct gate gate;                     /* with those sites down */
	struct select_trace trace;
};

/* A member's weight of the moment, in hundredths of the LB lines' unit, whatever its unit is where it is chosen by. */
unsigned explain_hundredths(const struct explain *e, uint16_t member);

/* Records, each a step. */
unsigned explain_count(const struct explain *e);
/* Writes the rdata of record `step` into `size` bytes; returns its length, 0 when it doesn't fit. */
size_t explain_rdata(const struct explain *e, unsigned step, uint8_t *out, size_t size);

#endif
