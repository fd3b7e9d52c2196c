#include "check_response.h"

#include <string.h>
#include <strings.h>

/* Where we are in a chunked body (RFC 9112 section 7.1). */
enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER };

/* More digits could wrap the length; such a body is never read to its end anyway. */
#define LENGTH_DIGITS_MAX 18

void response_init(struct check_response *r, bool head_request)
{
	memset(r, 0, offsetof(struct check_response, line)); /* `line` is written before it is read */
	r->head_request = head_request;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.x SP 3DIGIT" and then the end, or SP and a reason (RFC 9112 section 4). */
static bool read_status_line(struct check_response *r, const char *line, size_t len)
{
	if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ')
		return false;
	if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) || (len > 12 && line[12] != ' '))
		return false;
	r->status = (uint16_t)((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
	r->status_line_done = true;
	return r->status >= 100 && r->status <= 599;
}

/* The value of the field `name`, without blanks around it; NULL: another field. */
static const char *value_of(const char *line, size_t len, const char *name, size_t *value_len)
{
	size_t n = strlen(name);
	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	const char *p = line + n + 1, *end = line + len;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*value_len = (size_t)(end - p);
	return p;
}

/* Two lengths that differ are an attack or a bug (RFC 9112 section 6.3). */
static bool read_length(struct check_response *r, const char *value, size_t len)
{
	uint64_t length = 0;
	if (len == 0 || len > LENGTH_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(value[i]))
			return false;
		length = length * 10 + (uint64_t)(value[i] - '0');
	}
	if (r->has_length && r->length != length)
		return false;
	r->has_length = true;
	r->length = length;
	return true;
}

/* We offer no codings, so "chunked" alone may be used (RFC 9112 section 6.1). */
static bool read_coding(struct check_response *r, const char *value, size_t len)
{
	r->chunked = true;
	return len == 7 && strncasecmp(value, "chunked", 7) == 0;
}

static bool read_field(struct check_response *r, const char *line, size_t len)
{
	size_t n;
	if (line[0] == ' ' || line[0] == '\t') /* goes on with the field before (RFC 9112 section 5.2) */
		return true;
	const char *value = value_of(line, len, "Content-Length", &n);
	if (value)
		return read_length(r, value, n);
	value = value_of(line, len, "Transfer-Encoding", &n);
	return value ? read_coding(r, value, n) : memchr(line, ':', len) || r->line_len > HTTP_LINE_MAX;
}

/* The empty line has come: what body follows (RFC 9112 section 6.3)? */
static void end_head(struct check_response *r)
{
	if (r->status < 200) { /* interim: the next head follows */
		bool switched = r->status == 101; /* to a protocol that nobody asked for */
		size_t head_bytes = r->head_bytes;
		response_init(r, r->head_request);
		r->head_bytes = head_bytes;
		if (switched)
			r->state = RESPONSE_MALFORMED;
	} else if (r->head_request || r->status == 204 || r->status == 304) {
		r->state = RESPONSE_DONE;
	} else if (r->chunked) {
		r->chunk_part = CHUNK_SIZE;
		r->length = 0;
		r->digits = 0;
		r->state = RESPONSE_BODY;
	} else {
		r->until_close = !r->has_length;
		r->state = r->has_length && r->length == 0 ? RESPONSE_DONE : RESPONSE_BODY;
	}
}

static void end_line(struct check_response *r)
{
	size_t len = r->line_len < HTTP_LINE_MAX ? r->line_len : HTTP_LINE_MAX;
	if (len == r->line_len && len > 0 && r->line[len - 1] == '\r')
		len--;
	bool fine = true;
	if (!r->status_line_done)
		fine = read_status_line(r, r->line, len);
	else if (len > 0)
		fine = read_field(r, r->line, len);
	else
		end_head(r);
	r->line_len = 0;
	if (!fine)
		r->state = RESPONSE_MALFORMED;
}

/* One byte of a head. A bare LF ends a line, too (RFC 9112 section 2.2). */
static void feed_head(struct check_response *r, char c)
{
	if (++r->head_bytes > HTTP_HEAD_MAX) {
		r->state = RESPONSE_TOO_LONG;
	} else if (c == '\n') {
		end_line(r);
	} else if (!c) {
		r->state = RESPONSE_MALFORMED;
	} else {
		if (r->line_len < HTTP_LINE_MAX)
			r->line[r->line_len] = c;
		r->line_len++;
	}
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void feed_chunk_size(struct check_response *r, char c)
{
	int v = hex_value(c);
	if (v >= 0 && r->digits < HTTP_CHUNK_DIGITS) {
		r->length = r->length << 4 | (unsigned)v;
		r->digits++;
	} else if (v >= 0 || r->digits == 0) {
		r->state = RESPONSE_MALFORMED;
	} else if (c == '\n') {
		r->chunk_part = r->length ? CHUNK_DATA : CHUNK_TRAILER;
		r->line_len = 0;
	} else if (c == ';' || c == '\r' || c == ' ' || c == '\t') {
		r->chunk_part = CHUNK_EXTENSION;
	} else {
		r->state = RESPONSE_MALFORMED;
	}
}

/* One byte of a chunked body's framing. What it says besides data is bounded like a head. */
static void feed_framing(struct check_response *r, char c)
{
	switch (r->chunk_part) {
	case CHUNK_SIZE:
		feed_chunk_size(r, c);
		return;
	case CHUNK_EXTENSION:
		if (c == '\n') {
			r->chunk_part = r->length ? CHUNK_DATA : CHUNK_TRAILER;
			r->line_len = 0;
		} else if (++r->head_bytes > HTTP_HEAD_MAX) {
			r->state = RESPONSE_TOO_LONG;
		}
		return;
	case CHUNK_DATA_END:
		if (c == '\n') {
			r->chunk_part = CHUNK_SIZE;
			r->digits = 0;
		} else if (c != '\r' || ++r->head_bytes > HTTP_HEAD_MAX) {
			r->state = RESPONSE_MALFORMED;
		}
		return;
	default: /* CHUNK_TRAILER: lines up to an empty one */
		if (c == '\n' && r->line_len == 0)
			r->state = RESPONSE_DONE;
		else if (++r->head_bytes > HTTP_HEAD_MAX)
			r->state = RESPONSE_TOO_LONG;
		else if (c != '\r')
			r->line_len = c == '\n' ? 0 : r->line_len + 1;
	}
}

/* Bytes of the body itself, at most as many as belong to it. Returns how many were taken. */
static size_t feed_data(struct check_response *r, const uint8_t *p, size_t n, const struct response_sink *sink)
{
	size_t take = r->until_close || r->length > n ? n : (size_t)r->length;
	bool more = !sink || sink->body(sink->arg, p, take);
	if (!r->until_close)
		r->length -= take;
	if (!more)
		r->state = RESPONSE_DONE;
	else if (r->chunked && r->length == 0)
		r->chunk_part = CHUNK_DATA_END;
	else if (!r->until_close && r->length == 0)
		r->state = RESPONSE_DONE;
	return take;
}

enum response_state response_feed(struct check_response *r, const uint8_t *p, size_t n,
                                  const struct response_sink *sink)
{
	while (n > 0 && r->state <= RESPONSE_BODY) {
		size_t taken = 1;
		if (r->state == RESPONSE_HEAD)
			feed_head(r, (char)*p);
		else if (!r->chunked || r->chunk_part == CHUNK_DATA)
			taken = feed_data(r, p, n, sink);
		else
			feed_framing(r, (char)*p);
		p += taken;
		n -= taken;
	}
	return r->state;
}

bool response_closed(struct check_response *r)
{
	if (r->state == RESPONSE_BODY && r->until_close)
		r->state = RESPONSE_DONE;
	return r->state == RESPONSE_DONE;
}
