/*
 * exchange: what the sites tell each other (spec 6), by signed DNS UPDATE.
 *
 *     inbox -> TSIG -> permissions -> monitor_take, admin_put -> answer
 *     monitor's seen, admin's changes, each interval -> messages -> links to all peers
 *
 * Each message is built and signed once, and goes to all peers alike. A
 * change is said at once; what the own site's members are, and where our check
 * contradicts their home, each exchange.interval; all else spread over half a
 * TTL. So nothing has to be kept for a peer that is away, and the load is the
 * same on a good day and on a bad one.
 *
 * What programs and agents of our own site (not its dnsds) tell us we pass on
 * as it is, so that each of them needs to know one dnsd only. Orders of
 * operators are passed on by whoever hears of them first.
 *
 * Control thread only.
 */
#ifndef FAIRLEAD_EXCHANGE_H
#define FAIRLEAD_EXCHANGE_H

#include "generation.h"
#include "../common/live.h"
#include "../common/service.h"

struct event_base;
struct exchange;
struct monitor;
struct observer;

struct rtts;
struct exchange_calls {
	/* Frees `p` after a grace period of the query threads. */
	void (*retire)(void *arg, void *p);
	void *arg;
};

/* `state`: the folder for orders. Signed UPDATEs are taken from now on. NULL: no memory. */
struct exchange *exchange_new(struct event_base *base, struct live *live, struct rtts *rtts, const char *state, const struct exchange_calls *calls);
/* After the query threads have ended, and before the monitor does. */
void exchange_delete(struct exchange *x);

/* The generation in force, and the monitor that has its services. Borrowed until the next call. */
void exchange_set_generation(struct exchange *x, const struct generation *gen, struct monitor *monitor);

/* For monitor_calls. */
void exchange_seen(struct exchange *x, const struct service *s, struct live_member *l);
enum verdict exchange_order(const struct exchange *x, const struct conf *conf, const struct service *s, const struct member *m);
uint64_t exchange_cleared(const struct exchange *x, const struct conf *conf, const struct service *s, const struct member *m);
void exchange_note_site(struct exchange *x, const struct observer *who, bool heard);

#endif
