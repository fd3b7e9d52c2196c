/*
 * peers_parts: what is known of each member; nobody else includes it.
 *     peers.c         asks, and writes (main thread)
 *     peers_rtt.c     the same for round trips to clients' networks
 *     peers_choose.c  reads (any thread)
 */
#ifndef FAIRLEAD_PEERS_PARTS_H
#define FAIRLEAD_PEERS_PARTS_H

#include <stdatomic.h>
#include "peers.h"
#include "peers_rtt.h"

/* A member's word. 0: nothing is known. */
enum {
	WORD_VERDICT = 3,      /* enum verdict */
	WORD_KNOWN = 4,
	WORD_HOLD = 8,         /* came back from down less than `hold` ago */
	WORD_SET_DOWN = 16     /* down by an operator's word */
};

/*
 * Numbers are written one by one: a worker may see some of this round and
 * some of the last, which tells as much as either.
 */
struct peer {
	_Atomic(uint32_t) word;
	_Atomic(uint16_t) percent; /* of its weight, as an agent has it; 0: nobody says anything */
	_Atomic(uint32_t) known, response_us, sessions, capacity, load_ppm, use_ppm; /* as member_numbers */
	_Atomic(uint64_t) cost_milli;
	int64_t came_back;     /* ns, loop_now; 0: never seen to. Main thread */
};

struct peers_service {
	const struct service *service;
	struct peers *peers;
	int own_site;
	const struct conf *conf;
	bool takes_turns;              /* roundrobin is among its metrics */
	bool asks_numbers, asks_time, asks_rtt; /* its policy looks at members' numbers, at the clock, at round trips */
	struct peers_rtt *const *rtt;  /* of all services together; NULL there: nobody asks */
	uint8_t network4, network6;    /* bits: what `hash` takes for a client's network, as dnsd does */
	_Atomic(bool) known;
	_Atomic(uint32_t) turn;
	/* main thread */
	bool asking, mute;
	char *name;                    /* of _health.SERVICE, text */
	struct peer members[];         /* as in service */
};

#endif
