#include "policy.h"

#include <stdlib.h>
#include <string.h>

static const struct { const char *name; enum metric_asks asks; } metrics[METRIC_COUNT] = {
	[METRIC_RANK] = { "rank", METRIC_ASKS_NOTHING },
	[METRIC_LOCAL] = { "local", METRIC_ASKS_NOTHING },
	[METRIC_REMOTE] = { "remote", METRIC_ASKS_NOTHING },
	[METRIC_NETWORK] = { "network", METRIC_ASKS_CLIENT },
	[METRIC_GEO] = { "geo", METRIC_ASKS_CLIENT },
	[METRIC_RTT] = { "rtt", METRIC_ASKS_CLIENT },
	[METRIC_RESPONSE] = { "response", METRIC_ASKS_NUMBERS },
	[METRIC_LEASTCONN] = { "leastconn", METRIC_ASKS_NUMBERS },
	[METRIC_CAPACITY] = { "capacity", METRIC_ASKS_NUMBERS },
	[METRIC_LOAD] = { "load", METRIC_ASKS_NUMBERS },
	[METRIC_COST] = { "cost", METRIC_ASKS_NUMBERS },
	[METRIC_WEIGHTED] = { "weighted", METRIC_ASKS_NOTHING },
	[METRIC_RANDOM] = { "random", METRIC_ASKS_NOTHING },
	[METRIC_ROUNDROBIN] = { "roundrobin", METRIC_ASKS_NOTHING },
	[METRIC_HASH] = { "hash", METRIC_ASKS_CLIENT },
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

enum metric_asks metric_asks(enum metric m)
{
	return m < METRIC_COUNT ? metrics[m].asks : METRIC_ASKS_NOTHING;
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
