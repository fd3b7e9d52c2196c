#include "lb_numbers.h"

#include <stdlib.h>
#include <string.h>
#include "../common/conf.h"
#include "../common/loop.h"
#include "../common/shed.h"
#include "numbers.h"

static uint32_t at_most32(uint64_t v)
{
	return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

/* Our own check's time; of members that we don't look at, what their home's checks say. */
static uint32_t response_of(const struct live_member *l, const struct numbers *n)
{
	uint32_t own = atomic_load_explicit(&l->rtt_us, memory_order_relaxed);
	return own ? own : n->rtt_us;
}

/* How busy it is, as shedding goes by it: by what is said, or for a while by what was. */
static void gather_use(struct shed_state *shed, const struct member *m, const struct policy *p, const struct numbers *n, int64_t now,
                       struct member_numbers *out)
{
	uint32_t use;
	bool is_known = shed_use(out, n->capacity, &use);
	if (is_known) {
		shed_measure(shed, n->has & (HAS_CAPACITY | HAS_LOAD) ? 0 : m->capacity);
		out->use_ppm = shed_follow(shed, p, use, n->of_fwd && n->has & HAS_SESSIONS, now);
	} else {
		is_known = shed_go_on(shed, p, now, &out->use_ppm);
	}
	out->known |= is_known ? NUMBER_USE : 0u;
}

static void gather(struct lb *lb, size_t member, int64_t now, struct member_numbers *out)
{
	const struct member *m = &lb->service->members[member];
	const struct live_member *l = lb->members[member].live;
	const char *site = m->site == MEMBER_NO_SITE ? NULL : lb->conf->sites[m->site].name;
	struct numbers n = numbers_of(l, m, site, now, loop_seconds(lb->conf->exchange.interval));
	uint32_t response = response_of(l, &n);
	*out = (struct member_numbers){
		.response_us = response, .sessions = at_most32(n.sessions), .capacity = at_most32(n.capacity),
		.load_ppm = at_most32(n.load_ppm), .cost_milli = n.cost_milli,
		.known = (response ? NUMBER_RESPONSE : 0u) | (n.has & HAS_SESSIONS ? NUMBER_SESSIONS : 0u) |
			(n.capacity ? NUMBER_CAPACITY : 0u) | (n.has & HAS_LOAD ? NUMBER_LOAD : 0u) | (n.has & HAS_COST ? NUMBER_COST : 0u),
	};
	if (policy_sheds(lb->service->policy))
		gather_use(l->shed, m, lb->service->policy, &n, now, out);
}

bool lb_numbers_prepare(struct lb *lb)
{
	for (size_t i = 0; policy_sheds(lb->service->policy) && i < lb->service->nmembers; i++) {
		struct live_member *l = lb->members[i].live;
		if (!l->shed && !(l->shed = calloc(1, sizeof *l->shed)))
			return false;
	}
	return true;
}

void lb_numbers_adopt(const struct lb *lb)
{
	for (size_t i = 0; i < lb->service->nmembers; i++) {
		struct live_member *l = lb->members[i].live;
		l->asks_numbers = lb->asks_numbers;
		if (l->shed && !policy_sheds(lb->service->policy))
			l->shed->begun = false;
	}
}

bool lb_numbers_publish(struct lb *lb, int64_t now, struct member_numbers **old)
{
	size_t n = lb->service->nmembers, size = n * sizeof(struct member_numbers);
	struct member_numbers *before = atomic_load_explicit(&lb->numbers, memory_order_relaxed);
	struct member_numbers *numbers = malloc(size ? size : 1);
	*old = NULL;
	if (!numbers)
		return false;
	for (size_t i = 0; i < n; i++)
		gather(lb, i, now, &numbers[i]);
	if (before && memcmp(before, numbers, size) == 0) {
		free(numbers);
		return true;
	}
	*old = before;
	atomic_store_explicit(&lb->numbers, numbers, memory_order_release);
	return true;
}

bool lb_numbers_are_moving(const struct lb *lb)
{
	for (size_t i = 0; policy_sheds(lb->service->policy) && i < lb->service->nmembers; i++)
		if (shed_is_moving(lb->members[i].live->shed))
			return true;
	return false;
}
