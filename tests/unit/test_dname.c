#include <string.h>
#include "../../common/dname.h"
#include "unit.h"

static size_t from(uint8_t out[DNAME_MAX], const char *text, const uint8_t *origin)
{
	const char *why = NULL;
	size_t n = dname_from_text(out, text, strlen(text), origin, &why);
	CU_ASSERT((n != 0) == (why == NULL));
	return n;
}

static void text_to_wire_and_back(void)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "www", "www.example.com." },
		{ "WWW.Other.", "WWW.Other." },
		{ "@", "example.com." },
		{ ".", "." },
		{ "a\\.b.c", "a\\.b.c.example.com." },
		{ "\\000\\255x", "\\000\\255x.example.com." },
		{ "*.app", "*.app.example.com." },
		{ "sp\\032ace", "sp\\032ace.example.com." },
	};
	uint8_t origin[DNAME_MAX], name[DNAME_MAX];
	char text[DNAME_TEXT_MAX];
	CU_ASSERT_FATAL(from(origin, "example.com.", NULL) == 13);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = from(name, cases[i].in, origin);
		CU_ASSERT_FATAL(n != 0);
		CU_ASSERT_EQUAL(dname_len(name), n);
		CU_ASSERT(dname_valid(name, n));
		CU_ASSERT_STRING_EQUAL(dname_to_text(name, text), cases[i].out);
	}
}

static void refuses_bad_names(void)
{
	char label64[80], long_name[400];
	uint8_t origin[DNAME_MAX], name[DNAME_MAX];
	memset(label64, 'a', 64);
	strcpy(label64 + 64, ".");
	memset(long_name, 0, sizeof long_name);
	for (int i = 0; i < 128; i++)
		memcpy(long_name + 2 * i, "a.", 2);
	from(origin, "example.com.", NULL);
	const char *bad[] = { "", "a..b", ".a", "..", "a\\", "a\\25", "a\\256.", label64, long_name };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_EQUAL(from(name, bad[i], origin), 0);
	CU_ASSERT_EQUAL(from(name, "relative", NULL), 0);
	CU_ASSERT_EQUAL(from(name, "@", NULL), 0);
	long_name[254] = 0; /* 127 labels and the root: 255 bytes, the longest there is */
	CU_ASSERT_EQUAL(from(name, long_name, NULL), 255);
}

static void compares_without_case(void)
{
	uint8_t a[DNAME_MAX], b[DNAME_MAX], c[DNAME_MAX];
	from(a, "WwW.eXample.com.", NULL);
	from(b, "www.example.COM.", NULL);
	from(c, "example.com.", NULL);
	CU_ASSERT(dname_equal(a, b));
	CU_ASSERT(!dname_equal(a, c));
	CU_ASSERT(dname_equal_sized(a, dname_len(a), b, dname_len(b)));
	CU_ASSERT(!dname_equal_sized(a, dname_len(a), c, dname_len(c)));
	CU_ASSERT(!dname_equal_sized(a, dname_len(a), a + a[0] + 1, dname_len(a) - a[0] - 1));
	CU_ASSERT(dname_is_below_or_equal(a, c) && dname_is_below_or_equal(c, c) && !dname_is_below_or_equal(c, a));
	from(c, "ample.com.", NULL);
	CU_ASSERT(!dname_is_below_or_equal(a, c));
	size_t n = dname_len(a);
	dname_lower(a, a, n);
	from(b, "www.example.com.", NULL);
	CU_ASSERT(memcmp(a, b, n) == 0);
}

static void valid_needs_the_whole(void)
{
	static const uint8_t good[] = { 1, 'a', 0 }, cut[] = { 2, 'a', 0 }, pointer[] = { 0xc0, 0, 0 };
	CU_ASSERT(dname_valid(good, 3));
	CU_ASSERT(!dname_valid(good, 2) && !dname_valid(cut, 3) && !dname_valid(pointer, 3) && !dname_valid(good, 0));
}

static void prepends_labels(void)
{
	uint8_t name[DNAME_MAX], out[DNAME_MAX], big[LABEL_MAX + 1] = { 'x' };
	char text[DNAME_TEXT_MAX];
	from(name, "www.example.com.", NULL);
	CU_ASSERT(dname_prepend(out, "_health", 7, name) != 0);
	CU_ASSERT_STRING_EQUAL(dname_to_text(out, text), "_health.www.example.com.");
	CU_ASSERT(dname_is_wildcard((const uint8_t *)"\1*\0") && !dname_is_wildcard(name));
	CU_ASSERT_EQUAL(dname_prepend(out, big, 64, name), 0);
	CU_ASSERT_EQUAL(dname_prepend(out, big, 0, name), 0);
	while (dname_len(name) < 200)
		CU_ASSERT_FATAL(dname_prepend(name, big, 60, name) != 0);
	CU_ASSERT_EQUAL(dname_prepend(out, big, 60, name), 0);
}

UNIT_MAIN("dname", UNIT_TEST(text_to_wire_and_back), UNIT_TEST(refuses_bad_names), UNIT_TEST(compares_without_case),
	UNIT_TEST(valid_needs_the_whole), UNIT_TEST(prepends_labels))
