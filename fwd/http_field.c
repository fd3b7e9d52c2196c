#include <strings.h>
#include "http_parts.h"

/* RFC 9112 section 5 */

/* Every byte is HTAB, SP, visible or above 0x7f. Eight at a time: this is most of a browser's head. */
static bool is_field_value(const char *at, const char *end)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;

	for (; end - at >= 8; at += 8) {
		uint64_t word, deletes;

		memcpy(&word, at, 8);
		deletes = word ^ ones * 0x7f;
		if ((((word - ones * 0x20) & ~word) | ((deletes - ones) & ~deletes)) & tops)
			break; /* a control among them, HTAB perhaps */
	}
	for (; at < end; at++)
		if (((uint8_t)*at < ' ' && *at != '\t') || *at == 0x7f)
			return false;
	return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/*
 * The next element of a comma list (RFC 9110 section 5.6.1) from *at on, without
 * blanks around it; may be empty. False: there was no more.
 */
static bool next_element(const char **at, const char *end, const char **first, const char **last)
{
	const char *comma;

	if (*at > end)
		return false;
	comma = *at < end ? memchr(*at, ',', (size_t)(end - *at)) : NULL;
	if (!comma)
		comma = end;
	for (*first = *at; *first < comma && is_blank(**first); ++*first)
		;
	for (*last = comma; *last > *first && is_blank((*last)[-1]); --*last)
		;
	*at = comma + 1;
	return true;
}

static bool same_word(const char *at, const char *end, const char *word)
{
	/* The first letter, in either case, spares most calls. */
	return (size_t)(end - at) == strlen(word) && ((*at ^ *word) & 0xdf) == 0 && strncasecmp(at, word, (size_t)(end - at)) == 0;
}

/* Up to 18 digits, so that nothing can overflow. */
static bool parse_length(const char *at, const char *end, uint64_t *length)
{
	*length = 0;
	if (at == end || end - at > 18)
		return false;
	for (; at < end; at++) {
		if (!is(*at, DIGIT))
			return false;
		*length = *length * 10 + (uint64_t)(*at - '0');
	}
	return true;
}

/* One number, or the same one again and again (RFC 9110 section 8.6). */
static enum http_verdict field_content_length(struct http_head *h, const char *at, const char *end)
{
	const char *first, *last;

	while (next_element(&at, end, &first, &last)) {
		uint64_t length;

		if (!parse_length(first, last, &length))
			return refuse(h, 400, "bad Content-Length");
		if (h->has_length && length != h->content_length)
			return refuse(h, 400, "two different Content-Length");
		h->has_length = true;
		h->content_length = length;
	}
	return HTTP_MORE;
}

/* `chunked` once, and last (RFC 9112 section 6.1). What is coded in it is not our concern: it is thrown away. */
static enum http_verdict field_transfer_encoding(struct http_head *h, const char *at, const char *end)
{
	const char *first, *last;

	h->has_encoding = true;
	while (next_element(&at, end, &first, &last)) {
		if (h->chunked || first == last || span(first, last, TOKEN) != last)
			return refuse(h, 400, "bad Transfer-Encoding");
		h->chunked = same_word(first, last, "chunked");
	}
	return HTTP_MORE;
}

static enum http_verdict field_connection(struct http_head *h, const char *at, const char *end)
{
	const char *first, *last;

	while (next_element(&at, end, &first, &last)) {
		if (same_word(first, last, "close"))
			h->close = true;
		else if (same_word(first, last, "keep-alive"))
			h->keep = true;
		else if (same_word(first, last, "upgrade"))
			h->upgrade_named = true;
	}
	return HTTP_MORE;
}

static enum http_verdict field_host(struct http_head *h, const char *buf, const char *at, const char *end)
{
	struct http_span host = h->host;
	uint16_t port = h->port;

	if (h->has_host)
		return refuse(h, 400, "two Hosts");
	h->has_host = true;
	if (at < end && !http_parse_host(h, buf, at, end))
		return refuse(h, 400, "bad Host");
	/* The target's authority counts, not Host (RFC 9112 section 3.2.2). */
	if (h->form == HTTP_ABSOLUTE) {
		h->host = host;
		h->port = port;
	}
	return HTTP_MORE;
}

/* One field whose name ends at `colon`; HTTP_MORE: on to the next one. */
static enum http_verdict parse_field(struct http_head *h, const char *buf, const char *name, const char *colon,
                                     const char *at, const char *end)
{
	switch (colon - name) {
	case 4:
		if (same_word(name, colon, "Host"))
			return field_host(h, buf, at, end);
		break;
	case 6:
		if (same_word(name, colon, "Expect") && same_word(at, end, "100-continue"))
			h->expect = true;
		break;
	case 7:
		if (same_word(name, colon, "Upgrade") && at < end)
			h->upgrade_wanted = true;
		break;
	case 10:
		if (same_word(name, colon, "Connection"))
			return field_connection(h, at, end);
		break;
	case 14:
		if (same_word(name, colon, "Content-Length"))
			return field_content_length(h, at, end);
		break;
	case 17:
		if (same_word(name, colon, "Transfer-Encoding"))
			return field_transfer_encoding(h, at, end);
		break;
	}
	return HTTP_MORE;
}

enum http_verdict http_parse_field_line(struct http_head *h, const char *buf, const char *at, const char *end)
{
	const char *colon = span(at, end, TOKEN), *value = colon + 1;

	if (is_blank(*at))
		return refuse(h, 400, "folded line");
	if (colon == at || colon == end || *colon != ':')
		return refuse(h, 400, "bad field name");
	if (!is_field_value(value, end))
		return refuse(h, 400, "control byte in a field");
	while (value < end && is_blank(*value))
		value++;
	while (end > value && is_blank(end[-1]))
		end--;
	return parse_field(h, buf, at, colon, value, end);
}
