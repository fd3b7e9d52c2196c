#include "front.h"

#include <stdlib.h>
#include <string.h>
#include "names.h"
#include "listener.h"

/* The listeners with this address into `ways`, in order; returns how many. */
static size_t find_ways(const struct setup *s, const struct addr *a, struct way *ways)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nlisteners; i++) {
		const struct conf_listener *c = s->listeners[i].conf;

		for (size_t k = 0; c->protocol != FWD_UDP && k < c->nlisten; k++)
			if (addr_equal(&c->listen[k], a))
				ways[n++] = (struct way){ &s->listeners[i], (uint16_t)k };
	}
	return n;
}

/* Names of all ways. False: an error was reported. */
static bool collect_names(const struct setup *s, struct front *f, struct errs *errs)
{
	const char *twice;
	size_t errors = errs->count;

	for (size_t i = 0; i < f->n; i++)
		if (f->ways[i].listener->service && !names_add(f->names, f->ways[i].listener->conf, f->ways[i].listener->service, i))
			errs_add(errs, NULL, 0, 0, "out of memory");
	if (!names_finish(f->names, &twice))
		errs_add(errs, s->conf->file, f->ways[f->n - 1].listener->conf->line, 0,
		         "two listeners with one address have the server name %s", twice);
	return errs->count == errors;
}

static void front_free(struct front *f)
{
	if (!f)
		return;
	names_free(f->names);
	free(f->ways);
	free(f);
}

static struct front *front_new(const struct setup *s, const struct way *ways, size_t n, struct errs *errs)
{
	struct front *f = calloc(1, sizeof *f);

	if (f) {
		f->names = names_new();
		f->ways = calloc(n, sizeof *f->ways);
	}
	if (!f || !f->names || !f->ways) {
		errs_add(errs, NULL, 0, 0, "out of memory");
		front_free(f);
		return NULL;
	}
	memcpy(f->ways, ways, n * sizeof *ways);
	f->n = n;
	if (collect_names(s, f, errs))
		return f;
	front_free(f);
	return NULL;
}

/* A listener that stands for those with its first way's address. */
static void add_front(struct setup *s, struct front *f, struct errs *errs)
{
	struct listener *l = &s->fronts[s->nfronts];
	const struct listener *first = f->ways[0].listener;

	*l = *first;
	l->front = f;
	l->pool = NULL;
	l->redirect = NULL;
	l->peers = NULL;
	l->certificate = NULL;
	l->count = calloc(1, sizeof *l->count);
	if (!l->count)
		errs_add(errs, NULL, 0, 0, "out of memory");
	s->nfronts++;
}

/* The first listener with an address makes its front. */
static void make_front(struct setup *s, const struct listener *l, uint16_t dialled, struct way *ways, bool check_only, struct errs *errs)
{
	size_t n = find_ways(s, &l->conf->listen[dialled], ways);
	struct front *f;

	if (n == 0 || ways[0].listener != l || (n == 1 && !(l->conf->protocol == FWD_TLS && l->conf->nhosts > 0)))
		return;
	f = front_new(s, ways, n, errs);
	if (f && !check_only)
		add_front(s, f, errs);
	else
		front_free(f);
}

void fronts_make(struct setup *s, bool check_only, struct errs *errs)
{
	size_t addresses = 0;
	struct way *ways;

	for (size_t i = 0; i < s->nlisteners; i++)
		addresses += s->listeners[i].conf->nlisten;
	s->fronts = calloc(addresses + 1, sizeof *s->fronts);
	ways = calloc(addresses + 1, sizeof *ways);
	if (!s->fronts || !ways)
		errs_add(errs, NULL, 0, 0, "out of memory");
	for (size_t i = 0; s->fronts && ways && i < s->nlisteners; i++)
		for (size_t k = 0; k < s->listeners[i].conf->nlisten; k++)
			make_front(s, &s->listeners[i], (uint16_t)k, ways, check_only, errs);
	free(ways);
}

void fronts_free(struct setup *s)
{
	for (size_t i = 0; i < s->nfronts; i++) {
		front_free(s->fronts[i].front);
		free(s->fronts[i].count);
	}
	free(s->fronts);
}
