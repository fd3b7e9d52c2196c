#include "answer_health.h"

#include "../common/conf.h"
#include "../common/rtt.h"
#include "../common/update.h"
#include "admin.h"
#include "answer_explain.h"
#include "answer_items.h"
#include "answer_service.h"
#include "generation.h"

static bool may_see_health(const struct answer_input *in)
{
	const struct conf_dns *dns = &in->gen->conf->dns;
	for (size_t i = 0; i < dns->nhealth_from; i++)
		if (prefix_covers(&dns->health_from[i], in->client))
			return true;
	return false;
}

/* What an operator has ordered for a member, or for a site's: nothing, if nobody ever has. */
static void answer_order(struct answer *a, enum node_kind kind, const struct lb *lb, uint16_t member, struct owner owner)
{
	uint8_t name[DNAME_MAX];
	size_t len = kind == NODE_ADMIN ? update_owner_write(name, UPDATE_ADMIN_MEMBER, lb->service->members[member].label, lb->service->name)
		: update_owner_write(name, UPDATE_ADMIN_SITE, a->zone->conf->sites[member].name, a->zone->origin);
	const uint8_t *rdata = len ? admin_rdata(name) : NULL;
	struct item *i = rdata ? answer_add(a, ITEM_ADMIN, owner, ANSWER) : NULL;
	if (i)
		i->target = rdata;
	else
		answer_negative(a, RCODE_NOERROR, 0);
}

/* What the forwarders of a site have measured, if it is one of the configuration in force. */
static void answer_rtt(struct answer *a, uint16_t site, const struct answer_input *in, struct owner owner)
{
	const struct rtt_table *rtt = answer_rtt_table(a->zone->conf, in);
	struct item *i = rtt_next(rtt, site, 0) < rtt_rows(rtt) ? answer_add(a, ITEM_RTT, owner, ANSWER) : NULL;
	if (!i) {
		answer_negative(a, RCODE_NOERROR, 0);
		return;
	}
	i->member = site;
	i->rtt = rtt;
}

__attribute__((noinline))
void answer_health(struct answer *a, enum node_kind kind, const struct lb *lb, uint16_t member, const struct query *q,
                          const struct answer_input *in, struct owner owner)
{
	if (!may_see_health(in)) {
		answer_fail(a, RCODE_REFUSED, EDE_PROHIBITED, "not in dns.health_from");
		return;
	}
	if (q->type != RR_TXT && q->type != RR_ANY) {
		answer_negative(a, RCODE_NOERROR, 0);
		return;
	}
	if (kind == NODE_ADMIN || kind == NODE_ADMIN_SITE) {
		answer_order(a, kind, lb, member, owner);
		return;
	}
	if (kind == NODE_EXPLAIN) {
		answer_explain(a, lb, owner.name ? &a->current : &q->name, member, in, owner);
		return;
	}
	if (kind == NODE_RTT) {
		answer_rtt(a, member, in, owner);
		return;
	}
	enum item_kind item = kind == NODE_HEALTH ? ITEM_HEALTH : kind == NODE_HEALTH_MEMBER ? ITEM_HEALTH_MEMBER : ITEM_SITES;
	struct item *i = answer_add(a, item, owner, ANSWER);
	if (i) {
		i->lb = lb;
		i->member = member;
	}
}

static bool label_is(const uint8_t *label, const char *text)
{
	size_t n = strlen(text);
	return *label == n && memcmp(label + 1, text, n) == 0;
}

/* [down-SITE...]_explain.NAME, with NAME at least one of the `extra` labels. */
static bool is_explain(const struct conf *conf, const struct zone_name *n, unsigned extra, uint16_t *downs)
{
	unsigned count = answer_down_labels(conf, n, extra - 2);
	if (!label_is(n->wire + n->start[count], "_explain"))
		return false;
	*downs = (uint16_t)count;
	return true;
}

__attribute__((noinline))
enum node_kind answer_wildcard_kind(const struct lb *lb, const struct zone_name *n, unsigned extra, uint16_t *member)
{
	const uint8_t *first = n->wire;
	const struct service *s = lb->service;
	if (extra < 2)
		return NODE_SERVICE;
	if (label_is(first, "_health"))
		return NODE_HEALTH;
	if (is_explain(lb->conf, n, extra, member))
		return NODE_EXPLAIN;
	for (uint16_t m = 0; m < s->nmembers; m++) {
		if (!label_is(first, s->members[m].label))
			continue;
		*member = m;
		if (extra > 2 && label_is(dname_parent(first), "_health"))
			return NODE_HEALTH_MEMBER;
		return lb->conf->dns.site_names == SITE_NAMES_NONE ? NODE_SERVICE : NODE_MEMBER;
	}
	return NODE_SERVICE;
}
