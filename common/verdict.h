/*
 * verdict: observations -> up, down, drain or unknown (spec 5). Pure: no
 * clock, no sockets; ages come in as arguments.
 */
#ifndef FAIRLEAD_VERDICT_H
#define FAIRLEAD_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { VERDICT_UNKNOWN, VERDICT_UP, VERDICT_DOWN, VERDICT_DRAIN };

const char *verdict_name(enum verdict v); /* "unknown", "up", "down", "drain" */
/* The reverse; false: no such word. */
bool verdict_by_name(const char *name, enum verdict *out);

/* exchange.decide */
enum decide { DECIDE_HOME_MAJORITY, DECIDE_HOME, DECIDE_MAJORITY, DECIDE_OWN };

/* Whose word a verdict is. SOURCE_NONE: nobody's, it is what was known before. */
enum verdict_source { SOURCE_NONE, SOURCE_OWN, SOURCE_HOME, SOURCE_MAJORITY, SOURCE_ADMIN,
                      SOURCE_FAILBACK /* up by somebody's word, but it was down and waits to be cleared */ };

const char *verdict_source_name(enum verdict_source s); /* "none", "own", "home", "majority", "admin", "failback" */

/* An own check is asked again and again: what it last said stands until it says something else. */
#define OBSERVATION_FOR_EVER INT64_MAX

/* An observer of no site of ours. */
#define OBSERVER_NO_SITE (-1)

/* What one observer last saw of one member. */
struct observation {
	enum verdict state;    /* VERDICT_UNKNOWN: it has seen nothing yet, as if there were none */
	int site;              /* of the observer: an index, or OBSERVER_NO_SITE */
	unsigned program;      /* of the site: instances of one program have the same number */
	bool own;              /* made by this process's check */
	int64_t age, lifetime; /* ns; it counts while age < lifetime */
};

/*
 * How long an observation counts, in ns, with `ttl` its time to live and
 * `interval` that of the exchange: a dnsd speaks each interval, so one that has
 * missed two of them and half of the third is gone; others, only their TTL says.
 */
static inline int64_t observation_lifetime(bool of_dnsd, int64_t ttl, int64_t interval)
{
	int64_t speaks = interval * 5 / 2;
	return of_dnsd && speaks < ttl ? speaks : ttl;
}

struct verdict_question {
	enum decide decide;
	int home;              /* the member's site; OBSERVER_NO_SITE: at none of ours */
	enum verdict last;     /* the verdict until now */
};

struct verdict_answer {
	enum verdict verdict;
	enum verdict_source source;
	unsigned fresh, up;    /* voices that count, and those of them who say up; one a site */
};

/*
 * What to believe of a member. Observations of one site stand side by side,
 * and within them those of one program.
 *
 *     instances of one program      one voice: down only if all are
 *     programs of the home site     its word: the worst of their voices
 *     programs of another site      one voice: down only if all are
 *
 *     decide          the home site says    then
 *     home+majority   drain or down         that, and it is final
 *                     up, or is silent      down if more than half of the voices say so, the home's and our own
 *                                           included; drain likewise; else up
 *     home            anything              that
 *                     nothing fresh         our own check
 *     majority                              as above, the home is one voice of all
 *     own                                   our own check
 *
 * Nothing fresh at all: the verdict stays as it was (static stability).
 */
struct verdict_answer verdict_decide(const struct verdict_question *q, const struct observation *o, size_t n);

#endif
