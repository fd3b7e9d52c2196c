/*
 * select_parts: what the files of the selector share; nobody else includes it.
 *
 *     select.c        candidates, and the order of them
 *     select_rule.c   which rule, and its columns
 *     select_shed.c   who is left out for this client
 *     select_trace.c  the same steps once more, taken down
 *     metrics.c       total orders; metric_tiers.c  tiers; metric_value.c, metric_geo.c  what they go by;
 *                     metric_tolerance.c  what is as good as the best
 */
#ifndef FAIRLEAD_SELECT_PARTS_H
#define FAIRLEAD_SELECT_PARTS_H

#include "geo.h"
#include "network.h"
#include "rtt.h"
#include "select_input.h"
#include "select_why.h"

/* What was looked up of the client so far: each thing is asked for once in a choice. */
struct select_looks {
	unsigned done;               /* bit: enum geo_kind */
	const struct place *place[GEO_KINDS];
};

static inline const struct place *select_place(struct select_looks *l, const struct select_input *in, enum geo_kind kind)
{
	if (!(l->done >> kind & 1)) {
		l->done |= 1u << kind;
		l->place[kind] = geo_find(in->geo, kind, &in->client->address, in->scope);
	}
	return l->place[kind];
}

/* The client's network was looked at, hit or miss. */
static inline void select_saw_network(const struct select_input *in)
{
	if (in->scope && *in->scope < in->client->network.length)
		*in->scope = in->client->network.length;
}

/* 64 bits of the client's network and the service, for `hash` and for shedding. */
uint64_t select_client_hash(const struct select_input *in);

/* The same with a member of it. */
uint64_t select_member_hash(uint64_t client, const struct member *m);

/* The share of client networks for which the member is left out, in millionths; and whether it is for this one, by its hash. */
uint32_t select_shed_share(const struct select_input *in, uint16_t member);
bool select_is_shed(const struct select_input *in, uint64_t client, uint16_t member);
/* The gate's set without those that are shed for this client; returns how many. */
size_t select_candidates(const struct select_input *in, uint16_t *members);

/* Why the rule isn't used for this client, with `n` candidates in `members`; TRACE_USED: it is. */
enum trace_skip select_rule_skip(const struct rule *r, const struct select_input *in, struct select_looks *looks,
                                 const uint16_t *members, size_t n);
/* The first rule that is used, NULL: none; of the *n candidates in `members` it leaves those at its sites. */
const struct rule *select_rule(const struct select_input *in, struct select_looks *looks, uint16_t *members, size_t *n);
/* The last step of that; returns how many are left. */
size_t select_rule_members(const struct rule *r, const struct select_input *in, uint16_t *members, size_t n);

/* The metrics that part into tiers stand before `*total`, the first that is total; `weighted` is behind all. */
size_t select_columns(const struct rule *r, enum metric *total);

/* Takes the whole choice down; `out` has what select_order says. */
void select_trace_take(const struct select_input *in, const uint16_t *out, size_t n);

#endif
