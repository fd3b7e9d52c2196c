/*
 * policy_warn: policies that go by what isn't known here: a place without a
 * database, networks without their file, round trips that nobody measures;
 * and those of which a part is never used. They choose all the same, by what
 * else they say; so that is no error, and one line in the log for each tells it.
 */
#ifndef FAIRLEAD_POLICY_WARN_H
#define FAIRLEAD_POLICY_WARN_H

#include "conf.h"
#include "service.h"

enum policy_lack {
	LACK_LOCATION, LACK_SITE_LOCATION, LACK_COUNTRY, LACK_CONTINENT, LACK_ASN, LACK_NETWORKS, LACK_RTT,
	LACK_EFFECT_METRIC, /* behind weighted, random, roundrobin or hash */
	LACK_EFFECT_RULE,   /* behind a rule without conditions */
	LACK_COUNT
};

struct policy_warn {
	const struct conf *conf;
	unsigned lacks;                               /* here: bits, enum policy_lack */
	struct { const struct service *first; size_t n; } in_place[LACK_COUNT]; /* services with policies of zones */
	bool *used;                                   /* as conf.policies; NULL without memory: all are */
};

/* `conf`: with its places loaded. */
void policy_warn_begin(struct policy_warn *w, const struct conf *conf);
/* Counts the policies in use: each service that was read with `conf`. */
void policy_warn_add(struct policy_warn *w, const struct service *s);
/* Logs: policies of fairlead.conf by their names, if some service uses them; those that stand in zones by the first service. */
void policy_warn_end(struct policy_warn *w);

/* Bits, enum policy_lack: what the policy goes by, whether it is there or not, and which of its parts are never used. */
unsigned policy_goes_by(const struct policy *p);

#endif
