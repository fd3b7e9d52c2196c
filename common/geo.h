/*
 * geo: GeoIP2 and GeoLite2 databases -> what is known of an address. Read
 * whole and turned into sorted ranges of our own (ranges.h) when the
 * configuration is loaded, so a look-up costs a few cache misses and the file
 * may change or go at any time. Immutable; any thread may look up.
 *
 * Each kind of knowledge is a table of its own, since a policy that asks for
 * the country only should have answers that hold for as much of the country's
 * address space as possible, not for one town's.
 */
#ifndef FAIRLEAD_GEO_H
#define FAIRLEAD_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "errs.h"
#include "place.h"

enum geo_kind {
	GEO_COUNTRY,         /* place.country, and place.continent */
	GEO_CONTINENT,       /* place.continent */
	GEO_ASN,             /* place.asn */
	GEO_LOCATION,        /* place.located, x, y, z */
	GEO_KINDS
};

struct geo;

/*
 * What is known of `a`; of the place that is returned only the fields of
 * `kind` are filled. NULL: nothing. *scope (NULL: nobody asks) is raised to the
 * length of the shortest prefix of `a` within which every address gets the
 * same answer, hit or miss. `g` NULL: no database; nothing is known, no scope.
 */
const struct place *geo_find(const struct geo *g, enum geo_kind kind, const struct addr *a, uint8_t *scope);

/*
 * Brings what look-ups of these `n` addresses (RANGES_AHEAD_MAX at most) will
 * read into the cache (ranges.h). `kinds`: bit: enum geo_kind. `g` may be NULL.
 */
void geo_ahead(const struct geo *g, unsigned kinds, const struct addr *a, size_t n);

/*
 * Each kind comes from the first of the `n` files that has it. `old` (NULL:
 * none) is shared instead of reading the same files again, if they haven't
 * changed since. NULL: `errs` says why, with the file's name. Free it with geo_release.
 */
struct geo *geo_load(char *const *files, size_t n, struct geo *old, struct errs *errs);
void geo_release(struct geo *g);

bool geo_has(const struct geo *g, enum geo_kind kind); /* some address is known; `g` may be NULL */
size_t geo_count(const struct geo *g);                 /* of ranges, all kinds together */
size_t geo_bytes(const struct geo *g);                 /* of memory */

#endif
