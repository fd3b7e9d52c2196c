#include "update.h"

#include <string.h>

enum { TYPE_SOA = 6, TYPE_TXT = 16, TYPE_ANY = 255, CLASS_IN = 1, CLASS_NONE = 254, CLASS_ANY = 255 };

#define HEADER 12
/* Every message has the zone's name at this offset, so owners end with a pointer to it. */
#define ZONE_POINTER (0xc000 | HEADER)

/* --- reading --- */

/* One or more whole strings (RFC 1035 section 3.3.14). */
static bool is_strings(const uint8_t *rdata, size_t len)
{
	size_t at = 0;
	while (at < len)
		at += (size_t)rdata[at] + 1;
	return len && at == len;
}

struct record_head { uint16_t type, class; };

static bool read_record(struct wire_reader *r, struct update_record *out, struct record_head *head)
{
	uint8_t name[DNAME_MAX];
	size_t n = wire_read_name(r, name);
	if (!n)
		return false;
	dname_lower(out->owner, name, n);
	head->type = wire_read16(r);
	head->class = wire_read16(r);
	out->ttl = wire_read32(r);
	out->len = wire_read16(r);
	out->rdata = wire_read(r, out->len);
	out->action = head->class == CLASS_IN ? UPDATE_ADD : head->class == CLASS_ANY ? UPDATE_DELETE_SET : UPDATE_DELETE_ONE;
	return !r->failed;
}

static enum update_rcode fail(enum update_rcode rcode, const char *text, const char **why)
{
	*why = text;
	return rcode;
}

/* RFC 2136 section 3.4.1, for the one type that we take. */
static enum update_rcode check_record(const struct update *u, const struct update_record *r, const struct record_head *h, const char **why)
{
	if (h->class != CLASS_IN && h->class != CLASS_ANY && h->class != CLASS_NONE)
		return fail(UPDATE_FORMERR, "a record of another class", why);
	if (!dname_is_below_or_equal(r->owner, u->zone))
		return fail(UPDATE_NOTZONE, "an owner outside of the zone", why);
	if (h->class == CLASS_ANY && (r->ttl || r->len))
		return fail(UPDATE_FORMERR, "a deletion with a TTL or data", why);
	if (h->class == CLASS_NONE && r->ttl)
		return fail(UPDATE_FORMERR, "a deletion with a TTL", why);
	if (h->type != TYPE_TXT && !(h->type == TYPE_ANY && h->class == CLASS_ANY))
		return fail(UPDATE_REFUSED, "only TXT may be written", why);
	if (h->class != CLASS_ANY && !is_strings(r->rdata, r->len))
		return fail(UPDATE_FORMERR, "malformed TXT", why);
	return UPDATE_OK;
}

static enum update_rcode read_zone(struct update *u, struct wire_reader *r, const char **why)
{
	uint8_t name[DNAME_MAX];
	size_t n = wire_read_name(r, name);
	uint16_t type = wire_read16(r), class = wire_read16(r);
	if (r->failed || !n || type != TYPE_SOA)
		return fail(UPDATE_FORMERR, "malformed zone section", why);
	dname_lower(u->zone, name, n);
	return class == CLASS_IN ? UPDATE_OK : fail(UPDATE_REFUSED, "a zone of another class", why);
}

enum update_rcode update_read_head(struct update *u, const uint8_t *msg, size_t len, const char **why)
{
	struct wire_reader r;
	wire_reader_init(&r, msg, len);
	u->id = wire_read16(&r);
	wire_read16(&r);
	uint16_t zones = wire_read16(&r), prerequisites = wire_read16(&r);
	u->count = u->left = wire_read16(&r);
	wire_read16(&r);
	if (r.failed || zones != 1)
		return fail(UPDATE_FORMERR, "not one zone", why);
	enum update_rcode rcode = read_zone(u, &r, why);
	if (rcode != UPDATE_OK)
		return rcode;
	u->records = r;
	return prerequisites ? fail(UPDATE_REFUSED, "prerequisites", why) : UPDATE_OK;
}

enum update_rcode update_take(struct update *u, struct update_record *r, const char **why)
{
	struct record_head head;
	if (u->left == 0 || !read_record(&u->records, r, &head))
		return fail(UPDATE_FORMERR, "malformed record", why);
	u->left--;
	return check_record(u, r, &head, why);
}

enum update_rcode update_read(struct update *u, const uint8_t *msg, size_t len, const char **why)
{
	struct update_record record;
	enum update_rcode rcode = update_read_head(u, msg, len, why);
	if (rcode != UPDATE_OK)
		return rcode;
	struct update all = *u;
	while (all.left && rcode == UPDATE_OK)
		rcode = update_take(&all, &record, why);
	return rcode;
}

bool update_next(struct update *u, struct update_record *r)
{
	struct record_head head;
	if (u->left == 0)
		return false;
	u->left--;
	return read_record(&u->records, r, &head);
}

/* --- at a glance --- */

/* The labels up to a pointer to the zone, and the pointer. 0: not of this form. */
static size_t owner_length(const struct wire_reader *r)
{
	const uint8_t *p = r->at;
	while (p < r->end && *p && *p <= LABEL_MAX)
		p += *p + 1;
	return r->end - p >= 2 && wire_get16(p) == ZONE_POINTER ? (size_t)(p + 2 - r->at) : 0;
}

/* A string of at most `most` digits behind "KEY=", the last `decimals` of them behind a point. False: not of this form. */
static bool read_digits(const uint8_t *s, const char *key, unsigned most, unsigned decimals, uint64_t *out)
{
	size_t n = *s, digits = n < 5 ? 0 : n - 4 - (decimals > 0);
	uint64_t v = 0;
	if (digits <= decimals || digits > most || memcmp(s + 1, key, 4) != 0)
		return false;
	for (size_t i = 5; i <= n; i++) {
		if (decimals && i + decimals == n) {
			if (s[i] != '.')
				return false;
			continue;
		}
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*out = v;
	return true;
}

/* From `at` to `end` there is seq=, perhaps rtt= before it, and nothing else. Numbers so long that they may not fit are for others to judge. */
static bool read_tail(struct update_glance *g, const uint8_t *at, const uint8_t *end)
{
	uint64_t rtt = 0;
	g->has_rtt = at < end && end - at > *at && read_digits(at, "rtt=", 9, 3, &rtt);
	g->rtt_us = (uint32_t)rtt;
	if (g->has_rtt)
		at += *at + 1;
	return at < end && end - at == *at + 1 && read_digits(at, "seq=", 19, 0, &g->seq) && g->seq;
}

/* Where the tail of these strings begins; NULL: they have none. */
static const uint8_t *find_tail(const uint8_t *rdata, const uint8_t *end)
{
	const uint8_t *last = NULL, *before = NULL, *p = rdata;
	for (; p < end; p += *p + 1) {
		before = last;
		last = p;
	}
	if (p != end || !last)
		return NULL;
	return before && *before >= 4 && memcmp(before + 1, "rtt=", 4) == 0 ? before : last;
}

bool update_glance(struct update *u, const uint8_t *guess, size_t guess_len, struct update_glance *g)
{
	struct wire_reader r = u->records;
	g->owner = r.at;
	g->owner_len = owner_length(&r);
	if (u->left == 0 || !wire_read(&r, g->owner_len) || g->owner_len == 0)
		return false;
	const uint8_t *head = wire_read(&r, 10), *rdata = head ? wire_read(&r, wire_get16(head + 8)) : NULL;
	if (!rdata || wire_get16(head) != TYPE_TXT || wire_get16(head + 2) != CLASS_IN)
		return false;
	bool guessed = guess && (size_t)(r.at - rdata) > guess_len && memcmp(rdata, guess, guess_len) == 0 && read_tail(g, rdata + guess_len, r.at);
	const uint8_t *tail = guessed ? rdata + guess_len : find_tail(rdata, r.at);
	if (!guessed && (!tail || !read_tail(g, tail, r.at)))
		return false;
	g->ttl = wire_get32(head + 4);
	g->phrase = rdata;
	g->phrase_len = (size_t)(tail - rdata);
	u->records = r;
	u->left--;
	return true;
}

size_t update_owner_on_wire(uint8_t out[DNAME_MAX + 2], const uint8_t *owner, const uint8_t *zone)
{
	size_t n = dname_len(owner) - dname_len(zone);
	memcpy(out, owner, n);
	wire_set16(out + n, ZONE_POINTER);
	return n + 2;
}

/* --- owners --- */

static bool label_is(const uint8_t *label, const char *text)
{
	size_t n = strlen(text);
	return *label == n && memcmp(label + 1, text, n) == 0;
}

void update_owner_read(struct update_owner *o, const uint8_t *owner, const uint8_t *zone)
{
	o->kind = UPDATE_OTHER;
	o->label[0] = '\0';
	o->service = NULL;
	if (dname_labels(owner) < 2 || memchr(owner + 1, '\0', *owner))
		return;
	const uint8_t *second = owner + *owner + 1, *rest = second + *second + 1;
	if (!dname_is_below_or_equal(rest, zone))
		return;
	memcpy(o->label, owner + 1, *owner);
	o->label[*owner] = '\0';
	if (label_is(second, "_health"))
		o->kind = UPDATE_OBSERVATION;
	else if (label_is(second, "_admin"))
		o->kind = UPDATE_ADMIN_MEMBER;
	else if (label_is(second, "_sites") && dname_equal(rest, zone))
		o->kind = UPDATE_ADMIN_SITE;
	else if (label_is(second, "_rtt") && dname_equal(rest, zone))
		o->kind = UPDATE_RTT;
	if (o->kind == UPDATE_OBSERVATION || o->kind == UPDATE_ADMIN_MEMBER)
		o->service = rest;
}

size_t update_owner_write(uint8_t out[DNAME_MAX], enum update_kind kind, const char *label, const uint8_t *service)
{
	uint8_t below[DNAME_MAX];
	const char *middle = kind == UPDATE_OBSERVATION ? "_health" : kind == UPDATE_ADMIN_MEMBER ? "_admin" : kind == UPDATE_RTT ? "_rtt" : "_sites";
	if (!dname_prepend(below, middle, strlen(middle), service))
		return 0;
	return dname_prepend(out, label, strlen(label), below);
}

/* --- writing --- */

void update_begin(struct update_writer *u, void *buffer, size_t size, uint16_t id, const uint8_t *zone)
{
	wire_writer_init(&u->w, buffer, size);
	u->count = 0;
	u->zone = zone;
	wire_write16(&u->w, id);
	wire_write16(&u->w, UPDATE_OPCODE << 11);
	wire_write16(&u->w, 1);
	wire_write16(&u->w, 0);
	wire_write16(&u->w, 0);
	wire_write16(&u->w, 0);
	wire_write(&u->w, zone, dname_len(zone));
	wire_write16(&u->w, TYPE_SOA);
	wire_write16(&u->w, CLASS_IN);
}

static bool add(struct update_writer *u, const uint8_t *owner, uint16_t class, uint32_t ttl, const uint8_t *rdata, size_t len)
{
	struct wire_writer mark = u->w;
	if (u->w.failed || u->count == UINT16_MAX || len > UINT16_MAX)
		return false;
	uint8_t name[DNAME_MAX + 2];
	wire_write(&u->w, name, update_owner_on_wire(name, owner, u->zone));
	wire_write16(&u->w, TYPE_TXT);
	wire_write16(&u->w, class);
	wire_write32(&u->w, ttl);
	wire_write16(&u->w, (uint16_t)len);
	wire_write(&u->w, rdata, len);
	if (u->w.failed) {
		u->w = mark;
		return false;
	}
	u->count++;
	return true;
}

bool update_add(struct update_writer *u, const uint8_t *owner, uint32_t ttl, const uint8_t *rdata, size_t len)
{
	return add(u, owner, CLASS_IN, ttl, rdata, len);
}

bool update_delete(struct update_writer *u, const uint8_t *owner)
{
	return add(u, owner, CLASS_ANY, 0, NULL, 0);
}

size_t update_end(struct update_writer *u)
{
	if (u->w.failed)
		return 0;
	wire_set16(u->w.start + 8, (uint16_t)u->count);
	return wire_written(&u->w);
}
