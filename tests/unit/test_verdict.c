#include "../../common/verdict.h"
#include "unit.h"

static void the_own_check_decides(void)
{
	const struct observation own[] = {
		{ VERDICT_DOWN, true, 0, OBSERVATION_FOR_EVER },
		{ VERDICT_UP, false, 0, 10 },
	};
	struct verdict_votes votes;
	CU_ASSERT_EQUAL(verdict_decide(own, 2, VERDICT_UP, &votes), VERDICT_DOWN);
	CU_ASSERT_EQUAL(votes.fresh, 2);
	CU_ASSERT_EQUAL(votes.up, 1);
}

static void nothing_known_changes_nothing(void)
{
	const struct observation none = { VERDICT_UNKNOWN, true, 0, OBSERVATION_FOR_EVER };
	const struct observation stale = { VERDICT_DOWN, true, 10, 10 };
	struct verdict_votes votes;
	CU_ASSERT_EQUAL(verdict_decide(NULL, 0, VERDICT_UP, &votes), VERDICT_UP);
	CU_ASSERT_EQUAL(votes.fresh, 0);
	CU_ASSERT_EQUAL(verdict_decide(&none, 1, VERDICT_DOWN, &votes), VERDICT_DOWN);
	CU_ASSERT_EQUAL(votes.fresh, 0);
	CU_ASSERT_EQUAL(verdict_decide(&stale, 1, VERDICT_UP, NULL), VERDICT_UP);
	CU_ASSERT_EQUAL(verdict_decide(&none, 1, VERDICT_UNKNOWN, NULL), VERDICT_UNKNOWN);
}

static void fresh_until_its_time_is_over(void)
{
	const struct observation o = { VERDICT_DOWN, true, 9, 10 };
	CU_ASSERT_EQUAL(verdict_decide(&o, 1, VERDICT_UP, NULL), VERDICT_DOWN);
}

static void names_and_back(void)
{
	for (unsigned v = VERDICT_UNKNOWN; v <= VERDICT_DRAIN; v++) {
		enum verdict back;
		CU_ASSERT_TRUE_FATAL(verdict_by_name(verdict_name((enum verdict)v), &back));
		CU_ASSERT_EQUAL(back, v);
	}
	enum verdict untouched = VERDICT_DRAIN;
	CU_ASSERT_FALSE(verdict_by_name("Up", &untouched));
	CU_ASSERT_EQUAL(untouched, VERDICT_DRAIN);
}

UNIT_MAIN("verdict",
	UNIT_TEST(the_own_check_decides),
	UNIT_TEST(nothing_known_changes_nothing),
	UNIT_TEST(fresh_until_its_time_is_over),
	UNIT_TEST(names_and_back))
