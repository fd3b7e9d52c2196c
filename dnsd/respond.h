/*
 * respond: one message in, one message out, in the same bytes. This is the
 * whole way of a query between the sockets: query -> answer -> encode, with
 * what depends on who asks: cookies and the rate limit.
 */
#ifndef FAIRLEAD_RESPOND_H
#define FAIRLEAD_RESPOND_H

#include "answer.h"
#include "cookie.h"
#include "encode.h"
#include "explain.h"

/* What one thread counts; others only read. */
struct dns_counters {
	_Atomic(uint64_t) queries, dropped, truncated;
	_Atomic(uint64_t) limited;     /* over the rate limit: not answered */
	_Atomic(uint64_t) slipped;     /* of these: told so by TC or BADCOOKIE */
	_Atomic(uint64_t) rcodes[RCODE_BADCOOKIE + 1];
};

/* A thread's own; too big for a stack, so it is made once a thread. */
struct responder {
	struct query query;
	struct answer answer;
	struct explain explain;
	struct edns_reply reply;
	enum cookie_state cookie;
	uint64_t random;
	uint32_t turns[TURN_PLACES];
	struct dns_counters counters;
};

void responder_init(struct responder *r, uint64_t seed);

/*
 * Answers the message in `msg` (`len` bytes, room for `room`, and at least
 * `len` + ZONE_NAME_SLACK bytes readable) from `client`
 * with the generation `gen`. `tcp`: the answer may be as long as `room`, else
 * as the client takes by UDP. Returns the answer's length; 0: no answer.
 */
size_t respond(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
               const struct addr *client, bool tcp);

#endif
