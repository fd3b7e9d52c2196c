#include <stdio.h>
#include <string.h>
#include "../../dnsd/phrases.h"
#include "unit.h"

static struct update_glance glance(uint8_t rdata[64], const char *observer, bool has_rtt)
{
	int n = snprintf((char *)rdata + 1, 60, "observer=%s", observer);
	rdata[0] = (uint8_t)n;
	return (struct update_glance){ .phrase = rdata, .phrase_len = (size_t)n + 1, .has_rtt = has_rtt };
}

static void found_again(void)
{
	uint8_t a[64], b[64];
	struct observer who = { .id = 1 };
	struct phrases *p = phrases_new();
	struct update_glance first = glance(a, "den/dnsd.one", true), other = glance(b, "den/dnsd.two", true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_PTR_NULL(phrases_find(p, &first));
	const struct phrase *f = phrases_add(p, &first, &who);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(f->id != 0 && f->who == &who && strcmp(f->said.observer, "den/dnsd.one") == 0);
	CU_ASSERT_PTR_EQUAL(phrases_find(p, &first), f);
	CU_ASSERT_PTR_NULL(phrases_find(p, &other));
	first.has_rtt = false; /* another phrase: something else is kept of it */
	CU_ASSERT_PTR_NULL(phrases_find(p, &first));
	first.phrase_len = 0;
	CU_ASSERT_PTR_NULL(phrases_add(p, &first, &who));
	phrases_delete(p);
}

/* No more than so many; what was found stays good until they are tidied, and a number is never used twice. */
static void bounded(void)
{
	uint8_t rdata[64];
	char name[32];
	struct observer who = { .id = 1 };
	struct phrases *p = phrases_new();
	struct update_glance g = glance(rdata, "den/dnsd.0", false);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	uint32_t last = 0;
	for (unsigned i = 0; i < PHRASES_MAX; i++) {
		snprintf(name, sizeof name, "den/dnsd.%u", i);
		g = glance(rdata, name, false);
		const struct phrase *f = phrases_add(p, &g, &who);
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		CU_ASSERT_EQUAL(f->id, last + 1);
		last = f->id;
	}
	g = glance(rdata, "den/dnsd.more", false);
	CU_ASSERT_PTR_NULL(phrases_add(p, &g, &who));
	g = glance(rdata, "den/dnsd.7", false);
	CU_ASSERT_PTR_NOT_NULL(phrases_find(p, &g));
	phrases_tidy(p);
	CU_ASSERT_PTR_NULL(phrases_find(p, &g));
	const struct phrase *f = phrases_add(p, &g, &who);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(f->id, last + 1);
	phrases_tidy(p);
	CU_ASSERT_PTR_NOT_NULL(phrases_find(p, &g));
	phrases_delete(p);
}

UNIT_MAIN("phrases",
	UNIT_TEST(found_again),
	UNIT_TEST(bounded))
