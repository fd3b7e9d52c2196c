/* select where a tier ends, to the value: distances, lists of sites, round trips, sessions. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "geo.h"
#include "network.h"
#include "rtt.h"
#include "select_trace.h"

#define SITES 5

/* In place of a database: where all clients are. */
static struct place here;

const struct place *geo_find(const struct geo *g, enum geo_kind kind, const struct addr *a, uint8_t *scope)
{
	(void)kind;
	(void)a;
	(void)scope;
	return g ? &here : NULL;
}

/* In place of a file: the list of 192.0.2.0/24. */
struct networks { uint16_t n, sites[2]; };

const struct network_sites *networks_find(const struct networks *t, const struct addr *a, uint8_t *scope)
{
	(void)scope;
	return t && addr_bytes(a)[2] == 2 ? (const void *)t : NULL;
}

/* In 192.0.2.0/24, or in another network. */
static struct addr client(unsigned other)
{
	struct addr a;

	addr_parse(&a, other ? "192.0.3.1" : "192.0.2.1", 0);
	return a;
}

/* A member at each of `n` sites, all alike, and one metric; `in` may be given more to go by. */
struct small {
	struct service service;
	struct policy policy;
	struct rule rule;
	struct member members[SITES];
	struct site sites[SITES];
	struct gate gate;
	struct select_client client;
	struct select_input in;
};

static void small_init(struct small *w, enum metric m, unsigned n)
{
	static struct select_trace trace;

	memset(w, 0, sizeof *w);
	w->rule = (struct rule){ .metrics = { m }, .nmetrics = 1 };
	w->policy = (struct policy){ .answers = 1, .rules = &w->rule, .nrules = 1 };
	w->service = (struct service){ .policy = &w->policy, .members = w->members, .nmembers = n };
	w->gate = (struct gate){ .step = GATE_UP, .n = (uint16_t)n };
	w->client.address = client(0);
	prefix_of(&w->client.network, &w->client.address, 24, 56);
	for (unsigned i = 0; i < n; i++) {
		w->members[i] = (struct member){ .site = (int)i, .weight = 1, .rank = 1 };
		w->gate.members[i] = (uint16_t)i;
		w->sites[i].has_location = true;
	}
	w->in = (struct select_input){ .service = &w->service, .gate = &w->gate, .client = &w->client, .sites = w->sites, .trace = &trace };
}

/* The tiers, as "01/2": members of one tier in their order. */
static const char *small_tiers(struct small *w, char out[4 * SITES])
{
	const struct trace_metric *m = &w->in.trace->metrics[0];
	uint16_t order[SITES];
	unsigned n = (unsigned)select_order(&w->in, w->service.nmembers, order), at = 0;

	for (unsigned i = 0; i < n; i++) {
		if (i && m->tier[i] != m->tier[i - 1])
			out[at++] = '/';
		out[at++] = (char)('0' + m->order[i]);
	}
	out[at] = '\0';
	return out;
}

/* Places north of the client, so far away. */
static void set_distances(struct small *w, unsigned n, const double *km)
{
	static const double degree = 6371.0088 * 3.14159265358979323846 / 180;

	place_locate(&here, 0, 10);
	for (unsigned i = 0; i < n; i++)
		place_locate(&w->sites[i].place, km[i] / degree, 10);
}

/* Whatever is greater, 50 km or a tenth of the nearest one's. */
static void test_geo_borders(void)
{
	static const struct { double km[3]; const char *tiers; } cases[] = {
		{ { 10, 59.9, 60.1 }, "01/2" }, { { 60.1, 59.9, 10 }, "12/0" }, { { 0, 49.9, 50.1 }, "01/2" }, { { 400, 449.9, 450.1 }, "01/2" },
		{ { 1000, 1099.9, 1100.1 }, "01/2" }, { { 5000, 5499, 5501 }, "01/2" },
		/* the next tier is measured by its own best */
		{ { 100, 160, 209 }, "0/12" }, { { 100, 160, 211 }, "0/1/2" },
	};
	char text[4 * SITES];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct small w;

		small_init(&w, METRIC_GEO, 3);
		w.in.geo = (const struct geo *)&here;
		set_distances(&w, 3, cases[i].km);
		CU_ASSERT_STRING_EQUAL(small_tiers(&w, text), cases[i].tiers);
	}
}

/* Who isn't in the network's list comes behind all that are, alike; a site without a number for the network joins the median. */
static void test_those_left_out(void)
{
	struct networks lists = { 2, { 3, 1 } };
	struct rtt_sample samples[3];
	struct small w;
	char text[4 * SITES];

	small_init(&w, METRIC_NETWORK, 5);
	w.in.networks = &lists;
	CU_ASSERT_STRING_EQUAL(small_tiers(&w, text), "3/1/024");
	w.client.address = client(1); /* nobody is listed there */
	CU_ASSERT_STRING_EQUAL(small_tiers(&w, text), "01234");

	small_init(&w, METRIC_RTT, 5);
	for (unsigned i = 0; i < 3; i++)
		samples[i] = (struct rtt_sample){ w.client.network, i + 1, (3 - i) * 30000 };
	w.in.rtt = rtt_table_new(5, samples, 3, 1);
	CU_ASSERT_STRING_EQUAL(small_tiers(&w, text), "3/024/1");
	w.members[4].site = MEMBER_NO_SITE;
	CU_ASSERT_STRING_EQUAL(small_tiers(&w, text), "3/024/1");
	free((void *)w.in.rtt);
}

/* A member of weight 0 is to have no sessions: the last, however few it has. */
static void test_leastconn_weight_0(void)
{
	struct member_numbers numbers[4] = { { .known = NUMBER_SESSIONS, .sessions = 0 }, { .known = NUMBER_SESSIONS, .sessions = 100 },
	                                     { .known = NUMBER_SESSIONS, .sessions = 110 }, { .known = NUMBER_SESSIONS, .sessions = 112 } };
	struct small w;
	char text[4 * SITES];

	small_init(&w, METRIC_LEASTCONN, 4);
	w.in.numbers = numbers;
	w.members[0].weight = 0;
	CU_ASSERT_STRING_EQUAL(small_tiers(&w, text), "12/3/0");
	w.members[3].weight = 2;
	CU_ASSERT_STRING_EQUAL(small_tiers(&w, text), "3/12/0");
}

UNIT_MAIN("select_edges", UNIT_TEST(test_geo_borders), UNIT_TEST(test_those_left_out), UNIT_TEST(test_leastconn_weight_0))
