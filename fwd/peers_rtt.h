/*
 * peers_rtt: how far clients' networks are from the other sites, as our dnsd
 * tells it (SITE._rtt.ORIGIN TXT), for the rtt metric of the choice of a peer.
 * What we measure ourselves is the way to our own site, which is no candidate
 * here; so nothing but what other sites' forwarders have told helps.
 *
 *     main thread: one site after the other -> its networks -> a table of all
 *     workers:     peers_rtt_table, immutable (common/rtt.h)
 *
 * A table that is replaced is freed when every worker has finished what it was
 * doing at that moment (`pass`).
 */
#ifndef FAIRLEAD_PEERS_RTT_H
#define FAIRLEAD_PEERS_RTT_H

#include <ares.h>
#include <stdbool.h>
#include <stdint.h>
#include "conf.h"
#include "rtt.h"

/* Each site is asked again after so many times exchange.interval, a second as a rule: forwarders tell a network again after ten seconds at the earliest. */
#define PEERS_RTT_ROUND 10
/* A site for which no answer comes is passed over until the next round after so many questions. */
#define PEERS_RTT_TRIES 2
/* What a dnsd has told counts so long without a further answer, seconds: as long as forwarders' reports do. */
#define PEERS_RTT_KEEP 900
/* Networks of one site; more than an answer holds. */
#define PEERS_RTT_NETWORKS_MAX 4096

struct resolver;
struct peers_rtt;

/*
 * Asks `resolver` for names below `origin` (wire form), nothing before the
 * first tick; all are borrowed. `before`: that of the configuration until now,
 * whose numbers are taken over by sites' names; NULL: none. NULL: no memory.
 */
struct peers_rtt *peers_rtt_new(struct resolver *resolver, const struct conf *conf, const uint8_t *origin, const struct peers_rtt *before);
/* Ends when no question is under way any more; the resolver has been deleted or its queries cancelled. No worker may use its table. */
void peers_rtt_delete(struct peers_rtt *r);

/* `pass` returns when every worker has finished what it was doing. Without it there are none. */
void peers_rtt_on_pass(struct peers_rtt *r, void (*pass)(void *arg), void *arg);

/* To be called each exchange.interval. `now`: ns, CLOCK_MONOTONIC. */
void peers_rtt_tick(struct peers_rtt *r, int64_t now);

/* What is known now; NULL: nothing. `r` may be NULL. Any thread; good until the worker returns to its loop. */
const struct rtt_table *peers_rtt_table(const struct peers_rtt *r);

#endif
