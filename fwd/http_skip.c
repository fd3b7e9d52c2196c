#include "http.h"
#include <string.h>

/* What comes next. The order is that of RFC 9112 section 7.1. */
enum skip_state {
	SKIP_DONE, SKIP_CONTENT,
	SKIP_SIZE_FIRST,   /* a digit has to come */
	SKIP_SIZE, SKIP_EXTENSION, SKIP_SIZE_LF,
	SKIP_DATA, SKIP_DATA_CR, SKIP_DATA_LF,
	SKIP_LINE,         /* a trailer, or the empty line that ends all */
	SKIP_TRAILER, SKIP_TRAILER_LF, SKIP_LAST_LF
};

bool http_skip_init(struct http_skip *s, const struct http_head *h)
{
	*s = (struct http_skip){ .budget = HTTP_SKIP_MAX, .state = SKIP_DONE };
	if (h->body == HTTP_BODY_NONE)
		return true;
	/* Having our final answer the client may send the body or not (RFC 9110 section 10.1.1). */
	if (h->expect)
		return false;
	if (h->body == HTTP_BODY_CHUNKED) {
		s->state = SKIP_SIZE_FIRST;
		return true;
	}
	s->state = SKIP_CONTENT;
	s->left = h->content_length;
	return s->left <= HTTP_SKIP_MAX;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A size over the budget would end in a close anyway, so it never overflows. */
static bool size_digit(struct http_skip *s, char c)
{
	s->left = s->left * 16 + (uint64_t)hex_value(c);
	s->state = SKIP_SIZE;
	return s->left <= HTTP_SKIP_MAX;
}

static bool is_control(char c) { return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f; }

static bool expect(struct http_skip *s, char c, char wanted, enum skip_state then)
{
	s->state = then;
	return c == wanted;
}

/* Within a line whose content isn't looked at; its CR leads to `then`. */
static bool in_line(struct http_skip *s, char c, enum skip_state stay, enum skip_state then)
{
	s->state = c == '\r' ? then : stay;
	return c == '\r' || !is_control(c);
}

/* One byte of framing. False: it can't stand there. */
static bool framing_byte(struct http_skip *s, char c)
{
	switch (s->state) {
	case SKIP_SIZE_FIRST: return hex_value(c) >= 0 && size_digit(s, c);
	case SKIP_SIZE:
		if (hex_value(c) >= 0)
			return size_digit(s, c);
		return (c == '\r' || c == ';' || c == ' ' || c == '\t') && in_line(s, c, SKIP_EXTENSION, SKIP_SIZE_LF);
	case SKIP_EXTENSION: return in_line(s, c, SKIP_EXTENSION, SKIP_SIZE_LF);
	case SKIP_SIZE_LF: return expect(s, c, '\n', s->left > 0 ? SKIP_DATA : SKIP_LINE);
	case SKIP_DATA_CR: return expect(s, c, '\r', SKIP_DATA_LF);
	case SKIP_DATA_LF: return expect(s, c, '\n', SKIP_SIZE_FIRST);
	case SKIP_LINE: return in_line(s, c, SKIP_TRAILER, SKIP_LAST_LF);
	case SKIP_TRAILER: return in_line(s, c, SKIP_TRAILER, SKIP_TRAILER_LF);
	case SKIP_TRAILER_LF: return expect(s, c, '\n', SKIP_LINE);
	default: return expect(s, c, '\n', SKIP_DONE);
	}
}

/* Bytes of content among `len`. */
static size_t skip_content(struct http_skip *s, size_t len)
{
	size_t n = s->left < len ? (size_t)s->left : len;

	s->left -= n;
	if (s->left == 0)
		s->state = s->state == SKIP_CONTENT ? SKIP_DONE : SKIP_DATA_CR;
	return n;
}

enum http_skip_verdict http_skip(struct http_skip *s, const char *buf, size_t len, size_t *used)
{
	*used = 0;
	while (s->state != SKIP_DONE && *used < len) {
		size_t n = 1;

		if (s->state == SKIP_CONTENT || s->state == SKIP_DATA)
			n = skip_content(s, len - *used);
		else if (!framing_byte(s, buf[*used]))
			return HTTP_SKIP_CLOSE;
		if (n > s->budget)
			return HTTP_SKIP_CLOSE;
		s->budget -= (uint32_t)n;
		*used += n;
	}
	return s->state == SKIP_DONE ? HTTP_SKIP_DONE : HTTP_SKIP_MORE;
}
