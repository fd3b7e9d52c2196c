#include "transfer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../common/conf.h"
#include "../common/tsig.h"
#include "generation.h"
#include "lb.h"
#include "moving.h"
#include "query.h"
#include "serial.h"

/* RDATA of a SOA at most: two names and five numbers. */
#define SOA_RDATA_MAX (2 * DNAME_MAX + 20)
/* type, class, TTL, rdlength */
#define RECORD_FIXED 10
/* An OPT without options */
#define OPT_BYTES 11

enum step { STEP_FIRST, STEP_RECORDS, STEP_SERVICES, STEP_OLD_SOA, STEP_GONE, STEP_NEW_SOA, STEP_CAME, STEP_LAST, STEP_DONE };

/* A record to be written: where its parts lie. */
struct view {
	const uint8_t *owner; size_t owner_len;  /* without the origin */
	uint16_t type;
	uint32_t ttl;
	const uint8_t *rdata; size_t rdlength;
};

/* A service that differs: what it was and what it is. */
struct change { const struct render *old, *new; };

struct transfer {
	struct zone_version *version;
	enum step step;
	struct view view; bool has_view;   /* comes next, but did not fit */
	/* AXFR: place in the zone's table, in the node's sets, in the set */
	size_t slot;
	const struct rrset *set;
	uint32_t at;
	/* AXFR: the service; IXFR: the change; and the record of its render */
	size_t index;
	uint32_t record;
	struct change *changes; size_t nchanges;
	uint8_t soa[SOA_RDATA_MAX], old_soa[SOA_RDATA_MAX];
	bool edns;                         /* the query had an OPT, so each answer has one (RFC 6891 section 6.1.1) */
	bool signing;
	struct tsig tsig;
	uint8_t header[4];                 /* ID and flags */
	size_t question_len;
	uint8_t question[DNAME_MAX + 4];
};

static _Atomic(unsigned) running;

/* ---- who and what ---- */

bool transfer_is_asked(const uint8_t *msg, size_t len)
{
	if (len < DNS_HEADER || (msg[2] & 0xf8) || wire_get16(msg + 4) != 1)
		return false;
	size_t at = DNS_HEADER;
	while (at < len && msg[at] && msg[at] <= LABEL_MAX)
		at += msg[at] + 1u;
	if (at + 5 > len || msg[at])
		return false;
	uint16_t type = wire_get16(msg + at + 1);
	return type == RR_AXFR || type == RR_IXFR;
}

bool transfer_is_allowed(const struct conf *c, const struct addr *client, const struct key *signer)
{
	const struct conf_dns *d = &c->dns;
	struct addr a = *client;
	addr_unmap(&a);
	for (size_t i = 0; i < d->ntransfer_prefixes; i++)
		if (prefix_covers(&d->transfer_prefixes[i], &a))
			return true;
	if (signer && signer->role == KEY_ROLE_TRANSFER)
		return true;
	for (size_t i = 0; signer && i < d->ntransfer_keys; i++)
		if (d->transfer_keys[i] == signer)
			return true;
	return false;
}

struct question { struct zone_name name; uint16_t type, class; size_t end; };

static bool read_question(struct question *q, const uint8_t *msg, size_t len)
{
	uint8_t name[DNAME_MAX];
	struct wire_reader r;
	wire_reader_init(&r, msg, len);
	wire_read(&r, DNS_HEADER);
	size_t n = wire_read_name(&r, name);
	q->type = wire_read16(&r);
	q->class = wire_read16(&r);
	q->end = (size_t)(r.at - msg);
	if (r.failed || q->end != DNS_HEADER + n + 4) /* compressed: there is nothing to point to */
		return false;
	zone_name_set(&q->name, name, n);
	return true;
}

/* The serial that the client has: of the SOA in the authority section (RFC 1995 section 3). False: it isn't there. */
static bool read_serial(const uint8_t *msg, size_t len, const struct question *q, uint32_t *serial)
{
	uint8_t name[DNAME_MAX];
	struct wire_reader r;
	wire_reader_init(&r, msg, len);
	wire_read(&r, q->end);
	if (wire_get16(msg + 6) != 0 || wire_get16(msg + 8) != 1)
		return false;
	size_t n = wire_read_name(&r, name);
	uint16_t type = wire_read16(&r);
	wire_read(&r, 6);
	wire_read16(&r);
	if (r.failed || !n || type != RR_SOA || !dname_equal(name, q->name.wire))
		return false;
	wire_read_name(&r, name);
	wire_read_name(&r, name);
	*serial = wire_read32(&r);
	wire_read(&r, 16);
	return !r.failed;
}

/* There is an OPT among the additional records, which the caller has found to be well formed. */
static bool has_opt(const uint8_t *msg, size_t len, const struct question *q)
{
	uint8_t name[DNAME_MAX];
	struct wire_reader r;
	wire_reader_init(&r, msg, len);
	wire_read(&r, q->end);
	for (unsigned n = wire_get16(msg + 6) + wire_get16(msg + 8) + wire_get16(msg + 10); n && !r.failed; n--) {
		wire_read_name(&r, name);
		if (wire_read16(&r) == RR_OPT)
			return !r.failed;
		wire_read(&r, 6);
		wire_read(&r, wire_read16(&r));
	}
	return false;
}

/* ---- what IXFR sends ---- */

/* The delta from which on all are wanted, or -1: not a serial that is remembered. */
static int find_delta(const struct zone_version *v, uint32_t serial)
{
	for (unsigned i = 0; i < v->ndeltas; i++)
		if (v->deltas[i]->from == serial)
			return (int)i;
	return -1;
}

/* Each service that changed since, once, with what it was at first. False: no memory. */
static bool condense(struct transfer *x, unsigned first)
{
	const struct zone_version *v = x->version;
	size_t most = 0, services = v->zone->nservices;
	for (unsigned i = first; i < v->ndeltas; i++)
		most += v->deltas[i]->n;
	uint8_t *seen = calloc(services / 8 + 1, 1);
	x->changes = calloc(most ? most : 1, sizeof *x->changes);
	for (unsigned i = first; seen && x->changes && i < v->ndeltas; i++)
		for (size_t k = 0; k < v->deltas[i]->n; k++) {
			const struct delta_item *item = &v->deltas[i]->items[k];
			if (seen[item->service / 8] >> (item->service % 8) & 1)
				continue;
			seen[item->service / 8] |= (uint8_t)(1 << item->service % 8);
			x->changes[x->nchanges++] = (struct change){ item->old, version_render(v, item->service) };
		}
	bool ok = seen && x->changes;
	free(seen);
	return ok;
}

static void set_soa(uint8_t *out, const struct rrset *soa, uint32_t serial)
{
	size_t n = wire_get16(soa->wire + 10);
	memcpy(out, soa->wire + RR_HEAD, n);
	wire_set32(out + n - 20, serial);
}

static void only_soa(struct transfer *x)
{
	x->step = STEP_LAST;
	x->has_view = false;
}

/* What comes behind the first SOA. False: no memory. */
static bool plan(struct transfer *x, const struct question *q, const uint8_t *msg, size_t len, enum rcode *rcode)
{
	uint32_t serial = 0;
	x->step = STEP_FIRST;
	x->nchanges = 0;
	if (q->type == RR_AXFR)
		return true;
	if (!read_serial(msg, len, q, &serial)) {
		*rcode = RCODE_FORMERR;
		return false;
	}
	if (!serial_before(serial, x->version->serial)) {
		only_soa(x);
		return true;
	}
	int first = find_delta(x->version, serial);
	if (first < 0)
		return true;
	set_soa(x->old_soa, x->version->zone->soa, serial);
	return condense(x, (unsigned)first);
}

/* ---- begin and end ---- */

void transfer_end(struct transfer *x)
{
	if (!x)
		return;
	tsig_end(&x->tsig);
	moving_release(x->version);
	atomic_fetch_sub_explicit(&running, 1, memory_order_relaxed);
	free(x->changes);
	free(x);
}

/* One of TRANSFERS_MAX. */
static struct transfer *make(struct zone_version *v)
{
	bool room = atomic_fetch_add_explicit(&running, 1, memory_order_relaxed) < TRANSFERS_MAX;
	struct transfer *x = room ? calloc(1, sizeof *x) : NULL;
	if (!x)
		atomic_fetch_sub_explicit(&running, 1, memory_order_relaxed);
	else
		x->version = v;
	return x;
}

static struct zone_version *find_version(const struct generation *gen, const struct question *q, enum rcode *rcode)
{
	const struct zone *z = q->class == CLASS_IN ? generation_zone(gen, &q->name) : NULL;
	*rcode = RCODE_NOTAUTH;
	if (!z || q->name.labels != z->origin_labels)
		return NULL; /* RFC 5936 section 2.2.1: not a zone of ours */
	struct moving *m = atomic_load_explicit(&z->moving, memory_order_acquire);
	*rcode = m ? RCODE_SERVFAIL : RCODE_REFUSED; /* first checks under way */
	return m ? moving_hold(m) : NULL;
}

static void take_question(struct transfer *x, const struct question *q, const uint8_t *msg)
{
	memcpy(x->header, msg, 4);
	x->header[2] = (uint8_t)(DNS_QR | DNS_AA | (msg[2] & DNS_RD));
	x->header[3] = 0;
	x->question_len = q->end - DNS_HEADER;
	memcpy(x->question, msg + DNS_HEADER, x->question_len);
	set_soa(x->soa, x->version->zone->soa, x->version->serial);
}

struct transfer *transfer_begin(const struct generation *gen, const uint8_t *msg, size_t len, const struct addr *client,
                                struct tsig *t, enum rcode *rcode)
{
	struct question q;
	*rcode = RCODE_FORMERR;
	if (!read_question(&q, msg, len))
		return NULL;
	*rcode = RCODE_REFUSED;
	if (!transfer_is_allowed(gen->conf, client, t->context ? t->key : NULL))
		return NULL;
	struct zone_version *v = find_version(gen, &q, rcode);
	if (!v)
		return NULL;
	*rcode = RCODE_SERVFAIL;
	struct transfer *x = make(v);
	if (!x) {
		moving_release(v);
		return NULL;
	}
	if (!plan(x, &q, msg, len, rcode)) {
		transfer_end(x);
		return NULL;
	}
	take_question(x, &q, msg);
	x->edns = has_opt(msg, len, &q);
	x->signing = t->context != NULL;
	x->tsig = *t;
	t->context = NULL;
	*rcode = RCODE_NOERROR;
	return x;
}

bool transfer_is_done(const struct transfer *x)
{
	return x->step == STEP_DONE && !x->has_view;
}

/* ---- one record after the other ---- */

static void view_soa(struct transfer *x, const uint8_t *rdata, enum step next)
{
	const struct rrset *soa = x->version->zone->soa;
	x->view = (struct view){ .type = RR_SOA, .ttl = soa->ttl, .rdata = rdata, .rdlength = wire_get16(soa->wire + 10) };
	x->step = next;
	x->index = 0;
	x->record = 0;
}

static void view_rendered(struct transfer *x, const uint8_t *r)
{
	const uint8_t *p = r + 1 + r[0];
	x->view = (struct view){ .owner = r + 1, .owner_len = r[0], .type = wire_get16(p), .ttl = wire_get32(p + 2), .rdata = p + 8, .rdlength = wire_get16(p + 6) };
}

/* The next set that isn't the zone's SOA: of this node, or of the next one that has any. */
static bool find_set(struct transfer *x)
{
	const struct zone *z = x->version->zone;
	for (;;) {
		while (!x->set) {
			/* `slot` is one more than that of the node at hand. */
			if (x->slot == z->nslots)
				return false;
			uint32_t ref = z->slots[x->slot++].ref;
			if (ref)
				x->set = zone_rrset(z, zone_node(z, ref)->rrsets);
		}
		if (x->set != z->soa)
			return true;
		x->set = zone_rrset(z, x->set->next);
	}
}

static bool next_of_zone(struct transfer *x)
{
	const struct zone *z = x->version->zone;
	if (!find_set(x))
		return false;
	const struct node *n = zone_node(z, z->slots[x->slot - 1].ref);
	const uint8_t *p = x->set->wire + x->at;
	x->view = (struct view){ .owner = n->name, .owner_len = n->name_len, .type = x->set->type, .ttl = x->set->ttl,
		.rdata = p + RR_HEAD, .rdlength = wire_get16(p + 10) };
	x->at += RR_HEAD + (uint32_t)x->view.rdlength;
	if (x->at < x->set->len)
		return true;
	x->set = zone_rrset(z, x->set->next);
	x->at = 0;
	return true;
}

static bool next_of_services(struct transfer *x)
{
	for (; x->index < x->version->zone->nservices; x->index++, x->record = 0) {
		const struct render *r = version_render(x->version, x->index);
		if (x->record < r->count) {
			view_rendered(x, render_record(r, x->record++));
			return true;
		}
	}
	return false;
}

/* The next record of the changed services that is on one side only. */
static bool next_difference(struct transfer *x, bool gone)
{
	for (; x->index < x->nchanges; x->index++, x->record = 0) {
		const struct change *c = &x->changes[x->index];
		const struct render *of = gone ? c->old : c->new, *other = gone ? c->new : c->old;
		while (x->record < of->count) {
			const uint8_t *r = render_record(of, x->record++);
			if (render_has(other, r))
				continue;
			view_rendered(x, r);
			return true;
		}
	}
	return false;
}

/* Puts the next record into x->view. False: there is none. */
static bool next_record(struct transfer *x)
{
	for (;;) {
		switch (x->step) {
		case STEP_FIRST:
			view_soa(x, x->soa, x->changes ? STEP_OLD_SOA : STEP_RECORDS);
			return true;
		case STEP_RECORDS:
			if (next_of_zone(x))
				return true;
			x->step = STEP_SERVICES;
			break;
		case STEP_SERVICES:
			if (next_of_services(x))
				return true;
			x->step = STEP_LAST;
			break;
		case STEP_OLD_SOA:
			view_soa(x, x->old_soa, STEP_GONE);
			return true;
		case STEP_GONE:
			if (next_difference(x, true))
				return true;
			x->step = STEP_NEW_SOA;
			break;
		case STEP_NEW_SOA:
			view_soa(x, x->soa, STEP_CAME);
			return true;
		case STEP_CAME:
			if (next_difference(x, false))
				return true;
			x->step = STEP_LAST;
			break;
		case STEP_LAST:
			view_soa(x, x->soa, STEP_DONE);
			return true;
		case STEP_DONE:
			return false;
		}
	}
}

/* ---- messages ---- */

/* False: it doesn't fit, and nothing of it is written. The owner ends in a pointer to the question, which is the origin. */
static bool put_view(struct wire_writer *w, const struct view *v)
{
	if ((size_t)(w->end - w->at) < v->owner_len + 2 + RECORD_FIXED + v->rdlength)
		return false;
	wire_write(w, v->owner, v->owner_len);
	wire_write16(w, 0xc000 | DNS_HEADER);
	wire_write16(w, v->type);
	wire_write16(w, CLASS_IN);
	wire_write32(w, v->ttl);
	wire_write16(w, (uint16_t)v->rdlength);
	wire_write(w, v->rdata, v->rdlength);
	return true;
}

static unsigned put_records(struct transfer *x, struct wire_writer *w)
{
	unsigned count = 0;
	/* A count of answers has 16 bits; a record has at least 12 bytes, so a message of ours can't overflow it. */
	for (;; count++) {
		if (!x->has_view)
			x->has_view = next_record(x);
		if (!x->has_view || !put_view(w, &x->view))
			return count;
		x->has_view = false;
	}
}

static void put_opt(struct wire_writer *w)
{
	static const uint8_t opt[OPT_BYTES] = { 0, 0, RR_OPT, UDP_EDNS_MAX >> 8, UDP_EDNS_MAX & 255 };
	wire_write(w, opt, sizeof opt);
}

static size_t fill(struct transfer *x, uint8_t *msg, size_t room)
{
	struct wire_writer w;
	if (room < DNS_HEADER + OPT_BYTES)
		return 0;
	wire_writer_init(&w, msg, room - (x->edns ? OPT_BYTES : 0));
	wire_write(&w, x->header, 4);
	wire_write16(&w, 1);
	uint8_t *counts = wire_room(&w, 6);
	wire_write(&w, x->question, x->question_len);
	if (w.failed)
		return 0;
	memset(counts, 0, 6);
	unsigned n = put_records(x, &w);
	wire_set16(counts, (uint16_t)n);
	w.end = msg + room;
	if (x->edns) {
		wire_set16(counts + 4, 1);
		put_opt(&w);
	}
	return n ? wire_written(&w) : 0;
}

static size_t kept_for_tsig(const struct transfer *x)
{
	return x->signing ? tsig_size(&x->tsig) : 0;
}

static size_t sign(struct transfer *x, uint8_t *msg, size_t n, size_t room)
{
	return n && x->signing ? tsig_sign(&x->tsig, msg, n, room, (int64_t)time(NULL)) : n;
}

size_t transfer_message(struct transfer *x, uint8_t *msg, size_t room)
{
	size_t most = room - kept_for_tsig(x);
	size_t n = fill(x, msg, most < TRANSFER_MESSAGE ? most : TRANSFER_MESSAGE);
	if (!n && most > TRANSFER_MESSAGE)
		n = fill(x, msg, most);
	return sign(x, msg, n, room);
}

size_t transfer_datagram(struct transfer *x, uint8_t *msg, size_t room)
{
	size_t kept = kept_for_tsig(x), most = room > kept ? room - kept : 0, n = fill(x, msg, most);
	if (!n || !transfer_is_done(x)) {
		only_soa(x);
		n = fill(x, msg, most);
	}
	return sign(x, msg, n, room);
}
