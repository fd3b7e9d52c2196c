/*
 * succession: when which of two processes serves (--replace). A successor gets
 * the sockets, learns what its predecessor knew (its checks go on meanwhile,
 * and it answers nobody), serves, and only then tells the predecessor to stop:
 *
 *     take -> [ wait: known() or SUCCESSION_WAIT_SECONDS ] -> enter() -> succession_enter
 *
 * Main thread. Both programs.
 */
#ifndef FAIRLEAD_SUCCESSION_H
#define FAIRLEAD_SUCCESSION_H

#include "handover.h"

/* As long as a start waits for the first checks (spec 5). */
#define SUCCESSION_WAIT_SECONDS 3

struct succession;

struct succession_calls {
	bool (*known)(void *arg);                             /* nothing is missing that a start would wait for */
	void (*enter)(void *arg);                             /* serve from now on, and call succession_enter */
	size_t (*sockets)(void *arg, int *fds, size_t max);   /* as handover_calls */
	void (*sent)(void *arg);                              /* as handover_calls */
	void (*succeeded)(void *arg, pid_t successor);        /* take nothing new, finish, end */
	void (*kept)(void *arg);                              /* as handover_calls */
	void *arg;
};

/* NULL: no memory. */
struct succession *succession_new(struct event_base *base, const struct succession_calls *calls);
void succession_delete(struct succession *s);

/*
 * The lock of this program, by folder_lock or, with `replace`, from whoever
 * runs, together with the sockets (`user` as handover_take). -1: `why`.
 */
int succession_lock(struct succession *s, bool replace, const char *run, const char *name, const char *user, char why[HANDOVER_WHY_MAX]);
/* The sockets of a predecessor to pick from; NULL: there is none. Good until succession_enter. */
struct handover_taken *succession_taken(struct succession *s);

/* Calls `enter`: at once without a predecessor, else when all is known, the time is over or the predecessor has ended. */
void succession_begin(struct succession *s);
/* We serve: offers ourselves to a successor, and tells the predecessor. `lock` is borrowed. */
void succession_enter(struct succession *s, int lock);

#endif
