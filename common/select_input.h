/*
 * select_input: what a choice is made from.
 */
#ifndef FAIRLEAD_SELECT_INPUT_H
#define FAIRLEAD_SELECT_INPUT_H

#include <stdint.h>
#include "addr.h"
#include "gate.h"
#include "service.h"

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

#endif
