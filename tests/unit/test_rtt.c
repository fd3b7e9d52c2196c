#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../common/rtt.h"

static struct prefix net(const char *text)
{
	struct prefix p;
	memset(&p, 0xee, sizeof p); /* whatever stands in the padding must not matter */
	CU_ASSERT_TRUE_FATAL(prefix_parse(&p, text));
	return p;
}

static struct rtt_sample sample(const char *text, uint32_t site, uint32_t us)
{
	return (struct rtt_sample){ .network = net(text), .site = site, .us = us };
}

static uint32_t at(const struct rtt_table *t, const char *text, size_t site)
{
	struct prefix p = net(text);
	const struct rtt_row *r = rtt_find(t, &p);
	return r ? r->us[site] : UINT32_MAX;
}

static void test_rows(void)
{
	struct rtt_sample s[] = {
		sample("198.51.100.0/24", 0, 3000), sample("2001:db8::/56", 2, 9), sample("198.51.100.0/24", 1, 70000),
		sample("198.51.100.0/24", 0, 4000), sample("203.0.113.0/24", 3, 1),
	};
	struct rtt_table *t = rtt_table_new(3, s, 5, 1234);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL(rtt_rows(t), 2);
	CU_ASSERT_EQUAL(rtt_sites(t), 3);
	CU_ASSERT_EQUAL(at(t, "198.51.100.0/24", 0), 4000);
	CU_ASSERT_EQUAL(at(t, "198.51.100.0/24", 1), 70000);
	CU_ASSERT_EQUAL(at(t, "198.51.100.0/24", 2), 0);
	CU_ASSERT_EQUAL(at(t, "2001:db8::/56", 2), 9);
	CU_ASSERT_EQUAL(at(t, "2001:db8::/48", 2), UINT32_MAX);
	CU_ASSERT_EQUAL(at(t, "198.51.100.0/25", 0), UINT32_MAX);
	CU_ASSERT_EQUAL(at(t, "203.0.113.0/24", 0), UINT32_MAX);
	CU_ASSERT_EQUAL(rtt_row(t, 1)->us[2], 9);
	free(t);
}

static void test_none(void)
{
	struct prefix p = net("198.51.100.0/24");
	struct rtt_table *t = rtt_table_new(2, NULL, 0, 7);
	CU_ASSERT_PTR_NULL(rtt_find(NULL, &p));
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_PTR_NULL(rtt_find(t, &p));
	CU_ASSERT_EQUAL(rtt_rows(t), 0);
	free(t);
}

static void test_many(void)
{
	enum { N = 50000 };
	struct rtt_sample *s = calloc(N, sizeof *s);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	for (unsigned i = 0; i < N; i++) {
		uint8_t bytes[4] = { (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 9 };
		struct addr a;
		addr_from_bytes(&a, AF_INET, bytes, 0);
		prefix_of(&s[i].network, &a, 24, 56);
		s[i].site = i % 4;
		s[i].us = i + 1;
	}
	struct rtt_table *t = rtt_table_new(4, s, N, 99);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	unsigned wrong = 0;
	for (unsigned i = 0; i < N; i++) {
		const struct rtt_row *r = rtt_find(t, &s[i].network);
		for (unsigned k = 0; k < 4; k++)
			wrong += !r || r->us[k] != (k == i % 4 ? i + 1 : 0);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	free(t);
	free(s);
}

UNIT_MAIN("rtt", UNIT_TEST(test_rows), UNIT_TEST(test_none), UNIT_TEST(test_many))
