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

/* An own check is asked again and again: what it last said stands until it says something else. */
#define OBSERVATION_FOR_EVER INT64_MAX

/* What one observer last saw of one member. */
struct observation {
	enum verdict state;    /* VERDICT_UNKNOWN: it has seen nothing yet, as if there were none */
	bool own;              /* made by this process's check */
	int64_t age, lifetime; /* ns; it counts while age < lifetime */
};

struct verdict_votes { unsigned fresh, up; }; /* observers that count, and those of them who say up */

/*
 * What to believe of a member, as exchange.decide = "own" has it: what the own
 * check says. `last` is the verdict until now, and stays when nothing fresh is
 * known (static stability). `votes` may be NULL.
 */
enum verdict verdict_decide(const struct observation *o, size_t n, enum verdict last, struct verdict_votes *votes);

#endif
