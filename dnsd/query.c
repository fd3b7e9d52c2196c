#include "query.h"

/* The options of an OPT must fill its rdata exactly. Unknown ones are passed over (RFC 6891 section 6.1.2). */
static bool options_valid(const uint8_t *p, size_t len)
{
	while (len) {
		if (len < 4)
			return false;
		size_t n = 4u + wire_get16(p + 2);
		if (n > len)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

/* What an OPT says in its class and TTL (RFC 6891 section 6.1.3). */
static inline enum rcode take_opt(struct query *q, uint16_t size, uint32_t ttl)
{
	q->edns = true;
	q->dnssec_ok = ttl >> 15 & 1;
	if (size > UDP_PLAIN_MAX)
		q->udp_size = size < UDP_EDNS_MAX ? size : UDP_EDNS_MAX;
	return (ttl >> 16 & 0xff) ? RCODE_BADVERS : RCODE_NOERROR;
}

/* An OPT record at `r`, behind its owner and type. */
static enum rcode read_opt(struct query *q, struct wire_reader *r)
{
	uint16_t size = wire_read16(r);
	uint32_t ttl = wire_read32(r);
	uint16_t rdlength = wire_read16(r);
	const uint8_t *options = wire_read(r, rdlength);
	if (r->failed || q->edns)
		return RCODE_FORMERR;
	enum rcode rcode = take_opt(q, size, ttl);
	return rdlength && !options_valid(options, rdlength) ? RCODE_FORMERR : rcode;
}

static enum rcode read_records(struct query *q, struct wire_reader *r, unsigned count)
{
	enum rcode rcode = RCODE_NOERROR;
	while (count--) {
		uint8_t name[DNAME_MAX];
		size_t len = wire_read_name(r, name);
		uint16_t type = wire_read16(r);
		if (!len || r->failed || (type == RR_OPT && len != 1))
			return RCODE_FORMERR;
		if (type == RR_OPT) {
			rcode = read_opt(q, r);
			if (rcode == RCODE_FORMERR)
				return rcode;
			continue;
		}
		wire_read(r, 6);
		wire_read(r, wire_read16(r));
		if (r->failed)
			return RCODE_FORMERR;
	}
	/* Bytes behind the last record make it unclear what the client meant. */
	return wire_left(r) ? RCODE_FORMERR : rcode;
}

/* The additional section: nearly always nothing, or an OPT without options and nothing else. */
static inline enum rcode read_additional(struct query *q, const uint8_t *msg, size_t len)
{
	const uint8_t *p = msg + q->question_end;
	size_t left = len - q->question_end;
	unsigned count = wire_get16(msg + 10);
	if (count == 1 && left == 11 && p[0] == 0 && wire_get16(p + 1) == RR_OPT && wire_get16(p + 9) == 0)
		return take_opt(q, wire_get16(p + 3), wire_get32(p + 5));
	struct wire_reader r;
	wire_reader_init(&r, msg, len);
	r.at = p;
	return read_records(q, &r, count);
}

enum query_verdict query_parse(struct query *q, const uint8_t *msg, size_t len, enum rcode *rcode)
{
	q->question_end = DNS_HEADER;
	q->edns = q->dnssec_ok = false;
	q->udp_size = UDP_PLAIN_MAX;
	*rcode = RCODE_FORMERR;
	if (len < DNS_HEADER || (msg[2] & DNS_QR))
		return QUERY_DROP;
	if (msg[2] & 0x78) {
		*rcode = RCODE_NOTIMP;
		return QUERY_ERROR;
	}
	if (wire_get16(msg + 4) != 1)
		return QUERY_ERROR;
	/* The question's name stands uncompressed: there is nothing before it to point to. */
	size_t n = zone_name_read(&q->name, msg + DNS_HEADER, len - DNS_HEADER);
	if (!n || len - DNS_HEADER - n < 4)
		return QUERY_ERROR;
	q->type = wire_get16(msg + DNS_HEADER + n);
	q->class = wire_get16(msg + DNS_HEADER + n + 2);
	q->question_end = (uint16_t)(DNS_HEADER + n + 4);

	/* IXFR brings its SOA in the authority section; it is refused by its type, so its records needn't be read. */
	if (wire_get16(msg + 6) || (wire_get16(msg + 8) && q->type != RR_IXFR))
		return QUERY_ERROR;
	if (q->type == RR_IXFR)
		return QUERY_OK;
	*rcode = read_additional(q, msg, len);
	return *rcode == RCODE_NOERROR ? QUERY_OK : QUERY_ERROR;
}
