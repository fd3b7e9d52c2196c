/* select and metrics: the gate's sets case by case; of the orders their promises, over many draws. */
#include "unit.h"
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "metrics.h"
#include "random.h"
#include "select.h"

#define OWN 0
#define DRAWS 100000

/* A service in a few words, on the stack. */
struct fixture {
	struct service service;
	struct policy policy;
	struct rule rules[4];
	struct member members[SERVICE_MEMBERS_MAX];
	struct member_view views[SERVICE_MEMBERS_MAX];
	struct gate gate;
	struct select_client client;
	struct select_input in;
};

static void fixture_init(struct fixture *f)
{
	static const uint8_t name[] = "\3www\4gslb\7example\3com";

	memset(f, 0, sizeof *f);
	memcpy(f->service.name, name, sizeof name);
	f->service.name_len = sizeof name;
	f->service.policy = &f->policy;
	f->service.members = f->members;
	f->policy.answers = 1;
	f->policy.rules = f->rules;
	addr_parse(&f->client.address, "198.51.100.7", 0);
	prefix_of(&f->client.network, &f->client.address, 24, 56);
	f->in = (struct select_input){ .service = &f->service, .gate = &f->gate, .client = &f->client, .own_site = OWN };
}

static struct member *add(struct fixture *f, int site, unsigned weight, unsigned rank)
{
	size_t i = f->service.nmembers++;
	struct member *m = &f->members[i];
	char label[16];

	snprintf(label, sizeof label, "m%zu", i);
	member_set_label(m, label);
	m->site = site;
	m->weight = (uint16_t)weight;
	m->rank = (uint8_t)rank;
	f->views[i].verdict = VERDICT_UP;
	return m;
}

static void gate(struct fixture *f) { gate_compute(&f->service, f->views, MEMBER_NO_SITE, true, &f->gate); }

static struct rule *rule(struct fixture *f, size_t nmetrics, const enum metric *metrics)
{
	struct rule *r = &f->rules[f->policy.nrules++];

	memcpy(r->metrics, metrics, nmetrics * sizeof *metrics);
	r->nmetrics = nmetrics;
	return r;
}

#define RULE(f, ...) rule(f, sizeof((enum metric[]){ __VA_ARGS__ }) / sizeof(enum metric), (enum metric[]){ __VA_ARGS__ })

/* Members as letters: u up, h in hold, 0 weight 0, d down, D drain, ? unknown; capitals U H N: backup (up, down, drain). */
static void add_letters(struct fixture *f, const char *letters)
{
	for (int site = 0; letters[site]; site++) {
		struct member *m = add(f, site, letters[site] == '0' ? 0 : 1, 1);
		struct member_view *v = &f->views[site];

		v->in_hold = letters[site] == 'h';
		m->backup = strchr("UHN", letters[site]) != NULL;
		if (strchr("dH", letters[site]))
			v->verdict = VERDICT_DOWN;
		else if (strchr("DN", letters[site]))
			v->verdict = VERDICT_DRAIN;
		else if (letters[site] == '?')
			v->verdict = VERDICT_UNKNOWN;
	}
}

static const char *gate_text(const struct gate *g, char out[64])
{
	int at = snprintf(out, 64, "%d:", g->step);

	for (size_t i = 0; i < g->n; i++)
		at += snprintf(out + at, 64 - (size_t)at, "%d", g->members[i]);
	return out;
}

static void test_gate(void)
{
	static const struct { const char *letters; enum fail_mode fail; int exclude; bool may_fail; const char *want; } cases[] = {
		{ "uu", FAIL_OPEN, -1, true, "1:01" },
		{ "du", FAIL_OPEN, -1, true, "1:1" },
		{ "hu", FAIL_OPEN, -1, true, "1:1" },
		{ "0u", FAIL_OPEN, -1, true, "1:1" },
		{ "uU", FAIL_OPEN, -1, true, "1:0" },
		{ "Du", FAIL_OPEN, -1, true, "1:1" },
		{ "?u", FAIL_OPEN, -1, true, "1:1" },
		{ "h0d", FAIL_OPEN, -1, true, "2:01" },
		{ "h0u", FAIL_OPEN, -1, true, "1:2" },
		{ "Uh", FAIL_OPEN, -1, true, "2:1" },
		{ "dU", FAIL_OPEN, -1, true, "3:1" },
		{ "UdU", FAIL_OPEN, -1, true, "3:02" },
		{ "Uhu", FAIL_OPEN, -1, true, "1:2" },
		{ "dd", FAIL_OPEN, -1, true, "4:01" },
		{ "dDH", FAIL_OPEN, -1, true, "4:02" },
		{ "??", FAIL_OPEN, -1, true, "4:01" },
		{ "DN", FAIL_OPEN, -1, true, "4:01" },
		{ "DU", FAIL_OPEN, -1, true, "3:1" },
		{ "DN", FAIL_BACKUP, -1, true, "4:1" },
		{ "dH", FAIL_BACKUP, -1, true, "4:1" },
		{ "dD", FAIL_BACKUP, -1, true, "4:0" },
		{ "DD", FAIL_BACKUP, -1, true, "4:01" },
		{ "dd", FAIL_CLOSED, -1, true, "5:" },
		{ "dU", FAIL_CLOSED, -1, true, "3:1" },
		{ "dd", FAIL_OPEN, -1, false, "5:" },
		{ "dH", FAIL_BACKUP, -1, false, "5:" },
		{ "uu", FAIL_OPEN, 0, false, "1:1" },
		{ "ud", FAIL_OPEN, 0, false, "5:" },
		{ "uU", FAIL_OPEN, 0, false, "3:1" },
		{ "u", FAIL_OPEN, 0, false, "5:" },
		{ "", FAIL_OPEN, -1, true, "5:" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f;
		char text[64];

		fixture_init(&f);
		add_letters(&f, cases[i].letters);
		f.policy.fail = cases[i].fail;
		gate_compute(&f.service, f.views, cases[i].exclude, cases[i].may_fail, &f.gate);
		CU_ASSERT_STRING_EQUAL(gate_text(&f.gate, text), cases[i].want);
		if (strcmp(text, cases[i].want))
			printf("\n    %s: %s, not %s", cases[i].letters, text, cases[i].want);
	}
}

static void test_gate_takes_members_at_no_site(void)
{
	struct fixture f;

	fixture_init(&f);
	add(&f, 0, 1, 1);
	add(&f, MEMBER_NO_SITE, 1, 1);
	gate_compute(&f.service, f.views, 0, false, &f.gate);
	CU_ASSERT(f.gate.step == GATE_UP && f.gate.n == 1 && f.gate.members[0] == 1);
	gate_compute(&f.service, f.views, MEMBER_NO_SITE, false, &f.gate);
	CU_ASSERT(f.gate.n == 2);
}

static uint16_t first_of(struct fixture *f)
{
	uint16_t out = 999;

	return select_order(&f->in, 1, &out) == 1 ? out : 999;
}

/* How often each member comes first, and second when `second` isn't NULL. */
static void count_draws(struct fixture *f, size_t draws, unsigned *first, unsigned *second)
{
	uint64_t state = 42;
	uint16_t out[2];

	for (size_t i = 0; i < draws; i++) {
		f->in.random = random64(&state);
		f->in.turn = i;
		CU_ASSERT(select_order(&f->in, second ? 2 : 1, out) == (second ? 2u : 1u));
		first[out[0]]++;
		if (second)
			second[out[1]]++;
	}
}

static bool within(double got, double want, double tolerance) { return fabs(got - want) <= tolerance; }

static void test_weighted_shares(void)
{
	static const struct { unsigned n, weights[5]; } cases[] = {
		{ 2, { 1, 1 } }, { 2, { 3, 1 } }, { 2, { 65535, 1 } }, { 2, { 65535, 65535 } }, { 3, { 1, 2, 7 } }, { 5, { 5, 4, 3, 2, 1 } },
	};

	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		struct fixture f;
		unsigned first[5] = { 0 }, total = 0;

		fixture_init(&f);
		for (unsigned i = 0; i < cases[c].n; i++) {
			add(&f, (int)i, cases[c].weights[i], 1);
			total += cases[c].weights[i];
		}
		gate(&f);
		count_draws(&f, DRAWS, first, NULL);
		for (unsigned i = 0; i < cases[c].n; i++)
			CU_ASSERT(within((double)first[i] / DRAWS, (double)cases[c].weights[i] / total, 0.01));
	}
}

/* The next one is drawn in proportion among those left. */
static void test_weighted_second(void)
{
	struct fixture f;
	unsigned first[3] = { 0 }, second[3] = { 0 };

	fixture_init(&f);
	add(&f, 0, 6, 1);
	add(&f, 1, 3, 1);
	add(&f, 2, 1, 1);
	gate(&f);
	count_draws(&f, DRAWS, first, second);
	CU_ASSERT(within(second[0] / 1e5, 0.3 * 6 / 7 + 0.1 * 6 / 9, 0.01));
	CU_ASSERT(within(second[1] / 1e5, 0.6 * 3 / 4 + 0.1 * 3 / 9, 0.01));
	CU_ASSERT(within(second[2] / 1e5, 0.6 * 1 / 4 + 0.3 * 1 / 7, 0.01));
}

static void test_weight_zero_is_last(void)
{
	struct fixture f;
	uint64_t state = 1;
	unsigned third[3] = { 0 };

	fixture_init(&f);
	add(&f, 0, 0, 1);
	add(&f, 1, 0, 1);
	add(&f, 2, 1, 1);
	/* Past the gate, as a caller with a list of its own may come. */
	f.gate = (struct gate){ .step = GATE_UP_ANY, .n = 3, .members = { 0, 1, 2 } };
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < 10000; i++) {
			uint16_t out[3];

			f.in.random = random64(&state);
			addr_from_bytes(&f.client.address, AF_INET, &(uint32_t){ htonl((uint32_t)i << 8) }, 0);
			prefix_of(&f.client.network, &f.client.address, 24, 56);
			CU_ASSERT(select_order(&f.in, 3, out) == 3 && out[0] == 2);
			third[out[2]]++;
		}
		RULE(&f, METRIC_HASH);
	}
	/* Those of weight 0 are alike among themselves. */
	CU_ASSERT(within(third[0] / 2e4, 0.5, 0.02) && within(third[1] / 2e4, 0.5, 0.02));
}

/* The short way of the usual policy chooses as the long one does. */
static void test_draw(void)
{
	struct fixture f;
	uint64_t state = 11;

	fixture_init(&f);
	for (int i = 0; i < 7; i++)
		add(&f, i, (unsigned)(i * 3 % 5), 1);
	f.views[6].verdict = VERDICT_DOWN;
	gate(&f);
	CU_ASSERT(select_is_draw(&f.policy));
	CU_ASSERT_EQUAL(f.gate.weight, 3 + 1 + 4 + 2);
	for (int i = 0; i < 10000; i++) {
		f.in.random = random64(&state);
		CU_ASSERT_EQUAL(select_draw(&f.service, &f.gate, f.in.random), first_of(&f));
	}
	RULE(&f, METRIC_RANK);
	CU_ASSERT_FALSE(select_is_draw(&f.policy));
	f.policy.nrules = 0, f.policy.answers = 2;
	CU_ASSERT_FALSE(select_is_draw(&f.policy));
}

static void test_random_is_uniform(void)
{
	struct fixture f;
	unsigned first[4] = { 0 }, second[4] = { 0 };

	fixture_init(&f);
	for (int i = 0; i < 4; i++)
		add(&f, i, (unsigned)(i * 1000), 1); /* weights don't count */
	f.gate = (struct gate){ .n = 4, .members = { 0, 1, 2, 3 } };
	RULE(&f, METRIC_RANDOM);
	count_draws(&f, DRAWS, first, second);
	for (int i = 0; i < 4; i++) {
		CU_ASSERT(within(first[i] / 1e5, 0.25, 0.01));
		CU_ASSERT(within(second[i] / 1e5, 0.25, 0.01));
	}
}

static void test_roundrobin_turns(void)
{
	struct fixture f;
	uint16_t out[3];

	fixture_init(&f);
	for (int i = 0; i < 3; i++)
		add(&f, i, 1, 1);
	gate(&f);
	RULE(&f, METRIC_ROUNDROBIN);
	for (uint64_t turn = 0; turn < 9; turn++) {
		f.in.turn = turn;
		CU_ASSERT(select_order(&f.in, 3, out) == 3);
		for (unsigned k = 0; k < 3; k++)
			CU_ASSERT_EQUAL(out[k], (turn + k) % 3);
	}
}

/* In turn within each tier, whatever stands between its members. */
static void test_roundrobin_behind_rank(void)
{
	struct fixture f;
	uint16_t out[5];

	fixture_init(&f);
	for (int i = 0; i < 5; i++)
		add(&f, i, 1, i % 2 ? 1 : 2); /* ranks 2 1 2 1 2 */
	gate(&f);
	RULE(&f, METRIC_RANK, METRIC_ROUNDROBIN);
	f.in.turn = 1;
	CU_ASSERT(select_order(&f.in, 5, out) == 5);
	CU_ASSERT(!memcmp(out, ((uint16_t[]){ 3, 1, 2, 4, 0 }), sizeof out));
}

static void check_permutation(const struct fixture *f, const uint16_t *out, size_t n)
{
	bool seen[SERVICE_MEMBERS_MAX] = { false };

	for (size_t i = 0; i < n; i++) {
		CU_ASSERT(out[i] < f->service.nmembers && !seen[out[i]]);
		seen[out[i]] = true;
	}
}

/* Tiers are never overruled, and no order loses or doubles a member: random services, every metric behind two columns. */
static void test_tiers_hold(void)
{
	static const enum metric totals[] = { METRIC_WEIGHTED, METRIC_RANDOM, METRIC_ROUNDROBIN, METRIC_HASH };
	uint64_t state = 7;

	for (int round = 0; round < 4000; round++) {
		struct fixture f;
		uint16_t out[SERVICE_MEMBERS_MAX], head[SERVICE_MEMBERS_MAX];
		size_t n = 1 + random64(&state) % (round % 100 ? 20 : SERVICE_MEMBERS_MAX), want;

		fixture_init(&f);
		for (size_t i = 0; i < n; i++)
			add(&f, (int)(random64(&state) % 3), (unsigned)(random64(&state) % 5), 1 + (unsigned)(random64(&state) % 4));
		for (size_t i = 0; i < n; i++)
			f.gate.members[f.gate.n++] = (uint16_t)i;
		RULE(&f, METRIC_LOCAL, METRIC_RANK, totals[round % 4], METRIC_REMOTE);
		f.in.random = random64(&state);
		f.in.turn = random64(&state);
		CU_ASSERT(select_order(&f.in, n, out) == n);
		check_permutation(&f, out, n);
		for (size_t i = 1; i < n; i++) {
			const struct member *a = &f.members[out[i - 1]], *b = &f.members[out[i]];

			CU_ASSERT((a->site != OWN) <= (b->site != OWN));
			CU_ASSERT((a->site != OWN) != (b->site != OWN) || a->rank <= b->rank);
		}
		want = random64(&state) % (n + 1);
		CU_ASSERT(select_order(&f.in, want, head) == want);
		CU_ASSERT(!memcmp(head, out, want * sizeof *out));
	}
}

static void test_local_and_remote(void)
{
	struct fixture f;
	uint16_t out[3];

	fixture_init(&f);
	add(&f, 1, 60000, 1);
	add(&f, OWN, 1, 1);
	add(&f, MEMBER_NO_SITE, 60000, 1);
	gate(&f);
	RULE(&f, METRIC_LOCAL);
	CU_ASSERT(select_order(&f.in, 3, out) == 3 && out[0] == 1);
	f.rules[0].metrics[0] = METRIC_REMOTE;
	CU_ASSERT(select_order(&f.in, 3, out) == 3 && out[2] == 1);
}

/* Behind tiers `weighted` orders, though no rule names it. */
static void test_weighted_stands_last(void)
{
	struct fixture f;
	unsigned first[3] = { 0 };

	fixture_init(&f);
	add(&f, 0, 1, 1);
	add(&f, 1, 3, 1);
	add(&f, 2, 1000, 2);
	gate(&f);
	RULE(&f, METRIC_RANK);
	count_draws(&f, DRAWS, first, NULL);
	CU_ASSERT(within(first[0] / 1e5, 0.25, 0.01) && first[2] == 0);
}

static void set_client(struct fixture *f, const char *text)
{
	addr_parse(&f->client.address, text, 0);
	prefix_of(&f->client.network, &f->client.address, 24, 56);
}

static void test_rules_from_and_sites(void)
{
	struct fixture f;
	struct prefix ten, lan6;
	uint64_t site1 = 1, site9 = 9;
	struct rule *r;

	fixture_init(&f);
	prefix_parse(&ten, "10.0.0.0/8");
	prefix_parse(&lan6, "2001:db8::/32");
	add(&f, 0, 1, 1);
	add(&f, 1, 1, 2);
	add(&f, 2, 1, 3);
	gate(&f);
	r = RULE(&f, METRIC_RANK); /* 10/8: site 1 only */
	r->from = &ten, r->nfrom = 1, r->sites = &site1, r->nsites = 1;
	r = RULE(&f, METRIC_RANK); /* everybody, but a site that has nothing here: skipped */
	r->sites = &site9, r->nsites = 1;
	r = RULE(&f, METRIC_REMOTE, METRIC_RANK);
	r->from = &lan6, r->nfrom = 1;
	r = RULE(&f, METRIC_RANK);

	set_client(&f, "10.1.2.3");
	CU_ASSERT_EQUAL(first_of(&f), 1);
	CU_ASSERT_EQUAL(select_order(&f.in, 3, (uint16_t[3]){ 0 }), 1); /* the others are no candidates */
	set_client(&f, "11.1.2.3");
	CU_ASSERT_EQUAL(first_of(&f), 0);
	set_client(&f, "2001:db8::1");
	CU_ASSERT_EQUAL(first_of(&f), 1);
	/* Site 1 is down: its rule is skipped. */
	f.views[1].verdict = VERDICT_DOWN;
	gate(&f);
	set_client(&f, "10.1.2.3");
	CU_ASSERT_EQUAL(first_of(&f), 0);
}

/* `sites` never means members at no site of ours. */
static void test_rule_sites_and_no_site(void)
{
	struct fixture f;
	uint64_t wrapped = (uint64_t)MEMBER_NO_SITE;
	struct rule *r;

	fixture_init(&f);
	add(&f, MEMBER_NO_SITE, 1, 2);
	add(&f, 1, 1, 1);
	gate(&f);
	r = RULE(&f, METRIC_RANK);
	r->sites = &wrapped, r->nsites = 1;
	RULE(&f, METRIC_RANK);
	CU_ASSERT_EQUAL(first_of(&f), 1);
}

static void test_empty_gate(void)
{
	struct fixture f;
	uint16_t out;

	fixture_init(&f);
	f.gate.step = GATE_NONE;
	CU_ASSERT_EQUAL(select_order(&f.in, 1, &out), 0);
	RULE(&f, METRIC_RANK, METRIC_HASH);
	CU_ASSERT_EQUAL(select_order(&f.in, 1, &out), 0);
}

static void set_network(struct fixture *f, uint32_t i)
{
	addr_from_bytes(&f->client.address, AF_INET, &(uint32_t){ htonl(i << 8) }, 0);
	prefix_of(&f->client.network, &f->client.address, 24, 56);
}

static void test_hash_shares(void)
{
	static const unsigned weights[] = { 1, 2, 7, 10 };
	struct fixture f;
	unsigned first[4] = { 0 };

	fixture_init(&f);
	for (int i = 0; i < 4; i++)
		add(&f, i, weights[i], 1);
	gate(&f);
	RULE(&f, METRIC_HASH);
	for (uint32_t i = 0; i < DRAWS; i++) {
		set_network(&f, i);
		first[first_of(&f)]++;
	}
	for (int i = 0; i < 4; i++)
		CU_ASSERT(within(first[i] / 1e5, weights[i] / 20.0, 0.01));
}

/* A member that goes moves its own clients, and those by weight; it gets them back. */
static void test_hash_moves_only_its_clients(void)
{
	struct fixture f;
	unsigned moved[3] = { 0 }, own = 0;
	static uint16_t before[DRAWS];

	fixture_init(&f);
	add(&f, 0, 1, 1);
	add(&f, 1, 3, 1);
	add(&f, 2, 4, 1);
	gate(&f);
	RULE(&f, METRIC_HASH);
	for (uint32_t i = 0; i < DRAWS; i++) {
		uint16_t order[3];

		set_network(&f, i);
		CU_ASSERT(select_order(&f.in, 3, order) == 3);
		before[i] = (uint16_t)(order[0] << 8 | order[1]);
	}
	f.views[2].verdict = VERDICT_DOWN;
	gate(&f);
	for (uint32_t i = 0; i < DRAWS; i++) {
		uint16_t now;

		set_network(&f, i);
		now = first_of(&f);
		if (before[i] >> 8 != 2) {
			CU_ASSERT_EQUAL(now, before[i] >> 8);
		} else {
			CU_ASSERT_EQUAL(now, before[i] & 0xff); /* its second choice */
			moved[now]++, own++;
		}
	}
	CU_ASSERT(within((double)moved[0] / own, 0.25, 0.01));
}

/* The place of a member in the file is of no account, nor is the random number. */
static void test_hash_is_the_same_everywhere(void)
{
	struct fixture f, g;
	uint64_t state = 3;

	fixture_init(&f);
	fixture_init(&g);
	for (int i = 0; i < 3; i++) {
		add(&f, i, (unsigned)i + 1, 1);
		member_set_label(add(&g, 2 - i, (unsigned)(3 - i), 1), (const char[]){ 'm', (char)('2' - i), 0 });
	}
	gate(&f);
	gate(&g);
	RULE(&f, METRIC_HASH);
	RULE(&g, METRIC_HASH);
	for (uint32_t i = 0; i < 10000; i++) {
		set_network(&f, i);
		set_network(&g, i);
		f.in.random = random64(&state), g.in.random = random64(&state);
		CU_ASSERT_EQUAL(first_of(&f), 2 - first_of(&g));
	}
}

/* Bits that every build has to give: a change here moves clients at an upgrade. */
static void test_hash_known_answers(void)
{
	static const struct { const char *client; uint16_t order[4]; } cases[] = {
		{ "192.0.2.1", { 1, 0, 2, 3 } }, { "198.51.100.1", { 1, 0, 2, 3 } }, { "203.0.113.1", { 2, 1, 3, 0 } },
		{ "2001:db8::1", { 1, 3, 2, 0 } }, { "2001:db8:1::1", { 2, 3, 1, 0 } },
	};
	struct fixture f;

	fixture_init(&f);
	for (int i = 0; i < 4; i++)
		add(&f, i, 1, 1);
	gate(&f);
	RULE(&f, METRIC_HASH);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint16_t out[4];

		set_client(&f, cases[i].client);
		CU_ASSERT(select_order(&f.in, 4, out) == 4);
		CU_ASSERT(!memcmp(out, cases[i].order, sizeof out));
		if (memcmp(out, cases[i].order, sizeof out))
			printf("\n    %s: %u %u %u %u", cases[i].client, out[0], out[1], out[2], out[3]);
	}
}

static void test_hash_looks_at_network_and_service(void)
{
	struct fixture f;
	unsigned same = 0;

	fixture_init(&f);
	for (int i = 0; i < 2; i++)
		add(&f, i, 1, 1);
	gate(&f);
	RULE(&f, METRIC_HASH);
	for (uint32_t i = 0; i < 10000; i++) {
		uint16_t here, there;

		set_network(&f, i);
		here = first_of(&f);
		addr_from_bytes(&f.client.address, AF_INET, &(uint32_t){ htonl(i << 8 | 200) }, 0);
		CU_ASSERT_EQUAL(first_of(&f), here); /* same network */
		f.service.name[1]++;
		there = first_of(&f);
		f.service.name[1]--;
		same += here == there;
	}
	CU_ASSERT(within(same / 1e4, 0.5, 0.03));
}

static void test_minus_log2(void)
{
	uint64_t state = 5, last = UINT64_MAX;

	CU_ASSERT(within((double)metric_minus_log2((uint64_t)1 << 63), 4294967296.0, 3e-7 * 4294967296.0));
	CU_ASSERT(within((double)metric_minus_log2(1), 64 * 4294967296.0, 3e-7 * 4294967296.0));
	CU_ASSERT_EQUAL(metric_minus_log2(UINT64_MAX), 0);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t h = random64(&state) >> (i % 64);
		double want = 64 - (double)log2l((long double)(h ? h : 1));

		CU_ASSERT(within((double)metric_minus_log2(h ? h : 1) / 4294967296.0, want, 4e-7 * want + 3e-10));
	}
	/* Falls with h. */
	for (uint64_t h = 1; h < UINT64_MAX - UINT64_MAX / 1000; h += h / 500 + 1) {
		CU_ASSERT(metric_minus_log2(h) <= last);
		last = metric_minus_log2(h);
	}
}

/* ---- how far a choice holds ---- */

/* 256 clients, each in the same place below one prefix of either family, so that all of them can be asked. */
static struct addr client_number(bool six, unsigned i)
{
	uint8_t bytes[16] = { 0x20, 1, 0xd, 0xb8 };
	struct addr a;

	bytes[six ? 12 : 3] = (uint8_t)i;
	addr_from_bytes(&a, six ? AF_INET6 : AF_INET, bytes, 0);
	return a;
}

/* Mostly inside those 256, sometimes far above or beside them, or of the other family. */
static struct prefix random_prefix(bool six, uint64_t random)
{
	struct prefix p;
	struct addr a = client_number(random % 11 == 0 ? !six : six, random >> 8 & 255);
	unsigned base = a.sa.sa_family == AF_INET6 ? 96 : 24, length = base + (unsigned)(random >> 16) % 9;

	if (random % 7 == 0)
		length = base * (unsigned)(random >> 32 & 3) / 4;
	prefix_of(&p, &a, (uint8_t)length, (uint8_t)length);
	if (random % 13 == 0 && length > 8)
		p.bytes[length / 8 - 1] ^= 0x10; /* elsewhere: never a hit */
	return p;
}

struct asked { char trace[80]; uint16_t order[8]; size_t n; uint8_t scope; };

/* What select says, and every look at the client as spec 4 tells it, by hand. */
static void ask_scope(struct fixture *f, struct addr client, unsigned bits, struct asked *out)
{
	char network[ADDR_TEXT_MAX];
	size_t at = 0, r = 0;

	memset(out, 0, sizeof *out);
	f->client.address = client;
	prefix_of(&f->client.network, &client, (uint8_t)bits, (uint8_t)bits);
	f->in.scope = &out->scope;
	out->n = select_order(&f->in, f->gate.n, out->order);
	for (; r < f->policy.nrules; r++) {
		bool hit = f->rules[r].nfrom == 0, candidate = f->rules[r].nsites == 0;

		for (size_t i = 0; i < f->rules[r].nsites; i++)
			candidate |= f->rules[r].sites[i] < 3;
		if (!candidate)
			continue; /* nobody need look at the client */
		for (size_t i = 0; i < f->rules[r].nfrom; i++)
			hit |= prefix_covers(&f->rules[r].from[i], &client);
		if (f->rules[r].nfrom)
			out->trace[at++] = hit ? 'h' : 'm';
		if (hit)
			break;
	}
	if (r < f->policy.nrules && f->rules[r].metrics[0] == METRIC_HASH && out->n > 1)
		snprintf(out->trace + at, sizeof out->trace - at, "%s", prefix_text(&f->client.network, network));
}

static bool same_lookups(const struct asked *a, const struct asked *b)
{
	return strcmp(a->trace, b->trace) == 0;
}

/* The shortest prefix of client `c`, not shorter than the 256, within which all look-ups end as his. */
static unsigned shortest(const struct asked *all, unsigned c)
{
	unsigned bits = 8;

	for (; bits > 0; bits--)
		for (unsigned i = 0; i < 256; i++)
			if (i >> (9 - bits) == c >> (9 - bits) && !same_lookups(&all[i], &all[c]))
				return bits;
	return 0;
}

static void random_policy(struct fixture *f, bool six, struct prefix from[4][5], uint64_t sites[4], uint64_t *state)
{
	unsigned nrules = (unsigned)(random64(state) % 4) + 1;

	f->policy.nrules = 0;
	for (unsigned r = 0; r < nrules; r++) {
		struct rule *one = random64(state) % 3 ? RULE(f, METRIC_HASH) : RULE(f, METRIC_ROUNDROBIN);

		one->from = from[r];
		one->nfrom = random64(state) % 6;
		for (size_t i = 0; i < one->nfrom; i++)
			from[r][i] = random_prefix(six, random64(state));
		one->nfrom = prefix_merge(one->from, one->nfrom);
		sites[r] = random64(state) % 5; /* 3 and 4: of sites that have no member */
		one->sites = &sites[r];
		one->nsites = random64(state) % 3 == 0;
	}
}

/* Random rules, all clients: who is in the scope is answered alike, and no shorter one would do. */
static void test_scope_is_exact(void)
{
	static struct asked all[256];
	struct fixture f;
	struct prefix from[4][5];
	uint64_t sites[4], state = 7;

	fixture_init(&f);
	for (int site = 0; site < 3; site++)
		add(&f, site, 1, 1);
	gate(&f);
	for (unsigned round = 0; round < 800; round++) {
		bool six = round & 1;
		unsigned base = six ? 96 : 24, bits = base - 4 + (unsigned)(random64(&state) % 13);

		random_policy(&f, six, from, sites, &state);
		for (unsigned c = 0; c < 256; c++)
			ask_scope(&f, client_number(six, c), bits, &all[c]);
		for (unsigned c = 0; c < 256; c++) {
			unsigned want = shortest(all, c), scope = all[c].scope;

			/* Above the 256 nobody can be asked here; there it is never needed to go below. */
			CU_ASSERT_FATAL(want ? scope == base + want : scope <= base);
			for (unsigned i = 0; want && i < 256; i++)
				if (i >> (8 - want) == c >> (8 - want))
					CU_ASSERT_FATAL(all[i].n == all[c].n && memcmp(all[i].order, all[c].order, sizeof all[c].order) == 0);
		}
	}
}

/* Nothing that looks at the client: he need not be told apart from anybody. */
static void test_scope_is_zero_when_nobody_looked(void)
{
	struct fixture f;
	uint16_t order[4];
	uint8_t scope = 0;

	fixture_init(&f);
	add(&f, 0, 1, 1);
	add(&f, 1, 1, 2);
	gate(&f);
	f.in.scope = &scope;
	select_order(&f.in, 2, order);
	CU_ASSERT_EQUAL(scope, 0);
	RULE(&f, METRIC_RANK, METRIC_HASH);
	select_order(&f.in, 2, order); /* each tier has one member: no hash is needed */
	CU_ASSERT_EQUAL(scope, 0);
	f.members[1].rank = 1;
	select_order(&f.in, 1, order);
	CU_ASSERT_EQUAL(scope, 24);
}

UNIT_MAIN("select",
	UNIT_TEST(test_scope_is_exact),
	UNIT_TEST(test_scope_is_zero_when_nobody_looked),
	UNIT_TEST(test_gate),
	UNIT_TEST(test_gate_takes_members_at_no_site),
	UNIT_TEST(test_weighted_shares),
	UNIT_TEST(test_weighted_second),
	UNIT_TEST(test_weight_zero_is_last),
	UNIT_TEST(test_draw),
	UNIT_TEST(test_random_is_uniform),
	UNIT_TEST(test_roundrobin_turns),
	UNIT_TEST(test_roundrobin_behind_rank),
	UNIT_TEST(test_tiers_hold),
	UNIT_TEST(test_local_and_remote),
	UNIT_TEST(test_weighted_stands_last),
	UNIT_TEST(test_rules_from_and_sites),
	UNIT_TEST(test_rule_sites_and_no_site),
	UNIT_TEST(test_empty_gate),
	UNIT_TEST(test_hash_shares),
	UNIT_TEST(test_hash_moves_only_its_clients),
	UNIT_TEST(test_hash_is_the_same_everywhere),
	UNIT_TEST(test_hash_known_answers),
	UNIT_TEST(test_hash_looks_at_network_and_service),
	UNIT_TEST(test_minus_log2))
