/*
 * addr: one address with port, and address prefixes.
 */
#ifndef FAIRLEAD_ADDR_H
#define FAIRLEAD_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* An IPv4 or IPv6 address with a port, ready for the socket calls. sa.sa_family AF_UNSPEC: none. */
struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	};
};

/* Room for "[" IPv6 "]:" port or IPv6 "%" scope "@" port, and the NUL. */
#define ADDR_TEXT_MAX 80

/* A prefix; bits past `length` are 0. family AF_INET: bytes 0..3 of `bytes`. */
struct prefix {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t length; /* bits */
	uint8_t bytes[16];
};

/* "192.0.2.1" or "2001:db8::1"; port becomes `port`. False: not an address (nothing is written). */
bool addr_parse(struct addr *out, const char *text, uint16_t port);

/* "ADDRESS@PORT" (spec 2); the port is required when `default_port` is 0. False: malformed. */
bool addr_parse_at(struct addr *out, const char *text, uint16_t default_port);

/* From `family` and 4 or 16 raw bytes. */
void addr_from_bytes(struct addr *out, int family, const void *bytes, uint16_t port);

socklen_t addr_len(const struct addr *a);        /* bytes of the sockaddr; 0: none */
const uint8_t *addr_bytes(const struct addr *a); /* 4 or 16 raw address bytes */
uint16_t addr_port(const struct addr *a);        /* host order */
void addr_set_port(struct addr *a, uint16_t port);
bool addr_is_any(const struct addr *a);          /* 0.0.0.0 or :: */
bool addr_is_loopback(const struct addr *a);     /* 127/8, ::1, and ::ffff:127/104 */
bool addr_same_ip(const struct addr *a, const struct addr *b);   /* family and address */
bool addr_equal(const struct addr *a, const struct addr *b);     /* and port */

/* IPv4-mapped IPv6 addresses (::ffff:a.b.c.d) become IPv4, others stay. */
void addr_unmap(struct addr *a);

/* Address alone / "ADDRESS@PORT". Returns `out`. */
const char *addr_text(const struct addr *a, char out[ADDR_TEXT_MAX]);
const char *addr_text_at(const struct addr *a, char out[ADDR_TEXT_MAX]);

/* "10.0.0.0/8", "2001:db8::/32", or an address alone (whole length). False: malformed, or bits set past the length. */
bool prefix_parse(struct prefix *out, const char *text);

/* "10.0.0.0/8" of ::ffff:10.0.0.0/104: no packet comes from there, so what is written so is never met. NULL: it is another prefix. */
const char *prefix_mapped_text(const struct prefix *p, char out[ADDR_TEXT_MAX]);
bool prefix_covers(const struct prefix *p, const struct addr *a);
/* The network of an address: its first `length4` or `length6` bits. */
void prefix_of(struct prefix *out, const struct addr *a, uint8_t length4, uint8_t length6);
/* How many leading bits the address has in common with the prefix: its length when it covers the address. Of another family: 0. */
unsigned prefix_common(const struct prefix *p, const struct addr *a);
/* The same set of addresses in as few prefixes as can be, disjoint, in order. Returns how many. */
size_t prefix_merge(struct prefix *list, size_t n);
const char *prefix_text(const struct prefix *p, char out[ADDR_TEXT_MAX]);

#endif
