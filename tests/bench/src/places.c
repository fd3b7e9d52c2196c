/*
 * places: tables of what is known of clients, of the size that real ones have.
 *   places make DIR PREFIXES     DIR/city.mmdb (as GeoLite2-City: some three million
 *                                networks) and DIR/networks.conf for the sites s1..s16
 *   places look DIR              what they take, and look-ups in them, beside the library's own
 */
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../../common/geo.h"
#include "../../../common/network.h"
#include "../../mmdb/mmdb.h"
#include "bench.h"

#define SITES 16
#define CITIES 120000
#define LOOKS 4000000

static uint64_t state = 1;

static uint32_t below(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 32) * n >> 32);
}

/* ---- make ---- */

struct made { struct mmdb *db; uint32_t records[CITIES]; uint64_t networks; };

static void make_records(struct made *m)
{
	static const char *const continents[] = { "AF", "AS", "EU", "NA", "OC", "SA" };
	for (uint32_t i = 0; i < CITIES; i++) {
		uint32_t country = i / (CITIES / 240);
		char code[3] = { (char)('A' + country / 26), (char)('A' + country % 26), 0 }, city[32];
		snprintf(city, sizeof city, "Town number %u", i);
		m->records[i] = mmdb_record(m->db, &(struct mmdb_record){ .country = code, .continent = continents[country % 6], .located = true,
		                            .latitude = (int)below(170) - 85 + below(10000) / 1e4, .longitude = (int)below(350) - 175 + below(10000) / 1e4, .city = city });
	}
}

/* Halves until it is small enough: mostly /20 to /26, as towns have them; of IPv6 /32 to /48. */
static void fill(struct made *m, struct prefix *p, uint32_t country, unsigned least, unsigned most)
{
	uint32_t towns = CITIES / 240;
	if (p->length == 11 || p->length == 18)
		country = below(240);
	bool leaf = p->length >= most || (p->length >= least && below(most - least + 3) < p->length - least + 1);
	if (leaf) {
		if (below(20) == 0)
			return; /* nothing known */
		mmdb_add(m->db, p, m->records[country * towns + below(towns)]);
		m->networks++;
		return;
	}
	struct prefix half = *p;
	half.length++;
	fill(m, &half, country, least, most);
	half.bytes[p->length / 8] |= (uint8_t)(0x80 >> p->length % 8);
	fill(m, &half, country, least, most);
}

static void make_city(const char *dir)
{
	static struct made m;
	char file[512];
	m.db = mmdb_new(6, 28);
	make_records(&m);
	for (unsigned i = 1; i < 224; i++) {
		struct prefix p = { .family = AF_INET, .length = 8, .bytes = { (uint8_t)i } };
		if (i != 10 && i != 127)
			fill(&m, &p, below(240), 19, 25);
	}
	uint64_t four = m.networks;
	for (unsigned i = 0; i < 12; i++) {
		struct prefix p = { .family = AF_INET6, .length = 16, .bytes = { 0x2a, (uint8_t)i } };
		fill(&m, &p, below(240), 29, 36);
	}
	mmdb_alias(m.db);
	snprintf(file, sizeof file, "%s/city.mmdb", dir);
	if (!mmdb_write(m.db, file))
		die("cannot write %s", file);
	printf("networks4=%lu networks6=%lu\n", four, m.networks - four);
	mmdb_free(m.db);
}

/* Nine of ten IPv4; every other one has another list than its neighbour. */
static void make_networks(const char *dir, unsigned prefixes)
{
	char file[512];
	snprintf(file, sizeof file, "%s/networks.conf", dir);
	FILE *f = fopen(file, "w");
	if (!f)
		die("cannot write %s", file);
	for (unsigned i = 0; i < prefixes; i++) {
		uint32_t n = (uint32_t)(((uint64_t)i * 14680064 / prefixes) + 65536); /* 1.0.0.0/24 to 224.0.0.0/24 */
		if (i % 10)
			fprintf(f, "%u.%u.%u.0/24", n >> 16, n >> 8 & 255, n & 255);
		else
			fprintf(f, "2a%02x:%x:%x::/48", i % 12, i >> 12, i & 4095);
		for (unsigned k = 0; k < 3; k++)
			fprintf(f, "%ss%u", k ? "," : " ", (i * 7 + i / 5 + k * 5) % SITES + 1);
		fputc('\n', f);
	}
	fclose(f);
}

/* ---- look ---- */

static struct addr *addresses;

static void random_addresses(void)
{
	addresses = calloc(65536, sizeof *addresses);
	if (!addresses)
		die("out of memory");
}

/* The next 65,536; the caller's time doesn't count. */
static void draw(int family)
{
	for (unsigned i = 0; i < 65536; i++) {
		uint8_t bytes[16] = { 0x2a, (uint8_t)below(12) };
		for (unsigned k = family == AF_INET ? 0 : 2; k < 16; k++)
			bytes[k] = (uint8_t)below(256);
		addr_from_bytes(&addresses[i], family, bytes, 0);
	}
}

static uint64_t sum;
static struct geo *geo;
static struct networks *networks;
static MMDB_s db;

static void look_country(const struct addr *a)
{
	uint8_t scope = 0;
	const struct place *p = geo_find(geo, GEO_COUNTRY, a, &scope);
	sum += scope + (p ? (unsigned)p->country[0] : 0);
}

static void look_location(const struct addr *a)
{
	uint8_t scope = 0;
	const struct place *p = geo_find(geo, GEO_LOCATION, a, &scope);
	sum += scope + (p ? (unsigned)p->located : 0);
}

static void look_network(const struct addr *a)
{
	uint8_t scope = 0;
	const struct network_sites *s = networks_find(networks, a, &scope);
	sum += scope + (s ? s->sites[0] : 0u);
}

static void look_library(const struct addr *a)
{
	int status;
	MMDB_lookup_result_s r = MMDB_lookup_sockaddr(&db, &a->sa, &status);
	sum += r.netmask + r.entry.offset;
}

static void look_library_country(const struct addr *a)
{
	int status;
	MMDB_entry_data_s data;
	MMDB_lookup_result_s r = MMDB_lookup_sockaddr(&db, &a->sa, &status);
	if (r.found_entry && MMDB_get_value(&r.entry, &data, "country", "iso_code", NULL) == MMDB_SUCCESS && data.has_data)
		sum += (unsigned char)*data.utf8_string;
}

static void look_nothing(const struct addr *a)
{
	sum += a->sa.sa_family;
}

static double time_looks(void (*look)(const struct addr *a), int family)
{
	uint64_t spent = 0;
	for (unsigned done = 0; done < LOOKS; done += 65536) {
		draw(family);
		uint64_t begin = now_ns();
		for (unsigned i = 0; i < 65536; i++)
			look(&addresses[i]);
		spent += now_ns() - begin;
	}
	return (double)spent / LOOKS;
}

static void load(const char *dir)
{
	char file[512], *files = file, path[512];
	struct errs errs;
	struct site sites[SITES];
	static char names[SITES][8];
	errs_init(&errs);
	for (unsigned i = 0; i < SITES; i++) {
		snprintf(names[i], sizeof names[i], "s%u", i + 1);
		sites[i].name = names[i];
	}
	snprintf(file, sizeof file, "%s/city.mmdb", dir);
	uint64_t begin = now_ns();
	geo = geo_load(&files, 1, NULL, &errs);
	uint64_t between = now_ns();
	snprintf(path, sizeof path, "%s/networks.conf", dir);
	networks = networks_load(path, sites, SITES, &errs);
	uint64_t end = now_ns();
	errs_print(&errs, stderr);
	if (errs.count)
		die("cannot read what was made");
	printf("geo: read in %.0f ms, %zu ranges, %.1f MiB\n", (double)(between - begin) / 1e6, geo_count(geo), (double)geo_bytes(geo) / 1048576);
	printf("networks: read in %.0f ms, %zu prefixes, %.1f MiB\n", (double)(end - between) / 1e6, networks_count(networks), (double)networks_bytes(networks) / 1048576);
	if (MMDB_open(file, MMDB_MODE_MMAP, &db) != MMDB_SUCCESS)
		die("the library doesn't open %s", file);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*look)(const struct addr *a); } looks[] = {
		{ "nothing", look_nothing }, { "geo_find, country", look_country }, { "geo_find, location", look_location },
		{ "networks_find", look_network }, { "MMDB_lookup_sockaddr", look_library }, { "and MMDB_get_value of the country", look_library_country },
	};
	if (argc == 4 && strcmp(argv[1], "make") == 0) {
		make_city(argv[2]);
		make_networks(argv[2], (unsigned)atoi(argv[3]));
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "look") != 0)
		die("usage: places make DIR PREFIXES | places look DIR");
	load(argv[2]);
	random_addresses();
	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
		printf("%-36s ns: %6.1f IPv4, %6.1f IPv6\n", looks[i].name, time_looks(looks[i].look, AF_INET), time_looks(looks[i].look, AF_INET6));
	return sum == 1;
}
