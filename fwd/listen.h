/*
 * listen: the listening sockets: one a worker and address, sharing the address
 * by SO_REUSEPORT. The main thread opens them, since that may fail; each
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
#include "setup.h"
#include "worker.h"

/* --- main thread --- */

struct listen_address {
	struct addr address;
	int *fds;              /* one a worker; -1: that worker has taken it */
	bool wanted;
	struct listen_address *next;
};

struct listen_table {
	unsigned workers;
	struct listen_address *head;
};

/*
 * Opens the sockets of all addresses of `s` that are not open yet and marks
 * those that it does not want. False: `why` (SOCK_WHY_MAX bytes), nothing has changed.
 */
bool listen_open(struct listen_table *t, const struct setup *s, char *why);

/* After the workers have let go of them: forgets the addresses that are not wanted. */
void listen_forget(struct listen_table *t);

void listen_table_free(struct listen_table *t);

/* --- worker --- */

void listen_worker_init(struct worker *w);

/*
 * Accepts for `s` from now on: kept sockets get their new listener, new ones
 * are taken from the table, the others closed after a last accept. `s` NULL:
 * all are closed. The main thread waits meanwhile.
 */
void listen_switch(struct worker *w, struct listen_table *t, struct setup *s);

#endif
