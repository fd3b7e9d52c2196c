#include "health_answer.h"

#include "../common/conf.h"
#include "health.h"

struct health_cursor health_begin(const struct item *i, const struct zone *z, const struct encode_moment *moment)
{
	struct health_cursor c = { .item = i, .zone = z, .moment = moment, .count = 1 };
	if (i->kind == ITEM_HEALTH)
		c.count = i->lb->service->nmembers;
	else if (i->kind == ITEM_SITES)
		c.count = z->conf->nsites;
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
	bool own = site == c->zone->conf->own;
	/* Without an exchange between the sites only our own is heard, and right now. */
	struct health_site s = { .name = site->name, .heard = own, .age = own ? 0 : -1, .config = own ? c->zone->config : 0 };
	count_members(c->zone, (int)site->index, &s);
	return health_site_rdata(out, size, &s);
}

size_t health_next(struct health_cursor *c, uint8_t *out, size_t size)
{
	size_t n;
	if (c->item->kind == ITEM_SITES) {
		n = site_rdata(c, out, size);
	} else {
		const struct lb *lb = c->item->lb;
		size_t member = c->item->kind == ITEM_HEALTH ? c->at : c->item->member;
		struct health_input in = {
			.conf = lb->conf, .service = lb->service, .member = member,
			.live = lb->members[member].live, .now = c->moment->now_mono_ns,
		};
		n = c->item->kind == ITEM_HEALTH ? health_member_rdata(out, size, &in) : health_observer_rdata(out, size, &in);
	}
	c->at++;
	return n;
}
