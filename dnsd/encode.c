#include "encode.h"

#include "moving.h"

/* OPT: root, type, size, extended rcode and flags, rdlength (RFC 6891 section 6.1.2) */
#define OPT_BYTES 11

/* An answer without records has room for the longest question and every option (chapter 2: an identity has at most 100 bytes). */
_Static_assert(DNS_HEADER + DNAME_MAX + 4 + OPT_BYTES + 4 + 100 + 4 + 20 + 4 + COOKIE_BYTES + 4 + 66 <= UDP_PLAIN_MAX, "an empty answer fits");

/* A compression pointer has 14 bits (RFC 1035 section 4.1.4). */
#define POINTER_MAX 0x3fff

/* A name of the zone that has been written, without the origin's part. */
struct written { uint16_t at; uint8_t len; };

struct encoder {
	struct wire_writer w;
	const struct zone *zone;
	uint16_t origin_at;      /* where the zone's origin stands in the question's name */
	unsigned nservers, next_server;
	struct written servers[GLUE_NS_MAX]; /* names in the NS records of a referral: owners of its glue */
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

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Where the name of a referral's server has been written; 0: nowhere. Glue comes in the servers' order, so each search goes on where the last one ended. */
static uint16_t find_server(struct encoder *e, const struct owner *o)
{
	for (unsigned i = 0; i < e->nservers; i++) {
		const struct written *s = &e->servers[e->next_server];
		const uint8_t *p = e->w.start + s->at;
		size_t same = 0;
		while (s->len == o->len && same < o->len && fold(p[same]) == o->name[same])
			same++;
		if (s->len == o->len && same == o->len)
			return s->at;
		if (++e->next_server == e->nservers)
			e->next_server = 0;
	}
	return 0;
}

static void put_owner(struct encoder *e, const struct owner *o)
{
	uint16_t at = !o->name ? DNS_HEADER : e->nservers ? find_server(e, o) : 0;
	if (at)
		wire_write16(&e->w, 0xc000 | at);
	else
		put_in_zone(e, o->name, o->len);
}

/* The owner of a set's further records: a pointer to that of the first, if it can be pointed to. */
static void put_owner_again(struct encoder *e, const struct owner *o, size_t first)
{
	if (o->name && first <= POINTER_MAX)
		wire_write16(&e->w, (uint16_t)(0xc000 | first));
	else
		put_owner(e, o);
}

/* An NS record whose rdata begins at `rdata` has been written. */
static void note_server(struct encoder *e, const uint8_t *rdata, const uint8_t *name, size_t len)
{
	size_t at = (size_t)(rdata - e->w.start);
	if (e->w.failed || e->nservers == GLUE_NS_MAX || at > POINTER_MAX || len <= e->zone->origin_len)
		return;
	if (dname_is_below_or_equal(name, e->zone->origin))
		e->servers[e->nservers++] = (struct written){ (uint16_t)at, (uint8_t)(len - e->zone->origin_len) };
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

/* The serial of a SOA whose rdata ends here, where it isn't the file's. */
static inline void put_serial(struct encoder *e)
{
	const struct moving *m = atomic_load_explicit(&e->zone->moving, memory_order_acquire);
	if (m && !e->w.failed)
		wire_set32(e->w.at - 20, atomic_load_explicit(&m->serial, memory_order_relaxed));
}

/* The set's records one by one: with an owner that isn't the question's, another TTL, or names to compress. */
static unsigned put_records(struct encoder *e, const struct rrset *set, const struct owner *owner, uint32_t ttl)
{
	size_t first = wire_written(&e->w);
	const uint8_t *p = set->wire;
	for (unsigned i = 0; i < set->count && !e->w.failed; i++) {
		uint16_t len = wire_get16(p + 10);
		if (i == 0)
			put_owner(e, owner);
		else
			put_owner_again(e, owner, first);
		uint8_t *rdlength = put_head(e, set->type, ttl);
		put_rdata(e, set->type, p + RR_HEAD, len);
		if (set->type == RR_SOA)
			put_serial(e);
		else if (set->type == RR_NS && rdlength)
			note_server(e, rdlength + 2, p + RR_HEAD, len);
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

/* One record after the other with an owner that isn't the question's. */
static unsigned put_owned_addresses(struct encoder *e, const struct item *it, const struct lb_records *r, size_t first)
{
	size_t step = r->len / r->n - 2;
	for (const uint8_t *p = r->wire + 2, *end = r->wire + r->len; p < end; p += step + 2) {
		if (wire_written(&e->w) == first)
			put_owner(e, &it->owner);
		else
			put_owner_again(e, &it->owner, first);
		uint8_t *out = wire_room(&e->w, step);
		if (!out)
			break;
		memcpy(out, p, step);
		wire_set32(out + 4, it->ttl);
	}
	return r->n;
}

/* Laid out ahead: copied as they are but for the TTL; the size is a constant, so the copy is two moves and no call. */
static inline unsigned put_fixed(struct encoder *e, const struct lb_records *r, size_t step, uint32_t ttl)
{
	uint8_t *out = wire_room(&e->w, r->len);
	if (!out)
		return 0;
	for (const uint8_t *p = r->wire, *end = p + r->len; p < end; p += step, out += step) {
		memcpy(out, p, step);
		wire_set32(out + 6, ttl);
	}
	return r->n;
}

static unsigned put_members(struct encoder *e, const struct item *it)
{
	unsigned count = 0;
	size_t first = wire_written(&e->w);
	for (unsigned i = 0; i < it->nmembers; i++) {
		const struct lb_records *r = it->records[i];
		if (it->owner.name)
			count += put_owned_addresses(e, it, r, first);
		else if (it->type == RR_A)
			count += put_fixed(e, r, RR_HEAD + 4, it->ttl);
		else
			count += put_fixed(e, r, RR_HEAD + 16, it->ttl);
	}
	return count;
}

static unsigned put_negative_soa(struct encoder *e, uint32_t ttl)
{
	const struct zone_soa *soa = &e->zone->negative;
	uint8_t *out = wire_room(&e->w, soa->len);
	if (!out)
		return 0;
	memcpy(out, soa->wire, soa->len);
	for (unsigned i = 0; i < soa->npointers; i++)
		wire_set16(out + soa->pointers[i], 0xc000 | e->origin_at);
	wire_set32(out + 6, ttl);
	put_serial(e);
	return 1;
}

static unsigned put_cname(struct encoder *e, const struct item *i, const uint8_t *target)
{
	put_owner(e, &i->owner);
	uint8_t *rdlength = put_head(e, RR_CNAME, i->ttl);
	put_name(e, target, dname_len(target));
	end_rdata(e, rdlength);
	return 1;
}

/* Rare, and large: out of the way of all others. */
#define RARE __attribute__((noinline, cold))

/* TXT records that health_answer makes one after the other; each is written where it belongs. */
RARE static unsigned put_health(struct encoder *e, const struct item *i, const struct health_moment *now)
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

/* RFC 4892 section 2.2: one string */
RARE static unsigned put_chaos(struct encoder *e, const struct item *i)
{
	size_t len = strlen(i->text);
	put_owner(e, &i->owner);
	wire_write16(&e->w, RR_TXT);
	wire_write16(&e->w, CLASS_CHAOS);
	wire_write32(&e->w, 0);
	wire_write16(&e->w, (uint16_t)(len + 1));
	wire_write8(&e->w, (uint8_t)len);
	wire_write(&e->w, i->text, len);
	return 1;
}

__attribute__((always_inline))
static inline unsigned put_item(struct encoder *e, const struct item *i, const struct health_moment *now)
{
	switch (i->kind) {
	case ITEM_RRSET: return put_set(e, i);
	case ITEM_NEGATIVE_SOA: return put_negative_soa(e, i->ttl);
	case ITEM_MEMBERS: return put_members(e, i);
	case ITEM_HOST: return put_cname(e, i, i->lb->service->members[i->member].host);
	case ITEM_SYNTHESIS: return put_cname(e, i, i->target);
	case ITEM_CHAOS: return put_chaos(e, i);
	case ITEM_HEALTH: case ITEM_HEALTH_MEMBER: case ITEM_SITES: case ITEM_ADMIN: case ITEM_RTT: case ITEM_EXPLAIN: return put_health(e, i, now);
	}
	return 0;
}

static inline void put_opt(uint8_t *p, bool dnssec_ok, unsigned rcode)
{
	static const uint8_t plain[OPT_BYTES] = { 0, 0, RR_OPT, UDP_EDNS_MAX >> 8, UDP_EDNS_MAX & 255 };
	memcpy(p, plain, sizeof plain);
	p[5] = (uint8_t)(rcode >> 4);
	p[7] = dnssec_ok ? 0x80 : 0;
}

static void put_options(uint8_t *opt, const struct edns_reply *reply, size_t size)
{
	wire_set16(opt + 9, (uint16_t)size);
	edns_write(reply, opt + OPT_BYTES);
}

/*
 * Writes all items. What doesn't fit: in answer or authority nothing is kept
 * and TC set (half a set is no set, RFC 2181 section 9); of glue what fits
 * stays, and TC is set, too (RFC 9471 section 3.1); what is optional ends
 * there. True: all that has to be there is.
 */
__attribute__((always_inline))
static inline bool put_items(struct encoder *e, const struct answer *a, const struct health_moment *now, uint16_t counts[4])
{
	uint8_t *start = e->w.at;
	for (const struct item *i = a->items, *end = i + a->nitems; i < end; i++) {
		uint8_t *mark = e->w.at;
		unsigned n = put_item(e, i, now);
		if (!e->w.failed) {
			counts[i->section] = (uint16_t)(counts[i->section] + n);
			continue;
		}
		e->w.failed = false;
		e->w.at = i->section < ADDITIONAL ? start : mark;
		if (i->section < ADDITIONAL)
			counts[ANSWER] = counts[AUTHORITY] = 0;
		return i->section == OPTIONAL;
	}
	return true;
}

/* Made twice, so that nearly all answers do nothing for options that they don't have. */
__attribute__((always_inline))
static inline size_t encode(uint8_t *msg, size_t limit, const struct query *q, const struct answer *a, const struct health_moment *now,
                            const struct edns_reply *reply)
{
	size_t options = reply ? edns_size(reply) : 0, opt = q->edns ? OPT_BYTES + options : 0;
	uint16_t counts[4] = { 0, 0, q->edns, 0 };
	struct encoder e; /* not cleared as a whole: `servers` is large, and rarely looked at */
	e.zone = a->zone;
	e.nservers = e.next_server = 0;
	e.w.failed = false;

	e.origin_at = a->zone ? (uint16_t)(DNS_HEADER + q->name.len - a->zone->origin_len) : 0;
	e.w.start = msg;
	e.w.at = msg + q->question_end;
	e.w.end = msg + limit - opt;
	bool whole = put_items(&e, a, now, counts) && !a->glue_missing;
	msg[2] = (uint8_t)(DNS_QR | (msg[2] & DNS_RD) | (a->authoritative ? DNS_AA : 0) | (whole ? 0 : DNS_TC));
	msg[3] = a->rcode & 15; /* CD is cleared in an authoritative answer (RFC 4035 section 3.1.6) */
	if (opt) {
		put_opt(e.w.at, q->dnssec_ok, a->rcode);
		if (options)
			put_options(e.w.at, reply, options);
	}
	wire_set16(msg + 6, counts[ANSWER]);
	wire_set16(msg + 8, counts[AUTHORITY]);
	wire_set16(msg + 10, (uint16_t)(counts[ADDITIONAL] + counts[OPTIONAL]));
	return (size_t)(e.w.at + opt - msg);
}

size_t encode_answer(uint8_t *msg, size_t limit, const struct query *q, const struct answer *a, const struct health_moment *now)
{
	return encode(msg, limit, q, a, now, NULL);
}

size_t encode_with_options(uint8_t *msg, size_t limit, const struct query *q, const struct answer *a, const struct health_moment *now,
                           const struct edns_reply *reply)
{
	return encode(msg, limit, q, a, now, reply);
}

size_t encode_empty(uint8_t *msg, const struct query *q, enum rcode rcode, uint8_t flags, const struct edns_reply *reply)
{
	uint8_t *end = msg + q->question_end;
	msg[2] = (uint8_t)(DNS_QR | flags | (msg[2] & (0x78 | DNS_RD)));
	msg[3] = rcode & 15;
	memset(msg + 4, 0, 8);
	msg[5] = q->question_end > DNS_HEADER;
	if (q->edns) {
		size_t options = reply ? edns_size(reply) : 0;
		put_opt(end, q->dnssec_ok, rcode);
		if (options)
			put_options(end, reply, options);
		end += OPT_BYTES + options;
		msg[11] = 1;
	}
	return (size_t)(end - msg);
}
