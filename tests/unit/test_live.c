#include <string.h>
#include "../../common/live.h"
#include "unit.h"

#define MANY 1000

static void name(struct service *s, unsigned n)
{
	char text[32];
	const char *why;
	int len = snprintf(text, sizeof text, "s%u.example.", n);
	memset(s, 0, sizeof *s);
	s->name_len = dname_from_text(s->name, text, (size_t)len, NULL, &why);
}

static void a_record_outlives_a_reload(void)
{
	struct live *l = live_new();
	struct member m = { .label = "sjc" };
	struct service before, after;
	name(&before, 1);
	name(&after, 1);
	struct live_member *r = live_get(l, &before, &m);
	atomic_store(&r->verdict, VERDICT_DOWN);
	CU_ASSERT_PTR_EQUAL(live_get(l, &after, &m), r);
	live_put(l, r);
	CU_ASSERT_PTR_EQUAL(live_find(l, before.name, "sjc"), r);
	CU_ASSERT_EQUAL(atomic_load(&r->verdict), VERDICT_DOWN);
	live_put(l, r);
	CU_ASSERT_PTR_NULL(live_find(l, before.name, "sjc"));
	r = live_get(l, &after, &m); /* a new one, of which nothing is known */
	CU_ASSERT_EQUAL(atomic_load(&r->verdict), VERDICT_UNKNOWN);
	live_delete(l);
}

static void labels_and_names_differ(void)
{
	struct live *l = live_new();
	struct member sjc = { .label = "sjc" }, den = { .label = "den" };
	struct service one, two;
	name(&one, 1);
	name(&two, 2);
	struct live_member *a = live_get(l, &one, &sjc), *b = live_get(l, &one, &den), *c = live_get(l, &two, &sjc);
	CU_ASSERT_TRUE(a != b && a != c && b != c);
	CU_ASSERT_PTR_NULL(live_find(l, two.name, "den"));
	live_delete(l);
}

static void many_come_and_go(void)
{
	static struct live_member *records[MANY];
	struct live *l = live_new();
	struct member m = { .label = "sjc" };
	struct service s;
	for (unsigned i = 0; i < MANY; i++) {
		name(&s, i);
		records[i] = live_get(l, &s, &m);
	}
	for (unsigned i = 0; i < MANY; i += 2)
		live_put(l, records[i]);
	for (unsigned i = 0; i < MANY; i++) {
		name(&s, i);
		CU_ASSERT_PTR_EQUAL(live_find(l, s.name, "sjc"), i % 2 ? records[i] : NULL);
	}
	live_delete(l);
}

UNIT_MAIN("live",
	UNIT_TEST(a_record_outlives_a_reload),
	UNIT_TEST(labels_and_names_differ),
	UNIT_TEST(many_come_and_go))
