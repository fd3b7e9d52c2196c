#include "answer.h"

#include "../common/conf.h"
#include "generation.h"

enum { ANSWER, AUTHORITY, ADDITIONAL };

static inline struct item *add(struct answer *a, enum item_kind kind, struct owner owner, uint8_t section)
{
	if (a->nitems == ANSWER_ITEMS)
		return NULL;
	struct item *i = &a->items[a->nitems++];
	i->kind = kind;
	i->owner = owner;
	i->section = section;
	return i;
}

static inline void add_set(struct answer *a, const struct rrset *set, struct owner owner, uint8_t section)
{
	struct item *i = add(a, ITEM_RRSET, owner, section);
	if (i)
		i->set = set;
}

static void fail(struct answer *a, enum rcode rcode, enum ede ede, const char *text)
{
	a->rcode = rcode;
	a->ede = ede;
	a->ede_text = text;
	a->authoritative = false;
	a->nitems = 0;
}

/* No such name, or no such type there: the SOA says for how long (RFC 2308 section 3). */
static void negative(struct answer *a, enum rcode rcode, uint32_t ttl_cap)
{
	a->rcode = rcode;
	struct item *i = add(a, ITEM_NEGATIVE_SOA, (struct owner){ a->zone->origin, 0 }, AUTHORITY);
	if (i) {
		i->ttl = a->zone->negative_ttl < ttl_cap ? a->zone->negative_ttl : ttl_cap;
	}
}

static void add_glue(struct answer *a, const uint8_t *server, size_t len)
{
	static const uint16_t types[] = { RR_A, RR_AAAA };
	struct zone_name n;
	zone_name_set(&n, server, len);
	if (n.labels <= a->zone->origin_labels || !dname_equal(n.wire + zone_name_at(&n, a->zone->origin_labels), a->zone->origin))
		return;
	const struct node *node = zone_find(a->zone, &n, n.labels);
	for (size_t t = 0; node && t < 2; t++) {
		const struct rrset *set = zone_type(a->zone, node, types[t]);
		if (!set)
			continue;
		struct item *i = add(a, ITEM_RRSET, (struct owner){ node->name, node->name_len }, ADDITIONAL);
		if (i)
			i->set = set;
	}
}

/* RFC 1034 section 4.3.2 step 3b: the delegation's name servers and their addresses. */
static void refer(struct answer *a, const struct node *cut)
{
	const struct rrset *ns = zone_type(a->zone, cut, RR_NS);
	if (!a->nitems)
		a->authoritative = false;
	add_set(a, ns, (struct owner){ cut->name, cut->name_len }, AUTHORITY);
	unsigned count = 0;
	for (const uint8_t *p = ns->wire, *end = p + ns->len; p < end && count < GLUE_NS_MAX; count++) {
		uint16_t len = wire_get16(p + 10);
		add_glue(a, p + RR_HEAD, len);
		p += RR_HEAD + len;
	}
}

/* ---- services ---- */

static bool may_see_health(const struct answer_input *in)
{
	const struct conf_dns *dns = &in->gen->conf->dns;
	for (size_t i = 0; i < dns->nhealth_from; i++)
		if (prefix_covers(&dns->health_from[i], in->client))
			return true;
	return false;
}

static void add_members(struct answer *a, const struct lb *lb, const struct lb_state *st, uint16_t type,
                        const uint16_t *members, size_t n, struct owner owner)
{
	struct item *i = add(a, ITEM_MEMBERS, owner, ANSWER);
	if (!i)
		return;
	i->ttl = st->ttl;
	i->type = type;
	i->nmembers = (uint8_t)n;
	for (size_t k = 0; k < n; k++)
		i->records[k] = lb_records_of(lb, st, members[k], type == RR_A);
}

static void add_host(struct answer *a, const struct lb *lb, const struct lb_state *st, uint16_t member, struct owner owner)
{
	struct item *i = add(a, ITEM_HOST, owner, ANSWER);
	if (!i)
		return;
	i->lb = lb;
	i->ttl = st->ttl;
	i->member = member;
}

/* `every`: all members have an address of the type, so nobody is passed over. */
static bool answer_ordered(struct answer *a, const struct lb *lb, const struct lb_state *st, uint16_t type, bool every,
                           const struct answer_input *in, struct owner owner)
{
	uint16_t order[SERVICE_MEMBERS_MAX];
	size_t want = lb->service->policy->answers, n = 0;
	struct select_client client;
	struct select_input si = {
		.service = lb->service, .gate = &st->gate, .client = &client,
		.own_site = (int)lb->conf->own->index, .random = in->random, .turn = in->turn,
	};
	if (lb->asks_client) {
		client.address = *in->client;
		prefix_of(&client.network, in->client, 24, 56);
	}
	size_t ordered = select_order(&si, every ? want : st->gate.n, order);
	if (!ordered)
		return false;
	if (every) {
		add_members(a, lb, st, type, order, ordered, owner);
		return true;
	}
	if (lb->any_host && lb->service->members[order[0]].host) {
		add_host(a, lb, st, order[0], owner);
		return true;
	}
	if (type != RR_A && type != RR_AAAA)
		return false;
	for (size_t i = 0; i < ordered && n < want; i++)
		if (lb_records_of(lb, st, order[i], type == RR_A)->n)
			order[n++] = order[i];
	if (n)
		add_members(a, lb, st, type, order, n, owner);
	return n != 0;
}

/*
 * The answer of a service (spec 4, address families): the first `answers`
 * members of the order that have an address of the family; a host name that
 * comes first stands alone, for every type, and is passed over later on.
 * `type` is RR_A or RR_AAAA, or any other type to see only the host name.
 * False: nothing for this type.
 */
static bool answer_selected(struct answer *a, const struct lb *lb, const struct lb_state *st, uint16_t type,
                            const struct answer_input *in, struct owner owner)
{
	bool every = type == RR_A ? lb->every_a : type == RR_AAAA && lb->every_aaaa;
	if (every && lb->draws && st->gate.weight) {
		uint16_t drawn = select_draw(lb->service, &st->gate, in->random);
		add_members(a, lb, st, type, &drawn, 1, owner);
		return true;
	}
	return answer_ordered(a, lb, st, type, every, in, owner);
}

/* ANY is answered with one set (RFC 8482 section 4.1): for a service with its addresses, IPv4 first. */
static uint16_t service_type(const struct lb *lb, uint16_t type)
{
	if (type != RR_ANY)
		return type;
	return lb->any_a || !lb->any_aaaa ? RR_A : RR_AAAA;
}

static const struct lb_state *state_of(struct answer *a, const struct lb *lb)
{
	const struct lb_state *st = atomic_load_explicit(&lb->state, memory_order_acquire);
	if (st && st->ready)
		return st;
	fail(a, RCODE_SERVFAIL, EDE_NOT_READY, "first health checks are under way");
	return NULL;
}

/* True when it put something into the answer, or failed it; false: the node's own records are next. */
static bool answer_service(struct answer *a, const struct lb *lb, uint16_t qtype, const struct answer_input *in,
                           struct owner owner, uint32_t *negative_cap)
{
	uint16_t type = service_type(lb, qtype);
	if (type != RR_A && type != RR_AAAA && !lb->any_host)
		return false;
	const struct lb_state *st = state_of(a, lb);
	if (!st)
		return true;
	*negative_cap = st->ttl;
	if (answer_selected(a, lb, st, type, in, owner))
		return true;
	if (st->gate.step == GATE_NONE && (type == RR_A || type == RR_AAAA)) {
		a->ede = EDE_NETWORK;
		a->ede_text = "every member is down and the policy is closed";
	}
	return false;
}

/* LABEL.SERVICE: that member's addresses while it is not down, else the answer of the service (spec 3, site_names "prefer"). */
static bool answer_member(struct answer *a, const struct lb *lb, uint16_t member, uint16_t qtype, const struct answer_input *in,
                          struct owner owner, uint32_t *negative_cap)
{
	uint16_t type = service_type(lb, qtype);
	const struct lb_state *st = state_of(a, lb);
	if (!st)
		return true;
	*negative_cap = st->ttl;
	if (lb_is_down(st, member))
		return answer_selected(a, lb, st, type, in, owner);
	if (lb->service->members[member].host) {
		add_host(a, lb, st, member, owner);
		return true;
	}
	if ((type != RR_A && type != RR_AAAA) || !lb_records_of(lb, st, member, type == RR_A)->n)
		return false;
	add_members(a, lb, st, type, &member, 1, owner);
	return true;
}

/* `kind` is one of the health kinds. */
static void answer_health(struct answer *a, enum node_kind kind, const struct lb *lb, uint16_t member, uint16_t qtype,
                          const struct answer_input *in, struct owner owner)
{
	if (!may_see_health(in)) {
		fail(a, RCODE_REFUSED, EDE_PROHIBITED, "not in dns.health_from");
		return;
	}
	if (qtype != RR_TXT && qtype != RR_ANY) {
		negative(a, RCODE_NOERROR, 0);
		return;
	}
	enum item_kind item = kind == NODE_HEALTH ? ITEM_HEALTH : kind == NODE_HEALTH_MEMBER ? ITEM_HEALTH_MEMBER : ITEM_SITES;
	struct item *i = add(a, item, owner, ANSWER);
	if (i) {
		i->lb = lb;
		i->member = member;
	}
}

/* ---- names ---- */

/* What follows: a CNAME's target inside the zone. */
struct step { bool again; const uint8_t *name; size_t len; };

static struct step follow(struct answer *a, const struct rrset *set, struct owner owner)
{
	for (unsigned i = 0; i < a->nitems; i++)
		if (a->items[i].kind == ITEM_RRSET && a->items[i].set == set)
			return (struct step){ .again = false }; /* a loop: once around is all there is to say */
	add_set(a, set, owner, ANSWER);
	return (struct step){ .again = true, .name = set->wire + RR_HEAD, .len = wire_get16(set->wire + 10) };
}

static struct step answer_records(struct answer *a, const struct node *node, uint16_t qtype, struct owner owner, uint32_t negative_cap)
{
	const struct zone *z = a->zone;
	if ((node->flags & NODE_CNAME) && qtype != RR_CNAME && qtype != RR_ANY) {
		const struct rrset *own = qtype == RR_RRSIG || qtype == RR_NSEC ? zone_type(z, node, qtype) : NULL;
		if (!own)
			return follow(a, zone_type(z, node, RR_CNAME), owner);
	}
	const struct rrset *set = qtype == RR_ANY ? zone_rrset(z, node->rrsets) : zone_type(z, node, qtype);
	if (set)
		add_set(a, set, owner, ANSWER);
	else
		negative(a, RCODE_NOERROR, negative_cap);
	return (struct step){ .again = false };
}

static const struct step done = { .again = false };

static struct step answer_as(struct answer *a, enum node_kind kind, const struct node *node, const struct lb *lb, uint16_t member,
                             const struct query *q, const struct answer_input *in, struct owner owner)
{
	uint32_t cap = UINT32_MAX;
	switch (kind) {
	case NODE_PLAIN:
		break;
	case NODE_SERVICE:
		if (answer_service(a, lb, q->type, in, owner, &cap))
			return done;
		break;
	case NODE_MEMBER:
		if (answer_member(a, lb, member, q->type, in, owner, &cap))
			return done;
		negative(a, RCODE_NOERROR, cap);
		return done;
	case NODE_HEALTH: case NODE_HEALTH_MEMBER: case NODE_SITES:
		answer_health(a, kind, lb, member, q->type, in, owner);
		return done;
	}
	return answer_records(a, node, q->type, owner, cap);
}

static const struct lb *lb_of(const struct zone *z, const struct node *n)
{
	return n->kind == NODE_PLAIN || n->kind == NODE_SITES ? NULL : z->services[n->service];
}

static bool label_is(const uint8_t *label, const char *text)
{
	size_t n = strlen(text);
	return *label == n && memcmp(label + 1, text, n) == 0;
}

/*
 * Below a wildcard service *.app (spec 3): sjc.foo.app is the member's name of
 * foo.app, _health.foo.app and sjc._health.foo.app its health names; all
 * others are the service. `extra`: labels of the name below the wildcard's
 * parent.
 */
static enum node_kind wildcard_kind(const struct lb *lb, const struct zone_name *n, unsigned extra, uint16_t *member)
{
	const uint8_t *first = n->wire;
	const struct service *s = lb->service;
	if (extra < 2)
		return NODE_SERVICE;
	if (label_is(first, "_health"))
		return NODE_HEALTH;
	for (uint16_t m = 0; m < s->nmembers; m++) {
		if (!label_is(first, s->members[m].label))
			continue;
		*member = m;
		return extra > 2 && label_is(dname_parent(first), "_health") ? NODE_HEALTH_MEMBER : NODE_MEMBER;
	}
	return NODE_SERVICE;
}

static struct step answer_wildcard(struct answer *a, const struct node *star, const struct zone_name *n, unsigned encloser,
                                   const struct query *q, const struct answer_input *in, struct owner owner)
{
	uint16_t member = 0;
	enum node_kind kind = star->kind;
	const struct lb *lb = lb_of(a->zone, star);
	if (kind == NODE_SERVICE)
		kind = wildcard_kind(lb, n, n->labels - encloser, &member);
	return answer_as(a, kind, star, lb, member, q, in, owner);
}

/* RFC 6672 section 3.1: the name's labels above the DNAME's owner, put before its target. */
static struct step answer_dname(struct answer *a, const struct node *node, unsigned labels, const struct zone_name *n, struct owner owner)
{
	const struct rrset *set = zone_type(a->zone, node, RR_DNAME);
	const uint8_t *target = set->wire + RR_HEAD;
	size_t kept = zone_name_at(n, labels), target_len = wire_get16(set->wire + 10);
	add_set(a, set, (struct owner){ node->name, node->name_len }, ANSWER);
	if (kept + target_len > DNAME_MAX) {
		a->rcode = RCODE_YXDOMAIN;
		return done;
	}
	if (a->has_synthesized)
		return done; /* a DNAME behind a DNAME: the resolver goes on from here by itself */
	a->has_synthesized = true;
	memcpy(a->synthesized, n->wire, kept);
	memcpy(a->synthesized + kept, target, target_len);
	struct item *i = add(a, ITEM_SYNTHESIS, owner, ANSWER);
	if (!i)
		return done;
	i->target = a->synthesized;
	i->ttl = set->ttl;
	return (struct step){ .again = true, .name = a->synthesized, .len = kept + target_len };
}

/* The name isn't there: its closest encloser decides (RFC 4592 section 3.3.1). */
static struct step answer_missing(struct answer *a, const struct zone_name *n, const struct query *q, const struct answer_input *in,
                                  struct owner owner)
{
	const struct zone *z = a->zone;
	unsigned labels = n->labels - 1u < z->max_labels ? n->labels - 1u : z->max_labels;
	const struct node *encloser;
	while (!(encloser = zone_find(z, n, labels)))
		labels--; /* ends at the origin, which is there */
	if (encloser->flags & NODE_HAS_WILDCARD)
		return answer_wildcard(a, zone_find_wildcard(z, n, labels), n, labels, q, in, owner);
	negative(a, RCODE_NXDOMAIN, UINT32_MAX);
	return done;
}

/* The topmost delegation or DNAME above the name (or a delegation at it), which hides all below it. NULL: none. */
static const struct node *find_cut(const struct zone *z, const struct zone_name *n, unsigned *labels)
{
	unsigned last = n->labels < z->max_labels ? n->labels : z->max_labels;
	for (unsigned l = z->origin_labels; l <= last; l++) {
		const struct node *node = zone_find(z, n, l);
		if (!node)
			return NULL;
		*labels = l;
		if ((node->flags & NODE_CUT) || ((node->flags & NODE_DNAME) && l < n->labels))
			return node;
	}
	return NULL;
}

static struct step answer_name(struct answer *a, const struct zone_name *n, const struct query *q, const struct answer_input *in,
                               struct owner owner)
{
	const struct zone *z = a->zone;
	const struct node *node = n->labels <= z->max_labels ? zone_find(z, n, n->labels) : NULL;
	if (z->ncuts && (!node || (node->flags & (NODE_CUT | NODE_BELOW_CUT)))) {
		unsigned labels;
		const struct node *cut = find_cut(z, n, &labels);
		if (cut && (cut->flags & NODE_CUT)) {
			/* The parent answers for DS at the cut itself (RFC 4035 section 3.1.4.1). */
			if (cut == node && q->type == RR_DS)
				return answer_records(a, node, q->type, owner, UINT32_MAX);
			refer(a, cut);
			return done;
		}
		if (cut)
			return answer_dname(a, cut, labels, n, owner);
	}
	if (!node)
		return answer_missing(a, n, q, in, owner);
	return answer_as(a, node->kind, node, lb_of(z, node), node->member, q, in, owner);
}

static enum rcode refuse_type(uint16_t type)
{
	switch (type) {
	case RR_OPT: return RCODE_FORMERR;
	case RR_TKEY: case RR_TSIG: case RR_MAILA: case RR_MAILB: return RCODE_NOTIMP;
	case RR_AXFR: case RR_IXFR: return RCODE_REFUSED;
	default: return RCODE_NOERROR;
	}
}

void answer_decide(struct answer *a, const struct query *q, const struct answer_input *in)
{
	a->rcode = RCODE_NOERROR;
	a->ede = EDE_NONE;
	a->ede_text = NULL;
	a->authoritative = true;
	a->has_synthesized = false;
	a->nitems = 0;
	a->zone = q->class == CLASS_IN ? generation_zone(in->gen, &q->name) : NULL;
	if (!a->zone) {
		fail(a, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, NULL);
		return;
	}
	enum rcode refused = q->type == RR_OPT || q->type >= RR_TKEY ? refuse_type(q->type) : RCODE_NOERROR;
	if (refused) {
		fail(a, refused, EDE_NONE, NULL);
		return;
	}
	const struct zone_name *n = &q->name;
	struct owner owner = { NULL, 0 };
	for (unsigned hops = 0;; hops++) {
		struct step next = answer_name(a, n, q, in, owner);
		if (!next.again || hops == CHAIN_MAX)
			return;
		zone_name_set(&a->current, next.name, next.len);
		n = &a->current;
		/* Only inside the zone: what stands elsewhere is somebody else's to say. */
		if (n->labels < a->zone->origin_labels || !dname_equal(n->wire + zone_name_at(n, a->zone->origin_labels), a->zone->origin))
			return;
		owner = (struct owner){ next.name, (uint8_t)(next.len - a->zone->origin_len) };
	}
}
