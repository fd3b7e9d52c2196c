#include "query.h"

/* What an OPT says in its class and TTL (RFC 6891 section 6.1.3). */
static inline enum rcode take_opt(struct query *q, uint16_t size, uint32_t ttl)
{
	q->edns = true;
	q->dnssec_ok = ttl >> 15 & 1;
	if (size > UDP_PLAIN_MAX)
		q->udp_size = size < UDP_EDNS_MAX ? size : UDP_EDNS_MAX;
	return (ttl >> 16 & 0xff) ? RCODE_BADVERS : RCODE_NOERROR;
}

/* An OPT record at `r`, behind its owner and type. What the options of another version mean isn't known. */
static enum rcode read_opt(struct query *q, struct wire_reader *r)
{
	uint16_t size = wire_read16(r);
	uint32_t ttl = wire_read32(r);
	uint16_t rdlength = wire_read16(r);
	const uint8_t *options = wire_read(r, rdlength);
	if (r->failed || q->edns)
		return RCODE_FORMERR;
	enum rcode rcode = take_opt(q, size, ttl);
	if (rcode == RCODE_NOERROR && rdlength && !edns_read(&q->options, options, rdlength))
		return RCODE_FORMERR;
	return rcode;
}

/* A name that nobody needs: up to its end or its pointer, so that a message full of pointers costs no more than its bytes. */
static bool skip_name(struct wire_reader *r)
{
	uint8_t n;
	while ((n = wire_read8(r)) != 0) {
		if (n >= 0xc0) {
			wire_read8(r);
			break;
		}
		if (n > LABEL_MAX)
			return false;
		wire_read(r, n);
	}
	return !r->failed;
}

static bool skip_record(struct wire_reader *r)
{
	wire_read(r, 6);
	wire_read(r, wire_read16(r));
	return !r->failed;
}

/* The records of the additional section. */
static enum rcode read_records(struct query *q, struct wire_reader *r, unsigned count)
{
	enum rcode rcode = RCODE_NOERROR;
	while (count--) {
		const uint8_t *start = r->at;
		if (!skip_name(r))
			return RCODE_FORMERR;
		uint16_t type = wire_read16(r);
		if (type == RR_OPT) {
			rcode = *start == 0 ? read_opt(q, r) : RCODE_FORMERR;
			if (rcode == RCODE_FORMERR)
				return rcode;
			continue;
		}
		if (!skip_record(r) || (type == RR_TSIG && count))
			return RCODE_FORMERR;
		if (type == RR_TSIG)
			q->tsig_at = (uint16_t)(start - r->start);
	}
	/* Bytes behind the last record make it unclear what the client meant. */
	return wire_left(r) ? RCODE_FORMERR : rcode;
}

/* What stands behind the question: `authority` records that nobody needs here, and the additional section. */
static enum rcode read_sections(struct query *q, const uint8_t *msg, size_t len, unsigned authority)
{
	struct wire_reader r;
	wire_reader_init(&r, msg, len);
	r.at = msg + q->question_end;
	while (authority--)
		if (!skip_name(&r) || !wire_read(&r, 2) || !skip_record(&r))
			return RCODE_FORMERR;
	return read_records(q, &r, wire_get16(msg + 10));
}

/* The additional section: nearly always nothing, or an OPT without options and nothing else. */
static inline enum rcode read_additional(struct query *q, const uint8_t *msg, size_t len)
{
	const uint8_t *p = msg + q->question_end;
	size_t left = len - q->question_end;
	unsigned count = wire_get16(msg + 10);
	if (count == 1 && left == 11 && p[0] == 0 && wire_get16(p + 1) == RR_OPT && wire_get16(p + 9) == 0)
		return take_opt(q, wire_get16(p + 3), wire_get32(p + 5));
	return read_sections(q, msg, len, 0);
}

/* Without a question: an answer to it is one for its cookie only. */
static enum query_verdict parse_questionless(struct query *q, const uint8_t *msg, size_t len, enum rcode *rcode)
{
	if (wire_get16(msg + 4) || wire_get32(msg + 6))
		return QUERY_ERROR;
	*rcode = read_additional(q, msg, len);
	if (*rcode == RCODE_NOERROR && q->options.seen & EDNS_COOKIE)
		return QUERY_COOKIE;
	if (*rcode == RCODE_NOERROR)
		*rcode = RCODE_FORMERR;
	return QUERY_ERROR;
}

enum query_verdict query_parse(struct query *q, const uint8_t *msg, size_t len, enum rcode *rcode)
{
	q->question_end = DNS_HEADER;
	q->edns = q->dnssec_ok = false;
	q->udp_size = UDP_PLAIN_MAX;
	q->tsig_at = 0;
	q->options.seen = 0;
	*rcode = RCODE_FORMERR;
	if (len < DNS_HEADER || (msg[2] & DNS_QR))
		return QUERY_DROP;
	if (msg[2] & 0x78) {
		/* An UPDATE that gets here is not signed (inbox.h). */
		*rcode = (msg[2] & 0x78) == 5 << 3 ? RCODE_REFUSED : RCODE_NOTIMP;
		return QUERY_ERROR;
	}
	if (wire_get16(msg + 4) != 1)
		return parse_questionless(q, msg, len, rcode);
	/* The question's name stands uncompressed: there is nothing before it to point to. */
	size_t n = zone_name_read(&q->name, msg + DNS_HEADER, len - DNS_HEADER);
	if (!n || len - DNS_HEADER - n < 4)
		return QUERY_ERROR;
	q->type = wire_get16(msg + DNS_HEADER + n);
	q->class = wire_get16(msg + DNS_HEADER + n + 2);
	q->question_end = (uint16_t)(DNS_HEADER + n + 4);

	/* Only IXFR brings something in the authority section: the SOA that the client has (RFC 1995 section 3). */
	unsigned authority = wire_get16(msg + 8);
	if (wire_get16(msg + 6) || (authority && q->type != RR_IXFR))
		return QUERY_ERROR;
	*rcode = authority ? read_sections(q, msg, len, authority) : read_additional(q, msg, len);
	return *rcode == RCODE_NOERROR ? QUERY_OK : QUERY_ERROR;
}
