#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nat_parts.h"

/*
 * The table. What a packet meets, in this order:
 *
 *     guard (after conntrack, before any NAT): a new flow from a control or
 *         proxy address of a site to a virtual server of ours whose real servers
 *         are down is refused here (case 1: never forwarded on)
 *     to_peer (once a flow): never from a site; a TCP flow only from its first
 *         SYN on, so that connections older than the table are not touched;
 *         an entry for address, protocol and port, then one for all of an
 *         address, unless another listener has that port. The maps say
 *         which chain is an entry's, and those that stay here are in none
 *     entryN: which peer, by the client's network and hash (nat_choice.h)
 *     from_proxy (once a flow): what to_peer has sent on leaves with a proxy IP
 *
 * ICMP is left alone: errors that belong to a flow follow it by themselves, and
 * neighbour discovery and echo are this machine's.
 */

struct family {
	int af;
	const char *n;          /* "4", "6": in the names of sets */
	const char *ip, *type;  /* of nftables */
};

static const struct family families[] = { { AF_INET, "4", "ip", "ipv4_addr" }, { AF_INET6, "6", "ip6", "ipv6_addr" } };

uint8_t nat_protocol(const struct conf_listener *l)
{
	return l->protocol == FWD_IP ? 0 : l->protocol == FWD_UDP ? IPPROTO_UDP : IPPROTO_TCP;
}

static bool is_nat(const struct listener *l)
{
	return l->conf->datapath == DATAPATH_NAT;
}

/* --- elements: the first one opens the list, and nothing is written when there is none --- */

struct list {
	FILE *to;
	const char *table, *set, *family;
	bool open;
};

static void add(struct list *l)
{
	if (l->open)
		fputs(", ", l->to);
	else
		fprintf(l->to, "add element inet %s %s%s { ", l->table, l->set, l->family);
	l->open = true;
}

static void add_address(struct list *l, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	add(l);
	fputs(addr_text(a, text), l->to);
}

static void add_socket(struct list *l, const struct addr *a, uint8_t protocol)
{
	char text[ADDR_TEXT_MAX];
	add(l);
	fprintf(l->to, "%s . %u . %u", addr_text(a, text), protocol, addr_port(a));
}

static void end(const struct list *l)
{
	if (l->open)
		fputs(" }\n", l->to);
}

/* --- what changes --- */

static const struct { const char *kind, *name; } changing[] = {
	{ "set", "refuse" }, { "set", "refuse_all" }, { "map", "to" }, { "map", "all" },
};

static void print_empty(FILE *to, const struct nat_state *s)
{
	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; i < sizeof changing / sizeof *changing; i++)
			fprintf(to, "flush %s inet %s %s%s\n", changing[i].kind, s->table, changing[i].name, families[f].n);
}

static void print_closed(FILE *to, const struct nat_state *s, const struct family *f, bool all)
{
	struct list l = { .to = to, .table = s->table, .set = all ? "refuse_all" : "refuse", .family = f->n };
	for (size_t i = 0; i < s->n; i++) {
		const struct nat_entry *e = &s->entries[i];
		if (!e->closed || e->listen.sa.sa_family != f->af || (e->protocol == 0) != all)
			continue;
		if (all)
			add_address(&l, &e->listen);
		else
			add_socket(&l, &e->listen, e->protocol);
	}
	end(&l);
}

/* Which entries send flows on. */
static void print_to(FILE *to, const struct nat_state *s, const struct family *f, bool all)
{
	struct list l = { .to = to, .table = s->table, .set = all ? "all" : "to", .family = f->n };
	for (size_t i = 0; i < s->n; i++) {
		const struct nat_entry *e = &s->entries[i];
		if (!nat_choice_any(e->choice) || e->listen.sa.sa_family != f->af || (e->protocol == 0) != all)
			continue;
		if (all)
			add_address(&l, &e->listen);
		else
			add_socket(&l, &e->listen, e->protocol);
		fprintf(to, " : goto " NAT_CHAIN "%zu", i);
	}
	end(&l);
}

static void print_elements(FILE *to, const struct nat_state *s)
{
	for (size_t f = 0; f < 2; f++)
		for (int all = 0; all < 2; all++) {
			print_closed(to, s, &families[f], all);
			print_to(to, s, &families[f], all);
		}
}

/* The rules of those that have changed; of `all` when their chains are new. */
static void print_chains(FILE *to, const struct nat_state *s, bool all)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!all && !s->entries[i].changed)
			continue;
		if (!all)
			fprintf(to, "flush chain inet %s " NAT_CHAIN "%zu\n", s->table, i);
		nat_text_choice(to, s, i);
	}
}

/* --- what a configuration says --- */

static void print_sites(FILE *to, const struct nat_state *s, const struct family *f)
{
	struct list l = { .to = to, .table = s->table, .set = "sites", .family = f->n };
	for (size_t i = 0; i < s->setup->nsite_sources; i++)
		if (s->setup->site_sources[i].sa.sa_family == f->af)
			add_address(&l, &s->setup->site_sources[i]);
	end(&l);
}

static void print_listeners(FILE *to, const struct nat_state *s, const struct family *f)
{
	struct list ours = { .to = to, .table = s->table, .set = "servers", .family = f->n }, named = ours;
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].listen.sa.sa_family == f->af)
			add_address(&ours, &s->entries[i].listen);
	end(&ours);
	named.set = "named";
	for (size_t i = 0; i < s->setup->nlisteners; i++) {
		const struct conf_listener *c = s->setup->listeners[i].conf;
		for (size_t k = 0; k < c->nlisten; k++)
			if (c->listen[k].sa.sa_family == f->af && nat_protocol(c))
				add_socket(&named, &c->listen[k], nat_protocol(c));
	}
	end(&named);
}

/* Every address that an entry may send to, now or later: no other flow gets our proxy IP. */
static void print_peers(FILE *to, const struct nat_state *s, const struct family *f)
{
	struct list l = { .to = to, .table = s->table, .set = "peers", .family = f->n };
	for (size_t i = 0; i < s->setup->nlisteners; i++) {
		const struct listener *listener = &s->setup->listeners[i];
		for (size_t m = 0; is_nat(listener) && m < listener->service->nmembers; m++) {
			const struct member *member = &listener->service->members[m];
			if (member->site == MEMBER_NO_SITE || member->site == (int)s->setup->conf->own->index)
				continue;
			for (size_t k = 0; k < member->ntargets; k++)
				if (member->targets[k].sa.sa_family == f->af)
					add_address(&l, &member->targets[k]);
		}
	}
	end(&l);
}

/* --- rules --- */

static void print_sets(FILE *to, const struct family *f)
{
	static const char *const addresses[] = { "sites", "servers", "peers", "refuse_all" }, *const sockets[] = { "named", "refuse" };
	for (size_t i = 0; i < 4; i++)
		fprintf(to, "\tset %s%s { type %s; }\n", addresses[i], f->n, f->type);
	for (size_t i = 0; i < 2; i++)
		fprintf(to, "\tset %s%s { type %s . inet_proto . inet_service; }\n", sockets[i], f->n, f->type);
	fprintf(to, "\tmap to%s { type %s . inet_proto . inet_service : verdict; }\n", f->n, f->type);
	fprintf(to, "\tmap all%s { type %s : verdict; }\n", f->n, f->type);
}

static void print_guard(FILE *to)
{
	fputs("\tchain refuse {\n"
	      "\t\tmeta l4proto tcp tcp flags & (fin|syn|rst|ack) == syn reject with tcp reset\n"
	      "\t\tmeta l4proto != tcp reject with icmpx type port-unreachable\n"
	      "\t}\n", to);
	for (size_t i = 0; i < 2; i++) {
		const struct family *f = &families[i];
		fprintf(to, "\tchain from_site%s {\n"
		        "\t\tmeta l4proto { icmp, ipv6-icmp } return\n"
		        "\t\t%s daddr . meta l4proto . th dport @refuse%s goto refuse\n"
		        "\t\t%s daddr . meta l4proto . th dport @named%s return\n"
		        "\t\t%s daddr @refuse_all%s goto refuse\n"
		        "\t}\n", f->n, f->ip, f->n, f->ip, f->n, f->ip, f->n);
	}
	fputs("\tchain guard {\n\t\ttype filter hook prerouting priority mangle; policy accept;\n", to);
	for (size_t i = 0; i < 2; i++)
		fprintf(to, "\t\tct state new %s saddr @sites%s %s daddr @servers%s jump from_site%s\n", families[i].ip, families[i].n,
		        families[i].ip, families[i].n, families[i].n);
	fputs("\t}\n", to);
}

static void print_to_peer(FILE *to)
{
	fputs("\tchain to_peer {\n\t\ttype nat hook prerouting priority dstnat - 5; policy accept;\n"
	      "\t\tmeta l4proto { icmp, ipv6-icmp } accept\n"
	      "\t\tmeta l4proto tcp tcp flags & (fin|syn|rst|ack) != syn accept\n", to);
	for (size_t i = 0; i < 2; i++) {
		const struct family *f = &families[i];
		fprintf(to, "\t\t%s saddr @sites%s accept\n"
		        "\t\t%s daddr . meta l4proto . th dport vmap @to%s\n"
		        "\t\t%s daddr . meta l4proto . th dport @named%s accept\n"
		        "\t\t%s daddr vmap @all%s\n",
		        f->ip, f->n, f->ip, f->n, f->ip, f->n, f->ip, f->n);
	}
	fputs("\t}\n", to);
}

/* Several proxy IPs are shared out by client, not taken in turn: FTP servers want data connections to come from where the control connection does. */
static void print_sources(FILE *to, const struct site *own, const struct family *f)
{
	char text[ADDR_TEXT_MAX];
	size_t n = 0, turn = 0;
	for (size_t i = 0; i < own->nproxy_bind; i++)
		n += own->proxy_bind[i].sa.sa_family == f->af;
	if (n == 0)
		return;
	fprintf(to, "\t\tct status dnat ct original %s daddr @servers%s %s daddr @peers%s snat %s to ", f->ip, f->n, f->ip, f->n, f->ip);
	if (n > 1)
		fprintf(to, "jhash %s saddr mod %zu seed 0x1 map { ", f->ip, n);
	for (size_t i = 0; i < own->nproxy_bind; i++) {
		if (own->proxy_bind[i].sa.sa_family != f->af)
			continue;
		if (n > 1)
			fprintf(to, "%s%zu : ", turn ? ", " : "", turn);
		fputs(addr_text(&own->proxy_bind[i], text), to);
		turn++;
	}
	fputs(n > 1 ? " }\n" : "\n", to);
}

/* A chain that nobody comes to has the name of the process: only in its own table can it be emptied. */
static void print_process(FILE *to, const struct nat_state *s)
{
	fprintf(to, "process%s_%08" PRIx32, s->process, s->mark);
}

static void print_mine(FILE *to, const struct nat_state *s)
{
	fprintf(to, "flush chain inet %s ", s->table);
	print_process(to, s);
	fputc('\n', to);
}

static void print_table(FILE *to, const struct nat_state *s)
{
	/* Added first, since what isn't there can't be deleted; all of it is one transaction. */
	fprintf(to, "add table inet %s\ndelete table inet %s\ntable inet %s {\n\tcomment \"fairlead-fwd, process %s\"\n\tchain ",
	        s->table, s->table, s->table, s->process);
	print_process(to, s);
	fputs(" { }\n", to);
	for (size_t i = 0; i < s->n; i++)
		fprintf(to, "\tcounter " NAT_COUNTER "%zu { }\n\tchain " NAT_CHAIN "%zu { }\n", i, i);
	for (size_t f = 0; f < 2; f++)
		print_sets(to, &families[f]);
	print_guard(to);
	print_to_peer(to);
	fputs("\tchain from_proxy {\n\t\ttype nat hook postrouting priority srcnat - 5; policy accept;\n", to);
	for (size_t f = 0; f < 2; f++)
		print_sources(to, s->setup->conf->own, &families[f]);
	fputs("\t}\n}\n", to);
	for (size_t f = 0; f < 2; f++) {
		print_sites(to, s, &families[f]);
		print_listeners(to, s, &families[f]);
		print_peers(to, s, &families[f]);
	}
	print_chains(to, s, true);
	print_elements(to, s);
}

/* --- text --- */

/*
 * What `list counters` prints:
 *     counter flows7 {
 *         packets 12 bytes 720
 */
void nat_text_counters(const char *text, uint64_t *packets, size_t n)
{
	static const char mark[] = "counter " NAT_COUNTER;
	memset(packets, 0, n * sizeof *packets);
	while (text && (text = strstr(text, mark))) {
		unsigned long long count;
		size_t i;
		text += sizeof mark - 1;
		if (sscanf(text, "%zu { packets %llu", &i, &count) == 2 && i < n)
			packets[i] = count;
	}
}

static char *finish(FILE *to, char **text)
{
	bool ok = to && !ferror(to);
	if (to && fclose(to) == 0 && ok)
		return *text;
	if (to)
		free(*text);
	return NULL;
}

static char *text_of(void (*print)(FILE *to, const struct nat_state *s), const struct nat_state *s)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	if (to)
		print(to, s);
	return finish(to, &text);
}

static void print_maps(FILE *to, const struct nat_state *s)
{
	print_mine(to, s);
	print_empty(to, s);
	print_chains(to, s, false);
	print_elements(to, s);
}

static void print_none(FILE *to, const struct nat_state *s)
{
	print_mine(to, s);
	print_empty(to, s);
}

static void print_delete(FILE *to, const struct nat_state *s)
{
	print_mine(to, s);
	fprintf(to, "delete table inet %s\n", s->table);
}

char *nat_text_table(const struct nat_state *s)
{
	return text_of(print_table, s);
}

char *nat_text_maps(const struct nat_state *s)
{
	return text_of(print_maps, s);
}

char *nat_text_empty(const struct nat_state *s)
{
	return text_of(print_none, s);
}

char *nat_text_delete(const struct nat_state *s)
{
	return text_of(print_delete, s);
}

char *nat_text_guard(const struct nat_state *s)
{
	return text_of(print_mine, s);
}
