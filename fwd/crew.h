/*
 * crew: the worker threads and what the main thread tells them. An order is
 * given to all and waited for; a worker is never blocked, so that is short.
 * Orders are the only thing that main and workers share with a lock.
 */
#ifndef FAIRLEAD_CREW_H
#define FAIRLEAD_CREW_H

#include <stdbool.h>
#include <stdint.h>
#include "end.h"
#include "listen.h"
#include "rtt_ring.h"
#include "setup.h"

struct crew;

/* Threads without sockets. NULL: no memory or no threads. */
struct crew *crew_new(struct setup_home *home, struct listen_table *table);

/* `pairs`: pairs of descriptors that sessions may use, all workers together. */
void crew_limit(struct crew *c, uint32_t pairs);

/* Sessions of all workers; may be a moment old. */
uint32_t crew_sessions(const struct crew *c);

/* New connections get `s` from now on; sockets are taken from the table and let go. Each worker holds a reference. */
void crew_switch(struct crew *c, struct setup *s);

/* What workers have measured since the last call. */
void crew_take_rtt(struct crew *c, void (*each)(void *arg, const struct rtt_measured *m), void *arg);

/* Returns when every worker has come back to its loop since: it looks no more at what it saw before. */
void crew_pass(struct crew *c);

/* No new connections any more; sessions go on, but connections are not kept for another request. */
void crew_drain(struct crew *c);

/* The same, but a successor accepts from the same sockets: whoever waits in them is left to it. */
void crew_hand_over(struct crew *c);

/* Ends what is still open. */
void crew_end_sessions(struct crew *c);

/* Stops the threads, which have no sessions any more, and frees. */
void crew_delete(struct crew *c);

/* Sums over the workers; counters may be a moment old. */
struct crew_totals {
	uint64_t accepted, routed[5], ended[END_COUNT], retried, redirects, replies, to_server, to_client, crowded, pauses;
	uint64_t datagrams_to_server, datagrams_to_client, dropped;
};
void crew_totals(const struct crew *c, struct crew_totals *out);

#endif
