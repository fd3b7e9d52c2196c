/*
 * rtt_ring: round trips that a worker has measured, on their way to the main
 * thread. One writes, one reads, nobody waits: a full ring takes no more, so
 * its size is also the most that are measured each exchange.interval.
 */
#ifndef FAIRLEAD_RTT_RING_H
#define FAIRLEAD_RTT_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "addr.h"

/* A power of two. At a microsecond each, measuring takes at most a thousandth of a worker's time. */
#define RTT_RING 1024

struct rtt_measured { struct prefix network; uint32_t us; };

struct rtt_ring {
	_Atomic(uint32_t) written, read;     /* ever */
	struct rtt_measured slots[RTT_RING];
};

/* The worker: is there room? */
static inline bool rtt_ring_has_room(const struct rtt_ring *r)
{
	return atomic_load_explicit(&r->written, memory_order_relaxed) - atomic_load_explicit(&r->read, memory_order_acquire) < RTT_RING;
}

/* The worker, when there is room. */
static inline void rtt_ring_put(struct rtt_ring *r, const struct rtt_measured *m)
{
	uint32_t at = atomic_load_explicit(&r->written, memory_order_relaxed);
	r->slots[at % RTT_RING] = *m;
	atomic_store_explicit(&r->written, at + 1, memory_order_release);
}

/* The main thread. False: it is empty. */
static inline bool rtt_ring_take(struct rtt_ring *r, struct rtt_measured *out)
{
	uint32_t at = atomic_load_explicit(&r->read, memory_order_relaxed);
	if (at == atomic_load_explicit(&r->written, memory_order_acquire))
		return false;
	*out = r->slots[at % RTT_RING];
	atomic_store_explicit(&r->read, at + 1, memory_order_release);
	return true;
}

#endif
