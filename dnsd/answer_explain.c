#include "answer_explain.h"

#include "../common/conf.h"
#include "answer_items.h"
#include "answer_service.h"
#include "explain.h"
#include "generation.h"

/* "down-SITE": the site's index; -1: not of that form, or no site of ours. */
static int down_site(const struct conf *conf, const uint8_t *label)
{
	if (*label < 6 || memcmp(label + 1, "down-", 5) != 0)
		return -1;
	for (size_t i = 0; i < conf->nsites; i++) {
		const char *name = conf->sites[i].name;
		if (strlen(name) == *label - 5u && memcmp(label + 6, name, *label - 5u) == 0)
			return (int)i;
	}
	return -1;
}

unsigned answer_down_labels(const struct conf *conf, const struct zone_name *n, unsigned most)
{
	unsigned count = 0;
	while (count < most && down_site(conf, n->wire + n->start[count]) >= 0)
		count++;
	return count;
}

/* What the gate is made of when these sites are down: all else as it is. */
static void assume(struct explain *e, const struct lb_state *st, struct member_view *views)
{
	const struct service *s = e->lb->service;
	for (size_t m = 0; m < s->nmembers; m++) {
		views[m] = st->views ? st->views[m] : (struct member_view){ .verdict = lb_is_down(st, m) ? VERDICT_DOWN : VERDICT_UP };
		/* Also of who is assumed down: "open" may name him, and by that weight. */
		e->percent[m] = views[m].percent;
		for (unsigned i = 0; i < e->ndown; i++)
			if (s->members[m].site == (int)e->down[i])
				views[m] = (struct member_view){ .verdict = VERDICT_DOWN };
	}
}

/* The first `answers` of the order that have an address of the family (spec 4, address families). */
static unsigned take(const struct explain *e, const struct lb_state *st, bool a, const uint16_t *order, size_t n, uint16_t *out)
{
	unsigned taken = 0, want = e->lb->service->policy->answers;
	for (size_t i = 0; i < n && taken < want; i++)
		if (lb_records_of(e->lb, st, order[i], a)->n)
			out[taken++] = order[i];
	return taken;
}

/*
 * How much of the client an answer looks at, as it is made: no more members
 * are put in order than it takes, so less may be looked at than for the whole.
 */
static uint8_t scope_of_answer(const struct explain *e, const struct select_input *si)
{
	const struct lb *lb = e->lb;
	uint16_t order[SERVICE_MEMBERS_MAX];
	uint8_t scope = 0;
	struct select_input as_answered = *si;
	bool every = lb->any_a || !lb->any_aaaa ? lb->every_a : lb->every_aaaa;
	as_answered.scope = &scope;
	if (lb->asks_client)
		select_order(&as_answered, every ? lb->service->policy->answers : SERVICE_MEMBERS_MAX, order);
	return scope;
}

/*
 * The weights of the moment have a unit of their own, and with them sessions
 * for each unit of weight; they are told in that of the LB lines, as weights are.
 */
static void tell_by_lb_weights(struct explain *e, const struct select_input *si)
{
	for (unsigned k = 0; k < e->trace.nmetrics; k++) {
		struct trace_metric *t = &e->trace.metrics[k];
		for (unsigned i = 0; t->metric == METRIC_LEASTCONN && i < e->trace.ncandidates; i++) {
			uint16_t m = t->order[i];
			if (t->value[m] != TRACE_UNKNOWN && si->service->members[m].weight)
				t->value[m] = (int64_t)si->numbers[m].sessions * 100 * 1000000 / explain_hundredths(e, m);
		}
	}
}

static void choose(struct explain *e, const struct lb_state *st, const struct answer_input *in)
{
	struct member_view views[SERVICE_MEMBERS_MAX];
	uint16_t order[SERVICE_MEMBERS_MAX];
	struct select_client client;
	struct select_input si;
	const struct lb *lb = e->lb;
	assume(e, st, views);
	gate_compute(lb_chosen_from(lb, st), views, MEMBER_NO_SITE, true, &e->gate);
	gate_trace(lb->service, views, MEMBER_NO_SITE, &e->gate, &e->trace);
	answer_select_input(&si, &client, true, lb, st, lb->any_a || !lb->any_aaaa ? RR_A : RR_AAAA, in);
	si.gate = &e->gate;
	e->scope = scope_of_answer(e, &si);
	if (si.scope)
		*si.scope = e->scope;
	si.scope = NULL;
	si.trace = &e->trace;
	size_t n = select_order(&si, SERVICE_MEMBERS_MAX, order);
	if (si.service != lb->service)
		tell_by_lb_weights(e, &si);
	e->host = n && lb->any_host && lb->service->members[order[0]].host;
	e->na = e->naaaa = 0;
	if (e->host) {
		e->a[e->na++] = order[0];
		return;
	}
	e->na = take(e, st, true, order, n, e->a);
	e->naaaa = take(e, st, false, order, n, e->aaaa);
}

/* Whom the rules look at, as a prefix: all that is known of him. */
static void note_client(struct explain *e, const struct answer_input *in)
{
	const struct edns_subnet *subnet = in->reply ? in->reply->subnet : NULL;
	struct addr a = *in->client;
	uint8_t length = a.sa.sa_family == AF_INET ? 32 : 128;
	e->has_client = !subnet || subnet->source;
	if (subnet && subnet->source) {
		addr_from_bytes(&a, subnet->family == 1 ? AF_INET : AF_INET6, subnet->address, 0);
		length = subnet->source;
	}
	prefix_of(&e->client, &a, length, length);
}

void answer_explain(struct answer *a, const struct lb *lb, const struct zone_name *n, unsigned downs, const struct answer_input *in,
                    struct owner owner)
{
	struct explain *e = in->explain;
	const struct lb_state *st = answer_state(a, lb);
	if (!st)
		return;
	struct item *i = e ? answer_add(a, ITEM_EXPLAIN, owner, ANSWER) : NULL;
	if (!i) {
		answer_negative(a, RCODE_NOERROR, 0);
		return;
	}
	i->explain = e;
	e->lb = lb;
	e->ttl = st->ttl;
	e->ndown = downs;
	for (unsigned k = 0; k < downs; k++)
		e->down[k] = (uint16_t)down_site(lb->conf, n->wire + n->start[k]);
	note_client(e, in);
	choose(e, st, in);
}
