#include "policy_warn.h"

#include <stdio.h>
#include <stdlib.h>
#include "geo.h"
#include "log.h"
#include "metrics.h"

/* "service=NAME others=N"; a longer name of a policy is cut. */
#define WHOSE_MAX (DNAME_TEXT_MAX + 40)

static const struct { const char *what, *why; } lacks[LACK_COUNT] = {
	[LACK_LOCATION] = { "geo", "no file of geo.database tells locations" },
	[LACK_SITE_LOCATION] = { "geo", "no site has a location" },
	[LACK_COUNTRY] = { "country", "no file of geo.database tells countries" },
	[LACK_CONTINENT] = { "continent", "no file of geo.database tells continents" },
	[LACK_ASN] = { "asn", "no file of geo.database tells autonomous systems" },
	[LACK_NETWORKS] = { "network", "geo.networks is not set" },
	[LACK_RTT] = { "rtt", "no listener of forward carries connections, so nobody measures them unless other sites do" },
	[LACK_EFFECT_METRIC] = { "metrics", "the metric before them orders everybody" },
	[LACK_EFFECT_RULE] = { "rules", "the rule before them has no conditions" },
};

static unsigned bit(enum policy_lack l)
{
	return 1u << l;
}

static bool is_unconditional(const struct rule *r)
{
	return !(r->nfrom || r->ncountries || r->ncontinents || r->nasns || r->nsites || r->has_hours || r->days);
}

/* A total order leaves nothing to what stands behind it, nor does a rule that is everybody's. */
static unsigned without_effect(const struct policy *p)
{
	unsigned lacks_effect = 0;
	for (size_t i = 0; i < p->nrules; i++) {
		const struct rule *r = &p->rules[i];
		for (size_t k = 0; k + 1 < r->nmetrics; k++)
			lacks_effect |= metric_is_total(r->metrics[k]) ? bit(LACK_EFFECT_METRIC) : 0;
		lacks_effect |= i + 1 < p->nrules && is_unconditional(r) ? bit(LACK_EFFECT_RULE) : 0;
	}
	return lacks_effect;
}

unsigned policy_goes_by(const struct policy *p)
{
	unsigned by = without_effect(p);
	for (size_t i = 0; i < p->nrules; i++) {
		const struct rule *r = &p->rules[i];
		by |= (r->ncountries ? bit(LACK_COUNTRY) : 0) | (r->ncontinents ? bit(LACK_CONTINENT) : 0) | (r->nasns ? bit(LACK_ASN) : 0);
		for (size_t k = 0; k < r->nmetrics; k++) {
			by |= r->metrics[k] == METRIC_GEO ? bit(LACK_LOCATION) | bit(LACK_SITE_LOCATION) : 0;
			by |= r->metrics[k] == METRIC_NETWORK ? bit(LACK_NETWORKS) : r->metrics[k] == METRIC_RTT ? bit(LACK_RTT) : 0;
		}
	}
	return by;
}

static bool has_site_location(const struct conf *c)
{
	for (size_t i = 0; i < c->nsites; i++)
		if (c->sites[i].has_location)
			return true;
	return false;
}

/* Connections that are relayed: TCP tells their round trips. The configuration is the same at all sites but for what they listen on. */
static bool measures(const struct conf *c)
{
	for (size_t i = 0; i < c->forward.nlisteners; i++)
		if (c->forward.listeners[i].protocol != FWD_UDP && c->forward.listeners[i].protocol != FWD_IP)
			return true;
	return false;
}

void policy_warn_begin(struct policy_warn *w, const struct conf *c)
{
	*w = (struct policy_warn){ .conf = c, .used = calloc(c->npolicies + 1, sizeof *w->used) };
	w->lacks |= geo_has(c->geo, GEO_LOCATION) ? 0 : bit(LACK_LOCATION);
	w->lacks |= has_site_location(c) ? 0 : bit(LACK_SITE_LOCATION);
	w->lacks |= geo_has(c->geo, GEO_COUNTRY) ? 0 : bit(LACK_COUNTRY);
	w->lacks |= geo_has(c->geo, GEO_CONTINENT) ? 0 : bit(LACK_CONTINENT);
	w->lacks |= geo_has(c->geo, GEO_ASN) ? 0 : bit(LACK_ASN);
	w->lacks |= c->networks ? 0 : bit(LACK_NETWORKS);
	w->lacks |= measures(c) ? 0 : bit(LACK_RTT);
	w->lacks |= bit(LACK_EFFECT_METRIC) | bit(LACK_EFFECT_RULE); /* whatever is known */
}

void policy_warn_add(struct policy_warn *w, const struct service *s)
{
	unsigned by = s->own_policy ? policy_goes_by(s->own_policy) & w->lacks : 0;
	for (size_t i = 0; !s->own_policy && w->used && i < w->conf->npolicies; i++)
		w->used[i] = w->used[i] || s->policy == &w->conf->policies[i];
	for (unsigned l = 0; l < LACK_COUNT; l++) {
		if (!(by & bit((enum policy_lack)l)))
			continue;
		if (w->in_place[l].n++ == 0)
			w->in_place[l].first = s;
	}
}

/* `whose`: keys and values. */
static void say(unsigned l, const char *whose)
{
	bool unused = l == LACK_EFFECT_METRIC || l == LACK_EFFECT_RULE;
	log_warn(unused ? "a policy has parts that are never used" : "a policy goes by what is not known here", "%s %s=%s why=\"%s\"", whose,
	         unused ? "unused" : "goes_by", lacks[l].what, lacks[l].why);
}

static void warn_named(const struct policy_warn *w, const struct policy *p)
{
	unsigned by = policy_goes_by(p) & w->lacks;
	char whose[WHOSE_MAX];
	snprintf(whose, sizeof whose, "policy=%s", p->name);
	for (unsigned l = 0; l < LACK_COUNT; l++)
		if (by & bit((enum policy_lack)l))
			say(l, whose);
}

void policy_warn_end(struct policy_warn *w)
{
	char name[DNAME_TEXT_MAX], whose[WHOSE_MAX];
	for (size_t i = 0; i < w->conf->npolicies; i++)
		if (!w->used || w->used[i])
			warn_named(w, &w->conf->policies[i]);
	for (unsigned l = 0; l < LACK_COUNT; l++) {
		if (!w->in_place[l].n)
			continue;
		snprintf(whose, sizeof whose, "service=%s others=%zu", dname_to_text(w->in_place[l].first->name, name), w->in_place[l].n - 1);
		say(l, whose);
	}
	free(w->used);
	w->used = NULL;
}
