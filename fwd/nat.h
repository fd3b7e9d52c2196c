/*
 * nat: datapath "nat" (spec 8): while the local real servers are down, the
 * kernel sends new flows to the peer. An nftables table of our own, named
 * fairlead.SITE.INSTANCE, stands from the start with empty maps; what changes
 * is which virtual server stands in a map, and conntrack keeps each flow where
 * it began.
 *
 *     servers, peers ---> entries ---> nat_text.c ---> libnftables
 *
 * While local servers work, and whenever the kernel cannot know where to (no
 * dnsd has answered yet, no peer is up), flows reach our listening socket and
 * go the way of any relay. Main thread only.
 */
#ifndef FAIRLEAD_NAT_H
#define FAIRLEAD_NAT_H

#include <event2/event.h>
#include <stdbool.h>
#include "errs.h"
#include "listener.h"

#define NAT_WHY_MAX 240

struct nat;

/* Is there a listener with datapath nat? */
bool nat_wanted(const struct setup *s);

/* Is there anything to do: one of these, or a table that a killed predecessor has left? As long as we have root's rights. */
bool nat_is_due(const struct setup *s);

/* What the system does not let the kernel do for these listeners, or the sites miss: errors for the user. */
void nat_check(const struct setup *s, struct errs *errs);

/*
 * The table as it has to be for `s`, which must outlive it or its successor:
 * replaced whole in one transaction, whatever stood there before, and no flow
 * is touched by that. Known entries that still fit are kept, so a reload
 * interrupts nothing. *n NULL: made, if there is anything to do: listeners
 * with datapath nat, or a table that a killed predecessor has left. False:
 * `why` (NAT_WHY_MAX); what stood before still does.
 */
bool nat_stand(struct nat **n, struct event_base *base, const struct setup *s, char *why);
/*
 * The last nat_stand hasn't come off after all: as before it. Nothing of its
 * setup is used any more, even if the kernel can't be told at once. Before
 * the next nat_refresh only.
 */
void nat_back(struct nat **n);

/*
 * As the first nat_stand, for a successor: the kernel looks whether it would
 * do that, but the table stays the predecessor's, who serves.
 */
bool nat_prepare(struct nat **n, struct event_base *base, const struct setup *s, char *why);
/* We serve, and the table is ours, whole, from now on. Else, and after nat_stand, as nat_refresh. NULL: nothing. */
void nat_enter(struct nat *n);
/* A successor has given up: we take back what it may have taken already. NULL: nothing. */
void nat_reclaim(struct nat *n);

/* Something may have changed of real servers or peers: the maps follow. The setup has begun (setup_begin). NULL: nothing. */
void nat_refresh(struct nat *n);

/* No new flows any more: the maps are emptied, unless the table is another process's by now. */
void nat_drain(struct nat *n);

/* Flows that the kernel still carries for us; asks it now and then only, so it may be a moment old. */
unsigned nat_flows(struct nat *n);

/* Removes the table, if it is still ours and not a successor's, and frees. NULL: nothing. */
void nat_delete(struct nat *n);

#endif
