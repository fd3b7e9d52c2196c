/* The places of a database, each different one kept once; declared in geo_parts.h. */
#include <stdlib.h>
#include <string.h>

#include "geo_parts.h"

static uint32_t *slot_of(const struct geo *g, const struct place *p)
{
	uint32_t words[sizeof *p / sizeof(uint32_t)];
	uint64_t h = 0;

	memcpy(words, p, sizeof words);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15u;
	for (size_t i = (h ^ h >> 32) & (g->slots - 1);; i = (i + 1) & (g->slots - 1))
		if (!g->hashed[i] || memcmp(&g->places[g->hashed[i] - 1], p, sizeof *p) == 0)
			return &g->hashed[i];
}

static bool more_places(struct geo *g)
{
	uint32_t room = g->places_room ? g->places_room * 2 : 256;
	struct place *places = room < RANGES_VALUE_MAX / 2 ? realloc(g->places, room * sizeof *places) : NULL;
	uint32_t *hashed = places ? calloc(room * (size_t)2, sizeof *hashed) : NULL;

	if (places)
		g->places = places;
	if (!hashed)
		return false;
	free(g->hashed);
	g->hashed = hashed;
	g->slots = room * 2;
	g->places_room = room;
	for (uint32_t i = 0; i < g->nplaces; i++)
		*slot_of(g, &g->places[i]) = i + 1;
	return true;
}

uint32_t geo_keep_place(struct geo *g, const struct place *p)
{
	_Static_assert(sizeof *p == 24, "no padding but at the end, which is 0");
	uint32_t *slot;

	if (g->nplaces == g->places_room && !more_places(g))
		return RANGES_NONE;
	slot = slot_of(g, p);
	if (!*slot) {
		g->places[g->nplaces++] = *p;
		*slot = g->nplaces;
	}
	return *slot - 1;
}
