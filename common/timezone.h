/*
 * timezone: what a clock on a wall somewhere shows. Pure: the moment is an
 * argument. A zone is read whole from the system's tz database (TZif files,
 * RFC 8536) when the configuration is loaded, and looked up in a table.
 */
#ifndef FAIRLEAD_TIMEZONE_H
#define FAIRLEAD_TIMEZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where systems keep it. */
#define TIMEZONE_FOLDER "/usr/share/zoneinfo"

struct timezone_rules; /* NULL: UTC */

/* Reads `folder`/`name`; free() ends it. NULL: *why (static) says it. */
struct timezone_rules *timezone_load(const char *folder, const char *name, const char **why);
/* The same from the bytes of such a file. */
struct timezone_rules *timezone_read(const uint8_t *file, size_t len, const char **why);

struct timezone_moment {
	unsigned day;        /* 0 Monday .. 6 Sunday */
	unsigned minute;     /* of the day */
};

/* `now`: seconds since 1970. */
struct timezone_moment timezone_moment(const struct timezone_rules *zone, int64_t now);

/* Seconds that its clocks are ahead of UTC at that moment. */
int32_t timezone_offset(const struct timezone_rules *zone, int64_t now);

#endif
