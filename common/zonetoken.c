#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "zonelex.h"

void zone_report_at(const struct zone_report *r, const struct zone_token *t, size_t offset, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	if (!r->errs)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	errs_add(r->errs, r->file, t->line, t->column + (unsigned)offset + t->quoted, "%s", text);
}

const char *zone_show_text(const char *text, size_t len, char out[ZONE_SHOW_MAX])
{
	char *o = out;
	for (size_t i = 0; i < len && i < 40; i++) {
		uint8_t c = (uint8_t)text[i];
		if (c >= 0x20 && c < 0x7f)
			*o++ = (char)c;
		else
			o += sprintf(o, "\\%03u", (unsigned)c);
	}
	memcpy(o, len > 40 ? "..." : "", len > 40 ? 4 : 1);
	return out;
}

const char *zone_show(const struct zone_token *t, char out[ZONE_SHOW_MAX])
{
	return zone_show_text(t->text, t->len, out);
}

bool zone_number(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
		if (n > max) /* max is below 2^60, so nothing wraps before this is seen */
			return false;
	}
	*out = n;
	return true;
}
