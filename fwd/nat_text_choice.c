#include <stdio.h>
#include <string.h>
#include "nat_parts.h"

/*
 * The chain of an entry, a rule for each kind of clients:
 *
 *     ip saddr { 10.0.0.0/8 } ... dnat ip to 198.51.100.25:110
 *     ... dnat ip to jhash ip saddr mod 256 ... map { 0 : 198.51.100.25 . 110, 1 : ... }
 *
 * The kind with the most networks comes last and needs no test.
 */

/* Another one than that of proxy IPs, so that each peer sees all of them. */
#define SEED "0x2"

static const char *ip(const struct nat_entry *e)
{
	return e->listen.sa.sa_family == AF_INET6 ? "ip6" : "ip";
}

static void print_clients(FILE *to, const struct nat_entry *e, const struct nat_class *c)
{
	char text[ADDR_TEXT_MAX];
	fprintf(to, "%s saddr { ", ip(e));
	for (size_t i = 0; i < c->n; i++)
		fprintf(to, "%s%s", i ? ", " : "", prefix_text(&c->networks[i], text));
	fputs(" } ", to);
}

/* Which bits of a client's address its bucket is the hash of. */
static void print_mask(FILE *to, const struct nat_entry *e, unsigned bits)
{
	uint8_t ones[16];
	struct addr all;
	struct prefix p;
	char text[ADDR_TEXT_MAX];
	if (bits == 0)
		return;
	memset(ones, 0xff, sizeof ones);
	addr_from_bytes(&all, e->listen.sa.sa_family, ones, 0);
	prefix_of(&p, &all, (uint8_t)bits, (uint8_t)bits);
	addr_from_bytes(&all, p.family, p.bytes, 0);
	fprintf(to, " & %s", addr_text(&all, text));
}

static void print_one(FILE *to, const struct nat_entry *e, const struct nat_target *t)
{
	char text[ADDR_TEXT_MAX];
	bool six = e->listen.sa.sa_family == AF_INET6;
	addr_text(&t->to, text);
	if (!e->protocol)
		fprintf(to, "dnat %s to %s\n", ip(e), text);
	else
		fprintf(to, "dnat %s to %s%s%s:%u\n", ip(e), six ? "[" : "", text, six ? "]" : "", nat_target_port(e, t));
}

static void print_several(FILE *to, const struct nat_entry *e, const struct nat_class *c)
{
	char text[ADDR_TEXT_MAX];
	fprintf(to, "dnat %s to jhash %s saddr", ip(e), ip(e));
	print_mask(to, e, e->choice->network);
	fprintf(to, " mod %u seed " SEED " map { ", e->choice->buckets);
	for (size_t b = 0; b < e->choice->buckets; b++) {
		const struct nat_target *t = &e->choice->targets[c->target_of[b]];
		fprintf(to, "%s%zu : %s", b ? ", " : "", b, addr_text(&t->to, text));
		if (e->protocol)
			fprintf(to, " . %u", nat_target_port(e, t));
	}
	fputs(" }\n", to);
}

static void print_class(FILE *to, const struct nat_state *s, size_t entry, const struct nat_class *c, bool last)
{
	const struct nat_entry *e = &s->entries[entry];
	int only = nat_class_only(c, e->choice->buckets);
	if (only == NAT_NOBODY && last)
		return;
	fprintf(to, "add rule inet %s " NAT_CHAIN "%zu ", s->table, entry);
	/* nft wants to be told where there are ports */
	if (e->protocol)
		fprintf(to, "meta l4proto %u ", e->protocol);
	if (!last)
		print_clients(to, e, c);
	if (only == NAT_NOBODY) {
		fputs("accept\n", to);
		return;
	}
	fprintf(to, "counter name " NAT_COUNTER "%zu ", entry);
	if (only >= 0)
		print_one(to, e, &e->choice->targets[only]);
	else
		print_several(to, e, c);
}

void nat_text_choice(FILE *to, const struct nat_state *s, size_t entry)
{
	const struct nat_choice *c = s->entries[entry].choice;
	for (size_t i = 0; nat_choice_any(c) && i < c->nclasses; i++)
		print_class(to, s, entry, &c->classes[i], i + 1 == c->nclasses);
}
