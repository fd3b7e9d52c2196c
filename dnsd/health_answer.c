#include "health_answer.h"

#include "../common/conf.h"
#include "../common/loop.h"
#include "../common/rtt.h"
#include "../common/rtt_record.h"
#include "../common/wire.h"
#include "explain.h"
#include "health.h"

/* Of round trips in one answer: 1,920 networks, which is what a TCP message holds if some are of IPv6. */
#define RTT_RECORDS_MAX 80

static struct health_input input_of(const struct health_cursor *c, size_t member)
{
	const struct lb *lb = c->item->lb;
	const struct member_numbers *numbers = lb->asks_numbers ? atomic_load_explicit(&lb->numbers, memory_order_acquire) : NULL;
	return (struct health_input){
		.conf = lb->conf, .service = lb->service, .member = member, .numbers = numbers ? &numbers[member] : NULL,
		.live = lb->members[member].live, .now = c->moment->now_mono_ns,
	};
}

/* Reads the next observer, so that health_more knows whether there is one. */
static void find_next(struct health_cursor *c)
{
	struct health_input in = input_of(c, c->item->member);
	c->count = c->at + health_next_seen(&in, &c->slot, &c->seen);
}

struct health_cursor health_begin(const struct item *i, const struct zone *z, const struct health_moment *moment)
{
	struct health_cursor c = { .item = i, .zone = z, .moment = moment, .count = 1 };
	if (i->kind == ITEM_HEALTH)
		c.count = i->lb->service->nmembers;
	else if (i->kind == ITEM_SITES)
		c.count = z->conf->nsites;
	else if (i->kind == ITEM_RTT)
		c.count = rtt_rows(i->rtt);
	else if (i->kind == ITEM_EXPLAIN)
		c.count = explain_count(i->explain);
	else if (i->kind == ITEM_HEALTH_MEMBER)
		find_next(&c);
	/* Somebody always speaks. */
	if (c.count == 0 && i->kind == ITEM_HEALTH_MEMBER)
		c.count = 1;
	return c;
}

/* Its members in the zone. A walk over all of them: rarely asked, and only by those who may. */
static void count_members(const struct zone *z, int site, struct health_site *out)
{
	for (size_t i = 0; i < z->nservices; i++) {
		const struct lb *lb = z->services[i];
		for (size_t m = 0; m < lb->service->nmembers; m++) {
			if (lb->service->members[m].site != site)
				continue;
			out->all++;
			out->up += atomic_load_explicit(&lb->members[m].live->verdict, memory_order_relaxed) == VERDICT_UP;
		}
	}
}

static size_t site_rdata(const struct health_cursor *c, uint8_t *out, size_t size)
{
	const struct site *site = &c->zone->conf->sites[c->at];
	struct health_site s = { .name = site->name, .heard = true, .age = 0, .config = c->zone->config };
	for (unsigned r = 0; r < EXCHANGE_REASONS && site == c->zone->conf->own; r++)
		s.counts[r] = exchange_count((enum exchange_reason)r);
	if (site != c->zone->conf->own) {
		const struct zone_site *heard = &c->zone->heard[c->at];
		int64_t last = atomic_load_explicit(&heard->last, memory_order_relaxed);
		s.age = last ? c->moment->now_mono_ns - last : -1;
		s.heard = last && s.age < observation_lifetime(true, INT64_MAX, loop_seconds(c->zone->conf->exchange.interval));
		s.config = atomic_load_explicit(&heard->config, memory_order_relaxed);
	}
	count_members(c->zone, (int)site->index, &s);
	return health_site_rdata(out, size, &s);
}

/* As many networks as a report's record has, and then goes to the next that there is. */
static size_t rtt_rdata(struct health_cursor *c, uint8_t *out, size_t size)
{
	const struct rtt_table *t = c->item->rtt;
	size_t site = c->item->member, i = rtt_next(t, site, c->at);
	struct rtt_network networks[RTT_RECORD_WRITTEN];
	size_t n = 0;
	for (; i < c->count && n < RTT_RECORD_WRITTEN; i = rtt_next(t, site, i + 1))
		networks[n++] = (struct rtt_network){ .network = rtt_row(t, i)->network, .us = rtt_row(t, i)->us[site] };
	c->at = ++c->records < RTT_RECORDS_MAX ? i : c->count;
	return rtt_record_show(c->zone->conf->sites[site].name, networks, n, out, size);
}

size_t health_next(struct health_cursor *c, uint8_t *out, size_t size)
{
	size_t n;
	if (c->item->kind == ITEM_RTT)
		return rtt_rdata(c, out, size);
	if (c->item->kind == ITEM_SITES) {
		n = site_rdata(c, out, size);
	} else if (c->item->kind == ITEM_ADMIN) {
		n = wire_get16(c->item->target);
		n = n <= size ? n : 0;
		memcpy(out, c->item->target + 2, n);
	} else if (c->item->kind == ITEM_EXPLAIN) {
		n = explain_rdata(c->item->explain, (unsigned)c->at, out, size);
	} else if (c->item->kind == ITEM_HEALTH) {
		struct health_input in = input_of(c, c->at);
		n = health_member_rdata(out, size, &in);
	} else {
		struct health_input in = input_of(c, c->item->member);
		n = health_observer_rdata(out, size, &in, c->seen.observer ? &c->seen : NULL);
		c->at++;
		find_next(c);
		return n;
	}
	c->at++;
	return n;
}
