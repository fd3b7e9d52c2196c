#include "verdict.h"

#include <string.h>

static const char *const names[] = {
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_UP] = "up",
	[VERDICT_DOWN] = "down",
	[VERDICT_DRAIN] = "drain",
};

const char *verdict_name(enum verdict v)
{
	return (unsigned)v <= VERDICT_DRAIN ? names[v] : "unknown";
}

bool verdict_by_name(const char *name, enum verdict *out)
{
	for (unsigned v = 0; v <= VERDICT_DRAIN; v++) {
		if (strcmp(name, names[v]) == 0) {
			*out = (enum verdict)v;
			return true;
		}
	}
	return false;
}

const char *verdict_source_name(enum verdict_source s)
{
	static const char *const sources[] = { "none", "own", "home", "majority", "admin", "failback" };
	return (unsigned)s <= SOURCE_FAILBACK ? sources[s] : "none";
}

static bool counts(const struct observation *o)
{
	return o->state != VERDICT_UNKNOWN && o->age < o->lifetime;
}

/* From good to bad. */
static unsigned badness(enum verdict v)
{
	return v == VERDICT_DOWN ? 3 : v == VERDICT_DRAIN ? 2 : v == VERDICT_UP;
}

/* Down only if all are: the best of two, where unknown is nobody. */
static enum verdict better(enum verdict a, enum verdict b)
{
	if (a == VERDICT_UNKNOWN || b == VERDICT_UNKNOWN)
		return a == VERDICT_UNKNOWN ? b : a;
	return badness(a) < badness(b) ? a : b;
}

static enum verdict worse(enum verdict a, enum verdict b)
{
	return badness(a) > badness(b) ? a : b;
}

/* The voice of the program at o[*at], over all its instances; *at moves behind them. */
static enum verdict program_voice(const struct observation *o, size_t n, size_t *at)
{
	const struct observation *first = &o[*at];
	enum verdict v = VERDICT_UNKNOWN;
	for (; *at < n && o[*at].site == first->site && o[*at].program == first->program; (*at)++)
		if (counts(&o[*at]))
			v = better(v, o[*at].state);
	return v;
}

/* The voice of the site at o[*at], likewise. */
static enum verdict site_voice(const struct observation *o, size_t n, size_t *at, int home)
{
	int site = o[*at].site;
	enum verdict v = VERDICT_UNKNOWN;
	while (*at < n && o[*at].site == site) {
		enum verdict voice = program_voice(o, n, at);
		v = site == home ? worse(v, voice) : better(v, voice);
	}
	return v;
}

struct voices { unsigned all, by[VERDICT_DRAIN + 1]; enum verdict home, own; };

static struct voices count_voices(const struct observation *o, size_t n, int home)
{
	struct voices c = { .home = VERDICT_UNKNOWN, .own = VERDICT_UNKNOWN };
	for (size_t i = 0; i < n; i++)
		if (o[i].own && counts(&o[i]))
			c.own = o[i].state;
	for (size_t at = 0; at < n;) {
		int site = o[at].site;
		enum verdict v = site_voice(o, n, &at, home);
		if (site == home && home != OBSERVER_NO_SITE)
			c.home = v;
		c.by[v]++;
		c.all += v != VERDICT_UNKNOWN;
	}
	return c;
}

static enum verdict majority(const struct voices *c)
{
	if (c->by[VERDICT_DOWN] * 2 > c->all)
		return VERDICT_DOWN;
	return c->by[VERDICT_DRAIN] * 2 > c->all ? VERDICT_DRAIN : VERDICT_UP;
}

static void set(struct verdict_answer *a, enum verdict v, enum verdict_source s)
{
	if (v == VERDICT_UNKNOWN)
		return;
	a->verdict = v;
	a->source = s;
}

static void home_and_majority(struct verdict_answer *a, const struct voices *c)
{
	enum verdict all = majority(c);
	if (c->home == VERDICT_DOWN || c->home == VERDICT_DRAIN)
		set(a, c->home, SOURCE_HOME);
	else
		set(a, all, all == c->home ? SOURCE_HOME : SOURCE_MAJORITY);
}

struct verdict_answer verdict_decide(const struct verdict_question *q, const struct observation *o, size_t n)
{
	struct voices c = count_voices(o, n, q->home);
	struct verdict_answer a = { .verdict = q->last, .source = SOURCE_NONE, .fresh = c.all, .up = c.by[VERDICT_UP] };
	if (c.all == 0)
		return a;
	switch (q->decide) {
	case DECIDE_HOME_MAJORITY:
		home_and_majority(&a, &c);
		break;
	case DECIDE_HOME:
		set(&a, c.own, SOURCE_OWN);
		set(&a, c.home, SOURCE_HOME);
		break;
	case DECIDE_MAJORITY:
		set(&a, majority(&c), SOURCE_MAJORITY);
		break;
	case DECIDE_OWN:
		set(&a, c.own, SOURCE_OWN);
		break;
	}
	return a;
}
