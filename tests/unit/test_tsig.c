/*
 * TSIG: against MACs computed elsewhere (Python's hmac, by the words of RFC
 * 8945), against ldns in both directions, and against itself with everything
 * that can be wrong.
 */
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include "tsig.h"
#include "wire.h"
#include "unit.h"

#define NOW 1795360000

static uint8_t secret[] = "0123456789abcdef", other_secret[] = "another secret";

#define KEY(n, a, s) { .name = (char *)(uintptr_t)(n), .algorithm = (a), .secret = (s), .secret_len = sizeof (s) - 1 }
static const struct key keys[] = {
	KEY("key.example", KEY_HMAC_SHA256, secret), KEY("k1", KEY_HMAC_SHA1, secret), KEY("k224", KEY_HMAC_SHA224, secret),
	KEY("k384", KEY_HMAC_SHA384, secret), KEY("k512", KEY_HMAC_SHA512, secret), KEY("Mixed.CASE", KEY_HMAC_SHA256, other_secret),
};
#define NKEYS (sizeof keys / sizeof *keys)

static struct tsig_ring *ring;

struct message { uint8_t bytes[2048]; size_t len; };

static const uint8_t question[] = {
	0x12, 0x34, 0x00, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0, 0, 1, 0, 1
};

static struct message ask(void)
{
	struct message m = { .len = sizeof question };
	memcpy(m.bytes, question, sizeof question);
	return m;
}

static struct message answer(void)
{
	struct message m = ask();
	m.bytes[2] |= 0x80;
	return m;
}

static void sign(struct tsig *t, struct message *m, int64_t now)
{
	size_t n = tsig_sign(t, m->bytes, m->len, sizeof m->bytes, now);
	CU_ASSERT_FATAL(n > m->len && n <= m->len + TSIG_BYTES_MAX);
	m->len = n;
}

/* From memory of just this length, so that a read past it is seen. */
static enum tsig_found take(struct tsig *t, struct message *m, int64_t now)
{
	uint8_t *exact = malloc(m->len ? m->len : 1);
	size_t len = m->len;
	memcpy(exact, m->bytes, m->len);
	enum tsig_found found = tsig_take(t, ring, exact, &len, now);
	if (found == TSIG_GOOD || found == TSIG_BAD) {
		memcpy(m->bytes, exact, len);
		m->len = len;
	}
	free(exact);
	return found;
}

static enum tsig_found take_answer(struct tsig *t, struct message m, int64_t now)
{
	return tsig_take_answer(t, m.bytes, &m.len, now);
}

static struct message signed_by(const struct key *key, int64_t now)
{
	struct tsig t;
	struct message m = ask();
	CU_ASSERT_FATAL(tsig_begin(&t, ring, key));
	sign(&t, &m, now);
	tsig_end(&t);
	return m;
}

/* ---- MACs computed elsewhere ---- */

static void hex(const uint8_t *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", p[i]);
}

static void macs_are_those_of_the_rfc(void)
{
	static const struct { enum key_algorithm algorithm; const char *mac; } want[] = {
		{ KEY_HMAC_SHA1, "50cd1dcfe494f6d2afc9bf8ee49285ea25dca245" },
		{ KEY_HMAC_SHA224, "17156e5e2dc762c9a72de8350524c3e1f2da56a4536b26b0e57ff347" },
		{ KEY_HMAC_SHA256, "477ce4f2b5fe551e1919e61ad92dfab64caf8359aa9ad07c2a48ece2b0103f6d" },
		{ KEY_HMAC_SHA384, "85667b1bb01aaa0243f53d3030bdb1a83acfc1a64cc9d2f7bc6dbaf81cb24ee7981f0ab73665b878ddbb051196b1cf4f" },
		{ KEY_HMAC_SHA512, "7b4b6539509c89497768f79c9a7a21c642a4deb4389bcaaf7cee8e0838777cc79245f9fb1b33b013d9d62b91af8d0eda5246e398db7b23221dd0ad06bc727c1c" },
	};
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		const struct key k = KEY("Key.Example", want[i].algorithm, secret);
		struct tsig_ring *own = tsig_ring_new(&k, 1);
		struct tsig t;
		struct message m = ask();
		char text[2 * TSIG_MAC_MAX + 1];
		CU_ASSERT_FATAL(own && tsig_begin(&t, own, &k));
		sign(&t, &m, NOW);
		hex(t.mac, t.mac_len, text);
		CU_ASSERT_STRING_EQUAL(text, want[i].mac);
		tsig_end(&t);
		tsig_ring_delete(own);
	}
}

static void answers_and_further_messages_are_those_of_the_rfc(void)
{
	char text[2 * TSIG_MAC_MAX + 1];
	struct tsig t;
	struct message m = signed_by(&keys[0], NOW), first = answer(), second = answer();
	CU_ASSERT_EQUAL_FATAL(take(&t, &m, NOW), TSIG_GOOD);
	sign(&t, &first, NOW);
	hex(t.mac, t.mac_len, text);
	CU_ASSERT_STRING_EQUAL(text, "220c90f91029eb5b6bdf61f1c43d84fa3b3b6c0c76d45ecf0c3c63a3c2d449b7");
	sign(&t, &second, NOW);
	hex(t.mac, t.mac_len, text);
	CU_ASSERT_STRING_EQUAL(text, "f4531b34fffa7b4bf0065a3e052c17c8c564317270a32d3604ed230f75d24f6b");
	tsig_end(&t);
}

/* ---- both sides ---- */

static void each_key_goes_there_and_back(void)
{
	for (size_t i = 0; i < NKEYS; i++) {
		struct tsig client, server;
		struct message m = ask(), a = answer();
		CU_ASSERT_FATAL(tsig_begin(&client, ring, &keys[i]));
		sign(&client, &m, NOW);
		CU_ASSERT_EQUAL_FATAL(take(&server, &m, NOW + 299), TSIG_GOOD);
		CU_ASSERT(server.key == &keys[i]);
		CU_ASSERT(m.len == sizeof question && memcmp(m.bytes, question, m.len) == 0);
		CU_ASSERT_EQUAL(tsig_size(&server), tsig_size(&client));
		size_t before = a.len;
		sign(&server, &a, NOW + 299);
		CU_ASSERT_EQUAL(a.len - before, tsig_size(&server));
		CU_ASSERT_EQUAL(take_answer(&client, a, NOW), TSIG_GOOD);
		tsig_end(&client);
		tsig_end(&server);
	}
}

static void every_bit_counts(void)
{
	const struct message good = signed_by(&keys[0], NOW);
	for (size_t bit = 0; bit < good.len * 8; bit++) {
		struct message m = good;
		struct tsig t;
		m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		enum tsig_found found = take(&t, &m, NOW);
		/* The ID on the wire is not signed (the original is), and names have no case. */
		size_t at = bit / 8, owner = sizeof question;
		bool letter = bit % 8 == 5 && ((at > owner && at < owner + 12) || (at > owner + 23 && at < owner + 34));
		bool allowed = at < 2 || (letter && good.bytes[at] >= 'a');
		if (found == TSIG_GOOD && !allowed)
			printf("\nbit %zu (byte %zu) may be turned\n", bit, at);
		CU_ASSERT(found != TSIG_GOOD || allowed);
		if (found == TSIG_GOOD || found == TSIG_BAD)
			tsig_end(&t);
	}
	for (size_t len = 0; len < good.len; len++) {
		struct message m = good;
		struct tsig t;
		m.len = len;
		CU_ASSERT_EQUAL(take(&t, &m, NOW), TSIG_MALFORMED);
	}
}

static void time_must_fit(void)
{
	static const struct { int64_t now; enum tsig_found found; } cases[] = {
		{ NOW - 301, TSIG_BAD }, { NOW - 300, TSIG_GOOD }, { NOW + 300, TSIG_GOOD }, { NOW + 301, TSIG_BAD }, { 0, TSIG_BAD }
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tsig client, server;
		struct message m = ask(), a = answer();
		CU_ASSERT_FATAL(tsig_begin(&client, ring, &keys[0]));
		sign(&client, &m, NOW);
		CU_ASSERT_EQUAL_FATAL(take(&server, &m, cases[i].now), cases[i].found);
		sign(&server, &a, cases[i].now);
		/* BADTIME is signed, says the client's time, and behind it the server's. */
		CU_ASSERT_EQUAL(take_answer(&client, a, NOW), cases[i].found);
		if (cases[i].found == TSIG_BAD) {
			CU_ASSERT(server.error == TSIG_BADTIME && client.error == TSIG_BADTIME);
			CU_ASSERT_EQUAL(wire_get16(a.bytes + a.len - 8), 6);
			CU_ASSERT_EQUAL((uint64_t)wire_get16(a.bytes + a.len - 6) << 32 | wire_get32(a.bytes + a.len - 4), (uint64_t)cases[i].now);
		}
		tsig_end(&client);
		tsig_end(&server);
	}
}

/* The message with the MAC's length changed, and the MAC with it. */
static struct message with_mac_of(const struct message *m, size_t whole, size_t len)
{
	struct message out = *m;
	size_t tail = 6, mac = m->len - tail - whole, rdlength = sizeof question + 13 + 8;
	CU_ASSERT_EQUAL_FATAL(wire_get16(m->bytes + mac - 2), whole);
	if (len > whole)
		memset(out.bytes + mac + whole, 0, len - whole);
	memcpy(out.bytes + mac + len, m->bytes + mac + whole, tail);
	wire_set16(out.bytes + mac - 2, (uint16_t)len);
	wire_set16(out.bytes + rdlength, (uint16_t)(wire_get16(m->bytes + rdlength) - whole + len));
	out.len = m->len - whole + len;
	return out;
}

static void short_macs_are_refused(void)
{
	const struct message good = signed_by(&keys[0], NOW);
	for (size_t len = 0; len <= 34; len++) {
		struct message m = with_mac_of(&good, 32, len), a = answer();
		struct tsig t;
		enum tsig_found found = take(&t, &m, NOW);
		CU_ASSERT_EQUAL(found, len == 32 ? TSIG_GOOD : len >= 16 && len < 32 ? TSIG_BAD : TSIG_MALFORMED);
		if (found == TSIG_MALFORMED)
			continue;
		CU_ASSERT_EQUAL(t.error, len == 32 ? TSIG_NOERROR : TSIG_BADTRUNC);
		sign(&t, &a, NOW);
		CU_ASSERT_EQUAL(t.mac_len, 32); /* BADTRUNC is signed whole */
		tsig_end(&t);
	}
	/* a short MAC that is wrong is wrong first */
	struct message m = with_mac_of(&good, 32, 20);
	struct tsig t;
	m.bytes[m.len - 10] ^= 1;
	CU_ASSERT(take(&t, &m, NOW) == TSIG_BAD && t.error == TSIG_BADSIG);
	tsig_end(&t);
}

static void strangers_are_told_without_a_mac(void)
{
	const struct key unknown[] = { KEY("nobody", KEY_HMAC_SHA256, secret), KEY("key.example", KEY_HMAC_SHA512, secret), KEY("key.example", KEY_HMAC_SHA256, other_secret) };
	static const enum tsig_error want[] = { TSIG_BADKEY, TSIG_BADKEY, TSIG_BADSIG };
	for (size_t i = 0; i < 3; i++) {
		struct tsig_ring *own = tsig_ring_new(&unknown[i], 1);
		struct tsig client, server;
		struct message m = ask(), a = answer();
		CU_ASSERT_FATAL(own && tsig_begin(&client, own, &unknown[i]));
		sign(&client, &m, NOW);
		CU_ASSERT_EQUAL(take(&server, &m, NOW), TSIG_BAD);
		CU_ASSERT_EQUAL(server.error, want[i]);
		sign(&server, &a, NOW);
		CU_ASSERT_EQUAL(wire_get16(a.bytes + a.len - 4), want[i]);
		CU_ASSERT_EQUAL(wire_get16(a.bytes + a.len - 8), 0); /* MAC size */
		CU_ASSERT(take_answer(&client, a, NOW) == TSIG_BAD && client.error == want[i]);
		tsig_end(&client);
		tsig_end(&server);
		tsig_ring_delete(own);
	}
}

static void the_record_is_the_last_and_once(void)
{
	struct message good = signed_by(&keys[0], NOW), m;
	struct tsig t;
	size_t record = good.len - sizeof question;
	m = good; /* twice */
	memcpy(m.bytes + m.len, m.bytes + sizeof question, record);
	m.len += record;
	m.bytes[11] = 2;
	CU_ASSERT_EQUAL(take(&t, &m, NOW), TSIG_MALFORMED);
	m = good; /* something behind it */
	memcpy(m.bytes + m.len, "\0\0\x29\4\xd0\0\0\0\0\0\0", 11);
	m.len += 11;
	m.bytes[11] = 2;
	CU_ASSERT_EQUAL(take(&t, &m, NOW), TSIG_MALFORMED);
	m = good; /* in the answer section */
	m.bytes[7] = 1;
	m.bytes[11] = 0;
	CU_ASSERT_EQUAL(take(&t, &m, NOW), TSIG_MALFORMED);
	m = good; /* bytes behind it */
	m.bytes[m.len++] = 0;
	CU_ASSERT_EQUAL(take(&t, &m, NOW), TSIG_MALFORMED);
	m = ask(); /* none */
	CU_ASSERT_EQUAL(take(&t, &m, NOW), TSIG_ABSENT);
}

/* A forwarder may change the ID: the original one is what was signed. */
static void another_id_on_the_wire(void)
{
	struct message m = signed_by(&keys[0], NOW);
	struct tsig t;
	wire_set16(m.bytes, 0x9999);
	CU_ASSERT_EQUAL(take(&t, &m, NOW), TSIG_GOOD);
	CU_ASSERT_EQUAL(wire_get16(m.bytes), 0x9999);
	tsig_end(&t);
}

static void streams_keep_their_order(void)
{
	struct message m, a[5];
	for (int wrong = -1; wrong < 4; wrong++) {
		struct tsig client, server;
		m = ask();
		CU_ASSERT_FATAL(tsig_begin(&client, ring, &keys[0]));
		sign(&client, &m, NOW);
		CU_ASSERT_EQUAL_FATAL(take(&server, &m, NOW), TSIG_GOOD);
		for (int i = 0; i < 5; i++) {
			a[i] = answer();
			a[i].bytes[3] = (uint8_t)i;
			sign(&server, &a[i], NOW + i);
		}
		enum tsig_found found = TSIG_GOOD;
		for (int i = 0; i < 5 && found == TSIG_GOOD; i++)
			found = i == wrong ? TSIG_GOOD : take_answer(&client, a[i], NOW); /* one is left out */
		CU_ASSERT_EQUAL(found, wrong < 0 ? TSIG_GOOD : TSIG_BAD);
		tsig_end(&client);
		tsig_end(&server);
	}
}

static void no_room_is_no_signature(void)
{
	struct tsig t;
	struct message m = ask();
	CU_ASSERT_FATAL(tsig_begin(&t, ring, &keys[0]));
	for (size_t room = 0; room < m.len + tsig_size(&t); room++)
		CU_ASSERT_EQUAL(tsig_sign(&t, m.bytes, m.len, room, NOW), 0);
	CU_ASSERT_EQUAL(tsig_sign(&t, m.bytes, m.len, m.len + tsig_size(&t), NOW), m.len + tsig_size(&t));
	tsig_end(&t);
}

/* ---- ldns ---- */

static void ldns_and_we_agree(void)
{
	static const struct { size_t key; const char *algorithm; } pairs[] = { { 0, "hmac-sha256." }, { 1, "hmac-sha1." }, { 4, "hmac-sha512." } };
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char name[50];
		struct tsig t;
		struct message m, a = answer();
		uint8_t *wire;
		size_t len;
		snprintf(name, sizeof name, "%s.", keys[pairs[i].key].name);
		ldns_pkt *q = ldns_pkt_query_new(ldns_dname_new_frm_str("www.example.com."), LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, LDNS_RD), *p = NULL;
		ldns_pkt_set_id(q, 0x1234);
		CU_ASSERT_EQUAL_FATAL(ldns_pkt_tsig_sign(q, name, "MDEyMzQ1Njc4OWFiY2RlZg==", 300, pairs[i].algorithm, NULL), LDNS_STATUS_OK);
		CU_ASSERT_EQUAL_FATAL(ldns_pkt2wire(&wire, q, &len), LDNS_STATUS_OK);
		memcpy(m.bytes, wire, m.len = len);
		free(wire);
		int64_t now = (int64_t)time(NULL);
		CU_ASSERT_EQUAL_FATAL(take(&t, &m, now), TSIG_GOOD);
		sign(&t, &a, now);
		CU_ASSERT_EQUAL_FATAL(ldns_wire2pkt(&p, a.bytes, a.len), LDNS_STATUS_OK);
		ldns_rdf *mac = ldns_rr_rdf(ldns_pkt_tsig(q), 3);
		CU_ASSERT(ldns_pkt_tsig_verify(p, a.bytes, a.len, name, "MDEyMzQ1Njc4OWFiY2RlZg==", mac));
		tsig_end(&t);
		ldns_pkt_free(p);
		ldns_pkt_free(q);
	}
}

static void make_ring(void)
{
	ring = tsig_ring_new(keys, NKEYS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	CU_ASSERT_STRING_EQUAL(tsig_algorithm_name(KEY_HMAC_SHA384), "hmac-sha384.");
	CU_ASSERT_STRING_EQUAL(tsig_error_name(TSIG_BADTRUNC), "BADTRUNC");
}

static void drop_ring(void)
{
	struct tsig t;
	CU_ASSERT(!tsig_begin(&t, ring, NULL));
	tsig_ring_delete(ring);
	tsig_ring_delete(NULL);
}

UNIT_MAIN("tsig", UNIT_TEST(make_ring), UNIT_TEST(macs_are_those_of_the_rfc), UNIT_TEST(answers_and_further_messages_are_those_of_the_rfc),
	UNIT_TEST(each_key_goes_there_and_back), UNIT_TEST(every_bit_counts), UNIT_TEST(time_must_fit), UNIT_TEST(short_macs_are_refused),
	UNIT_TEST(strangers_are_told_without_a_mac), UNIT_TEST(the_record_is_the_last_and_once), UNIT_TEST(another_id_on_the_wire),
	UNIT_TEST(streams_keep_their_order), UNIT_TEST(no_room_is_no_signature), UNIT_TEST(ldns_and_we_agree), UNIT_TEST(drop_ring))
