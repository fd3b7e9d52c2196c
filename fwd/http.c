#include <strings.h>
#include "http_parts.h"

/* RFC 9112 section 2.2 wants one empty line in front of a request to be passed over; some clients send one behind each POST. */
#define EMPTY_LINES_MAX 2
/* Method, target and version with their spaces and CR LF. */
#define REQUEST_LINE_MAX (HTTP_METHOD_MAX + 1 + HTTP_TARGET_MAX + 1 + 8 + 2)

void http_head_init(struct http_head *h)
{
	memset(h, 0, sizeof *h);
}

static enum http_verdict relay(struct http_head *h, const char *why)
{
	h->why = why;
	return HTTP_RELAY;
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
	return http_parse_host(h, buf, authority, path);
}

static enum http_verdict parse_target(struct http_head *h, const char *buf, const char *at, const char *end)
{
	h->target = h->path = span_of(buf, at, end);
	if (method_is(h, buf, "CONNECT")) {
		h->form = HTTP_AUTHORITY;
		return HTTP_HEAD; /* relayed when its Host is known: finish */
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
	if (h->form == HTTP_AUTHORITY)
		return relay(h, "CONNECT");
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
		return at == end ? finish(h) : http_parse_field_line(h, buf, at, end);
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
