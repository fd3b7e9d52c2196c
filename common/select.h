/*
 * select: candidates -> choice (spec 4). Pure functions: state, time and
 * randomness come in as arguments, nothing is kept, nothing is allocated. The
 * same inputs give the same choice on every machine.
 *
 * It has two halves, since the first depends on verdicts alone and the second
 * on the client: dnsd runs the gate once a change of verdict and the order once
 * a query.
 */
#ifndef FAIRLEAD_SELECT_H
#define FAIRLEAD_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "service.h"
#include "verdict.h"

/* What is known of one member at one moment. */
struct member_view {
	enum verdict verdict;
	bool in_hold;      /* came back from down less than `hold` ago */
	uint16_t percent;  /* of its weight, as an agent has it; 0: nobody says anything */
};

/*
 * The numbers of one member at one moment, each with its bit in `known`.
 * Plain, since what a choice looks at must not change meanwhile: whoever
 * gathers them publishes a new array.
 */
enum number_known { NUMBER_RESPONSE = 1, NUMBER_SESSIONS = 2, NUMBER_CAPACITY = 4, NUMBER_LOAD = 8, NUMBER_COST = 16, NUMBER_USE = 32 };

struct member_numbers {
	uint32_t known;            /* enum number_known */
	uint32_t response_us;      /* smoothed time of a check */
	uint32_t sessions;
	uint32_t capacity;         /* sessions; without its bit the LB line's holds, if it has one */
	uint32_t load_ppm;         /* millionths */
	uint32_t use_ppm;          /* how busy, as shedding goes by it: of its capacity, millionths */
	uint64_t cost_milli;       /* thousandths */
};

/* The first candidate set that is not empty (spec 4, health gate). */
enum gate_step { GATE_UP = 1, GATE_UP_ANY, GATE_BACKUP, GATE_FAIL, GATE_NONE };

/* So many members may be copied at once: whoever allocates a gate shorter than it is rounds up to a multiple. */
#define GATE_STRIDE 8

struct gate {
	enum gate_step step;
	uint32_t weight;                        /* of all of them together */
	uint16_t n;
	uint16_t nmore;                         /* a policy that sheds: those that step 2 has besides stand behind */
	uint16_t members[SERVICE_MEMBERS_MAX];  /* indexes into service.members, ascending (each part) */
};

/*
 * The sets as far as all clients have them in common: who is shed depends on
 * the client, so that is select_order's affair.
 *
 * `views` has one entry a member. `exclude_site`: index of a site whose members
 * are no candidates (fwd: its own), or MEMBER_NO_SITE. `may_fail`: step 4 is
 * allowed (dnsd); else the gate ends in GATE_NONE after step 3 (fwd).
 */
void gate_compute(const struct service *s, const struct member_view *views, int exclude_site,
                  bool may_fail, struct gate *out);

struct select_client {
	struct addr address;       /* ECS address or the resolver's; port unused */
	struct prefix network;     /* what `hash` looks at: /24 or /56 of it */
};

struct geo;
struct networks;
struct rtt_table;
struct select_trace;

struct select_input {
	const struct service *service;
	const struct gate *gate;
	const struct select_client *client;
	int own_site;              /* index into conf.sites */
	const struct site *sites;  /* conf.sites: where they are */
	uint64_t random;           /* uniform; a new one each time */
	uint64_t turn;             /* a counter: roundrobin */
	/* What else there is to go by; NULL: nothing is known. */
	const struct member_numbers *numbers; /* as service.members */
	const struct geo *geo;
	const struct networks *networks;
	const struct rtt_table *rtt;
	int64_t now;               /* seconds since 1970: hours, days */
	struct select_trace *trace; /* NULL, or takes every step down (select_trace.h) */
	/*
	 * NULL, or raised to the length of the shortest prefix of the client's
	 * address within which every look at it, hit or miss, ends the same
	 * (RFC 7871 section 7.2.1). Whoever asks sets it to 0 before.
	 */
	uint8_t *scope;
};

/*
 * The head of the order: up to `want` member indexes, best first, into `out`
 * (pass SERVICE_MEMBERS_MAX for the whole order; families and host names are the
 * caller's affair). The first rule whose conditions match is used, no rule: weighted;
 * `weighted` stands behind the last metric always. Returns how many.
 */
size_t select_order(const struct select_input *in, size_t want, uint16_t *out);

/* One answer by weight alone: the most usual policy has a way of its own. */
static inline bool select_is_draw(const struct policy *p)
{
	return p->nrules == 0 && p->answers == 1 && !policy_sheds(p);
}

/* What select_order puts first for such a policy, for a gate whose weight isn't 0. */
uint16_t select_draw(const struct service *s, const struct gate *g, uint64_t random);

/* 64 well-mixed bits from a state that the caller keeps (splitmix64). */
static inline uint64_t select_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

#endif
