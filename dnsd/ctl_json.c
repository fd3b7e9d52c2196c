#include "ctl_json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void json_begin(struct json *j, FILE *to)
{
	*j = (struct json){ .to = to };
}

/* Length of the UTF-8 sequence at `p` (RFC 3629 section 4), 0: none. */
static size_t sequence(const unsigned char *p)
{
	size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 : *p >= 0xf0 && *p < 0xf5 ? 4 : 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static void put_string(struct json *j, const char *text)
{
	fputc('"', j->to);
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t n = sequence(p);
		if (n == 1 && (*p < 0x20 || *p == '"' || *p == '\\' || *p == 0x7f))
			fprintf(j->to, "\\u%04x", *p);
		else if (n)
			fwrite(p, 1, n, j->to);
		else
			fputs("\\ufffd", j->to);
		p += n ? n : 1;
	}
	fputc('"', j->to);
}

static void put_key(struct json *j, const char *key)
{
	if (j->any)
		fputc(',', j->to);
	if (j->depth) {
		fputc('\n', j->to);
		for (unsigned i = 0; i < j->depth; i++)
			fputs("  ", j->to);
	}
	if (key) {
		put_string(j, key);
		fputs(": ", j->to);
	}
	j->any = true;
}

void json_open(struct json *j, const char *key, char bracket)
{
	put_key(j, key);
	fputc(bracket, j->to);
	j->depth++;
	j->any = false;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (j->any) {
		fputc('\n', j->to);
		for (unsigned i = 0; i < j->depth; i++)
			fputs("  ", j->to);
	}
	fputc(bracket, j->to);
	j->any = true;
	if (!j->depth)
		fputc('\n', j->to);
}

void json_text(struct json *j, const char *key, const char *value)
{
	put_key(j, key);
	put_string(j, value);
}

void json_number(struct json *j, const char *key, double value)
{
	put_key(j, key);
	if (isfinite(value))
		fprintf(j->to, "%.6g", value);
	else
		fputs("null", j->to);
}

void json_count(struct json *j, const char *key, uint64_t value)
{
	put_key(j, key);
	fprintf(j->to, "%" PRIu64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	fputs(value ? "true" : "false", j->to);
}
