#include <errno.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "nat_parts.h"
#include "peers.h"

/* After a failure of nftables. */
#define RETRY_US 1000000
/* Counting flows walks all of conntrack: it may take this share of our time. */
#define COUNT_SHARE 20
/* How often the kernel is asked how many flows it has sent on, while there may be any. */
#define TELL_US 1000000
/* All entries together have at most about so many buckets, which the kernel takes in within a tenth of a second. */
#define BUCKETS_ALL 8192

struct nat {
	struct nft_ctx *nft;
	struct event_base *base;
	struct nat_state state;
	char process[16];
	struct nat_watch *watch;
	struct event *retry, *tell;
	bool stands;            /* our table is there, as far as we know */
	bool failed;            /* and was told of */
	bool draining;
	bool found;             /* a predecessor had left a table, and maybe flows */
	unsigned flows;
	int64_t count_again;    /* ns */
};

bool nat_wanted(const struct setup *s)
{
	for (size_t i = 0; i < s->nlisteners; i++)
		if (s->listeners[i].conf->datapath == DATAPATH_NAT)
			return true;
	return false;
}

/* --- libnftables --- */

/* The first line of what it complains of. */
static void reason(struct nft_ctx *nft, char *why)
{
	const char *text = nft_ctx_get_error_buffer(nft);
	int len = text ? (int)strcspn(text, "\n") : 0;
	snprintf(why, NAT_WHY_MAX, "nftables: %.*s", len < 200 ? len : 200, len ? text : "");
	if (strstr(why, "Operation not permitted"))
		snprintf(why, NAT_WHY_MAX, "nftables: Operation not permitted: datapath nat needs CAP_NET_ADMIN (start as root; after a reload that brings the first such listener: restart)");
}

/* One transaction: all or nothing. Frees `text`. */
static bool run(struct nat *n, char *text, char *why)
{
	bool ok = text && nft_run_cmd_from_buffer(n->nft, text) == 0;
	if (!text)
		strcpy(why, "out of memory");
	else if (!ok)
		reason(n->nft, why);
	/* Taken anew by each call, but kept until then otherwise. */
	nft_ctx_get_output_buffer(n->nft);
	nft_ctx_get_error_buffer(n->nft);
	free(text);
	return ok;
}

/* The library ends the process when it gets no socket: so we try first. */
static bool has_netfilter(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static char *command(const char *verb, const char *table)
{
	char *text = NULL;
	return asprintf(&text, "%s table inet %s\n", verb, table) < 0 ? NULL : text;
}

/* Is there such a table, and (with `process`) made by this one? */
static bool is_there(struct nft_ctx *nft, const char *table, const char *process)
{
	char *text = command("list", table), want[64];
	bool there = text && nft_run_cmd_from_buffer(nft, text) == 0;
	const char *output = nft_ctx_get_output_buffer(nft);
	nft_ctx_get_error_buffer(nft);
	free(text);
	snprintf(want, sizeof want, "process %s\"", process ? process : "");
	return there && (!process || (output && strstr(output, want)));
}

static struct nft_ctx *context(void)
{
	struct nft_ctx *nft = has_netfilter() ? nft_ctx_new(NFT_CTX_DEFAULT) : NULL;
	if (!nft || (nft_ctx_buffer_output(nft) == 0 && nft_ctx_buffer_error(nft) == 0))
		return nft;
	nft_ctx_free(nft);
	return NULL;
}

static void name_table(char table[NAT_TABLE_MAX], const struct setup *s)
{
	snprintf(table, NAT_TABLE_MAX, "fairlead.%s.%s", s->conf->own->name, s->conf->instance);
}

bool nat_is_due(const struct setup *s)
{
	char table[NAT_TABLE_MAX];
	struct nft_ctx *nft = nat_wanted(s) ? NULL : context();
	bool left = false;
	name_table(table, s);
	if (nft) {
		left = is_there(nft, table, NULL);
		nft_ctx_free(nft);
	}
	return left || nat_wanted(s);
}

/* --- entries --- */

static bool same_key(const struct nat_entry *a, const struct nat_entry *b)
{
	return a->protocol == b->protocol && addr_equal(&a->listen, &b->listen);
}

static bool is_target(const struct service *s, size_t own, const struct nat_target *t)
{
	for (size_t m = 0; m < s->nmembers; m++)
		for (size_t k = 0; s->members[m].site != (int)own && k < s->members[m].ntargets; k++)
			if (addr_same_ip(&s->members[m].targets[k], &t->to) && s->members[m].port == t->port)
				return true;
	return false;
}

/* What was so before a reload still is, until something is known to have changed. */
static void take_over(struct nat_entry *e, const struct nat_state *before)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct nat_entry *b = &before->entries[i];
		bool fits = same_key(e, b) && b->choice;
		if (same_key(e, b))
			e->closed = b->closed;
		for (size_t k = 0; fits && k < b->choice->ntargets; k++)
			fits = is_target(e->listener->service, e->listener->setup->conf->own->index, &b->choice->targets[k]);
		if (fits && !e->choice)
			e->choice = nat_choice_hold(b->choice);
	}
}

static void free_entries(struct nat_state *s)
{
	for (size_t i = 0; s->entries && i < s->n; i++)
		nat_choice_release(s->entries[i].choice);
	free(s->entries);
	s->entries = NULL;
}

static uint16_t buckets_each(size_t entries)
{
	uint16_t n = NAT_BUCKETS_MAX;
	while (n > NAT_BUCKETS_MIN && n * entries > BUCKETS_ALL)
		n /= 2;
	return n;
}

static bool make_entries(struct nat_state *state, const struct setup *s, const struct nat_state *before)
{
	size_t room = 0;
	for (size_t i = 0; i < s->nlisteners; i++)
		room += s->listeners[i].conf->nlisten;
	state->entries = calloc(room + 1, sizeof *state->entries);
	for (size_t i = 0; state->entries && i < s->nlisteners; i++) {
		const struct listener *l = &s->listeners[i];
		for (size_t k = 0; l->conf->datapath == DATAPATH_NAT && k < l->conf->nlisten; k++) {
			struct nat_entry *e = &state->entries[state->n++];
			*e = (struct nat_entry){ .listener = l, .listen = l->conf->listen[k], .protocol = nat_protocol(l->conf) };
			take_over(e, before);
		}
	}
	return state->entries;
}

/* NULL, also without memory: flows stay here, and are relayed. */
static struct nat_choice *choose(const struct nat_entry *e, size_t entries)
{
	const struct conf *conf = e->listener->setup->conf;
	struct peers_look now;
	struct nat_question q = { .network4 = (uint8_t)conf->dns.networks4, .network6 = (uint8_t)conf->dns.networks6,
	                          .buckets = buckets_each(entries), .stand_in = e->listen };
	peers_look(e->listener->peers, &now);
	q.in = now.in;
	struct nat_choice *c = nat_choice_make(&q);
	if (!c)
		log_error("out of memory, new flows stay here", "service=%s", e->listener->conf->service_text);
	return c;
}

/* As it should be now. Before a dnsd has answered, a relay can try all peers in order, and the kernel can't. */
static void compute(struct nat_entry *e, size_t entries)
{
	const struct listener *l = e->listener;
	bool closed = e->closed;
	struct nat_choice *before = e->choice;
	e->closed = !pool_usable(l->pool) || peers_own_set_down(l->peers);
	e->choice = e->closed && peers_known(l->peers) ? choose(e, entries) : NULL;
	e->changed = e->closed != closed || !nat_choice_same(before, e->choice);
	nat_choice_release(before);
}

/* How most clients are shared out: "den 67 %, fra 33 %". */
static void shares(const struct nat_choice *c, char *text, size_t size)
{
	const struct nat_class *most = &c->classes[c->nclasses - 1];
	size_t len = 0;
	*text = 0;
	for (size_t t = 0; t < c->ntargets && len < size; t++) {
		unsigned n = 0;
		for (size_t b = 0; b < c->buckets; b++)
			n += most->target_of[b] == t;
		if (n == 0)
			continue;
		int more = snprintf(text + len, size - len, "%s%s %u %%", len ? ", " : "", c->targets[t].label, (n * 100 + c->buckets / 2) / c->buckets);
		len += more > 0 ? (size_t)more : size;
	}
}

static void log_entry(const struct nat_entry *e)
{
	char listen[ADDR_TEXT_MAX], text[512];
	const char *service = e->listener->conf->service_text;
	const struct nat_choice *c = e->choice;
	addr_text_at(&e->listen, listen);
	if (!nat_choice_any(c)) {
		log_info("new flows stay here", "service=%s listen=%s servers=%s", service, listen, e->closed ? "down" : "up");
	} else if (c->ntargets == 1) {
		struct addr to = c->targets[0].to;
		addr_set_port(&to, nat_target_port(e, &c->targets[0]));
		log_info("new flows go to a peer in the kernel", "service=%s listen=%s member=%s address=%s", service, listen, c->targets[0].label, addr_text_at(&to, text));
	} else {
		shares(c, text, sizeof text);
		log_info("new flows go to peers in the kernel", "service=%s listen=%s members=\"%s\" kinds_of_clients=%zu", service, listen, text, c->nclasses);
	}
}

/* --- how many --- */

/* What the kernel has sent on counts as arrived and forwarded, as what a relay sends on. */
static void tell_listeners(struct nat *n)
{
	char *text = command("list counters", n->state.table);
	uint64_t *packets = calloc(n->state.n + 1, sizeof *packets);
	if (text && packets && n->stands && nft_run_cmd_from_buffer(n->nft, text) == 0) {
		nat_text_counters(nft_ctx_get_output_buffer(n->nft), packets, n->state.n);
		for (size_t i = 0; i < n->state.n; i++) {
			struct nat_entry *e = &n->state.entries[i];
			uint64_t more = packets[i] > e->counted ? packets[i] - e->counted : 0;
			e->counted = packets[i];
			atomic_fetch_add_explicit(&e->listener->count->arrived, more, memory_order_relaxed);
			atomic_fetch_add_explicit(&e->listener->count->forwarded, more, memory_order_relaxed);
		}
	}
	nft_ctx_get_output_buffer(n->nft);
	nft_ctx_get_error_buffer(n->nft);
	free(packets);
	free(text);
}

static bool sends_on(const struct nat_state *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (nat_choice_any(s->entries[i].choice))
			return true;
	return false;
}

/* By numbers or by the clock. */
static bool changes_unsaid(const struct nat_state *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].choice && peers_change_unsaid(s->entries[i].listener->peers))
			return true;
	return false;
}

static void on_tell(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = { .tv_sec = TELL_US / 1000000, .tv_usec = TELL_US % 1000000 };
	struct nat *n = arg;
	(void)fd, (void)what;
	tell_listeners(n);
	if (!sends_on(&n->state) || n->draining)
		return;
	event_add(n->tell, &soon);
	if (changes_unsaid(&n->state))
		nat_refresh(n);
}

static void tell_from_now_on(struct nat *n)
{
	static const struct timeval soon = { .tv_sec = TELL_US / 1000000, .tv_usec = TELL_US % 1000000 };
	if (sends_on(&n->state) && !event_pending(n->tell, EV_TIMEOUT, NULL))
		event_add(n->tell, &soon);
}

/* --- the table --- */

/* Whole, when the maps can't be written since the table is gone. */
static bool write_maps(struct nat *n, char *why)
{
	if (n->stands && run(n, nat_text_maps(&n->state), why))
		return true;
	n->stands = run(n, nat_text_table(&n->state, n->process), why);
	for (size_t i = 0; i < n->state.n; i++)
		n->state.entries[i].counted = 0;
	return n->stands;
}

static void write_or_retry(struct nat *n)
{
	static const struct timeval soon = { .tv_usec = RETRY_US % 1000000, .tv_sec = RETRY_US / 1000000 };
	char why[NAT_WHY_MAX];
	if (write_maps(n, why)) {
		if (n->failed)
			log_info("nftables again", "table=%s", n->state.table);
		n->failed = false;
		return;
	}
	if (!n->failed)
		log_error("nftables: the kernel's rules are not as they should be", "table=%s error=\"%s\"", n->state.table, why);
	n->failed = true;
	event_add(n->retry, &soon);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct nat *n = arg;
	if (n->failed && !n->draining)
		write_or_retry(n);
}

static void on_gone(void *arg)
{
	struct nat *n = arg;
	if (n->draining)
		return;
	log_warn("somebody has removed our nftables table, it is put up again", "table=%s", n->state.table);
	n->stands = false;
	write_or_retry(n);
}

static struct nat *new(struct event_base *base, const struct setup *s)
{
	struct nat *n = calloc(1, sizeof *n);
	if (!n)
		return NULL;
	n->base = base;
	n->nft = context();
	n->retry = event_new(base, -1, 0, on_retry, n);
	n->tell = event_new(base, -1, 0, on_tell, n);
	snprintf(n->process, sizeof n->process, "%d", (int)getpid());
	name_table(n->state.table, s);
	if (n->nft && n->retry && n->tell)
		return n;
	nat_delete(n);
	return NULL;
}

bool nat_stand(struct nat **n, struct event_base *base, const struct setup *s, char *why)
{
	struct nat *mine = *n;
	strcpy(why, "out of memory, or no netfilter in this kernel");
	if (!mine && !nat_is_due(s))
		return true;
	if (!mine && !(mine = new(base, s)))
		return false;
	if (!*n)
		mine->found = is_there(mine->nft, mine->state.table, NULL);
	if (mine->stands)
		tell_listeners(mine);
	struct nat_state next = { .setup = s };
	strcpy(next.table, mine->state.table);
	bool ok = make_entries(&next, s, &mine->state) && run(mine, nat_text_table(&next, mine->process), why);
	if (!ok) {
		free_entries(&next);
		if (!*n)
			nat_delete(mine);
		return false;
	}
	free_entries(&mine->state);
	mine->state = next;
	mine->stands = true;
	if (!mine->watch)
		mine->watch = nat_watch_new(base, mine->state.table, on_gone, mine);
	tell_from_now_on(mine);
	*n = mine;
	return true;
}

void nat_refresh(struct nat *n)
{
	bool changed = false;
	for (size_t i = 0; n && !n->draining && i < n->state.n; i++) {
		compute(&n->state.entries[i], n->state.n);
		changed |= n->state.entries[i].changed;
	}
	if (!changed)
		return;
	write_or_retry(n);
	tell_from_now_on(n);
	for (size_t i = 0; i < n->state.n && !n->failed; i++)
		if (n->state.entries[i].changed)
			log_entry(&n->state.entries[i]);
}

void nat_drain(struct nat *n)
{
	char why[NAT_WHY_MAX];
	if (!n || n->draining)
		return;
	n->draining = true;
	event_del(n->tell);
	if (n->stands && !is_there(n->nft, n->state.table, n->process)) {
		n->stands = false;
		log_info("the nftables table is another process's now", "table=%s", n->state.table);
	}
	if (n->stands && !run(n, nat_text_empty(&n->state), why))
		log_warn("the kernel's rules could not be emptied", "table=%s error=\"%s\"", n->state.table, why);
}

unsigned nat_flows(struct nat *n)
{
	if (!n || !n->stands)
		return 0;
	int64_t began = loop_now();
	if (began < n->count_again)
		return n->flows;
	int flows = nat_count_flows(&n->state);
	int64_t now = loop_now();
	n->count_again = now + (now - began) * COUNT_SHARE;
	if (flows < 0)
		log_warn("flows in the kernel can't be counted, they are not waited for", "error=\"%s\"", strerror(errno));
	n->flows = flows > 0 ? (unsigned)flows : 0;
	return n->flows;
}

void nat_delete(struct nat *n)
{
	char why[NAT_WHY_MAX];
	if (!n)
		return;
	nat_watch_delete(n->watch);
	/* After a start that failed, a predecessor's flows go on, with empty maps. */
	bool ours = n->stands && (n->draining || !n->found) && is_there(n->nft, n->state.table, n->process);
	if (ours && !run(n, command("delete", n->state.table), why))
		log_warn("the nftables table could not be removed", "table=%s error=\"%s\"", n->state.table, why);
	if (n->tell)
		event_free(n->tell);
	if (n->retry)
		event_free(n->retry);
	if (n->nft)
		nft_ctx_free(n->nft);
	free_entries(&n->state);
	free(n);
}
