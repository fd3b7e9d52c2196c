/*
 * select_why: why a member is no candidate, and why a rule isn't used.
 */
#ifndef FAIRLEAD_SELECT_WHY_H
#define FAIRLEAD_SELECT_WHY_H

/* Why a member is no candidate; the first that holds. */
enum trace_out {
	TRACE_IN,            /* it is one */
	TRACE_OUT_SITE,      /* of the site that was excluded: fwd's own */
	TRACE_OUT_DOWN, TRACE_OUT_DRAIN, TRACE_OUT_UNKNOWN,
	TRACE_OUT_BACKUP,    /* others are up */
	TRACE_OUT_HOLD, TRACE_OUT_WEIGHT,
	TRACE_OUT_SHED,      /* too busy, for this client's network */
	TRACE_OUT_NO_BACKUP, /* up or not, but the set is the backup members' */
	TRACE_OUT_RULE       /* not at one of the rule's sites */
};
const char *trace_out_name(enum trace_out why); /* "in", "site", "down", "drain", "unknown", "backup", "hold", "weight", "shed", "no-backup", "rule" */

/* Why a rule isn't used: the first of its conditions that doesn't match. */
enum trace_skip {
	TRACE_USED, TRACE_SKIP_HOURS, TRACE_SKIP_DAYS, TRACE_SKIP_SITES, TRACE_SKIP_FROM, TRACE_SKIP_COUNTRY,
	TRACE_SKIP_CONTINENT, TRACE_SKIP_ASN
};
const char *trace_skip_name(enum trace_skip why); /* "used", "hours", "days", ... as the keys are called */

#endif
