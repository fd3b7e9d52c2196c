#include "report_member.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- which listeners --- */

static bool has_address(const struct member *m, const struct addr *a)
{
	if (m->has_inside && addr_same_ip(&m->inside, a))
		return true;
	for (size_t i = 0; i < m->ntargets; i++)
		if (addr_same_ip(&m->targets[i], a))
			return true;
	return false;
}

static bool listens_for(const struct listener *l, const struct member *m)
{
	for (size_t i = 0; i < l->conf->nlisten; i++)
		if (has_address(m, &l->conf->listen[i]))
			return true;
	return false;
}

static bool is_ours(const struct setup *s, const struct member *m)
{
	return m->site == (int)s->conf->own->index;
}

static size_t count_ours(const struct setup *s, const struct service *service)
{
	size_t n = 0;
	for (size_t i = 0; i < service->nmembers; i++)
		n += is_ours(s, &service->members[i]);
	return n;
}

static void add_listeners(struct report_member *m, const struct setup *s, bool all)
{
	for (size_t i = 0; i < s->nlisteners; i++) {
		const struct listener *l = &s->listeners[i];
		if (l->service == m->service && (all || listens_for(l, m->member)))
			m->listeners[m->n++] = l;
	}
}

/* --- the list --- */

static const struct report_member *find(const struct report_member *list, size_t n, const struct report_member *m)
{
	for (size_t i = 0; i < n; i++)
		if (dname_equal(list[i].service->name, m->service->name) && strcmp(list[i].member->label, m->member->label) == 0)
			return &list[i];
	return NULL;
}

static bool fill_member(struct report_member *m, const struct setup *s, const struct service *service, const struct member *member)
{
	m->service = service;
	m->member = member;
	m->peers = peers_find(s->peers, service->name);
	m->told = VERDICT_UNKNOWN;
	m->listeners = calloc(s->nlisteners, sizeof(struct listener *));
	if (!m->listeners || !m->peers)
		return false;
	add_listeners(m, s, count_ours(s, service) == 1);
	if (!m->n)
		add_listeners(m, s, true);
	return true;
}

struct report_member *report_members_new(const struct setup *s, const struct report_member *before, size_t nbefore, size_t *n)
{
	size_t count = 0;
	*n = 0;
	for (size_t i = 0; i < s->nservices; i++)
		count += count_ours(s, s->services[i]);
	if (!count)
		return NULL;
	struct report_member *list = calloc(count, sizeof *list);
	for (size_t i = 0; list && i < s->nservices; i++)
		for (size_t k = 0; k < s->services[i]->nmembers; k++) {
			struct report_member *m = &list[*n];
			if (!is_ours(s, &s->services[i]->members[k]))
				continue;
			++*n;
			if (!fill_member(m, s, s->services[i], &s->services[i]->members[k])) {
				report_members_delete(list, *n);
				*n = SIZE_MAX;
				return NULL;
			}
			const struct report_member *old = find(before, nbefore, m);
			if (old) {
				m->arrived = old->arrived;
				m->forwarded = old->forwarded;
				m->told = old->told;
			}
		}
	if (!list)
		*n = SIZE_MAX;
	return list;
}

void report_members_delete(struct report_member *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].listeners);
	free(list);
}

/* --- what is said --- */

struct sums { uint64_t arrived, forwarded, sessions, capacity; bool limited; };

static struct sums sum(const struct report_member *m)
{
	struct sums s = { .limited = m->n > 0 };
	for (size_t i = 0; i < m->n; i++) {
		const struct listener_count *c = m->listeners[i]->count;
		s.arrived += atomic_load_explicit(&c->arrived, memory_order_relaxed);
		s.forwarded += atomic_load_explicit(&c->forwarded, memory_order_relaxed);
		s.sessions += atomic_load_explicit(&c->local, memory_order_relaxed);
		s.capacity += m->listeners[i]->conf->capacity;
		s.limited &= m->listeners[i]->conf->capacity > 0;
	}
	return s;
}

void report_member_tick(struct report_member *m, int64_t now)
{
	struct sums s = sum(m);
	rate_note(&m->arrived, now, s.arrived);
	rate_note(&m->forwarded, now, s.forwarded);
}

static uint32_t at_most(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* Down if any listener is; unknown while one doesn't know and none is down. */
static enum verdict state_of(const struct report_member *m, struct update_observation *out)
{
	enum verdict state = VERDICT_UP;
	for (size_t i = 0; i < m->n; i++) {
		struct pool_counts c;
		pool_count(m->listeners[i]->pool, &c);
		out->local_up += c.up;
		out->local_all += c.all;
		if (c.state == VERDICT_DOWN || state == VERDICT_UP)
			state = c.state;
	}
	return m->n ? state : VERDICT_UNKNOWN;
}

void report_member_fill(const struct report_member *m, bool ending, int64_t now, struct update_observation *out)
{
	struct sums s = sum(m);
	memset(out, 0, sizeof *out);
	out->state = state_of(m, out);
	out->has = HAS_SESSIONS | HAS_LOCAL | HAS_FORWARDED;
	if (out->state == VERDICT_DOWN)
		snprintf(out->check, sizeof out->check, "%" PRIu32 " of %" PRIu32 " real servers up", out->local_up, out->local_all);
	if (ending) {
		out->state = VERDICT_DOWN;
		snprintf(out->check, sizeof out->check, "forwarder stops");
	}
	out->sessions = at_most(s.sessions);
	out->forwarded_milli = rate_milli(&m->forwarded, now, s.forwarded);
	if (s.limited) {
		out->has |= HAS_CAPACITY | HAS_LOAD;
		out->capacity = at_most(s.capacity);
		out->load_ppm = s.sessions >= s.capacity ? 1000000 : (uint32_t)(s.sessions * 1000000 / s.capacity);
	}
	/* Who still comes though nobody is sent here: clients with stale answers. */
	if (out->state == VERDICT_DOWN || peers_is_out(m->peers, (size_t)(m->member - m->service->members))) {
		out->has |= HAS_TAIL;
		out->tail_milli = rate_milli(&m->arrived, now, s.arrived);
	}
}
