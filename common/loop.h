/*
 * loop: the event base of a control thread, signals as events, privileges,
 * readiness, and the clocks.
 */
#ifndef FAIRLEAD_LOOP_H
#define FAIRLEAD_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

/* An event base without locks: one thread uses it (wake it from another by an eventfd). NULL: no memory. */
struct event_base *loop_base_new(void);

struct loop_calls {
	void (*stop)(void *arg, int signal);   /* SIGTERM or SIGINT */
	void (*reload)(void *arg);             /* SIGHUP */
	void *arg;
};

struct loop;

/* Takes over SIGTERM, SIGINT and SIGHUP; SIGPIPE is ignored from now on. NULL: no memory. */
struct loop *loop_new(struct event_base *base, const struct loop_calls *calls);
void loop_delete(struct loop *l);

#define LOOP_WHY_MAX 160

/* Lets loop_drop_privileges keep CAP_NET_RAW, too, if we have it: for checks of type icmp where ping sockets are not permitted. */
void loop_keep_raw_sockets(void);

/* And CAP_NET_ADMIN: for the kernel datapath of the forwarder. */
void loop_keep_net_admin(void);

/*
 * Becomes `user` (with its groups) when started as root, and keeps
 * CAP_NET_BIND_SERVICE alone (but for the above), so that a reload can bind port 53 or 80; sets
 * "no new privileges". "" or not root: only the latter. Before any thread is
 * started: capabilities belong to threads. False: `why` says what failed.
 */
bool loop_drop_privileges(const char *user, char why[LOOP_WHY_MAX]);

/* Tells the service manager (sd_notify(3)): "READY=1", "STOPPING=1", ... Nothing when there is none. */
void loop_notify(const char *state);
/* "RELOADING=1" with the time stamp that systemd wants beside it. */
void loop_notify_reloading(void);

/* Cores that this process may use; at least 1. */
unsigned loop_cores(void);

/* As many descriptors as the system lets us have: thousands of clients and checks need them. */
void loop_raise_descriptors(void);

#define NS_PER_SECOND 1000000000LL
#define NS_PER_MS 1000000LL

int64_t loop_now(void);                /* ns, CLOCK_MONOTONIC */
int64_t loop_seconds(double seconds);  /* as ns, rounded */

/* "2026-11-22T10:00:00Z" (RFC 3339) of seconds since 1970. No allocation, no locks. Returns `out`. */
#define LOOP_TIME_TEXT_MAX 40
const char *loop_time_text(int64_t wall, char out[LOOP_TIME_TEXT_MAX]);

#endif
