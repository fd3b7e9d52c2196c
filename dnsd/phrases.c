#include "phrases.h"

#include <stdlib.h>
#include <string.h>

#define PLACES (PHRASES_MAX * 2) /* open addressing */

struct phrases {
	size_t n;
	uint32_t last_id;
	struct phrase *places[PLACES];
};

struct phrases *phrases_new(void)
{
	return calloc(1, sizeof(struct phrases));
}

static void forget_all(struct phrases *p)
{
	for (size_t i = 0; i < PLACES; i++) {
		free(p->places[i]);
		p->places[i] = NULL;
	}
	p->n = 0;
}

void phrases_delete(struct phrases *p)
{
	if (!p)
		return;
	forget_all(p);
	free(p);
}

void phrases_tidy(struct phrases *p)
{
	if (p->n == PHRASES_MAX)
		forget_all(p);
}

/* Where it is, or belongs. */
static size_t place_of(const struct phrases *p, const struct update_glance *g)
{
	uint64_t h = 0xcbf29ce484222325u + g->has_rtt;
	for (size_t i = 0; i < g->phrase_len; i++)
		h = (h ^ g->phrase[i]) * 0x100000001b3u;
	for (size_t at = (h ^ h >> 32) % PLACES;; at = (at + 1) % PLACES) {
		const struct phrase *f = p->places[at];
		if (!f || (f->len == g->phrase_len && f->has_rtt == g->has_rtt && memcmp(f->bytes, g->phrase, f->len) == 0))
			return at;
	}
}

const struct phrase *phrases_find(const struct phrases *p, const struct update_glance *g)
{
	return p->places[place_of(p, g)];
}

const struct phrase *phrases_add(struct phrases *p, const struct update_glance *g, struct observer *who)
{
	const char *why;
	struct phrase *f = p->n < PHRASES_MAX ? calloc(1, sizeof *f + g->phrase_len) : NULL;
	if (!f || p->last_id == UINT32_MAX || !update_observation_read(&f->said, g->phrase, g->phrase_len, &why)) {
		free(f);
		return NULL;
	}
	f->id = ++p->last_id;
	f->has_rtt = g->has_rtt;
	f->len = (uint16_t)g->phrase_len;
	f->who = who;
	memcpy(f->bytes, g->phrase, g->phrase_len);
	p->places[place_of(p, g)] = f;
	p->n++;
	return f;
}
