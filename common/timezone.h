/*
 * timezone: what a clock on a wall somewhere shows. Pure: the moment is an
 * argument. A zone is read whole from the system's tz database (RFC 8536) when
 * the configuration is loaded; a look is a search in its table.
 */
#ifndef FAIRLEAD_TIMEZONE_H
#define FAIRLEAD_TIMEZONE_H

#include <stdint.h>

struct timezone_rules; /* NULL: UTC */

struct timezone_moment {
	unsigned day;        /* 0 Monday .. 6 Sunday */
	unsigned minute;     /* of the day */
};

/* `now`: seconds since 1970. */
struct timezone_moment timezone_moment(const struct timezone_rules *zone, int64_t now);

#endif
