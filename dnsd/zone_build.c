#include "zone_build.h"

#include <stdlib.h>
#include "../common/conf.h"
#include "../common/log.h"
#include "../common/update.h"
#include "../common/zonefile.h"
#include "confhash.h"
#include "lb.h"
#include "rr.h"

/* A set must fit into one message beside header and question. */
#define RRSET_BYTES_MAX 65000

struct build {
	struct zone *zone;
	bool failed;           /* no memory: said once */
};

static void out_of_memory(struct build *b, struct errs *errs)
{
	if (!b->failed)
		errs_add(errs, NULL, 0, 0, "out of memory while reading a zone");
	b->failed = true;
}

static struct rrset *find_set(const struct zone *z, const struct node *n, uint16_t type)
{
	return (struct rrset *)(uintptr_t)zone_type(z, n, type);
}

/* RRSIG and NSEC may stand beside a CNAME (RFC 4035 section 2.5). */
static bool may_join_cname(uint16_t type)
{
	return type == RR_RRSIG || type == RR_NSEC;
}

static bool conflict(const struct zone *z, const struct node *n, const struct zone_record *r, struct errs *errs)
{
	const char *what = NULL;
	const struct rrset *set;

	if (r->type == RR_CNAME) {
		for (set = zone_rrset(z, n->rrsets); set; set = zone_rrset(z, set->next))
			if (set->type == RR_CNAME)
				what = "a second CNAME at this name";
			else if (!may_join_cname(set->type))
				what = "CNAME beside other records at this name";
	} else if ((n->flags & NODE_CNAME) && !may_join_cname(r->type)) {
		what = "a record beside a CNAME at this name";
	}
	if (r->type == RR_DNAME && (n->flags & NODE_DNAME))
		what = "a second DNAME at this name";
	if (what)
		errs_add(errs, r->place.file, r->place.line, r->place.column, "%s", what);
	return what != NULL;
}

/* Names in rdata keep their case, so two records that differ in case only are two; resolvers don't mind. */
static bool has_record(const struct rrset *set, const struct zone_record *r)
{
	for (const uint8_t *p = set->wire, *end = p + set->len; p < end; p += RR_HEAD + wire_get16(p + 10))
		if (wire_get16(p + 10) == r->rdata_len && memcmp(p + RR_HEAD, r->rdata, r->rdata_len) == 0)
			return true;
	return false;
}

/* One TTL a set (RFC 2181 section 5.2): the lowest. */
static void lower_ttl(struct rrset *set, const struct zone_record *r)
{
	uint32_t ttl = r->ttl < set->ttl ? r->ttl : set->ttl;
	log_warn("two TTLs in one RRset, the lower is used", "file=%s line=%u type=%u ttl=%u", r->place.file, r->place.line, r->type, ttl);
	set->ttl = ttl;
	for (uint8_t *p = set->wire, *end = p + set->len; p < end; p += RR_HEAD + wire_get16(p + 10))
		wire_set32(p + 6, ttl);
}

/* A new empty set with room for `room` bytes, as the first of the node. NULL: no memory. */
static struct rrset *new_set(struct zone *z, uint32_t node_ref, uint16_t type, uint32_t ttl, size_t room)
{
	size_t bytes = (sizeof(struct rrset) + room + 7) & ~(size_t)7;
	uint32_t ref = zone_alloc(z, bytes);
	if (!ref)
		return NULL;
	struct node *n = (struct node *)(uintptr_t)zone_node(z, node_ref);
	struct rrset *set = (struct rrset *)(uintptr_t)zone_rrset(z, ref);
	*set = (struct rrset){ .next = n->rrsets, .ttl = ttl, .type = type, .room = (uint16_t)(bytes - sizeof *set) };
	n->rrsets = ref;
	return set;
}

/* A set that outgrew its room moves to the arena's end with twice the room; the hole is the price of not sorting the file. */
static struct rrset *grow_set(struct zone *z, uint32_t node_ref, struct rrset *old, size_t need)
{
	uint32_t old_ref = (uint32_t)(((uint8_t *)old - z->arena) / 8);
	size_t room = need * 2 < RRSET_BYTES_MAX ? need * 2 : RRSET_BYTES_MAX + RR_HEAD;
	uint32_t before = zone_node(z, node_ref)->rrsets;
	struct rrset *set = new_set(z, node_ref, old->type, old->ttl, room);
	if (!set)
		return NULL;
	old = (struct rrset *)(uintptr_t)zone_rrset(z, old_ref);
	set->count = old->count;
	set->len = old->len;
	memcpy(set->wire, old->wire, old->len);
	/* Take the old one out of the chain. */
	if (before == old_ref) {
		set->next = old->next;
		return set;
	}
	struct rrset *p = (struct rrset *)(uintptr_t)zone_rrset(z, before);
	while (p->next != old_ref)
		p = (struct rrset *)(uintptr_t)zone_rrset(z, p->next);
	p->next = old->next;
	return set;
}

static uint64_t hash_bytes(uint64_t h, const uint8_t *p, size_t n)
{
	while (n--)
		h = (h ^ *p++) * 0x100000001b3u; /* FNV-1a: the same on every machine */
	return h;
}

static uint64_t hash_record(const struct zone_record *r)
{
	uint8_t head[6];
	wire_set16(head, r->type);
	wire_set32(head + 2, r->ttl);
	uint64_t h = hash_bytes(0xcbf29ce484222325u, head, sizeof head);
	h = hash_bytes(h, r->owner, r->owner_len);
	return hash_bytes(h, r->rdata, r->rdata_len);
}

static void append(struct rrset *set, const struct zone_record *r)
{
	uint8_t *p = set->wire + set->len;
	rr_head(p, r->type, set->ttl, r->rdata_len);
	memcpy(p + RR_HEAD, r->rdata, r->rdata_len);
	set->len = (uint16_t)(set->len + RR_HEAD + r->rdata_len);
	set->count++;
}

static void mark(struct zone *z, struct node *n, uint16_t type)
{
	if (type == RR_CNAME)
		n->flags |= NODE_CNAME;
	else if (type == RR_DNAME)
		n->flags |= NODE_DNAME;
	else if (type == RR_NS && n->name_len && !(n->flags & NODE_CUT))
		n->flags |= NODE_CUT;
	else
		return;
	z->ncuts += type != RR_CNAME;
}

static void add_record(void *arg, const struct zone_record *r, struct errs *errs)
{
	struct build *b = arg;
	struct zone *z = b->zone;
	struct zone_name name;

	if (b->failed)
		return;
	zone_name_set(&name, r->owner, r->owner_len);
	struct node *n = zone_insert(z, &name, name.labels);
	if (!n) {
		out_of_memory(b, errs);
		return;
	}
	if (conflict(z, n, r, errs))
		return;
	uint32_t ref = (uint32_t)(((uint8_t *)n - z->arena) / 8);
	size_t add = RR_HEAD + (size_t)r->rdata_len;
	struct rrset *set = find_set(z, n, r->type);
	if ((set ? set->len : 0) + add > RRSET_BYTES_MAX) {
		errs_add(errs, r->place.file, r->place.line, r->place.column, "the records of this name and type are more than a message holds");
		return;
	}
	if (!set) {
		mark(z, n, r->type);
		set = new_set(z, ref, r->type, r->ttl, add);
	} else {
		if (has_record(set, r))
			return;
		if (set->ttl != r->ttl)
			lower_ttl(set, r);
		if (set->len + add > set->room)
			set = grow_set(z, ref, set, set->len + add);
	}
	if (!set) {
		out_of_memory(b, errs);
		return;
	}
	append(set, r);
	z->nrecords++;
	z->records_hash += hash_record(r);
}

static void add_service(void *arg, struct service *s)
{
	struct build *b = arg;
	struct zone *z = b->zone;
	if (!(z->nservices & (z->nservices - 1))) {
		struct lb **more = realloc(z->services, (z->nservices ? z->nservices * 2 : 1) * sizeof *more);
		if (!more) {
			b->failed = true;
			service_free(s);
			return;
		}
		z->services = more;
	}
	struct lb *lb = lb_new(s, z->conf);
	if (!lb) {
		b->failed = true;
		return;
	}
	lb->zone = z;
	lb->index = z->nservices;
	z->services[z->nservices++] = lb;
}

/* A name that a service brings along, unless the zone defines it itself. */
static bool add_derived(struct zone *z, const uint8_t *name, size_t len, enum node_kind kind, size_t service, size_t member)
{
	struct zone_name n;
	if (!len)
		return true; /* too long a name: nobody can ask for it */
	zone_name_set(&n, name, len);
	struct node *node = zone_insert(z, &n, n.labels);
	if (!node)
		return false;
	if (node->rrsets || node->kind != NODE_PLAIN)
		return true;
	node->kind = (uint8_t)kind;
	node->service = (uint32_t)service;
	node->member = (uint16_t)member;
	return true;
}

static bool add_health_names(struct zone *z, size_t service)
{
	const struct service *s = z->services[service]->service;
	uint8_t health[DNAME_MAX], name[DNAME_MAX];
	size_t len = dname_prepend(health, "_health", 7, s->name);
	bool ok = add_derived(z, health, len, NODE_HEALTH, service, 0)
		&& add_derived(z, name, dname_prepend(name, "_explain", 8, s->name), NODE_EXPLAIN, service, 0);
	for (size_t m = 0; ok && m < s->nmembers; m++) {
		const char *label = s->members[m].label;
		size_t n = strlen(label);
		if (z->conf->dns.site_names != SITE_NAMES_NONE)
			ok = add_derived(z, name, dname_prepend(name, label, n, s->name), NODE_MEMBER, service, m);
		if (ok && len)
			ok = add_derived(z, name, dname_prepend(name, label, n, health), NODE_HEALTH_MEMBER, service, m);
		size_t admin = update_owner_write(name, UPDATE_ADMIN_MEMBER, label, s->name);
		if (ok && admin)
			ok = add_derived(z, name, admin, NODE_ADMIN, service, m);
	}
	return ok;
}

/* _sites.ORIGIN, and for each site an admin name and that of its round trips. */
static bool add_site_names(struct zone *z)
{
	uint8_t name[DNAME_MAX];
	bool ok = add_derived(z, name, dname_prepend(name, "_sites", 6, z->origin), NODE_SITES, 0, 0);
	for (size_t i = 0; ok && i < z->conf->nsites; i++) {
		size_t len = update_owner_write(name, UPDATE_ADMIN_SITE, z->conf->sites[i].name, z->origin);
		ok = !len || add_derived(z, name, len, NODE_ADMIN_SITE, 0, i);
		len = ok ? update_owner_write(name, UPDATE_RTT, z->conf->sites[i].name, z->origin) : 0;
		ok = ok && (!len || add_derived(z, name, len, NODE_RTT, 0, i));
	}
	return ok;
}

static bool add_service_names(struct zone *z, size_t i)
{
	const struct service *s = z->services[i]->service;
	struct zone_name n;
	zone_name_set(&n, s->name, s->name_len);
	struct node *node = zone_insert(z, &n, n.labels);
	if (!node)
		return false;
	node->kind = NODE_SERVICE;
	node->service = (uint32_t)i;
	/* A wildcard is known by its "*" owner here; the same names of the names that it stands for are made by the query (answer.c). */
	return add_health_names(z, i);
}

/* A name below a delegation is glue, one below a DNAME is hidden: both are only found by looking up, so they are marked. */
static void mark_below_cuts(struct zone *z, struct errs *errs)
{
	for (size_t i = 0; z->ncuts && i < z->nslots; i++) {
		if (!z->slots[i].ref)
			continue;
		struct node *n = (struct node *)(uintptr_t)zone_node(z, z->slots[i].ref);
		struct zone_name name;
		uint8_t whole[DNAME_MAX];
		memcpy(whole, n->name, n->name_len);
		memcpy(whole + n->name_len, z->origin, z->origin_len);
		zone_name_set(&name, whole, n->name_len + z->origin_len);
		for (unsigned l = z->origin_labels; l < name.labels; l++) {
			const struct node *above = zone_find(z, &name, l);
			if (!above || !(above->flags & (NODE_CUT | NODE_DNAME)))
				continue;
			n->flags |= NODE_BELOW_CUT;
			if (n->rrsets && (above->flags & NODE_DNAME)) {
				char text[DNAME_TEXT_MAX];
				errs_add(errs, NULL, 0, 0, "%s: records below a DNAME (RFC 6672 section 2.4)", dname_to_text(whole, text));
			}
		}
	}
}

/* A name of the SOA's rdata into the laid-out record, with a pointer to come when it lies below the origin. Returns its length in rdata. */
static size_t lay_out_name(const struct zone *z, struct zone_soa *out, const uint8_t *name)
{
	size_t len = dname_len(name), kept = len;
	bool below = z->origin_len > 1 && dname_is_below_or_equal(name, z->origin);
	if (below)
		kept = len - z->origin_len;
	memcpy(out->wire + out->len, name, kept);
	out->len = (uint16_t)(out->len + kept);
	if (below) {
		out->pointers[out->npointers++] = out->len;
		out->len += 2;
	}
	return len;
}

static void lay_out_soa(struct zone *z)
{
	struct zone_soa *out = &z->negative;
	const uint8_t *rdata = z->soa->wire + RR_HEAD;
	rr_head(out->wire, RR_SOA, z->negative_ttl, 0);
	out->npointers = 1; /* the owner, at 0; a pointer to the root label for the root zone */
	out->len = RR_HEAD;
	rdata += lay_out_name(z, out, rdata);
	rdata += lay_out_name(z, out, rdata);
	memcpy(out->wire + out->len, rdata, 20);
	out->len += 20;
	wire_set16(out->wire + 10, (uint16_t)(out->len - RR_HEAD));
}

/* False: no memory. */
static bool make_config_hash(struct zone *z)
{
	const struct service **services = calloc(z->nservices ? z->nservices : 1, sizeof(struct service *));
	if (!services)
		return false;
	for (size_t i = 0; i < z->nservices; i++)
		services[i] = z->services[i]->service;
	z->config = confhash(z->conf, services, z->nservices, z->records_hash);
	free(services);
	return true;
}

static void finish(struct build *b, struct errs *errs)
{
	struct zone *z = b->zone;
	struct zone_name origin;
	for (size_t i = 0; i < z->nservices && !b->failed; i++)
		b->failed = !add_service_names(z, i);
	if (!b->failed)
		b->failed = !make_config_hash(z) || !(z->heard = calloc(z->conf->nsites + 1, sizeof *z->heard));
	if (!b->failed && z->nservices)
		b->failed = !add_site_names(z);
	if (b->failed) {
		out_of_memory(b, errs);
		return;
	}
	mark_below_cuts(z, errs);
	zone_name_set(&origin, z->origin, z->origin_len);
	z->apex = zone_find(z, &origin, z->origin_labels);
	z->soa = zone_type(z, z->apex, RR_SOA);
	uint32_t minimum = wire_get32(z->soa->wire + z->soa->len - 4);
	z->negative_ttl = minimum < z->soa->ttl ? minimum : z->soa->ttl;
	z->serial = wire_get32(z->soa->wire + z->soa->len - 20);
	lay_out_soa(z);
}

static struct zone *zone_new(const uint8_t *origin, const struct conf *conf)
{
	struct zone *z = calloc(1, sizeof *z);
	if (!z)
		return NULL;
	struct zone_name n;
	zone_name_set(&n, origin, dname_len(origin));
	memcpy(z->origin, n.wire, n.len);
	z->origin_len = n.len;
	z->origin_labels = z->max_labels = n.labels;
	z->hash = zone_name_hash(n.wire, n.len);
	z->used = 8; /* reference 0 is "none" */
	z->conf = conf;
	return z;
}

struct zone *zone_load(const char *file, const uint8_t *origin, const struct conf *conf, struct errs *errs)
{
	struct build b = { .zone = zone_new(origin, conf) };
	size_t before = errs->count;
	if (!b.zone) {
		errs_add(errs, file, 0, 0, "out of memory");
		return NULL;
	}
	struct zonefile_sink sink = { .record = add_record, .service = add_service, .arg = &b };
	bool ok = zonefile_read(file, origin, conf, &sink, errs);
	if (ok && errs->count == before)
		finish(&b, errs);
	if (errs->count != before || b.failed) {
		zone_delete(b.zone);
		return NULL;
	}
	return b.zone;
}
