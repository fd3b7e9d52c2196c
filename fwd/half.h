/*
 * half: one side of a session: its descriptor, what is known of it, and what
 * waits to be written to it.
 */
#ifndef FAIRLEAD_HALF_H
#define FAIRLEAD_HALF_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes that wait: from `at` to `len` of `size`. */
struct bytes {
	uint32_t at, len, size;
	uint8_t data[];
};

struct half {
	struct event event;         /* read, edge-triggered, persistent; write, too, once it was needed */
	int fd;                     /* -1: none */
	bool watched;               /* the event is entered */
	bool wants_write;           /* its event tells when it can be written */
	bool readable;              /* not known to be empty */
	bool closing;               /* the kernel has seen its FIN */
	bool doubtful;              /* it may have failed: read it until it says EAGAIN */
	bool fin_in, fin_out;       /* FIN read; FIN sent */
	bool broken;                /* writing failed: it has sent RST, which reading will meet */
	bool unsure;                /* bytes may have hidden its RST */
	bool keepalive;             /* relay: it is set */
	bool bulk;                  /* it says so much at a time that splicing pays */
	bool last;                  /* FIN follows at once: what is written waits for it in the kernel, so both go in one segment */
	bool dry;                   /* tls: the socket was emptied, and no event has come since */
	bool more;                  /* tls: another record follows at once, as with `last` */
	bool greeted;               /* tls: the first answer is out, and the ticket with it */
	uint8_t reads;              /* tls: how often this call may read the socket yet */
	struct ssl_st *tls;         /* what goes over it is encrypted (tls.h); NULL: it is not */
	struct bytes *out;          /* what it did not take yet; NULL: nothing */
	struct pipe *pipe;          /* the same, spliced; at most one of both */
};

static inline bool half_pending(const struct half *h) { return h->out || h->pipe; }

#endif
