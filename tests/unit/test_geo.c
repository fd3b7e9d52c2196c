/* GeoIP2 databases: what is known of an address, against libmaxminddb's own look-up; scopes; damaged files. */
#include <fcntl.h>
#include <math.h>
#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../common/geo.h"
#include "../../common/random.h"
#include "../mmdb/mmdb.h"
#include "unit.h"

static char folder[] = "/tmp/test_geo.XXXXXX";

static char *path(const char *name)
{
	static char out[2][256];
	static int turn;
	turn = !turn;
	if (strstr(folder, "XXXXXX"))
		CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(out[turn], sizeof out[turn], "%s/%s", folder, name);
	return out[turn];
}

static void add(struct mmdb *m, const char *prefix, uint32_t record)
{
	struct prefix p;
	CU_ASSERT_FATAL(prefix_parse(&p, prefix));
	mmdb_add(m, &p, record);
}

static struct addr address(const char *text)
{
	struct addr a;
	CU_ASSERT_FATAL(addr_parse(&a, text, 0));
	return a;
}

static struct geo *load(char *first, char *second, struct geo *old)
{
	char *files[] = { first, second };
	struct errs errs;
	errs_init(&errs);
	struct geo *g = geo_load(files, second ? 2 : 1, old, &errs);
	errs_print(&errs, stdout);
	errs_free(&errs);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	return g;
}

static void write_city(const char *file)
{
	struct mmdb *m = mmdb_new(6, 28);
	uint32_t us = mmdb_record(m, &(struct mmdb_record){ .country = "US", .continent = "NA", .located = true, .latitude = 37.34, .longitude = -121.89, .city = "San Jose" });
	uint32_t denver = mmdb_record(m, &(struct mmdb_record){ .country = "US", .continent = "NA", .located = true, .latitude = 39.74, .longitude = -104.99 });
	uint32_t de = mmdb_record(m, &(struct mmdb_record){ .country = "DE", .continent = "EU" });
	uint32_t eu = mmdb_record(m, &(struct mmdb_record){ .continent = "EU" });
	add(m, "192.0.2.0/25", us);
	add(m, "192.0.2.128/25", denver);
	add(m, "198.51.100.0/24", de);
	add(m, "198.51.101.0/24", eu);
	add(m, "2001:db8::/32", us);
	add(m, "2001:db8:1::/48", de);
	mmdb_alias(m);
	CU_ASSERT_FATAL(mmdb_write(m, file));
	mmdb_free(m);
}

static void write_asn(const char *file)
{
	struct mmdb *m = mmdb_new(6, 24);
	add(m, "192.0.2.0/24", mmdb_record(m, &(struct mmdb_record){ .asn = 64500 }));
	add(m, "198.51.100.0/22", mmdb_record(m, &(struct mmdb_record){ .asn = 4200000000 }));
	CU_ASSERT_FATAL(mmdb_write(m, file));
	mmdb_free(m);
}

/* "US NA/24" */
static const char *found(const struct geo *g, enum geo_kind kind, const char *text)
{
	static char out[64];
	uint8_t scope = 0;
	struct addr a = address(text);
	const struct place *p = geo_find(g, kind, &a, &scope);
	size_t n = 0;
	if (p && kind == GEO_ASN)
		n = (size_t)sprintf(out, "%u", p->asn);
	else if (p && kind == GEO_LOCATION)
		n = (size_t)sprintf(out, "%.2f,%.2f", asin((double)p->z) * 180 / M_PI, atan2((double)p->y, (double)p->x) * 180 / M_PI);
	else if (p)
		n = (size_t)sprintf(out, "%s %s", p->country, p->continent);
	sprintf(out + n, "/%u", scope);
	return out;
}

static void each_kind_has_scopes_of_its_own(void)
{
	write_city(path("city.mmdb"));
	struct geo *g = load(path("city.mmdb"), NULL, NULL);
	CU_ASSERT(geo_has(g, GEO_COUNTRY) && geo_has(g, GEO_CONTINENT) && geo_has(g, GEO_LOCATION) && !geo_has(g, GEO_ASN));
	/* Both halves of the /24 are in one country, in two towns. */
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "192.0.2.1"), "US NA/24");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_LOCATION, "192.0.2.1"), "37.34,-121.89/25");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_LOCATION, "192.0.2.200"), "39.74,-104.99/25");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "198.51.100.9"), "DE EU/24");
	/* The country of one of two neighbours is known, the continent of both. */
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "198.51.101.9"), "/24");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_CONTINENT, "198.51.100.9"), " EU/23");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_CONTINENT, "198.51.101.9"), " EU/23");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_LOCATION, "198.51.100.9"), "/6");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_ASN, "192.0.2.1"), "/0");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "10.0.0.1"), "/1");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "2001:db8::1"), "US NA/48");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "2001:db8:1::1"), "DE EU/48");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "2001:db8:2::1"), "US NA/47");
	CU_ASSERT_STRING_EQUAL(found(NULL, GEO_COUNTRY, "2001:db8:2::1"), "/0");
	geo_release(g);
}

/* Prefixes that carry IPv4 addresses: mapped, Teredo (its server's), 6to4. */
static void ipv4_inside_ipv6(void)
{
	write_city(path("city.mmdb"));
	struct geo *g = load(path("city.mmdb"), NULL, NULL);
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "::ffff:192.0.2.1"), "US NA/120");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "::192.0.2.1"), "US NA/120");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "2002:c000:0201::5"), "US NA/40");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "2001:0:c633:6401::5"), "DE EU/56");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "2002:a00::"), "/17");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_ASN, "2002:a00::"), "/0");
	geo_release(g);
}

static void several_databases(void)
{
	write_city(path("city.mmdb"));
	write_asn(path("asn.mmdb"));
	struct geo *g = load(path("city.mmdb"), path("asn.mmdb"), NULL);
	CU_ASSERT_STRING_EQUAL(found(g, GEO_ASN, "192.0.2.1"), "64500/24");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_ASN, "198.51.100.1"), "4200000000/22");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "192.0.2.1"), "US NA/24");
	geo_release(g);
	/* The first that has a kind gives all of it. */
	struct mmdb *m = mmdb_new(4, 32);
	add(m, "0.0.0.0/0", mmdb_record(m, &(struct mmdb_record){ .country = "FR", .asn = 7 }));
	CU_ASSERT(mmdb_write(m, path("other.mmdb")));
	mmdb_free(m);
	g = load(path("asn.mmdb"), path("other.mmdb"), NULL);
	CU_ASSERT_STRING_EQUAL(found(g, GEO_ASN, "192.0.2.1"), "64500/24");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_ASN, "10.0.0.1"), "/1");
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "10.0.0.1"), "FR /0");
	/* A database of IPv4 only knows nothing of IPv6. */
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "2001:db8::1"), "/0");
	geo_release(g);
}

static void unchanged_files_are_shared(void)
{
	write_city(path("city.mmdb"));
	struct geo *g = load(path("city.mmdb"), NULL, NULL), *same = load(path("city.mmdb"), NULL, g);
	CU_ASSERT_PTR_EQUAL(g, same);
	geo_release(g);
	CU_ASSERT_STRING_EQUAL(found(same, GEO_COUNTRY, "192.0.2.1"), "US NA/24");
	/* Another file under the same name, as those that update databases put it there. */
	write_city(path("new.mmdb"));
	CU_ASSERT_EQUAL(rename(path("new.mmdb"), path("city.mmdb")), 0);
	g = load(path("city.mmdb"), NULL, same);
	CU_ASSERT_PTR_NOT_EQUAL(g, same);
	geo_release(same);
	geo_release(g);
}

/* The tables need no file: it may be cut, which would kill whoever has it mapped. */
static void the_file_may_go(void)
{
	write_city(path("city.mmdb"));
	struct geo *g = load(path("city.mmdb"), NULL, NULL);
	CU_ASSERT_EQUAL(truncate(path("city.mmdb"), 0), 0);
	CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "192.0.2.1"), "US NA/24");
	geo_release(g);
}

/* What is odd in a record is passed over, the rest counts. */
static void odd_values(void)
{
	static const struct { struct mmdb_record record; const char *country, *location; } cases[] = {
		{ { .country = "us", .continent = "NA" }, "/0", "/0" },
		{ { .country = "USA" }, "/0", "/0" },
		{ { .country = "" }, "/0", "/0" },
		{ { .country = "US", .located = true, .latitude = 91 }, "US /0", "/0" },
		{ { .country = "US", .located = true, .latitude = NAN }, "US /0", "/0" },
		{ { .country = "US", .located = true, .longitude = INFINITY }, "US /0", "/0" },
		{ { .country = "US", .located = true, .latitude = -90, .longitude = 0 }, "US /0", "-90.00,0.00/0" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mmdb *m = mmdb_new(4, 24);
		struct mmdb_record r = cases[i].record;
		r.asn = 1;
		add(m, "0.0.0.0/0", mmdb_record(m, &r));
		CU_ASSERT(mmdb_write(m, path("odd.mmdb")));
		mmdb_free(m);
		struct geo *g = load(path("odd.mmdb"), NULL, NULL);
		CU_ASSERT_STRING_EQUAL(found(g, GEO_COUNTRY, "10.0.0.1"), cases[i].country);
		CU_ASSERT_STRING_EQUAL(found(g, GEO_LOCATION, "10.0.0.1"), cases[i].location);
		CU_ASSERT_STRING_EQUAL(found(g, GEO_ASN, "10.0.0.1"), "1/0");
		geo_release(g);
	}
}

/* ---- against the library ---- */

static uint64_t state = 11;

static unsigned below(unsigned n)
{
	return (unsigned)(random64(&state) >> 33) % n;
}

static void random_address(struct addr *a)
{
	static const uint8_t usual[] = { 0, 0, 1, 2, 0x20, 0x80, 0xfe, 0xff };
	uint8_t bytes[16];
	for (size_t i = 0; i < 16; i++)
		bytes[i] = usual[below(8)];
	addr_from_bytes(a, below(2) ? AF_INET6 : AF_INET, bytes, 0);
}

static int by_length(const void *a, const void *b)
{
	const struct prefix *p = a, *q = b;
	return (p->family == AF_INET ? 96 : 0) + p->length - (q->family == AF_INET ? 96 : 0) - q->length;
}

static void write_random(const char *file, bool aliases)
{
	static const char *const countries[] = { "US", "DE", "FR", NULL }, *const continents[] = { "NA", "EU", NULL };
	struct mmdb *m = mmdb_new(6, (unsigned[]){ 24, 28, 32 }[below(3)]);
	struct prefix prefixes[60];
	uint32_t records[6];
	size_t n = 1 + below(60);
	for (size_t i = 0; i < 6; i++)
		records[i] = mmdb_record(m, &(struct mmdb_record){ .country = countries[below(4)], .continent = continents[below(3)],
		                         .located = below(2), .latitude = below(170) - 85.0, .longitude = below(350) - 175.0, .asn = below(3) });
	for (size_t i = 0; i < n; i++) {
		struct addr a;
		random_address(&a);
		uint8_t length = (uint8_t)below(a.sa.sa_family == AF_INET ? 33 : 129);
		prefix_of(&prefixes[i], &a, length, length);
	}
	qsort(prefixes, n, sizeof *prefixes, by_length);
	for (size_t i = 0; i < n; i++)
		mmdb_add(m, &prefixes[i], records[below(6)]);
	/* One at least that says something. */
	add(m, "203.0.113.0/32", mmdb_record(m, &(struct mmdb_record){ .country = "US", .continent = "NA", .located = true, .asn = 9 }));
	if (aliases)
		mmdb_alias(m);
	CU_ASSERT_FATAL(mmdb_write(m, file));
	mmdb_free(m);
}

/* What the library finds, in the words of `found` without the scope. */
static void look_up(MMDB_s *db, const struct addr *a, struct place places[GEO_KINDS])
{
	int status;
	MMDB_entry_data_s data, more;
	MMDB_lookup_result_s r = MMDB_lookup_sockaddr(db, &a->sa, &status);
	memset(places, 0, GEO_KINDS * sizeof *places);
	CU_ASSERT_EQUAL_FATAL(status, MMDB_SUCCESS);
	if (!r.found_entry)
		return;
	if (MMDB_get_value(&r.entry, &data, "continent", "code", NULL) == MMDB_SUCCESS && data.has_data)
		memcpy(places[GEO_CONTINENT].continent, data.utf8_string, 2);
	if (MMDB_get_value(&r.entry, &data, "country", "iso_code", NULL) == MMDB_SUCCESS && data.has_data) {
		memcpy(places[GEO_COUNTRY].country, data.utf8_string, 2);
		memcpy(places[GEO_COUNTRY].continent, places[GEO_CONTINENT].continent, 3);
	}
	if (MMDB_get_value(&r.entry, &data, "autonomous_system_number", NULL) == MMDB_SUCCESS && data.has_data)
		places[GEO_ASN].asn = data.uint32;
	if (MMDB_get_value(&r.entry, &data, "location", "latitude", NULL) == MMDB_SUCCESS && data.has_data
	    && MMDB_get_value(&r.entry, &more, "location", "longitude", NULL) == MMDB_SUCCESS && more.has_data)
		place_locate(&places[GEO_LOCATION], data.double_value, more.double_value);
}

static void random_within(struct addr *out, const struct addr *a, unsigned bits)
{
	uint8_t bytes[16];
	size_t size = a->sa.sa_family == AF_INET ? 4 : 16;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)random64(&state);
	for (unsigned i = 0; i < bits; i++) {
		uint8_t mask = (uint8_t)(0x80 >> i % 8);
		bytes[i / 8] = (uint8_t)((bytes[i / 8] & ~mask) | (addr_bytes(a)[i / 8] & mask));
	}
	addr_from_bytes(out, a->sa.sa_family, bytes, 0);
}

static void compare(const struct geo *g, MMDB_s *db, const struct addr *a)
{
	static const struct place nothing;
	struct place expected[GEO_KINDS], there[GEO_KINDS];
	look_up(db, a, expected);
	for (int k = 0; k < GEO_KINDS; k++) {
		uint8_t scope = 0;
		const struct place *p = geo_find(g, (enum geo_kind)k, a, &scope);
		CU_ASSERT_EQUAL(memcmp(p ? p : &nothing, &expected[k], sizeof nothing), 0);
		CU_ASSERT_FATAL(scope <= (a->sa.sa_family == AF_INET ? 32 : 128));
		/* The same for all inside the scope. */
		for (int i = 0; i < 3; i++) {
			struct addr other;
			random_within(&other, a, scope);
			look_up(db, &other, there);
			CU_ASSERT_EQUAL(memcmp(&there[k], &expected[k], sizeof nothing), 0);
		}
	}
}

static void agrees_with_the_library(void)
{
	for (int round = 0; round < 150; round++) {
		MMDB_s db;
		write_random(path("random.mmdb"), round % 2);
		struct geo *g = load(path("random.mmdb"), NULL, NULL);
		CU_ASSERT_EQUAL_FATAL(MMDB_open(path("random.mmdb"), MMDB_MODE_MMAP, &db), MMDB_SUCCESS);
		for (int i = 0; i < 300; i++) {
			struct addr a;
			random_address(&a);
			compare(g, &db, &a);
		}
		MMDB_close(&db);
		geo_release(g);
	}
}

/* ---- broken files ---- */

static char *write_bytes(const uint8_t *bytes, size_t len)
{
	char *file = path("broken.mmdb");
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CU_ASSERT_FATAL(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
	return file;
}

/* Why a file of these bytes isn't read; "" when it is. */
static const char *refusal(const uint8_t *bytes, size_t len)
{
	static char out[256];
	char *file = write_bytes(bytes, len);
	struct errs errs;
	errs_init(&errs);
	struct geo *g = geo_load(&file, 1, NULL, &errs);
	CU_ASSERT_EQUAL(g == NULL, errs.count == 1);
	snprintf(out, sizeof out, "%s", errs.count ? strstr(errs.text[0], ": ") + 2 : "");
	CU_ASSERT(!errs.count || strncmp(errs.text[0], file, strlen(file)) == 0);
	geo_release(g);
	errs_free(&errs);
	return out;
}

static uint8_t *small(size_t *len)
{
	struct mmdb *m = mmdb_new(6, 24);
	add(m, "192.0.2.0/24", mmdb_record(m, &(struct mmdb_record){ .country = "US", .continent = "NA", .located = true, .latitude = 1, .longitude = 2 }));
	mmdb_alias(m);
	uint8_t *bytes = mmdb_bytes(m, len);
	mmdb_free(m);
	return bytes;
}

static void says_why_a_file_is_refused(void)
{
	size_t len;
	uint8_t *bytes = small(&len);
	CU_ASSERT_STRING_EQUAL(refusal(bytes, len), "");
	CU_ASSERT_STRING_EQUAL(refusal(bytes, 0), "is empty");
	CU_ASSERT_STRING_EQUAL(refusal((const uint8_t *)"network,country\n", 16), "not a MaxMind DB, or damaged");
	/* A node that leads to itself. */
	memset(bytes, 0, 2);
	bytes[2] = 1;
	memcpy(bytes + 6, "\0\0\1\0\0\1", 6);
	CU_ASSERT_PTR_NOT_NULL(strstr(refusal(bytes, len), "its search tree is damaged"));
	free(bytes);
	struct mmdb *m = mmdb_new(6, 24);
	add(m, "192.0.2.0/24", mmdb_record(m, &(struct mmdb_record){ .city = "Atlantis" }));
	bytes = mmdb_bytes(m, &len);
	CU_ASSERT_STRING_EQUAL(refusal(bytes, len), "it has no country, continent, location or AS number");
	free(bytes);
	mmdb_free(m);
	char *file = "/nowhere/GeoLite2-City.mmdb";
	struct errs errs;
	errs_init(&errs);
	CU_ASSERT_PTR_NULL(geo_load(&file, 1, NULL, &errs));
	CU_ASSERT_STRING_EQUAL(errs.text[0], "/nowhere/GeoLite2-City.mmdb: No such file or directory");
	errs_free(&errs);
	file = "/dev/null";
	CU_ASSERT_PTR_NULL(geo_load(&file, 1, NULL, &errs));
	CU_ASSERT_STRING_EQUAL(errs.text[0], "/dev/null: not a regular file");
	errs_free(&errs);
}

/* 128 nodes whose two sides are the next one: 2^128 ways to walk. */
static void a_tree_that_is_none_ends(void)
{
	size_t len;
	struct mmdb *m = mmdb_new(6, 24);
	struct prefix p = { .family = AF_INET6, .length = 128 };
	mmdb_add(m, &p, mmdb_record(m, &(struct mmdb_record){ .country = "US" }));
	uint8_t *bytes = mmdb_bytes(m, &len);
	for (int i = 0; i < 127; i++)
		memcpy(bytes + i * 6 + 3, bytes + i * 6, 3);
	CU_ASSERT_STRING_EQUAL(refusal(bytes, len), "its search tree is damaged: nodes are met again and again");
	free(bytes);
	mmdb_free(m);
}

/* Wherever it is cut or changed: a database or a reason, and no look-up strays. */
static void damage_is_survived(void)
{
	size_t len, refused = 0, n = 0;
	uint8_t *bytes = small(&len);
	/* Of damaged metadata the library leaves memory behind, which valgrind minds; fuzz_geo damages those, too. */
	const uint8_t *metadata = memmem(bytes, len, "MaxMind.com", 11);
	CU_ASSERT_PTR_NOT_NULL_FATAL(metadata);
	size_t end = (size_t)(metadata - bytes);
	for (size_t cut = 0; cut < end; cut += 7, n++)
		refused += *refusal(bytes, cut) != '\0';
	CU_ASSERT_EQUAL(refused, n);
	for (int i = 0; i < 3000; i++) {
		uint8_t *copy = malloc(len);
		CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
		memcpy(copy, bytes, len);
		for (unsigned k = below(4) + 1; k > 0; k--)
			copy[below((unsigned)end)] = (uint8_t)random64(&state);
		refusal(copy, len);
		free(copy);
	}
	free(bytes);
}

static void cleans_up(void)
{
	static const char *const names[] = { "city.mmdb", "asn.mmdb", "other.mmdb", "odd.mmdb", "random.mmdb", "broken.mmdb" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(path(names[i]));
	CU_ASSERT_EQUAL(rmdir(folder), 0);
}

UNIT_MAIN("geo", UNIT_TEST(each_kind_has_scopes_of_its_own), UNIT_TEST(ipv4_inside_ipv6), UNIT_TEST(several_databases),
          UNIT_TEST(unchanged_files_are_shared), UNIT_TEST(the_file_may_go), UNIT_TEST(odd_values), UNIT_TEST(agrees_with_the_library),
          UNIT_TEST(says_why_a_file_is_refused), UNIT_TEST(a_tree_that_is_none_ends), UNIT_TEST(damage_is_survived), UNIT_TEST(cleans_up))
