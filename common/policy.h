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

struct timezone_rules;

/* Bits of rule.days. */
#define RULE_MONDAY 1u
#define RULE_EVERY_DAY 127u

struct rule {
	/* Conditions: all have to match; one that is not given matches. */
	struct prefix *from; size_t nfrom;   /* disjoint */
	uint16_t *countries; size_t ncountries;   /* two letters: rule_letters() */
	uint16_t *continents; size_t ncontinents; /* likewise */
	uint32_t *asns; size_t nasns;
	uint64_t *sites; size_t nsites;      /* indexes into conf.sites; none: all */
	bool has_hours;
	uint16_t begin, end;                 /* minutes of the day, `end` not included; before `begin`: past midnight */
	uint8_t days;                        /* RULE_MONDAY << 0..6; 0: not given */
	struct timezone_rules *zone;         /* of hours and days; NULL: UTC */
	char *zone_name;                     /* likewise */
	/* The columns of the sort. */
	enum metric metrics[RULE_METRICS_MAX];
	size_t nmetrics;
};

struct policy {
	char *name;                          /* NULL: written in place in a zone */
	unsigned answers;                    /* 1..ANSWERS_MAX */
	enum fail_mode fail;
	bool failback_manual;                /* who was down stays drained until cleared */
	uint32_t shed_from, shed_to;         /* millionths of use; shed_to 0: never */
	struct rule *rules; size_t nrules;
};

static inline bool policy_sheds(const struct policy *p)
{
	return p->shed_to != 0;
}

/* Two letters, in one number: equal when they are. */
static inline uint16_t rule_letters(const char text[2])
{
	return (uint16_t)((uint8_t)text[0] << 8 | (uint8_t)text[1]);
}

/* "rank" -> METRIC_RANK; METRIC_COUNT: not a metric. */
enum metric metric_by_name(const char *name);
const char *metric_name(enum metric m);
/* What of the moment a metric looks at. */
enum metric_asks { METRIC_ASKS_NOTHING, METRIC_ASKS_CLIENT, METRIC_ASKS_NUMBERS };
enum metric_asks metric_asks(enum metric m);

void policy_free(struct policy *p); /* its contents, not p itself */

#endif
