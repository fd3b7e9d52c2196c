/*
 * watch_parts: what the files of the watch share; nobody else includes it.
 *
 *     watch.c         states, reports, addresses that come and go
 *     watch_member.c  members: which addresses and ports, names that are resolved, reload
 *     watch_server.c  real servers: passive failures, reload
 */
#ifndef FAIRLEAD_WATCH_PARTS_H
#define FAIRLEAD_WATCH_PARTS_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include "watch.h"

struct resolved_name;

/* One address and all checks of it. */
struct column {
	struct addr address;          /* as in the zone (port 0), or a real server's with its port */
	struct check *checks[];       /* as many as the watch has */
};

struct watch {
	struct checker *checker;
	struct watch_sink sink;
	const struct conf_check **checks; size_t nchecks; /* none: always up */
	struct column **columns; size_t ncolumns;
	struct resolved_name *name;   /* a host name target; NULL: addresses */
	bool no_address;              /* the name has none */
	char *service;                /* its name, for checks; may be NULL */
	/* A member's; a real server's: NULL. */
	const struct conf *conf;
	const struct member *member;
	/* Where the probe of an address, which may come later, goes to and comes from. NULL: to it, from `source`. */
	void (*ends)(const struct watch *w, const struct conf_check *check, const struct addr *address, struct addr *to, struct addr *from);
	struct addr source;           /* a real server's */
	const struct check_preface *preface; /* a real server's; NULL: none */
	struct event out;             /* a real server's without check: until it is in use again */
	enum verdict state;
	int64_t since;                /* ns: begin of `state` */
};

/* With those of `checks` that have something to do, as yet without addresses. NULL: no memory. */
struct watch *watch_new(struct checker *c, const struct conf_check *const *checks, size_t nchecks,
                        const struct watch_sink *sink);
/* Takes the state that is known without a probe. Not `fine`: deletes it and returns NULL. */
struct watch *watch_finish_new(struct watch *w, bool fine);

/* Probes `list` from now on; an address that was there goes on as it was. False: no memory, and nothing has changed. */
bool watch_set_addresses(struct watch *w, const struct addr *list, size_t n);
struct column *watch_column(const struct watch *w, const struct addr *a); /* NULL: not probed */

/* The same checks by value (those with nothing to do left out)? */
bool watch_same_checks(const struct watch *w, const struct conf_check *const *checks, size_t n);
void watch_rebind(struct watch *w, const struct conf_check *const *checks);

void watch_set_state(struct watch *w, enum verdict state, int64_t now);
/* Finds the state anew and tells the sink. */
void watch_report_now(struct watch *w);

#endif
