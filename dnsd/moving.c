#include "moving.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <urcu-qsbr.h>
#include "../common/conf.h"
#include "../common/log.h"
#include "../common/loop.h"
#include "generation.h"
#include "lb.h"
#include "serial.h"
#include "serials.h"

/* What changes within so much time becomes one serial: a site's members fail together, but not in the same instant. */
#define GATHER_MS 50
/* Under constant change a serial this often: four a second leave a secondary time to follow "within a second". */
#define APART_MS 250
/* How often to look whether an old version is still being sent. */
#define LINGER_SECONDS 1
/* A server with tens of thousands of zones finds each in a few steps. */
#define HASH_SLOTS 4096

struct movings {
	struct event_base *base;
	struct moving_calls calls;
	struct serials *serials;
	struct moving *first, *hash[HASH_SLOTS];
	unsigned follows;                 /* calls of movings_follow */
	struct zone_version *old;         /* replaced: freed once nobody can hold them */
	struct event *collect;
	uint32_t index, sites;            /* serials are congruent to the site's index modulo the number of sites */
};

/* ---- old versions ---- */

static void free_version(struct zone_version *v)
{
	struct zone *z = (struct zone *)(uintptr_t)v->zone;
	version_delete(v);
	generation_unpin(z);
}

static void on_collect(evutil_socket_t fd, short what, void *arg)
{
	struct movings *all = arg;
	struct timeval later = { LINGER_SECONDS, 0 };
	bool grace = false;
	(void)fd;
	(void)what;
	for (struct zone_version *v = all->old; v; v = v->next)
		grace |= !v->unseen;
	if (grace)
		synchronize_rcu();
	for (struct zone_version **p = &all->old; *p;) {
		struct zone_version *v = *p;
		v->unseen = true;
		if (atomic_load_explicit(&v->users, memory_order_acquire)) {
			p = &v->next;
			continue;
		}
		*p = v->next;
		free_version(v);
	}
	if (all->old)
		event_add(all->collect, &later);
}

static void put_in_force(struct moving *m, struct zone_version *v)
{
	struct movings *all = m->all;
	struct timeval now = { 0, 0 };
	if (v)
		generation_pin((struct zone *)(uintptr_t)v->zone);
	struct zone_version *old = atomic_exchange_explicit(&m->current, v, memory_order_acq_rel);
	if (!old)
		return;
	old->next = all->old;
	all->old = old;
	event_add(all->collect, &now);
}

/* ---- serials ---- */

static uint32_t next_serial(struct moving *m)
{
	uint32_t last = atomic_load_explicit(&m->serial, memory_order_relaxed);
	if (m->zone && serial_before(last, m->zone->serial))
		last = m->zone->serial;
	return serial_next(last, (uint32_t)time(NULL), m->all->index, m->all->sites);
}

static void show_serial(struct moving *m, uint32_t serial)
{
	if (serial_before(m->saved, serial))
		m->saved = serials_reserve(m->all->serials, m->origin, serial, m->all->sites);
	atomic_store_explicit(&m->serial, serial, memory_order_relaxed);
}

/* ---- new versions ---- */

static bool is_ready(const struct zone *z)
{
	for (size_t i = 0; i < z->nservices; i++) {
		const struct lb_state *st = atomic_load_explicit(&z->services[i]->state, memory_order_relaxed);
		if (!st || !st->ready)
			return false;
	}
	return true;
}

static struct render *render_now(const struct zone *z, size_t service)
{
	const struct lb *lb = z->services[service];
	return render_new(z, lb, atomic_load_explicit(&lb->state, memory_order_relaxed));
}

/* Read again, but the same records and services: what differs, if anything, are the services' answers. */
static bool same_frame(const struct zone *a, const struct zone *b)
{
	if (a == b)
		return true;
	if (a->records_hash != b->records_hash || a->nrecords != b->nrecords || a->nservices != b->nservices)
		return false;
	for (size_t i = 0; i < a->nservices; i++)
		if (!dname_equal(a->services[i]->service->name, b->services[i]->service->name))
			return false;
	return true;
}

static void put_version(struct moving *m, struct zone_version *v, uint32_t serial)
{
	bool told = atomic_load_explicit(&m->current, memory_order_relaxed) && serial == atomic_load_explicit(&m->serial, memory_order_relaxed);
	m->issued = loop_now();
	put_in_force(m, v);
	show_serial(m, serial);
	if (!told)
		m->all->calls.issued(m->all->calls.arg, m);
}

/* All of the zone, as something new. False: no memory. */
static bool issue_whole(struct moving *m, uint32_t serial)
{
	const struct zone *z = m->zone;
	struct render **renders = calloc(z->nservices ? z->nservices : 1, sizeof(struct render *));
	size_t n = 0;
	while (renders && n < z->nservices && (renders[n] = render_now(z, n)))
		n++;
	struct zone_version *v = NULL;
	if (renders && n == z->nservices)
		v = version_new(z, serial, renders);
	else
		while (n)
			render_drop(renders[--n]);
	free(renders);
	if (v)
		put_version(m, v, serial);
	return v != NULL;
}

/* Which of these services (NULL: of all) have other records than in `old`. False: no memory. */
static bool find_changes(const struct zone *z, const struct zone_version *old, const uint32_t *services, size_t count,
                         struct version_change *out, size_t *n)
{
	for (size_t i = 0; i < count; i++) {
		size_t service = services ? services[i] : i;
		struct render *r = render_now(z, service);
		if (!r)
			return false;
		if (render_equal(r, version_render(old, service)))
			render_drop(r);
		else
			out[(*n)++] = (struct version_change){ .service = service, .render = r };
	}
	return true;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* Each once: a version must not have two renders of one service. */
static void sort_touched(struct moving *m)
{
	size_t n = 0;
	if (m->ntouched)
		qsort(m->touched, m->ntouched, sizeof *m->touched, by_number);
	for (size_t i = 0; i < m->ntouched; i++)
		if (i == 0 || m->touched[i] != m->touched[i - 1])
			m->touched[n++] = m->touched[i];
	m->ntouched = n;
}

/* Only what differs from the version in force. False: no memory. */
static bool issue_changes(struct moving *m, const struct zone_version *old)
{
	size_t count = m->anew ? m->zone->nservices : m->ntouched, n = 0;
	struct version_change *changes = calloc(count ? count : 1, sizeof *changes);
	sort_touched(m);
	if (!m->anew)
		count = m->ntouched;
	if (!changes || !find_changes(m->zone, old, m->anew ? NULL : m->touched, count, changes, &n)) {
		while (n)
			render_drop(changes[--n].render);
		free(changes);
		return false;
	}
	bool ok = true;
	if (n || m->anew) {
		uint32_t serial = n ? next_serial(m) : old->serial;
		struct zone_version *v = version_next(old, m->zone, serial, changes, n);
		ok = v != NULL;
		if (ok)
			put_version(m, v, serial);
	}
	free(changes);
	return ok;
}

/* Not before every service has a state: a zone without some of its names is worse than none (spec 5, start). */
static void issue(struct moving *m)
{
	const struct zone_version *old = atomic_load_explicit(&m->current, memory_order_relaxed);
	if (!m->zone || (m->anew && !is_ready(m->zone)))
		return;
	bool ok;
	if (!old)
		ok = issue_whole(m, atomic_load_explicit(&m->serial, memory_order_relaxed));
	else if (same_frame(old->zone, m->zone))
		ok = issue_changes(m, old);
	else
		ok = issue_whole(m, next_serial(m));
	if (!ok) {
		log_error("out of memory, secondaries get no new version of a zone", "serial=%u", atomic_load(&m->serial));
		m->anew = true; /* the next change brings this one along */
	} else {
		m->anew = false;
	}
	m->ntouched = 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct moving *m = arg;
	(void)fd;
	(void)what;
	m->waiting = false;
	issue(m);
}

static void issue_soon(struct moving *m)
{
	if (m->waiting)
		return;
	int64_t wait = GATHER_MS * NS_PER_MS, apart = m->issued + APART_MS * NS_PER_MS - loop_now();
	if (m->issued && apart > wait)
		wait = apart;
	if (!atomic_load_explicit(&m->current, memory_order_relaxed))
		wait = 0; /* nobody gets anything until then */
	struct timeval t = { 0, (suseconds_t)(wait / 1000) };
	event_add(m->timer, &t);
	m->waiting = true;
}

void moving_touch(const struct lb *lb)
{
	struct moving *m = atomic_load_explicit(&lb->zone->moving, memory_order_relaxed);
	if (!m || m->zone != lb->zone)
		return;
	if (!m->anew && m->ntouched == m->touched_room) {
		size_t room = m->touched_room ? m->touched_room * 2 : 16;
		uint32_t *more = realloc(m->touched, room * sizeof *more);
		if (more) {
			m->touched = more;
			m->touched_room = room;
		} else {
			m->anew = true; /* look at all of them */
		}
	}
	if (!m->anew)
		m->touched[m->ntouched++] = (uint32_t)lb->index;
	issue_soon(m);
}

/* ---- zones ---- */

static struct moving *find(const struct movings *all, const struct zone *z)
{
	struct moving *m = all->hash[z->hash % HASH_SLOTS];
	while (m && !dname_equal(m->origin, z->origin))
		m = m->chain;
	return m;
}

static void moving_delete(struct moving *m)
{
	if (m->timer)
		event_free(m->timer);
	free(m->touched);
	free(m);
}

static struct moving *moving_new(struct movings *all, struct zone *z)
{
	struct moving *m = calloc(1, sizeof *m);
	if (!m || !(m->timer = event_new(all->base, -1, 0, on_timer, m))) {
		free(m);
		return NULL;
	}
	m->all = all;
	memcpy(m->origin, z->origin, z->origin_len);
	uint32_t last = z->serial, saved;
	if (serials_find(all->serials, m->origin, &saved) && serial_before(last, saved))
		last = saved;
	m->saved = last;
	show_serial(m, serial_next(last, (uint32_t)time(NULL), all->index, all->sites));
	m->next = all->first;
	all->first = m;
	m->chain = all->hash[z->hash % HASH_SLOTS];
	all->hash[z->hash % HASH_SLOTS] = m;
	return m;
}

static bool wanted(const struct conf *c)
{
	bool keys = false;
	for (size_t i = 0; i < c->nkeys; i++)
		keys |= c->keys[i].role == KEY_ROLE_TRANSFER;
	return keys || c->dns.ntransfer_prefixes || c->dns.ntransfer_keys || c->dns.nnotify;
}

/* The movings of all zones of `g`, made where they are missing. False: no memory. */
static bool make_missing(struct movings *all, const struct generation *g, struct moving **of)
{
	for (size_t i = 0; i < g->nzones; i++) {
		struct zone *z = g->zones[i];
		of[i] = atomic_load_explicit(&z->moving, memory_order_relaxed);
		if (!of[i])
			of[i] = find(all, z);
		if (!of[i] && !(of[i] = moving_new(all, z)))
			return false;
	}
	return true;
}

static void follow_zone(struct moving *m, struct zone *z)
{
	if (m->zone != z) {
		m->zone = z;
		m->anew = true;
		m->ntouched = 0;
	}
	m->followed = m->all->follows;
	atomic_store_explicit(&z->moving, m, memory_order_release);
}

bool movings_follow(struct movings *all, const struct generation *g)
{
	const struct conf *c = g->conf;
	size_t count = wanted(c) ? g->nzones : 0;
	struct moving **of = calloc(count + 1, sizeof(struct moving *));
	all->index = (uint32_t)c->own->index;
	all->sites = (uint32_t)c->nsites;
	if (!of || (count && !make_missing(all, g, of))) {
		free(of);
		return false;
	}
	all->follows++;
	for (size_t i = 0; i < count; i++)
		follow_zone(of[i], g->zones[i]);
	free(of);
	for (struct moving *m = all->first; m; m = m->next) {
		if (!m->zone)
			continue;
		if (m->followed == all->follows) {
			issue(m);
			continue;
		}
		m->zone = NULL;
		put_in_force(m, NULL);
	}
	return true;
}

struct movings *movings_new(struct event_base *base, const struct conf *conf, const struct moving_calls *calls)
{
	struct movings *all = calloc(1, sizeof *all);
	if (!all)
		return NULL;
	all->base = base;
	all->calls = *calls;
	all->collect = event_new(base, -1, 0, on_collect, all);
	all->serials = serials_new(base, conf->state);
	if (all->collect && all->serials)
		return all;
	movings_delete(all);
	return NULL;
}

void movings_delete(struct movings *all)
{
	if (!all)
		return;
	while (all->first) {
		struct moving *m = all->first;
		all->first = m->next;
		put_in_force(m, NULL);
		moving_delete(m);
	}
	while (all->old) {
		struct zone_version *v = all->old;
		all->old = v->next;
		free_version(v);
	}
	if (all->collect)
		event_free(all->collect);
	serials_delete(all->serials);
	free(all);
}
