/* The rate limit: what passes, what doesn't, and that threads together get no more than one. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "../../dnsd/rrl.h"
#include "unit.h"

#define SECOND 1000000000LL

static struct prefix network(const char *text)
{
	struct prefix p;
	CU_ASSERT_FATAL(prefix_parse(&p, text));
	return p;
}

/* How many of `n` answers at one moment pass. */
static unsigned pass(struct rrl *t, const struct prefix *p, enum rrl_class class, unsigned rate, int64_t now, unsigned n)
{
	unsigned passed = 0;
	while (n--)
		passed += rrl_take(t, p, class, rate, now);
	return passed;
}

static void a_second_and_then_one_by_one(void)
{
	struct rrl *t = rrl_new(1);
	struct prefix p = network("192.0.2.0/24");
	int64_t now = 77 * SECOND;
	CU_ASSERT_EQUAL(pass(t, &p, RRL_ANSWER, 10, now, 100), 10);
	CU_ASSERT_EQUAL(pass(t, &p, RRL_ANSWER, 10, now + SECOND / 20, 100), 0);
	CU_ASSERT_EQUAL(pass(t, &p, RRL_ANSWER, 10, now + SECOND / 10, 100), 1);
	CU_ASSERT_EQUAL(pass(t, &p, RRL_ANSWER, 10, now + SECOND / 2, 100), 4);
	CU_ASSERT_EQUAL(pass(t, &p, RRL_ANSWER, 10, now + 10 * SECOND, 100), 10);
	/* long silence, also such as wraps the bucket's clock */
	CU_ASSERT_EQUAL(pass(t, &p, RRL_ANSWER, 10, now + 100000 * SECOND, 100), 10);
	CU_ASSERT_EQUAL(pass(t, &p, RRL_ANSWER, 10, now + 100000000 * SECOND, 100), 10);
	rrl_delete(t);
}

/* A flood gets what it is set to, however long it lasts, at any rate. */
static void a_flood_gets_the_rate(void)
{
	static const unsigned rates[] = { 1, 2, 7, 100, 5000, 1000000 };
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		struct rrl *t = rrl_new(i);
		struct prefix p = network("2001:db8::/56");
		uint64_t passed = 0, rate = rates[i], steps = 20 * rate;
		if (steps < 20000)
			steps = 20000;
		for (uint64_t k = 0; k < steps; k++) /* ten seconds, at twice the rate or more */
			passed += rrl_take(t, &p, RRL_NXDOMAIN, rates[i], (int64_t)(5 * SECOND + 10 * SECOND * (double)k / (double)steps));
		CU_ASSERT(passed <= 11 * rate + rate / 20 + 1);
		CU_ASSERT(passed >= 10 * rate);
		rrl_delete(t);
	}
}

static void networks_and_classes_are_apart(void)
{
	struct rrl *t = rrl_new(3);
	struct prefix a = network("192.0.2.0/24"), b = network("192.0.3.0/24"), c = network("2001:db8::/56"), d = network("c000:200::/24");
	int64_t now = SECOND;
	CU_ASSERT_EQUAL(pass(t, &a, RRL_ANSWER, 5, now, 20), 5);
	CU_ASSERT_EQUAL(pass(t, &a, RRL_NXDOMAIN, 5, now, 20), 5);
	CU_ASSERT_EQUAL(pass(t, &a, RRL_ERROR, 5, now, 20), 5);
	CU_ASSERT_EQUAL(pass(t, &b, RRL_ANSWER, 5, now, 20), 5);
	CU_ASSERT_EQUAL(pass(t, &c, RRL_ANSWER, 5, now, 20), 5);
	CU_ASSERT_EQUAL(pass(t, &d, RRL_ANSWER, 5, now, 20), 5); /* the same bits as `a`, another family */
	CU_ASSERT_EQUAL(pass(t, &a, RRL_ANSWER, 5, now, 20), 0);
	CU_ASSERT_EQUAL(rrl_class_of(RCODE_NOERROR), RRL_ANSWER);
	CU_ASSERT_EQUAL(rrl_class_of(RCODE_NXDOMAIN), RRL_NXDOMAIN);
	CU_ASSERT_EQUAL(rrl_class_of(RCODE_REFUSED), RRL_ERROR);
	rrl_delete(t);
}

/* More networks than there is room for: one that floods stays limited beside a hundred thousand that ask now and then. */
static void the_crowd_hides_nobody(void)
{
	struct rrl *t = rrl_new(4);
	struct prefix flood = network("203.0.113.0/24");
	unsigned passed = 0;
	for (unsigned i = 0; i < 1000000; i++) {
		uint8_t bytes[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
		struct addr a;
		struct prefix p;
		int64_t now = SECOND + 10000 * (int64_t)i; /* ten seconds in all */
		addr_from_bytes(&a, AF_INET, bytes, 0);
		prefix_of(&p, &a, 32, 56);
		rrl_take(t, &p, RRL_ANSWER, 100, now);
		passed += rrl_take(t, &flood, RRL_ANSWER, 100, now);
	}
	CU_ASSERT(passed >= 1000 && passed <= 1200);
	rrl_delete(t);
}

static struct rrl *shared;
static _Atomic(unsigned) total;

static void *hammer(void *arg)
{
	struct prefix p = network("198.51.100.0/24");
	(void)arg;
	total += pass(shared, &p, RRL_ANSWER, 1000, SECOND, 20000);
	return NULL;
}

static void threads_share_one_limit(void)
{
	pthread_t threads[4];
	shared = rrl_new(5);
	for (size_t i = 0; i < 4; i++)
		CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, hammer, NULL) == 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(total, 1000);
	rrl_delete(shared);
	rrl_delete(NULL);
}

UNIT_MAIN("rrl", UNIT_TEST(a_second_and_then_one_by_one), UNIT_TEST(a_flood_gets_the_rate), UNIT_TEST(networks_and_classes_are_apart),
	UNIT_TEST(the_crowd_hides_nobody), UNIT_TEST(threads_share_one_limit))
