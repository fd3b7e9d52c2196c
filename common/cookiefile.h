/*
 * cookiefile: secrets of DNS cookies (RFC 9018 section 5), a line each of 32
 * hexadecimal digits; the first makes cookies, all verify them. Empty lines and
 * lines that begin with # are passed over. Unbound and NSD read the same.
 */
#ifndef FAIRLEAD_COOKIEFILE_H
#define FAIRLEAD_COOKIEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 has a key of 128 bits. */
#define COOKIE_SECRET_BYTES 16
/* A rollover needs two or three. Each is tried for every cookie that none before it has made. */
#define COOKIE_SECRETS_MAX 4

struct cookie_secrets {
	size_t n;                                              /* 0: none */
	uint8_t bytes[COOKIE_SECRETS_MAX][COOKIE_SECRET_BYTES];
};

/* False: *line (from 1; 0: the file as such) and *why (a static text) say what is wrong; `out` has no secret then. */
bool cookiefile_parse(struct cookie_secrets *out, const char *text, size_t len, unsigned *line, const char **why);

/* Writes the line of one secret, with its newline and NUL. */
#define COOKIEFILE_LINE_MAX (2 * COOKIE_SECRET_BYTES + 2)
void cookiefile_line(char out[COOKIEFILE_LINE_MAX], const uint8_t secret[COOKIE_SECRET_BYTES]);

#endif
