/*
 * http_parts: what the files of the head parser share; nobody else includes it.
 *     http.c        the head as a whole, request line
 *     http_host.c   host [":" port], in Host and in an absolute target
 *     http_field.c  field lines
 */
#ifndef FAIRLEAD_HTTP_PARTS_H
#define FAIRLEAD_HTTP_PARTS_H

#include <string.h>
#include "http.h"

enum byte_class {
	TOKEN = 1,     /* RFC 9110 section 5.6.2 */
	TARGET = 2,    /* of a target as clients send it: all but controls and space; raw UTF-8 is escaped in Location */
	REG_NAME = 4,  /* RFC 3986 section 3.2.2, besides %XX */
	HEX = 8,
	DIGIT = 16
};

extern const uint8_t http_byte_classes[256];

static inline bool is(char c, enum byte_class class) { return http_byte_classes[(uint8_t)c] & class; }

/* The first byte from `at` to `end` that isn't of the class. */
static inline const char *span(const char *at, const char *end, enum byte_class class)
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

static inline enum http_verdict refuse(struct http_head *h, unsigned status, const char *why)
{
	h->status = status;
	h->why = why;
	return HTTP_ERROR;
}

static inline struct http_span span_of(const char *buf, const char *at, const char *end)
{
	return (struct http_span){ .at = (uint16_t)(at - buf), .len = (uint16_t)(end - at) };
}

/* Sets the effective host and port from RFC 3986 section 3.2 without user. False: malformed, or empty. */
bool http_parse_host(struct http_head *h, const char *buf, const char *at, const char *end);

/* One field line without CR LF, not empty. HTTP_MORE: in order, on to the next one. */
enum http_verdict http_parse_field_line(struct http_head *h, const char *buf, const char *at, const char *end);

#endif
