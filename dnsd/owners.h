/*
 * owners: the members that are spoken of in UPDATE messages, by the bytes of
 * LABEL._health.SERVICE as our own programs write them (update_owner_on_wire):
 * found without reading the name. Made for a generation, never changed.
 */
#ifndef FAIRLEAD_OWNERS_H
#define FAIRLEAD_OWNERS_H

#include <stddef.h>
#include <stdint.h>
#include "../common/live.h"
#include "generation.h"

struct owners;

/* Borrows the generation's zones and their members' records. NULL: no memory; then nothing is found this way. */
struct owners *owners_new(const struct generation *gen);
void owners_delete(struct owners *o);

/*
 * Where one message has got to. Whoever tells all of its members does so in
 * the zone's order, each time the same stride further: so the next one is
 * mostly known before it is looked up, and what it needs comes into the cache
 * meanwhile. All zero at the begin.
 */
struct owners_walk { size_t last, step; };

/* NULL: no member of the zone is written so. `o` may be NULL. */
struct live_member *owners_find(const struct owners *o, struct owners_walk *walk, const struct zone *zone, const uint8_t *owner, size_t len);
/* The member that is `steps` further on this walk; NULL: nobody knows. */
struct live_member *owners_ahead(const struct owners *o, const struct owners_walk *walk, size_t steps);

#endif
