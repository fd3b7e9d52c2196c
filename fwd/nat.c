#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
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

struct nat {
	struct nft_ctx *nft;
	struct event_base *base;
	struct nat_state state;
	struct nat_state before; /* for nat_back */
	struct nat_watch *watch;
	struct event *retry, *tell;
	bool waiting;           /* the table is a predecessor's, who serves until nat_enter */
	bool claim;             /* the next write takes the table, whoever has it */
	bool whole;             /* the next write has to be the whole table */
	bool wrote;             /* the table has been ours */
	bool lost;              /* and is another process's now, as far as we know */
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

static void name_table(char table[NAT_TABLE_MAX], const struct setup *s)
{
	snprintf(table, NAT_TABLE_MAX, "fairlead.%s.%s", s->conf->own->name, s->conf->instance);
}

bool nat_is_due(const struct setup *s)
{
	char table[NAT_TABLE_MAX];
	struct nft_ctx *nft = nat_wanted(s) ? NULL : nat_nft_new();
	bool left = false;
	name_table(table, s);
	if (nft) {
		left = nat_nft_has(nft, table, false);
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
static struct nat_choice *choose(const struct nat_entry *e)
{
	const struct conf *conf = e->listener->setup->conf;
	struct peers_look now;
	struct nat_question q = { .network4 = (uint8_t)conf->dns.networks4, .network6 = (uint8_t)conf->dns.networks6,
	                          .buckets = NAT_BUCKETS_MAX, .stand_in = e->listen };
	peers_look(e->listener->peers, &now);
	q.in = now.in;
	struct nat_choice *c = nat_choice_make(&q);
	if (!c)
		log_error("out of memory, new flows stay here", "service=%s", e->listener->conf->service_text);
	return c;
}

/* An answer for any address of the same service and family is one for all of them, unless all are given what one address is. */
static struct nat_choice *choose_once(const struct nat_state *s, size_t entry, struct nat_choice *const *done)
{
	const struct nat_entry *e = &s->entries[entry];
	for (size_t i = 0; i < entry; i++)
		if (done[i] && !done[i]->alike && s->entries[i].listener->peers == e->listener->peers
		    && s->entries[i].listen.sa.sa_family == e->listen.sa.sa_family)
			return nat_choice_hold(done[i]);
	return choose(e);
}

/* As it should be now. Before a dnsd has answered, a relay can try all peers in order, and the kernel can't. */
static struct nat_choice *compute(const struct nat_state *s, size_t entry, struct nat_choice *const *done)
{
	struct nat_entry *e = &s->entries[entry];
	const struct listener *l = e->listener;
	bool closed = !pool_usable(l->pool) || peers_own_set_down(l->peers);
	e->changed = e->closed != closed;
	e->closed = closed;
	return closed && peers_known(l->peers) ? choose_once(s, entry, done) : NULL;
}

/* All entries anew. False: nothing has changed, or there is no memory. */
static bool compute_all(struct nat_state *s)
{
	struct nat_choice **now = calloc(s->n + 1, sizeof *now);
	bool changed = false;
	for (size_t i = 0; now && i < s->n; i++)
		now[i] = compute(s, i, now);
	if (now)
		nat_choice_fit(now, s->n);
	for (size_t i = 0; now && i < s->n; i++) {
		struct nat_entry *e = &s->entries[i];
		e->changed |= !nat_choice_same(e->choice, now[i]);
		nat_choice_release(e->choice);
		e->choice = now[i];
		changed |= e->changed;
	}
	if (!now)
		log_error("out of memory, the kernel's rules stay as they are", "table=%s", s->table);
	free(now);
	return changed;
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

static char *command(const char *verb, const char *table)
{
	char *text = NULL;
	return asprintf(&text, "%s table inet %s\n", verb, table) < 0 ? NULL : text;
}

/* What the kernel has sent on counts as arrived and forwarded, as what a relay sends on. */
static void tell_listeners(struct nat *n)
{
	char why[NAT_WHY_MAX];
	uint64_t *packets = calloc(n->state.n + 1, sizeof *packets);
	const char *text = packets && n->wrote && !n->lost ? nat_nft_ask(n->nft, command("list counters", n->state.table), why) : NULL;
	if (text)
		nat_text_counters(text, packets, n->state.n);
	for (size_t i = 0; text && i < n->state.n; i++) {
		struct nat_entry *e = &n->state.entries[i];
		uint64_t more = packets[i] > e->counted ? packets[i] - e->counted : 0;
		e->counted = packets[i];
		atomic_fetch_add_explicit(&e->listener->count->arrived, more, memory_order_relaxed);
		atomic_fetch_add_explicit(&e->listener->count->forwarded, more, memory_order_relaxed);
	}
	free(packets);
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

static void forget(struct nat_state *s)
{
	for (size_t i = 0; s->entries && i < s->n; i++)
		nat_choice_release(s->entries[i].choice);
	free(s->entries);
	*s = (struct nat_state){ .entries = NULL };
}

/* The kernel has all of it now, and it is ours. */
static void note_written(struct nat *n)
{
	for (size_t i = 0; i < n->state.n; i++)
		n->state.entries[i].counted = 0;
	n->wrote = true;
	n->whole = n->claim = n->lost = false;
}

static bool write_whole(struct nat *n, char *why)
{
	tell_listeners(n); /* its counters go with it */
	n->whole = true;
	if (!nat_nft_run(n->nft, nat_text_table(&n->state), why))
		return false;
	note_written(n);
	return true;
}

static void lose(struct nat *n)
{
	if (!n->lost)
		log_info("the nftables table is another process's now", "table=%s", n->state.table);
	n->lost = n->whole = true;
}

static void fail(struct nat *n, const char *what, const char *why)
{
	static const struct timeval soon = { .tv_usec = RETRY_US % 1000000, .tv_sec = RETRY_US / 1000000 };
	if (!n->failed)
		log_error(what, "table=%s error=\"%s\"", n->state.table, why);
	n->failed = true;
	event_add(n->retry, &soon);
}

static void mended(struct nat *n)
{
	if (n->failed)
		log_info("nftables again", "table=%s", n->state.table);
	n->failed = false;
}

/* Whole, when the maps can't be written since the table is gone. */
static void write_or_retry(struct nat *n)
{
	char why[NAT_WHY_MAX];
	bool ok = !n->whole && nat_nft_run(n->nft, nat_text_maps(&n->state), why);
	if (!ok && !n->claim && nat_nft_whose(n->nft, &n->state) == NAT_ANOTHERS) {
		lose(n);
		return;
	}
	if (!ok && !write_whole(n, why)) {
		fail(n, "nftables: the kernel's rules are not as they should be", why);
		return;
	}
	mended(n);
}

/* The table stays for the flows that there are. */
static void empty_or_retry(struct nat *n)
{
	char why[NAT_WHY_MAX];
	if (nat_nft_run(n->nft, nat_text_empty(&n->state), why)) {
		mended(n);
		return;
	}
	enum nat_owner owner = nat_nft_whose(n->nft, &n->state);
	if (owner == NAT_ANOTHERS)
		lose(n);
	else if (owner == NAT_OURS)
		fail(n, "nftables: the kernel's rules could not be emptied", why);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct nat *n = arg;
	if (n->failed && n->draining)
		empty_or_retry(n);
	else if (n->failed)
		write_or_retry(n);
}

static void on_look(void *arg)
{
	struct nat *n = arg;
	enum nat_owner owner = n->draining ? NAT_OURS : nat_nft_whose(n->nft, &n->state);
	if (owner == NAT_ANOTHERS)
		lose(n);
	if (owner != NAT_NOBODYS)
		return;
	log_warn("somebody has removed our nftables table, it is put up again", "table=%s", n->state.table);
	n->whole = true;
	write_or_retry(n);
}

static struct nat *new(struct event_base *base, const struct setup *s)
{
	struct nat *n = calloc(1, sizeof *n);
	if (!n)
		return NULL;
	n->base = base;
	n->nft = nat_nft_new();
	n->retry = event_new(base, -1, 0, on_retry, n);
	n->tell = event_new(base, -1, 0, on_tell, n);
	n->claim = n->whole = true;
	snprintf(n->state.process, sizeof n->state.process, "%d", (int)getpid());
	if (getrandom(&n->state.mark, sizeof n->state.mark, GRND_NONBLOCK) != sizeof n->state.mark)
		n->state.mark = (uint32_t)loop_now();
	name_table(n->state.table, s);
	if (n->nft && n->retry && n->tell)
		return n;
	nat_delete(n);
	return NULL;
}

/* What its state would be for `s`, after what it is now. */
static bool make_next(const struct nat *n, const struct setup *s, struct nat_state *next)
{
	*next = (struct nat_state){ .setup = s };
	strcpy(next->table, n->state.table);
	strcpy(next->process, n->state.process);
	next->mark = n->state.mark;
	return make_entries(next, s, &n->state);
}

/* For the first time. False: `why`, and nothing is left of it. */
static bool begin(struct nat **n, struct event_base *base, const struct setup *s, bool wait, char *why)
{
	struct nat_state next;
	struct nat *mine = new(base, s);
	strcpy(why, "out of memory, or no netfilter in this kernel");
	if (!mine)
		return false;
	mine->found = nat_nft_has(mine->nft, mine->state.table, false);
	if (make_next(mine, s, &next)) {
		mine->state = next;
		mine->waiting = wait;
		if (wait ? nat_nft_try(mine->nft, nat_text_table(&next), why) : write_whole(mine, why)) {
			*n = mine;
			return true;
		}
	}
	nat_delete(mine);
	return false;
}

static void watch(struct nat *n)
{
	if (!n->watch)
		n->watch = nat_watch_new(n->base, n->state.table, on_look, n);
}

bool nat_prepare(struct nat **n, struct event_base *base, const struct setup *s, char *why)
{
	return !nat_is_due(s) || begin(n, base, s, true, why);
}

bool nat_stand(struct nat **n, struct event_base *base, const struct setup *s, char *why)
{
	struct nat_state next;
	struct nat *mine = *n;
	if (!mine && !nat_is_due(s))
		return true;
	if (!mine) {
		if (!begin(n, base, s, false, why))
			return false;
		watch(*n);
		return true;
	}
	tell_listeners(mine);
	strcpy(why, "out of memory");
	if (!make_next(mine, s, &next) || !nat_nft_run(mine->nft, nat_text_table(&next), why)) {
		forget(&next);
		return false;
	}
	forget(&mine->before);
	mine->before = mine->state;
	mine->state = next;
	note_written(mine);
	mended(mine);
	watch(mine);
	tell_from_now_on(mine);
	return true;
}

void nat_back(struct nat **n)
{
	struct nat *mine = *n;
	if (mine && !mine->before.setup) {
		nat_delete(mine);
		*n = NULL;
	}
	if (!*n)
		return;
	tell_listeners(mine);
	forget(&mine->state);
	mine->state = mine->before;
	mine->before = (struct nat_state){ .entries = NULL };
	/* Until it is written, counters have the numbers of what didn't come off. */
	for (size_t i = 0; i < mine->state.n; i++)
		mine->state.entries[i].counted = UINT64_MAX;
	mine->whole = true;
	write_or_retry(mine);
}

static void log_changes(const struct nat *n)
{
	for (size_t i = 0; i < n->state.n && !n->failed && !n->lost; i++)
		if (n->state.entries[i].changed)
			log_entry(&n->state.entries[i]);
}

void nat_refresh(struct nat *n)
{
	if (!n || n->draining || n->waiting)
		return;
	forget(&n->before);
	if (!compute_all(&n->state))
		return;
	write_or_retry(n);
	tell_from_now_on(n);
	log_changes(n);
}

void nat_enter(struct nat *n)
{
	if (!n || !n->waiting) {
		nat_refresh(n);
		return;
	}
	n->waiting = false;
	compute_all(&n->state);
	write_or_retry(n);
	watch(n);
	tell_from_now_on(n);
	log_changes(n);
}

void nat_reclaim(struct nat *n)
{
	if (!n || n->draining || nat_nft_whose(n->nft, &n->state) != NAT_ANOTHERS)
		return;
	n->claim = n->whole = true;
	write_or_retry(n);
}

void nat_drain(struct nat *n)
{
	if (!n)
		return;
	if (n->draining) { /* told to stop, and then replaced */
		if (n->wrote && nat_nft_whose(n->nft, &n->state) == NAT_ANOTHERS)
			lose(n);
		return;
	}
	n->draining = true;
	event_del(n->tell);
	event_del(n->retry);
	n->failed = false;
	/* A write that has failed leaves the table as it was before: it may well send flows on. */
	if (n->wrote)
		empty_or_retry(n);
}

unsigned nat_flows(struct nat *n)
{
	if (!n || !n->wrote || n->lost)
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

/* If it is ours, whatever we know of it. */
static void remove_table(struct nat *n)
{
	char why[NAT_WHY_MAX];
	if (!nat_nft_run(n->nft, nat_text_delete(&n->state), why) && nat_nft_whose(n->nft, &n->state) == NAT_OURS)
		log_warn("the nftables table could not be removed", "table=%s error=\"%s\"", n->state.table, why);
}

void nat_delete(struct nat *n)
{
	if (!n)
		return;
	nat_watch_delete(n->watch);
	/* After a start that failed, a predecessor's flows go on, with empty maps. */
	if (n->wrote && (n->draining || !n->found))
		remove_table(n);
	if (n->tell)
		event_free(n->tell);
	if (n->retry)
		event_free(n->retry);
	if (n->nft)
		nft_ctx_free(n->nft);
	forget(&n->state);
	forget(&n->before);
	free(n);
}
