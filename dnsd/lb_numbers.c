#include "lb_numbers.h"

#include <stdlib.h>
#include <string.h>
#include "../common/conf.h"
#include "../common/loop.h"
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

static void gather(struct lb *lb, size_t member, int64_t now, struct member_numbers *out)
{
	const struct member *m = &lb->service->members[member];
	const struct live_member *l = lb->members[member].live;
	const char *site = m->site == MEMBER_NO_SITE ? NULL : lb->conf->sites[m->site].name;
	struct numbers n = numbers_of(l, m, site, now, loop_seconds(lb->conf->exchange.interval));
	uint32_t response = response_of(l, &n), use;
	*out = (struct member_numbers){
		.response_us = response, .sessions = at_most32(n.sessions), .capacity = at_most32(n.capacity),
		.load_ppm = at_most32(n.load_ppm), .cost_milli = n.cost_milli,
		.known = (response ? NUMBER_RESPONSE : 0u) | (n.has & HAS_SESSIONS ? NUMBER_SESSIONS : 0u) |
			(n.capacity ? NUMBER_CAPACITY : 0u) | (n.has & HAS_LOAD ? NUMBER_LOAD : 0u) | (n.has & HAS_COST ? NUMBER_COST : 0u),
	};
	if (!lb->shed)
		return;
	if (!shed_use(out, n.capacity, &use)) {
		lb->shed[member] = (struct shed_state){ .begun = false };
		return;
	}
	out->use_ppm = shed_follow(&lb->shed[member], lb->service->policy, use, n.of_fwd && n.has & HAS_SESSIONS, now);
	out->known |= NUMBER_USE;
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
	for (size_t i = 0; lb->shed && i < lb->service->nmembers; i++)
		if (shed_is_moving(&lb->shed[i]))
			return true;
	return false;
}
