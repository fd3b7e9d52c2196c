/*
 * unit: what every unit test program shares. A program lists its tests and
 * ends with UNIT_MAIN; the exit status is 0 only when every assertion held
 * and at least one test ran.
 */
#ifndef FAIRLEAD_UNIT_H
#define FAIRLEAD_UNIT_H

#include <CUnit/Basic.h>
#include <stdio.h>

struct unit_test { const char *name; void (*run)(void); };

#define UNIT_TEST(fn) { #fn, fn }

static inline int unit_run(const char *suite_name, const struct unit_test *tests, size_t count)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
	for (size_t i = 0; suite && i < count; i++)
		if (!CU_add_test(suite, tests[i].name, tests[i].run))
			suite = NULL;
	if (!suite)
		return 2;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	unsigned ran = CU_get_number_of_tests_run(), failed = CU_get_number_of_tests_failed();
	unsigned bad_asserts = CU_get_number_of_failures();
	printf("\n%u passed, %u failed\n", ran - failed, failed);
	CU_cleanup_registry();
	return ran == 0 || failed != 0 || bad_asserts != 0;
}

#define UNIT_MAIN(suite, ...) \
	int main(void) \
	{ \
		static const struct unit_test tests[] = { __VA_ARGS__ }; \
		return unit_run(suite, tests, sizeof tests / sizeof *tests); \
	}

#endif
