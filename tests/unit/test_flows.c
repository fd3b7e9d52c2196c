/* flows: the table of UDP sessions beside a plain list, through growth and removals; keys tell apart what differs. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "../../fwd/flows.h"

#define MANY 5000

static const uint64_t secret[2] = { 0x243f6a8885a308d3, 0x13198a2e03707344 };

static struct addr client(unsigned n)
{
	struct addr a;
	uint8_t bytes[4] = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
	addr_from_bytes(&a, AF_INET, bytes, (uint16_t)(1 + n % 3));
	return a;
}

static void make(const struct flows *t, struct flow_entry *e, unsigned n)
{
	struct addr a = client(n);
	flow_key_make(&e->key, 7, &a, NULL);
	e->hash = flows_hash(t, &e->key);
}

static struct flow_entry *find(const struct flows *t, unsigned n)
{
	struct flow_entry want;
	make(t, &want, n);
	return flows_find(t, &want.key, want.hash);
}

static void test_many(void)
{
	static struct flow_entry entries[MANY];
	static bool in[MANY];
	struct flows t;
	size_t count = 0;
	flows_init(&t, secret);
	CU_ASSERT_PTR_NULL(find(&t, 1));
	srandom(1);
	for (unsigned turn = 0; turn < 40 * MANY; turn++) {
		unsigned n = (unsigned)random() % MANY;
		if (in[n]) {
			flows_remove(&t, &entries[n]);
			count--;
		} else {
			make(&t, &entries[n], n);
			CU_ASSERT_FATAL(flows_add(&t, &entries[n]));
			count++;
		}
		in[n] = !in[n];
		if (turn % 997 == 0)
			for (unsigned i = 0; i < MANY; i++)
				CU_ASSERT_PTR_EQUAL(find(&t, i), in[i] ? &entries[i] : NULL);
	}
	CU_ASSERT_EQUAL(t.count, count);
	CU_ASSERT(t.size <= 4 * MANY);
	for (unsigned i = 0; i < MANY; i++)
		if (in[i])
			flows_remove(&t, &entries[i]);
	CU_ASSERT_EQUAL(t.count, 0);
	CU_ASSERT_PTR_NULL(find(&t, 1));
	flows_free(&t);
}

/* All want the same place, and the one at the table's end: runs that wrap around, taken out in every order. */
static void test_collisions(void)
{
	enum { N = 6 };
	for (unsigned order = 0; order < 720; order++) {
		struct flow_entry e[N];
		struct flows t;
		bool gone[N] = { false };
		unsigned code = order;
		flows_init(&t, secret);
		for (unsigned i = 0; i < N; i++) {
			make(&t, &e[i], i);
			e[i].hash = i < 4 ? 62 : 63; /* of 64 slots */
			CU_ASSERT(flows_add(&t, &e[i]));
		}
		for (unsigned left = N; left; left--) {
			unsigned pick = code % left, i = 0;
			code /= left;
			while (gone[i] || pick) {
				pick -= !gone[i];
				i++;
			}
			flows_remove(&t, &e[i]);
			gone[i] = true;
			for (unsigned k = 0; k < N; k++)
				CU_ASSERT_PTR_EQUAL(flows_find(&t, &e[k].key, e[k].hash), gone[k] ? NULL : &e[k]);
		}
		flows_free(&t);
	}
}

static void test_keys(void)
{
	struct flow_key base, other;
	struct addr a = client(5), six;
	uint8_t asked[16] = { 192, 0, 2, 1 };
	addr_parse(&six, "fe80::1", 5);
	flow_key_make(&base, 1, &a, asked);
	flow_key_make(&other, 1, &a, asked);
	CU_ASSERT_EQUAL(memcmp(&base, &other, sizeof base), 0);
	flow_key_make(&other, 2, &a, asked);
	CU_ASSERT_NOT_EQUAL(memcmp(&base, &other, sizeof base), 0);
	flow_key_make(&other, 1, &a, NULL);
	CU_ASSERT_NOT_EQUAL(memcmp(&base, &other, sizeof base), 0);
	addr_set_port(&a, 999);
	flow_key_make(&other, 1, &a, asked);
	CU_ASSERT_NOT_EQUAL(memcmp(&base, &other, sizeof base), 0);
	flow_key_make(&base, 1, &six, asked);
	six.in6.sin6_scope_id = 3;
	flow_key_make(&other, 1, &six, asked);
	CU_ASSERT_NOT_EQUAL(memcmp(&base, &other, sizeof base), 0);
	/* what the kernel may leave in a flow label is no other client */
	flow_key_make(&base, 1, &six, asked);
	six.in6.sin6_flowinfo = 77;
	flow_key_make(&other, 1, &six, asked);
	CU_ASSERT_EQUAL(memcmp(&base, &other, sizeof base), 0);
}

/* Neighbours spread, and another secret spreads them otherwise. */
static void test_hash(void)
{
	static unsigned buckets[256];
	const uint64_t another[2] = { 1, 2 };
	struct flows t, u;
	struct flow_entry e;
	unsigned same = 0, most = 0;
	flows_init(&t, secret);
	flows_init(&u, another);
	for (unsigned i = 0; i < 25600; i++) {
		make(&t, &e, i);
		unsigned b = ++buckets[e.hash & 255];
		same += (e.hash & 255) == (flows_hash(&u, &e.key) & 255);
		most = b > most ? b : most;
	}
	CU_ASSERT(most < 160); /* 100 on average, deviation 10 */
	CU_ASSERT(same < 200);
}

UNIT_MAIN("flows",
	{ "many come and go", test_many },
	{ "collisions", test_collisions },
	{ "keys", test_keys },
	{ "hash", test_hash })
