#include "timezone_parts.h"

#define HOUR 3600
#define DAY (24 * HOUR)
/* 1970 began on a Thursday: from Monday, and from Sunday. */
#define FIRST_FROM_MONDAY 3
#define FIRST_FROM_SUNDAY 4

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970 to the first of January. */
static int64_t days_to_year(int64_t year)
{
	int64_t before = year - 1;
	return (year - 1970) * 365 + floor_div(before, 4) - floor_div(before, 100) + floor_div(before, 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int64_t year_of(int64_t days)
{
	int64_t year = 1970 + floor_div(days * 400, 146097);
	while (days_to_year(year) > days)
		year--;
	while (days_to_year(year + 1) <= days)
		year++;
	return year;
}

static unsigned month_days(int64_t year, unsigned month)
{
	static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && is_leap(year));
}

/* The day of the year, from 0, of the week-th such weekday of the month. */
static int64_t weekday_of_month(const struct yearly *y, int64_t year)
{
	int64_t first = 0, weekday, day;
	for (unsigned m = 1; m < y->month; m++)
		first += month_days(year, m);
	weekday = (days_to_year(year) + first + FIRST_FROM_SUNDAY) % 7;
	day = (y->day + 7 - (weekday + 7) % 7) % 7 + 7 * (int64_t)(y->week - 1);
	if (day >= month_days(year, y->month))
		day -= 7; /* the fifth is the last, be it the fourth */
	return first + day;
}

/* Seconds since 1970 by the clock on the wall. */
static int64_t moment_in(const struct yearly *y, int64_t year)
{
	int64_t day = y->day;
	if (y->kind == YEARLY_WEEKDAY)
		day = weekday_of_month(y, year);
	else if (y->kind == YEARLY_JULIAN)
		day += (is_leap(year) && day > 59) - 1;
	return (days_to_year(year) + day) * DAY + y->time;
}

static int32_t yearly_offset(const struct timezone_rules *z, int64_t now)
{
	if (!z->has_summer)
		return z->winter;
	int64_t year = year_of(floor_div(now + z->winter, DAY));
	int64_t begin = moment_in(&z->begin, year) - z->winter, end = moment_in(&z->end, year) - z->summer;
	bool summer = begin < end ? now >= begin && now < end : now >= begin || now < end; /* south of the equator it passes new year */
	return summer ? z->summer : z->winter;
}

int32_t timezone_offset(const struct timezone_rules *z, int64_t now)
{
	size_t low = 0, high = z ? z->n : 0;
	if (!z)
		return 0;
	if (z->n == 0 || now >= z->changes[z->n - 1].at)
		return yearly_offset(z, now);
	/* The first change behind `now`. */
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (z->changes[middle].at <= now)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? z->changes[low - 1].offset : z->first;
}

struct timezone_moment timezone_moment(const struct timezone_rules *zone, int64_t now)
{
	int64_t local = now + timezone_offset(zone, now), day = floor_div(local, DAY);
	int64_t weekday = (day + FIRST_FROM_MONDAY) % 7;
	return (struct timezone_moment){
		.day = (unsigned)(weekday < 0 ? weekday + 7 : weekday), .minute = (unsigned)((local - day * DAY) / 60),
	};
}
