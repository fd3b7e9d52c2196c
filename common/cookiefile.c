#include "cookiefile.h"

#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool parse_secret(uint8_t out[COOKIE_SECRET_BYTES], const char *text, size_t len)
{
	if (len != 2 * COOKIE_SECRET_BYTES)
		return false;
	for (size_t i = 0; i < COOKIE_SECRET_BYTES; i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* NULL, or why the line can't stand. */
static const char *take_line(struct cookie_secrets *out, const char *text, size_t len)
{
	while (len && is_blank(text[len - 1]))
		len--;
	while (len && is_blank(*text)) {
		text++;
		len--;
	}
	if (!len || *text == '#')
		return NULL;
	if (out->n == COOKIE_SECRETS_MAX)
		return "more than 4 secrets";
	if (!parse_secret(out->bytes[out->n], text, len))
		return "is not a secret of 32 hexadecimal digits";
	out->n++;
	return NULL;
}

bool cookiefile_parse(struct cookie_secrets *out, const char *text, size_t len, unsigned *line, const char **why)
{
	_Static_assert(COOKIE_SECRETS_MAX == 4, "the message of take_line says so");
	const char *end = text + len;
	out->n = 0;
	*why = NULL;
	for (*line = 1; text < end && !*why; ++*line) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		*why = take_line(out, text, (size_t)(stop - text));
		if (*why)
			break;
		text = stop + 1;
	}
	if (!*why && !out->n) {
		*line = 0;
		*why = "has no secret in it";
	}
	if (*why) {
		explicit_bzero(out, sizeof *out);
		return false;
	}
	return true;
}

void cookiefile_line(char out[COOKIEFILE_LINE_MAX], const uint8_t secret[COOKIE_SECRET_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < COOKIE_SECRET_BYTES; i++) {
		out[2 * i] = digits[secret[i] >> 4];
		out[2 * i + 1] = digits[secret[i] & 15];
	}
	memcpy(out + 2 * COOKIE_SECRET_BYTES, "\n", 2);
}
