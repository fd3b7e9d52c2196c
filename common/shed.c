#include "shed.h"

#include <math.h>

#include "select_input.h"

#define MILLION 1e6
/* Within this time half of what is answered is felt and more: about the TTL that most have, and caches hold it at least so long. Seconds. */
#define MEMORY 60.0
/*
 * The demand is followed over several renewals of all clients' answers: then
 * it makes no difference how they are spread. Faster when it is more, since
 * that hurts. Of clients who all renew at once every T seconds, T up to 300
 * settles (tests/unit/test_shed.c); with half of it, up to 120. Seconds.
 */
#define FOLLOW_MORE 60.0
#define FOLLOW_LESS 300.0
/* Changes are forgotten within this. Seconds. */
#define PATIENCE 900.0
/* So many changes within it may be somebody's who sets the number by hand, or its first reports. */
#define CHANGES_AT_ITS_WORD 5.0
/* Without word the share stays so long: no longer than the demand is remembered. Seconds. */
#define SILENCE_KEEPS FOLLOW_LESS
/* And the demand so long; then it is another day. Seconds. */
#define SILENCE_FORGETS PATIENCE
/* With less than this share left nobody can tell the demand any more. */
#define LEFT_LEAST 0.02
/* Nor is more believed, by capacities. */
#define DEMAND_MOST 20.0

bool shed_use(const struct member_numbers *m, uint64_t capacity, uint32_t *use)
{
	bool known = m->known & NUMBER_LOAD;
	*use = known ? m->load_ppm : 0;
	if (!(m->known & NUMBER_SESSIONS) || !capacity)
		return known;
	uint64_t by_sessions = (uint64_t)m->sessions * 1000000 / capacity;
	if (by_sessions > *use)
		*use = by_sessions < UINT32_MAX ? (uint32_t)by_sessions : UINT32_MAX;
	return true;
}

static double line(const struct policy *p, uint32_t use)
{
	return shed_share(p, use) / MILLION;
}

static bool at_its_word(const struct shed_state *s)
{
	return !s->counted && s->changes < CHANGES_AT_ITS_WORD;
}

static double share_of(const struct shed_state *s, const struct policy *p)
{
	double from = p->shed_from / MILLION, to = p->shed_to / MILLION;
	if (at_its_word(s))
		return line(p, s->use);
	return s->demand <= from ? 0 : fmin((s->demand - from) / (to - from + s->demand), 1);
}

/* The use at which the line gives that share. */
static uint32_t use_of(const struct shed_state *s, const struct policy *p)
{
	if (s->share > 0)
		return shed_use_at(p, (uint32_t)(s->share * MILLION + 0.5));
	return s->use < p->shed_from ? s->use : p->shed_from;
}

static double demand_of(double use, double past)
{
	double left = 1 - past;
	return fmin(use / (left > LEFT_LEAST ? left : LEFT_LEAST), DEMAND_MOST);
}

static double towards(double from, double to, double seconds, double within)
{
	return from + (to - from) * (1 - exp(-seconds / within));
}

static double seconds_from(int64_t then, int64_t now)
{
	return now > then ? (double)(now - then) / 1e9 : 0;
}

/* Until now the answers were what the last share said. Returns since when, in seconds. */
static double elapse(struct shed_state *s, int64_t now)
{
	double seconds = seconds_from(s->at, now);
	s->past = towards(s->past, s->share, seconds, MEMORY);
	s->at = now;
	return seconds;
}

/*
 * Where it has been at this use for long, this is what it has come to. Above
 * the line it can't have been: nobody has been shed yet.
 */
static void settle(struct shed_state *s, const struct policy *p)
{
	s->past = s->use < p->shed_to ? line(p, s->use) : 0;
	s->demand = demand_of(s->use / MILLION, s->past);
}

static void follow(struct shed_state *s, double seconds)
{
	double use = s->use / MILLION, demand = demand_of(use, s->past);
	s->demand = towards(s->demand, demand, seconds, demand > s->demand ? FOLLOW_MORE : FOLLOW_LESS);
	s->demand = fmax(s->demand, use);
}

uint32_t shed_follow(struct shed_state *s, const struct policy *p, uint32_t use, bool counted, int64_t now)
{
	double silent = seconds_from(s->heard, now), seconds;
	bool begins = !s->begun || silent > SILENCE_FORGETS;
	if (begins)
		*s = (struct shed_state){ .begun = true, .use = use, .capacity = s->capacity };
	seconds = elapse(s, now);
	s->changes *= exp(-silent / PATIENCE);
	s->changes += use != s->use;
	s->counted = counted;
	s->use = use;
	s->heard = now;
	if (begins || at_its_word(s))
		settle(s, p);
	else
		follow(s, seconds);
	s->share = share_of(s, p);
	return use_of(s, p);
}

bool shed_go_on(struct shed_state *s, const struct policy *p, int64_t now, uint32_t *use_ppm)
{
	double silent = seconds_from(s->heard, now);
	if (!s->begun || at_its_word(s) || silent > SILENCE_FORGETS) {
		s->begun = false;
		return false;
	}
	elapse(s, now);
	s->share = silent > SILENCE_KEEPS ? 0 : share_of(s, p);
	*use_ppm = use_of(s, p);
	return s->share > 0;
}

void shed_measure(struct shed_state *s, uint64_t capacity)
{
	if (s->begun && s->capacity && capacity)
		s->demand = fmin(s->demand * (double)s->capacity / (double)capacity, DEMAND_MOST);
	s->capacity = capacity;
}

bool shed_is_moving(const struct shed_state *s)
{
	return s->begun && !at_its_word(s);
}
