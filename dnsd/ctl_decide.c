#include "ctl_decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../common/weigh.h"
#include "answer.h"
#include "ctl_rtt.h"

#define DIGEST_BEGIN 0xcbf29ce484222325u

static uint64_t digest(uint64_t h, const void *p, size_t n)
{
	for (const uint8_t *b = p; n--; b++)
		h = (h ^ *b) * 0x100000001b3u; /* FNV-1a */
	return h;
}

/* --- states --- */

static bool assumed_down(const struct ctl *c, const struct conf *conf, const struct member *m)
{
	for (size_t i = 0; i < c->ndown && m->site != MEMBER_NO_SITE; i++)
		if (strcmp(conf->sites[m->site].name, c->down[i]) == 0)
			return true;
	return false;
}

/*
 * What stands for the addresses of a host name at the origin, which the name
 * server resolves: one of each family, made of the name, so that another name
 * is another answer.
 */
static bool stand_in(struct lb_addresses *out, const struct member *m)
{
	uint64_t h[2] = { digest(DIGEST_BEGIN, m->host, dname_len(m->host)), 0 };
	struct addr a;
	addr_from_bytes(&a, AF_INET, h, 0);
	if (!lb_lay_out(&out->a, &a, 1, AF_INET))
		return false;
	addr_from_bytes(&a, AF_INET6, h, 0);
	return lb_lay_out(&out->aaaa, &a, 1, AF_INET6);
}

static bool resolve_all(const struct lb *lb, struct lb_state *st)
{
	const struct service *s = lb->service;
	if (!lb->flattens)
		return true;
	if (!(st->resolved = calloc(s->nmembers, sizeof *st->resolved)))
		return false;
	st->nresolved = s->nmembers;
	for (size_t i = 0; i < s->nmembers; i++)
		if (s->members[i].host && !stand_in(&st->resolved[i], &s->members[i]))
			return false;
	return true;
}

static size_t place_in(const struct service *s, const char *label)
{
	size_t i = 0;
	while (i < s->nmembers && strcmp(s->members[i].label, label) != 0)
		i++;
	return i;
}

/*
 * Members in the order of another configuration's lines, new ones last: draws
 * go by the order, so that lines that only changed places would seem to change
 * answers. `n` of them, in place.
 */
static void order_as(const struct service *other, const struct service *s, uint16_t *members, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint16_t m = members[i];
		size_t k = i, place = place_in(other, s->members[m].label);
		for (; k > 0 && place_in(other, s->members[members[k - 1]].label) > place; k--)
			members[k] = members[k - 1];
		members[k] = m;
	}
}

/* Publishes a state as the name server's control thread does. `other`: the service of another configuration that it is compared with, or NULL. */
static enum ctl_status publish(struct ctl *c, struct lb *lb, struct member_view *views, const struct service *other)
{
	const struct service *s = lb->service;
	struct gate gate;
	for (size_t i = 0; i < s->nmembers; i++)
		if (assumed_down(c, lb->conf, &s->members[i]))
			views[i] = (struct member_view){ .verdict = VERDICT_DOWN };
	struct service *weighed = lb_weigh(s, views);
	gate_compute(weighed ? weighed : s, views, MEMBER_NO_SITE, true, &gate);
	if (other) {
		order_as(other, s, gate.members, gate.n);
		order_as(other, s, gate.members + gate.n, gate.nmore);
	}
	struct lb_state *st = lb_state_new(&gate);
	if (st)
		st->weighed = weighed;
	else
		free(weighed);
	if (!st || !lb_state_keep_views(st, views, s->nmembers) || !resolve_all(lb, st)) {
		lb_state_delete(st);
		return ctl_fail(CTL_REFUSED, "out of memory");
	}
	st->ttl = s->has_ttl ? s->ttl : lb->conf->dns.ttl;
	st->ready = true;
	for (size_t i = 0; i < s->nmembers; i++)
		if (views[i].verdict == VERDICT_DOWN)
			st->down[i / 8] |= (uint8_t)(1 << i % 8);
	lb_state_delete(atomic_exchange(&lb->state, st));
	return CTL_OK;
}

/* How busy it is, as shedding goes by it once nothing moves any more. */
static void note_use(struct member_numbers *n)
{
	uint64_t by_sessions = n->known & NUMBER_SESSIONS && n->capacity ? (uint64_t)n->sessions * 1000000 / n->capacity : 0;
	uint64_t use = n->known & NUMBER_LOAD && n->load_ppm > by_sessions ? n->load_ppm : by_sessions;
	n->use_ppm = use < UINT32_MAX ? (uint32_t)use : UINT32_MAX;
	n->known &= ~(uint32_t)NUMBER_USE;
	if (n->known & NUMBER_LOAD || (n->known & NUMBER_SESSIONS && n->capacity))
		n->known |= NUMBER_USE;
}

static struct member_numbers numbers_of_state(const struct member *m, const struct member_state *s)
{
	const struct update_observation *said = &s->said;
	struct member_numbers n = {
		.response_us = said->rtt_us, .sessions = said->sessions, .load_ppm = said->load_ppm, .cost_milli = said->cost_milli,
		.capacity = said->has & HAS_CAPACITY ? said->capacity : m->capacity,
		.known = (said->has & HAS_RTT ? NUMBER_RESPONSE : 0u) | (said->has & HAS_SESSIONS ? NUMBER_SESSIONS : 0u)
			| (said->has & HAS_LOAD ? NUMBER_LOAD : 0u) | (said->has & HAS_COST ? NUMBER_COST : 0u),
	};
	if (n.capacity)
		n.known |= NUMBER_CAPACITY;
	note_use(&n);
	return n;
}

/* NULL: no memory. */
static struct member_numbers *make_numbers(struct lb *lb)
{
	struct member_numbers *n = calloc(lb->service->nmembers + 1, sizeof *n);
	free(atomic_exchange(&lb->numbers, n));
	if (!n)
		ctl_fail(CTL_REFUSED, "out of memory");
	return n;
}

void decide_set_sessions(const struct lb *lb, size_t member, uint32_t sessions)
{
	struct member_numbers *n = &atomic_load(&lb->numbers)[member];
	n->sessions = sessions;
	n->known |= NUMBER_SESSIONS;
	note_use(n);
}

const struct member_numbers *decide_numbers(const struct lb *lb, size_t member)
{
	return &atomic_load(&lb->numbers)[member];
}

static struct member_view view_of_state(const struct member_state *s)
{
	return (struct member_view){ .verdict = s->said.state, .percent = s->said.has & HAS_WEIGHT ? weigh_said(s->said.percent) : 0 };
}

static enum ctl_status publish_live(struct ctl *c, struct lb *lb)
{
	static struct member_state states[SERVICE_MEMBERS_MAX];
	struct member_view views[SERVICE_MEMBERS_MAX];
	const struct service *s = lb->service;
	enum ctl_status status = c->all_up ? CTL_OK : ctl_members(c, s, states);
	for (size_t i = 0; i < s->nmembers; i++)
		views[i] = c->all_up || !states[i].known ? (struct member_view){ .verdict = VERDICT_UP } : view_of_state(&states[i]);
	struct member_numbers *numbers = status == CTL_OK ? make_numbers(lb) : NULL;
	if (!numbers)
		return status == CTL_OK ? CTL_REFUSED : status;
	for (size_t i = 0; i < s->nmembers; i++)
		numbers[i] = numbers_of_state(&s->members[i], c->all_up ? &(struct member_state){ .known = false } : &states[i]);
	return publish(c, lb, views, NULL);
}

enum ctl_status decide_from_live(struct ctl *c, struct generation *g)
{
	enum ctl_status status = c->all_up ? CTL_OK : ctl_ask_rtt(c, g, g);
	for (size_t i = 0; i < g->nzones; i++)
		for (size_t k = 0; k < g->zones[i]->nservices && status == CTL_OK; k++)
			status = publish_live(c, g->zones[i]->services[k]);
	return status;
}

static const struct lb *find_same(const struct generation *g, const struct service *s)
{
	struct zone_name n;
	zone_name_set(&n, s->name, s->name_len);
	const struct zone *z = generation_zone(g, &n);
	const struct node *node = z ? zone_find(z, &n, n.labels) : NULL;
	return node && node->kind == NODE_SERVICE ? z->services[node->service] : NULL;
}

/* The same numbers, with the new line's capacity if the old line had said it. */
static struct member_numbers same_numbers(const struct lb *old, size_t k, const struct member *new)
{
	struct member_numbers n = *decide_numbers(old, k);
	if (n.capacity == old->service->members[k].capacity) {
		n.capacity = new->capacity;
		n.known = (n.known & ~(uint32_t)NUMBER_CAPACITY) | (n.capacity ? NUMBER_CAPACITY : 0u);
		note_use(&n);
	}
	return n;
}

static enum ctl_status publish_same(struct ctl *c, struct lb *lb, const struct generation *from)
{
	struct member_view views[SERVICE_MEMBERS_MAX];
	const struct lb *old = find_same(from, lb->service);
	struct member_numbers *numbers = make_numbers(lb);
	if (!numbers)
		return CTL_REFUSED;
	for (size_t i = 0; i < lb->service->nmembers; i++) {
		views[i] = (struct member_view){ .verdict = VERDICT_UP };
		numbers[i] = numbers_of_state(&lb->service->members[i], &(struct member_state){ .known = false });
		for (size_t k = 0; old && k < old->service->nmembers; k++)
			if (strcmp(old->service->members[k].label, lb->service->members[i].label) == 0) {
				views[i] = atomic_load(&old->state)->views[k];
				numbers[i] = same_numbers(old, k, &lb->service->members[i]);
			}
	}
	return publish(c, lb, views, old ? old->service : NULL);
}

enum ctl_status decide_from_other(struct ctl *c, struct generation *g, const struct generation *from)
{
	enum ctl_status status = c->all_up ? CTL_OK : ctl_ask_rtt(c, g, from);
	for (size_t i = 0; i < g->nzones; i++)
		for (size_t k = 0; k < g->zones[i]->nservices && status == CTL_OK; k++)
			status = publish_same(c, g->zones[i]->services[k], from);
	return status;
}

enum verdict decide_verdict(const struct lb *lb, size_t member)
{
	return atomic_load(&lb->state)->views[member].verdict;
}

/* --- answers --- */

/* The service, or LABEL.SERVICE of it, whose members are in the answer. */
static const struct lb *find_lb(const struct zone *z, const struct zone_name *n)
{
	unsigned labels;
	const struct node *node = zone_find(z, n, n->labels);
	if (!node && zone_closest(z, n, n->labels, &labels))
		node = zone_find_wildcard(z, n, labels);
	return node && (node->kind == NODE_SERVICE || node->kind == NODE_MEMBER) ? z->services[node->service] : NULL;
}

static int member_of(const struct lb *lb, const struct lb_records *r)
{
	const struct lb_state *st = atomic_load(&lb->state);
	for (size_t m = 0; m < lb->service->nmembers; m++)
		if (r == lb_records_of(lb, st, m, true) || r == lb_records_of(lb, st, m, false))
			return (int)m;
	return -1;
}

static void add_member(struct decision *d, int member)
{
	size_t len = strlen(d->text);
	if (member < 0)
		return;
	d->members[d->n++] = (uint16_t)member;
	snprintf(d->text + len, sizeof d->text - len, "%s%s", len ? "," : "", d->lb->service->members[member].label);
}

static void add_members(struct decision *d, const struct item *i)
{
	for (unsigned k = 0; k < i->nmembers; k++) {
		const struct lb_records *r = i->records[k];
		size_t step = r->n ? r->len / r->n : 0;
		for (unsigned a = 0; a < r->n; a++)
			d->digest = digest(d->digest, r->wire + a * step + RR_HEAD, step - RR_HEAD);
		if (d->lb)
			add_member(d, member_of(d->lb, r));
	}
}

static void add_item(struct decision *d, const struct item *i)
{
	d->digest = digest(d->digest, &i->kind, sizeof i->kind);
	switch (i->kind) {
	case ITEM_MEMBERS:
		add_members(d, i);
		break;
	case ITEM_HOST:
		d->digest = digest(d->digest, i->lb->service->members[i->member].host, dname_len(i->lb->service->members[i->member].host));
		d->lb = i->lb;
		add_member(d, i->member);
		break;
	case ITEM_SYNTHESIS:
		d->digest = digest(d->digest, i->target, dname_len(i->target));
		break;
	case ITEM_RRSET:
		for (const uint8_t *p = i->set->wire, *end = p + i->set->len; p < end; p += RR_HEAD + wire_get16(p + 10))
			d->digest = digest(digest(d->digest, p + 2, 2), p + 10, 2u + wire_get16(p + 10));
		break;
	default:
		break;
	}
}

static uint16_t type_of(const struct query_line *q, const struct lb *lb)
{
	return q->type ? q->type : lb && !lb->any_a && lb->any_aaaa ? RR_AAAA : RR_A;
}

/* No member has such an address, whoever is up. */
static bool lacks_family(const struct lb *lb, uint16_t type)
{
	return !lb->any_host && !(type == RR_A ? lb->any_a : lb->any_aaaa);
}

void decide(const struct generation *g, const struct query_line *line, uint64_t random, uint64_t turn, struct decision *out)
{
	static struct query q;
	static struct answer a;
	struct answer_input in = { .gen = g, .client = &line->client, .random = random, .turn = turn };
	zone_name_set(&q.name, line->asked->name, line->asked->len);
	const struct zone *z = generation_zone(g, &q.name);
	q.class = CLASS_IN;
	q.type = type_of(line, z ? find_lb(z, &q.name) : NULL);
	answer_decide(&a, &q, &in);
	/* A chain ends at another name than was asked for. */
	bool chain = a.nitems && a.items[a.nitems - 1].owner.name && a.items[a.nitems - 1].section == ANSWER;
	*out = (struct decision){ .rcode = a.rcode, .digest = digest(DIGEST_BEGIN, &a.rcode, sizeof a.rcode) };
	out->lb = a.zone ? find_lb(a.zone, chain ? &a.current : &q.name) : NULL;
	for (unsigned i = 0; i < a.nitems; i++)
		if (a.items[i].section == ANSWER)
			add_item(out, &a.items[i]);
	if (out->n)
		return;
	if (out->lb && lacks_family(out->lb, q.type))
		out->lb = NULL; /* half of the queries of any log ask for AAAA: nobody is worse off */
	if (out->lb && out->rcode == RCODE_NOERROR && a.nitems && a.items[a.nitems - 1].section == ANSWER)
		out->lb = NULL; /* records beside the service's addresses */
	snprintf(out->text, sizeof out->text, "%s", out->rcode == RCODE_NXDOMAIN ? "NXDOMAIN" : out->rcode ? "refused"
	         : a.nitems && a.items[0].section == ANSWER ? "records" : "no data");
}
