/*
 * listen: the listening sockets: one a worker and address, sharing the address
 * by SO_REUSEPORT. A successor (--replace) goes on with the same sockets, so
 * nobody who waits in one is lost. The main thread opens them, since that may fail; each
 * worker accepts on its own and closes its own.
 *
 * Out of descriptors or memory, or at max_sessions, accepting pauses instead
 * of spinning: it goes on when a session has ended, or by a timer. Said once
 * a minute at most, counted always. Threads that fill the last place of a
 * listener in the same moment may exceed max_sessions by one each.
 */
#ifndef FAIRLEAD_LISTEN_H
#define FAIRLEAD_LISTEN_H

#include <stdbool.h>
#include "handover.h"
#include "setup.h"
#include "worker.h"

/* --- main thread --- */

/*
 * UDP: what all workers' sockets of one address have in common. Flows of an
 * address that is not wanted any more need it to answer from; the sockets are
 * closed when the last flow has ended, unless a reload wants them again first.
 */
struct listen_group {
	_Atomic(int) state;          /* open, retired, closed (listen.c) */
	_Atomic(uint32_t) flows;     /* of all workers */
	_Atomic(uint32_t) refs;
};

struct listen_address {
	struct addr address;
	struct listen_group *group; /* NULL: TCP */
	size_t n;              /* at least one a worker: those of a predecessor with more workers are all accepted from */
	int *fds;              /* number i is worker i's modulo `workers`; -1: it has taken it */
	int *open;             /* all of them, as long as workers have them */
	bool wanted;
	struct listen_address *next;
};

struct listen_table {
	unsigned workers;
	struct listen_address *head;
	const struct guard *guard;   /* NULL: none */
	struct handover_taken *taken; /* sockets of a predecessor, used before others are opened; NULL: none */
};

/*
 * Opens the sockets of all addresses of `s` that are not open yet and marks
 * those that it does not want. False: `why` (SOCK_WHY_MAX bytes), nothing has changed.
 */
bool listen_open(struct listen_table *t, const struct setup *s, char *why);

/* After the workers have let go of them: forgets the addresses that are not wanted. */
void listen_forget(struct listen_table *t);

void listen_table_free(struct listen_table *t);

/* The sockets of all addresses that are wanted into `fds`: they stay the workers'. Returns how many. */
size_t listen_sockets(const struct listen_table *t, int *fds, size_t max);

/* --- worker --- */

void listen_worker_init(struct worker *w);

/*
 * Accepts for `s` from now on: kept sockets get their new listener, new ones
 * are taken from the table, the others closed after a last accept. `s` NULL:
 * all are closed. The main thread waits meanwhile.
 */
void listen_switch(struct worker *w, struct listen_table *t, struct setup *s);

/* The listener of `s` (NULL: none) with this address, the front of those that share it; *dialled: its index in conf->listen. */
struct listener *listen_find(struct setup *s, const struct addr *a, bool datagram, uint16_t *dialled);

/* A reference more, and less. */
struct listen_group *listen_group_hold(struct listen_group *g);
void listen_group_release(struct listen_group *g);
/* It has not been closed. */
bool listen_group_is_open(const struct listen_group *g);
/* Closes one that is not wanted any more: all workers are to let go of their sockets. False: it is wanted. */
bool listen_group_close(struct listen_group *g);

#endif
