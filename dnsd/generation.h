/*
 * generation: everything that one configuration and one reading of the zone
 * files say, as the query threads see it: one pointer to it, exchanged whole
 * by the control thread, freed after a grace period (RCU).
 */
#ifndef FAIRLEAD_GENERATION_H
#define FAIRLEAD_GENERATION_H

#include "zone.h"

struct conf;
struct errs;

struct generation {
	struct conf *conf;
	struct zone **zones; size_t nzones;   /* each holds a reference; the deepest origin first */
	/* Which zone: by the hash of the origin, one probe for each label count at which zones exist. */
	struct zone **slots; size_t nslots;
	uint8_t depths[DNAME_LABELS_MAX + 1]; /* the label counts that origins have, the highest first */
	size_t ndepths;
};

/*
 * Reads every zone of conf->dns.zones. Takes `conf`. A zone with errors is
 * taken over from `old` (its configuration stays with it), or left out when
 * there is none; `errs` then says why. NULL when the folder can't be read or
 * without memory. May run beside the query threads and the control thread, as
 * long as the latter makes or deletes no generation meanwhile.
 */
struct generation *generation_load(struct conf *conf, const struct generation *old, struct errs *errs);
void generation_delete(struct generation *g);

/* The zone of ours that holds the name: the longest origin that is a suffix of it. NULL: none. */
const struct zone *generation_zone(const struct generation *g, const struct zone_name *n);

#endif
