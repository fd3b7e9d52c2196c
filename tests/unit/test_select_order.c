/*
 * select over random services, numbers, networks and clients: no metric
 * overrules one before it, answers come from the gate's set, the same inputs
 * give the same choice, what is taken down is what was chosen, and the scope
 * is exactly right. Tiers are found once more here, in another way.
 */
#include "unit.h"
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "geo.h"
#include "metrics.h"
#include "network.h"
#include "rtt.h"
#include "random.h"
#include "select_trace.h"
#include "timezone.h"

#define SITES 6
#define MEMBERS 24

/* ---- what is known of 256 clients, 2001:db8::/120 or 192.0.2.0/24 ---- */

/* In place of a database: halves are in countries, quarters at places, eighths in networks; the last eighth is nowhere. */
static const struct place countries[2] = { { .country = "US", .continent = "NA" }, { .country = "DE", .continent = "EU" } };
static const struct place asns[8] = { { .asn = 1 }, { .asn = 2 }, { .asn = 3 }, { .asn = 4 }, { .asn = 5 }, { .asn = 6 }, { .asn = 7 } };
static struct place places[4];

static unsigned client_number(const struct addr *a)
{
	return addr_bytes(a)[a->sa.sa_family == AF_INET ? 3 : 15];
}

const struct place *geo_find(const struct geo *g, enum geo_kind kind, const struct addr *a, uint8_t *scope)
{
	static const uint8_t bits[GEO_KINDS] = { [GEO_COUNTRY] = 1, [GEO_CONTINENT] = 1, [GEO_ASN] = 3, [GEO_LOCATION] = 2 };
	unsigned n, length;

	if (!g)
		return NULL;
	n = client_number(a);
	length = (a->sa.sa_family == AF_INET ? 24u : 120u) + bits[kind];
	if (scope && *scope < length)
		*scope = (uint8_t)length;
	switch (kind) {
	case GEO_ASN: return n >> 5 < 7 ? &asns[n >> 5] : NULL;
	case GEO_LOCATION: return n >> 6 < 3 ? &places[n >> 6] : NULL;
	default: return &countries[n >> 7];
	}
}

static struct addr client(bool six, unsigned n)
{
	uint8_t bytes[16] = { 192, 0, 2, (uint8_t)n };
	struct addr a;

	if (six) {
		memcpy(bytes, "\x20\x01\x0d\xb8", 4);
		bytes[15] = (uint8_t)n;
	}
	addr_from_bytes(&a, six ? AF_INET6 : AF_INET, bytes, 0);
	return a;
}

/* In place of a file: sixteenths, of which each second one has sites of its own and the others mostly have. */
struct networks { struct { uint16_t n, sites[2]; } blocks[16]; };

const struct network_sites *networks_find(const struct networks *t, const struct addr *a, uint8_t *scope)
{
	unsigned length = a->sa.sa_family == AF_INET ? 28 : 124;

	if (!t)
		return NULL;
	if (scope && *scope < length)
		*scope = (uint8_t)length;
	_Static_assert(offsetof(struct network_sites, sites) == sizeof(uint16_t), "blocks are laid out as it is");
	return t->blocks[client_number(a) >> 4].n ? (const void *)&t->blocks[client_number(a) >> 4] : NULL;
}

/* ---- a world ---- */

struct world {
	struct service service;
	struct policy policy;
	struct rule rules[3];
	uint16_t letters[3];
	uint32_t numbers_of_as[3];
	struct prefix from[3][3];
	uint64_t rule_sites[3][2];
	struct member members[MEMBERS];
	struct member_view views[MEMBERS];
	struct member_numbers numbers[MEMBERS];
	struct site sites[SITES];
	struct gate gate;
	struct networks networks;
	struct rtt_table *rtt;
	struct select_client client;
	struct select_input in;
	bool six;
	unsigned bits;               /* of a client's network */
};

static uint64_t state = 99;

static unsigned draw(unsigned n)
{
	return (unsigned)(random64(&state) >> 33) % n;
}

static void random_rule(struct world *w, unsigned r)
{
	struct rule *rule = &w->rules[r];
	bool used[METRIC_COUNT] = { false };

	memset(rule, 0, sizeof *rule);
	for (unsigned n = draw(5) + 1; rule->nmetrics < n;) {
		enum metric m = (enum metric)draw(METRIC_COUNT);

		if (!used[m] && (m < METRIC_WEIGHTED || draw(3) == 0))
			rule->metrics[rule->nmetrics++] = m;
		used[m] = true;
	}
	rule->from = w->from[r];
	for (unsigned n = draw(4) ? 0 : draw(3) + 1; rule->nfrom < n; rule->nfrom++) {
		struct addr a = client(w->six, draw(256));
		uint8_t length = (uint8_t)((w->six ? 120 : 24) + draw(9));

		prefix_of(&w->from[r][rule->nfrom], &a, length, length);
	}
	rule->nfrom = prefix_merge(rule->from, rule->nfrom);
	w->letters[r] = rule_letters(draw(2) ? "US" : "DE");
	w->numbers_of_as[r] = draw(8) + 1;
	w->rule_sites[r][0] = draw(SITES);
	rule->countries = &w->letters[r], rule->ncountries = draw(5) == 0;
	rule->asns = &w->numbers_of_as[r], rule->nasns = draw(6) == 0;
	rule->sites = w->rule_sites[r], rule->nsites = draw(5) == 0;
	rule->has_hours = draw(5) == 0;
	rule->begin = (uint16_t)draw(1440), rule->end = (uint16_t)((rule->begin + 1 + draw(1439)) % 1440);
	rule->days = (uint8_t)(draw(5) ? 0 : draw(127) + 1);
}

static struct rtt_table *random_rtt(struct world *w)
{
	struct rtt_sample samples[200];

	for (unsigned i = 0; i < 200; i++) {
		struct addr a = client(w->six, draw(256));

		samples[i] = (struct rtt_sample){ .site = draw(SITES), .us = 1 + draw(40) * draw(1000) };
		prefix_of(&samples[i].network, &a, (uint8_t)w->bits, (uint8_t)w->bits);
	}
	return rtt_table_new(SITES, samples, 200, 7);
}

static void random_member(struct world *w, size_t i)
{
	struct member *m = &w->members[i];
	char label[24];

	*m = (struct member){ .site = draw(8) ? (int)draw(SITES) : MEMBER_NO_SITE, .weight = (uint16_t)draw(4), .rank = (uint8_t)(1 + draw(3)),
	                      .capacity = draw(2) ? 1000 : 0, .backup = draw(8) == 0 };
	snprintf(label, sizeof label, "m%zu", i);
	member_set_label(m, label);
	w->views[i] = (struct member_view){ .verdict = draw(6) ? VERDICT_UP : (enum verdict)draw(4), .in_hold = draw(8) == 0 };
	w->numbers[i] = (struct member_numbers){ .known = draw(64), .response_us = draw(4000), .sessions = draw(1500), .capacity = 1 + draw(2000),
		.load_ppm = draw(4) * 250000, .use_ppm = 700000 + draw(300000), .cost_milli = draw(4) };
}

static void world_init(struct world *w)
{
	static char names[SITES][4];

	memset(w, 0, sizeof *w);
	w->six = draw(2);
	w->bits = (w->six ? 120 : 24) - 2 + draw(11);
	memcpy(w->service.name, "\3www\7example", 13);
	w->service.name_len = 13;
	w->service.policy = &w->policy;
	w->service.members = w->members;
	w->service.nmembers = 1 + draw(MEMBERS);
	for (unsigned i = 0; i < SITES; i++) {
		snprintf(names[i], sizeof names[i], "s%u", i);
		w->sites[i] = (struct site){ .name = names[i], .index = i, .has_location = draw(5) != 0 };
		place_locate(&w->sites[i].place, draw(180) - 90.0, draw(360) - 180.0);
	}
	for (unsigned i = 0; i < 4; i++)
		place_locate(&places[i], draw(180) - 90.0, draw(360) - 180.0);
	w->policy = (struct policy){ .answers = 1, .fail = (enum fail_mode)draw(3), .rules = w->rules, .nrules = draw(4) };
	if (draw(3) == 0)
		w->policy.shed_from = 800000, w->policy.shed_to = 950000;
	for (unsigned r = 0; r < w->policy.nrules; r++)
		random_rule(w, r);
	for (size_t i = 0; i < w->service.nmembers; i++)
		random_member(w, i);
	gate_compute(&w->service, w->views, MEMBER_NO_SITE, true, &w->gate);
	for (unsigned i = 0; i < 16; i++) {
		w->networks.blocks[i].n = (uint16_t)(i & 1 ? 2 : draw(2));
		w->networks.blocks[i].sites[0] = (uint16_t)draw(SITES);
		w->networks.blocks[i].sites[1] = (uint16_t)((w->networks.blocks[i].sites[0] + 1u + draw(SITES - 1)) % SITES);
	}
	w->rtt = draw(4) ? random_rtt(w) : NULL;
	w->in = (struct select_input){ .service = &w->service, .gate = &w->gate, .client = &w->client, .own_site = (int)draw(SITES), .sites = w->sites,
		.random = random64(&state), .turn = draw(100), .numbers = draw(6) ? w->numbers : NULL,
		.geo = draw(6) ? (const struct geo *)&places : NULL, .networks = draw(4) ? &w->networks : NULL, .rtt = w->rtt, .now = 1795341600 + (int64_t)draw(604800) };
}

static void world_end(struct world *w)
{
	free(w->rtt);
}

static void set_client(struct world *w, unsigned n)
{
	w->client.address = client(w->six, n);
	prefix_of(&w->client.network, &w->client.address, (uint8_t)w->bits, (uint8_t)w->bits);
}

/* ---- tiers, found another way: everything sorted, medians by counting, tolerances as spec 4 has them ---- */

static double allowed(enum metric m, double best)
{
	switch (m) {
	case METRIC_GEO: return best + (best * 0.1 > 50000 ? best * 0.1 : 50000);
	case METRIC_RTT: return best + (best * 0.1 > 2000 ? best * 0.1 : 2000);
	case METRIC_RESPONSE: return best + (best * 0.1 > 1000 ? best * 0.1 : 1000);
	case METRIC_LEASTCONN: return best * 1.1;
	case METRIC_CAPACITY: return best + 100000;
	default: return best;
	}
}

/* The tier of each of `n` members by their values: 0, 1, ... */
static void reference_tiers(enum metric m, const int64_t *values, size_t n, unsigned *tier)
{
	double key[MEMBERS], best;
	size_t known = 0, left = n;
	int median = -1;

	for (size_t i = 0; i < n; i++) {
		known += values[i] != TRACE_UNKNOWN;
		key[i] = (m == METRIC_CAPACITY ? -1.0 : 1.0) * (double)values[i];
	}
	for (size_t i = 0; i < n && median < 0; i++) {
		size_t below = 0, same = 0;

		for (size_t k = 0; k < n; k++) {
			below += values[i] != TRACE_UNKNOWN && values[k] != TRACE_UNKNOWN && key[k] < key[i];
			same += values[i] != TRACE_UNKNOWN && values[k] != TRACE_UNKNOWN && key[k] == key[i];
		}
		if (known && below <= (known - 1) / 2 && (known - 1) / 2 < below + same)
			median = (int)i;
	}
	for (size_t i = 0; i < n; i++) {
		if (values[i] == TRACE_UNKNOWN)
			key[i] = median < 0 ? 0 : key[median];
		tier[i] = UINT32_MAX;
	}
	for (unsigned t = 0; left > 0; t++) {
		best = 1e300;
		for (size_t i = 0; i < n; i++)
			if (tier[i] == UINT32_MAX && key[i] < best)
				best = key[i];
		double limit = allowed(m, best);
		for (size_t i = 0; i < n; i++)
			if (tier[i] == UINT32_MAX && key[i] <= limit + 1e-6) {
				tier[i] = t;
				left--;
			}
	}
}

/* Each column parts the tiers of the one before as the reference says, and orders nothing else. */
static void check_columns(const struct select_trace *t, const struct rule *rule)
{
	unsigned before[MEMBERS] = { 0 };

	for (unsigned c = 0; rule && c + 1 < t->nmetrics; c++) {
		const struct trace_metric *m = &t->metrics[c];

		CU_ASSERT_EQUAL(m->metric, rule->metrics[c]);
		for (size_t at = 0, end; at < t->ncandidates; at = end) {
			int64_t values[MEMBERS];
			unsigned tier[MEMBERS];

			for (end = at; end < t->ncandidates && before[end] == before[at]; end++)
				values[end - at] = m->value[m->order[end]];
			reference_tiers(m->metric, values, end - at, tier);
			for (size_t i = at; i < end; i++)
				CU_ASSERT(m->tier[i] - m->tier[at] == (int)tier[i - at]);
			CU_ASSERT(at == 0 || m->tier[at] == m->tier[at - 1] + 1);
		}
		for (size_t i = 0; i < t->ncandidates; i++)
			before[i] = m->tier[i];
	}
	/* The whole order keeps to the last column's tiers. */
	if (t->nmetrics < 2)
		return;
	const struct trace_metric *last = &t->metrics[t->nmetrics - 2];
	unsigned place[MEMBERS];
	for (size_t i = 0; i < t->ncandidates; i++)
		place[last->order[i]] = last->tier[i];
	for (size_t i = 1; i < t->nanswer; i++)
		CU_ASSERT(place[t->answer[i - 1]] <= place[t->answer[i]]);
}

static bool in_list(const uint16_t *list, size_t n, uint16_t member)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == member)
			return true;
	return false;
}

/* From the gate's set alone; the whole of it but for who is shed or not the rule's; nobody twice. */
static void check_set(const struct world *w, const struct select_trace *t, const uint16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT(in_list(w->gate.members, w->gate.n + (t->step == GATE_UP_ANY ? w->gate.nmore : 0u), out[i]));
		CU_ASSERT(!in_list(out, i, out[i]));
		CU_ASSERT_EQUAL(t->out[out[i]], TRACE_IN);
	}
	for (size_t i = 0; i < w->gate.n; i++)
		CU_ASSERT(in_list(out, n, w->gate.members[i]) == (t->out[w->gate.members[i]] == TRACE_IN));
	CU_ASSERT(n > 0 || w->gate.n == 0);
}

static void test_orders(void)
{
	static struct select_trace trace;

	for (unsigned round = 0; round < 6000; round++) {
		struct world w;
		uint16_t out[SERVICE_MEMBERS_MAX], again[SERVICE_MEMBERS_MAX];
		size_t n;

		world_init(&w);
		set_client(&w, draw(256));
		n = select_order(&w.in, SERVICE_MEMBERS_MAX, out);
		gate_trace(&w.service, w.views, MEMBER_NO_SITE, &w.gate, &trace);
		w.in.trace = &trace;
		CU_ASSERT_EQUAL(select_order(&w.in, SERVICE_MEMBERS_MAX, again), n);
		w.in.trace = NULL;
		CU_ASSERT(!memcmp(out, again, n * sizeof *out));
		CU_ASSERT(trace.nanswer == n && trace.ncandidates == n && !memcmp(trace.answer, out, n * sizeof *out));
		CU_ASSERT(n == 0 || !memcmp(trace.metrics[trace.nmetrics - 1].order, out, n * sizeof *out));
		check_set(&w, &trace, out, n);
		check_columns(&trace, trace.rule < 0 ? NULL : &w.rules[trace.rule]);
		/* The head of the order is the same, however much of it is wanted: one has a way of its own. */
		for (size_t want = 0; want <= n; want += want < 2 ? 1 : 1 + n / 4) {
			CU_ASSERT_EQUAL(select_order(&w.in, want, again), want);
			CU_ASSERT(!memcmp(out, again, want * sizeof *out));
		}
		world_end(&w);
	}
}

/* ---- how far a choice holds ---- */

struct asked { struct select_trace trace; uint16_t out[MEMBERS]; size_t n; uint8_t scope; struct prefix network; };

/* What was looked up ended alike: each rule's conditions, places, networks, and the client's own network if that was looked at. */
static bool same_lookups(const struct asked *a, const struct asked *b, unsigned bits)
{
	return a->trace.nrules == b->trace.nrules && !memcmp(a->trace.rules, b->trace.rules, a->trace.nrules) && a->trace.country == b->trace.country &&
	       a->trace.continent == b->trace.continent && a->trace.asn == b->trace.asn && a->trace.location == b->trace.location &&
	       (a->trace.sites == b->trace.sites || (a->trace.sites && b->trace.sites && a->trace.sites->n == b->trace.sites->n &&
	        !memcmp(a->trace.sites->sites, b->trace.sites->sites, a->trace.sites->n * sizeof a->trace.sites->sites[0]))) &&
	       (a->scope < bits || !memcmp(&a->network, &b->network, sizeof a->network));
}

static void check_scope(const struct world *w, const struct asked *all, unsigned c)
{
	unsigned base = w->six ? 120 : 24, scope = all[c].scope;
	bool differs = scope <= base;

	for (unsigned i = 0; i < 256; i++) {
		bool inside = scope <= base || (i ^ c) >> (base + 8 - scope) == 0;

		if (inside)
			CU_ASSERT_FATAL(all[i].n == all[c].n && !memcmp(all[i].out, all[c].out, all[c].n * sizeof all[c].out[0]));
		/* One bit less, and somebody is in it of whom something else is known. */
		if (!inside && (i ^ c) >> (base + 9 - scope) == 0)
			differs = differs || !same_lookups(&all[c], &all[i], w->bits);
	}
	CU_ASSERT_FATAL(differs);
}

static void test_scopes(void)
{
	static struct asked all[256];

	for (unsigned round = 0; round < 400; round++) {
		struct world w;

		world_init(&w);
		for (unsigned c = 0; c < 256; c++) {
			set_client(&w, c);
			all[c].scope = 0;
			all[c].network = w.client.network;
			w.in.scope = &all[c].scope;
			w.in.trace = &all[c].trace;
			all[c].n = select_order(&w.in, MEMBERS, all[c].out);
		}
		for (unsigned c = 0; c < 256; c++)
			check_scope(&w, all, c);
		world_end(&w);
	}
}

/* ---- single things ---- */

/* Distances of the great circle, in metres. */
static void test_distances(void)
{
	static const struct { double a[2], b[2], km; } cases[] = {
		{ { 37.34, -121.89 }, { 39.74, -104.99 }, 1491.5 }, { { 0, 0 }, { 0, 180 }, 20015.1 }, { { 90, 0 }, { -90, 0 }, 20015.1 },
		{ { 0, 0 }, { 0, 90 }, 10007.6 }, { { 52.52, 13.405 }, { 52.52, 13.405 }, 0 }, { { 52.52, 13.405 }, { 52.53, 13.405 }, 1.112 },
		{ { 0, 0 }, { 0, 61 }, 6782.9 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static struct select_trace trace;
		struct rule rule = { .metrics = { METRIC_GEO }, .nmetrics = 1 };
		struct policy policy = { .answers = 1, .rules = &rule, .nrules = 1 };
		struct member members[2] = { { .site = 0, .weight = 1 }, { .site = 0, .weight = 1 } };
		struct service s = { .policy = &policy, .members = members, .nmembers = 2 };
		struct gate gate = { .step = GATE_UP, .n = 2, .members = { 0, 1 } };
		struct site site = { .has_location = true };
		struct select_client who = { .address = client(false, 0) };
		struct select_input in = { .service = &s, .gate = &gate, .client = &who, .sites = &site, .geo = (const struct geo *)&places, .trace = &trace };
		uint16_t out[2];

		place_locate(&places[0], cases[i].a[0], cases[i].a[1]);
		place_locate(&site.place, cases[i].b[0], cases[i].b[1]);
		select_order(&in, 2, out);
		double km = (double)trace.metrics[0].value[0] / 1000;
		CU_ASSERT(km > cases[i].km * 0.9995 - 0.01 && km < cases[i].km * 1.0005 + 0.01);
		if (km <= cases[i].km * 0.9995 - 0.01 || km >= cases[i].km * 1.0005 + 0.01)
			printf("\n    %zu: %g km", i, km);
	}
}

/* ---- tiers of geo, by chords, against the straightforward way: each member's metres ---- */

/* The highest key that is within so many metres, by halving. */
static int64_t border(int64_t key, int64_t most)
{
	double farthest = 4.5; /* more than any chord's square */
	int64_t beyond;

	memcpy(&beyond, &farthest, sizeof beyond);
	if (metric_geo_metres(beyond) <= most)
		return beyond;
	while (key + 1 < beyond) {
		int64_t middle = key + (beyond - key) / 2;

		if (metric_geo_metres(middle) <= most)
			key = middle;
		else
			beyond = middle;
	}
	return key;
}

static double random_arc(void)
{
	double scale[] = { 1e-9, 1e-6, 1e-3, 0.1, 1 };

	return draw(50) ? (double)draw(1u << 31) / (1u << 31) * scale[draw(5)] * 3.14159265358979 : 0;
}

static int64_t key_of_arc(double arc)
{
	double chord = 2 * sin(arc / 2), square = chord * chord;
	int64_t key;

	memcpy(&key, &square, sizeof key);
	return key;
}

/* The tier of the best holds who is within its metres and a tenth, at least 50 km: also on the border and a hair on either side. */
static void test_geo_limits(void)
{
	for (unsigned round = 0; round < 20000; round++) {
		int64_t keys[MEMBERS], best, metres, most, limit;
		size_t n = 1 + draw(MEMBERS);

		best = key_of_arc(random_arc());
		metres = metric_geo_metres(best);
		most = metres + (metres / 10 > 50000 ? metres / 10 : 50000);
		keys[0] = best;
		int64_t edge = border(best, most);
		for (size_t i = 1; i < n; i++) {
			static const int hair[] = { 0, 1, -1, 2, 100, -100, 5000000, -5000000 };

			keys[i] = draw(2) ? edge + hair[draw(8)] : draw(4) ? key_of_arc(random_arc()) : keys[i - 1];
			if (keys[i] < best)
				keys[i] = best;
		}
		limit = metric_geo_limit(best, keys, n);
		for (size_t i = 0; i < n; i++)
			CU_ASSERT_FATAL((keys[i] <= limit) == (metric_geo_metres(keys[i]) <= most));
	}
}

/* Sites close to each other, in the same places, and a tenth apart; some at none. One answer, and all of them. */
static void test_geo_orders(void)
{
	static struct select_trace trace;

	for (unsigned round = 0; round < 4000; round++) {
		struct world w;
		uint16_t out[SERVICE_MEMBERS_MAX], one;
		double latitude, longitude, step = (double)draw(1000) / (draw(2) ? 100 : 5000);
		size_t n;

		world_init(&w);
		latitude = draw(140) - 70.0, longitude = draw(360) - 180.0;
		place_locate(&places[0], latitude, longitude);
		for (unsigned i = 0; i < SITES; i++)
			place_locate(&w.sites[i].place, latitude + step * (draw(3) ? (double)draw(12) : 1), longitude + (draw(3) ? 0 : step * draw(10)));
		w.rules[0] = (struct rule){ .metrics = { METRIC_GEO, METRIC_RANK }, .nmetrics = 1 + draw(2) };
		w.policy.nrules = 1;
		w.in.geo = (const struct geo *)&places;
		set_client(&w, draw(64));
		w.in.trace = &trace;
		gate_trace(&w.service, w.views, MEMBER_NO_SITE, &w.gate, &trace);
		n = select_order(&w.in, SERVICE_MEMBERS_MAX, out);
		check_columns(&trace, &w.rules[0]);
		w.in.trace = NULL;
		CU_ASSERT_EQUAL(select_order(&w.in, 1, &one), n > 0);
		CU_ASSERT(n == 0 || one == out[0]);
		world_end(&w);
	}
}

UNIT_MAIN("select_order",
	UNIT_TEST(test_orders),
	UNIT_TEST(test_scopes),
	UNIT_TEST(test_geo_limits),
	UNIT_TEST(test_geo_orders),
	UNIT_TEST(test_distances))
