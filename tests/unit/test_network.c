/* networks.conf: its reader, and the table against a model that looks at every line. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../common/network.h"
#include "../../common/random.h"
#include "unit.h"

#define SITES 6

static struct site sites[SITES] = {
	{ .name = "sjc" }, { .name = "den" }, { .name = "fra" }, { .name = "ams" }, { .name = "nrt" }, { .name = "syd" },
};

static struct networks *load_text(const char *text, size_t len, struct errs *errs)
{
	char file[] = "/tmp/test_network.XXXXXX";
	int fd = mkstemp(file);
	errs_init(errs);
	CU_ASSERT_FATAL(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
	struct networks *t = networks_load(file, sites, SITES, errs);
	unlink(file);
	return t;
}

static struct networks *load(const char *text)
{
	struct errs errs;
	struct networks *t = load_text(text, strlen(text), &errs);
	errs_print(&errs, stdout);
	errs_free(&errs);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	return t;
}

static void put_sites(char *out, const struct network_sites *s)
{
	*out = '\0';
	for (size_t i = 0; s && i < s->n; i++)
		sprintf(out + strlen(out), "%s%s", i ? "," : "", sites[s->sites[i]].name);
}

/* "sjc,den/24" */
static const char *found(const struct networks *t, const char *address)
{
	static char out[256];
	struct addr a;
	uint8_t scope = 0;
	CU_ASSERT_FATAL(addr_parse(&a, address, 0));
	put_sites(out, networks_find(t, &a, &scope));
	sprintf(out + strlen(out), "/%u", scope);
	return out;
}

static void finds_the_longest_prefix(void)
{
	struct networks *t = load("# who is near whom\n"
	                          "10.0.0.0/8 sjc,den\n"
	                          "10.1.0.0/16\tden , sjc  # the other way round\r\n"
	                          "\n   \n"
	                          "10.1.2.3 fra\n"
	                          "2001:db8::/32 ams\n"
	                          "2001:db8:0:1::/64 nrt,syd\n"
	                          "2001:db8:0:2::5 syd");
	CU_ASSERT_EQUAL(networks_count(t), 6);
	CU_ASSERT_STRING_EQUAL(found(t, "10.2.0.1"), "sjc,den/15");
	CU_ASSERT_STRING_EQUAL(found(t, "10.0.0.1"), "sjc,den/16");
	CU_ASSERT_STRING_EQUAL(found(t, "10.128.0.1"), "sjc,den/9");
	CU_ASSERT_STRING_EQUAL(found(t, "10.1.128.1"), "den,sjc/17");
	CU_ASSERT_STRING_EQUAL(found(t, "10.1.2.3"), "fra/32");
	CU_ASSERT_STRING_EQUAL(found(t, "10.1.2.2"), "den,sjc/32");
	CU_ASSERT_STRING_EQUAL(found(t, "11.0.0.1"), "/8");
	CU_ASSERT_STRING_EQUAL(found(t, "192.0.2.1"), "/1");
	CU_ASSERT_STRING_EQUAL(found(t, "2001:db8::1"), "ams/64");
	CU_ASSERT_STRING_EQUAL(found(t, "2001:db8:0:1:ffff::"), "nrt,syd/64");
	CU_ASSERT_STRING_EQUAL(found(t, "2001:db8:0:2::5"), "syd/128");
	CU_ASSERT_STRING_EQUAL(found(t, "2001:db8:0:2::6"), "ams/127");
	CU_ASSERT_STRING_EQUAL(found(t, "2001:db8:8000::"), "ams/33");
	CU_ASSERT_STRING_EQUAL(found(t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "/1");
	networks_free(t);
}

static void nothing_has_scope_0(void)
{
	struct networks *t = load("# nothing yet\n");
	CU_ASSERT_EQUAL(networks_count(t), 0);
	CU_ASSERT_STRING_EQUAL(found(t, "10.2.0.1"), "/0");
	CU_ASSERT_STRING_EQUAL(found(t, "::1"), "/0");
	networks_free(t);
	t = load("0.0.0.0/0 sjc\n::/0 den\n");
	CU_ASSERT_STRING_EQUAL(found(t, "255.255.255.255"), "sjc/0");
	CU_ASSERT_STRING_EQUAL(found(t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "den/0");
	networks_free(t);
	CU_ASSERT_STRING_EQUAL(found(NULL, "10.2.0.1"), "/0");
	struct addr none = { .sa = { .sa_family = AF_UNSPEC } };
	t = load("0.0.0.0/0 sjc\n");
	CU_ASSERT_PTR_NULL(networks_find(t, &none, NULL));
	networks_free(t);
}

/* Lines that say the same as what is around them make no difference to anybody, so not to the scope either. */
static void neighbours_with_the_same_sites_are_one(void)
{
	struct networks *t = load("10.0.0.0/9 sjc,den\n10.128.0.0/9 sjc,den\n10.7.0.0/16 sjc,den\n2001:db8::/33 fra\n2001:db8:8000::/33 fra\n2001:db8::1 fra\n");
	CU_ASSERT_STRING_EQUAL(found(t, "10.7.0.1"), "sjc,den/8");
	CU_ASSERT_STRING_EQUAL(found(t, "10.200.0.1"), "sjc,den/8");
	CU_ASSERT_STRING_EQUAL(found(t, "2001:db8::1"), "fra/32");
	networks_free(t);
}

static void tells_every_error(void)
{
	static const struct { const char *text, *error; } cases[] = {
		{ "10.0.0.1/8 sjc\n", ":1:1: 10.0.0.1/8 has bits set past its length: the network is 10.0.0.0/8" },
		{ "2001:db8::1/32 sjc\n", ":1:1: 2001:db8::1/32 has bits set past its length: the network is 2001:db8::/32" },
		{ "\n  10.0.0.0/33 sjc\n", ":2:3: \"10.0.0.0/33\" is not a prefix" },
		{ "10.0.0.0/8 sjc\n::ffff:10.0.0.0/104 sjc\n", ":2:1: ::ffff:10.0.0.0/104 is IPv4 written as IPv6: write 10.0.0.0/8" },
		{ "10.0.0/8 sjc\n", ":1:1: \"10.0.0/8\" is not a prefix" },
		{ "10.0.0.0/8x sjc\n", ":1:1: \"10.0.0.0/8x\" is not a prefix" },
		{ "10.0.0.0/ sjc\n", ":1:1: \"10.0.0.0/\" is not a prefix" },
		{ "nearby sjc\n", ":1:1: \"nearby\" is not a prefix" },
		{ "10.0.0.0/8\n", ":1:11: the name of a site is missing" },
		{ "10.0.0.0/8 # sjc\n", ":1:12: the name of a site is missing" },
		{ "10.0.0.0/8 sjc,\n", ":1:16: the name of a site is missing" },
		{ "10.0.0.0/8 ,sjc\n", ":1:12: the name of a site is missing" },
		{ "10.0.0.0/8 sjc,,den\n", ":1:16: the name of a site is missing" },
		{ "10.0.0.0/8 sjc den\n", ":1:16: a comma is missing between two sites" },
		{ "10.0.0.0/8 sjc,dem\n", ":1:16: \"dem\" is not in sites (did you mean \"den\"?)" },
		{ "10.0.0.0/8 SJC\n", ":1:12: \"SJC\" is not in sites" },
		{ "10.0.0.0/8 sjc,den,sjc\n", ":1:20: \"sjc\" stands here twice" },
		{ "10.0.0.0/8 sjc\n\n10.0.0.0/8 den\n", ":3: 10.0.0.0/8 stands on line 1 already" },
		{ "::1 sjc\n::1/128 sjc\n", ":2: ::1/128 stands on line 1 already" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct errs errs;
		struct networks *t = load_text(cases[i].text, strlen(cases[i].text), &errs);
		CU_ASSERT_PTR_NULL(t);
		CU_ASSERT_EQUAL(errs.count, 1);
		const char *text = errs.count ? strchr(errs.text[0] + 1, ':') : NULL;
		CU_ASSERT_PTR_NOT_NULL_FATAL(text);
		CU_ASSERT_STRING_EQUAL(text, cases[i].error);
		if (strcmp(text, cases[i].error) != 0)
			printf("\n  %s\n  %s\n", text, cases[i].error);
		errs_free(&errs);
		networks_free(t);
	}
}

static void tells_twenty_at_once(void)
{
	struct errs errs;
	char text[4096] = "";
	for (int i = 0; i < 12; i++)
		sprintf(text + strlen(text), "10.%d.0.1/16 nowhere\n", i);
	CU_ASSERT_PTR_NULL(load_text(text, strlen(text), &errs));
	CU_ASSERT_EQUAL(errs.count, 24);
	CU_ASSERT_PTR_NOT_NULL(errs.text[19]);
	errs_free(&errs);
	/* Of what stands twice the earlier line comes first, whatever the order of prefixes. */
	*text = '\0';
	for (int i = 9; i > 0; i--)
		sprintf(text + strlen(text), "10.%d.0.0/16 sjc\n10.%d.0.0/16 den\n", i, i);
	CU_ASSERT_PTR_NULL(load_text(text, strlen(text), &errs));
	CU_ASSERT_EQUAL(errs.count, 9);
	CU_ASSERT_PTR_NOT_NULL(strstr(errs.text[0], ":2: 10.9.0.0/16 stands on line 1 already"));
	errs_free(&errs);
}

static void refuses_what_is_no_text(void)
{
	struct errs errs;
	CU_ASSERT_PTR_NULL(load_text("10.0.0.0/8 sjc\n10.1.0.0/16\0 den\n", 32, &errs));
	CU_ASSERT_EQUAL(errs.count, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(errs.text[0], ":2:12: a NUL byte"));
	errs_free(&errs);
	size_t n = 200000;
	char *line = malloc(n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(line);
	memset(line, 'x', n);
	memcpy(line, "\n\n", 2);
	CU_ASSERT_PTR_NULL(load_text(line, n, &errs));
	CU_ASSERT_EQUAL(errs.count, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(errs.text[0], ":3: the line is too long"));
	errs_free(&errs);
	free(line);
	errs_init(&errs);
	CU_ASSERT_PTR_NULL(networks_load("/nowhere/networks.conf", sites, SITES, &errs));
	CU_ASSERT_PTR_NOT_NULL(strstr(errs.text[0], "/nowhere/networks.conf: No such file"));
	errs_free(&errs);
	errs_init(&errs);
	CU_ASSERT_PTR_NULL(networks_load("/dev", sites, SITES, &errs));
	CU_ASSERT_PTR_NOT_NULL(strstr(errs.text[0], "/dev: not a regular file"));
	errs_free(&errs);
}

/* ---- against a model ---- */

struct line { struct prefix prefix; char sites[64]; };

static uint64_t state = 7;

static unsigned below(unsigned n)
{
	return (unsigned)(random64(&state) >> 33) % n;
}

/* Few different bytes, so that prefixes nest and touch. */
static void random_address(struct addr *a, bool six)
{
	static const uint8_t usual[] = { 0, 0, 1, 2, 0x7f, 0x80, 0xfe, 0xff };
	uint8_t bytes[16];
	for (size_t i = 0; i < 16; i++)
		bytes[i] = usual[below(8)];
	addr_from_bytes(a, six ? AF_INET6 : AF_INET, bytes, 0);
}

/* Whole bytes and /64 more often than others, as in life. */
static unsigned random_length(unsigned bits)
{
	switch (below(4)) {
	case 0: return below(bits / 8 + 1) * 8;
	case 1: return bits == 128 ? 60 + below(9) : below(bits + 1);
	default: return below(bits + 1);
	}
}

static size_t random_lines(struct line *lines, size_t n, unsigned lists)
{
	static const char *const texts[] = { "sjc", "den", "sjc,den", "fra,ams,nrt", "syd", "den,sjc" };
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		struct addr a;
		struct line l;
		bool twice = false;
		random_address(&a, below(2));
		unsigned length = random_length(a.sa.sa_family == AF_INET ? 32 : 128);
		prefix_of(&l.prefix, &a, (uint8_t)length, (uint8_t)length);
		strcpy(l.sites, texts[below(lists)]);
		for (size_t k = 0; k < kept; k++)
			twice |= memcmp(&lines[k].prefix, &l.prefix, sizeof l.prefix) == 0;
		if (!twice)
			lines[kept++] = l;
	}
	return kept;
}

static struct networks *load_lines(const struct line *lines, size_t n)
{
	char *text = calloc(n + 1, 160), where[ADDR_TEXT_MAX];
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	for (size_t i = 0, at = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "%s %s\n", prefix_text(&lines[i].prefix, where), lines[i].sites);
	struct networks *t = load(text);
	free(text);
	return t;
}

/* What the longest of all lines says; "" when none does. */
static const char *model(const struct line *lines, size_t n, const struct addr *a)
{
	const struct line *best = NULL;
	for (size_t i = 0; i < n; i++)
		if (prefix_covers(&lines[i].prefix, a) && (!best || lines[i].prefix.length >= best->prefix.length))
			best = &lines[i];
	return best ? best->sites : "";
}

/* A random address that agrees with `a` in the first `bits`. */
static void random_within(struct addr *out, const struct addr *a, unsigned bits)
{
	uint8_t bytes[16];
	random_address(out, a->sa.sa_family == AF_INET6);
	memcpy(bytes, addr_bytes(out), a->sa.sa_family == AF_INET ? 4 : 16);
	for (unsigned i = 0; i < bits; i++) {
		uint8_t mask = (uint8_t)(0x80 >> i % 8);
		bytes[i / 8] = (uint8_t)((bytes[i / 8] & ~mask) | (addr_bytes(a)[i / 8] & mask));
	}
	addr_from_bytes(out, a->sa.sa_family, bytes, 0);
}

/* All lines inside the prefix say what holds outside of them, too: every address in it has one outcome. */
static bool is_one_outcome(const struct line *lines, size_t n, const struct addr *a, unsigned bits)
{
	struct prefix p;
	prefix_of(&p, a, (uint8_t)bits, (uint8_t)bits);
	const char *first = NULL;
	/* Outcomes can change at the first address of a line and behind its last only. */
	for (size_t i = 0; i <= 2 * n; i++) {
		struct addr at;
		addr_from_bytes(&at, p.family, p.bytes, 0);
		if (i < 2 * n) {
			const struct prefix *q = &lines[i / 2].prefix;
			uint8_t bytes[16];
			memcpy(bytes, q->bytes, sizeof bytes);
			int size = q->family == AF_INET ? 4 : 16;
			for (unsigned b = q->length; i % 2 && b < (unsigned)size * 8; b++)
				bytes[b / 8] |= (uint8_t)(0x80 >> b % 8);
			for (int k = size - 1; i % 2 && k >= 0 && ++bytes[k] == 0; k--)
				;
			addr_from_bytes(&at, q->family, bytes, 0);
		}
		if (!prefix_covers(&p, &at))
			continue;
		const char *says = model(lines, n, &at);
		if (first && strcmp(first, says) != 0)
			return false;
		first = says;
	}
	return true;
}

static void compare(const struct networks *t, const struct line *lines, size_t n, const struct addr *a)
{
	char says[256];
	uint8_t scope = 0;
	put_sites(says, networks_find(t, a, &scope));
	CU_ASSERT_STRING_EQUAL(says, model(lines, n, a));
	for (int i = 0; i < 3; i++) {
		struct addr other;
		uint8_t scope_there = 0;
		random_within(&other, a, scope);
		put_sites(says, networks_find(t, &other, &scope_there));
		CU_ASSERT_STRING_EQUAL(says, model(lines, n, a));
		CU_ASSERT(scope_there <= scope);
	}
	CU_ASSERT(is_one_outcome(lines, n, a, scope));
	CU_ASSERT(scope == 0 || !is_one_outcome(lines, n, a, scope - 1u));
}

static void agrees_with_a_model(void)
{
	struct line lines[200];
	for (int round = 0; round < 300; round++) {
		size_t n = random_lines(lines, 1 + below(round % 10 ? 12 : 200), 1 + below(6));
		struct networks *t = load_lines(lines, n);
		CU_ASSERT_EQUAL(networks_count(t), n);
		for (int i = 0; i < 60; i++) {
			struct addr a;
			random_address(&a, below(2));
			/* Half of them where something is. */
			if (below(2)) {
				const struct prefix *p = &lines[below((unsigned)n)].prefix;
				struct addr base;
				addr_from_bytes(&base, p->family, p->bytes, 0);
				random_within(&a, &base, p->length);
			}
			compare(t, lines, n, &a);
		}
		networks_free(t);
	}
}

/* A scope that is there already is never lowered. */
static void raises_the_scope_only(void)
{
	struct networks *t = load("10.0.0.0/8 sjc\n");
	struct addr a;
	uint8_t scope = 20;
	CU_ASSERT(addr_parse(&a, "10.0.0.1", 0));
	CU_ASSERT_PTR_NOT_NULL(networks_find(t, &a, &scope));
	CU_ASSERT_EQUAL(scope, 20);
	networks_free(t);
}

/* ---- of real size ---- */

/* A million different prefixes, 64 MiB: what is promised. Every other one has another list, so nothing melts together. */
static void a_million_prefixes_fit(void)
{
	static const char *const format[] = { "%u.%u.%u.%u/31 %s\n", "2001:%x:%x:%x::/64 %s\n", "2001:db8:%x:%x::%x %s\n" };
	static const char *const lists[] = { "sjc,den", "den,sjc", "fra" };
	/* Under valgrind a tenth shows the same. */
	unsigned n = getenv("FAIRLEAD_SLOW") ? 100000 : 1000000;
	for (unsigned kind = 0; kind < 3; kind++) {
		char file[] = "/tmp/test_network.XXXXXX";
		int fd = mkstemp(file);
		FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		for (unsigned i = 0; i < n; i++) {
			/* 64 addresses apart: between any two of them nothing is known. */
			uint32_t v4 = (10u << 24) + i * 64;
			const char *list = lists[i % 3];
			if (kind == 0)
				fprintf(f, format[0], v4 >> 24, v4 >> 16 & 255, v4 >> 8 & 255, v4 & 255, list);
			else if (kind == 1)
				fprintf(f, format[1], i >> 15, i >> 8 & 127, (i & 255) * 4, list);
			else
				fprintf(f, format[2], i >> 8 & 0xffff, (i & 255) * 4, i % 1000 + 1, list);
		}
		fclose(f);
		struct errs errs;
		errs_init(&errs);
		struct networks *t = networks_load(file, sites, SITES, &errs);
		unlink(file);
		errs_print(&errs, stdout);
		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		CU_ASSERT_EQUAL(networks_count(t), n);
		/* And what it takes however few there are. */
		CU_ASSERT(networks_bytes(t) < ((size_t)64 << 20) / 1000000 * n + 300000);
		printf("%zu bytes ", networks_bytes(t));
		if (kind == 0)
			CU_ASSERT_STRING_EQUAL(found(t, "10.0.0.65"), "den,sjc/31");
		if (kind == 0)
			CU_ASSERT_STRING_EQUAL(found(t, "10.0.0.97"), "/27");
		if (kind == 2)
			CU_ASSERT_STRING_EQUAL(found(t, "2001:db8:0:4::2"), "den,sjc/128");
		networks_free(t);
		errs_free(&errs);
	}
}

UNIT_MAIN("network", UNIT_TEST(finds_the_longest_prefix), UNIT_TEST(nothing_has_scope_0),
          UNIT_TEST(neighbours_with_the_same_sites_are_one), UNIT_TEST(tells_every_error), UNIT_TEST(tells_twenty_at_once),
          UNIT_TEST(refuses_what_is_no_text), UNIT_TEST(agrees_with_a_model), UNIT_TEST(raises_the_scope_only),
          UNIT_TEST(a_million_prefixes_fit))
