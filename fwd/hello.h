/*
 * hello: what a TLS ClientHello says before anything is encrypted: which
 * server name is wanted (RFC 6066 section 3) and which protocols are spoken
 * inside (RFC 7301). Pure, and reads nothing else: versions and ciphers are
 * between the client and whoever answers it.
 *
 *     record: 22 3 x length { handshake: 1 length(3) { version random session ciphers compression extensions } }
 *
 * A hello may be spread over many records, and each over many packets.
 */
#ifndef FAIRLEAD_HELLO_H
#define FAIRLEAD_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All of it with the records' heads; the largest in use (post-quantum key shares, ECH) have 2 KiB. */
#define HELLO_MAX 16384
/* A host name in text and the NUL (RFC 1035 section 2.3.4). */
#define HELLO_NAME_SIZE 254

enum hello_verdict {
	HELLO_MORE,
	HELLO_WHOLE,
	HELLO_NOT_TLS,   /* the first bytes are no handshake record */
	HELLO_BAD        /* a handshake record, but no hello in order */
};

struct hello {
	char name[HELLO_NAME_SIZE];  /* lower case, without final dot; "": none was named */
	bool alpn;                   /* protocols were offered */
	bool alpn_http1;             /* http/1.1 or http/1.0 among them */
	const char *why;             /* HELLO_NOT_TLS, HELLO_BAD: a static text */
};

/*
 * Looks at the `len` bytes of a connection that are there so far, and moves
 * some of them: `buf` is the caller's copy, of no more use to him afterwards.
 * Once the verdict isn't HELLO_MORE it is final.
 */
enum hello_verdict hello_parse(struct hello *out, uint8_t *buf, size_t len);

#endif
