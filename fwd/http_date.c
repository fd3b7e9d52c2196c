#include "http_date.h"
#include <stdio.h>

/* By hand: strftime would put the names of the days into the language of the place. */
static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

const char *http_date(struct http_date *d, time_t now)
{
	struct tm t;

	if (d->at == now && d->text[0])
		return d->text;
	d->text[0] = '\0';
	if (!gmtime_r(&now, &t) || t.tm_year < 0 || t.tm_year > 9999 - 1900)
		return NULL;
	snprintf(d->text, sizeof d->text, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[t.tm_wday % 7], (unsigned)t.tm_mday % 100,
	         months[t.tm_mon % 12], (unsigned)(t.tm_year + 1900) % 10000, (unsigned)t.tm_hour % 100, (unsigned)t.tm_min % 100,
	         (unsigned)t.tm_sec % 100);
	d->at = now;
	return d->text;
}
