/*
 * lb: a service as the query threads see it: its members' records laid out in
 * wire form (immutable), and the gate of the moment (one pointer, exchanged by
 * the control thread, read under RCU).
 */
#ifndef FAIRLEAD_LB_H
#define FAIRLEAD_LB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/live.h"
#include "../common/select.h"
#include "../common/service.h"

struct conf;
struct zone;

/*
 * Each service turns by itself, each family of it, and what is additional:
 * resolvers ask for A and AAAA one after the other, and would always meet the
 * same two of two members. Beyond so many services some turn together.
 */
enum turn_kind { TURN_A, TURN_AAAA, TURN_ADDITIONAL, TURN_KINDS = 4 };
#define TURN_PLACES (2048 * TURN_KINDS)

/* A member's address records of one family: n times C00C type class 0 rdlength address. */
struct lb_records { uint16_t n, len; uint8_t *wire; };

struct lb_addresses { struct lb_records a, aaaa; };

struct lb_member {
	struct lb_addresses own;
	struct live_member *live;      /* a reference; set by the control thread before publication */
};

/* Beside the bits of enum geo_kind. */
#define ASKS_NETWORKS 0x100u

/* What the verdicts of this moment mean. Never changed after publication; freed after a grace period. */
struct lb_state {
	uint32_t ttl;                  /* of answers, by ttl, ttl_min and ttl_calm */
	bool ready;                    /* every member has had a first result, or the wait is over */
	uint8_t down[SERVICE_MEMBERS_MAX / 8]; /* bit: verdict down, for LABEL.SERVICE */
	struct service *weighed;       /* the service with the weights of the moment, for whoever chooses; NULL: they are the LB lines' */
	struct member_view *views;     /* what the gate was made of, for explanations; NULL: not kept */
	struct lb_addresses *resolved; size_t nresolved; /* at the origin: of members that are host names; else none */
	struct gate gate;              /* only as long as gate.n and nmore ask: the rest isn't allocated */
};

struct lb {
	struct service *service;       /* owned */
	struct zone *zone; size_t index; /* zone->services[index] is this one */
	const struct conf *conf;
	struct lb_member *members;     /* as service->members */
	bool every_a, every_aaaa;      /* all members have such an address */
	bool any_a, any_aaaa;          /* some member has or may have one */
	bool any_host;                 /* some member is answered by CNAME */
	bool asks_client;              /* some rule or metric looks at the client, or shedding does */
	bool asks_numbers;             /* some metric looks at the members' numbers, or shedding does */
	bool asks_time;                /* some rule has hours or days */
	bool asks_turn;                /* some rule has roundrobin */
	uint32_t turn;                 /* the first of its TURN_KINDS places among TURN_PLACES; with asks_turn */
	unsigned asks_tables;          /* bit: enum geo_kind that some rule or metric looks at, or ASKS_NETWORKS */
	bool draws;                    /* select_is_draw(policy) */
	bool flattens;                 /* host names at the origin: answered by their addresses, not by CNAME */
	struct flatten *flatten;       /* control thread only */
	bool numbers_stale;            /* something was said since they were published. Control thread only */
	_Atomic(struct lb_state *) state; /* NULL: not ready */
	_Atomic(struct member_numbers *) numbers; /* as members (lb_numbers.h); NULL: nobody asks for any */
};

struct lb *lb_new(struct service *s, const struct conf *conf); /* takes s; NULL: no memory (s is freed) */
void lb_delete(struct lb *lb);                                 /* its state too; live references must be given back before */

/* Lays out the addresses of one family. False: no memory. */
bool lb_lay_out(struct lb_records *out, const struct addr *addresses, size_t n, int family);

/* Allocates a state for a gate, with room for exactly its members. */
struct lb_state *lb_state_new(const struct gate *g);
/* A copy of the service, with members whose weights are what agents leave of them, all in proportion; it ends by free, and
   borrows the rest of the service. NULL: nobody says anything, or no memory. */
struct service *lb_weigh(const struct service *s, const struct member_view *views);
/* What is chosen from. */
static inline const struct service *lb_chosen_from(const struct lb *lb, const struct lb_state *st)
{
	return st->weighed ? st->weighed : lb->service;
}
/* Keeps a copy of the `n` views that the gate was made of. False: no memory. */
bool lb_state_keep_views(struct lb_state *st, const struct member_view *views, size_t n);
void lb_state_delete(struct lb_state *st);

/* A member's records of RR_A or, for anything else, RR_AAAA. */
static inline const struct lb_records *lb_records_of(const struct lb *lb, const struct lb_state *st, size_t member, bool a)
{
	const struct lb_addresses *r = &lb->members[member].own;
	if (st->resolved && lb->service->members[member].host)
		r = &st->resolved[member];
	return a ? &r->a : &r->aaaa;
}

static inline bool lb_is_down(const struct lb_state *st, size_t member)
{
	return st->down[member / 8] >> (member % 8) & 1;
}

#endif
