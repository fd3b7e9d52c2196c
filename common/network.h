/*
 * network: networks.conf (spec 4, the client): which sites serve a network
 * best. Lines
 *     PREFIX SITE[,SITE...]          # comment
 * of which the longest prefix that holds the client counts. Immutable once
 * loaded; any thread may look up.
 */
#ifndef FAIRLEAD_NETWORK_H
#define FAIRLEAD_NETWORK_H

#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "errs.h"
#include "site.h"

/* Indexes into conf.sites, the best first, none twice. */
struct network_sites {
	uint16_t n;          /* at least 1 */
	uint16_t sites[];
};

struct networks;

/*
 * The sites of the longest prefix that holds `a`; NULL: none does. *scope
 * (NULL: nobody asks) is raised to the length of the shortest prefix of `a`
 * within which every address gets the same sites, hit or miss. `t` NULL: no
 * file; no sites, no scope.
 */
const struct network_sites *networks_find(const struct networks *t, const struct addr *a, uint8_t *scope);

/* Brings what look-ups of these `n` addresses (RANGES_AHEAD_MAX at most) will read into the cache (ranges.h). `t` may be NULL. */
void networks_ahead(const struct networks *t, const struct addr *a, size_t n);

/* Reads `file`. NULL: `errs` has all that is wrong with it, each with line and column. Free it with networks_free. */
struct networks *networks_load(const char *file, const struct site *sites, size_t nsites, struct errs *errs);
void networks_free(struct networks *t);

size_t networks_count(const struct networks *t); /* of prefixes */
size_t networks_bytes(const struct networks *t); /* of memory */

#endif
