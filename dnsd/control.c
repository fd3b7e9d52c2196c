#include "control.h"

#include <errno.h>
#include <event2/event.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu-qsbr.h>
#include "../common/check.h"
#include "../common/conf.h"
#include "../common/errs.h"
#include "../common/live.h"
#include "../common/log.h"
#include "../common/loop.h"
#include "../common/resolve.h"
#include "../common/service.h"
#include "cookie_state.h"
#include "exchange.h"
#include "flatten.h"
#include "grace.h"
#include "lb.h"
#include "lb_numbers.h"
#include "monitor.h"
#include "moving.h"
#include "notify.h"
#include "rrl.h"
#include "rtts.h"
#include "worker.h"

/* A reload parses a million names beside the query threads: they come first. */
#define LOADER_NICE 10
/* How long numbers are gathered before the query threads see them: a round of reports of all sites comes in one go. */
#define NUMBERS_MS 100
/* How often shedding is thought over, also while nobody says anything. */
#define SHED_MS 1000

struct control {
	struct event_base *base;
	char *file;
	struct generation *gen;
	struct resolver *resolver;
	struct checker *checker;
	struct live *live;
	struct monitor *monitor;
	struct cookie_secrets cookies; /* of the state folder; none until a configuration without a file wants them */
	struct rrl *rrl;               /* once made it stays: a reload forgives nobody */
	struct movings *movings;       /* what secondaries get */
	struct notify *notify;
	/* lb_states that were replaced; query threads may still look at them until the next grace period */
	struct grace *grace;
	struct lb **numbered; size_t nnumbered; /* services of the generation whose policies ask for numbers */
	struct event *numbers;
	bool numbers_soon;             /* within NUMBERS_MS */
	struct exchange *exchange;
	struct rtts *rtts;
	bool told_ready;               /* all services answer: said once */
	/* reload */
	bool loading, again;
	pthread_t loader;
	struct event *loaded;
	struct generation *next;
	struct errs errs;
};

/* ---- states of services ---- */

/* For what others let query threads see. */
static void discard_plain(void *arg, void *p)
{
	struct control *c = arg;
	grace_give(c->grace, p, free);
}

static void end_state(void *st)
{
	lb_state_delete(st);
}

static uint32_t ttl_now(const struct control *c, const struct lb *lb)
{
	const struct service *s = lb->service;
	const struct conf_dns *dns = &lb->conf->dns;
	uint32_t ttl = s->has_ttl ? s->ttl : dns->ttl;
	return monitor_restless(c->monitor, s) && dns->ttl_min < ttl ? dns->ttl_min : ttl;
}

/* What the members' verdicts mean for answers from now on. */
static void publish(struct control *c, struct lb *lb)
{
	const struct service *s = lb->service;
	struct member_view views[SERVICE_MEMBERS_MAX];
	struct gate gate;
	monitor_view(c->monitor, s, views);
	struct service *weighed = lb_weigh(s, views);
	gate_compute(weighed ? weighed : s, views, MEMBER_NO_SITE, true, &gate);
	struct lb_state *st = lb_state_new(&gate);
	if (st)
		st->weighed = weighed;
	else
		free(weighed);
	if (st && (!lb_state_keep_views(st, views, s->nmembers) || (lb->flatten && !flatten_fill(lb->flatten, st)))) {
		lb_state_delete(st);
		st = NULL;
	}
	if (!st) {
		char name[DNAME_TEXT_MAX];
		log_error("out of memory, a service keeps its old state", "service=%s", dname_to_text(s->name, name));
		return;
	}
	st->ttl = ttl_now(c, lb);
	st->ready = monitor_ready(c->monitor, s);
	for (size_t i = 0; i < s->nmembers; i++)
		if (views[i].verdict == VERDICT_DOWN)
			st->down[i / 8] |= (uint8_t)(1 << i % 8);
	grace_give(c->grace, atomic_exchange_explicit(&lb->state, st, memory_order_acq_rel), end_state);
	moving_touch(lb);
}

/* ---- numbers of members ---- */

static void publish_numbers(struct control *c, struct lb *lb, int64_t now)
{
	struct member_numbers *old;
	char name[DNAME_TEXT_MAX];
	lb->numbers_stale = false;
	if (!lb_numbers_publish(lb, now, &old))
		log_error("out of memory, a service keeps its old numbers", "service=%s", dname_to_text(lb->service->name, name));
	discard_plain(c, old);
}

static void numbers_later(struct control *c, unsigned ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	event_add(c->numbers, &tv);
}

static void on_numbers_due(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;
	int64_t now = loop_now();
	bool moving = false;
	(void)fd;
	(void)what;
	c->numbers_soon = false;
	for (size_t i = 0; i < c->nnumbered; i++) {
		struct lb *lb = c->numbered[i];
		if (lb->numbers_stale || lb_numbers_are_moving(lb))
			publish_numbers(c, lb, now);
		moving = moving || lb_numbers_are_moving(lb);
	}
	if (moving)
		numbers_later(c, SHED_MS);
}

static void on_numbers(void *arg, const struct service *s)
{
	struct control *c = arg;
	struct lb *lb = s->holder;
	if (!lb->asks_numbers || lb->numbers_stale)
		return;
	lb->numbers_stale = true;
	if (!c->numbers_soon)
		numbers_later(c, NUMBERS_MS);
	c->numbers_soon = true;
}

/* Those of the generation that come into force. */
static void adopt_numbers(struct control *c, const struct generation *g, struct lb **list)
{
	free(c->numbered);
	c->numbered = list;
	c->nnumbered = 0;
	for (size_t i = 0; i < g->nzones; i++)
		for (size_t k = 0; k < g->zones[i]->nservices; k++) {
			lb_numbers_adopt(g->zones[i]->services[k]);
			if (g->zones[i]->services[k]->asks_numbers)
				list[c->nnumbered++] = g->zones[i]->services[k];
		}
	for (size_t i = 0; i < c->nnumbered; i++)
		publish_numbers(c, c->numbered[i], loop_now());
	if (!c->numbers_soon)
		numbers_later(c, SHED_MS);
}

static void on_flattened(void *arg, struct lb *lb)
{
	publish(arg, lb);
}

/* Readiness is for the service manager: from now on every service has an answer (spec 5, start). */
static void tell_ready(struct control *c)
{
	for (size_t i = 0; i < c->gen->nzones; i++)
		for (size_t k = 0; k < c->gen->zones[i]->nservices; k++)
			if (!monitor_ready(c->monitor, c->gen->zones[i]->services[k]->service))
				return;
	c->told_ready = true;
	log_info("ready", "zones=%zu", c->gen->nzones);
	loop_notify("READY=1");
}

static void on_issued(void *arg, const struct moving *m)
{
	struct control *c = arg;
	notify_zone(c->notify, m->origin, atomic_load_explicit(&m->serial, memory_order_relaxed));
}

static void on_change(void *arg, const struct service *s)
{
	struct control *c = arg;
	publish(c, s->holder);
	if (!c->told_ready)
		tell_ready(c);
}

/* ---- generations ---- */

/* What a service needs before its first state. False: no memory. */
static bool prepare(struct control *c, struct lb *lb)
{
	struct flatten_calls calls = { .changed = on_flattened, .arg = c };
	if (lb->flattens && !lb->flatten && c->resolver && !(lb->flatten = flatten_new(c->resolver, lb, &calls)))
		return false;
	for (size_t i = 0; i < lb->service->nmembers; i++)
		if (!lb->members[i].live && !(lb->members[i].live = live_get(c->live, lb->service, &lb->service->members[i])))
			return false;
	return lb_numbers_prepare(lb);
}

static void give_back(struct control *c, struct lb *lb)
{
	flatten_delete(lb->flatten);
	lb->flatten = NULL;
	for (size_t i = 0; i < lb->service->nmembers; i++)
		if (lb->members[i].live)
			live_put(c->live, lb->members[i].live);
}

static size_t count_services(const struct generation *g)
{
	size_t n = 0;
	for (size_t i = 0; i < g->nzones; i++)
		n += g->zones[i]->nservices;
	return n;
}

/* Gives the monitor all services of a generation and publishes their states. False: no memory. */
static bool adopt(struct control *c, struct generation *g)
{
	size_t count = count_services(g), n = 0;
	struct monitor_service *list = calloc(count ? count : 1, sizeof *list);
	struct lb **numbered = calloc(count ? count : 1, sizeof(struct lb *));
	if (!list || !numbered) {
		free(list);
		free(numbered);
		return false;
	}
	for (size_t i = 0; i < g->nzones; i++) {
		for (size_t k = 0; k < g->zones[i]->nservices; k++) {
			struct lb *lb = g->zones[i]->services[k];
			if (!prepare(c, lb)) {
				free(list);
				free(numbered);
				return false;
			}
			list[n++] = (struct monitor_service){ .service = lb->service, .conf = lb->conf };
		}
	}
	bool ok = monitor_set_services(c->monitor, list, n, g->conf);
	free(list);
	for (size_t i = 0; ok && i < g->nzones; i++)
		for (size_t k = 0; k < g->zones[i]->nservices; k++)
			publish(c, g->zones[i]->services[k]);
	if (!ok) {
		free(numbered);
		return false;
	}
	adopt_numbers(c, g, numbered);
	notify_configure(c->notify, g->conf);
	if (!movings_follow(c->movings, g))
		return false;
	exchange_set_generation(c->exchange, g, c->monitor);
	return true;
}

/* The secret is the process's for its life: what a file or the folder says later is for the next start. */
static const struct cookie_secrets *own_cookies(struct control *c, const struct conf *conf)
{
	char why[COOKIE_STATE_WHY_MAX];
	if (!c->cookies.n && !cookie_state_load(conf->state, &c->cookies, why))
		log_warn("the cookie secret is kept in memory only", "error=\"%s\"", why);
	return c->cookies.n ? &c->cookies : NULL;
}

static void publish_rtt(struct control *c, struct generation *g)
{
	struct rtt_table *old = atomic_exchange_explicit(&g->rtt, rtts_table(c->rtts, g->conf, loop_now()), memory_order_acq_rel);
	discard_plain(c, old);
}

static void on_rtt(void *arg)
{
	struct control *c = arg;
	publish_rtt(c, c->gen);
}

/* What query threads need besides the zones. */
static void equip(struct control *c, struct generation *g)
{
	const struct conf_dns *dns = &g->conf->dns;
	uint64_t seed;
	publish_rtt(c, g);
	if (dns->cookies)
		g->cookies = dns->cookie_secrets.n ? &dns->cookie_secrets : own_cookies(c, g->conf);
	if (!dns->responses_per_second)
		return;
	if (!c->rrl && getrandom(&seed, sizeof seed, 0) == sizeof seed)
		c->rrl = rrl_new(seed);
	if (!c->rrl)
		log_error("out of memory, answers are not limited", "%s", "");
	g->rrl = c->rrl;
}

/* A generation that nobody sees any more. Zones that live on in another one keep their records. */
static void retire(struct control *c, struct generation *g)
{
	for (size_t i = 0; i < g->nzones; i++)
		for (size_t k = 0; g->zones[i]->refs == 1 && k < g->zones[i]->nservices; k++)
			give_back(c, g->zones[i]->services[k]);
	generation_delete(g);
}

static void swap(struct control *c, struct generation *next)
{
	if (!adopt(c, next)) {
		log_error("reload failed, the old configuration stays in force", "error=\"out of memory\"");
		adopt(c, c->gen);
		retire(c, next);
		return;
	}
	equip(c, next);
	struct generation *old = c->gen;
	atomic_store_explicit(&current_generation, next, memory_order_release);
	c->gen = next;
	synchronize_rcu();
	retire(c, old);
	conf_log_places(next->conf);
	generation_warn(next);
	log_info("reloaded", "zones=%zu services=%zu", next->nzones, count_services(next));
}

/* ---- reload ---- */

static void *load(void *arg)
{
	struct control *c = arg;
	pthread_setname_np(pthread_self(), "loader");
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), LOADER_NICE);
	struct conf *conf = conf_load(c->file, &c->errs);
	if (conf && !conf->has_dns) {
		errs_add(&c->errs, c->file, 0, 0, "there is no \"dns\" section");
		conf_free(conf);
		conf = NULL;
	}
	c->next = conf ? generation_load(conf, c->gen, &c->errs) : NULL;
	malloc_trim(0); /* what reading took, and the generation before the last: tens of megabytes with a million networks */
	uint64_t one = 1;
	if (write(event_get_fd(c->loaded), &one, sizeof one) < 0)
		log_error("cannot tell that a reload has ended", "error=\"%s\"", strerror(errno));
	return NULL;
}

/* What is bound or dropped at the start can't follow a reload; nobody should believe that it did. */
static void warn_unchanged(const struct conf *old, const struct conf *new)
{
	bool listen = old->dns.nlisten != new->dns.nlisten || old->own->ncontrol_bind != new->own->ncontrol_bind;
	for (size_t i = 0; !listen && i < new->dns.nlisten; i++)
		listen = !addr_equal(&old->dns.listen[i], &new->dns.listen[i]);
	for (size_t i = 0; !listen && i < new->own->ncontrol_bind; i++)
		listen = !addr_equal(&old->own->control_bind[i], &new->own->control_bind[i]);
	struct { const char *key; bool differs; } keys[] = {
		{ "dns.listen", listen },
		{ "dns.threads", old->dns.threads != new->dns.threads },
		{ "user", strcmp(old->user, new->user) != 0 },
		{ "run", strcmp(old->run, new->run) != 0 },
		{ "state", strcmp(old->state, new->state) != 0 },
		{ "site", strcmp(old->own->name, new->own->name) != 0 },
		{ "instance", strcmp(old->instance, new->instance) != 0 },
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].differs)
			log_warn("a changed key needs a restart", "key=%s", keys[i].key);
}

static void on_loaded(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;
	uint64_t count;
	(void)what;
	if (read(fd, &count, sizeof count) < 0)
		return;
	pthread_join(c->loader, NULL);
	c->loading = false;
	errs_log(&c->errs);
	if (c->next) {
		if (c->errs.count)
			log_error("zones with errors keep their old version", "errors=%zu", c->errs.count);
		warn_unchanged(c->gen->conf, c->next->conf);
		swap(c, c->next);
	} else {
		log_error("reload failed, the old configuration stays in force", "errors=%zu", c->errs.count);
	}
	c->next = NULL;
	errs_free(&c->errs);
	loop_notify("READY=1");
	if (c->again)
		control_reload(c);
}

void control_reload(struct control *c)
{
	c->again = c->loading;
	if (c->loading)
		return;
	log_info("reloading", "file=%s", c->file);
	loop_notify_reloading();
	errs_init(&c->errs);
	int e = pthread_create(&c->loader, NULL, load, c);
	if (e)
		log_error("reload failed, the old configuration stays in force", "error=\"%s\"", strerror(e));
	c->loading = e == 0;
}

/* ---- exchange ---- */

static void on_seen(void *arg, const struct service *s, const struct member *m, struct live_member *l)
{
	struct control *c = arg;
	(void)m;
	exchange_seen(c->exchange, s, l);
}

static enum verdict on_order(void *arg, const struct service *s, const struct member *m)
{
	struct control *c = arg;
	const struct lb *lb = s->holder;
	return exchange_order(c->exchange, lb->conf, s, m);
}

static uint64_t on_cleared(void *arg, const struct service *s, const struct member *m)
{
	struct control *c = arg;
	const struct lb *lb = s->holder;
	return exchange_cleared(c->exchange, lb->conf, s, m);
}

static void on_site(void *arg, const struct observer *who, bool heard)
{
	struct control *c = arg;
	exchange_note_site(c->exchange, who, heard);
}

/* ---- life ---- */

static bool make_parts(struct control *c, const char *file)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const char *why = NULL;
	struct monitor_calls calls = { .changed = on_change, .seen = on_seen, .numbers = on_numbers, .order = on_order,
	                               .cleared = on_cleared, .site = on_site, .retire = discard_plain, .arg = c };
	struct rtts_calls rtt = { .changed = on_rtt, .arg = c };
	struct exchange_calls exchange = { .retire = discard_plain, .arg = c };
	c->file = strdup(file);
	c->loaded = fd < 0 ? NULL : event_new(c->base, fd, EV_READ | EV_PERSIST, on_loaded, c);
	c->grace = grace_new(c->base);
	c->numbers = event_new(c->base, -1, 0, on_numbers_due, c);
	c->resolver = resolver_new(c->base, NULL, &why);
	if (!c->resolver) /* only host name targets need it: without them nobody misses it */
		log_error("names cannot be resolved", "error=\"%s\"", why);
	c->checker = checker_new(c->base, c->resolver);
	c->live = live_new();
	if (!c->file || !c->loaded || !c->grace || !c->numbers || !c->checker || !c->live || event_add(c->loaded, NULL) < 0)
		return false;
	c->rtts = rtts_new(c->base, &rtt);
	if (!c->rtts)
		return false;
	c->exchange = exchange_new(c->base, c->live, c->rtts, c->gen->conf->state, &exchange);
	if (!c->exchange)
		return false;
	c->monitor = monitor_new(c->base, c->checker, c->gen->conf, c->live, &calls);
	struct moving_calls issued = { .issued = on_issued, .arg = c };
	c->movings = movings_new(c->base, c->gen->conf, &issued);
	c->notify = notify_new(c->base);
	return c->monitor && c->movings && c->notify;
}

struct control *control_new(struct event_base *base, const char *file, struct generation *gen)
{
	struct control *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->base = base;
	c->gen = gen;
	if (!make_parts(c, file) || !adopt(c, gen)) {
		control_delete(c);
		return NULL;
	}
	equip(c, gen);
	atomic_store_explicit(&current_generation, gen, memory_order_release);
	conf_log_places(gen->conf);
	generation_warn(gen);
	tell_ready(c);
	return c;
}

void control_delete(struct control *c)
{
	if (c->loading)
		pthread_join(c->loader, NULL);
	errs_free(&c->errs);
	exchange_delete(c->exchange);
	rtts_delete(c->rtts);
	if (c->monitor)
		monitor_delete(c->monitor);
	atomic_store_explicit(&current_generation, NULL, memory_order_release);
	movings_delete(c->movings);
	notify_delete(c->notify);
	if (c->next)
		retire(c, c->next);
	retire(c, c->gen);
	grace_delete(c->grace);
	rrl_delete(c->rrl);
	explicit_bzero(&c->cookies, sizeof c->cookies);
	if (c->live)
		live_delete(c->live);
	if (c->checker)
		checker_delete(c->checker);
	if (c->resolver)
		resolver_delete(c->resolver);
	if (c->numbers)
		event_free(c->numbers);
	free(c->numbered);
	if (c->loaded) {
		close(event_get_fd(c->loaded));
		event_free(c->loaded);
	}
	free(c->file);
	free(c);
}
