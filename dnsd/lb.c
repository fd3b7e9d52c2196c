#include "lb.h"

#include <stdlib.h>
#include <string.h>
#include "../common/geo.h"
#include "../common/weigh.h"
#include "../common/wire.h"
#include "rr.h"

bool lb_lay_out(struct lb_records *out, const struct addr *addresses, size_t n, int family)
{
	uint16_t type = family == AF_INET ? RR_A : RR_AAAA, size = family == AF_INET ? 4 : 16;
	for (size_t i = 0; i < n; i++)
		out->n += addresses[i].sa.sa_family == family;
	if (!out->n)
		return true;
	out->len = (uint16_t)(out->n * (RR_HEAD + size));
	uint8_t *p = out->wire = malloc(out->len);
	if (!p)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (addresses[i].sa.sa_family != family)
			continue;
		rr_head(p, type, 0, size);
		memcpy(p + RR_HEAD, addr_bytes(&addresses[i]), size);
		p += RR_HEAD + size;
	}
	return true;
}

static void free_addresses(struct lb_addresses *r)
{
	free(r->a.wire);
	free(r->aaaa.wire);
}

_Static_assert(1u << GEO_KINDS <= ASKS_NETWORKS, "a bit of its own");

/* What a choice by the policy may look at; who doesn't ask for it pays nothing for it. */
static void note_asked(struct lb *lb, const struct policy *p)
{
	lb->asks_client = lb->asks_numbers = policy_sheds(p);
	for (size_t i = 0; i < p->nrules; i++) {
		const struct rule *r = &p->rules[i];
		lb->asks_tables |= (r->ncountries ? 1u << GEO_COUNTRY : 0) | (r->ncontinents ? 1u << GEO_CONTINENT : 0) | (r->nasns ? 1u << GEO_ASN : 0);
		lb->asks_client |= r->nfrom || r->ncountries || r->ncontinents || r->nasns;
		lb->asks_time |= r->has_hours || r->days;
		for (size_t k = 0; k < r->nmetrics; k++) {
			lb->asks_client |= metric_asks(r->metrics[k]) == METRIC_ASKS_CLIENT;
			lb->asks_turn |= r->metrics[k] == METRIC_ROUNDROBIN;
			lb->asks_tables |= r->metrics[k] == METRIC_GEO ? 1u << GEO_LOCATION : r->metrics[k] == METRIC_NETWORK ? ASKS_NETWORKS : 0;
			lb->asks_numbers |= metric_asks(r->metrics[k]) == METRIC_ASKS_NUMBERS;
		}
	}
}

static uint32_t next_turn(void)
{
	static _Atomic(uint32_t) last;
	return atomic_fetch_add_explicit(&last, TURN_KINDS, memory_order_relaxed) % TURN_PLACES;
}

struct lb *lb_new(struct service *s, const struct conf *conf)
{
	struct lb *lb = calloc(1, sizeof *lb);
	if (!lb || !(lb->members = calloc(s->nmembers, sizeof *lb->members))) {
		free(lb);
		service_free(s);
		return NULL;
	}
	lb->service = s;
	s->holder = lb;
	lb->conf = conf;
	lb->every_a = lb->every_aaaa = true;
	note_asked(lb, s->policy);
	if (lb->asks_turn)
		lb->turn = next_turn();
	lb->draws = select_is_draw(s->policy);
	for (size_t i = 0; i < s->nmembers; i++) {
		struct lb_addresses *own = &lb->members[i].own;
		const struct member *m = &s->members[i];
		if (!lb_lay_out(&own->a, m->targets, m->ntargets, AF_INET) || !lb_lay_out(&own->aaaa, m->targets, m->ntargets, AF_INET6)) {
			lb_delete(lb);
			return NULL;
		}
		lb->every_a &= own->a.n != 0;
		lb->every_aaaa &= own->aaaa.n != 0;
		lb->any_a |= own->a.n != 0;
		lb->any_aaaa |= own->aaaa.n != 0;
		lb->any_host |= m->host != NULL;
	}
	if (lb->any_host && s->at_origin) {
		lb->flattens = lb->any_a = lb->any_aaaa = true;
		lb->any_host = false;
	}
	return lb;
}

void lb_delete(struct lb *lb)
{
	if (!lb)
		return;
	for (size_t i = 0; i < lb->service->nmembers; i++)
		free_addresses(&lb->members[i].own);
	free(lb->members);
	free(atomic_load(&lb->numbers));
	lb_state_delete(lb->state);
	service_free(lb->service);
	free(lb);
}

struct lb_state *lb_state_new(const struct gate *g)
{
	size_t head = offsetof(struct lb_state, gate) + offsetof(struct gate, members);
	size_t n = (size_t)g->n + g->nmore, used = offsetof(struct gate, members) + n * sizeof g->members[0];
	size_t room = (n + GATE_STRIDE) / GATE_STRIDE * GATE_STRIDE;
	struct lb_state *st = calloc(1, head + room * sizeof g->members[0]);
	if (st)
		memcpy(&st->gate, g, used);
	return st;
}

struct service *lb_weigh(const struct service *s, const struct member_view *views)
{
	struct service *copy = weigh_is_due(s, views) ? malloc(sizeof *copy + s->nmembers * sizeof *s->members) : NULL;
	if (copy)
		weigh(s, views, copy, (struct member *)(copy + 1));
	return copy;
}

bool lb_state_keep_views(struct lb_state *st, const struct member_view *views, size_t n)
{
	st->views = malloc(n * sizeof *views);
	if (st->views)
		memcpy(st->views, views, n * sizeof *views);
	return st->views != NULL;
}

void lb_state_delete(struct lb_state *st)
{
	if (!st)
		return;
	for (size_t i = 0; i < st->nresolved; i++)
		free_addresses(&st->resolved[i]);
	free(st->resolved);
	free(st->views);
	free(st->weighed);
	free(st);
}
