#include "http.h"
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* RFC 9112 section 2.2 wants one empty line in front of a request to be passed over; some clients send one behind each POST. */
#define EMPTY_LINES_MAX 2
/* Method, target and version with their spaces and CR LF. */
#define REQUEST_LINE_MAX (HTTP_METHOD_MAX + 1 + HTTP_TARGET_MAX + 1 + 8 + 2)

enum byte_class {
	TOKEN = 1,     /* RFC 9110 section 5.6.2 */
	TARGET = 2,    /* of a target as clients send it: all but controls and space; raw UTF-8 is escaped in Location */
	REG_NAME = 4,  /* RFC 3986 section 3.2.2, besides %XX */
	HEX = 8,
	DIGIT = 16
};

static const uint8_t classes[256] = {
	['!'] = TOKEN | TARGET | REG_NAME, ['"'] = TARGET, ['#'] = TOKEN | TARGET, ['$'] = TOKEN | TARGET | REG_NAME,
	['%'] = TOKEN | TARGET, ['&'] = TOKEN | TARGET | REG_NAME, ['\''] = TOKEN | TARGET | REG_NAME,
	['('] = TARGET | REG_NAME, [')'] = TARGET | REG_NAME, ['*'] = TOKEN | TARGET | REG_NAME,
	['+'] = TOKEN | TARGET | REG_NAME, [','] = TARGET | REG_NAME, ['-'] = TOKEN | TARGET | REG_NAME,
	['.'] = TOKEN | TARGET | REG_NAME, ['/'] = TARGET, ['0' ... '9'] = TOKEN | TARGET | REG_NAME | HEX | DIGIT,
	[':'] = TARGET, [';'] = TARGET | REG_NAME, ['<'] = TARGET, ['='] = TARGET | REG_NAME, ['>' ... '@'] = TARGET,
	['A' ... 'F'] = TOKEN | TARGET | REG_NAME | HEX, ['G' ... 'Z'] = TOKEN | TARGET | REG_NAME,
	['[' ... ']'] = TARGET, ['^'] = TOKEN | TARGET, ['_'] = TOKEN | TARGET | REG_NAME, ['`'] = TOKEN | TARGET,
	['a' ... 'f'] = TOKEN | TARGET | REG_NAME | HEX, ['g' ... 'z'] = TOKEN | TARGET | REG_NAME,
	['{'] = TARGET, ['|'] = TOKEN | TARGET, ['}'] = TARGET, ['~'] = TOKEN | TARGET | REG_NAME,
	[0x80 ... 0xff] = TARGET,
};

static bool is(char c, enum byte_class class) { return classes[(uint8_t)c] & class; }

/* The first byte from `at` to `end` that isn't of the class. */
static const char *span(const char *at, const char *end, enum byte_class class)
{
	/* By fours: names, targets and hosts are half of the work of a head. */
	for (; end - at >= 4; at += 4) {
		if (!is(at[0], class))
			return at;
		if (!is(at[1], class))
			return at + 1;
		if (!is(at[2], class))
			return at + 2;
		if (!is(at[3], class))
			return at + 3;
	}
	while (at < end && is(*at, class))
		at++;
	return at;
}

static enum http_verdict refuse(struct http_head *h, unsigned status, const char *why)
{
	h->status = status;
	h->why = why;
	return HTTP_ERROR;
}

static enum http_verdict relay(struct http_head *h, const char *why)
{
	h->why = why;
	return HTTP_RELAY;
}

static struct http_span span_of(const char *buf, const char *at, const char *end)
{
	return (struct http_span){ .at = (uint16_t)(at - buf), .len = (uint16_t)(end - at) };
}

void http_head_init(struct http_head *h)
{
	memset(h, 0, sizeof *h);
}

/* --- host [":" port] (RFC 3986 section 3.2) --- */

static bool is_ipv6(const char *at, const char *end)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr unused;
	size_t len = (size_t)(end - at);

	if (len >= sizeof text)
		return false;
	memcpy(text, at, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &unused) == 1;
}

/* The end of the host that begins at `at`, NULL: not one. */
static const char *host_end(const char *at, const char *end)
{
	const char *start = at;

	if (at < end && *at == '[') {
		const char *bracket = memchr(at, ']', (size_t)(end - at));

		return bracket && is_ipv6(at + 1, bracket) ? bracket + 1 : NULL;
	}
	for (;;) {
		at = span(at, end, REG_NAME);
		if (at == end || *at != '%')
			return at > start ? at : NULL;
		if (end - at < 3 || !is(at[1], HEX) || !is(at[2], HEX))
			return NULL;
		at += 3;
	}
}

/* Digits alone, at most 65535; none: 0. */
static bool parse_port(const char *at, const char *end, uint16_t *port)
{
	uint32_t value = 0;

	for (; at < end; at++) {
		if (!is(*at, DIGIT))
			return false;
		value = value * 10 + (uint32_t)(*at - '0');
		if (value > UINT16_MAX)
			return false;
	}
	*port = (uint16_t)value;
	return true;
}

/* Sets the effective host. */
static bool parse_host(struct http_head *h, const char *buf, const char *at, const char *end)
{
	const char *after = host_end(at, end);

	if (!after)
		return false;
	if (after < end && *after != ':')
		return false;
	h->host = span_of(buf, at, after);
	return after == end || parse_port(after + 1, end, &h->port);
}

/* --- request line (RFC 9112 section 3) --- */

/*
 * What the first bytes tell, before the line is whole: somebody who speaks no
 * HTTP may never send a line end. HTTP_HEAD: nothing is wrong so far.
 */
static enum http_verdict look_at_method(struct http_head *h, const char *buf, const char *at, const char *end)
{
	const char *stop = end - at > HTTP_METHOD_MAX + 1 ? at + HTTP_METHOD_MAX + 1 : end;
	const char *after = span(at, stop, TOKEN);

	if (*at == '\r' && (end - at == 1 || at[1] == '\n'))
		return HTTP_HEAD; /* an empty line */
	if (*at == 0x16) {
		if (end - at == 1)
			return HTTP_HEAD;
		return at[1] == 0x03 ? relay(h, "TLS hello") : refuse(h, 400, "method is not a token");
	}
	if (after - at > HTTP_METHOD_MAX)
		return refuse(h, 501, "method too long");
	if (after < end && (*after != ' ' || after == at))
		return refuse(h, 400, "method is not a token");
	h->method = span_of(buf, at, after);
	return HTTP_HEAD;
}

static bool method_is(const struct http_head *h, const char *buf, const char *name)
{
	return h->method.len == strlen(name) && memcmp(buf + h->method.at, name, h->method.len) == 0;
}

/* "http://" or "https://"; returns where the authority begins, NULL: another scheme. */
static const char *authority_start(const char *at, const char *end)
{
	if (end - at >= 7 && strncasecmp(at, "http://", 7) == 0)
		return at + 7;
	return end - at >= 8 && strncasecmp(at, "https://", 8) == 0 ? at + 8 : NULL;
}

static bool parse_absolute(struct http_head *h, const char *buf, const char *at, const char *end)
{
	const char *authority = authority_start(at, end), *path = authority;

	if (!authority)
		return false;
	while (path < end && *path != '/' && *path != '?' && *path != '#')
		path++;
	h->form = HTTP_ABSOLUTE;
	h->path = span_of(buf, path, end);
	return parse_host(h, buf, authority, path);
}

static enum http_verdict parse_target(struct http_head *h, const char *buf, const char *at, const char *end)
{
	h->target = h->path = span_of(buf, at, end);
	if (method_is(h, buf, "CONNECT")) {
		h->form = HTTP_AUTHORITY;
		return relay(h, "CONNECT");
	}
	if (*at == '/') {
		h->form = HTTP_ORIGIN;
		return HTTP_HEAD;
	}
	if (*at == '*' && end - at == 1) {
		h->form = HTTP_ASTERISK;
		return method_is(h, buf, "OPTIONS") ? HTTP_HEAD : refuse(h, 400, "* is for OPTIONS only");
	}
	return parse_absolute(h, buf, at, end) ? HTTP_HEAD : refuse(h, 400, "bad target");
}

/* "HTTP/1.1"; 1.2 and later are read as 1.1 (RFC 9110 section 2.5). */
static enum http_verdict parse_version(struct http_head *h, const char *buf, const char *at, const char *end)
{
	if (end - at != 8 || memcmp(at, "HTTP/", 5) != 0 || !is(at[5], DIGIT) || at[6] != '.' || !is(at[7], DIGIT))
		return refuse(h, 400, "no HTTP version");
	if (at[5] == '1') {
		h->http1 = true;
		h->minor = at[7] != '0';
		return HTTP_HEAD;
	}
	/* RFC 9113 section 3.4. */
	if (memcmp(at, "HTTP/2.0", 8) == 0 && method_is(h, buf, "PRI") && at[-2] == '*' && at[-3] == ' ')
		return relay(h, "HTTP/2 preface");
	return refuse(h, 505, "HTTP version not supported");
}

/* `end` is where CR LF begins; the method is known to be good. */
static enum http_verdict parse_request_line(struct http_head *h, const char *buf, const char *end)
{
	const char *target = buf + h->method.at + h->method.len + 1, *after;
	enum http_verdict v;

	after = span(target, end, TARGET);
	if (after == target || after == end || *after != ' ')
		return refuse(h, 400, "bad request line");
	if (after - target > HTTP_TARGET_MAX)
		return refuse(h, 414, "target too long");
	v = parse_version(h, buf, after + 1, end);
	if (v == HTTP_HEAD)
		v = parse_target(h, buf, target, after);
	h->head_method = method_is(h, buf, "HEAD");
	h->get_or_head = h->head_method || method_is(h, buf, "GET");
	return v;
}

/* --- fields (RFC 9112 section 5) --- */

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
	if (at < end && !parse_host(h, buf, at, end))
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

static enum http_verdict parse_field_line(struct http_head *h, const char *buf, const char *at, const char *end)
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

/* --- the head as a whole --- */

/*
 * framing (RFC 9112 section 6.3)               body
 * Transfer-Encoding and Content-Length         400: one of them was smuggled in
 * Transfer-Encoding, not ending in chunked     400
 * Transfer-Encoding in HTTP/1.0                400: nobody knows what the sender means
 * Transfer-Encoding                            chunked
 * Content-Length above 0                       that long
 * none                                         none
 */
static enum http_verdict settle_body(struct http_head *h)
{
	if (h->has_encoding && h->has_length)
		return refuse(h, 400, "Transfer-Encoding beside Content-Length");
	if (h->has_encoding && (!h->chunked || h->minor == 0))
		return refuse(h, 400, "Transfer-Encoding without an end");
	if (h->has_encoding)
		h->body = HTTP_BODY_CHUNKED;
	else if (h->content_length > 0)
		h->body = HTTP_BODY_LENGTH;
	return HTTP_HEAD;
}

static enum http_verdict finish(struct http_head *h)
{
	if (settle_body(h) == HTTP_ERROR)
		return HTTP_ERROR;
	if (!h->has_host && h->minor == 1)
		return refuse(h, 400, "no Host");
	h->keep_alive = !h->close && (h->minor == 1 || h->keep);
	if (!h->has_host && h->form != HTTP_ABSOLUTE)
		return relay(h, "HTTP/1.0 without Host");
	/* HTTP/1.0 knows no upgrade (RFC 9110 section 7.8). */
	if (h->upgrade_named && h->upgrade_wanted && h->minor == 1)
		return relay(h, "upgrade");
	return HTTP_HEAD;
}

/* One whole line, `end` is its LF; HTTP_MORE: on to the next one. */
static enum http_verdict parse_line(struct http_head *h, const char *buf, const char *at, const char *end)
{
	enum http_verdict v;

	if (!h->in_fields && end - at >= REQUEST_LINE_MAX)
		return refuse(h, 414, "request line too long");
	if (end == at || end[-1] != '\r')
		return refuse(h, 400, "bare LF");
	end--;
	if (h->in_fields)
		return at == end ? finish(h) : parse_field_line(h, buf, at, end);
	if (at == end)
		return h->empty_lines++ < EMPTY_LINES_MAX ? HTTP_MORE : refuse(h, 400, "empty lines");
	v = parse_request_line(h, buf, end);
	if (v != HTTP_HEAD)
		return v;
	h->in_fields = true;
	return HTTP_MORE;
}

/* `end`: of the bytes that are there. HTTP_MORE: nothing is wrong with the line that isn't whole yet. */
static enum http_verdict wait_for_line(struct http_head *h, const char *at, const char *end, size_t len)
{
	if (!h->in_fields && end - at >= REQUEST_LINE_MAX)
		return refuse(h, 414, "request line too long");
	if (len >= HTTP_HEAD_MAX)
		return refuse(h, 431, "head too long");
	h->scanned = len;
	return HTTP_MORE;
}

enum http_verdict http_parse(struct http_head *h, const char *buf, size_t len)
{
	const char *end = buf + (len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX);
	enum http_verdict v = HTTP_MORE;

	while (v == HTTP_MORE) {
		const char *at = buf + h->line, *from = buf + (h->scanned > h->line ? h->scanned : h->line);
		const char *lf = from < end ? memchr(from, '\n', (size_t)(end - from)) : NULL;

		if (!h->in_fields && at < end) {
			v = look_at_method(h, buf, at, end);
			if (v != HTTP_HEAD)
				return v;
		}
		if (!lf)
			return wait_for_line(h, at, end, len);
		v = parse_line(h, buf, at, lf);
		h->line = (size_t)(lf + 1 - buf);
	}
	h->head_len = h->line;
	return v;
}
