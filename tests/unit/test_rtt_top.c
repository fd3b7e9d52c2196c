/* The networks with the most traffic keep their places, whatever else comes; what is told, and when. */
#include <stdlib.h>
#include <string.h>
#include "fwd/rtt_top.h"
#include "loop.h"
#include "random.h"
#include "unit.h"

static struct rtt_measured measured(unsigned network, uint32_t us)
{
	struct rtt_measured m = { .us = us };
	struct addr a;
	uint8_t bytes[4] = { (uint8_t)(network >> 16), (uint8_t)(network >> 8), (uint8_t)network, 1 };
	addr_from_bytes(&a, AF_INET, bytes, 0);
	prefix_of(&m.network, &a, 24, 56);
	return m;
}

static void add(struct rtt_top *t, unsigned network, uint32_t us, int64_t now)
{
	struct rtt_measured m = measured(network, us);
	rtt_top_add(t, &m, now);
}

static size_t due(struct rtt_top *t, int64_t now, struct rtt_measured *out)
{
	size_t n = 0, k;
	while (n < RTT_TOP && (k = rtt_top_due(t, now, out + n, RTT_TOP - n)) > 0)
		n += k;
	return n;
}

static uint32_t told(const struct rtt_measured *list, size_t n, unsigned network)
{
	struct rtt_measured m = measured(network, 0);
	for (size_t i = 0; i < n; i++)
		if (memcmp(&list[i].network, &m.network, sizeof m.network) == 0)
			return list[i].us;
	return 0;
}

/* A hundred networks have a quarter of the traffic; the rest comes from networks that are seen once. */
static void the_busy_stay(void)
{
	static struct rtt_measured list[RTT_TOP];
	struct rtt_top *t = rtt_top_new(5);
	uint64_t random = 1;
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (unsigned i = 0; i < 400000; i++)
		if (i % 4 == 0)
			add(t, (unsigned)(random64(&random) % 100), 20000, 1);
		else
			add(t, 1000 + i, 5000, 1);
	size_t n = due(t, NS_PER_SECOND, list);
	unsigned there = 0;
	for (unsigned i = 0; i < 100; i++)
		there += told(list, n, i) == 20000;
	CU_ASSERT_EQUAL(n, RTT_TOP);
	CU_ASSERT_EQUAL(there, 100);
	rtt_top_delete(t);
}

/* Who was busy makes way for who is. */
static void the_quiet_go(void)
{
	static struct rtt_measured list[RTT_TOP];
	struct rtt_top *t = rtt_top_new(6);
	int64_t now = NS_PER_SECOND;
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (unsigned i = 0; i < 1000 * RTT_TOP; i++)
		add(t, i % RTT_TOP, 1000, now);
	for (unsigned hours = 0; hours < 30; hours++) {
		now += RTT_TOP_HALVED_SECONDS * NS_PER_SECOND;
		for (unsigned i = 0; i < 4 * RTT_TOP; i++)
			add(t, RTT_TOP + i % RTT_TOP, 2000, now);
	}
	size_t n = due(t, now, list);
	unsigned new = 0;
	for (unsigned i = 0; i < RTT_TOP; i++)
		new += told(list, n, RTT_TOP + i) > 0;
	CU_ASSERT(new > RTT_TOP * 9 / 10);
	rtt_top_delete(t);
}

static void smoothed(void)
{
	struct rtt_measured out[4];
	struct rtt_top *t = rtt_top_new(7);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	add(t, 1, 10000, 1);
	add(t, 1, 50000, 2);
	CU_ASSERT_EQUAL(rtt_top_due(t, 3, out, 4), 1);
	CU_ASSERT_EQUAL(out[0].us, 20000);
	for (int i = 0; i < 40; i++)
		add(t, 1, 1000, 3 + i);
	CU_ASSERT_EQUAL(rtt_top_due(t, 100 * NS_PER_SECOND, out, 4), 1);
	CU_ASSERT(out[0].us >= 1000 && out[0].us < 1100);
	rtt_top_delete(t);
}

static void told_in_time(void)
{
	struct rtt_measured out[4];
	struct rtt_top *t = rtt_top_new(8);
	int64_t now = NS_PER_SECOND;
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL(rtt_top_due(t, now, out, 4), 0);
	add(t, 1, 10000, now);
	CU_ASSERT_EQUAL(rtt_top_due(t, now, out, 4), 1);
	/* nothing new; then about the same; then something else */
	CU_ASSERT_EQUAL(rtt_top_due(t, now + 1000 * NS_PER_SECOND, out, 4), 0);
	add(t, 1, 10100, now += NS_PER_SECOND);
	CU_ASSERT_EQUAL(rtt_top_due(t, now, out, 4), 0);
	CU_ASSERT_EQUAL(rtt_top_due(t, now + RTT_TOP_AGAIN_SECONDS * NS_PER_SECOND, out, 4), 1);
	now += RTT_TOP_AGAIN_SECONDS * NS_PER_SECOND + 1;
	add(t, 1, 90000, now);
	CU_ASSERT_EQUAL(rtt_top_due(t, now, out, 4), 0);
	CU_ASSERT_EQUAL(rtt_top_due(t, now + RTT_TOP_REST_SECONDS * NS_PER_SECOND, out, 4), 1);
	CU_ASSERT_EQUAL(out[0].us, 10025 + (90000 - 10025) / 4);
	/* all get their turn */
	now += 1000 * NS_PER_SECOND;
	for (unsigned i = 2; i < 12; i++)
		add(t, i, i, now);
	size_t n = 0, k;
	unsigned sum = 0;
	while ((k = rtt_top_due(t, now, out, 4)) > 0) {
		n += k;
		for (size_t i = 0; i < k; i++)
			sum += out[i].us;
	}
	CU_ASSERT_EQUAL(n, 10);
	CU_ASSERT_EQUAL(sum, 65);
	rtt_top_delete(t);
}

static void ring(void)
{
	static struct rtt_ring r;
	struct rtt_measured m = measured(1, 1);
	unsigned n = 0;
	CU_ASSERT_FALSE(rtt_ring_take(&r, &m));
	for (unsigned round = 0; round < 3; round++) {
		for (n = 0; rtt_ring_has_room(&r); n++) {
			m = measured(n, n);
			rtt_ring_put(&r, &m);
		}
		CU_ASSERT_EQUAL(n, RTT_RING);
		for (n = 0; rtt_ring_take(&r, &m); n++)
			CU_ASSERT_EQUAL(m.us, n);
		CU_ASSERT_EQUAL(n, RTT_RING);
	}
}

UNIT_MAIN("rtt_top", UNIT_TEST(the_busy_stay), UNIT_TEST(the_quiet_go), UNIT_TEST(smoothed), UNIT_TEST(told_in_time), UNIT_TEST(ring))
