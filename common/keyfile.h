/*
 * keyfile: a TSIG key as tsig-keygen(8) writes it:
 *     key "den" { algorithm hmac-sha256; secret "base64"; };
 * One key clause a file; comments as in named.conf (#, //, C).
 */
#ifndef FAIRLEAD_KEYFILE_H
#define FAIRLEAD_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "site.h"

struct keyfile {
	char name[256];              /* as written */
	enum key_algorithm algorithm;
	uint8_t *secret; size_t secret_len; /* the caller frees, after explicit_bzero */
};

/* On an error: false, *line (from 1) and *why (a static text); nothing is left to free. */
bool keyfile_parse(struct keyfile *out, const char *text, size_t len, unsigned *line, const char **why);

/* "hmac-sha256" in any case; false: none of ours. */
bool key_algorithm_by_name(const char *name, enum key_algorithm *out);
const char *key_algorithm_name(enum key_algorithm a);

/*
 * RFC 4648 section 4, strictly: padded, no blanks, no bits behind the end.
 * Returns the bytes (the caller frees) and their number; NULL: malformed, empty, or no memory.
 */
uint8_t *base64_decode(const char *text, size_t len, size_t *out_len);

#endif
