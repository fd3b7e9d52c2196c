#include "numbers.h"

#include <string.h>
#include "../common/conf.h"

bool numbers_is_fwd(const struct observer *who)
{
	return who->program_end == who->site_end + 4 && memcmp(who->name + who->site_end, "/fwd", 4) == 0;
}

bool numbers_is_from(const struct observer *who, const char *site)
{
	return strncmp(who->name, site, who->site_end) == 0 && !site[who->site_end];
}

bool numbers_weigh(const struct member *m)
{
	for (size_t i = 0; i < m->nchecks; i++)
		if (m->checks[i]->type == CHECK_AGENT || m->checks[i]->type == CHECK_EXEC)
			return true;
	return false;
}

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void numbers_add(struct numbers *n, const struct seen *s)
{
	bool fwd = numbers_is_fwd(s->observer);
	uint32_t counted = HAS_SESSIONS | HAS_CAPACITY;
	if (s->has & HAS_LOAD)
		n->load_ppm = more(n->load_ppm, s->load_ppm);
	if (s->has & HAS_COST)
		n->cost_milli = more(n->cost_milli, s->cost_milli);
	if (s->has & HAS_RTT && s->rtt_us && (!n->rtt_us || s->rtt_us < n->rtt_us))
		n->rtt_us = s->rtt_us;
	if (fwd && !n->of_fwd)
		n->sessions = n->capacity = 0;
	if (s->has & counted && (fwd || !n->of_fwd)) {
		n->sessions = fwd ? n->sessions + s->sessions : more(n->sessions, s->sessions);
		n->capacity = fwd ? n->capacity + s->capacity : more(n->capacity, s->capacity);
	}
	n->of_fwd = n->of_fwd || fwd;
	if (s->has & HAS_WEIGHT && (!(n->has & HAS_WEIGHT) || s->percent < n->percent))
		n->percent = s->percent;
	n->local_up += s->local_up;
	n->local_all += s->local_all;
	n->forwarded_milli += s->forwarded_milli;
	n->tail_milli += s->tail_milli;
	n->has |= s->has;
}

/* The home's name server is silent: what agents there say to our own checks holds. */
static void add_agents(struct numbers *n, const struct seen *own)
{
	if (own->has & HAS_WEIGHT && !(n->has & HAS_WEIGHT))
		n->percent = own->percent;
	if (own->has & HAS_CAPACITY && !(n->has & HAS_CAPACITY))
		n->capacity = own->capacity;
	n->has |= own->has & (HAS_WEIGHT | HAS_CAPACITY);
}

struct numbers numbers_of(const struct live_member *l, const struct member *m, const char *site, int64_t now, int64_t interval)
{
	struct numbers n = { .has = 0 };
	struct seen s, own = { .observer = NULL };
	bool home = false;
	for (size_t slot = 0, count = observe_slots(l); slot < count; slot++) {
		if (!observe_read(l, slot, &s) || !seen_counts(&s, now, interval))
			continue;
		if (!site || numbers_is_from(s.observer, site)) {
			numbers_add(&n, &s);
			home = home || s.observer->dnsd;
		} else if (s.observer->own) {
			own = s;
		}
	}
	if (!home && own.observer)
		add_agents(&n, &own);
	if (!n.capacity)
		n.capacity = m->capacity;
	return n;
}
