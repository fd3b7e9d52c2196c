#include "shed.h"

#include <math.h>

#include "select.h"

#define MILLION 1e6
/* Within this time half of what is answered is felt and more: about the TTL that most have, and caches hold it at least so long. Seconds. */
#define MEMORY 60.0
/* Changes are forgotten within this. Seconds. */
#define PATIENCE 300.0
/* So many changes within it may be somebody's who sets the number by hand, or its first reports. */
#define CHANGES_AT_ITS_WORD 5.0
/* With less than this share left nobody can tell the demand any more. */
#define LEFT_LEAST 0.02

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

static double line(const struct policy *p, double use)
{
	double from = p->shed_from / MILLION, to = p->shed_to / MILLION;
	return use <= from ? 0 : use >= to ? 1 : (use - from) / (to - from);
}

static double share_of(const struct shed_state *s, const struct policy *p)
{
	double use = s->use / MILLION, from = p->shed_from / MILLION, to = p->shed_to / MILLION;
	double left = 1 - s->past, demand, share;
	if (use <= from)
		return 0; /* below the mark nobody is shed, whatever is to come */
	if (s->past >= 1)
		return line(p, use);
	demand = use / (left > LEFT_LEAST ? left : LEFT_LEAST);
	share = (demand - from) / (to - from + demand);
	return share < 1 ? share : 1;
}

static uint32_t use_at(const struct shed_state *s, const struct policy *p, double share)
{
	if (share <= 0)
		return s->use < p->shed_from ? s->use : p->shed_from;
	return share >= 1 ? p->shed_to : p->shed_from + (uint32_t)(share * (p->shed_to - p->shed_from) + 0.5);
}

static void note_change(struct shed_state *s, const struct policy *p, uint32_t use)
{
	s->use = use;
	if (!s->begun || s->changes < CHANGES_AT_ITS_WORD)
		s->past = line(p, use / MILLION);
	s->changes += s->begun;
	s->begun = true;
}

uint32_t shed_follow(struct shed_state *s, const struct policy *p, uint32_t use, int64_t now)
{
	double seconds = s->begun && now > s->at ? (double)(now - s->at) / 1e9 : 0, share;
	s->at = now;
	if (seconds > 0) {
		/* Until now the answers were what the last share said. */
		s->past += (share_of(s, p) - s->past) * (1 - exp(-seconds / MEMORY));
		s->changes *= exp(-seconds / PATIENCE);
	}
	if (!s->begun || use != s->use)
		note_change(s, p, use);
	share = share_of(s, p);
	return use_at(s, p, share);
}

bool shed_is_moving(const struct shed_state *s, const struct policy *p)
{
	return s->begun && fabs(share_of(s, p) - s->past) > 1e-3;
}
