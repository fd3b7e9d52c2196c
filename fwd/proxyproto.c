#include "proxyproto.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include "wire.h"

static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";
static const char mark[8] = "fairlead"; /* no NUL */

/* The longest line of version 1 with its CR LF (section 2.1). */
#define V1_MAX 107
#define V2_HEAD 16

enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21 };                             /* with the version */
enum { UNSPECIFIED = 0x00, TCP4 = 0x11, TCP6 = 0x21, LAST_FAMILY = 3, LAST_TRANSPORT = 2 };
enum { TLV_CRC32C = 0x03, TLV_MARK = 0xe4 };                                     /* 0xe0 to 0xef: for applications */

static enum proxy_verdict bad(struct proxy_header *h, const char *why)
{
	h->why = why;
	return PROXY_BAD;
}

static void set_told(struct proxy_header *h)
{
	h->told = true;
	addr_unmap(&h->source);
	addr_unmap(&h->destination);
}

/* --- version 1 --- */

/* The next word of the line, up to the space or the end. False: none, or longer than `size` - 1. */
static bool word(const char **at, const char *end, char *out, size_t size)
{
	const char *space = memchr(*at, ' ', (size_t)(end - *at)), *stop = space ? space : end;
	size_t len = (size_t)(stop - *at);

	if (len == 0 || len >= size || memchr(*at, '\0', len))
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at = space ? space + 1 : end;
	return true;
}

/* Decimal, without needless zeros (section 2.1). */
static bool port_text(const char *text, uint16_t *out)
{
	uint32_t v = 0;

	if (*text == '\0' || (text[0] == '0' && text[1] != '\0'))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || (v = v * 10 + (uint32_t)(*text - '0')) > UINT16_MAX)
			return false;
	}
	*out = (uint16_t)v;
	return true;
}

static bool address_text(struct addr *out, int family, const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(family, text, bytes) != 1)
		return false;
	addr_from_bytes(out, family, bytes, 0);
	return true;
}

/* What stands behind "PROXY TCPn ". */
static bool parse_told(struct proxy_header *h, int family, const char *at, const char *end)
{
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN], ports[2][6];
	uint16_t source_port, destination_port;

	if (!word(&at, end, source, sizeof source) || !word(&at, end, destination, sizeof destination) ||
	    !word(&at, end, ports[0], sizeof ports[0]) || !word(&at, end, ports[1], sizeof ports[1]))
		return false;
	/* A space that ends the line would be one word more, an empty one. */
	if (at != end || end[-1] == ' ' || !port_text(ports[0], &source_port) || !port_text(ports[1], &destination_port))
		return false;
	if (!address_text(&h->source, family, source) || !address_text(&h->destination, family, destination))
		return false;
	addr_set_port(&h->source, source_port);
	addr_set_port(&h->destination, destination_port);
	set_told(h);
	return true;
}

static enum proxy_verdict parse_v1(struct proxy_header *h, const char *buf, size_t len)
{
	size_t room = len < V1_MAX ? len : V1_MAX;
	const char *lf = memchr(buf, '\n', room), *at = buf + 6, *end;
	char family[8];

	if (!lf)
		return len < V1_MAX ? PROXY_MORE : bad(h, "version 1 line too long");
	if (lf[-1] != '\r')
		return bad(h, "version 1 line ends without CR");
	end = lf - 1;
	h->len = (size_t)(lf + 1 - buf);
	if (end < at || !word(&at, end, family, sizeof family))
		return bad(h, "version 1 line without a protocol");
	if (strcmp(family, "UNKNOWN") == 0) /* whatever follows is ignored (section 2.1) */
		return PROXY_WHOLE;
	if (strcmp(family, "TCP4") != 0 && strcmp(family, "TCP6") != 0)
		return bad(h, "version 1 protocol is none of TCP4, TCP6, UNKNOWN");
	return parse_told(h, family[3] == '4' ? AF_INET : AF_INET6, at, end) ? PROXY_WHOLE : bad(h, "version 1 addresses malformed");
}

/* --- version 2 --- */

/* CRC-32C as in RFC 3309, bit by bit: headers are short and few. */
static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t n)
{
	while (n--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return crc;
}

/* The checksum is made with its own four bytes as 0 (section 2.2.3). */
static bool crc_holds(const uint8_t *header, size_t len, const uint8_t *field)
{
	static const uint8_t zeros[4];
	uint32_t crc = crc32c(UINT32_MAX, header, (size_t)(field - header));

	crc = crc32c(crc, zeros, sizeof zeros);
	crc = crc32c(crc, field + 4, len - (size_t)(field + 4 - header));
	return ~crc == wire_get32(field);
}

static enum proxy_verdict parse_tlvs(struct proxy_header *h, const uint8_t *header, struct wire_reader *r)
{
	while (wire_left(r) > 0) {
		uint8_t type = wire_read8(r);
		uint16_t len = wire_read16(r);
		const uint8_t *value = wire_read(r, len);

		if (r->failed)
			return bad(h, "TLV runs over the end of the header");
		if (type == TLV_CRC32C && (len != 4 || !crc_holds(header, h->len, value)))
			return bad(h, "checksum is wrong");
		if (type == TLV_MARK && len >= sizeof mark && memcmp(value, mark, sizeof mark) == 0)
			h->hop = true;
	}
	return PROXY_WHOLE;
}

static void read_addresses(struct proxy_header *h, struct wire_reader *r, int family, size_t size)
{
	const uint8_t *source = wire_read(r, size), *destination = wire_read(r, size);
	uint16_t source_port = wire_read16(r), destination_port = wire_read16(r);

	if (r->failed)
		return;
	addr_from_bytes(&h->source, family, source, source_port);
	addr_from_bytes(&h->destination, family, destination, destination_port);
	set_told(h);
}

/* Addresses by family: the bytes that they take; datagrams and Unix sockets are passed over (section 2.2). */
static void parse_addresses(struct proxy_header *h, struct wire_reader *r, uint8_t family, bool local)
{
	static const size_t sizes[LAST_FAMILY + 1] = { 0, 12, 36, 216 };

	if (!local && family == TCP4)
		read_addresses(h, r, AF_INET, 4);
	else if (!local && family == TCP6)
		read_addresses(h, r, AF_INET6, 16);
	else if (!(local && wire_left(r) < sizes[family >> 4])) /* LOCAL: the receiver ignores the block, so a short one is none */
		wire_read(r, sizes[family >> 4]);
	else
		wire_read(r, wire_left(r));
}

static enum proxy_verdict parse_v2(struct proxy_header *h, const uint8_t *buf, size_t len)
{
	struct wire_reader r;
	enum proxy_verdict v;

	if (len > 12 && buf[12] != COMMAND_LOCAL && buf[12] != COMMAND_PROXY)
		return bad(h, "version or command unknown");
	if (len > 13 && (buf[13] >> 4 > LAST_FAMILY || (buf[13] & 15) > LAST_TRANSPORT))
		return bad(h, "address family or transport unknown");
	if (len < V2_HEAD)
		return PROXY_MORE;
	h->len = V2_HEAD + (size_t)wire_get16(buf + 14);
	if (h->len > PROXY_HEADER_MAX)
		return bad(h, "header too long");
	if (len < h->len)
		return PROXY_MORE;
	wire_reader_init(&r, buf + V2_HEAD, h->len - V2_HEAD);
	parse_addresses(h, &r, buf[13], buf[12] == COMMAND_LOCAL);
	v = r.failed ? bad(h, "header too short for its addresses") : parse_tlvs(h, buf, &r);
	return v;
}

enum proxy_verdict proxy_parse(struct proxy_header *h, const void *buf, size_t len)
{
	size_t v1 = len < 6 ? len : 6, v2 = len < sizeof signature ? len : sizeof signature;

	memset(h, 0, sizeof *h);
	if (len == 0)
		return PROXY_MORE;
	if (memcmp(buf, "PROXY ", v1) == 0)
		return v1 < 6 ? PROXY_MORE : parse_v1(h, buf, len);
	if (memcmp(buf, signature, v2) == 0)
		return v2 < sizeof signature ? PROXY_MORE : parse_v2(h, buf, len);
	return bad(h, "not a PROXY header");
}

/* --- writing --- */

/* Both in one family: an IPv4 address beside an IPv6 one is mapped (RFC 4291 section 2.5.5.2). */
static void same_family(struct addr *a, struct addr *b)
{
	addr_unmap(a);
	addr_unmap(b);
	if (a->sa.sa_family == b->sa.sa_family)
		return;
	struct addr *four = a->sa.sa_family == AF_INET ? a : b;
	uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };
	memcpy(mapped + 12, addr_bytes(four), 4);
	addr_from_bytes(four, AF_INET6, mapped, addr_port(four));
}

static size_t write_v1(uint8_t *out, const struct addr *source, const struct addr *destination)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
	int family = source->sa.sa_family;

	inet_ntop(family, addr_bytes(source), from, sizeof from);
	inet_ntop(family, addr_bytes(destination), to, sizeof to);
	return (size_t)snprintf((char *)out, PROXY_WRITE_MAX, "PROXY TCP%c %s %s %u %u\r\n", family == AF_INET ? '4' : '6', from, to,
	                        addr_port(source), addr_port(destination));
}

static void write_mark(struct wire_writer *w, const char *site)
{
	size_t len = strlen(site);

	wire_write8(w, TLV_MARK);
	wire_write16(w, (uint16_t)(sizeof mark + 1 + len));
	wire_write(w, mark, sizeof mark);
	wire_write8(w, ' ');
	wire_write(w, site, len);
}

static size_t write_v2(uint8_t *out, const struct addr *source, const struct addr *destination, const char *hop)
{
	struct wire_writer w;
	size_t size = !source ? 0 : source->sa.sa_family == AF_INET ? 4 : 16;

	wire_writer_init(&w, out, PROXY_WRITE_MAX);
	wire_write(&w, signature, sizeof signature);
	wire_write8(&w, source ? COMMAND_PROXY : COMMAND_LOCAL);
	wire_write8(&w, size == 4 ? TCP4 : size == 16 ? TCP6 : UNSPECIFIED);
	wire_write16(&w, 0);
	if (source) {
		wire_write(&w, addr_bytes(source), size);
		wire_write(&w, addr_bytes(destination), size);
		wire_write16(&w, addr_port(source));
		wire_write16(&w, addr_port(destination));
	}
	if (hop)
		write_mark(&w, hop);
	wire_set16(out + 14, (uint16_t)(wire_written(&w) - V2_HEAD));
	return wire_written(&w);
}

size_t proxy_write(uint8_t *out, enum proxy_send version, const struct addr *source, const struct addr *destination, const char *hop)
{
	static const char nothing[] = "PROXY UNKNOWN\r\n";
	struct addr from, to;

	if (source) {
		from = *source;
		to = *destination;
		same_family(&from, &to);
	}
	if (version == PROXY_SEND_V2)
		return write_v2(out, source ? &from : NULL, source ? &to : NULL, hop);
	if (source)
		return write_v1(out, &from, &to);
	memcpy(out, nothing, sizeof nothing - 1);
	return sizeof nothing - 1;
}
