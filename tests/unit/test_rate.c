/* Events a second over the last seconds. */
#include <stdint.h>
#include "fwd/rate.h"
#include "loop.h"
#include "unit.h"

static void nothing_is_nothing(void)
{
	struct rate r = { .n = 0 };
	CU_ASSERT_EQUAL(rate_milli(&r, NS_PER_SECOND, 5), 0);
	rate_note(&r, NS_PER_SECOND, 5);
	CU_ASSERT_EQUAL(rate_milli(&r, NS_PER_SECOND, 5), 0);
	CU_ASSERT_EQUAL(rate_milli(&r, 2 * NS_PER_SECOND, 5), 0);
}

/* 3 a second, looked at every tenth: as if looked at once a second. */
static void steady(void)
{
	struct rate r = { .n = 0 };
	uint64_t count = 0;
	for (int64_t t = 0; t < 300; t++) {
		count += t % 10 < 3;
		rate_note(&r, t * NS_PER_SECOND / 10, count);
		CU_ASSERT(r.n <= RATE_SECONDS + 1);
	}
	uint32_t milli = rate_milli(&r, 30 * NS_PER_SECOND, count);
	CU_ASSERT(milli >= 2900 && milli <= 3100);
}

static void one_is_forgotten(void)
{
	struct rate r = { .n = 0 };
	for (int64_t t = 0; t < 5; t++)
		rate_note(&r, t * NS_PER_SECOND, 0);
	CU_ASSERT_EQUAL(rate_milli(&r, 5 * NS_PER_SECOND, 1), 200);
	for (int64_t t = 5; t <= 5 + RATE_SECONDS; t++)
		rate_note(&r, t * NS_PER_SECOND, 1);
	CU_ASSERT(rate_milli(&r, (5 + RATE_SECONDS) * NS_PER_SECOND, 1) == 0);
}

/* A first connection is not a thousand a second. */
static void first_moment(void)
{
	struct rate r = { .n = 0 };
	rate_note(&r, NS_PER_SECOND, 0);
	CU_ASSERT_EQUAL(rate_milli(&r, NS_PER_SECOND + NS_PER_MS, 1), 1000);
}

/* A listener is gone after a reload, and what it counted. */
static void a_smaller_count(void)
{
	struct rate r = { .n = 0 };
	rate_note(&r, 0, 100);
	rate_note(&r, NS_PER_SECOND, 200);
	CU_ASSERT_EQUAL(rate_milli(&r, 2 * NS_PER_SECOND, 20), 0);
	rate_note(&r, 2 * NS_PER_SECOND, 20);
	CU_ASSERT_EQUAL(r.n, 1);
	rate_note(&r, 3 * NS_PER_SECOND, 30);
	CU_ASSERT_EQUAL(rate_milli(&r, 3 * NS_PER_SECOND, 30), 10000);
	CU_ASSERT_EQUAL(rate_milli(&r, 3 * NS_PER_SECOND, UINT64_MAX), UINT32_MAX);
}

UNIT_MAIN("rate", UNIT_TEST(nothing_is_nothing), UNIT_TEST(steady), UNIT_TEST(one_is_forgotten), UNIT_TEST(first_moment),
          UNIT_TEST(a_smaller_count))
