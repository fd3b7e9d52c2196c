/* names: whose is a server name? */
#include "unit.h"
#include <string.h>
#include "dname.h"
#include "../../fwd/names.h"

static struct member members[2] = { { .label = "sjc" }, { .label = "den" } };

static void make_service(struct service *s, const char *name)
{
	const char *why;

	memset(s, 0, sizeof *s);
	CU_ASSERT_FATAL(dname_from_text(s->name, name, strlen(name), NULL, &why) > 0);
	s->wildcard = dname_is_wildcard(s->name);
	s->members = members;
	s->nmembers = 2;
}

static void test_whose(void)
{
	static const struct { const char *name; int which; } cases[] = {
		{ "www.x.org", 0 }, { "sjc.www.x.org", 0 }, { "den.www.x.org", 0 }, { "fra.www.x.org", -1 }, { "x.org", -1 }, { "a.www.x.org", -1 },
		{ "app.x.org", 1 }, { "a.app.x.org", 1 }, { "sjc.a.app.x.org", 1 }, { "b.c.app.x.org", 1 },
		{ "in.app.x.org", 2 }, { "x.in.app.x.org", 3 }, { "sjc.in.app.x.org", 2 },
		{ "own.example", 4 }, { "mail.x.org", 4 }, { "*.app.x.org", 1 }, { "*.in.app.x.org", 3 }, { "sjc.mail.x.org", 4 }, { "", -1 }, { ".", -1 }, { "org", -1 },
	};
	static const char *const services[] = { "www.x.org.", "*.app.x.org.", "in.app.x.org.", "*.in.app.x.org.", "mail.x.org." };
	char host[] = "own.example", *hosts[] = { host };
	struct names *n = names_new();
	struct service s;
	const char *twice;

	for (size_t i = 0; i < 5; i++) {
		struct conf_listener l = { .hosts = hosts, .nhosts = i == 4 };

		make_service(&s, services[i]);
		CU_ASSERT_TRUE(names_add(n, &l, &s, i));
	}
	CU_ASSERT_TRUE(names_finish(n, &twice));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CU_ASSERT_EQUAL(names_find(n, cases[i].name), cases[i].which);
	names_free(n);
}

static void test_twice(void)
{
	struct names *n = names_new();
	struct conf_listener l = { .nhosts = 0 };
	struct service s;
	const char *twice = "";

	make_service(&s, "www.x.org.");
	CU_ASSERT_TRUE(names_add(n, &l, &s, 0) && names_add(n, &l, &s, 0));
	CU_ASSERT_TRUE(names_finish(n, &twice)); /* its own */
	CU_ASSERT_TRUE(names_add(n, &l, &s, 1));
	CU_ASSERT_FALSE(names_finish(n, &twice));
	CU_ASSERT_PTR_NOT_NULL(strstr(twice, "www.x.org"));
	names_free(n);
	n = names_new();
	CU_ASSERT_TRUE(names_finish(n, &twice));
	CU_ASSERT_EQUAL(names_find(n, "a.b"), -1);
	names_free(n);
}

UNIT_MAIN("names", UNIT_TEST(test_whose), UNIT_TEST(test_twice))
