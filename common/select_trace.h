/*
 * select_trace: every step of one choice, taken down while it is made (spec 4,
 * explain), so that a story told of it can't differ from it.
 *
 *     gate_compute(...)           which set
 *     gate_trace(..., &trace)     who is in it, who isn't, and why
 *     select_order(in->trace)     the rules tried, each metric's tiers, the order
 *
 * A plain struct of bounded size (some 60 KB), nothing to free; it borrows the
 * service, and what geo and networks know of the client. Taking a choice down
 * costs as much again; where `trace` is NULL it costs one test.
 */
#ifndef FAIRLEAD_SELECT_TRACE_H
#define FAIRLEAD_SELECT_TRACE_H

#include "select.h"
#include "select_why.h"

/* Rules beyond these are tried as well, but not told. */
#define TRACE_RULES_MAX 64
/* Every column of a rule, and `weighted` behind them. */
#define TRACE_METRICS_MAX (RULE_METRICS_MAX + 1)
/* A metric's value of a member of which it knows nothing. */
#define TRACE_UNKNOWN INT64_MIN

/*
 * A column of the sort. Members stand in `order` as they do after this column
 * and all before it; those that are still alike have the same tier.
 */
struct trace_metric {
	enum metric metric;
	uint16_t order[SERVICE_MEMBERS_MAX];  /* trace.ncandidates of them, indexes into service.members */
	uint16_t tier[SERVICE_MEMBERS_MAX];   /* of the member at the same place in `order`: 0, 0, 1, ... */
	/*
	 * What the metric goes by, by index into service.members; TRACE_UNKNOWN:
	 * nothing known. rank: the rank. local, remote: 0 the better, 1. network:
	 * the place in the list from 0, behind its end for others. geo: metres.
	 * rtt, response: microseconds. leastconn: millionths of a session for each
	 * unit of weight, of those of the moment (weigh.h). capacity: the free share, millionths, below 0 when over.
	 * load: millionths. cost: thousandths. weighted, hash: the weight.
	 * roundrobin, random: 0.
	 */
	int64_t value[SERVICE_MEMBERS_MAX];
};

struct select_trace {
	/* --- gate_trace --- */
	enum gate_step step;
	uint8_t out[SERVICE_MEMBERS_MAX];     /* enum trace_out, by index into service.members; the rule's part is select_order's */
	/* --- select_order --- */
	const struct place *country, *continent, *asn, *location; /* of the client, as far as somebody looked; NULL: nothing known */
	const struct network_sites *sites;    /* the same, of networks.conf */
	const struct rtt_row *rtt;            /* the same, of the forwarders' measurements */
	uint16_t nrules;                      /* told below */
	uint8_t rules[TRACE_RULES_MAX];       /* enum trace_skip, by index into policy.rules */
	int rule;                             /* the one that is used: index into policy.rules; -1: none matches, or there is none */
	uint32_t shed_ppm[SERVICE_MEMBERS_MAX]; /* of members whose policy sheds: the share of networks for which it is left out, millionths */
	uint16_t ncandidates;                 /* the gate's set as the rule leaves it */
	unsigned nmetrics;
	struct trace_metric metrics[TRACE_METRICS_MAX];
	/* The order of all candidates, as far as they were wanted: what select_order put out. */
	uint16_t nanswer;
	uint16_t answer[SERVICE_MEMBERS_MAX];
	uint8_t scope;                        /* what in->scope has; without it, bits that the whole order would look at */
};

/* Fills the gate's part. The arguments are those of gate_compute, and what it made of them. */
void gate_trace(const struct service *s, const struct member_view *views, int exclude_site, const struct gate *gate,
                struct select_trace *out);

#endif
