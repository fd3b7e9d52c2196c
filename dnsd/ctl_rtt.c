#include "ctl_rtt.h"

#include <stdlib.h>
#include <string.h>
#include "../common/rtt.h"
#include "../common/update.h"
#include "lb.h"
#include "rr.h"

struct samples { struct rtt_sample *list; size_t n; };

static bool add(struct samples *s, const struct rtt_sample *one)
{
	if (!(s->n & (s->n - 1))) {
		struct rtt_sample *more = realloc(s->list, (s->n ? s->n * 2 : 1) * sizeof *more);
		if (!more)
			return false;
		s->list = more;
	}
	s->list[s->n++] = *one;
	return true;
}

/* "198.51.100.0/24=28.100"; false: something else. */
static bool read_one(const char *text, struct rtt_sample *out)
{
	char network[ADDR_TEXT_MAX], *end;
	size_t n = strcspn(text, "=");
	if (!text[n] || n >= sizeof network)
		return false;
	memcpy(network, text, n);
	network[n] = '\0';
	double ms = strtod(text + n + 1, &end);
	out->us = (uint32_t)(ms * 1000 + 0.5);
	return !*end && ms > 0 && ms * 1000 <= RTT_US_MAX && prefix_parse(&out->network, network);
}

/* Of one site, as the zone's name server says. A site of which nothing is known has no records. */
static enum ctl_status ask_site(struct ctl *c, const struct zone *z, const struct site *site, struct samples *s)
{
	static struct ask_reply reply;
	static struct ask_txt txt;
	uint8_t name[DNAME_MAX];
	struct rtt_sample one = { .site = (uint32_t)site->index };
	if (!update_owner_write(name, UPDATE_RTT, site->name, z->origin))
		return CTL_OK;
	enum ctl_status status = ctl_ask_txt(c, name, NULL, &reply);
	while (status == CTL_OK && ask_next_txt(&reply, &txt))
		for (unsigned i = 0; i < txt.n; i++)
			if (read_one(txt.strings[i], &one) && !add(s, &one))
				return ctl_fail(CTL_REFUSED, "out of memory");
	return status;
}

static bool uses_rtt(const struct policy *p)
{
	for (size_t r = 0; r < p->nrules; r++)
		for (size_t m = 0; m < p->rules[r].nmetrics; m++)
			if (p->rules[r].metrics[m] == METRIC_RTT)
				return true;
	return false;
}

/* The first zone with a service that asks for it; NULL: none. All zones know the same. */
static const struct zone *find_zone(const struct generation *g)
{
	for (size_t i = 0; i < g->nzones; i++)
		for (size_t k = 0; k < g->zones[i]->nservices; k++)
			if (uses_rtt(g->zones[i]->services[k]->service->policy))
				return g->zones[i];
	return NULL;
}

enum ctl_status ctl_ask_rtt(struct ctl *c, struct generation *g, const struct generation *asked)
{
	const struct zone *z = find_zone(g), *from = asked->nzones ? asked->zones[0] : NULL;
	struct samples s = { .n = 0 };
	enum ctl_status status = CTL_OK;
	for (size_t i = 0; i < asked->nzones; i++)
		if (asked->zones[i]->nservices)
			from = asked->zones[i];
	for (size_t i = 0; z && from && i < g->conf->nsites && status == CTL_OK; i++)
		if (conf_site(asked->conf, g->conf->sites[i].name)) /* a new one has measured nothing */
			status = ask_site(c, from, &g->conf->sites[i], &s);
	if (status == CTL_OK && s.n)
		free(atomic_exchange(&g->rtt, rtt_table_new(g->conf->nsites, s.list, s.n, 1)));
	free(s.list);
	return status;
}
