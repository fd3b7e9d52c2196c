/*
 * rtts: how far clients' networks are from each site, as the sites' forwarders
 * tell (SITE._rtt.ORIGIN), in bounded space, each number for as long as its
 * record said; and made anew from them now and then, the table that query
 * threads see (common/rtt.h).
 *
 *     exchange_rtt.c -> rtts_take -> per site: networks -> rtts_table -> generation.rtt
 *
 * Control thread only; the table is any thread's.
 */
#ifndef FAIRLEAD_RTTS_H
#define FAIRLEAD_RTTS_H

#include "../common/conf.h"
#include "../common/rtt.h"
#include "../common/rtt_record.h"

/* Networks of one site; a further one takes the place of the one whose time ends first. Twice what one forwarder tells. */
#define RTTS_NETWORKS_MAX 2048
/* Sites and observers that are remembered: as with observations (observe.h). */
#define RTTS_SITES_MAX 256
#define RTTS_VOICES_MAX 512
/* Seconds that a record may count, whatever it says. */
#define RTTS_TTL_MAX 86400

struct event_base;
struct rtts;

struct rtts_calls {
	/* What rtts_table gives has changed. */
	void (*changed)(void *arg);
	void *arg;
};

/* NULL: no memory. */
struct rtts *rtts_new(struct event_base *base, const struct rtts_calls *calls);
void rtts_delete(struct rtts *r);

enum rtts_result { RTTS_TAKEN, RTTS_OLD, RTTS_FULL };

/* `record->seq` 0: stamped here. */
enum rtts_result rtts_take(struct rtts *r, const char *site, struct rtt_record *record, uint32_t ttl, int64_t now);

/* What counts now, by the sites of `conf`; the caller's (free). NULL: nothing, or no memory. */
struct rtt_table *rtts_table(struct rtts *r, const struct conf *conf, int64_t now);

#endif
