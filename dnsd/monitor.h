/*
 * monitor: the watches of all members, and what follows from them.
 *
 *     watch -----+
 *     exchange --+-> observations -> verdict -> live (read by query threads)
 *     admin -----+    (observe.h)       |
 *                                       +--> changed(service): the gate has to be made anew
 *
 * changed() also comes when something ends that a gate or a TTL depends on:
 * the wait for the first round, a member's `hold`, the unrest after a change
 * (ttl_calm). Control thread only.
 *
 * Watches live on over a reload wherever (service, label) and all that a
 * probe depends on are the same, so that neither states nor counters are lost.
 */
#ifndef FAIRLEAD_MONITOR_H
#define FAIRLEAD_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/conf.h"
#include "../common/live.h"
#include "../common/select.h"
#include "../common/service.h"
#include "observe.h"

struct checker;
struct event_base;
struct monitor;

/* A service answers at the latest this long after it came into being, whether its members are known or not (spec 5). */
#define MONITOR_WAIT_SECONDS 3
/* Saved verdicts are believed up to this age (spec 5). */
#define MONITOR_SAVED_SECONDS 60

struct monitor_calls {
	/* The answers of this service may be others from now on. Not from within monitor_set_services. */
	void (*changed)(void *arg, const struct service *s);
	/* Our own check says something else of the member: the other sites are to know. NULL: nobody is told. */
	void (*seen)(void *arg, const struct service *s, const struct member *m, struct live_member *l);
	/* The numbers of its members may be others: something was said of one, or counts no more. NULL: nobody asks. */
	void (*numbers)(void *arg, const struct service *s);
	/* What an operator has ordered for it; VERDICT_UNKNOWN: nothing. NULL: there are no orders. */
	enum verdict (*order)(void *arg, const struct service *s, const struct member *m);
	/* The seq of the last order for it that is no more, or says up; 0: none. For failback. NULL: there are no orders. */
	uint64_t (*cleared)(void *arg, const struct service *s, const struct member *m);
	/* A dnsd of the site at `site` is heard, or none is any more. NULL: nobody is told. */
	void (*site)(void *arg, const struct observer *who, bool heard);
	/* Frees `p` after a grace period of the query threads. NULL: at once. */
	void (*retire)(void *arg, void *p);
	void *arg;
};

/* A service and the configuration that it was read with (a zone with errors keeps its old one). */
struct monitor_service {
	const struct service *service;
	const struct conf *conf;
};

/* `conf`: borrowed until the next monitor_set_services has returned. NULL: no memory. */
struct monitor *monitor_new(struct event_base *base, struct checker *checker, const struct conf *conf,
                            struct live *live, const struct monitor_calls *calls);

/* Saves the verdicts and frees everything, watches included. */
void monitor_delete(struct monitor *m);

/*
 * These are the services from now on. All of the list is borrowed until the
 * next call has returned; the list itself only during this one. The first call
 * also takes over saved verdicts. Afterwards make the gates of all services:
 * changed() is not called for what this call changes. `conf`: that of the
 * whole. False: no memory, and the services are those from before.
 */
bool monitor_set_services(struct monitor *m, const struct monitor_service *list, size_t n, const struct conf *conf);

/* Who says what of the members. */
struct observe *monitor_observe(struct monitor *m);

/* Something was said of a member: kept, and believed or not. A record of which no service knows is kept only. */
enum observe_result monitor_take(struct monitor *m, struct live_member *l, struct observer *who,
                                 const struct update_observation *said, uint32_t ttl);
/* Something was said again, see observe_again. `now`: ns, CLOCK_MONOTONIC. */
bool monitor_take_again(struct monitor *m, struct live_member *l, struct observer *who, const struct observe_repeat *r, int64_t now);
/* What `who` said of it is withdrawn. */
void monitor_forget(struct monitor *m, struct live_member *l, struct observer *who);

/* Orders have changed: of all members, or of those of one service. */
void monitor_judge_all(struct monitor *m);
void monitor_judge_service(struct monitor *m, const struct service *s);

/* What is known of the members of a service at this moment: service->nmembers views. */
void monitor_view(const struct monitor *m, const struct service *s, struct member_view *views);

/* Every member has a verdict, or the wait is over. Until then the service gives no answers. */
bool monitor_ready(const struct monitor *m, const struct service *s);

/* A verdict of it changed within ttl_calm. */
bool monitor_restless(const struct monitor *m, const struct service *s);

/* --- decisions, pure; all times in ns, CLOCK_MONOTONIC --- */

/* A member that came back at `came_back` (0: never) is still held at `now`. */
static inline bool monitor_in_hold(int64_t came_back, int64_t hold, int64_t now)
{
	return came_back != 0 && now - came_back < hold;
}

/* When a member came back last, after a change at `now`: whatever ends down is a comeback, also by way of drain. */
static inline int64_t monitor_came_back(int64_t came_back, enum verdict from, enum verdict to, int64_t now)
{
	return from == VERDICT_DOWN && to != VERDICT_DOWN ? now : came_back;
}

/* The earlier of `a` and the moment `since` + `length`, if that is still to come; 0: none. */
int64_t monitor_earlier(int64_t a, int64_t since, int64_t length, int64_t now);

#endif
