#include "exchange_parts.h"

#include <stdlib.h>
#include <string.h>
#include "../common/log.h"
#include "../common/loop.h"

/* --- for others --- */

void exchange_seen(struct exchange *x, const struct service *s, struct live_member *l)
{
	struct zone *z = generation_zone_at(x->gen, s->origin);
	if (z && x->monitor)
		exchange_say(x, z, l, observe_own(observe_of(x)));
}

uint64_t exchange_cleared(const struct exchange *x, const struct conf *conf, const struct service *s, const struct member *m)
{
	return admin_cleared(x->admin, s, m, m->site == MEMBER_NO_SITE ? NULL : conf->sites[m->site].name);
}

enum verdict exchange_order(const struct exchange *x, const struct conf *conf, const struct service *s, const struct member *m)
{
	return admin_order(x->admin, s, m, m->site == MEMBER_NO_SITE ? NULL : conf->sites[m->site].name);
}

void exchange_note_site(struct exchange *x, const struct observer *who, bool heard)
{
	(void)x;
	if (heard)
		log_info(who->dnsd ? "site is heard" : "forwarder is heard", "site=%.*s observer=%s", (int)who->site_end, who->name, who->name);
	else
		log_warn(who->dnsd ? "site is not heard" : "forwarder is not heard", "site=%.*s observer=%s", (int)who->site_end, who->name, who->name);
}

/* --- peers --- */

/* Where we are reached ourselves; behind NAT, where the addresses don't show it, a site with as many local ones has one dnsd. */
static bool is_self(const struct site *own, const struct addr *a)
{
	for (size_t i = 0; i < own->ncontrol_bind; i++)
		if (addr_equal(&own->control_bind[i], a))
			return true;
	return own->ncontrol == own->ncontrol_bind;
}

static int64_t silence_of(const struct conf *c)
{
	int64_t silence = observation_lifetime(true, INT64_MAX, loop_seconds(c->exchange.interval));
	return silence < NS_PER_SECOND ? NS_PER_SECOND : silence;
}

static struct link *take_link(struct link **old, size_t n, const char *site, const struct addr *to, const struct addr *from)
{
	for (size_t i = 0; i < n; i++) {
		struct link *l = old[i];
		if (!l || !link_is(l, site, to, from))
			continue;
		old[i] = NULL;
		return l;
	}
	return NULL;
}

static void add_link(struct exchange *x, struct link **old, size_t nold, const struct site *s, const struct addr *to)
{
	const struct conf *c = x->gen->conf;
	const struct addr *source = conf_probe_source(c, to->sa.sa_family);
	struct addr from = { .sa.sa_family = AF_UNSPEC };
	if (source)
		from = *source;
	struct link *l = take_link(old, nold, s->name, to, &from);
	if (!l)
		l = link_new(x->base, "a peer", s->name, to, &from, silence_of(c));
	if (l)
		x->links[x->nlinks++] = l;
	else
		log_error("out of memory, a peer is told nothing", "site=%s", s->name);
}

/* Connections to addresses that are still there go on. */
static void make_links(struct exchange *x)
{
	const struct conf *c = x->gen->conf;
	struct link **old = x->links;
	size_t nold = x->nlinks, count = 1;
	for (size_t i = 0; i < c->nsites; i++)
		count += c->sites[i].ncontrol;
	x->links = calloc(count, sizeof(struct link *));
	x->nlinks = 0;
	for (size_t i = 0; x->links && i < c->nsites; i++)
		for (size_t k = 0; k < c->sites[i].ncontrol; k++)
			if (&c->sites[i] != c->own || !is_self(c->own, &c->sites[i].control[k]))
				add_link(x, old, nold, &c->sites[i], &c->sites[i].control[k]);
	for (size_t i = 0; i < nold; i++)
		link_delete(old[i]);
	free(old);
}

/* What the sites have said of a zone is not forgotten when it is read again. */
static void keep_heard(const struct zone *from, struct zone *to)
{
	for (size_t i = 0; i < to->conf->nsites; i++)
		for (size_t k = 0; k < from->conf->nsites; k++)
			if (strcmp(to->conf->sites[i].name, from->conf->sites[k].name) == 0) {
				to->heard[i].last = atomic_load(&from->heard[k].last);
				to->heard[i].config = atomic_load(&from->heard[k].config);
				to->heard[i].differs = from->heard[k].differs;
			}
}

void exchange_set_generation(struct exchange *x, const struct generation *gen, struct monitor *monitor)
{
	const struct generation *old = x->gen;
	for (size_t i = 0; old && i < gen->nzones; i++) {
		const struct zone *before = generation_zone_at(x->gen, gen->zones[i]->origin);
		if (before && before != gen->zones[i])
			keep_heard(before, gen->zones[i]);
	}
	owners_delete(x->owners);
	x->owners = owners_new(gen);
	x->gen = gen;
	x->monitor = monitor;
	x->npending = 0;
	x->all = true;
	make_links(x);
	event_active(&x->flush, EV_TIMEOUT, 1);
	int64_t interval = loop_seconds(gen->conf->exchange.interval);
	const struct timeval tv = { .tv_sec = (time_t)(interval / NS_PER_SECOND), .tv_usec = (suseconds_t)(interval % NS_PER_SECOND / 1000) };
	event_del(&x->interval);
	event_add(&x->interval, &tv);
}

/* --- orders --- */

static void on_ended(void *arg)
{
	struct exchange *x = arg;
	log_info("an order's time is over", "%s", "");
	if (x->monitor)
		monitor_judge_all(x->monitor);
}

static void on_saved(void *arg, uint64_t mark, bool good)
{
	exchange_note_saved(arg, mark, good);
}

static void retire(void *arg, void *p)
{
	struct exchange *x = arg;
	x->calls.retire(x->calls.arg, p);
}

/* --- begin and end --- */

struct exchange *exchange_new(struct event_base *base, struct live *live, struct rtts *rtts, const char *state, const struct exchange_calls *calls)
{
	struct exchange *x = calloc(1, sizeof *x);
	const struct admin_calls admin_calls = { .ended = on_ended, .saved = on_saved, .retire = retire, .arg = x };
	if (!x)
		return NULL;
	x->base = base;
	x->live = live;
	x->rtts = rtts;
	x->calls = *calls;
	event_assign(&x->interval, base, -1, EV_PERSIST, exchange_on_interval, x);
	evtimer_assign(&x->flush, base, exchange_on_flush, x);
	x->admin = admin_new(base, state, &admin_calls);
	x->phrases = phrases_new();
	x->said = calloc(RECORDS_MAX, sizeof *x->said);
	if (x->admin && x->phrases && x->said && exchange_send_begin(x) && inbox_begin(base, exchange_receive, x))
		return x;
	admin_delete(x->admin);
	phrases_delete(x->phrases);
	exchange_send_end(x);
	free(x->said);
	free(x);
	return NULL;
}

void exchange_delete(struct exchange *x)
{
	if (!x)
		return;
	inbox_end();
	event_del(&x->interval);
	event_del(&x->flush);
	for (size_t i = 0; i < x->nlinks; i++)
		link_delete(x->links[i]);
	free(x->links);
	for (struct waiting *w = x->waiting, *next; w; w = next) {
		next = w->next;
		tsig_end(&w->tsig);
		free(w->message);
		free(w);
	}
	admin_delete(x->admin);
	owners_delete(x->owners);
	phrases_delete(x->phrases);
	exchange_send_end(x);
	free(x->said);
	free(x);
}
