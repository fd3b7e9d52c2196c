#include "render.h"

#include <stdlib.h>
#include <string.h>
#include "../common/conf.h"
#include "lb.h"
#include "rr.h"
#include "zone.h"

struct maker {
	uint8_t *bytes; size_t len, room;
	uint32_t *at; size_t count, at_room;
	bool failed;
};

static bool grow(void **p, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return true;
	size_t more = need * 2;
	void *bigger = realloc(*p, more * size);
	if (!bigger)
		return false;
	*p = bigger;
	*room = more;
	return true;
}

static void add(struct maker *m, const struct node *owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t rdlength)
{
	size_t n = 1u + owner->name_len + 8 + rdlength;
	if (m->failed || !grow((void **)&m->bytes, &m->room, m->len + n, 1) || !grow((void **)&m->at, &m->at_room, m->count + 1, sizeof *m->at)) {
		m->failed = true;
		return;
	}
	uint8_t *p = m->bytes + m->len;
	m->at[m->count++] = (uint32_t)m->len;
	*p = owner->name_len;
	memcpy(p + 1, owner->name, owner->name_len);
	p += 1 + owner->name_len;
	wire_set16(p, type);
	wire_set32(p + 2, ttl);
	wire_set16(p + 6, (uint16_t)rdlength);
	memcpy(p + 8, rdata, rdlength);
	m->len += n;
}

static void add_addresses(struct maker *m, const struct node *owner, uint32_t ttl, const struct lb_records *r)
{
	size_t step = r->n ? r->len / r->n : 0;
	for (size_t i = 0; i < r->n; i++)
		add(m, owner, wire_get16(r->wire + i * step + 2), ttl, r->wire + i * step + RR_HEAD, step - RR_HEAD);
}

static void add_member(struct maker *m, const struct node *owner, const struct lb *lb, const struct lb_state *st, size_t member)
{
	const uint8_t *host = lb->any_host ? lb->service->members[member].host : NULL;
	if (host) {
		add(m, owner, RR_CNAME, st->ttl, host, dname_len(host));
		return;
	}
	add_addresses(m, owner, st->ttl, lb_records_of(lb, st, member, true));
	add_addresses(m, owner, st->ttl, lb_records_of(lb, st, member, false));
}

/* The gate's set. A host name that comes first stands alone; later on it is passed over (spec 4, as in answers). */
static void add_set(struct maker *m, const struct node *owner, const struct lb *lb, const struct lb_state *st)
{
	const struct gate *g = &st->gate;
	for (size_t i = 0; i < g->n; i++) {
		bool host = lb->any_host && lb->service->members[g->members[i]].host;
		if (i == 0 || !host)
			add_member(m, owner, lb, st, g->members[i]);
		if (i == 0 && host)
			return;
	}
}

static const struct node *find_name(const struct zone *z, const uint8_t *name, size_t len)
{
	struct zone_name n;
	if (!len)
		return NULL;
	zone_name_set(&n, name, len);
	return zone_find(z, &n, n.labels);
}

/* The name is this member's, and not one that the zone defines itself. */
static bool is_member_name(const struct node *n, const struct lb *lb, size_t member)
{
	return n && n->kind == NODE_MEMBER && n->service == lb->index && n->member == member;
}

static void add_all(struct maker *m, const struct zone *z, const struct lb *lb, const struct lb_state *st)
{
	const struct service *s = lb->service;
	const struct node *owner = find_name(z, s->name, s->name_len);
	if (!owner)
		return;
	add_set(m, owner, lb, st);
	/* Names such as sjc.*.app stand for nothing that can be said in a zone, and secondaries frown at them. Glue has no such names. */
	if (s->wildcard || (owner->flags & (NODE_CUT | NODE_BELOW_CUT)))
		return;
	for (size_t i = 0; i < s->nmembers; i++) {
		uint8_t name[DNAME_MAX];
		const char *label = s->members[i].label;
		const struct node *n = find_name(z, name, dname_prepend(name, label, strlen(label), s->name));
		if (!is_member_name(n, lb, i))
			continue;
		if (lb_is_down(st, i) && lb->conf->dns.site_names != SITE_NAMES_PIN)
			add_set(m, n, lb, st);
		else
			add_member(m, n, lb, st, i);
	}
}

static size_t record_len(const uint8_t *r)
{
	return 1u + r[0] + 8 + wire_get16(r + 1 + r[0] + 6);
}

static int compare(const uint8_t *a, const uint8_t *b)
{
	size_t la = record_len(a), lb = record_len(b);
	int order = memcmp(a, b, la < lb ? la : lb);
	return order ? order : la < lb ? -1 : la > lb;
}

static int by_bytes(const void *a, const void *b, void *records)
{
	const uint32_t *x = a, *y = b;
	return compare((const uint8_t *)records + *x, (const uint8_t *)records + *y);
}

/* Sorted, and each once: an address may be named by two members. */
static struct render *finish(struct maker *m)
{
	struct render *r = m->failed ? NULL : malloc(sizeof *r + m->count * sizeof *m->at + m->len);
	if (!r)
		return NULL;
	r->refs = 1;
	r->len = (uint32_t)m->len;
	r->sorted = (uint32_t *)(void *)(r + 1);
	r->records = (uint8_t *)(r->sorted + m->count);
	r->count = 0;
	if (!m->count)
		return r;
	qsort_r(m->at, m->count, sizeof *m->at, by_bytes, m->bytes);
	memcpy(r->records, m->bytes, m->len);
	for (size_t i = 0; i < m->count; i++)
		if (i == 0 || compare(m->bytes + m->at[i - 1], m->bytes + m->at[i]) != 0)
			r->sorted[r->count++] = m->at[i];
	return r;
}

struct render *render_new(const struct zone *z, const struct lb *lb, const struct lb_state *st)
{
	struct maker m = { .bytes = NULL };
	add_all(&m, z, lb, st);
	struct render *r = finish(&m);
	free(m.bytes);
	free(m.at);
	return r;
}

void render_drop(struct render *r)
{
	if (r && --r->refs == 0)
		free(r);
}

bool render_equal(const struct render *a, const struct render *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (compare(render_record(a, i), render_record(b, i)) != 0)
			return false;
	return true;
}

bool render_has(const struct render *r, const uint8_t *record)
{
	uint32_t low = 0, high = r->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare(render_record(r, middle), record);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
