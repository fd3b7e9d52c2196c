/*
 * nat_parts: between the files of nat; nobody else includes it.
 *     nat.c         where new flows go, and when that changes
 *     nat_choice.c  for which clients where (pure)
 *     nat_text.c    as nftables rules (pure)
 *     nat_nft.c     which the kernel is told, and what it says
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
	char process[16];       /* stands in the table's comment, and, with the mark, names a chain by which it is known whose it is */
	uint32_t mark;          /* of this process alone: those of several PID namespaces may share a network's, and all be number 1 */
	const struct setup *setup;
	struct nat_entry *entries; size_t n;
};

/* --- nat_text.c: commands for libnftables; the caller frees; NULL: no memory --- */

/* The whole table, with what is in its maps, in the place of whichever there was. */
char *nat_text_table(const struct nat_state *s);
/*
 * What follows fails as a whole when the table isn't there, or is another
 * process's by then: the kernel looks, so nothing can come between.
 */

/* The maps emptied and filled again, and the rules of those entries that have changed. */
char *nat_text_maps(const struct nat_state *s);
/* The maps alone, left empty. */
char *nat_text_empty(const struct nat_state *s);
/* No table any more. */
char *nat_text_delete(const struct nat_state *s);
/* Nothing else. */
char *nat_text_guard(const struct nat_state *s);

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

/* --- nat_nft.c: one transaction a call, all or nothing; `text` is freed, NULL: no memory --- */

struct nft_ctx;
enum nat_owner { NAT_NOBODYS, NAT_OURS, NAT_ANOTHERS };

/* For nft_ctx_free. NULL: no memory, or no netfilter in this kernel. */
struct nft_ctx *nat_nft_new(void);
/* What it prints, good until the next call. NULL: `why` (NAT_WHY_MAX). */
const char *nat_nft_ask(struct nft_ctx *nft, char *text, char *why);
bool nat_nft_run(struct nft_ctx *nft, char *text, char *why);
/* The kernel looks at all of it, and does nothing. */
bool nat_nft_try(struct nft_ctx *nft, char *text, char *why);
/* Is there such a table? `unknown`: what is said when it can't be told. */
bool nat_nft_has(struct nft_ctx *nft, const char *table, bool unknown);
/* Who has written the table that stands there. NAT_OURS also when that can't be told. */
enum nat_owner nat_nft_whose(struct nft_ctx *nft, const struct nat_state *s);

/* --- nat_flows.c --- */

/* Flows that were sent on for one of these entries and have not ended; -1: the kernel doesn't tell (errno). */
int nat_count_flows(const struct nat_state *s);

/* --- nat_watch.c --- */

struct nat_watch;

/*
 * Calls `look` when the table may be gone: somebody has removed it (`nft flush
 * ruleset` does), or more has changed than we were told of. NULL: that isn't
 * to be had; then it isn't noticed.
 */
struct nat_watch *nat_watch_new(struct event_base *base, const char *table, void (*look)(void *arg), void *arg);
void nat_watch_delete(struct nat_watch *w);

#endif
