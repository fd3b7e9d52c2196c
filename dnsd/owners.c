#include "owners.h"

#include <stdlib.h>
#include <string.h>
#include "../common/update.h"
#include "lb.h"

/* A member; `at`: where its owner stands in `bytes`. */
struct place { struct live_member *live; uint32_t at; uint16_t len, zone; };

struct owners {
	const struct generation *gen;
	uint8_t *bytes; size_t nbytes, room;
	struct place *places; size_t n; /* in the order of zones, services, members */
	size_t mask;                   /* of `table`: a power of two less one */
	uint32_t table[];              /* open addressing: index of a place, and one; 0: free */
};

/* Names are users', messages signed: nobody needs to be kept from making it slow. */
static size_t hash_of(size_t zone, const uint8_t *p, size_t n)
{
	uint64_t h = zone << 16 ^ n, w;
	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, p, n);
	h = (h ^ w) * 0x9e3779b97f4a7c15u;
	return (size_t)(h >> 32);
}

static bool is_at(const struct owners *o, const struct place *e, const struct zone *zone, const uint8_t *p, size_t n)
{
	return e->len == n && o->gen->zones[e->zone] == zone && memcmp(o->bytes + e->at, p, n) == 0;
}

static size_t zone_index(const struct owners *o, const struct zone *zone)
{
	size_t i = 0;
	while (i < o->gen->nzones && o->gen->zones[i] != zone)
		i++;
	return i;
}

/* The index of its place; o->n: there is none. */
static size_t look_up(const struct owners *o, const struct zone *zone, const uint8_t *owner, size_t len)
{
	for (size_t i = hash_of(zone_index(o, zone), owner, len);; i++) {
		uint32_t e = o->table[i & o->mask];
		if (!e)
			return o->n;
		if (is_at(o, &o->places[e - 1], zone, owner, len))
			return e - 1;
	}
}

/* How far ahead: the place itself, then what it points to, and what that points to. */
static void prefetch(const struct owners *o, const struct owners_walk *walk)
{
	size_t far = walk->last + 8 * walk->step, near = walk->last + 4 * walk->step;
	if (far < o->n)
		__builtin_prefetch(&o->places[far]);
	if (near >= o->n)
		return;
	__builtin_prefetch(o->bytes + o->places[near].at);
	__builtin_prefetch(&o->places[near].live->observed);
}

struct live_member *owners_find(const struct owners *o, struct owners_walk *walk, const struct zone *zone, const uint8_t *owner, size_t len)
{
	if (!o)
		return NULL;
	size_t i = walk->last + walk->step;
	if (i >= o->n || !is_at(o, &o->places[i], zone, owner, len))
		i = look_up(o, zone, owner, len);
	if (i == o->n)
		return NULL;
	walk->step = i - walk->last;
	walk->last = i;
	prefetch(o, walk);
	return o->places[i].live;
}

struct live_member *owners_ahead(const struct owners *o, const struct owners_walk *walk, size_t steps)
{
	size_t i = walk->last + steps * walk->step;
	return o && i < o->n ? o->places[i].live : NULL;
}

/* ---- making it ---- */

static uint8_t *room_for(struct owners *o, size_t n)
{
	if (o->nbytes + n > o->room) {
		size_t room = (o->room + n) * 2 + 4096;
		uint8_t *more = realloc(o->bytes, room);
		if (!more)
			return NULL;
		o->bytes = more;
		o->room = room;
	}
	return o->bytes + o->nbytes;
}

/* False: no memory. */
static bool add(struct owners *o, size_t zone, const struct lb *lb, size_t m)
{
	uint8_t name[DNAME_MAX], owner[DNAME_MAX + 2];
	if (!update_owner_write(name, UPDATE_OBSERVATION, lb->service->members[m].label, lb->service->name))
		return true; /* it can't be spoken of at all */
	size_t n = update_owner_on_wire(owner, name, o->gen->zones[zone]->origin), i = hash_of(zone, owner, n);
	uint8_t *to = room_for(o, n);
	if (!to)
		return false;
	memcpy(to, owner, n);
	while (o->table[i & o->mask])
		i++;
	o->places[o->n++] = (struct place){ lb->members[m].live, (uint32_t)o->nbytes, (uint16_t)n, (uint16_t)zone };
	o->table[i & o->mask] = (uint32_t)o->n;
	o->nbytes += n;
	return true;
}

static size_t count_members(const struct generation *gen)
{
	size_t n = 0;
	for (size_t i = 0; i < gen->nzones; i++)
		for (size_t k = 0; k < gen->zones[i]->nservices; k++)
			n += gen->zones[i]->services[k]->service->nmembers;
	return n;
}

static bool add_zone(struct owners *o, size_t zone)
{
	const struct zone *z = o->gen->zones[zone];
	bool good = true;
	for (size_t k = 0; k < z->nservices; k++)
		for (size_t m = 0; good && m < z->services[k]->service->nmembers; m++)
			good = add(o, zone, z->services[k], m);
	return good;
}

struct owners *owners_new(const struct generation *gen)
{
	size_t size = 16, n = count_members(gen);
	while (size < n * 2)
		size *= 2;
	struct owners *o = calloc(1, sizeof *o + size * sizeof *o->table);
	if (!o)
		return NULL;
	o->gen = gen;
	o->mask = size - 1;
	o->places = calloc(n + 1, sizeof *o->places);
	bool good = o->places && n < UINT32_MAX && gen->nzones <= UINT16_MAX;
	for (size_t i = 0; good && i < gen->nzones; i++)
		good = add_zone(o, i);
	if (good)
		return o;
	owners_delete(o);
	return NULL;
}

void owners_delete(struct owners *o)
{
	if (!o)
		return;
	free(o->places);
	free(o->bytes);
	free(o);
}
