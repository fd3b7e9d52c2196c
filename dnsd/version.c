#include "version.h"

#include <stdlib.h>
#include <string.h>
#include "zone.h"

/* ---- deltas and pages ---- */

static void delta_drop(struct delta *d)
{
	if (!d || --d->refs)
		return;
	for (size_t i = 0; i < d->n; i++)
		render_drop(d->items[i].old);
	free(d);
}

static void page_drop(struct page *p)
{
	if (!p || --p->refs)
		return;
	for (size_t i = 0; i < PAGE_RENDERS; i++)
		render_drop(p->renders[i]);
	free(p);
}

static struct page *page_copy(const struct page *old)
{
	struct page *p = malloc(sizeof *p);
	if (!p)
		return NULL;
	*p = *old;
	p->refs = 1;
	for (size_t i = 0; i < PAGE_RENDERS; i++)
		if (p->renders[i])
			p->renders[i]->refs++;
	return p;
}

static struct delta *delta_new(const struct zone_version *old, const struct version_change *changes, size_t n)
{
	struct delta *d = malloc(sizeof *d + n * sizeof d->items[0]);
	if (!d)
		return NULL;
	d->refs = 1;
	d->from = old->serial;
	d->n = n;
	for (size_t i = 0; i < n; i++) {
		struct render *r = version_render(old, changes[i].service);
		r->refs++;
		d->items[i] = (struct delta_item){ .service = changes[i].service, .old = r };
	}
	return d;
}

/* ---- versions ---- */

static struct zone_version *version_alloc(const struct zone *zone, uint32_t serial)
{
	struct zone_version *v = calloc(1, sizeof *v);
	if (!v)
		return NULL;
	v->serial = serial;
	v->zone = zone;
	v->npages = (zone->nservices + PAGE_RENDERS - 1) / PAGE_RENDERS;
	v->pages = calloc(v->npages ? v->npages : 1, sizeof *v->pages);
	if (!v->pages) {
		free(v);
		return NULL;
	}
	return v;
}

void version_delete(struct zone_version *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->npages; i++)
		page_drop(v->pages[i]);
	for (unsigned i = 0; i < v->ndeltas; i++)
		delta_drop(v->deltas[i]);
	free(v->pages);
	free(v);
}

struct zone_version *version_new(const struct zone *zone, uint32_t serial, struct render **renders)
{
	struct zone_version *v = version_alloc(zone, serial);
	bool ok = v != NULL;
	for (size_t i = 0; ok && i < v->npages; i++) {
		v->pages[i] = calloc(1, sizeof *v->pages[i]);
		ok = v->pages[i] != NULL;
		if (ok)
			v->pages[i]->refs = 1;
	}
	for (size_t i = 0; i < zone->nservices; i++) {
		if (ok)
			v->pages[i / PAGE_RENDERS]->renders[i % PAGE_RENDERS] = renders[i];
		else
			render_drop(renders[i]);
	}
	if (ok)
		return v;
	version_delete(v);
	return NULL;
}

/* The newest deltas that fit beside one of `n` items. */
static void take_deltas(struct zone_version *v, const struct zone_version *old, size_t n)
{
	unsigned keep = 0;
	while (keep < old->ndeltas && keep < DELTAS_MAX - 1 && n + old->deltas[old->ndeltas - 1 - keep]->n <= DELTA_ITEMS_MAX)
		n += old->deltas[old->ndeltas - 1 - keep++]->n;
	for (unsigned i = 0; i < keep; i++) {
		v->deltas[i] = old->deltas[old->ndeltas - keep + i];
		v->deltas[i]->refs++;
	}
	v->ndeltas = keep;
}

/* Puts a new render in place of the old, in a page of our own. */
static bool replace(struct zone_version *v, const struct zone_version *old, const struct version_change *c)
{
	struct page **p = &v->pages[c->service / PAGE_RENDERS];
	if (*p == old->pages[c->service / PAGE_RENDERS]) {
		struct page *copy = page_copy(*p);
		if (!copy)
			return false;
		page_drop(*p);
		*p = copy;
	}
	struct render **at = &(*p)->renders[c->service % PAGE_RENDERS];
	render_drop(*at);
	*at = c->render;
	return true;
}

static void share(struct zone_version *v, const struct zone_version *old)
{
	for (size_t i = 0; i < v->npages; i++) {
		v->pages[i] = old->pages[i];
		v->pages[i]->refs++;
	}
}

/* False: no memory. Then the renders from *done on are still the caller's. */
static bool make_next(struct zone_version *v, const struct zone_version *old, const struct version_change *changes, size_t n, size_t *done)
{
	take_deltas(v, old, n);
	share(v, old);
	if (v->serial == old->serial)
		return true;
	struct delta *d = delta_new(old, changes, n);
	if (!d)
		return false;
	v->deltas[v->ndeltas++] = d;
	for (; *done < n; ++*done)
		if (!replace(v, old, &changes[*done]))
			return false;
	return true;
}

struct zone_version *version_next(const struct zone_version *old, const struct zone *zone, uint32_t serial,
                                  const struct version_change *changes, size_t n)
{
	struct zone_version *v = version_alloc(zone, serial);
	size_t done = 0;
	if (v && make_next(v, old, changes, n, &done))
		return v;
	for (; done < n; done++)
		render_drop(changes[done].render);
	version_delete(v);
	return NULL;
}
