/* nat_choice: what the kernel is told in advance is what the selector would say of each client; a peer's end moves its own clients only. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "fwd/nat_choice.h"
#include "random.h"
#include "unit.h"

#define OWN 0

static struct service service;
static struct policy policy;
static struct rule rules[4];
static struct member members[5];
static struct addr addresses[5][2];
static struct member_view views[5];
static struct member_numbers numbers[5];
static struct gate gate;
static struct nat_question q;

/* Member 0 is ours; the others have an address of both families, and weight 1, 2, 3... */
static void make(size_t n, const char *listen)
{
	static const uint8_t name[] = "\3www\4gslb\7example\3com";
	char text[64];
	memset(rules, 0, sizeof rules);
	memset(members, 0, sizeof members);
	memset(numbers, 0, sizeof numbers);
	memcpy(service.name, name, sizeof name);
	service.name_len = sizeof name;
	policy = (struct policy){ .answers = 1, .rules = rules };
	service.policy = &policy;
	service.members = members;
	service.nmembers = n;
	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "m%zu", i);
		member_set_label(&members[i], text);
		members[i].site = (int)i;
		members[i].weight = (uint16_t)(i ? i : 1);
		members[i].rank = 1;
		snprintf(text, sizeof text, "198.51.100.%zu", i);
		addr_parse(&addresses[i][0], text, 0);
		snprintf(text, sizeof text, "2001:db8::%zu", i);
		addr_parse(&addresses[i][1], text, 0);
		members[i].targets = addresses[i];
		members[i].ntargets = 2;
		views[i] = (struct member_view){ .verdict = i == OWN ? VERDICT_DOWN : VERDICT_UP };
	}
	q = (struct nat_question){ .in = { .service = &service, .gate = &gate, .own_site = OWN }, .network4 = 24, .network6 = 56, .buckets = 256 };
	addr_parse(&q.stand_in, listen, 110);
}

static struct nat_choice *ask(void)
{
	gate_compute(&service, views, OWN, false, &gate);
	struct nat_choice *c = nat_choice_make(&q);
	CU_ASSERT_FATAL(c != NULL);
	return c;
}

static void add_rule(const struct prefix *from, size_t nfrom, size_t n, const enum metric *metrics)
{
	struct rule *r = &rules[policy.nrules++];
	r->from = (struct prefix *)from;
	r->nfrom = nfrom;
	memcpy(r->metrics, metrics, n * sizeof *metrics);
	r->nmetrics = n;
}

static const struct nat_class *class_of(const struct nat_choice *c, const struct addr *client)
{
	for (size_t i = 0; i < c->nclasses; i++)
		for (size_t k = 0; k < c->classes[i].n; k++)
			if (prefix_covers(&c->classes[i].networks[k], client))
				return &c->classes[i];
	return NULL;
}

static const char *label_at(const struct nat_choice *c, const struct nat_class *class, size_t bucket)
{
	uint8_t t = class->target_of[bucket];
	return t == NAT_NOBODY ? "nobody" : c->targets[t].label;
}

static unsigned share(const struct nat_choice *c, const struct nat_class *class, const char *label)
{
	unsigned n = 0;
	for (size_t b = 0; b < c->buckets; b++)
		n += strcmp(label_at(c, class, b), label) == 0;
	return n;
}

static void one_peer_gets_all(void)
{
	make(2, "192.0.2.25");
	struct nat_choice *c = ask();
	CU_ASSERT(nat_choice_any(c) && c->nclasses == 1 && c->ntargets == 1 && !c->alike && c->network == 0);
	CU_ASSERT(nat_class_only(&c->classes[0], c->buckets) == 0);
	CU_ASSERT(addr_same_ip(&c->targets[0].to, &addresses[1][0]));
	nat_choice_release(c);
	make(2, "2001:db8:1::25");
	c = ask();
	CU_ASSERT(addr_same_ip(&c->targets[0].to, &addresses[1][1]));
	CU_ASSERT(c->classes[0].n == 1 && c->classes[0].networks[0].length == 0);
	nat_choice_release(c);
}

static void nobody_can_be_had(void)
{
	make(2, "192.0.2.25");
	views[1].verdict = VERDICT_DOWN;
	struct nat_choice *c = ask();
	CU_ASSERT(!nat_choice_any(c) && nat_choice_same(c, NULL));
	nat_choice_release(c);
	CU_ASSERT(!nat_choice_any(NULL));
	/* up, but with addresses of the other family only */
	make(2, "192.0.2.25");
	members[1].targets = &addresses[1][1];
	members[1].ntargets = 1;
	c = ask();
	CU_ASSERT(!nat_choice_any(c) && nat_class_only(&c->classes[0], c->buckets) == NAT_NOBODY);
	nat_choice_release(c);
}

static void shares_follow_weights(void)
{
	make(4, "192.0.2.25"); /* 1, 2, 3 */
	struct nat_choice *c = ask();
	for (unsigned i = 1; i < 4; i++) {
		unsigned n = share(c, &c->classes[0], members[i].label), want = 256 * i / 6;
		CU_ASSERT(n > want - 25 && n < want + 25);
	}
	nat_choice_release(c);
}

static void a_peer_that_goes_moves_its_clients_only(void)
{
	for (int six = 0; six < 2; six++) {
		make(5, six ? "2001:db8:1::25" : "192.0.2.25");
		struct nat_choice *all = ask();
		views[2].verdict = VERDICT_DOWN;
		struct nat_choice *less = ask();
		unsigned moved = 0;
		for (size_t b = 0; b < 256; b++) {
			const char *was = label_at(all, &all->classes[0], b), *is = label_at(less, &less->classes[0], b);
			moved += strcmp(was, is) != 0;
			CU_ASSERT((strcmp(was, is) != 0) == (strcmp(was, "m2") == 0));
		}
		CU_ASSERT(moved == share(all, &all->classes[0], "m2") && moved > 20);
		CU_ASSERT(!nat_choice_same(all, less) && nat_choice_same(all, all));
		views[2].verdict = VERDICT_UP;
		struct nat_choice *again = ask();
		CU_ASSERT(nat_choice_same(all, again));
		nat_choice_release(all);
		nat_choice_release(less);
		nat_choice_release(again);
	}
}

/* Whoever the selector may say for a client has some of its buckets, and nobody else has. */
static void agrees(const struct nat_choice *c, const struct addr *client)
{
	const struct nat_class *class = class_of(c, client);
	unsigned said[5] = { 0 };
	struct select_client who = { .address = *client };
	struct select_input in = q.in;
	uint16_t first;
	uint64_t state = 1;
	CU_ASSERT_FATAL(class != NULL);
	in.client = &who;
	prefix_of(&who.network, client, 24, 56);
	for (int i = 0; i < 200; i++) {
		in.random = random64(&state);
		if (select_order(&in, 1, &first) == 1)
			said[first]++;
	}
	for (size_t i = 0; i < service.nmembers; i++)
		CU_ASSERT((share(c, class, members[i].label) > 0) == (said[i] > 0));
}

static void networks_are_told_apart(void)
{
	static const char *const texts4[] = { "10.0.0.0/8", "10.1.2.0/24", "172.16.0.0/12", "192.0.2.7/32", "255.255.255.0/24" };
	static const char *const texts6[] = { "2001:db8:8000::/33", "2001:db8:1::/48", "fd00::/8", "2001:db8:2::7/128", "ff00::/8" };
	static const char *const asked[2][8] = {
		{ "10.0.0.0", "10.255.255.255", "11.0.0.0", "9.255.255.255", "192.0.2.7", "192.0.2.8", "255.255.255.255", "172.31.1.1" },
		{ "2001:db8:8000::", "2001:db8:ffff:ffff::1", "2001:db8:1::1", "2001:db8:2::7", "2001:db8:2::8", "::", "ff02::1", "2001:db8:7fff::" } };
	for (int six = 0; six < 2; six++) {
		const char *const *texts = six ? texts6 : texts4;
		struct prefix p[5];
		for (size_t i = 0; i < 5; i++)
			CU_ASSERT_FATAL(prefix_parse(&p[i], texts[i]));
		make(5, six ? "2001:db8:1::25" : "192.0.2.25");
		members[3].rank = members[4].rank = 2;
		add_rule(&p[1], 1, 1, (enum metric[]){ METRIC_WEIGHTED });
		rules[0].sites = (uint64_t[]){ 4 };
		rules[0].nsites = 1;
		add_rule(&p[0], 1, 1, (enum metric[]){ METRIC_RANK });
		add_rule(&p[2], 3, 1, (enum metric[]){ METRIC_RANDOM });
		rules[2].sites = (uint64_t[]){ 2, 3 };
		rules[2].nsites = 2;
		struct nat_choice *c = ask();
		CU_ASSERT(c->nclasses == 4 && !c->alike);
		for (size_t i = 0; i < 8; i++) {
			struct addr a;
			CU_ASSERT_FATAL(addr_parse(&a, asked[six][i], 0));
			agrees(c, &a);
		}
		for (size_t i = 0; i < 5; i++) {
			struct addr a;
			addr_from_bytes(&a, p[i].family, p[i].bytes, 0);
			agrees(c, &a);
		}
		/* the last one needs no test, since the others have all that is in none of theirs */
		for (size_t i = 0; i + 1 < c->nclasses; i++)
			CU_ASSERT(c->classes[i].n <= c->classes[c->nclasses - 1].n);
		nat_choice_release(c);
	}
}

static void too_many_networks_are_alike(void)
{
	static struct prefix many[NAT_NETWORKS_MAX];
	make(3, "192.0.2.25");
	for (size_t i = 0; i < NAT_NETWORKS_MAX; i++)
		many[i] = (struct prefix){ .family = AF_INET, .length = 24, .bytes = { 10, (uint8_t)(i >> 7), (uint8_t)(i << 1) } };
	add_rule(many, NAT_NETWORKS_MAX, 1, (enum metric[]){ METRIC_WEIGHTED });
	rules[0].sites = (uint64_t[]){ 1 };
	rules[0].nsites = 1;
	struct nat_choice *c = ask();
	CU_ASSERT(c->alike && c->nclasses == 1 && share(c, &c->classes[0], "m2") > 0 && share(c, &c->classes[0], "m1") > 0);
	nat_choice_release(c);
	/* by the stand-in */
	addr_parse(&q.stand_in, "10.0.2.9", 110);
	c = ask();
	CU_ASSERT(c->alike && share(c, &c->classes[0], "m1") == 256);
	nat_choice_release(c);
	/* IPv6 clients meet none of them */
	addr_parse(&q.stand_in, "2001:db8::9", 110);
	c = ask();
	CU_ASSERT(!c->alike && c->nclasses == 1);
	nat_choice_release(c);
}

static void hash_goes_by_network(void)
{
	make(3, "192.0.2.25");
	add_rule(NULL, 0, 1, (enum metric[]){ METRIC_HASH });
	struct nat_choice *c = ask();
	CU_ASSERT(c->network == 24 && c->nclasses == 1);
	nat_choice_release(c);
	addr_parse(&q.stand_in, "2001:db8:1::25", 0);
	c = ask();
	CU_ASSERT(c->network == 56 && c->nclasses == 1);
	nat_choice_release(c);
}

static void numbers_and_shedding_count(void)
{
	make(3, "192.0.2.25");
	q.in.numbers = numbers;
	numbers[1] = (struct member_numbers){ .known = NUMBER_LOAD | NUMBER_USE, .load_ppm = 900000, .use_ppm = 875000 };
	numbers[2] = (struct member_numbers){ .known = NUMBER_LOAD | NUMBER_USE, .load_ppm = 100000, .use_ppm = 100000 };
	add_rule(NULL, 0, 1, (enum metric[]){ METRIC_LOAD });
	struct nat_choice *c = ask();
	CU_ASSERT(share(c, &c->classes[0], "m2") == 256);
	nat_choice_release(c);
	/* half of the first one's clients are shed */
	policy.nrules = 0;
	policy.shed_from = 800000;
	policy.shed_to = 950000;
	members[1].weight = 65535;
	c = ask();
	unsigned n = share(c, &c->classes[0], "m1");
	CU_ASSERT(n > 90 && n < 166 && n + share(c, &c->classes[0], "m2") == 256 && c->network == 24);
	nat_choice_release(c);
	/* and when that leaves nobody of the family, they are not shed */
	members[2].targets = &addresses[2][1];
	members[2].ntargets = 1;
	c = ask();
	CU_ASSERT(share(c, &c->classes[0], "m1") == 256);
	nat_choice_release(c);
}

static void a_full_rule_has_room_for_the_hash(void)
{
	enum metric all[RULE_METRICS_MAX];
	for (size_t i = 0; i < RULE_METRICS_MAX; i++)
		all[i] = i % 2 ? METRIC_RANK : METRIC_COST;
	make(3, "192.0.2.25");
	add_rule(NULL, 0, RULE_METRICS_MAX, all);
	struct nat_choice *c = ask(), *again;
	CU_ASSERT(share(c, &c->classes[0], "m1") > 0 && share(c, &c->classes[0], "m2") > 0);
	again = ask();
	CU_ASSERT(nat_choice_same(c, again));
	CU_ASSERT(rules[0].nmetrics == RULE_METRICS_MAX && rules[0].metrics[RULE_METRICS_MAX - 1] == METRIC_RANK);
	nat_choice_release(c);
	nat_choice_release(again);
}

/* Ten kinds of clients with two or three peers each. */
static void make_kinds(void)
{
	static uint64_t sites[9][3] = { { 1, 2 }, { 1, 3 }, { 1, 4 }, { 2, 3 }, { 2, 4 }, { 3, 4 }, { 1, 2, 3 }, { 1, 2, 4 }, { 1, 3, 4 } };
	static struct rule many[9];
	static struct prefix from[9];
	make(5, "192.0.2.25");
	memset(many, 0, sizeof many);
	policy.rules = many;
	policy.nrules = 9;
	for (size_t i = 0; i < 9; i++) {
		char text[32];
		snprintf(text, sizeof text, "10.%zu.0.0/16", i);
		CU_ASSERT_FATAL(prefix_parse(&from[i], text));
		many[i] = (struct rule){ .from = &from[i], .nfrom = 1, .sites = sites[i], .nsites = i < 6 ? 2 : 3, .nmetrics = 1 };
		many[i].metrics[0] = METRIC_WEIGHTED;
	}
}

#define MANY 100

/* Its classes each have a map: all of them count. */
static void elements_stay_within_bounds(void)
{
	struct nat_choice *all[MANY] = { NULL }, *fewer;
	size_t elements = 0;
	make_kinds();
	for (size_t i = 0; i < MANY; i++)
		if (i != 7)
			all[i] = ask();
	CU_ASSERT_FATAL(all[0]->nclasses == 10 && nat_choice_elements(all[0]) == 10 * 256 && nat_choice_elements(NULL) == 0);
	nat_choice_fit(all, 3);
	CU_ASSERT(all[0]->buckets == 256 && all[2]->buckets == 256); /* 7,680 */
	nat_choice_fit(all, 4);
	CU_ASSERT(all[0]->buckets == 128 && all[3]->buckets == 128 && all[4]->buckets == 256);
	/* a class each: many addresses need not have less */
	nat_choice_fit(all, MANY);
	for (size_t i = 0; i < MANY; i++)
		elements += nat_choice_elements(all[i]);
	CU_ASSERT(elements > NAT_ELEMENTS_MAX / 4 && elements <= NAT_ELEMENTS_MAX);
	CU_ASSERT(all[0]->buckets == 8 && all[MANY - 1]->buckets == 8);
	/* the same as if that many had been asked for, but for kinds that have become one */
	q.buckets = 8;
	fewer = ask();
	CU_ASSERT(nat_choice_same(all[0], fewer));
	nat_choice_release(fewer);
	for (size_t i = 0; i < MANY; i++)
		nat_choice_release(all[i]);
}

/* Those with a single target need no map, and cost the others nothing. */
static void single_targets_are_no_elements(void)
{
	struct nat_choice *all[MANY];
	make(2, "192.0.2.25");
	for (size_t i = 0; i < MANY - 1; i++)
		all[i] = ask();
	make(5, "192.0.2.25");
	all[MANY - 1] = ask();
	nat_choice_fit(all, MANY);
	CU_ASSERT(nat_choice_elements(all[0]) == 0 && all[MANY - 1]->buckets == 256 && nat_choice_elements(all[MANY - 1]) == 256);
	for (size_t i = 0; i < MANY; i++)
		nat_choice_release(all[i]);
}

/* Whoever is alone in front gets all; without an address of the family it is up to those behind. */
static void who_is_alone_in_front_gets_all(void)
{
	make(5, "192.0.2.25");
	members[1].rank = 1;
	members[2].rank = members[3].rank = members[4].rank = 2;
	add_rule(NULL, 0, 1, (enum metric[]){ METRIC_RANK });
	struct nat_choice *c = ask();
	CU_ASSERT(nat_class_only(&c->classes[0], c->buckets) == 0 && share(c, &c->classes[0], "m1") == 256);
	nat_choice_release(c);
	members[1].targets = &addresses[1][1];
	members[1].ntargets = 1;
	c = ask();
	for (size_t i = 2; i < 5; i++)
		CU_ASSERT(share(c, &c->classes[0], members[i].label) > 30);
	nat_choice_release(c);
}

UNIT_MAIN("nat_choice", UNIT_TEST(one_peer_gets_all), UNIT_TEST(nobody_can_be_had), UNIT_TEST(shares_follow_weights),
          UNIT_TEST(a_peer_that_goes_moves_its_clients_only), UNIT_TEST(networks_are_told_apart), UNIT_TEST(too_many_networks_are_alike),
          UNIT_TEST(hash_goes_by_network), UNIT_TEST(numbers_and_shedding_count), UNIT_TEST(a_full_rule_has_room_for_the_hash),
          UNIT_TEST(elements_stay_within_bounds), UNIT_TEST(single_targets_are_no_elements), UNIT_TEST(who_is_alone_in_front_gets_all))
