#include "zonefile_reader.h"

#include <string.h>

/* What stands where a type stands: a record's type, or one of these. */
enum { LINE_LB = 65536, LINE_POLICY, LINE_UNKNOWN };

bool zone_entry_wrong(struct zone_reader *r)
{
	r->unreadable = true;
	return false;
}

/* The entry's first token is its owner. */
static bool set_owner(struct zone_reader *r, const struct zone_token *t)
{
	char show[ZONE_SHOW_MAX];
	const char *why;
	struct zone_names *n = &r->names;
	n->owner_len = 0;
	n->owner_wrong = true;
	if (t->quoted || t->quote_inside) {
		zone_report_at(&r->report, t, 0, "an owner name can't be in quotes");
		return zone_entry_wrong(r);
	}
	size_t len = dname_from_text(n->owner, t->text, t->len, n->origin, &why);
	if (len == 0) {
		zone_report_at(&r->report, t, 0, "%s: \"%s\"", why, zone_show(t, show));
		return zone_entry_wrong(r);
	}
	dname_lower(n->owner, n->owner, len);
	/* Relative names (most) are where their origin is. */
	bool relative = t->text[t->len - 1] != '.';
	if (!(relative && n->origin_inside) && !dname_is_below_or_equal(n->owner, r->zone)) {
		zone_report_at(&r->report, t, 0, "owner \"%s\" is outside of the zone", zone_show(t, show));
		return false;
	}
	n->owner_len = len;
	n->owner_wrong = false;
	return true;
}

int zone_take_ttl(struct zone_reader *r, struct zone_head *h, const struct zone_token *t)
{
	char show[ZONE_SHOW_MAX];
	uint64_t n;
	if (t->quoted || t->len == 0 || t->text[0] < '0' || t->text[0] > '9')
		return 0;
	if (h->has_ttl)
		zone_report_at(&r->report, t, 0, "a second TTL: \"%s\"", zone_show(t, show));
	else if (!rdata_period(t->text, t->len, &n))
		zone_report_at(&r->report, t, 0, "not a TTL like 3600 or 1h30m: \"%s\"", zone_show(t, show));
	else if (n > TTL_MAX)
		zone_report_at(&r->report, t, 0, "TTL is more than %u: \"%s\"", TTL_MAX, zone_show(t, show));
	else {
		h->has_ttl = true;
		h->ttl = (uint32_t)n;
		h->ttl_token = t;
		return 1;
	}
	return -1;
}

/* 1: a class, taken; 0: something else; -1: a wrong one, reported. */
static int take_class(struct zone_reader *r, struct zone_head *h, const struct zone_token *t)
{
	static const char *const others[] = { "CH", "HS", "CS", "NONE", "CHAOS", "HESIOD" };
	char show[ZONE_SHOW_MAX];
	uint64_t number = 0;
	if (t->len == 0 || !strchr("ICHNichn", t->text[0]))
		return 0; /* most tokens here are types: the quick way past */
	bool in = zone_token_is(t, "IN"), other = false;
	if (!in && !t->quoted && t->len > 5 && strncasecmp(t->text, "CLASS", 5) == 0) {
		in = zone_number(t->text + 5, t->len - 5, 65535, &number) && number == 1;
		other = !in;
	}
	for (size_t i = 0; !in && i < sizeof others / sizeof *others; i++)
		other = other || zone_token_is(t, others[i]);
	if (other) {
		zone_report_at(&r->report, t, 0, "class \"%s\": only IN is served", zone_show(t, show));
		return -1;
	}
	if (in && h->has_class) {
		zone_report_at(&r->report, t, 0, "a second class");
		return -1;
	}
	h->has_class = h->has_class || in;
	return in;
}

/* [TTL] [class] or [class] [TTL] from token *i on, which is then the type's. */
static bool read_head(struct zone_reader *r, struct zone_head *h, size_t *i)
{
	for (; *i < r->lex->count; ++*i) {
		const struct zone_token *t = &r->lex->tokens[*i];
		int found = zone_take_ttl(r, h, t);
		if (found == 0)
			found = take_class(r, h, t);
		if (found < 0)
			return zone_entry_wrong(r);
		if (found == 0)
			return true;
	}
	zone_report_at(&r->report, &r->lex->tokens[*i - 1], 0, "the line ends before its type");
	return zone_entry_wrong(r);
}

static int read_type(struct zone_reader *r, const struct zone_token *t)
{
	char show[ZONE_SHOW_MAX];
	if (zone_token_is(t, "LB"))
		return LINE_LB;
	if (zone_token_is(t, "POLICY"))
		return LINE_POLICY;
	int type = rdata_type(t);
	if (type >= 0 && !rdata_type_is_meta((uint16_t)type))
		return type;
	if (type >= 0)
		zone_report_at(&r->report, t, 0, "type %s can't stand in a zone", zone_show(t, show));
	else if (!t->quoted && t->len && t->text[0] == '$')
		zone_report_at(&r->report, t, 0, "a directive must begin in column 1: \"%s\"", zone_show(t, show));
	else
		zone_report_at(&r->report, t, 0, "unknown type \"%s\"", zone_show(t, show));
	return LINE_UNKNOWN;
}

/* RFC 2308 section 4: $TTL; RFC 1035 section 5.1: the last one written; a SOA alone may lend its minimum, as in BIND. */
static bool settle_ttl(struct zone_reader *r, const struct zone_head *h, struct zone_record *rec, const struct zone_token *type)
{
	if (h->has_ttl) {
		rec->ttl = h->ttl;
	} else if (r->has_default_ttl) {
		rec->ttl = r->default_ttl;
	} else if (r->has_last_ttl) {
		rec->ttl = r->last_ttl;
	} else if (rec->type == TYPE_SOA) {
		uint32_t minimum = wire_get32(rec->rdata + rec->rdata_len - 4);
		rec->ttl = r->default_ttl = minimum > TTL_MAX ? TTL_MAX : minimum; /* \# can give any */
		r->has_default_ttl = true;
	} else {
		zone_report_at(&r->report, type, 0, "no TTL: neither here, nor in a line before, nor by $TTL");
		return false;
	}
	return true;
}

/* SOA and NS at the origin. False: the record is wrong (reported). */
static bool note_apex(struct zone_reader *r, const struct zone_record *rec, const struct zone_token *type)
{
	bool at_origin = rec->owner_len == r->zone_len;
	if (rec->type == TYPE_NS && at_origin)
		r->ns = true;
	if (rec->type == TYPE_CNAME && at_origin) {
		zone_report_at(&r->report, type, 0, "a CNAME can't stand at the zone's origin");
		return false;
	}
	if (rec->type != TYPE_SOA)
		return true;
	if (!at_origin)
		zone_report_at(&r->report, type, 0, "a SOA can stand at the zone's origin only");
	else if (r->soa_place.line)
		zone_report_at(&r->report, type, 0, "a second SOA; the first is in %s line %u", r->soa_place.file, r->soa_place.line);
	else
		r->soa_place = rec->place;
	return at_origin && rec->place.line == r->soa_place.line && rec->place.column == r->soa_place.column;
}

/* A standard record; `i` is its type's token. */
static void read_record(struct zone_reader *r, const struct zone_head *h, uint16_t type, size_t i)
{
	const struct zonelex *x = r->lex;
	const struct zone_token *t = &x->tokens[i];
	bool at_origin = r->names.owner_len == r->zone_len;
	r->soa = r->soa || (type == TYPE_SOA && at_origin); /* also a wrong one: one error is enough */
	r->ns = r->ns || (type == TYPE_NS && at_origin);
	if (h->has_ttl) {
		r->last_ttl = h->ttl;
		r->has_last_ttl = true;
	}
	struct rdata_source source = { .type = type, .type_token = t, .tokens = t + 1, .count = x->count - i - 1,
		.origin = r->names.origin, .report = &r->report };
	if (!rdata_make(&r->rdata, &source)) {
		r->has_default_ttl = r->has_default_ttl || type == TYPE_SOA; /* its minimum might have been the TTL of the rest */
		return;
	}
	struct zone_record rec = { .owner = r->names.owner, .owner_len = r->names.owner_len, .type = type,
		.rdata = r->rdata.bytes, .rdata_len = (uint16_t)r->rdata.len,
		.place = { r->report.file, t->line, t->column } };
	if (settle_ttl(r, h, &rec, t) && note_apex(r, &rec, t) && r->sink->record)
		r->sink->record(r->sink->arg, &rec, r->errs);
}

static void read_service_line(struct zone_reader *r, const struct zone_head *h, int type, size_t i)
{
	struct zone_line line = { .owner = r->names.owner, .owner_len = r->names.owner_len,
		.has_ttl = h->has_ttl, .ttl = h->ttl, .ttl_token = h->ttl_token, .type_token = &r->lex->tokens[i],
		.tokens = &r->lex->tokens[i + 1], .count = r->lex->count - i - 1,
		.origin = r->names.origin, .report = r->report };
	(type == LINE_LB ? zone_services_lb : zone_services_policy)(r->services, &line);
}

void zone_read_line(struct zone_reader *r)
{
	const struct zone_token *tokens = r->lex->tokens;
	struct zone_head head = { 0 };
	size_t i = 0;
	if (!r->lex->starts_blank && !set_owner(r, &tokens[i++]))
		return;
	if (r->names.owner_wrong)
		return;
	if (r->names.owner_len == 0) {
		zone_report_at(&r->report, &tokens[0], 0, "no owner: neither here nor in a line before");
		r->names.owner_wrong = true;
		return;
	}
	if (!read_head(r, &head, &i))
		return;
	int type = read_type(r, &tokens[i]);
	if (type == LINE_UNKNOWN) {
		zone_entry_wrong(r);
	} else if (r->second_pass) {
		const struct zone_report report = { r->report.file, r->errs };
		if (type < LINE_LB)
			zone_services_beside(r->services, r->names.owner, r->names.owner_len, (uint16_t)type, &tokens[i], &report);
	} else if (type < LINE_LB) {
		read_record(r, &head, (uint16_t)type, i);
	} else {
		read_service_line(r, &head, type, i);
	}
}
