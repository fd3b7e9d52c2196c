/*
 * query: a message from a client -> struct query. Nothing is allocated, no
 * length is trusted, the message is not changed.
 */
#ifndef FAIRLEAD_QUERY_H
#define FAIRLEAD_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "edns.h"
#include "rr.h"
#include "zone.h"

#define DNS_HEADER 12

/* Header bits of the third and fourth octet (RFC 1035 section 4.1.1) */
enum { DNS_QR = 0x80, DNS_AA = 0x04, DNS_TC = 0x02, DNS_RD = 0x01, DNS_CD = 0x10 };

/* The least that every client takes (RFC 1035 section 4.2.1). */
#define UDP_PLAIN_MAX 512
/* What passes nearly every path in one piece (RFC 9715 section 3.2). */
#define UDP_EDNS_MAX 1232

struct query {
	struct zone_name name;      /* the question's name, in lower case */
	uint16_t type, class;
	uint16_t question_end;      /* offset behind the question; DNS_HEADER when there is none */
	bool edns, dnssec_ok;
	uint16_t udp_size;          /* what the client takes by UDP, within UDP_PLAIN_MAX..UDP_EDNS_MAX */
	uint16_t tsig_at;           /* offset of the TSIG record, the last of all (RFC 8945 section 5.1); 0: none */
	struct edns options;
};

enum query_verdict {
	QUERY_OK,
	QUERY_DROP,                 /* no answer at all */
	QUERY_COOKIE,               /* no question, but a cookie: the client wants ours (RFC 7873 section 5.4) */
	QUERY_ERROR                 /* answer with *rcode; `question_end`, edns and udp_size are good as far as they were read */
};

/*
 * Reads a message of `len` bytes. QR set or shorter than a header: dropped
 * (RFC 1035 section 7.3; answering answers makes loops). Everything else gets
 * an rcode: unknown opcode NOTIMP, QDCOUNT other than 1 FORMERR (RFC 9619),
 * records where a query has none FORMERR, a malformed or second OPT FORMERR,
 * an option of a wrong form FORMERR, a TSIG that isn't the last FORMERR, an
 * OPT of an unknown version BADVERS (RFC 6891 section 6.1). Names of
 * additional records are passed over, not looked at.
 * ZONE_NAME_SLACK bytes behind `len` must be readable, whatever they are.
 */
enum query_verdict query_parse(struct query *q, const uint8_t *msg, size_t len, enum rcode *rcode);

#endif
