/*
 * zone_build: a zone file -> a struct zone, checked whole (zonefile checks
 * what lines can tell, this what the tree tells).
 */
#ifndef FAIRLEAD_ZONE_BUILD_H
#define FAIRLEAD_ZONE_BUILD_H

#include "zone.h"

struct conf;
struct errs;

/*
 * Reads zone `origin` (wire form, lower case) from `file`. NULL when there was
 * any error; all of them are in `errs`. The zone borrows `conf`.
 */
struct zone *zone_load(const char *file, const uint8_t *origin, const struct conf *conf, struct errs *errs);

#endif
