/* Sessions by client network: limits hold exactly, what has left is gone, others don't suffer. */
#include <string.h>
#include "fwd/crowd.h"
#include "unit.h"

static struct prefix network(unsigned i)
{
	struct prefix p;
	struct addr a;
	uint8_t bytes[4] = { (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 77 };
	addr_from_bytes(&a, AF_INET, bytes, 0);
	prefix_of(&p, &a, 24, 56);
	return p;
}

static int group, other;

static void limit_holds(void)
{
	struct crowd *c = crowd_new(42);
	struct crowd_place places[4];
	struct prefix a = network(1), b = network(2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(crowd_enter(c, &group, &a, 3, &places[i]));
	CU_ASSERT_FALSE(crowd_enter(c, &group, &a, 3, &places[3]));
	CU_ASSERT_EQUAL(places[3].slots[0], 0);
	CU_ASSERT_TRUE(crowd_enter(c, &group, &b, 3, &places[3]));
	crowd_leave(c, &places[3]);
	CU_ASSERT_TRUE(crowd_enter(c, &other, &a, 3, &places[3]));
	crowd_leave(c, &places[0]);
	crowd_leave(c, &places[0]); /* a place that is none */
	CU_ASSERT_TRUE(crowd_enter(c, &group, &a, 3, &places[0]));
	CU_ASSERT_FALSE(crowd_enter(c, &group, &a, 3, &places[0]));
	crowd_delete(c);
}

static struct crowd_place many[20000];

/* One network has all it may; each of twenty thousand others gets its one. */
static void others_dont_suffer(void)
{
	struct crowd *c = crowd_new(7);
	struct crowd_place p;
	struct prefix heavy = network(1 << 20);
	unsigned refused = 0;
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	while (crowd_enter(c, &group, &heavy, 50000, &p))
		;
	for (unsigned i = 0; i < 20000; i++) {
		struct prefix n = network(i);
		refused += !crowd_enter(c, &group, &n, 5, &many[i]);
	}
	CU_ASSERT_EQUAL(refused, 0);
	for (unsigned i = 0; i < 20000; i++)
		crowd_leave(c, &many[i]);
	for (unsigned i = 0; i < 20000; i++) {
		struct prefix n = network(i);
		refused += !crowd_enter(c, &group, &n, 1, &p);
		crowd_leave(c, &p);
	}
	CU_ASSERT_EQUAL(refused, 0);
	crowd_delete(c);
}

static void ipv6(void)
{
	struct crowd *c = crowd_new(9);
	struct crowd_place p;
	struct addr a, b;
	struct prefix x, y;
	addr_parse(&a, "2001:db8::1", 0);
	addr_parse(&b, "2001:db8:0:ff::1", 0);
	prefix_of(&x, &a, 24, 56);
	prefix_of(&y, &b, 24, 56);
	CU_ASSERT_TRUE(crowd_enter(c, &group, &x, 1, &p));
	CU_ASSERT_FALSE(crowd_enter(c, &group, &y, 1, &p));
	prefix_of(&y, &b, 24, 64);
	CU_ASSERT_TRUE(crowd_enter(c, &group, &y, 1, &p));
	crowd_delete(c);
}

UNIT_MAIN("crowd", UNIT_TEST(limit_holds), UNIT_TEST(others_dont_suffer), UNIT_TEST(ipv6))
