/*
 * worker: what one thread that carries sessions has for itself. A session
 * belongs to its worker for life; nothing here is touched by another thread,
 * but the counters, which may be read (relaxed) by any.
 */
#ifndef FAIRLEAD_WORKER_H
#define FAIRLEAD_WORKER_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "end.h"
#include "http_date.h"
#include "pipes.h"
#include "rtt_ring.h"
#include "setup.h"
#include "wheel.h"

/*
 * Bytes that one read takes at most, and so what a session keeps at most when
 * the other side does not take it. The buffer is the thread's, so idle sessions
 * have none. 16 to 256 KiB cost the same; what is much is spliced (relay.c).
 */
#define WORKER_BUFFER (64 * 1024)
/* Answers to pipelined requests are gathered up to this and written at once. */
#define WORKER_REPLIES (64 * 1024)

/* Each is written by its worker alone. */
struct counters {
	_Atomic(uint64_t) accepted;
	_Atomic(uint64_t) routed[5];        /* enum route */
	_Atomic(uint64_t) ended[END_COUNT];
	_Atomic(uint64_t) retried;          /* went on to the next server or peer */
	_Atomic(uint64_t) redirects;        /* requests answered with 30x */
	_Atomic(uint64_t) replies;          /* requests answered with 4xx or 5xx */
	_Atomic(uint64_t) to_server, to_client; /* bytes relayed */
	_Atomic(uint64_t) crowded;          /* reset: their network had client_sessions already */
	_Atomic(uint64_t) datagrams_to_server, datagrams_to_client; /* relayed */
	_Atomic(uint64_t) dropped;          /* datagrams: of nobody who could be served, or that could not be sent */
	_Atomic(uint64_t) pauses;           /* times that accepting paused */
};

/* Adds to a counter that only this thread writes: no locked instruction. */
static inline void count(_Atomic(uint64_t) *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n, memory_order_relaxed);
}

struct session;
struct udp;
struct listen_socket;

struct worker {
	struct event_base *base;
	unsigned index;
	struct setup_home *home;
	struct setup *setup;                /* in force; new connections get it */
	bool succeeded;                     /* a successor has our listening sockets */
	bool draining;                      /* no new connections; what is open may finish */
	struct wheel wheel;
	struct event tick;                  /* session.c: drives the wheel while there are sessions */
	struct event again;                 /* session.c: runs those of `queue` in the next round */
	struct session *queue;
	struct session *line, **line_end;   /* of these one has its turn a round, first come, first served */
	uint8_t *buffer;                    /* WORKER_BUFFER bytes, good during one callback */
	struct pipes pipes;
	char *replies;                      /* WORKER_REPLIES */
	struct http_date date;
	uint64_t random;                    /* state of random64 */
	uint32_t proxy_turn;                /* which proxy IP is next */
	_Atomic(uint32_t) sessions;         /* written by this thread alone */
	uint32_t sessions_max;              /* this thread's share of pairs of descriptors, for sessions and pipes */
	struct udp *udp;                    /* NULL: there was never a UDP listener */
	_Atomic(uint32_t) flows;            /* UDP sessions, a descriptor each; written by this thread alone */
	uint32_t flows_max;
	struct listen_socket *sockets;      /* of this thread */
	unsigned paused;                    /* of them: accepting has paused until a session ends or the timer comes */
	struct event resume;                /* listen.c */
	struct rtt_ring *rtt;               /* what it measures, for the main thread */
	struct counters counters;
};

/* `index`: from 0. False: no memory (worker_free is still right). */
bool worker_init(struct worker *w, unsigned index, struct setup_home *home);
/* Without sessions and sockets. */
void worker_free(struct worker *w);

/*
 * Are there two descriptors for one more session? A client is only taken in
 * when the one for its server is sure, too. Pipes that nobody uses make way.
 */
bool worker_has_room(struct worker *w);
/* As pipes_take; also NULL when sessions will soon need the descriptors: then bytes are copied. */
struct pipe *worker_pipe(struct worker *w);

/* The present tick of the wheel. */
uint32_t worker_tick(void);

/* Microseconds, CLOCK_MONOTONIC. */
uint64_t worker_now_us(void);

/* 64 random bits. */
uint64_t worker_random(struct worker *w);

#endif
