#include "rdata.h"

#include <string.h>

static bool put_strings(struct rdata_maker *m)
{
	do
		if (!rdata_put_string(m, "a string"))
			return false;
	while (m->next < m->source->count);
	return true;
}

/* RFC 1035 section 3.3.13. The minimum is a TTL (RFC 2308 section 4). */
static bool put_soa(struct rdata_maker *m)
{
	return rdata_put_name(m, "the primary server's name") && rdata_put_name(m, "the mailbox") &&
	       rdata_put_number(m, "the serial", UINT32_MAX, 4) && rdata_put_period(m, "refresh", UINT32_MAX) &&
	       rdata_put_period(m, "retry", UINT32_MAX) && rdata_put_period(m, "expire", UINT32_MAX) &&
	       rdata_put_period(m, "minimum", TTL_MAX);
}

static bool put_srv(struct rdata_maker *m)
{
	return rdata_put_number(m, "the priority", 65535, 2) && rdata_put_number(m, "the weight", 65535, 2) &&
	       rdata_put_number(m, "the port", 65535, 2) && rdata_put_name(m, "the target");
}

static bool put_by_type(struct rdata_maker *m)
{
	switch (m->source->type) {
	case TYPE_A:
		return rdata_put_a(m);
	case TYPE_AAAA:
		return rdata_put_aaaa(m);
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
		return rdata_put_name(m, "a domain name");
	case TYPE_MX:
		return rdata_put_number(m, "the preference", 65535, 2) && rdata_put_name(m, "the exchange");
	case TYPE_SRV:
		return put_srv(m);
	case TYPE_TXT:
		return put_strings(m);
	case TYPE_SOA:
		return put_soa(m);
	}
	return rdata_put_fields(m);
}

/* RFC 3597 section 5: \# length hex... */
static bool put_generic(struct rdata_maker *m)
{
	char show[ZONE_SHOW_MAX];
	uint64_t length;
	int high = -1;
	m->next = 1;
	const struct zone_token *t = rdata_next_word(m, "the rdata's length"), *first = t;
	if (!t)
		return false;
	if (!zone_number(t->text, t->len, RDATA_MAX, &length))
		return rdata_fail(m, t, "the rdata's length must be a number from 0 to 65535, not \"%s\"", zone_show(t, show));
	while (m->next < m->source->count) {
		if (!(t = rdata_next_word(m, "hex digits")))
			return false;
		for (size_t i = 0; i < t->len; i++) {
			int digit = rdata_hex_digit(t->text[i]);
			if (digit < 0)
				return rdata_fail(m, t, "\"%s\" is not hex digits", zone_show(t, show));
			if (high >= 0)
				wire_write8(&m->out, (uint8_t)(high << 4 | digit));
			high = high >= 0 ? -1 : digit;
		}
	}
	if (high >= 0)
		return rdata_fail(m, t, "odd number of hex digits");
	if (m->out.failed || wire_written(&m->out) != length)
		return rdata_fail(m, first, "the length is given as %u, but %zu bytes follow", (unsigned)length, wire_written(&m->out));
	const char *why = rdata_wrong(m->source->type, m->out.start, wire_written(&m->out));
	return !why || rdata_fail(m, first, "not the rdata of such a record: %s", why);
}

bool rdata_make(struct rdata *out, const struct rdata_source *source)
{
	struct rdata_maker m = { .source = source, .scratch = out };
	const struct zone_token *t = source->tokens;
	char show[ZONE_SHOW_MAX];
	wire_writer_init(&m.out, out->bytes, sizeof out->bytes);
	bool generic = source->count && !t->quoted && t->len == 2 && memcmp(t->text, "\\#", 2) == 0;
	if (!(generic ? put_generic(&m) : put_by_type(&m)))
		return false;
	if (m.next < source->count)
		return rdata_fail(&m, &source->tokens[m.next], "more than the record takes: \"%s\"", zone_show(&source->tokens[m.next], show));
	if (m.out.failed)
		return rdata_fail(&m, source->type_token, "rdata is longer than %u bytes", RDATA_MAX);
	out->len = wire_written(&m.out);
	return true;
}
