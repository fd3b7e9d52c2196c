#include <string.h>
#include "../../common/addr.h"
#include "unit.h"

static void parses_addresses_with_port(void)
{
	static const struct { const char *in; bool ok; const char *out; } cases[] = {
		{ "192.0.2.53@53", true, "192.0.2.53@53" },
		{ "2001:db8:1::53@5353", true, "2001:db8:1::53@5353" },
		{ "192.0.2.53", false, NULL },
		{ "192.0.2.53@", false, NULL },
		{ "192.0.2.53@0", false, NULL },
		{ "192.0.2.53@65536", false, NULL },
		{ "192.0.2.53@53x", false, NULL },
		{ "192.0.2.53@-1", false, NULL },
		{ "192.0.2.256@53", false, NULL },
		{ "@53", false, NULL },
		{ "", false, NULL },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc@53", false, NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct addr a;
		char text[ADDR_TEXT_MAX];
		bool ok = addr_parse_at(&a, cases[i].in, 0);
		CU_ASSERT_EQUAL(ok, cases[i].ok);
		if (ok && cases[i].ok)
			CU_ASSERT_STRING_EQUAL(addr_text_at(&a, text), cases[i].out);
	}
	struct addr a;
	CU_ASSERT(addr_parse_at(&a, "::1", 53));
	CU_ASSERT_EQUAL(addr_port(&a), 53);
}

static void tells_addresses_apart(void)
{
	struct addr a, b, mapped;
	CU_ASSERT(addr_parse(&a, "127.0.0.1", 80) && addr_parse(&b, "127.0.0.1", 81) && addr_parse(&mapped, "::ffff:127.0.0.1", 80));
	CU_ASSERT(addr_same_ip(&a, &b) && !addr_equal(&a, &b) && !addr_same_ip(&a, &mapped));
	CU_ASSERT(addr_is_loopback(&a) && addr_is_loopback(&mapped));
	addr_unmap(&mapped);
	CU_ASSERT(addr_equal(&a, &mapped));
	CU_ASSERT(addr_parse(&a, "::", 0) && addr_is_any(&a));
	CU_ASSERT(addr_parse(&a, "192.0.2.1", 0) && !addr_is_any(&a) && !addr_is_loopback(&a));
}

static void prefixes_cover(void)
{
	static const struct { const char *prefix, *address; bool covers; } cases[] = {
		{ "10.0.0.0/8", "10.255.1.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.200", true },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "::1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.6", false },
		{ "::1", "::1", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct prefix p;
		struct addr a;
		CU_ASSERT_FATAL(prefix_parse(&p, cases[i].prefix) && addr_parse(&a, cases[i].address, 0));
		CU_ASSERT_EQUAL(prefix_covers(&p, &a), cases[i].covers);
	}
}

static void refuses_bad_prefixes(void)
{
	static const char *const bad[] = { "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "2001:db8::1/64", "", "/8", "::/129" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct prefix p;
		CU_ASSERT_FALSE(prefix_parse(&p, bad[i]));
	}
}

static void networks_of_clients(void)
{
	struct addr a;
	struct prefix p;
	char text[ADDR_TEXT_MAX];
	CU_ASSERT(addr_parse(&a, "198.51.100.77", 0));
	prefix_of(&p, &a, 24, 56);
	CU_ASSERT_STRING_EQUAL(prefix_text(&p, text), "198.51.100.0/24");
	CU_ASSERT(addr_parse(&a, "2001:db8:1:2ff::5", 0));
	prefix_of(&p, &a, 24, 56);
	CU_ASSERT_STRING_EQUAL(prefix_text(&p, text), "2001:db8:1:200::/56");
	prefix_of(&p, &a, 24, 63);
	CU_ASSERT_STRING_EQUAL(prefix_text(&p, text), "2001:db8:1:2fe::/63");
}

static void bits_in_common(void)
{
	static const struct { const char *prefix, *address; unsigned want; } cases[] = {
		{ "10.0.0.0/8", "10.255.0.1", 8 },
		{ "10.0.0.0/8", "11.0.0.1", 7 },
		{ "128.0.0.0/1", "1.2.3.4", 0 },
		{ "0.0.0.0/0", "1.2.3.4", 0 },
		{ "10.16.0.0/12", "10.31.255.255", 12 },
		{ "192.0.2.7", "192.0.2.6", 31 },
		{ "192.0.2.7", "192.0.2.7", 32 },
		{ "2001:db8::/33", "2001:db8:8000::", 32 },
		{ "::/0", "192.0.2.1", 0 },
		{ "::1", "::1", 128 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct prefix p;
		struct addr a;
		CU_ASSERT_FATAL(prefix_parse(&p, cases[i].prefix) && addr_parse(&a, cases[i].address, 0));
		CU_ASSERT_EQUAL(prefix_common(&p, &a), cases[i].want);
	}
}

static void merges_prefixes(void)
{
	static const struct { const char *list[6], *want; } cases[] = {
		{ { "10.0.0.0/8" }, "10.0.0.0/8 " },
		{ { "10.1.0.0/16", "10.0.0.0/8", "10.2.0.0/16" }, "10.0.0.0/8 " },
		{ { "10.128.0.0/9", "10.0.0.0/9" }, "10.0.0.0/8 " },
		{ { "10.64.0.0/10", "10.128.0.0/9", "11.0.0.0/8", "10.0.0.0/10" }, "10.0.0.0/7 " },
		{ { "10.128.0.0/9", "11.0.0.0/9" }, "10.128.0.0/9 11.0.0.0/9 " }, /* neighbours, no halves of one */
		{ { "0.0.0.0/1", "128.0.0.0/1", "::/0" }, "0.0.0.0/0 ::/0 " },
		{ { "192.0.2.1", "192.0.2.1", "192.0.2.0" }, "192.0.2.0/31 " },
		{ { "::ffff:0:0/96", "0.0.0.0/0", "::/96" }, "0.0.0.0/0 ::/96 ::ffff:0.0.0.0/96 " },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct prefix list[6];
		char said[300] = "", text[ADDR_TEXT_MAX];
		size_t n = 0;
		for (; n < 6 && cases[i].list[n]; n++)
			CU_ASSERT_FATAL(prefix_parse(&list[n], cases[i].list[n]));
		n = prefix_merge(list, n);
		for (size_t k = 0; k < n; k++)
			sprintf(said + strlen(said), "%s ", prefix_text(&list[k], text));
		CU_ASSERT_STRING_EQUAL(said, cases[i].want);
	}
	CU_ASSERT_EQUAL(prefix_merge(NULL, 0), 0);
}

UNIT_MAIN("addr", UNIT_TEST(bits_in_common), UNIT_TEST(merges_prefixes), UNIT_TEST(parses_addresses_with_port), UNIT_TEST(tells_addresses_apart), UNIT_TEST(prefixes_cover),
	UNIT_TEST(refuses_bad_prefixes), UNIT_TEST(networks_of_clients))
