#include "mmdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a record of the tree is: a node, nothing, or data. */
#define EMPTY UINT32_MAX
#define DATA 0x80000000u   /* and the record's number */

struct bytes { uint8_t *data; size_t n, room; };

struct mmdb {
	unsigned version, bits;
	uint32_t (*nodes)[2];
	uint32_t n, room;
	struct bytes data;
	uint32_t *offsets;         /* of records in the data section */
	uint32_t nrecords, records_room;
};

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

/* ---- data ---- */

static void put(struct bytes *b, const void *data, size_t n)
{
	if (b->n + n > b->room) {
		b->room = (b->room + n) * 2 + 256;
		b->data = need(realloc(b->data, b->room));
	}
	memcpy(b->data + b->n, data, n);
	b->n += n;
}

static void put_uint(struct bytes *b, uint64_t v, unsigned size)
{
	for (unsigned i = size; i-- > 0;) {
		uint8_t byte = (uint8_t)(v >> 8 * i);
		put(b, &byte, 1);
	}
}

enum { POINTER = 1, STRING, DOUBLE, UINT16 = 5, UINT32, MAP, UINT64 = 9, ARRAY = 11 };

/* Sizes below 285. */
static void put_control(struct bytes *b, unsigned type, size_t size)
{
	put_uint(b, (type < 8 ? type << 5 : 0) | (size < 29 ? size : 29), 1);
	if (type >= 8)
		put_uint(b, type - 7, 1);
	if (size >= 29)
		put_uint(b, size - 29, 1);
}

static void put_text(struct bytes *b, const char *text)
{
	put_control(b, STRING, strlen(text));
	put(b, text, strlen(text));
}

static void put_number(struct bytes *b, unsigned type, uint64_t v, unsigned size)
{
	put_control(b, type, size);
	put_uint(b, v, size);
}

static void put_double(struct bytes *b, double v)
{
	uint64_t word;
	memcpy(&word, &v, sizeof word);
	put_number(b, DOUBLE, word, 8);
}

/* As a pointer to where it stood first, as writers do with keys. */
static void put_key(struct bytes *b, const char *key, uint32_t *where)
{
	if (*where == EMPTY) {
		*where = (uint32_t)b->n;
		put_text(b, key);
		return;
	}
	put_uint(b, POINTER << 5 | 3u << 3, 1); /* and 32 bits */
	put_uint(b, *where, 4);
}

/* Where each key stands; a new one for each database. */
struct keys { uint32_t country, iso_code, continent, code, location, latitude, longitude, asn, city, names; };
static struct keys keys;

static void put_names(struct bytes *b, const char *city)
{
	static const char *const languages[] = { "de", "en", "es", "fr", "ja", "pt-BR", "ru", "zh-CN" };
	put_key(b, "city", &keys.city);
	put_control(b, MAP, 1);
	put_key(b, "names", &keys.names);
	put_control(b, MAP, 8);
	for (size_t i = 0; i < 8; i++) {
		put_text(b, languages[i]);
		put_text(b, city);
	}
}

uint32_t mmdb_record(struct mmdb *m, const struct mmdb_record *r)
{
	struct bytes *b = &m->data;
	if (m->nrecords == 0)
		memset(&keys, 0xff, sizeof keys);
	if (m->nrecords == m->records_room) {
		m->records_room = m->records_room * 2 + 64;
		m->offsets = need(realloc(m->offsets, m->records_room * sizeof *m->offsets));
	}
	m->offsets[m->nrecords] = (uint32_t)b->n;
	put_control(b, MAP, (r->city != NULL) + (r->country != NULL) + (r->continent != NULL) + r->located + (r->asn != 0));
	if (r->city)
		put_names(b, r->city);
	if (r->country) {
		put_key(b, "country", &keys.country);
		put_control(b, MAP, 1);
		put_key(b, "iso_code", &keys.iso_code);
		put_text(b, r->country);
	}
	if (r->continent) {
		put_key(b, "continent", &keys.continent);
		put_control(b, MAP, 1);
		put_key(b, "code", &keys.code);
		put_text(b, r->continent);
	}
	if (r->located) {
		put_key(b, "location", &keys.location);
		put_control(b, MAP, 2);
		put_key(b, "latitude", &keys.latitude);
		put_double(b, r->latitude);
		put_key(b, "longitude", &keys.longitude);
		put_double(b, r->longitude);
	}
	if (r->asn) {
		put_key(b, "autonomous_system_number", &keys.asn);
		put_number(b, UINT32, r->asn, 4);
	}
	return m->nrecords++;
}

/* ---- tree ---- */

static uint32_t new_node(struct mmdb *m, uint32_t both)
{
	if (m->n == m->room) {
		m->room = m->room * 2 + 256;
		m->nodes = need(realloc(m->nodes, m->room * sizeof *m->nodes));
	}
	m->nodes[m->n][0] = m->nodes[m->n][1] = both;
	return m->n++;
}

struct mmdb *mmdb_new(unsigned version, unsigned bits)
{
	struct mmdb *m = need(calloc(1, sizeof *m));
	m->version = version;
	m->bits = bits;
	new_node(m, EMPTY);
	return m;
}

void mmdb_free(struct mmdb *m)
{
	free(m->nodes);
	free(m->data.data);
	free(m->offsets);
	free(m);
}

/* Lets what stands at the first `length` bits be `value`. */
static void set(struct mmdb *m, const uint8_t *bytes, unsigned length, uint32_t value)
{
	uint32_t at = 0;
	for (unsigned i = 0;; i++) {
		unsigned side = bytes[i / 8] >> (7 - i % 8) & 1;
		if (i + 1 >= length) {
			m->nodes[at][side] = value;
			if (length == 0)
				m->nodes[at][1] = value;
			return;
		}
		uint32_t next = m->nodes[at][side];
		if (next & DATA) {
			next = new_node(m, next);
			m->nodes[at][side] = next;
		}
		at = next;
	}
}

void mmdb_add(struct mmdb *m, const struct prefix *p, uint32_t record)
{
	uint8_t bytes[17] = { 0 };
	bool inside = p->family == AF_INET && m->version == 6;
	memcpy(bytes + (inside ? 12 : 0), p->bytes, p->family == AF_INET ? 4 : 16);
	set(m, bytes, p->length + (inside ? 96u : 0), DATA | record);
}

void mmdb_alias(struct mmdb *m)
{
	static const struct { uint8_t bytes[17]; unsigned length; } aliases[] = {
		{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, { { 0x20, 0x01 }, 32 }, { { 0x20, 0x02 }, 16 },
	};
	uint32_t at = 0;
	for (unsigned i = 0; i < 96 && !(at & DATA); i++)
		at = m->nodes[at][0];
	for (size_t i = 0; i < 3; i++)
		set(m, aliases[i].bytes, aliases[i].length, at);
}

/* ---- file ---- */

static uint32_t record_value(const struct mmdb *m, uint32_t record)
{
	if (record == EMPTY)
		return m->n;
	return record & DATA ? m->n + 16 + m->offsets[record & ~DATA] : record;
}

static void put_node(struct bytes *b, const struct mmdb *m, uint32_t node)
{
	uint32_t left = record_value(m, m->nodes[node][0]), right = record_value(m, m->nodes[node][1]);
	if (m->bits == 28) {
		put_uint(b, left & 0xffffff, 3);
		put_uint(b, (left >> 24) << 4 | right >> 24, 1);
		put_uint(b, right & 0xffffff, 3);
	} else {
		put_uint(b, left, m->bits / 8);
		put_uint(b, right, m->bits / 8);
	}
}

static void put_metadata(struct bytes *b, const struct mmdb *m)
{
	put(b, "\xab\xcd\xefMaxMind.com", 14);
	put_control(b, MAP, 9);
	put_text(b, "node_count");
	put_number(b, UINT32, m->n, 4);
	put_text(b, "record_size");
	put_number(b, UINT16, m->bits, 2);
	put_text(b, "ip_version");
	put_number(b, UINT16, m->version, 2);
	put_text(b, "database_type");
	put_text(b, "Test");
	put_text(b, "languages");
	put_control(b, ARRAY, 1);
	put_text(b, "en");
	put_text(b, "binary_format_major_version");
	put_number(b, UINT16, 2, 2);
	put_text(b, "binary_format_minor_version");
	put_number(b, UINT16, 0, 2);
	put_text(b, "build_epoch");
	put_number(b, UINT64, 1700000000, 8);
	put_text(b, "description");
	put_control(b, MAP, 1);
	put_text(b, "en");
	put_text(b, "for tests");
}

uint8_t *mmdb_bytes(struct mmdb *m, size_t *len)
{
	static const uint8_t zero[16];
	struct bytes b = { 0 };
	for (uint32_t i = 0; i < m->n; i++)
		put_node(&b, m, i);
	put(&b, zero, sizeof zero);
	put(&b, m->data.data ? m->data.data : zero, m->data.n);
	put_metadata(&b, m);
	*len = b.n;
	return b.data;
}

bool mmdb_write(struct mmdb *m, const char *file)
{
	size_t len;
	uint8_t *bytes = mmdb_bytes(m, &len);
	FILE *f = fopen(file, "wb");
	bool ok = f && fwrite(bytes, 1, len, f) == len;
	if (f)
		ok &= fclose(f) == 0;
	free(bytes);
	return ok;
}
