/*
 * rr: numbers of RFC 1035, 3596, 6891, 7873, 8914 and friends that the server's own
 * code looks at, and the head of a record.
 */
#ifndef FAIRLEAD_RR_H
#define FAIRLEAD_RR_H

#include "../common/wire.h"

enum rr_type {
	RR_A = 1, RR_NS = 2, RR_CNAME = 5, RR_SOA = 6, RR_PTR = 12, RR_MX = 15, RR_TXT = 16, RR_AAAA = 28,
	RR_DNAME = 39, RR_OPT = 41, RR_DS = 43, RR_RRSIG = 46, RR_NSEC = 47, RR_SVCB = 64, RR_HTTPS = 65,
	RR_TKEY = 249, RR_TSIG = 250, RR_IXFR = 251, RR_AXFR = 252, RR_MAILB = 253, RR_MAILA = 254, RR_ANY = 255
};

enum { CLASS_IN = 1, CLASS_CHAOS = 3 };

enum rcode {
	RCODE_NOERROR = 0, RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5, RCODE_YXDOMAIN = 6, RCODE_NOTAUTH = 9, RCODE_BADVERS = 16, RCODE_BADCOOKIE = 23
};

/* Extended DNS errors (RFC 8914 section 4) */
enum ede { EDE_NONE = -1, EDE_NOT_READY = 14, EDE_PROHIBITED = 18, EDE_NOT_AUTHORITATIVE = 20, EDE_NO_REACHABLE = 22, EDE_NETWORK = 23 };

/* owner pointer, type, class, TTL, rdlength */
#define RR_HEAD 12

/* The head of a record whose owner is the question's name. */
static inline void rr_head(uint8_t *p, uint16_t type, uint32_t ttl, uint16_t rdlength)
{
	wire_set16(p, 0xc00c);
	wire_set16(p + 2, type);
	wire_set16(p + 4, CLASS_IN);
	wire_set32(p + 6, ttl);
	wire_set16(p + 10, rdlength);
}

#endif
