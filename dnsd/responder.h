/*
 * responder: what a thread that answers has of its own.
 */
#ifndef FAIRLEAD_RESPONDER_H
#define FAIRLEAD_RESPONDER_H

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

/* Counters have one writer: a plain load and store is enough, and no locked instruction is needed. */
static inline void dns_count(_Atomic(uint64_t) *c)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + 1, memory_order_relaxed);
}

#endif
