/* What geo is made of: for geo.c, which looks up, and geo_file.c, which reads databases. */
#ifndef FAIRLEAD_GEO_PARTS_H
#define FAIRLEAD_GEO_PARTS_H

#include <maxminddb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "geo.h"
#include "ranges.h"

/* A file as it was when it was read. */
struct geo_source {
	char *file;
	struct stat st;
};

struct geo {
	_Atomic(unsigned) refs;
	struct ranges *tables[GEO_KINDS]; /* address -> index in `places`; NULL: nothing known of that kind */
	struct place *places; uint32_t nplaces, places_room;
	uint32_t *hashed; uint32_t slots; /* indexes of places + 1, while reading */
	struct geo_source *sources; size_t nsources;
};

/* The index of a place like this one, which is added if there is none. RANGES_NONE: no memory. */
uint32_t geo_keep_place(struct geo *g, const struct place *p);

/* Reads the first `size` bytes of an open file, called `name`, and adds the tables of the kinds that aren't there yet. False: `errs` says why. */
bool geo_read(struct geo *g, int fd, off_t size, const char *name, struct errs *errs);

/* What a record of the database says, by kind. False: it is damaged. */
bool geo_record(MMDB_entry_s *entry, struct place places[GEO_KINDS], bool known[GEO_KINDS]);

#endif
