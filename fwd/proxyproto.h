/*
 * proxyproto: the PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol
 * .txt, 2020): the header in front of a connection that says whose it is.
 * Pure: bytes in, struct out, and the other way round.
 *
 *     version 1   PROXY TCP4 192.0.2.1 203.0.113.10 56324 110 CR LF
 *     version 2   signature(12) version+command family+transport length(2)
 *                 source destination port port TLV...
 *
 * The hop mark is a TLV of the range left to applications: "fairlead" and the
 * name of the site that sent the connection on. Who sees it never sends it on
 * again (spec 8, case 1). Version 1 has no room for it.
 */
#ifndef FAIRLEAD_PROXYPROTO_H
#define FAIRLEAD_PROXYPROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "conf.h"

/* A longer header is refused: the largest part that anybody sends is a client's certificate name of a few hundred bytes. */
#define PROXY_HEADER_MAX 4096
/* Room for each header that proxy_write makes: two IPv6 addresses, the mark with the longest site name. */
#define PROXY_WRITE_MAX 160

enum proxy_verdict { PROXY_MORE, PROXY_WHOLE, PROXY_BAD };

struct proxy_header {
	size_t len;                       /* its bytes; the client's begin behind it */
	bool told;                        /* it names addresses; else those of the connection hold */
	struct addr source, destination;  /* IPv4-mapped ones as IPv4 */
	bool hop;                         /* it bears the mark */
	const char *why;                  /* of PROXY_BAD: a static text */
};

/* Looks at the `len` bytes of a connection that are there so far. Once the verdict isn't PROXY_MORE it is final. */
enum proxy_verdict proxy_parse(struct proxy_header *out, const void *buf, size_t len);

/*
 * A header into `out` (PROXY_WRITE_MAX bytes). `source` NULL: one that tells
 * nothing, for connections that are our own affair, as probes. `hop`: the
 * name of our site, to mark it (version 2); NULL: no mark. Returns the length.
 */
size_t proxy_write(uint8_t *out, enum proxy_send version, const struct addr *source, const struct addr *destination, const char *hop);

#endif
