/*
 * report: what the forwarder tells its dnsd (spec 8, "What it reports"), by
 * the same signed UPDATE that sites use among themselves, at
 * LABEL._health.SERVICE of each own member of each service that has a
 * listener, as SITE/fwd.INSTANCE: to every address of forward.dnsd, each
 * exchange.interval, and at once when a member's state changes.
 *
 *     listeners, pools, peers -> report_member -> message, signed once -> links
 *
 * And at SITE._rtt.ORIGIN how far the client networks with the most traffic
 * are (rtt_top.h), as measured on their own connections.
 *
 * The listeners of a member are put together: sessions, capacity and servers
 * summed, down when any of them has no server up. Nobody waits for it: a dnsd
 * that is away or mute loses messages (the next one says all anew), one that
 * refuses is asked less and less often.
 *
 * Main thread only.
 */
#ifndef FAIRLEAD_REPORT_H
#define FAIRLEAD_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "rtt_ring.h"
#include "setup.h"

struct report;

struct report_counts { uint64_t sent, lost, refused; };

struct report_calls {
	/* Hands over what was measured of clients' round trips since the last call. */
	void (*rtt)(void *arg, void (*each)(void *arg, const struct rtt_measured *m), void *each_arg);
	void *arg;
};

/* NULL: no memory. */
struct report *report_new(struct event_base *base, const struct report_calls *calls);
void report_delete(struct report *r);

/* In force from now on, borrowed until the next call; all is said at once. False: no memory, nothing has changed. */
bool report_set(struct report *r, const struct setup *s);

/* Something may have changed: looked at at the end of this turn of the loop, and said if so. */
void report_look(struct report *r);

/* No new connections are taken from now on: every member is told as down, and nothing any more. */
void report_end(struct report *r);
/* Somebody else speaks under our name from now on. */
void report_silence(struct report *r);

void report_counts(const struct report *r, struct report_counts *out);

#endif
