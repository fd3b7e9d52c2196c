/*
 * setup: one configuration as the forwarder uses it: listeners with their
 * service, real servers, peers and redirect rules. Made whole, checked whole,
 * then put in force whole; immutable afterwards.
 *
 *     conf ---> setup ---> listener ---> service, pool, peers_service, redirect
 *                 ^            ^
 *                 refs         session (each holds a reference to its setup)
 *
 * So running sessions go on with the configuration that they began with, and
 * the last of them lets it go. It is freed on the main thread, since checks
 * and the asking of dnsd belong there: who gives back the last reference
 * writes to `wake`.
 */
#ifndef FAIRLEAD_SETUP_H
#define FAIRLEAD_SETUP_H

#include <event2/event.h>
#include "errs.h"
#include "listener.h"

/* What setups are made from and share; owned by main. */
struct setup_home {
	struct event_base *base;
	struct servers *servers;
	struct listener_count *counts;
	struct crowd *crowd;        /* of client_sessions */
	unsigned workers;           /* 0: as the first configuration says */
	int wake;                   /* eventfd */
	void (*pass)(void *arg); void *arg; /* returns when every worker has come back to its loop; NULL: there are none */
};

/*
 * Reads configuration, zones, and what is known of clients; `before` (NULL:
 * none) shares what hasn't changed since. All that is wrong goes to `errs`,
 * which has to be empty. Any thread, and beside everything else. For
 * setup_make, which takes it; NULL: no memory.
 */
struct setup *setup_read(const char *file, const struct setup *before, struct errs *errs);

/*
 * Makes the rest of what setup_read has read. With an error in `errs`, now or
 * before: NULL, and `s` is freed. `home` NULL: check only (-t); the result is
 * good for nothing but setup_free. Nothing is begun: no sockets, no checks, no
 * queries. Main thread.
 */
struct setup *setup_make(struct setup_home *home, struct setup *s, struct errs *errs);

/*
 * In force from now on: asks dnsd, checks the real servers. `before`: the
 * setup until now, or NULL. False: `why` (PEERS_WHY_MAX); free it.
 */
bool setup_begin(struct setup_home *home, struct setup *s, const struct setup *before, char *why);

void setup_hold(struct setup *s);
/* Gives a reference back. Any thread. */
void setup_release(struct setup_home *home, struct setup *s);

/* Frees it. Main thread, without references left. */
void setup_free(struct setup_home *home, struct setup *s);

/* Logs which policies go by what isn't known here (policy_warn.h). */
void setup_warn(const struct setup *s);

/* Does it come from a control or proxy address of a site (spec 8, case 1)? */
bool setup_is_site(const struct setup *s, const struct addr *source);

#endif
