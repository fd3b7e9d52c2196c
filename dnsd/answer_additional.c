#include "answer_additional.h"

#include "answer_health.h"
#include "answer_items.h"
#include "answer_service.h"

static const uint16_t address_types[] = { RR_A, RR_AAAA };

static void add_address_sets(struct answer *a, const struct node *node, struct owner owner, enum section section)
{
	for (size_t t = 0; t < 2; t++) {
		const struct rrset *set = zone_type(a->zone, node, address_types[t]);
		if (set)
			answer_add_set(a, set, owner, section);
	}
}

/* ---- referrals ---- */

/* The node of a name server in the zone; NULL: none. *below: it stands at or below the cut. */
static const struct node *find_server(const struct answer *a, const struct node *cut, unsigned labels, const uint8_t *server, size_t len, bool *below)
{
	struct zone_name n;
	zone_name_set(&n, server, len);
	if (!answer_in_zone(a, &n))
		return NULL;
	*below = n.labels >= labels && memcmp(n.wire + zone_name_at(&n, labels), cut->name, cut->name_len) == 0;
	return zone_find(a->zone, &n, n.labels);
}

/*
 * Glue of servers below the cut must all be there, or TC is set (RFC 9471
 * section 3.1); of others in the zone what fits (section 3.2), so they come
 * behind.
 */
__attribute__((noinline))
void answer_referral(struct answer *a, const struct node *cut, unsigned labels)
{
	const struct node *others[GLUE_NS_MAX];
	const struct rrset *ns = zone_type(a->zone, cut, RR_NS);
	unsigned count = 0, nothers = 0;
	if (!a->nitems)
		a->authoritative = false;
	answer_add_set(a, ns, (struct owner){ cut->name, cut->name_len }, AUTHORITY);
	for (const uint8_t *p = ns->wire, *end = p + ns->len; p < end && count < GLUE_NS_MAX; count++) {
		bool below = false;
		uint16_t len = wire_get16(p + 10);
		const struct node *node = find_server(a, cut, labels, p + RR_HEAD, len, &below);
		if (node && below)
			add_address_sets(a, node, (struct owner){ node->name, node->name_len }, ADDITIONAL);
		else if (node)
			others[nothers++] = node;
		p += RR_HEAD + len;
	}
	a->glue_missing = ns->count > count;
	for (unsigned i = 0; i < nothers; i++)
		add_address_sets(a, others[i], (struct owner){ others[i]->name, others[i]->name_len }, OPTIONAL);
}

/* ---- HTTPS and SVCB ---- */

/* A name that a target leads to, and what answers there. */
struct place {
	const struct node *node;
	enum node_kind kind;
	const struct lb *lb;
	uint16_t member;
	struct owner owner;
};

/* False: the zone has nothing of its own to say about the name. */
static bool find_place(const struct answer *a, const struct zone_name *n, struct place *p)
{
	const struct zone *z = a->zone;
	unsigned labels;
	p->node = zone_closest(z, n, n->labels, &labels);
	if (p->node->flags & (NODE_CUT | NODE_BELOW_CUT))
		return false;
	bool wild = labels < n->labels;
	if (wild && ((p->node->flags & NODE_DNAME) || !(p->node->flags & NODE_HAS_WILDCARD)))
		return false;
	if (wild)
		p->node = zone_find_wildcard(z, n, labels);
	p->kind = p->node->kind;
	p->member = p->node->member;
	p->lb = zone_has_service(p->node) ? z->services[p->node->service] : NULL;
	if (wild && p->kind == NODE_SERVICE)
		p->kind = answer_wildcard_kind(p->lb, n, n->labels - labels, &p->member);
	return !(p->node->flags & NODE_CNAME);
}

/* The same name was there before, and not only as what an alias leads to. */
static bool has_addresses(const struct answer *a, const struct owner *o)
{
	for (unsigned i = 0; i < a->nitems; i++) {
		const struct item *it = &a->items[i];
		if (it->section != OPTIONAL || (it->kind == ITEM_RRSET && it->set->type != RR_A && it->set->type != RR_AAAA))
			continue;
		if (it->owner.len == o->len && !it->owner.name == !o->name && (!o->name || memcmp(it->owner.name, o->name, o->len) == 0))
			return true;
	}
	return false;
}

static void add_place(struct answer *a, const struct place *p, const struct answer_input *in)
{
	if (has_addresses(a, &p->owner))
		return;
	if (p->kind == NODE_PLAIN)
		add_address_sets(a, p->node, p->owner, OPTIONAL);
	else if (p->kind == NODE_SERVICE || p->kind == NODE_MEMBER)
		answer_service_addresses(a, p->kind, p->lb, p->member, in, p->owner);
}

static void add_targets(struct answer *a, const struct rrset *set, const struct zone_name *n, struct owner owner,
                        const struct answer_input *in, unsigned depth);

/* One record's target: "." is the set's own name `n`, but for an alias, where it says that there is none (RFC 9460 section 2.5). */
static void add_target(struct answer *a, const struct rrset *set, const uint8_t *rdata, const struct zone_name *n, struct owner owner,
                       const struct answer_input *in, unsigned depth)
{
	bool alias = wire_get16(rdata) == 0, own = rdata[2] == 0;
	struct zone_name target;
	struct place p = { .owner = owner };
	if (alias && own)
		return;
	if (!own) {
		zone_name_set(&target, rdata + 2, dname_len(rdata + 2));
		own = target.len == n->len && memcmp(target.wire, n->wire, n->len) == 0;
	}
	if (!own) {
		if (!answer_in_zone(a, &target))
			return;
		p.owner = (struct owner){ rdata + 2, (uint8_t)(target.len - a->zone->origin_len) };
		n = &target;
	}
	if (!find_place(a, n, &p))
		return;
	const struct rrset *next = alias && !own && depth ? zone_type(a->zone, p.node, set->type) : NULL;
	if (next) {
		answer_add_set(a, next, p.owner, OPTIONAL);
		add_targets(a, next, n, p.owner, in, depth - 1);
	} else {
		add_place(a, &p, in);
	}
}

static void add_targets(struct answer *a, const struct rrset *set, const struct zone_name *n, struct owner owner,
                        const struct answer_input *in, unsigned depth)
{
	unsigned count = 0;
	for (const uint8_t *p = set->wire, *end = p + set->len; p < end && count < SVCB_TARGETS_MAX; count++) {
		add_target(a, set, p + RR_HEAD, n, owner, in, depth);
		p += RR_HEAD + wire_get16(p + 10);
	}
}

__attribute__((noinline))
void answer_svcb(struct answer *a, const struct zone_name *n, const struct answer_input *in)
{
	const struct item *last = a->nitems ? &a->items[a->nitems - 1] : NULL;
	if (last && last->kind == ITEM_RRSET && last->section == ANSWER && (last->set->type == RR_SVCB || last->set->type == RR_HTTPS))
		add_targets(a, last->set, n, last->owner, in, SVCB_ALIASES_MAX);
}
