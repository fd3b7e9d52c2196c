/*
 * policy: ordered rules; a rule matches clients and lists metrics (spec 4).
 * Immutable once loaded.
 */
#ifndef FAIRLEAD_POLICY_H
#define FAIRLEAD_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"

enum metric {
	METRIC_RANK, METRIC_LOCAL, METRIC_REMOTE, METRIC_NETWORK, METRIC_GEO, METRIC_RTT, METRIC_RESPONSE,
	METRIC_LEASTCONN, METRIC_CAPACITY, METRIC_LOAD, METRIC_COST, METRIC_WEIGHTED, METRIC_RANDOM,
	METRIC_ROUNDROBIN, METRIC_HASH,
	METRIC_COUNT
};

#define RULE_METRICS_MAX 16
#define ANSWERS_MAX 32

enum fail_mode { FAIL_OPEN, FAIL_BACKUP, FAIL_CLOSED };

struct rule {
	struct prefix *from; size_t nfrom;   /* none: matches every client */
	uint64_t *sites; size_t nsites;      /* indexes into conf.sites; none: all */
	enum metric metrics[RULE_METRICS_MAX];
	size_t nmetrics;
};

struct policy {
	char *name;                          /* NULL: written in place in a zone */
	unsigned answers;                    /* 1..ANSWERS_MAX */
	enum fail_mode fail;
	struct rule *rules; size_t nrules;
};

/* "rank" -> METRIC_RANK; METRIC_COUNT: not a metric. */
enum metric metric_by_name(const char *name);
const char *metric_name(enum metric m);
/* False for a metric that spec 4 names but that this version can't compute: the caller refuses it as "not built yet". */
bool metric_is_built(enum metric m);

void policy_free(struct policy *p); /* its contents, not p itself */

#endif
