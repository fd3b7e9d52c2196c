#include "query.h"

/*
 * The question's name stands uncompressed (there is nothing before it to point
 * to). Returns its length with the zero octet, or 0.
 */
static inline size_t name_length(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *start = p;
	for (;;) {
		if (p >= end || *p > LABEL_MAX || p - start >= DNAME_MAX)
			return 0;
		if (!*p)
			return (size_t)(p - start) + 1;
		p += *p + 1;
	}
}

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

/* An OPT record at `r`, behind its owner and type. */
static enum rcode read_opt(struct query *q, struct wire_reader *r)
{
	uint16_t size = wire_read16(r);
	uint32_t ttl = wire_read32(r);
	uint16_t rdlength = wire_read16(r);
	const uint8_t *options = wire_read(r, rdlength);
	if (r->failed || q->edns)
		return RCODE_FORMERR;
	q->edns = true;
	q->dnssec_ok = ttl >> 15 & 1;
	if (size > UDP_PLAIN_MAX)
		q->udp_size = size < UDP_EDNS_MAX ? size : UDP_EDNS_MAX;
	if (rdlength && !options_valid(options, rdlength))
		return RCODE_FORMERR;
	return (ttl >> 16 & 0xff) ? RCODE_BADVERS : RCODE_NOERROR;
}

static enum rcode read_additional(struct query *q, struct wire_reader *r, unsigned count)
{
	enum rcode rcode = RCODE_NOERROR;
	while (count--) {
		uint8_t name[DNAME_MAX];
		size_t len = 1;
		if (wire_left(r) && *r->at == 0)
			r->at++; /* the root: where an OPT belongs */
		else
			len = wire_read_name(r, name);
		uint16_t type = wire_read16(r);
		if (!len || r->failed || (type == RR_OPT && len != 1))
			return RCODE_FORMERR;
		if (type == RR_OPT) {
			enum rcode opt = read_opt(q, r);
			if (opt == RCODE_FORMERR)
				return opt;
			rcode = opt;
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
	size_t n = name_length(msg + DNS_HEADER, msg + len);
	if (!n || len - DNS_HEADER - n < 4)
		return QUERY_ERROR;
	zone_name_set(&q->name, msg + DNS_HEADER, n);
	q->type = wire_get16(msg + DNS_HEADER + n);
	q->class = wire_get16(msg + DNS_HEADER + n + 2);
	q->question_end = (uint16_t)(DNS_HEADER + n + 4);

	/* IXFR brings its SOA in the authority section; it is refused by its type, so its records needn't be read. */
	if (wire_get16(msg + 6) || (wire_get16(msg + 8) && q->type != RR_IXFR))
		return QUERY_ERROR;
	if (q->type == RR_IXFR)
		return QUERY_OK;
	struct wire_reader r;
	wire_reader_init(&r, msg, len);
	r.at = msg + q->question_end;
	*rcode = read_additional(q, &r, wire_get16(msg + 10));
	return *rcode == RCODE_NOERROR ? QUERY_OK : QUERY_ERROR;
}
