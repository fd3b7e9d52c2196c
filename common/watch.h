/*
 * watch: everything about one member (dnsd) or one real server (fwd): its
 * checks x its addresses -> one state.
 *
 *     state = AND over checks ( AND over addresses, or OR with need = "any" )
 *
 * where drain (only an agent or a helper says that) is less than up and more than down.
 *
 * Known bad is known: one failed check is down before the others have a
 * result. While the outcome is open the last state stays; before the first
 * outcome it is unknown. No check at all: up from the first moment.
 *
 * All calls and reports happen on the thread of the checker's event base.
 * State that other threads read is the caller's to publish from the report.
 */
#ifndef FAIRLEAD_WATCH_H
#define FAIRLEAD_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "addr.h"
#include "check.h"
#include "conf.h"
#include "service.h"
#include "verdict.h"

/* How long a real server without any check stays out of use after a failed connection: seconds.
   Long enough that a dead one costs few retries, short enough that nobody misses it for long. */
#define WATCH_OUT_SECONDS 5

struct watch;

/* One probe ended (or a name was resolved, or a time ran out). Good during the call only. */
struct watch_report {
	enum verdict before, state;      /* differ: this is a change */
	bool first;                      /* this change is the first outcome ever */
	/* What speaks for the state: the failed check when down, else the one that contradicts, else the first. */
	const struct conf_check *check;  /* NULL: none */
	const struct addr *address;      /* probed address; NULL: none (no check, or "L3 resolve") */
	enum check_result result;
	uint32_t detail;                 /* of the result: check_result_text */
	uint32_t agent;                  /* what agents or helpers said last (agent_pack), the least of each number; 0: nothing */
	uint32_t rtt_us;                 /* smoothed response time of the first check, the worst address; 0: unknown */
	int64_t now;                     /* ns, CLOCK_MONOTONIC */
	int64_t lasted;                  /* ns that `before` had lasted, on a change */
};

/* Never called from within a watch_ function. It must not delete the watch it is called for. */
struct watch_sink {
	void (*report)(void *arg, struct watch *w, const struct watch_report *r);
	void *arg;
};

/*
 * Watches a member from here: its targets, or `inside` when its site is
 * conf->own; port: check_port, else the LB line's port, else the check's, else
 * the type's; source: our control address of that family. `conf`, `s` and `m`
 * are borrowed until watch_update_member has got newer ones, or watch_delete.
 * NULL: no memory.
 */
struct watch *watch_new_member(struct checker *c, const struct conf *conf, const struct service *s,
                               const struct member *m, const struct watch_sink *sink);

/*
 * After a reload. True: nothing that a probe sees has changed; the watch goes
 * on with its counters and now borrows the new objects. False: it is as
 * before; delete it and make a new one.
 */
bool watch_update_member(struct watch *w, const struct conf *conf, const struct service *s, const struct member *m);

/* A real server, as its probes see it. */
struct watch_server {
	const struct addr *address;      /* with the port */
	const struct addr *source;       /* NULL: the system chooses */
	const char *service;             /* its name as text, for checks that name no host; copied */
	const struct check_preface *preface; /* NULL: none; static */
};

/* Watches a real server. `check` NULL: up, until watch_failed; it is borrowed as above. NULL: no memory. */
struct watch *watch_new_server(struct checker *c, const struct conf_check *check, const struct watch_server *server,
                               const struct watch_sink *sink);

/* As watch_update_member. */
bool watch_update_server(struct watch *w, const struct conf_check *check, const struct watch_server *server);

void watch_delete(struct watch *w);

/*
 * Passive failure: a connection of ours failed in the way `why` says
 * (RESULT_L4_REFUSED, ...). Down at once, without a report (the caller knows),
 * until the check passes again by its `rise`; the first probe starts at once,
 * and its success is confirmed each `fast_interval`; that comes as a report. Without a check: down for
 * WATCH_OUT_SECONDS, then reported up.
 */
void watch_failed(struct watch *w, enum check_result why);

enum verdict watch_state(const struct watch *w);

#endif
