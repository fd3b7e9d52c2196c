#include "encode.h"

#include "health_answer.h"

/* OPT: root, type, size, extended rcode and flags, rdlength (RFC 6891 section 6.1.2) */
#define OPT_BYTES 11
/* Option code, length, info code (RFC 8914 section 2) */
#define EDE_BYTES 6
/* Our texts are short; one that isn't is cut. */
#define EDE_TEXT_MAX 64

struct encoder {
	struct wire_writer w;
	const struct query *q;
	const struct zone *zone;
	uint16_t origin_at;      /* where the zone's origin stands in the question's name */
};

/* A name of the zone: its own labels, and a pointer to the origin in the question. */
static void put_in_zone(struct encoder *e, const uint8_t *relative, size_t len)
{
	wire_write(&e->w, relative, len);
	if (e->zone->origin_len == 1)
		wire_write8(&e->w, 0);
	else
		wire_write16(&e->w, 0xc000 | e->origin_at);
}

static void put_owner(struct encoder *e, const struct owner *o)
{
	if (o->name)
		put_in_zone(e, o->name, o->len);
	else
		wire_write16(&e->w, 0xc000 | DNS_HEADER);
}

/* A name in rdata, compressed against the origin if it lies below it. `name` is uncompressed, `len` bytes. */
static void put_name(struct encoder *e, const uint8_t *name, size_t len)
{
	const struct zone *z = e->zone;
	size_t at = 0;
	if (len >= z->origin_len) {
		while (len - at > z->origin_len)
			at += name[at] + 1u;
		if (len - at == z->origin_len && z->origin_len > 1 && dname_equal(name + at, z->origin)) {
			put_in_zone(e, name, at);
			return;
		}
	}
	wire_write(&e->w, name, len);
}

/* How many bytes before the name, and how many names, the rdata of a type begins with; 0 names: not to be compressed (RFC 3597 section 4). */
static unsigned compressible(uint16_t type, size_t *before)
{
	*before = type == RR_MX ? 2 : 0;
	switch (type) {
	case RR_NS: case RR_CNAME: case RR_PTR: case RR_MX: return 1;
	case RR_SOA: return 2;
	default: return 0;
	}
}

static void put_rdata(struct encoder *e, uint16_t type, const uint8_t *rdata, size_t len)
{
	size_t before;
	unsigned names = compressible(type, &before);
	wire_write(&e->w, rdata, before);
	for (size_t at = before; names--; at = before) {
		size_t n = dname_len(rdata + at);
		put_name(e, rdata + at, n);
		before = at + n;
	}
	wire_write(&e->w, rdata + before, len - before);
}

/* Type to rdlength of a record; returns where the rdlength goes, NULL when full. */
static uint8_t *put_head(struct encoder *e, uint16_t type, uint32_t ttl)
{
	uint8_t *p = wire_room(&e->w, RR_HEAD - 2);
	if (!p)
		return NULL;
	wire_set16(p, type);
	wire_set16(p + 2, CLASS_IN);
	wire_set32(p + 4, ttl);
	return p + 8;
}

static void end_rdata(struct encoder *e, uint8_t *rdlength)
{
	if (rdlength)
		wire_set16(rdlength, (uint16_t)(e->w.at - rdlength - 2));
}

/* The set's records one by one: with an owner that isn't the question's, another TTL, or names to compress. */
static unsigned put_records(struct encoder *e, const struct rrset *set, const struct owner *owner, uint32_t ttl)
{
	uint16_t first = (uint16_t)wire_written(&e->w);
	const uint8_t *p = set->wire;
	for (unsigned i = 0; i < set->count && !e->w.failed; i++) {
		uint16_t len = wire_get16(p + 10);
		if (i == 0 || !owner->name)
			put_owner(e, owner);
		else
			wire_write16(&e->w, 0xc000 | first);
		uint8_t *rdlength = put_head(e, set->type, ttl);
		put_rdata(e, set->type, p + RR_HEAD, len);
		end_rdata(e, rdlength);
		p += RR_HEAD + len;
	}
	return set->count;
}

static unsigned put_set(struct encoder *e, const struct item *i)
{
	size_t before;
	if (i->owner.name || compressible(i->set->type, &before))
		return put_records(e, i->set, &i->owner, i->set->ttl);
	wire_write(&e->w, i->set->wire, i->set->len);
	return i->set->count;
}

static unsigned put_members(struct encoder *e, const struct item *it)
{
	unsigned count = 0;
	uint16_t first = (uint16_t)wire_written(&e->w);
	for (unsigned i = 0; i < it->nmembers; i++) {
		const struct lb_member *m = &it->lb->members[it->members[i]];
		const struct lb_records *r = it->type == RR_A ? &m->a : &m->aaaa;
		size_t step = r->len / r->n;
		for (const uint8_t *p = r->wire, *end = p + r->len; p < end; p += step) {
			if (it->owner.name && !count)
				put_owner(e, &it->owner);
			else
				wire_write16(&e->w, 0xc000 | (it->owner.name ? first : DNS_HEADER));
			uint8_t *out = wire_room(&e->w, step - 2);
			if (!out)
				return count;
			memcpy(out, p + 2, step - 2);
			wire_set32(out + 4, it->ttl);
			count++;
		}
	}
	return count;
}

static unsigned put_cname(struct encoder *e, const struct item *i, const uint8_t *target)
{
	put_owner(e, &i->owner);
	uint8_t *rdlength = put_head(e, RR_CNAME, i->ttl);
	put_name(e, target, dname_len(target));
	end_rdata(e, rdlength);
	return 1;
}

/* TXT records that health_answer makes one after the other; each is written where it belongs. */
static unsigned put_health(struct encoder *e, const struct item *i, const struct encode_moment *now)
{
	unsigned count = 0;
	for (struct health_cursor c = health_begin(i, e->zone, now); health_more(&c) && !e->w.failed; count++) {
		put_owner(e, &i->owner);
		uint8_t *rdlength = put_head(e, RR_TXT, 0);
		size_t n = health_next(&c, e->w.at, e->w.failed ? 0 : (size_t)(e->w.end - e->w.at));
		if (n)
			wire_room(&e->w, n);
		else
			e->w.failed = true;
		end_rdata(e, rdlength);
	}
	return count;
}

static unsigned put_item(struct encoder *e, const struct item *i, const struct encode_moment *now)
{
	switch (i->kind) {
	case ITEM_RRSET: return put_set(e, i);
	case ITEM_NEGATIVE_SOA: return put_records(e, i->set, &i->owner, i->ttl);
	case ITEM_MEMBERS: return put_members(e, i);
	case ITEM_HOST: return put_cname(e, i, i->lb->service->members[i->members[0]].host);
	case ITEM_SYNTHESIS: return put_cname(e, i, i->target);
	case ITEM_HEALTH: case ITEM_HEALTH_MEMBER: case ITEM_SITES: return put_health(e, i, now);
	}
	return 0;
}

static size_t ede_text_len(const struct answer *a)
{
	size_t n = a->ede_text ? strlen(a->ede_text) : 0;
	return n < EDE_TEXT_MAX ? n : EDE_TEXT_MAX;
}

static size_t opt_size(const struct query *q, const struct answer *a)
{
	return !q->edns ? 0 : OPT_BYTES + (a && a->ede != EDE_NONE ? EDE_BYTES + ede_text_len(a) : 0);
}

static uint8_t *put_opt(uint8_t *p, const struct query *q, const struct answer *a, unsigned rcode)
{
	size_t options = opt_size(q, a) - OPT_BYTES;
	p[0] = 0;
	wire_set16(p + 1, RR_OPT);
	wire_set16(p + 3, UDP_EDNS_MAX);
	wire_set32(p + 5, (uint32_t)(rcode >> 4) << 24 | (uint32_t)q->dnssec_ok << 15);
	wire_set16(p + 9, (uint16_t)options);
	p += OPT_BYTES;
	if (!options)
		return p;
	wire_set16(p, 15);
	wire_set16(p + 2, (uint16_t)(options - 4));
	wire_set16(p + 4, (uint16_t)a->ede);
	if (options > EDE_BYTES)
		memcpy(p + EDE_BYTES, a->ede_text, options - EDE_BYTES);
	return p + options;
}

/*
 * Writes the items of all sections. What doesn't fit: in answer or authority
 * nothing is kept and TC set (half a set is no set, RFC 2181 section 9); glue
 * that doesn't fit sets TC, too (RFC 9471), the rest of it stays.
 */
static bool put_sections(struct encoder *e, const struct answer *a, const struct encode_moment *now, uint16_t counts[3])
{
	unsigned i = 0;
	const unsigned ends[3] = { a->n_answer, a->n_answer + a->n_authority, a->nitems };
	uint8_t *start = e->w.at;
	for (unsigned section = 0; section < 3; section++) {
		for (; i < ends[section]; i++) {
			uint8_t *mark = e->w.at;
			unsigned n = put_item(e, &a->items[i], now);
			if (!e->w.failed) {
				counts[section] = (uint16_t)(counts[section] + n);
				continue;
			}
			e->w.failed = false;
			e->w.at = section < 2 ? start : mark;
			if (section < 2)
				counts[0] = counts[1] = 0;
			return false;
		}
	}
	return true;
}

static void set_flags(uint8_t *msg, const struct answer *a, bool truncated)
{
	msg[2] = (uint8_t)(DNS_QR | (msg[2] & (0x78 | DNS_RD)) | (a->authoritative ? DNS_AA : 0) | (truncated ? DNS_TC : 0));
	msg[3] = (uint8_t)((msg[3] & DNS_CD) | (a->rcode & 15));
}

size_t encode_answer(uint8_t *msg, size_t limit, const struct query *q, const struct answer *a, const struct encode_moment *now)
{
	size_t opt = opt_size(q, a);
	uint16_t counts[3] = { 0, 0, 0 };
	struct encoder e = { .q = q, .zone = a->zone };

	if (a->zone)
		e.origin_at = (uint16_t)(DNS_HEADER + q->name.len - a->zone->origin_len);
	e.w.start = msg;
	e.w.at = msg + q->question_end;
	e.w.end = msg + limit - opt;
	bool whole = put_sections(&e, a, now, counts);
	set_flags(msg, a, !whole);
	uint8_t *end = e.w.at;
	if (opt) {
		end = put_opt(end, q, a, a->rcode);
		counts[2]++;
	}
	wire_set16(msg + 6, counts[0]);
	wire_set16(msg + 8, counts[1]);
	wire_set16(msg + 10, counts[2]);
	return (size_t)(end - msg);
}

size_t encode_error(uint8_t *msg, const struct query *q, enum rcode rcode)
{
	uint8_t *end = msg + q->question_end;
	msg[2] = (uint8_t)(DNS_QR | (msg[2] & (0x78 | DNS_RD)));
	msg[3] = (uint8_t)((msg[3] & DNS_CD) | (rcode & 15));
	memset(msg + 4, 0, 8);
	msg[5] = q->question_end > DNS_HEADER;
	if (q->edns) {
		end = put_opt(end, q, NULL, rcode);
		msg[11] = 1;
	}
	return (size_t)(end - msg);
}
