#include "answer.h"

#include "../common/conf.h"
#include "answer_additional.h"
#include "answer_explain.h"
#include "answer_health.h"
#include "answer_items.h"
#include "answer_service.h"
#include "chaos.h"
#include "generation.h"

/* All below return the name at which the search goes on, a CNAME's or DNAME's target; NULL: the answer is whole. */

static bool has_set(const struct answer *a, const struct rrset *set)
{
	for (unsigned i = 0; i < a->nitems; i++)
		if (a->items[i].kind == ITEM_RRSET && a->items[i].set == set)
			return true;
	return false;
}

__attribute__((noinline))
static const uint8_t *follow(struct answer *a, const struct rrset *set, struct owner owner)
{
	if (has_set(a, set))
		return NULL; /* a loop: once around is all there is to say */
	answer_add_set(a, set, owner, ANSWER);
	return set->wire + RR_HEAD;
}

static const uint8_t *answer_records(struct answer *a, const struct node *node, uint16_t qtype, struct owner owner, uint32_t negative_cap)
{
	const struct zone *z = a->zone;
	if ((node->flags & NODE_CNAME) && qtype != RR_CNAME && qtype != RR_ANY) {
		const struct rrset *own = qtype == RR_RRSIG || qtype == RR_NSEC ? zone_type(z, node, qtype) : NULL;
		if (!own)
			return follow(a, zone_type(z, node, RR_CNAME), owner);
	}
	const struct rrset *set = qtype == RR_ANY ? zone_rrset(z, node->rrsets) : zone_type(z, node, qtype);
	if (!set)
		answer_negative(a, RCODE_NOERROR, negative_cap);
	else if (!a->nsynthesized || !has_set(a, set)) /* a DNAME that led here may be what was asked for */
		answer_add_set(a, set, owner, ANSWER);
	return NULL;
}

static const uint8_t *answer_as(struct answer *a, enum node_kind kind, const struct node *node, const struct lb *lb, uint16_t member,
                             const struct query *q, const struct answer_input *in, struct owner owner)
{
	uint32_t cap = UINT32_MAX;
	switch (kind) {
	case NODE_PLAIN:
		break;
	case NODE_SERVICE:
		if (answer_service(a, lb, q->type, in, owner, &cap))
			return NULL;
		break;
	case NODE_MEMBER:
		if (answer_member(a, lb, member, q->type, in, owner, &cap))
			return NULL;
		answer_negative(a, RCODE_NOERROR, cap);
		return NULL;
	case NODE_HEALTH: case NODE_HEALTH_MEMBER: case NODE_SITES: case NODE_ADMIN: case NODE_ADMIN_SITE: case NODE_RTT: case NODE_EXPLAIN:
		answer_health(a, kind, lb, member, q, in, owner);
		return NULL;
	}
	return answer_records(a, node, q->type, owner, cap);
}

static const struct lb *lb_of(const struct zone *z, const struct node *n)
{
	return zone_has_service(n) ? z->services[n->service] : NULL;
}

__attribute__((noinline))
static const uint8_t *answer_wildcard(struct answer *a, const struct node *star, const struct zone_name *n, unsigned encloser,
                                   const struct query *q, const struct answer_input *in, struct owner owner)
{
	uint16_t member = 0;
	enum node_kind kind = star->kind;
	const struct lb *lb = lb_of(a->zone, star);
	if (kind == NODE_SERVICE)
		kind = answer_wildcard_kind(lb, n, n->labels - encloser, &member);
	return answer_as(a, kind, star, lb, member, q, in, owner);
}

/* The name that was made last stood in the chain before: a loop, of which once around is all there is to say. */
static bool was_asked(const struct answer *a, const struct query *q, const uint8_t *made, size_t len)
{
	for (unsigned i = 0; i + 1 < a->nsynthesized; i++)
		if (dname_equal_sized(a->synthesized[i], a->synthesized_len[i], made, len))
			return true;
	return dname_equal_sized(q->name.wire, q->name.len, made, len);
}

/* RFC 6672 section 3.1: the name's labels above the DNAME's owner, put before its target. */
__attribute__((noinline))
static const uint8_t *answer_dname(struct answer *a, const struct node *node, unsigned labels, const struct zone_name *n, const struct query *q,
                                   struct owner owner)
{
	const struct rrset *set = zone_type(a->zone, node, RR_DNAME);
	const uint8_t *target = set->wire + RR_HEAD;
	size_t kept = zone_name_at(n, labels), target_len = wire_get16(set->wire + 10);
	if (a->nsynthesized == SYNTHESIS_MAX)
		return NULL; /* the resolver goes on from here by itself */
	if (!has_set(a, set)) /* met again it makes another CNAME, but stands in the answer already */
		answer_add_set(a, set, (struct owner){ node->name, node->name_len }, ANSWER);
	if (kept + target_len > DNAME_MAX) {
		a->rcode = RCODE_YXDOMAIN;
		return NULL;
	}
	a->synthesized_len[a->nsynthesized] = (uint8_t)(kept + target_len);
	uint8_t *made = a->synthesized[a->nsynthesized++];
	memcpy(made, n->wire, kept);
	memcpy(made + kept, target, target_len);
	struct item *i = answer_add(a, ITEM_SYNTHESIS, owner, ANSWER);
	if (!i)
		return NULL;
	i->target = made;
	i->ttl = set->ttl;
	return was_asked(a, q, made, kept + target_len) ? NULL : made;
}

/* The name isn't there: its closest encloser decides (RFC 4592 section 3.3.1). */
static const uint8_t *answer_missing(struct answer *a, const struct zone_name *n, const struct query *q, const struct answer_input *in,
                                  struct owner owner)
{
	const struct zone *z = a->zone;
	unsigned labels;
	const struct node *encloser = zone_closest(z, n, n->labels - 1u, &labels);
	unsigned extra = n->labels - labels;
	if (encloser->kind == NODE_EXPLAIN && answer_down_labels(z->conf, n, extra) == extra)
		return answer_as(a, NODE_EXPLAIN, encloser, lb_of(z, encloser), (uint16_t)extra, q, in, owner);
	if (encloser->flags & NODE_HAS_WILDCARD)
		return answer_wildcard(a, zone_find_wildcard(z, n, labels), n, labels, q, in, owner);
	answer_negative(a, RCODE_NXDOMAIN, UINT32_MAX);
	return NULL;
}

/* The topmost delegation or DNAME above the name (or a delegation at it), which hides all below it. NULL: none. */
__attribute__((noinline))
static const struct node *find_cut(const struct zone *z, const struct zone_name *n, unsigned *labels)
{
	unsigned existing;
	zone_closest(z, n, n->labels, &existing);
	const struct node *node = zone_topmost_cut(z, n, existing, labels);
	return node && ((node->flags & NODE_CUT) || *labels < n->labels) ? node : NULL;
}

static const uint8_t *answer_name(struct answer *a, const struct zone_name *n, const struct query *q, const struct answer_input *in,
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
			answer_referral(a, cut, labels);
			return NULL;
		}
		if (cut)
			return answer_dname(a, cut, labels, n, q, owner);
	}
	if (!node)
		return answer_missing(a, n, q, in, owner);
	if (node->kind == NODE_PLAIN)
		return answer_records(a, node, q->type, owner, UINT32_MAX);
	return answer_as(a, node->kind, node, lb_of(z, node), node->member, q, in, owner);
}

/* Types that are no data; true: refused. */
__attribute__((noinline))
static bool refuse_type(struct answer *a, uint16_t type)
{
	switch (type) {
	case RR_OPT:
		answer_fail(a, RCODE_FORMERR, EDE_NONE, NULL);
		return true;
	case RR_TKEY: case RR_TSIG: case RR_MAILA: case RR_MAILB:
		answer_fail(a, RCODE_NOTIMP, EDE_NONE, NULL);
		return true;
	case RR_AXFR: case RR_IXFR:
		answer_fail(a, RCODE_REFUSED, EDE_NONE, NULL);
		return true;
	default:
		return false;
	}
}

__attribute__((noinline))
static const struct zone *zone_for_type(const struct generation *g, const struct query *q)
{
	return q->type == RR_DS ? generation_zone_of_ds(g, &q->name) : generation_zone(g, &q->name);
}

/* The names that are no zone's: class CHAOS, or nobody's that we know. */
__attribute__((noinline))
static void answer_outside(struct answer *a, const struct query *q, const struct answer_input *in)
{
	const char *text = q->class == CLASS_CHAOS ? chaos_text(&q->name, in->gen->conf->dns.identity) : NULL;
	if (!text) {
		answer_fail(a, RCODE_REFUSED, q->class == CLASS_IN ? EDE_NOT_AUTHORITATIVE : EDE_NONE, NULL);
		return;
	}
	if (q->type != RR_TXT && q->type != RR_ANY)
		return;
	struct item *i = answer_add(a, ITEM_CHAOS, (struct owner){ NULL, 0 }, ANSWER);
	if (i)
		i->text = text;
}

/* Follows the query's name through the zone. Returns the name at which the answer ends. */
static const struct zone_name *answer_chain(struct answer *a, const struct query *q, const struct answer_input *in)
{
	const struct zone_name *n = &q->name;
	struct owner owner = { NULL, 0 };
	for (unsigned hops = 0;; hops++) {
		const uint8_t *next = answer_name(a, n, q, in, owner);
		if (!next || hops == CHAIN_MAX)
			return n;
		size_t len = dname_len(next);
		zone_name_set(&a->current, next, len);
		n = &a->current;
		/* Only inside the zone: what stands elsewhere is somebody else's to say. */
		if (!answer_in_zone(a, n))
			return n;
		owner = (struct owner){ next, (uint8_t)(len - a->zone->origin_len) };
	}
}

void answer_decide(struct answer *a, const struct query *q, const struct answer_input *in)
{
	/* All the special types are above; nearly no query has one. */
	bool usual = q->type <= RR_AAAA;
	a->rcode = RCODE_NOERROR;
	a->ede = EDE_NONE;
	a->ede_text = NULL;
	a->authoritative = true;
	a->nsynthesized = 0;
	a->glue_missing = false;
	a->nitems = 0;
	a->zone = NULL;
	if (q->class == CLASS_IN)
		a->zone = usual ? generation_zone(in->gen, &q->name) : zone_for_type(in->gen, q);
	if (!a->zone) {
		answer_outside(a, q, in);
		return;
	}
	if (!usual && refuse_type(a, q->type))
		return;
	const struct zone_name *n = answer_chain(a, q, in);
	if (!usual)
		answer_svcb(a, n, in);
}
