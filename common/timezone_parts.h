/*
 * timezone_parts: a zone in memory; nobody else includes it.
 *     timezone_file.c  reads          timezone.c  looks
 */
#ifndef FAIRLEAD_TIMEZONE_PARTS_H
#define FAIRLEAD_TIMEZONE_PARTS_H

#include "timezone.h"

/* The day of a year on which summer time begins or ends (RFC 8536 section 3.3). */
enum yearly_kind { YEARLY_WEEKDAY /* Mm.w.d */, YEARLY_JULIAN /* Jn: 1..365, without 29 February */, YEARLY_DAY /* n: 0..365 */ };

struct yearly {
	enum yearly_kind kind;
	unsigned month, week, day;   /* 1..12, 1..5 (5: the last), 0 Sunday..6; else only `day` */
	int32_t time;                /* seconds behind that day's midnight, by the clock until then; may be below 0 */
};

struct timezone_change { int64_t at; int32_t offset; }; /* from then on */

struct timezone_rules {
	int32_t first;               /* before all changes */
	/* What holds behind the last of them. */
	bool has_summer;
	int32_t winter, summer;      /* offsets */
	struct yearly begin, end;    /* of summer time */
	size_t n;
	struct timezone_change changes[];
};

#endif
