/*
 * edns: the options of an OPT record, read and written. One table in edns.c
 * has a row for each: NSID (RFC 5001), Client Subnet (RFC 7871), cookies (RFC
 * 7873), and extended errors (RFC 8914), which only answers have.
 */
#ifndef FAIRLEAD_EDNS_H
#define FAIRLEAD_EDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rr.h"

/* A client's cookie, and the longest with a server's behind it (RFC 7873 section 4). */
#define CLIENT_COOKIE_BYTES 8
#define COOKIE_BYTES_MAX 40
/* What we send: the client's cookie and ours (RFC 9018 section 4). */
#define COOKIE_BYTES 24

enum edns_seen { EDNS_NSID = 1, EDNS_SUBNET = 2, EDNS_COOKIE = 4 };

struct edns_subnet {
	uint8_t family;                 /* 1 IPv4, 2 IPv6, 0 none (only with source 0) */
	uint8_t source;                 /* bits of `address` that are known */
	uint8_t address[16];            /* the other bits are 0 */
};

/* A query's options that we know; the first of each kind counts. */
struct edns {
	uint8_t seen;                   /* enum edns_seen; the rest is filled by what is seen only */
	uint8_t cookie_len;             /* 8, or 16..40 */
	uint8_t cookie[COOKIE_BYTES_MAX];
	struct edns_subnet subnet;
};

/* An answer's options; what it points to is borrowed. */
struct edns_reply {
	const char *identity;           /* NULL: none */
	const struct edns_subnet *subnet; /* NULL: none */
	uint8_t scope;                  /* bits, of the subnet's answer */
	bool has_cookie;
	uint8_t cookie[COOKIE_BYTES];
	enum ede ede;                   /* EDE_NONE: none */
	const char *ede_text;           /* NULL: none */
};

/*
 * Options must fill the rdata exactly; unknown ones are passed over (RFC 6891
 * section 6.1.2). False: FORMERR. `e->seen` must be 0 before.
 */
bool edns_read(struct edns *e, const uint8_t *rdata, size_t len);

/* Bytes that the options take. With all of them and the longest name, an answer without records has at most 512. */
size_t edns_size(const struct edns_reply *r);
/* Writes those bytes. */
void edns_write(const struct edns_reply *r, uint8_t *out);

#endif
