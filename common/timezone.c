#include "timezone.h"

#define SECONDS_A_DAY 86400
/* 1970 began on a Thursday. */
#define FIRST_WEEKDAY 3

struct timezone_moment timezone_moment(const struct timezone_rules *zone, int64_t now)
{
	(void)zone;
	int64_t local = now, day = local / SECONDS_A_DAY, second = local % SECONDS_A_DAY;
	if (second < 0) {
		second += SECONDS_A_DAY;
		day--;
	}
	int64_t weekday = (day + FIRST_WEEKDAY) % 7;
	return (struct timezone_moment){ .day = (unsigned)(weekday < 0 ? weekday + 7 : weekday), .minute = (unsigned)(second / 60) };
}
