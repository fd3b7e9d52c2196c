#include "generation.h"

#include <stdlib.h>
#include "../common/conf.h"
#include "../common/errs.h"
#include "../common/policy_warn.h"
#include "../common/tsig.h"
#include "../common/zonefile.h"
#include "lb.h"
#include "zone_build.h"

_Atomic(struct generation *) current_generation;

/* Up to so many zones are searched one by one. */
#define FEW_ZONES 4

/* A configuration is kept as long as any zone was read with it, or a generation is in force with it. */
struct conf_hold {
	struct conf *conf;
	unsigned refs;
	struct conf_hold *next;
};

/* Control thread only; a handful at most. */
static struct conf_hold *holds;

static void hold_conf(struct conf *c)
{
	struct conf_hold *h = holds;
	while (h && h->conf != c)
		h = h->next;
	if (!h) {
		h = calloc(1, sizeof *h);
		if (!h)
			abort(); /* 24 bytes: nothing could go on without */
		*h = (struct conf_hold){ .conf = c, .next = holds };
		holds = h;
	}
	h->refs++;
}

static void drop_conf(const struct conf *c)
{
	for (struct conf_hold **p = &holds; *p; p = &(*p)->next) {
		struct conf_hold *h = *p;
		if (h->conf != c)
			continue;
		if (--h->refs == 0) {
			*p = h->next;
			conf_free(h->conf);
			free(h);
		}
		return;
	}
}

static void free_unheld(struct zone *z)
{
	if (z->refs || z->pins)
		return;
	const struct conf *c = z->conf;
	zone_delete(z);
	drop_conf(c);
}

static void put_zone(struct zone *z)
{
	z->refs--;
	free_unheld(z);
}

void generation_pin(struct zone *z)
{
	z->pins++;
}

void generation_unpin(struct zone *z)
{
	z->pins--;
	free_unheld(z);
}

static bool add_zone(struct generation *g, struct zone *z)
{
	struct zone **more = realloc(g->zones, (g->nzones + 1) * sizeof *more);
	if (!more)
		return false;
	g->zones = more;
	g->zones[g->nzones++] = z;
	z->refs++;
	return true;
}

struct zone *generation_zone_at(const struct generation *g, const uint8_t *origin)
{
	for (size_t i = 0; g && i < g->nzones; i++)
		if (dname_equal(g->zones[i]->origin, origin))
			return g->zones[i];
	return NULL;
}

struct load {
	struct generation *g;
	const struct generation *old;
	struct errs *errs;
	bool failed;
};

static void load_one(void *arg, const char *file, const uint8_t *origin)
{
	struct load *l = arg;
	struct zone *z = zone_load(file, origin, l->g->conf, l->errs);
	if (z)
		hold_conf(l->g->conf);
	else
		z = generation_zone_at(l->old, origin);
	if (z && !add_zone(l->g, z))
		l->failed = true;
}

static int deeper_first(const void *a, const void *b)
{
	const struct zone *const *x = a, *const *y = b;
	return (*y)->origin_labels - (*x)->origin_labels;
}

/* Without Client Subnets there is nothing to look up ahead: resolvers' addresses are few, and what they lie in is in the cache. */
static void note_asked(struct generation *g)
{
	if (!g->conf->dns.ecs)
		return;
	for (size_t i = 0; i < g->nzones; i++)
		for (size_t k = 0; k < g->zones[i]->nservices; k++)
			g->asks_tables |= g->zones[i]->services[k]->asks_tables;
}

static bool index_zones(struct generation *g)
{
	bool has[DNAME_LABELS_MAX + 1] = { false };
	if (g->nzones)
		qsort(g->zones, g->nzones, sizeof(struct zone *), deeper_first);
	for (g->nslots = 4; g->nslots < g->nzones * 2; g->nslots *= 2)
		;
	g->slots = calloc(g->nslots, sizeof *g->slots);
	if (!g->slots)
		return false;
	for (size_t i = 0; i < g->nzones; i++) {
		struct zone *z = g->zones[i];
		size_t at = z->hash & (g->nslots - 1);
		while (g->slots[at])
			at = (at + 1) & (g->nslots - 1);
		g->slots[at] = z;
		has[z->origin_labels] = true;
	}
	note_asked(g);
	for (unsigned labels = DNAME_LABELS_MAX + 1; labels-- > 0;)
		if (has[labels])
			g->depths[g->ndepths++] = (uint8_t)labels;
	return true;
}

struct generation *generation_load(struct conf *conf, const struct generation *old, struct errs *errs)
{
	struct generation *g = calloc(1, sizeof *g);
	hold_conf(conf);
	if (!g) {
		drop_conf(conf);
		return NULL;
	}
	g->conf = conf;
	struct load l = { .g = g, .old = old, .errs = errs };
	/* All of it or nothing: without what it goes by, a policy would choose otherwise. */
	bool lost = !conf_load_places(conf, old ? old->conf : NULL, errs);
	size_t before = errs->count;
	size_t files = zonefile_each(conf->dns.zones, errs, load_one, &l);
	/* A folder that can't be read says nothing about the zones in it: nothing is dropped for that. */
	bool unread = files == 0 && errs->count > before;
	g->keys = tsig_ring_new(conf->keys, conf->nkeys);
	if (lost || unread || l.failed || !g->keys || !index_zones(g)) {
		if (!unread && !lost)
			errs_add(errs, NULL, 0, 0, "out of memory");
		generation_delete(g);
		return NULL;
	}
	return g;
}

void generation_warn(const struct generation *g)
{
	struct policy_warn w;
	policy_warn_begin(&w, g->conf);
	for (size_t i = 0; i < g->nzones; i++)
		for (size_t k = 0; g->zones[i]->conf == g->conf && k < g->zones[i]->nservices; k++)
			policy_warn_add(&w, g->zones[i]->services[k]->service);
	policy_warn_end(&w);
}

void generation_delete(struct generation *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->nzones; i++)
		put_zone(g->zones[i]);
	tsig_ring_delete(g->keys);
	drop_conf(g->conf);
	free(g->zones);
	free(g->slots);
	free(atomic_load_explicit(&g->rtt, memory_order_relaxed));
	free(g);
}

static const struct zone *zone_at(const struct generation *g, const struct zone_name *n, unsigned labels)
{
	size_t at = zone_name_at(n, labels);
	size_t slot = zone_name_hash(n->wire + at, n->len - at) & (g->nslots - 1);
	for (; g->slots[slot]; slot = (slot + 1) & (g->nslots - 1))
		if (zone_is_origin_of(g->slots[slot], n, labels))
			return g->slots[slot];
	return NULL;
}

/* With a handful of zones, comparing is quicker than hashing. `zones` has the deepest first. */
static const struct zone *zone_of_few(const struct generation *g, const struct zone_name *n, unsigned labels)
{
	for (size_t i = 0; i < g->nzones; i++)
		if (g->zones[i]->origin_labels <= labels && zone_is_origin_of(g->zones[i], n, g->zones[i]->origin_labels))
			return g->zones[i];
	return NULL;
}

const struct zone *generation_zone_to(const struct generation *g, const struct zone_name *n, unsigned labels)
{
	if (g->nzones <= FEW_ZONES)
		return zone_of_few(g, n, labels);
	for (size_t i = 0; i < g->ndepths; i++) {
		if (g->depths[i] > labels)
			continue;
		const struct zone *z = zone_at(g, n, g->depths[i]);
		if (z)
			return z;
	}
	return NULL;
}
