#include "lb.h"

#include <stdlib.h>
#include <string.h>
#include "../common/wire.h"
#include "rr.h"
#include "zone.h"

static bool lay_out(struct lb_records *out, const struct member *m, int family)
{
	uint16_t type = family == AF_INET ? RR_A : RR_AAAA, size = family == AF_INET ? 4 : 16;
	for (size_t i = 0; i < m->ntargets; i++)
		out->n += m->targets[i].sa.sa_family == family;
	if (!out->n)
		return true;
	out->len = (uint16_t)(out->n * (RR_HEAD + size));
	uint8_t *p = out->wire = malloc(out->len);
	if (!p)
		return false;
	for (size_t i = 0; i < m->ntargets; i++) {
		if (m->targets[i].sa.sa_family != family)
			continue;
		rr_head(p, type, 0, size);
		memcpy(p + RR_HEAD, addr_bytes(&m->targets[i]), size);
		p += RR_HEAD + size;
	}
	return true;
}

static bool asks_client(const struct policy *p)
{
	for (size_t r = 0; r < p->nrules; r++) {
		if (p->rules[r].nfrom)
			return true;
		for (size_t m = 0; m < p->rules[r].nmetrics; m++)
			if (p->rules[r].metrics[m] == METRIC_HASH)
				return true;
	}
	return false;
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
	lb->asks_client = asks_client(s->policy);
	lb->draws = select_is_draw(s->policy);
	for (size_t i = 0; i < s->nmembers; i++) {
		struct lb_member *m = &lb->members[i];
		if (!lay_out(&m->a, &s->members[i], AF_INET) || !lay_out(&m->aaaa, &s->members[i], AF_INET6)) {
			lb_delete(lb);
			return NULL;
		}
		lb->every_a &= m->a.n != 0;
		lb->every_aaaa &= m->aaaa.n != 0;
		lb->any_a |= m->a.n != 0;
		lb->any_aaaa |= m->aaaa.n != 0;
		lb->any_host |= s->members[i].host != NULL;
	}
	return lb;
}

void lb_delete(struct lb *lb)
{
	if (!lb)
		return;
	for (size_t i = 0; i < lb->service->nmembers; i++) {
		free(lb->members[i].a.wire);
		free(lb->members[i].aaaa.wire);
	}
	free(lb->members);
	free(lb->state);
	service_free(lb->service);
	free(lb);
}

struct lb_state *lb_state_new(const struct gate *g)
{
	size_t head = offsetof(struct lb_state, gate) + offsetof(struct gate, members);
	size_t used = offsetof(struct gate, members) + g->n * sizeof g->members[0];
	struct lb_state *st = calloc(1, head + (g->n + 1) * sizeof g->members[0]);
	if (st)
		memcpy(&st->gate, g, used);
	return st;
}
