#include "edns.h"

#include <string.h>

/* Our texts are short; one that isn't is cut. */
#define EDE_TEXT_MAX 64
/* Option code and length */
#define OPTION_HEAD 4
/* Family and two prefix lengths, before a subnet's address (RFC 7871 section 6) */
#define SUBNET_HEAD 4

/* ---- reading ---- */

/* What an asker puts into it means nothing (RFC 5001 section 2.1). */
static bool read_nsid(struct edns *e, const uint8_t *p, size_t len)
{
	(void)p;
	(void)len;
	e->seen |= EDNS_NSID;
	return true;
}

static size_t address_size(uint8_t source)
{
	return (source + 7u) / 8;
}

/* RFC 7871 section 6: as many octets as the bits need, and no bit behind them. A family that we don't know can't be answered. */
static bool read_subnet(struct edns *e, const uint8_t *p, size_t len)
{
	static const uint8_t bits[] = { 0, 32, 128 };
	struct edns_subnet *s = &e->subnet;
	if (len < SUBNET_HEAD || wire_get16(p) >= sizeof bits)
		return false;
	uint8_t source = p[2], scope = p[3];
	size_t size = address_size(source);
	if (scope || source > bits[p[1]] || len != SUBNET_HEAD + size)
		return false;
	if (source % 8 && (p[len - 1] & (0xff >> source % 8)))
		return false;
	s->family = p[1];
	s->source = source;
	memset(s->address, 0, sizeof s->address);
	memcpy(s->address, p + SUBNET_HEAD, size);
	e->seen |= EDNS_SUBNET;
	return true;
}

/* RFC 7873 section 5.2.2 */
static bool read_cookie(struct edns *e, const uint8_t *p, size_t len)
{
	if (len != CLIENT_COOKIE_BYTES && (len < 2 * CLIENT_COOKIE_BYTES || len > COOKIE_BYTES_MAX))
		return false;
	e->cookie_len = (uint8_t)len;
	memcpy(e->cookie, p, len);
	e->seen |= EDNS_COOKIE;
	return true;
}

/* ---- writing ---- */

static size_t nsid_size(const struct edns_reply *r)
{
	return r->identity ? strlen(r->identity) : 0;
}

static void write_nsid(const struct edns_reply *r, uint8_t *out, size_t len)
{
	memcpy(out, r->identity, len);
}

static size_t subnet_size(const struct edns_reply *r)
{
	return r->subnet ? SUBNET_HEAD + address_size(r->subnet->source) : 0;
}

/* The query's own, with the scope (RFC 7871 section 7.2.1). */
static void write_subnet(const struct edns_reply *r, uint8_t *out, size_t len)
{
	wire_set16(out, r->subnet->family);
	out[2] = r->subnet->source;
	out[3] = r->scope;
	/* A byte at a time: there are three or seven. */
	for (size_t i = 0; i < len - SUBNET_HEAD; i++)
		out[SUBNET_HEAD + i] = r->subnet->address[i];
}

static size_t cookie_size(const struct edns_reply *r)
{
	return r->has_cookie ? COOKIE_BYTES : 0;
}

static void write_cookie(const struct edns_reply *r, uint8_t *out, size_t len)
{
	memcpy(out, r->cookie, len);
}

static size_t ede_size(const struct edns_reply *r)
{
	if (r->ede == EDE_NONE)
		return 0;
	size_t text = r->ede_text ? strlen(r->ede_text) : 0;
	return 2 + (text < EDE_TEXT_MAX ? text : EDE_TEXT_MAX);
}

/* RFC 8914 section 2 */
static void write_ede(const struct edns_reply *r, uint8_t *out, size_t len)
{
	wire_set16(out, (uint16_t)r->ede);
	if (len > 2)
		memcpy(out + 2, r->ede_text, len - 2);
}

/* ---- the table ---- */

/* By option code, so that whoever fills a message with options makes nobody search. */
static const struct option {
	uint8_t seen;                                                  /* bit of what is read */
	bool (*read)(struct edns *e, const uint8_t *p, size_t len);    /* False: FORMERR. NULL: only answers have it */
	size_t (*size)(const struct edns_reply *r);                    /* of the data; 0: not in this answer */
	void (*write)(const struct edns_reply *r, uint8_t *out, size_t len);
} options[] = {
	[3] = { EDNS_NSID, read_nsid, nsid_size, write_nsid },
	[8] = { EDNS_SUBNET, read_subnet, subnet_size, write_subnet },
	[10] = { EDNS_COOKIE, read_cookie, cookie_size, write_cookie },
	[15] = { 0, NULL, ede_size, write_ede },
};
/* Those that an answer may have, in the order in which it has them. */
static const uint8_t replies[] = { 3, 8, 10, 15 };

bool edns_read(struct edns *e, const uint8_t *p, size_t len)
{
	while (len) {
		if (len < OPTION_HEAD)
			return false;
		uint16_t code = wire_get16(p);
		size_t n = OPTION_HEAD + (size_t)wire_get16(p + 2);
		if (n > len)
			return false;
		if (code < sizeof options / sizeof *options) {
			const struct option *o = &options[code];
			if (o->read && !(e->seen & o->seen) && !o->read(e, p + OPTION_HEAD, n - OPTION_HEAD))
				return false;
		}
		p += n;
		len -= n;
	}
	return true;
}

/* Nothing but a Client Subnet: of the answers that have options nearly all. */
static inline bool is_subnet_alone(const struct edns_reply *r)
{
	return r->subnet && !r->identity && !r->has_cookie && r->ede == EDE_NONE;
}

size_t edns_size(const struct edns_reply *r)
{
	size_t sum = 0;
	if (is_subnet_alone(r))
		return OPTION_HEAD + subnet_size(r);
	for (size_t i = 0; i < sizeof replies; i++) {
		size_t n = options[replies[i]].size(r);
		sum += n ? OPTION_HEAD + n : 0;
	}
	return sum;
}

static uint8_t *write_option(const struct edns_reply *r, uint8_t code, size_t n, uint8_t *out)
{
	wire_set16(out, code);
	wire_set16(out + 2, (uint16_t)n);
	options[code].write(r, out + OPTION_HEAD, n);
	return out + OPTION_HEAD + n;
}

void edns_write(const struct edns_reply *r, uint8_t *out)
{
	if (is_subnet_alone(r)) {
		write_option(r, 8, subnet_size(r), out);
		return;
	}
	for (size_t i = 0; i < sizeof replies; i++) {
		size_t n = options[replies[i]].size(r);
		if (n)
			out = write_option(r, replies[i], n, out);
	}
}
