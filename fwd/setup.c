#include "setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "certificate.h"
#include "front.h"
#include "loop.h"
#include "loops.h"
#include "nat.h"
#include "source.h"
#include "policy_warn.h"
#include "wheel.h"
#include "zonefile.h"

/* --- services: from the zones, only those that a listener names --- */

struct zone_walk {
	struct setup *setup;
	struct errs *errs;
};

static bool is_named(const struct setup *s, const uint8_t *service)
{
	for (size_t i = 0; i < s->conf->forward.nlisteners; i++)
		if (dname_equal(s->conf->forward.listeners[i].service, service))
			return true;
	return false;
}

static const struct service *find_service(const struct setup *s, const uint8_t *name)
{
	for (size_t i = 0; i < s->nservices; i++)
		if (dname_equal(s->services[i]->name, name))
			return s->services[i];
	return NULL;
}

static void take_service(void *arg, struct service *service)
{
	struct zone_walk *walk = arg;
	struct setup *s = walk->setup;
	if (!is_named(s, service->name) || find_service(s, service->name)) {
		service_free(service);
		return;
	}
	struct service **more = realloc(s->services, (s->nservices + 1) * sizeof(struct service *));
	if (!more) {
		errs_add(walk->errs, NULL, 0, 0, "out of memory");
		service_free(service);
		return;
	}
	s->services = more;
	s->services[s->nservices++] = service;
}

static void read_zone(void *arg, const char *file, const uint8_t *origin)
{
	struct zone_walk *walk = arg;
	struct zonefile_sink sink = { .record = NULL, .service = take_service, .arg = walk };
	zonefile_read(file, origin, walk->setup->conf, &sink, walk->errs);
}

static void read_zones(struct setup *s, struct errs *errs)
{
	struct zone_walk walk = { .setup = s, .errs = errs };
	if (!s->conf->has_dns) {
		errs_add(errs, s->conf->file, 0, 0, "no dns group: the forwarder reads its services from dns.zones");
		return;
	}
	zonefile_each(s->conf->dns.zones, errs, read_zone, &walk);
}

/* --- listeners --- */

static struct listener_count *get_count(struct setup_home *home, const struct conf_listener *l)
{
	for (struct listener_count *c = home->counts; c; c = c->next) {
		if (strcmp(c->service, l->service_text) == 0 && addr_equal(&c->first, &l->listen[0]) && c->datagram == (l->protocol == FWD_UDP)) {
			c->refs++;
			return c;
		}
	}
	struct listener_count *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->service = strdup(l->service_text);
	if (!c->service) {
		free(c);
		return NULL;
	}
	c->first = l->listen[0];
	c->datagram = l->protocol == FWD_UDP;
	c->refs = 1;
	c->next = home->counts;
	home->counts = c;
	return c;
}

static void put_count(struct setup_home *home, struct listener_count *c)
{
	if (--c->refs)
		return;
	struct listener_count **at = &home->counts;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c->service);
	free(c);
}

static void set_times(struct listener *l)
{
	l->connect_ticks = wheel_ticks(l->conf->connect_timeout * 1000);
	l->idle_ticks = wheel_ticks(l->conf->idle_timeout * 1000);
	l->client_ticks = wheel_ticks(l->conf->client_timeout * 1000);
}

static void load_certificate(const struct setup *s, struct listener *l, struct errs *errs)
{
	char why[CERTIFICATE_WHY_MAX];
	l->certificate = certificate_load(&l->conf->tls, why);
	if (l->certificate)
		certificate_warn(l->certificate, l->conf, l->service);
	else
		errs_add(errs, s->conf->file, l->conf->line, 0, "listener for %s: %s", l->conf->service_text, why);
}

static void make_listener(struct setup_home *home, struct setup *s, const struct conf_listener *c, struct errs *errs)
{
	struct listener *l = &s->listeners[s->nlisteners++];
	char why[REDIRECT_WHY_MAX];
	l->conf = c;
	l->setup = s;
	l->service = find_service(s, c->service);
	set_times(l);
	if (!l->service) {
		errs_add(errs, s->conf->file, c->line, 0, "listener for %s: no zone in %s defines this service",
		         c->service_text, s->conf->dns.zones);
		return;
	}
	if (c->protocol == FWD_HTTP && !(l->redirect = redirect_new(s->conf, c, l->service, why)))
		errs_add(errs, s->conf->file, c->line, 0, "listener for %s: %s", c->service_text, why);
	if (c->tls.certificate)
		load_certificate(s, l, errs);
	if (!home)
		return;
	l->pool = pool_new(home->servers, c, home->workers);
	l->count = get_count(home, c);
	if (!l->pool || !l->count)
		errs_add(errs, NULL, 0, 0, "out of memory");
}

/* --- who may not be forwarded --- */

static int compare_ip(const void *a, const void *b)
{
	const struct addr *x = a, *y = b;
	if (x->sa.sa_family != y->sa.sa_family)
		return x->sa.sa_family < y->sa.sa_family ? -1 : 1;
	return memcmp(addr_bytes(x), addr_bytes(y), x->sa.sa_family == AF_INET6 ? 16 : 4);
}

static void add_sources(struct setup *s, const struct addr *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->site_sources[s->nsite_sources++] = from[i];
}

static bool collect_sources(struct setup *s)
{
	size_t n = 0;
	const struct conf *c = s->conf;
	for (size_t i = 0; i < c->nsites; i++)
		n += c->sites[i].ncontrol + c->sites[i].nproxy_ip + c->sites[i].ncontrol_bind + c->sites[i].nproxy_bind;
	s->site_sources = calloc(n + 1, sizeof *s->site_sources);
	if (!s->site_sources)
		return false;
	for (size_t i = 0; i < c->nsites; i++) {
		const struct site *site = &c->sites[i];
		add_sources(s, site->control, site->ncontrol);
		add_sources(s, site->proxy_ip, site->nproxy_ip);
		/* Our own probes and relays, when they meet a listener of ours without passing the NAT. */
		if (site == c->own) {
			add_sources(s, site->control_bind, site->ncontrol_bind);
			add_sources(s, site->proxy_bind, site->nproxy_bind);
		}
	}
	qsort(s->site_sources, s->nsite_sources, sizeof *s->site_sources, compare_ip);
	return true;
}

bool setup_is_site(const struct setup *s, const struct addr *source)
{
	struct addr key = *source;
	addr_unmap(&key);
	return bsearch(&key, s->site_sources, s->nsite_sources, sizeof key, compare_ip) != NULL;
}

/* --- whole --- */

static void read_all(struct setup *s, const struct setup *before, struct errs *errs)
{
	if (!s->conf->has_forward) {
		errs_add(errs, s->conf->file, 0, 0, "no forward group: there is nothing for the forwarder to do");
		return;
	}
	read_zones(s, errs);
	conf_load_places(s->conf, before ? before->conf : NULL, errs);
}

struct setup *setup_read(const char *file, const struct setup *before, struct errs *errs)
{
	struct setup *s = calloc(1, sizeof *s);
	if (!s) {
		errs_add(errs, NULL, 0, 0, "out of memory");
		return NULL;
	}
	s->refs = 1;
	s->conf = conf_load(file, errs);
	if (s->conf)
		read_all(s, before, errs);
	return s;
}

static void make_all(struct setup_home *home, struct setup *s, struct errs *errs)
{
	if (home && !home->workers)
		home->workers = s->conf->forward.threads ? s->conf->forward.threads : loop_cores();
	s->listeners = calloc(s->conf->forward.nlisteners + 1, sizeof *s->listeners);
	if (!s->listeners || !collect_sources(s)) {
		errs_add(errs, NULL, 0, 0, "out of memory");
		return;
	}
	for (size_t i = 0; i < s->conf->forward.nlisteners; i++)
		make_listener(home, s, &s->conf->forward.listeners[i], errs);
	loops_check(s->conf, errs);
	nat_check(s, errs);
	if (errs->count == 0)
		source_warn(s->conf->own);
	fronts_make(s, !home, errs);
}

struct setup *setup_make(struct setup_home *home, struct setup *s, struct errs *errs)
{
	if (s && s->conf && s->conf->has_forward)
		make_all(home, s, errs);
	if (errs->count == 0)
		return s;
	if (s)
		setup_free(home, s);
	return NULL;
}

void setup_warn(const struct setup *s)
{
	struct policy_warn w;
	policy_warn_begin(&w, s->conf);
	for (size_t i = 0; i < s->nservices; i++)
		policy_warn_add(&w, s->services[i]);
	policy_warn_end(&w);
}

static bool watch_servers(struct setup_home *home, const struct setup *s)
{
	for (size_t i = 0; i < s->nlisteners; i++)
		if (!pool_watch(home->servers, s->listeners[i].pool, s->listeners[i].conf))
			return false;
	return true;
}

bool setup_begin(struct setup_home *home, struct setup *s, const struct setup *before, char *why)
{
	s->peers = peers_new(home->base, s->conf, (const struct service *const *)s->services, s->nservices,
	                     before ? before->peers : NULL, why);
	if (!s->peers)
		return false;
	peers_wake(s->peers, home->wake);
	peers_on_pass(s->peers, home->pass, home->arg);
	for (size_t i = 0; i < s->nlisteners; i++)
		s->listeners[i].peers = peers_find(s->peers, s->listeners[i].service->name);
	if (watch_servers(home, s))
		return true;
	strcpy(why, "out of memory");
	if (before)
		watch_servers(home, before); /* what they borrow from `s` is about to go */
	return false;
}

void setup_hold(struct setup *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void setup_release(struct setup_home *home, struct setup *s)
{
	if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	uint64_t one = 1;
	while (write(home->wake, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void setup_free(struct setup_home *home, struct setup *s)
{
	if (s->peers)
		peers_delete(s->peers);
	for (size_t i = 0; i < s->nlisteners; i++) {
		struct listener *l = &s->listeners[i];
		if (l->redirect)
			redirect_delete(l->redirect);
		certificate_free(l->certificate);
		if (l->pool)
			pool_delete(home->servers, l->pool);
		if (l->count)
			put_count(home, l->count);
	}
	fronts_free(s);
	free(s->listeners);
	for (size_t i = 0; i < s->nservices; i++)
		service_free(s->services[i]);
	free(s->services);
	free(s->site_sources);
	if (s->conf)
		conf_free(s->conf);
	free(s);
}
