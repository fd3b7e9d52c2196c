#include "addr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool addr_parse(struct addr *out, const char *text, uint16_t port)
{
	struct addr a;
	memset(&a, 0, sizeof a);
	if (inet_pton(AF_INET, text, &a.in4.sin_addr) == 1) {
		a.in4.sin_family = AF_INET;
		a.in4.sin_port = htons(port);
	} else if (inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons(port);
	} else {
		return false;
	}
	*out = a;
	return true;
}

/* 1..65535 in decimal, nothing before or behind. */
static bool parse_port(const char *text, uint16_t *port)
{
	unsigned long n = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned long)(*text - '0');
		if (n > 65535)
			return false;
	}
	*port = (uint16_t)n;
	return n != 0;
}

bool addr_parse_at(struct addr *out, const char *text, uint16_t default_port)
{
	char host[INET6_ADDRSTRLEN + 1];
	uint16_t port = default_port;
	const char *at = strrchr(text, '@');
	size_t n = at ? (size_t)(at - text) : strlen(text);
	if (n >= sizeof host)
		return false;
	memcpy(host, text, n);
	host[n] = 0;
	if (at && !parse_port(at + 1, &port))
		return false;
	return port != 0 && addr_parse(out, host, port);
}

void addr_from_bytes(struct addr *out, int family, const void *bytes, uint16_t port)
{
	memset(out, 0, sizeof *out);
	out->sa.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		memcpy(&out->in4.sin_addr, bytes, 4);
	else
		memcpy(&out->in6.sin6_addr, bytes, 16);
	addr_set_port(out, port);
}

socklen_t addr_len(const struct addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET: return sizeof a->in4;
	case AF_INET6: return sizeof a->in6;
	default: return 0;
	}
}

const uint8_t *addr_bytes(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ? (const uint8_t *)&a->in4.sin_addr : a->in6.sin6_addr.s6_addr;
}

static size_t address_size(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ? 4 : 16;
}

uint16_t addr_port(const struct addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->in4.sin_port : a->in6.sin6_port);
}

void addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->in4.sin_port = htons(port);
	else
		a->in6.sin6_port = htons(port);
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];
	return memcmp(addr_bytes(a), zero, address_size(a)) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
	const uint8_t *b = addr_bytes(a);
	if (a->sa.sa_family == AF_INET)
		return b[0] == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr) || (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr) && b[12] == 127);
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	return a->sa.sa_family == b->sa.sa_family && addr_len(a) && memcmp(addr_bytes(a), addr_bytes(b), address_size(a)) == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_same_ip(a, b) && addr_port(a) == addr_port(b);
}

void addr_unmap(struct addr *a)
{
	if (a->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return;
	uint8_t v4[4];
	memcpy(v4, addr_bytes(a) + 12, 4);
	addr_from_bytes(a, AF_INET, v4, addr_port(a));
}

const char *addr_text(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	if (!addr_len(a) || !inet_ntop(a->sa.sa_family, addr_bytes(a), out, ADDR_TEXT_MAX))
		snprintf(out, ADDR_TEXT_MAX, "-");
	return out;
}

const char *addr_text_at(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	addr_text(a, out);
	if (addr_len(a)) {
		size_t n = strlen(out);
		snprintf(out + n, ADDR_TEXT_MAX - n, "@%u", addr_port(a));
	}
	return out;
}

/* Of 64 bits in the order of bytes, the first `bits` (0..64). */
static uint64_t first_bits(unsigned bits)
{
	return htobe64(bits ? ~(uint64_t)0 << (64 - bits) : 0);
}

/* A word at a time: it is done for every query that looks at its client. */
static void mask_bits(uint8_t bytes[16], unsigned bits)
{
	uint64_t words[2];
	memcpy(words, bytes, sizeof words);
	words[0] &= first_bits(bits < 64 ? bits : 64);
	words[1] &= first_bits(bits < 64 ? 0 : bits < 128 ? bits - 64 : 64);
	memcpy(bytes, words, sizeof words);
}

bool prefix_parse(struct prefix *out, const char *text)
{
	char host[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct addr a;
	if (n >= sizeof host)
		return false;
	memcpy(host, text, n);
	host[n] = 0;
	if (!addr_parse(&a, host, 0))
		return false;
	unsigned long bits = address_size(&a) * 8;
	if (slash) {
		char *end;
		unsigned long given = strtoul(slash + 1, &end, 10);
		if (end == slash + 1 || *end || slash[1] < '0' || slash[1] > '9' || given > bits)
			return false;
		bits = given;
	}
	struct prefix p;
	prefix_of(&p, &a, (uint8_t)bits, (uint8_t)bits);
	if (memcmp(p.bytes, addr_bytes(&a), address_size(&a)))
		return false;
	*out = p;
	return true;
}

bool prefix_covers(const struct prefix *p, const struct addr *a)
{
	if (p->family != a->sa.sa_family)
		return false;
	const uint8_t *b = addr_bytes(a);
	unsigned whole = p->length / 8, rest = p->length % 8;
	if (memcmp(p->bytes, b, whole))
		return false;
	return !rest || !((p->bytes[whole] ^ b[whole]) & (0xff00u >> rest) & 0xff);
}

void prefix_of(struct prefix *out, const struct addr *a, uint8_t length4, uint8_t length6)
{
	memset(out, 0, sizeof *out);
	out->family = (uint8_t)a->sa.sa_family;
	out->length = a->sa.sa_family == AF_INET ? length4 : length6;
	if (a->sa.sa_family == AF_INET)
		memcpy(out->bytes, &a->in4.sin_addr, 4);
	else
		memcpy(out->bytes, &a->in6.sin6_addr, 16);
	mask_bits(out->bytes, out->length);
}

unsigned prefix_common(const struct prefix *p, const struct addr *a)
{
	if (p->family != a->sa.sa_family)
		return 0;
	const uint8_t *b = addr_bytes(a);
	unsigned bits = 0;
	while (bits < p->length && p->bytes[bits / 8] == b[bits / 8])
		bits += 8;
	if (bits < p->length)
		bits += (unsigned)__builtin_clz((unsigned)(p->bytes[bits / 8] ^ b[bits / 8])) - 24;
	return bits < p->length ? bits : p->length;
}

/* By family and bits, and the shorter first: what covers others stands right before them. */
static int prefix_order(const void *a, const void *b)
{
	const struct prefix *p = a, *q = b;
	int order = p->family - q->family;
	if (!order)
		order = memcmp(p->bytes, q->bytes, sizeof p->bytes);
	return order ? order : p->length - q->length;
}

/* `q` begins with the bits of `p`, both of one family. */
static bool prefix_holds(const struct prefix *p, const struct prefix *q)
{
	struct prefix cut = *q;
	if (p->family != q->family || p->length > q->length)
		return false;
	mask_bits(cut.bytes, p->length);
	return memcmp(cut.bytes, p->bytes, sizeof cut.bytes) == 0;
}

/* The two halves of one prefix, the lower one first. */
static bool prefix_halves(const struct prefix *p, const struct prefix *q)
{
	struct prefix whole = *p;
	if (p->length != q->length || p->length == 0)
		return false;
	whole.length--;
	mask_bits(whole.bytes, whole.length);
	return memcmp(whole.bytes, p->bytes, sizeof whole.bytes) == 0 && prefix_holds(&whole, q);
}

size_t prefix_merge(struct prefix *list, size_t n)
{
	size_t kept = 0;
	if (n)
		qsort(list, n, sizeof *list, prefix_order);
	for (size_t i = 0; i < n; i++) {
		if (kept && prefix_holds(&list[kept - 1], &list[i]))
			continue;
		list[kept++] = list[i];
		for (; kept > 1 && prefix_halves(&list[kept - 2], &list[kept - 1]); kept--)
			list[kept - 2].length--;
	}
	return kept;
}

const char *prefix_text(const struct prefix *p, char out[ADDR_TEXT_MAX])
{
	if (!inet_ntop(p->family, p->bytes, out, ADDR_TEXT_MAX))
		snprintf(out, ADDR_TEXT_MAX, "-");
	size_t n = strlen(out);
	snprintf(out + n, ADDR_TEXT_MAX - n, "/%u", p->length);
	return out;
}

const char *prefix_mapped_text(const struct prefix *p, char out[ADDR_TEXT_MAX])
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	struct prefix v4 = { .family = AF_INET, .length = (uint8_t)(p->length - 96) };
	if (p->family != AF_INET6 || p->length < 96 || memcmp(p->bytes, mapped, sizeof mapped) != 0)
		return NULL;
	memcpy(v4.bytes, p->bytes + sizeof mapped, 4);
	return prefix_text(&v4, out);
}
