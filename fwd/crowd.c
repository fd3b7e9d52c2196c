#include "crowd.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "random.h"

/* 512 KiB: room for a hundred thousand sessions from as many networks, two of which seldom meet twice. A power of two. */
#define SLOTS 65536

struct crowd {
	uint64_t seed;
	_Atomic(uint32_t) counts[CROWD_ROWS][SLOTS];
};

struct crowd *crowd_new(uint64_t seed)
{
	struct crowd *c = calloc(1, sizeof *c);
	if (c)
		c->seed = seed;
	return c;
}

void crowd_delete(struct crowd *c)
{
	free(c);
}

static uint64_t mix(uint64_t state, uint64_t with)
{
	state ^= with;
	return random64(&state);
}

/* Never slot 0, so that a place of zeros is none. */
static void find(const struct crowd *c, const void *group, const struct prefix *network, struct crowd_place *place)
{
	uint64_t half[2];
	memcpy(half, network->bytes, sizeof half);
	uint64_t h = mix(c->seed, (uintptr_t)group);
	h = mix(h, half[0]);
	h = mix(h, half[1]);
	h = mix(h, (uint64_t)network->family << 8 | network->length);
	for (unsigned i = 0; i < CROWD_ROWS; i++)
		place->slots[i] = (uint32_t)(h >> 32 * i) % (SLOTS - 1) + 1;
}

bool crowd_enter(struct crowd *c, const void *group, const struct prefix *network, uint32_t limit, struct crowd_place *place)
{
	uint32_t least = UINT32_MAX;
	find(c, group, network, place);
	for (unsigned i = 0; i < CROWD_ROWS; i++) {
		uint32_t n = atomic_fetch_add_explicit(&c->counts[i][place->slots[i]], 1, memory_order_relaxed);
		least = n < least ? n : least;
	}
	if (least < limit)
		return true;
	crowd_leave(c, place);
	return false;
}

void crowd_leave(struct crowd *c, struct crowd_place *place)
{
	for (unsigned i = 0; place->slots[0] && i < CROWD_ROWS; i++)
		atomic_fetch_sub_explicit(&c->counts[i][place->slots[i]], 1, memory_order_relaxed);
	*place = (struct crowd_place){ { 0 } };
}
