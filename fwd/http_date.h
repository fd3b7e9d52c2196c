/*
 * http_date: the Date that whoever has a clock has to send with each answer
 * (RFC 9110 section 6.6.1), made once a second. One a thread.
 */
#ifndef FAIRLEAD_HTTP_DATE_H
#define FAIRLEAD_HTTP_DATE_H

#include <time.h>

/* "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, section 5.6.7): always so long. */
#define HTTP_DATE_LEN 29

struct http_date {
	time_t at;
	char text[HTTP_DATE_LEN + 1];
};

/*
 * `now`: seconds since 1970. Returns the date as a string that is good until
 * the next call; NULL when `now` has none of four digits: then there is no
 * clock, and no Date is sent. *d begins zeroed.
 */
const char *http_date(struct http_date *d, time_t now);

#endif
