/*
 * nat_parts: between the files of nat; nobody else includes it.
 *     nat.c         where new flows go, and when that changes
 *     nat_choice.c  for which clients where (pure)
 *     nat_text.c    as nftables rules (pure)
 *     nat_flows.c   counts flows in conntrack
 *     nat_watch.c   somebody else has removed our table
 *     nat_system.c  what has to be so on this machine
 */
#ifndef FAIRLEAD_NAT_PARTS_H
#define FAIRLEAD_NAT_PARTS_H

#include <stdio.h>
#include "nat.h"
#include "nat_choice.h"

/* Longer than site and instance may be. */
#define NAT_TABLE_MAX 160

/* One address of a listener with datapath nat. */
struct nat_entry {
	const struct listener *listener;
	struct addr listen;     /* protocol 0: port 0 */
	uint8_t protocol;       /* IPPROTO_TCP or _UDP; 0: every one */
	struct nat_choice *choice; /* where new flows go; nobody to be had: they stay here */
	bool changed;           /* since the rules were written */
	uint64_t counted;       /* flows sent on that `listener` has been told of, since the table was made */
	bool closed;            /* no real server can be used: other sites are refused */
};

/* The port of a target: 0 for every one. */
static inline uint16_t nat_target_port(const struct nat_entry *e, const struct nat_target *t)
{
	return e->protocol ? t->port ? t->port : addr_port(&e->listen) : 0;
}

struct nat_state {
	char table[NAT_TABLE_MAX];
	const struct setup *setup;
	struct nat_entry *entries; size_t n;
};

/* --- nat_text.c: commands for libnftables; the caller frees; NULL: no memory --- */

/* The whole table, with what is in its maps. `process` stands in its comment and tells whose it is. */
char *nat_text_table(const struct nat_state *s, const char *process);
/* The maps emptied and filled again, and the rules of those entries that have changed. */
char *nat_text_maps(const struct nat_state *s);
/* The maps alone, left empty. */
char *nat_text_empty(const struct nat_state *s);

/* The counter of entry N is called so, and N. It counts the flows that are sent on. */
#define NAT_COUNTER "flows"
/* The chain of entry N is called so, and N: where its flows go. */
#define NAT_CHAIN "entry"
/* Reads their values from what nft prints of them; 0 where there is none. */
void nat_text_counters(const char *text, uint64_t *packets, size_t n);

/* IPPROTO_TCP or _UDP, 0 for FWD_IP. */
uint8_t nat_protocol(const struct conf_listener *l);

/* The commands that put an entry's rules into its chain, which is empty. */
void nat_text_choice(FILE *to, const struct nat_state *s, size_t entry);

/* --- nat_flows.c --- */

/* Flows that were sent on for one of these entries and have not ended; -1: the kernel doesn't tell (errno). */
int nat_count_flows(const struct nat_state *s);

/* --- nat_watch.c --- */

struct nat_watch;

/* Calls `gone` when somebody removes the table (`nft flush ruleset` does). NULL: that isn't to be had; then it isn't noticed. */
struct nat_watch *nat_watch_new(struct event_base *base, const char *table, void (*gone)(void *arg), void *arg);
void nat_watch_delete(struct nat_watch *w);

#endif
