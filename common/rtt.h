/*
 * rtt: how far clients' networks are from the sites, as the forwarders have
 * measured on real connections (spec 8): one row a network, one number a site.
 *
 *     rtt_table_new(samples) -> table, immutable -> rtt_find
 *
 * Whoever makes a table leaves out what is too old; it is bounded by the
 * samples that it is made of. One block of memory: free() ends it.
 */
#ifndef FAIRLEAD_RTT_H
#define FAIRLEAD_RTT_H

#include <stddef.h>
#include <stdint.h>
#include "addr.h"

/* Less than a round trip ever takes elsewhere; and more than any network does. Microseconds. */
#define RTT_US_MIN 1
#define RTT_US_MAX 60000000

struct rtt_row {
	struct prefix network;
	uint32_t us[];             /* smoothed microseconds, by index into conf.sites; 0: unknown */
};

struct rtt_sample { struct prefix network; uint32_t site; uint32_t us; };

struct rtt_table;

/*
 * Of two samples of one network and site the later one counts; those of sites
 * from `nsites` on are left out. `seed`: random, so that nobody can choose
 * networks that all meet in one place. NULL: no memory.
 */
struct rtt_table *rtt_table_new(size_t nsites, const struct rtt_sample *samples, size_t n, uint64_t seed);

/* The row of exactly this network; NULL: nothing is known of it. `t` may be NULL. No allocation, any thread. */
const struct rtt_row *rtt_find(const struct rtt_table *t, const struct prefix *network);

/* The first row from `i` on in which this site has a number; rtt_rows: none. */
size_t rtt_next(const struct rtt_table *t, size_t site, size_t i);

/* All rows (0 of NULL), in the order of their first samples. */
size_t rtt_rows(const struct rtt_table *t);
const struct rtt_row *rtt_row(const struct rtt_table *t, size_t i);
size_t rtt_sites(const struct rtt_table *t);

#endif
