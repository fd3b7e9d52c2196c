#include "policy.h"

#include <stdlib.h>
#include <string.h>

static const struct { const char *name; bool built; } metrics[METRIC_COUNT] = {
	[METRIC_RANK] = { "rank", true },
	[METRIC_LOCAL] = { "local", true },
	[METRIC_REMOTE] = { "remote", true },
	[METRIC_NETWORK] = { "network", false },
	[METRIC_GEO] = { "geo", false },
	[METRIC_RTT] = { "rtt", false },
	[METRIC_RESPONSE] = { "response", false },
	[METRIC_LEASTCONN] = { "leastconn", false },
	[METRIC_CAPACITY] = { "capacity", false },
	[METRIC_LOAD] = { "load", false },
	[METRIC_COST] = { "cost", false },
	[METRIC_WEIGHTED] = { "weighted", true },
	[METRIC_RANDOM] = { "random", true },
	[METRIC_ROUNDROBIN] = { "roundrobin", true },
	[METRIC_HASH] = { "hash", true },
};

enum metric metric_by_name(const char *name)
{
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		if (strcmp(metrics[m].name, name) == 0)
			return (enum metric)m;
	return METRIC_COUNT;
}

const char *metric_name(enum metric m)
{
	return m < METRIC_COUNT ? metrics[m].name : "?";
}

bool metric_is_built(enum metric m)
{
	return m < METRIC_COUNT && metrics[m].built;
}

void policy_free(struct policy *p)
{
	for (size_t i = 0; i < p->nrules; i++) {
		free(p->rules[i].from);
		free(p->rules[i].countries);
		free(p->rules[i].continents);
		free(p->rules[i].asns);
		free(p->rules[i].zone);
		free(p->rules[i].zone_name);
		free(p->rules[i].sites);
	}
	free(p->rules);
	free(p->name);
	memset(p, 0, sizeof *p);
}
