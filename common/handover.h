/*
 * handover: a running process gives its listening sockets to its successor
 * (--replace), over a unix socket in the folder `run`.
 *
 *     successor                         predecessor
 *     handover_take   -- "take" ----->  asks for them: calls.sockets
 *                     <-- sockets ----  (SCM_RIGHTS; the first is the lock's descriptor)
 *       ... gets ready; both have the sockets, the predecessor serves ...
 *     handover_ready  -- "ready" ---->  calls.done: takes nothing new, finishes what it has
 *
 * Until "ready" the predecessor goes on as if nothing had happened; whatever
 * ends the connection before leaves it in charge. The lock (folder_lock)
 * belongs to the open file, so it passes on with the descriptor: at no moment
 * is it free. Each side looks at who the other is (SO_PEERCRED).
 */
#ifndef FAIRLEAD_HANDOVER_H
#define FAIRLEAD_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "addr.h"

#define HANDOVER_WHY_MAX 256
/* Descriptors that one process hands over at most. */
#define HANDOVER_MAX 8192

struct event_base;

/* --- the running process --- */

struct handover;

struct handover_calls {
	/* Writes the sockets that are to be handed over into `fds`; returns how many. They stay the process's own. */
	size_t (*sockets)(void *arg, int *fds, size_t max);
	/* They are sent, or that has failed: what was made for the successor alone can go. NULL: nothing was. */
	void (*sent)(void *arg);
	/* The successor serves: take nothing new from now on, finish what there is, end. */
	void (*done)(void *arg, pid_t successor);
	/* A successor has given up, or ended: we go on. NULL: nothing to do. */
	void (*kept)(void *arg);
	void *arg;
};

/*
 * Waits for a successor at RUN/NAME.sock, in the place of whoever did before.
 * `lock`: folder_lock's descriptor, borrowed. NULL: `why`.
 */
struct handover *handover_offer(struct event_base *base, const char *run, const char *name, int lock,
                                const struct handover_calls *calls, char why[HANDOVER_WHY_MAX]);
/* Before the lock is closed. The socket's name goes, too, unless a successor has it. */
void handover_delete(struct handover *h);

/* --- the successor --- */

struct handover_taken {
	int connection;         /* readable: the predecessor has ended or given up */
	int lock;               /* the caller's */
	pid_t predecessor;
	int *fds; size_t n;     /* -1: picked */
};

enum handover_result { HANDOVER_TAKEN, HANDOVER_NOBODY, HANDOVER_FAILED };

/*
 * Asks whoever waits at RUN/NAME.sock; may take some seconds. `user`: whom the
 * predecessor may have become. HANDOVER_NOBODY: there is none. HANDOVER_FAILED: `why`.
 */
enum handover_result handover_take(const char *run, const char *name, const char *user, struct handover_taken *t,
                                   char why[HANDOVER_WHY_MAX]);
/* The sockets of this kind (SOCK_STREAM: listening) bound to exactly this address: the caller's from now on. Returns how many, at most `max`. */
size_t handover_pick(struct handover_taken *t, int type, const struct addr *address, int *fds, size_t max);
/* We serve: tells the predecessor, writes our process id into the lock, and closes what nobody has picked. */
void handover_ready(struct handover_taken *t);
/* Without being ready: the predecessor stays in charge. Also of one that was told, or is all zero but for connection -1. */
void handover_forget(struct handover_taken *t);

#endif
