/*
 * numbers: what the programs of a member's home site report of it, put
 * together: how busy it is, what it can take, what its forwarders had to send
 * elsewhere. What `_health` shows and what the metrics look at are the same
 * figures. No locks, no allocation: any thread, within a grace period.
 */
#ifndef FAIRLEAD_NUMBERS_H
#define FAIRLEAD_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>
#include "../common/live.h"
#include "../common/service.h"
#include "observe.h"

struct numbers {
	uint32_t has;                  /* enum update_has: somebody said it */
	bool of_fwd;                   /* sessions and capacity are forwarders' */
	uint64_t sessions;
	uint64_t capacity;             /* 0: nobody says one, nor does the LB line */
	uint64_t local_up, local_all;  /* real servers */
	uint64_t forwarded_milli, tail_milli; /* thousandths of a connection a second */
	uint64_t load_ppm, cost_milli;
	uint32_t percent;              /* of its weight, the least that anybody says */
	uint32_t rtt_us;               /* the shortest smoothed time of a check; 0: nobody says one */
};

/*
 * The reports that count at `now` (ns, CLOCK_MONOTONIC) of one member at
 * `site` (a name; NULL: a member at no site of ours, where everybody's word
 * counts): the forwarders' sums; without any forwarder, and for load and cost,
 * the highest that anybody says. `interval`: exchange.interval in ns.
 */
struct numbers numbers_of(const struct live_member *l, const struct member *m, const char *site, int64_t now, int64_t interval);

/* One of its checks may say a `percent`; else only somebody who tells it does. */
bool numbers_weigh(const struct member *m);

/* Adds what one observer says. */
void numbers_add(struct numbers *n, const struct seen *s);

/* The observer is a forwarder, SITE/fwd or SITE/fwd.INSTANCE. */
bool numbers_is_fwd(const struct observer *who);
/* It is of that site. */
bool numbers_is_from(const struct observer *who, const char *site);

#endif
