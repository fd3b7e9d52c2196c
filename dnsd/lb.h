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

/* A member's address records of one family: n times C00C type class 0 rdlength address. */
struct lb_records { uint16_t n, len; uint8_t *wire; };

struct lb_member {
	struct lb_records a, aaaa;
	struct live_member *live;      /* a reference; set by the control thread before publication */
};

/* What the verdicts of this moment mean. Never changed after publication; freed after a grace period. */
struct lb_state {
	uint32_t ttl;                  /* of answers, by ttl, ttl_min and ttl_calm */
	bool ready;                    /* every member has had a first result, or the wait is over */
	uint8_t down[SERVICE_MEMBERS_MAX / 8]; /* bit: verdict down, for LABEL.SERVICE */
	/* For a name at the origin whose member is a host name: what it resolves to. */
	struct gate gate;              /* only as long as gate.n asks: the rest isn't allocated */
};

struct lb {
	struct service *service;       /* owned */
	const struct conf *conf;
	struct lb_member *members;     /* as service->members */
	bool every_a, every_aaaa;      /* all members have such an address */
	bool any_a, any_aaaa, any_host;
	bool asks_client;              /* some rule looks at the client */
	bool draws;                    /* select_is_draw(policy) */
	_Atomic(struct lb_state *) state; /* NULL: not ready */
};

struct lb *lb_new(struct service *s, const struct conf *conf); /* takes s; NULL: no memory (s is freed) */
void lb_delete(struct lb *lb);                                 /* its state too; live references must be given back before */

/* Allocates a state for a gate, with room for exactly its members. */
struct lb_state *lb_state_new(const struct gate *g);

static inline bool lb_is_down(const struct lb_state *st, size_t member)
{
	return st->down[member / 8] >> (member % 8) & 1;
}

#endif
