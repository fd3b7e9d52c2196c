#include <time.h>
#include "peers_parts.h"
#include "weigh.h"

/*
 * member                         a redirect  a relay
 * of our own site                no          no
 * at no site of ours             yes         no: it never agreed to take our clients under our address
 * with a host name for target    yes         no: there is no address to connect to
 * any other                      yes         yes
 */
static bool is_eligible(const struct peers_service *ps, const struct member *m, bool for_redirect)
{
	if (m->site == ps->own_site)
		return false;
	return for_redirect || (m->site != MEMBER_NO_SITE && m->ntargets > 0);
}

/* Nothing known counts as up, behind those that are known to be. */
static struct member_view view_of(const struct peers_service *ps, size_t i, bool for_redirect)
{
	uint32_t word = atomic_load_explicit(&ps->members[i].word, memory_order_relaxed);

	if (!is_eligible(ps, &ps->service->members[i], for_redirect))
		return (struct member_view){ .verdict = VERDICT_DOWN };
	if (!(word & WORD_KNOWN))
		return (struct member_view){ .verdict = VERDICT_UP, .in_hold = true };
	return (struct member_view){ .verdict = word & WORD_VERDICT, .in_hold = word & WORD_HOLD,
	                             .percent = atomic_load_explicit(&ps->members[i].percent, memory_order_relaxed) };
}

static struct member_numbers numbers_of(const struct peer *p)
{
	return (struct member_numbers){
		.known = atomic_load_explicit(&p->known, memory_order_relaxed),
		.response_us = atomic_load_explicit(&p->response_us, memory_order_relaxed),
		.sessions = atomic_load_explicit(&p->sessions, memory_order_relaxed),
		.capacity = atomic_load_explicit(&p->capacity, memory_order_relaxed),
		.load_ppm = atomic_load_explicit(&p->load_ppm, memory_order_relaxed),
		.use_ppm = atomic_load_explicit(&p->use_ppm, memory_order_relaxed),
		.cost_milli = atomic_load_explicit(&p->cost_milli, memory_order_relaxed),
	};
}

/* Before the first answer the backup members are as good as any: behind the others. */
static size_t add_rest(const struct peers_service *ps, bool for_redirect, uint16_t *members, size_t n, size_t max)
{
	for (size_t i = 0; i < ps->service->nmembers && n < max; i++) {
		bool there = !is_eligible(ps, &ps->service->members[i], for_redirect);

		for (size_t k = 0; k < n && !there; k++)
			there = members[k] == i;
		if (!there)
			members[n++] = (uint16_t)i;
	}
	return n;
}

static uint64_t next_turn(struct peers_service *ps)
{
	return ps->takes_turns ? atomic_fetch_add_explicit(&ps->turn, 1, memory_order_relaxed) : 0;
}

static void look(const struct peers_service *ps, bool for_redirect, struct peers_look *out)
{
	struct member_view views[SERVICE_MEMBERS_MAX];

	for (size_t i = 0; i < ps->service->nmembers; i++)
		views[i] = view_of(ps, i, for_redirect);
	for (size_t i = 0; ps->asks_numbers && i < ps->service->nmembers; i++)
		out->numbers[i] = numbers_of(&ps->members[i]);
	out->in = (struct select_input){ .service = ps->service, .gate = &out->gate, .own_site = ps->own_site, .sites = ps->conf->sites,
	                                 .geo = ps->conf->geo, .networks = ps->conf->networks,
	                                 .numbers = ps->asks_numbers ? out->numbers : NULL, .now = ps->asks_time ? (int64_t)time(NULL) : 0 };
	if (weigh_is_due(ps->service, views)) {
		weigh(ps->service, views, &out->weighed, out->weighed_members);
		out->in.service = &out->weighed;
	}
	gate_compute(out->in.service, views, ps->own_site, false, &out->gate);
}

void peers_look(const struct peers_service *ps, struct peers_look *out)
{
	look(ps, false, out);
}

bool peers_change_unsaid(const struct peers_service *ps)
{
	return ps->asks_numbers || ps->asks_time;
}

size_t peers_choose(struct peers_service *ps, const struct addr *client, uint64_t random, bool for_redirect,
                    uint16_t *members_out, size_t max)
{
	struct peers_look now;
	struct select_client who = { .address = *client };
	bool known = atomic_load_explicit(&ps->known, memory_order_acquire);
	size_t n;

	look(ps, for_redirect, &now);
	addr_unmap(&who.address);
	prefix_of(&who.network, &who.address, ps->network4, ps->network6);
	now.in.client = &who;
	if (ps->asks_rtt)
		now.in.rtt = peers_rtt_table(*ps->rtt);
	now.in.random = random;
	now.in.turn = next_turn(ps);
	n = select_order(&now.in, max, members_out);
	return known ? n : add_rest(ps, for_redirect, members_out, n, max);
}

bool peers_usable(const struct peers_service *ps, bool for_redirect)
{
	for (size_t i = 0; i < ps->service->nmembers; i++)
		if (view_of(ps, i, for_redirect).verdict == VERDICT_UP)
			return true;
	return false;
}

bool peers_is_down(const struct peers_service *ps, size_t member)
{
	uint32_t word = atomic_load_explicit(&ps->members[member].word, memory_order_relaxed);

	return (word & WORD_KNOWN) && (word & WORD_VERDICT) == VERDICT_DOWN;
}

bool peers_own_set_down(const struct peers_service *ps)
{
	bool any = false;

	for (size_t i = 0; i < ps->service->nmembers; i++) {
		if (ps->service->members[i].site != ps->own_site)
			continue;
		any = true;
		if (!(atomic_load_explicit(&ps->members[i].word, memory_order_relaxed) & WORD_SET_DOWN))
			return false;
	}
	return any;
}

bool peers_is_out(const struct peers_service *ps, size_t member)
{
	uint32_t word = atomic_load_explicit(&ps->members[member].word, memory_order_relaxed);

	return (word & WORD_KNOWN) && ((word & WORD_VERDICT) == VERDICT_DOWN || (word & WORD_VERDICT) == VERDICT_DRAIN);
}

bool peers_known(const struct peers_service *ps)
{
	return atomic_load_explicit(&ps->known, memory_order_acquire);
}
