#include "http.h"
#include <stdio.h>

static const struct { unsigned status; const char *text; } statuses[] = {
	{ 301, "301 Moved Permanently" }, { 302, "302 Found" }, { 303, "303 See Other" },
	{ 307, "307 Temporary Redirect" }, { 308, "308 Permanent Redirect" },
	{ 400, "400 Bad Request" }, { 408, "408 Request Timeout" }, { 414, "414 URI Too Long" },
	{ 421, "421 Misdirected Request" }, { 431, "431 Request Header Fields Too Large" },
	{ 501, "501 Not Implemented" }, { 503, "503 Service Unavailable" },
	{ 505, "505 HTTP Version Not Supported" },
};

const char *http_status_text(unsigned status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].status == status)
			return statuses[i].text;
	return NULL;
}

size_t http_reply_write(char *out, size_t size, const struct http_reply *r)
{
	const char *text = r->status >= 400 ? http_status_text(r->status) : NULL;
	char retry[40] = "", date[48] = "";
	int n;

	if (!text)
		return 0;
	if (r->retry_after > 0)
		snprintf(retry, sizeof retry, "Retry-After: %u\r\n", r->retry_after);
	if (r->date)
		snprintf(date, sizeof date, "Date: %s\r\n", r->date);
	/* no-store: what is true of this moment may not be kept (414 and 501 could be, RFC 9110 section 15.1). */
	n = snprintf(out, size, "HTTP/1.1 %s\r\n%s%sCache-Control: no-store\r\nContent-Length: 0\r\n%s\r\n", text, date, retry,
	             r->close ? "Connection: close\r\n" : "");
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}
