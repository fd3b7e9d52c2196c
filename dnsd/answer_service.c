#include "answer_service.h"

#include <time.h>

#include "../common/conf.h"
#include "answer_items.h"
#include "generation.h"

static void add_members(struct answer *a, const struct lb *lb, const struct lb_state *st, uint16_t type,
                        const uint16_t *members, size_t n, struct owner owner)
{
	struct item *i = answer_add(a, ITEM_MEMBERS, owner, ANSWER);
	if (!i)
		return;
	i->ttl = st->ttl;
	i->type = type;
	i->nmembers = (uint8_t)n;
	for (size_t k = 0; k < n; k++)
		i->records[k] = lb_records_of(lb, st, members[k], type == RR_A);
}

static void add_host(struct answer *a, const struct lb *lb, const struct lb_state *st, uint16_t member, struct owner owner)
{
	struct item *i = answer_add(a, ITEM_HOST, owner, ANSWER);
	if (!i)
		return;
	i->lb = lb;
	i->ttl = st->ttl;
	i->member = member;
}

/*
 * Whom the rules look at (spec 4, the client): the Client Subnet if there is
 * one, else the resolver. SOURCE 0 asks us not to look: there is no client then
 * (RFC 7871 section 7.1.2).
 */
static void who_asks(struct select_client *c, struct select_input *si, const struct answer_input *in)
{
	const struct conf_dns *dns = &in->gen->conf->dns;
	memset(c, 0, sizeof *c);
	const struct edns_subnet *subnet = in->reply ? in->reply->subnet : NULL;
	if (!subnet) {
		c->address = *in->client;
	} else {
		if (!subnet->source)
			return;
		addr_from_bytes(&c->address, subnet->family == 1 ? AF_INET : AF_INET6, subnet->address, 0);
		si->scope = &in->reply->scope;
	}
	prefix_of(&c->network, &c->address, (uint8_t)dns->networks4, (uint8_t)dns->networks6);
}

const struct rtt_table *answer_rtt_table(const struct conf *conf, const struct answer_input *in)
{
	return conf == in->gen->conf ? atomic_load_explicit(&in->gen->rtt, memory_order_acquire) : NULL;
}

static uint32_t *turn_of(const struct lb *lb, uint16_t type, const struct answer_input *in)
{
	return &in->turns[lb->turn + (type == RR_AAAA ? TURN_AAAA : TURN_A)];
}

void answer_select_input(struct select_input *si, struct select_client *client, bool asks, const struct lb *lb, const struct lb_state *st,
                         uint16_t type, const struct answer_input *in)
{
	*si = (struct select_input){
		.service = lb_chosen_from(lb, st), .gate = &st->gate, .client = client,
		.own_site = (int)lb->conf->own->index, .sites = lb->conf->sites, .random = in->random, .turn = in->turn,
		.rtt = answer_rtt_table(lb->conf, in),
	};
	if (lb->asks_numbers)
		si->numbers = atomic_load_explicit(&lb->numbers, memory_order_acquire);
	if (lb->asks_turn && in->turns)
		si->turn = *turn_of(lb, type, in);
	if (lb->asks_time)
		si->now = in->now ? in->now : (int64_t)time(NULL);
	if (!asks)
		return;
	si->geo = lb->conf->geo;
	si->networks = lb->conf->networks;
	who_asks(client, si, in);
}

/* `every`: all members have an address of the type, so nobody is passed over. */
__attribute__((noinline))
static bool answer_ordered(struct answer *a, const struct lb *lb, const struct lb_state *st, uint16_t type, bool every,
                           const struct answer_input *in, struct owner owner)
{
	uint16_t order[SERVICE_MEMBERS_MAX];
	size_t want = lb->service->policy->answers, n = 0;
	struct select_client client;
	struct select_input si;
	answer_select_input(&si, &client, lb->asks_client, lb, st, type, in);
	if (lb->asks_turn && in->turns)
		++*turn_of(lb, type, in);
	size_t ordered = select_order(&si, every ? want : SERVICE_MEMBERS_MAX, order);
	if (!ordered)
		return false;
	if (every) {
		add_members(a, lb, st, type, order, ordered, owner);
		return true;
	}
	if (lb->any_host && lb->service->members[order[0]].host) {
		add_host(a, lb, st, order[0], owner);
		return true;
	}
	if (type != RR_A && type != RR_AAAA)
		return false;
	for (size_t i = 0; i < ordered && n < want; i++)
		if (lb_records_of(lb, st, order[i], type == RR_A)->n)
			order[n++] = order[i];
	if (n)
		add_members(a, lb, st, type, order, n, owner);
	return n != 0;
}

/*
 * The answer of a service (spec 4, address families): the first `answers`
 * members of the order that have an address of the family; a host name that
 * comes first stands alone, for every type, and is passed over later on.
 * `type` is RR_A or RR_AAAA, or any other type to see only the host name.
 * False: nothing for this type.
 */
static bool answer_selected(struct answer *a, const struct lb *lb, const struct lb_state *st, uint16_t type,
                            const struct answer_input *in, struct owner owner)
{
	bool every = type == RR_A ? lb->every_a : type == RR_AAAA && lb->every_aaaa;
	if (every && lb->draws && st->gate.weight) {
		uint16_t drawn = select_draw(lb_chosen_from(lb, st), &st->gate, in->random);
		add_members(a, lb, st, type, &drawn, 1, owner);
		return true;
	}
	return answer_ordered(a, lb, st, type, every, in, owner);
}

/* ANY is answered with one set (RFC 8482 section 4.1): for a service with its addresses, IPv4 first, of those that there are now. */
static uint16_t first_type(uint16_t type)
{
	return type == RR_ANY ? RR_A : type;
}

const struct lb_state *answer_state(struct answer *a, const struct lb *lb)
{
	const struct lb_state *st = atomic_load_explicit(&lb->state, memory_order_acquire);
	if (st && st->ready)
		return st;
	answer_fail(a, RCODE_SERVFAIL, EDE_NOT_READY, "first health checks are under way");
	return NULL;
}

bool answer_service(struct answer *a, const struct lb *lb, uint16_t qtype, const struct answer_input *in,
                           struct owner owner, uint32_t *negative_cap)
{
	uint16_t type = first_type(qtype);
	if (type != RR_A && type != RR_AAAA && !lb->any_host)
		return false;
	const struct lb_state *st = answer_state(a, lb);
	if (!st)
		return true;
	*negative_cap = st->ttl;
	if (answer_selected(a, lb, st, type, in, owner) || (qtype == RR_ANY && answer_selected(a, lb, st, RR_AAAA, in, owner)))
		return true;
	if (st->gate.step == GATE_NONE && (type == RR_A || type == RR_AAAA)) {
		a->ede = EDE_NETWORK;
		a->ede_text = "every member is down and the policy is closed";
	}
	return false;
}

/* That member's addresses, or host name; while it is down those of the service, unless names are pinned. False: nothing for this type. */
__attribute__((noinline))
static bool answer_one(struct answer *a, const struct lb *lb, const struct lb_state *st, uint16_t member, uint16_t type,
                       const struct answer_input *in, struct owner owner)
{
	if (lb_is_down(st, member) && lb->conf->dns.site_names != SITE_NAMES_PIN)
		return answer_selected(a, lb, st, type, in, owner);
	if (lb->service->members[member].host) {
		add_host(a, lb, st, member, owner);
		return true;
	}
	if ((type != RR_A && type != RR_AAAA) || !lb_records_of(lb, st, member, type == RR_A)->n)
		return false;
	add_members(a, lb, st, type, &member, 1, owner);
	return true;
}

bool answer_member(struct answer *a, const struct lb *lb, uint16_t member, uint16_t qtype, const struct answer_input *in,
                   struct owner owner, uint32_t *negative_cap)
{
	const struct lb_state *st = answer_state(a, lb);
	if (!st)
		return true;
	*negative_cap = st->ttl;
	return answer_one(a, lb, st, member, first_type(qtype), in, owner) || (qtype == RR_ANY && answer_one(a, lb, st, member, RR_AAAA, in, owner));
}

/* What was put there since there were `before` items becomes additional. False: a host name, which is no address. */
static bool make_optional(struct answer *a, unsigned before)
{
	for (unsigned i = before; i < a->nitems; i++) {
		if (a->items[i].kind == ITEM_HOST) {
			a->nitems = before;
			return false;
		}
		a->items[i].section = OPTIONAL;
	}
	return true;
}

__attribute__((noinline))
void answer_service_addresses(struct answer *a, enum node_kind kind, const struct lb *lb, uint16_t member,
                              const struct answer_input *asked, struct owner owner)
{
	static const uint16_t types[] = { RR_A, RR_AAAA };
	struct answer_input in = *asked;
	if (in.turns)
		in.turns += TURN_ADDITIONAL;
	const struct lb_state *st = atomic_load_explicit(&lb->state, memory_order_acquire);
	bool more = st && st->ready;
	for (size_t t = 0; more && t < 2; t++) {
		unsigned before = a->nitems;
		if (kind == NODE_MEMBER)
			answer_one(a, lb, st, member, types[t], &in, owner);
		else
			answer_selected(a, lb, st, types[t], &in, owner);
		more = make_optional(a, before);
	}
}
