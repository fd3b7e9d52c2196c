/*
 * generation: everything that one configuration and one reading of the zone
 * files say, as the query threads see it: one pointer to it, exchanged whole
 * by the control thread, freed after a grace period (RCU).
 */
#ifndef FAIRLEAD_GENERATION_H
#define FAIRLEAD_GENERATION_H

#include <stdatomic.h>
#include "zone.h"

struct conf;
struct cookie_secrets;
struct errs;
struct rrl;
struct rtt_table;
struct tsig_ring;

struct generation {
	struct conf *conf;
	struct tsig_ring *keys;               /* conf's, ready for use */
	struct zone **zones; size_t nzones;   /* each holds a reference; the deepest origin first */
	/* Which zone: by the hash of the origin, one probe for each label count at which zones exist. */
	struct zone **slots; size_t nslots;
	uint8_t depths[DNAME_LABELS_MAX + 1]; /* the label counts that origins have, the highest first */
	size_t ndepths;
	unsigned asks_tables;                 /* of all services of these zones (lb.h); 0 without dns.ecs */
	/* Set by whoever puts it in force (control), which owns them. */
	const struct cookie_secrets *cookies; /* at least one; NULL: no cookies */
	struct rrl *rrl;                      /* NULL: no rate limit */
	_Atomic(struct rtt_table *) rtt;      /* by conf's sites; NULL: nothing is known. Exchanged while in force */
};

/* The one in force. Query threads read it inside a batch only. */
extern _Atomic(struct generation *) current_generation;

/*
 * Reads every zone of conf->dns.zones. Takes `conf`. A zone with errors is
 * taken over from `old` (its configuration stays with it), or left out when
 * there is none; `errs` then says why. NULL when the folder or a file of `geo`
 * can't be read or without memory. May run beside the query threads and the control thread, as
 * long as the latter makes or deletes no generation meanwhile.
 */
struct generation *generation_load(struct conf *conf, const struct generation *old, struct errs *errs);
void generation_delete(struct generation *g);

/* Logs which policies go by what isn't known here (policy_warn.h). */
void generation_warn(const struct generation *g);

/* The zone of that origin (lower case). NULL: none, or no generation. */
struct zone *generation_zone_at(const struct generation *g, const uint8_t *origin);

/* The zone of ours whose origin is the longest suffix of the name that has at most `labels` labels. NULL: none. */
const struct zone *generation_zone_to(const struct generation *g, const struct zone_name *n, unsigned labels);

/* The zone of ours that holds the name. NULL: none. */
static inline const struct zone *generation_zone(const struct generation *g, const struct zone_name *n)
{
	return generation_zone_to(g, n, n->labels);
}

/*
 * The zone that answers for the DS set of the name: at an origin that is the
 * parent, when we have it (RFC 4035 section 3.1.4.1).
 */
static inline const struct zone *generation_zone_of_ds(const struct generation *g, const struct zone_name *n)
{
	const struct zone *parent = n->labels ? generation_zone_to(g, n, n->labels - 1u) : NULL;
	return parent ? parent : generation_zone(g, n);
}

/* A zone that must stay in memory though no generation holds it. Control thread. */
void generation_pin(struct zone *z);
void generation_unpin(struct zone *z);

#endif
