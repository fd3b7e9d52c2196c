/* Which real server gets the next connection: shares, exclusions, and what a loss moves. */
#include <stdlib.h>
#include <string.h>
#include "fwd/servers.h"
#include "random.h"
#include "unit.h"

enum { N = 4, WORKERS = 2 };

static struct server servers[N];
static struct server *list[N];
static unsigned weights[N];
static int64_t turn[N * WORKERS];
static struct pool pool;
static struct addr client;
static uint64_t seed;

static void make(enum balance balance, unsigned a, unsigned b, unsigned c, unsigned d)
{
	unsigned w[N] = { a, b, c, d };
	memset(servers, 0, sizeof servers);
	memset(turn, 0, sizeof turn);
	for (int i = 0; i < N; i++) {
		char text[20];
		snprintf(text, sizeof text, "10.0.0.%d", i + 1);
		addr_parse(&servers[i].address, text, 80);
		servers[i].up = true;
		list[i] = &servers[i];
		weights[i] = w[i];
	}
	pool = (struct pool){ .servers = list, .weights = weights, .n = N, .balance = balance, .turn = turn };
	addr_parse(&client, "192.0.2.1", 0);
	seed = 1;
}

static int pick_without(uint64_t tried)
{
	struct pool_input in = { .client = &client, .random = random64(&seed), .tried = tried };
	return pool_pick(&pool, &in);
}

static int pick(void)
{
	return pick_without(0);
}

static void shares(unsigned picks, unsigned out[N])
{
	memset(out, 0, N * sizeof *out);
	for (unsigned i = 0; i < picks; i++) {
		uint8_t ip[4] = { 10, 9, (uint8_t)(i >> 8), (uint8_t)i };
		addr_from_bytes(&client, AF_INET, ip, 0);
		out[pick()]++;
	}
}

static void roundrobin_is_exact_and_smooth(void)
{
	unsigned n[N], longest = 0, run = 0;
	make(BALANCE_ROUNDROBIN, 3, 1, 0, 4);
	shares(80, n);
	CU_ASSERT_EQUAL(n[0], 30);
	CU_ASSERT_EQUAL(n[1], 10);
	CU_ASSERT_EQUAL(n[2], 0);
	CU_ASSERT_EQUAL(n[3], 40);
	for (int i = 0, last = -1; i < 80; i++) {
		int k = pick();
		run = k == last ? run + 1 : 1;
		longest = run > longest ? run : longest;
		last = k;
	}
	CU_ASSERT(longest <= 2);
}

static void each_worker_turns_by_itself(void)
{
	make(BALANCE_ROUNDROBIN, 1, 1, 1, 1);
	for (unsigned w = 0; w < WORKERS; w++) {
		unsigned seen = 0;
		for (int i = 0; i < N; i++) {
			struct pool_input in = { .client = &client, .worker = w };
			seen |= 1u << pool_pick(&pool, &in);
		}
		CU_ASSERT_EQUAL(seen, 15);
	}
}

static void random_keeps_shares(void)
{
	unsigned n[N];
	make(BALANCE_RANDOM, 1, 2, 0, 5);
	shares(16000, n);
	CU_ASSERT(abs((int)n[0] - 2000) < 200);
	CU_ASSERT(abs((int)n[1] - 4000) < 250);
	CU_ASSERT_EQUAL(n[2], 0);
	CU_ASSERT(abs((int)n[3] - 10000) < 300);
}

static void hash_keeps_shares_and_clients(void)
{
	unsigned n[N];
	static int before[16000];
	make(BALANCE_HASH, 1, 2, 0, 5);
	shares(16000, n);
	CU_ASSERT(abs((int)n[0] - 2000) < 250);
	CU_ASSERT(abs((int)n[1] - 4000) < 300);
	CU_ASSERT_EQUAL(n[2], 0);
	unsigned moved = 0, wrong = 0;
	for (int pass = 0; pass < 2; pass++) {
		servers[1].up = pass == 0;
		for (unsigned i = 0; i < 16000; i++) {
			uint8_t ip[4] = { 10, 9, (uint8_t)(i >> 8), (uint8_t)i };
			addr_from_bytes(&client, AF_INET, ip, 0);
			int k = pick();
			if (pass == 0) {
				before[i] = k;
				continue;
			}
			moved += k != before[i];
			wrong += k != before[i] && before[i] != 1;
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(moved, n[1]);
}

static void leastconn_looks_at_weight(void)
{
	make(BALANCE_LEASTCONN, 1, 2, 1, 0);
	servers[0].sessions = 4;
	servers[1].sessions = 7;
	servers[2].sessions = 5;
	CU_ASSERT_EQUAL(pick(), 1); /* 8/2 against 5/1 and 6/1 */
	servers[1].sessions = 10;
	CU_ASSERT_EQUAL(pick(), 0); /* 11/2 against 5/1 */
	for (int i = 0; i < N; i++)
		servers[i].sessions = 0;
	unsigned n[N];
	weights[1] = 1;
	shares(3000, n); /* equals share */
	CU_ASSERT(n[0] > 800 && n[1] > 800 && n[2] > 800);
	CU_ASSERT_EQUAL(n[3], 0);
}

static void who_is_down_or_tried_gets_nothing(void)
{
	static const enum balance all[] = { BALANCE_ROUNDROBIN, BALANCE_LEASTCONN, BALANCE_HASH, BALANCE_RANDOM };
	for (size_t b = 0; b < 4; b++) {
		make(all[b], 1, 1, 1, 1);
		servers[0].up = false;
		struct pool_counts c;
	pool_count(&pool, &c);
	CU_ASSERT_EQUAL(c.up, 3);
	CU_ASSERT_EQUAL(c.all, 4);
		for (int i = 0; i < 50; i++) {
			int k = pick_without(pool_bit(1));
			CU_ASSERT(k == 2 || k == 3);
		}
		CU_ASSERT_EQUAL(pick_without(pool_bit(1) | pool_bit(2) | pool_bit(3)), -1);
		CU_ASSERT(pool_usable(&pool));
		for (int i = 0; i < N; i++)
			servers[i].up = false;
		CU_ASSERT_EQUAL(pick(), -1);
		CU_ASSERT_FALSE(pool_usable(&pool));
		pool.n = 0;
		CU_ASSERT_EQUAL(pick(), -1);
	}
}

static void weight_0_is_the_last_resort(void)
{
	static const enum balance all[] = { BALANCE_ROUNDROBIN, BALANCE_LEASTCONN, BALANCE_HASH, BALANCE_RANDOM };
	for (size_t b = 0; b < 4; b++) {
		unsigned n[N];
		struct pool_counts c;
		make(all[b], 0, 1, 0, 0);
		servers[3].up = false;
		shares(100, n);
		CU_ASSERT_EQUAL(n[1], 100);
		CU_ASSERT_EQUAL(pick_without(pool_bit(1) | pool_bit(2)), 0);
		servers[1].up = false;
		CU_ASSERT(pool_usable(&pool));
		pool_count(&pool, &c);
		CU_ASSERT_EQUAL(c.state, VERDICT_UP);
		shares(1000, n); /* alike */
		CU_ASSERT(n[0] > 300 && n[2] > 300);
		CU_ASSERT_EQUAL(n[1] + n[3], 0);
		CU_ASSERT_EQUAL(pick_without(pool_bit(0) | pool_bit(2)), -1);
	}
}

static void many_servers_share_the_last_bit(void)
{
	CU_ASSERT_EQUAL(pool_bit(0), 1);
	CU_ASSERT_EQUAL(pool_bit(62), 1ull << 62);
	CU_ASSERT_EQUAL(pool_bit(63), pool_bit(200));
}

UNIT_MAIN("servers", UNIT_TEST(roundrobin_is_exact_and_smooth), UNIT_TEST(each_worker_turns_by_itself),
          UNIT_TEST(random_keeps_shares), UNIT_TEST(hash_keeps_shares_and_clients), UNIT_TEST(leastconn_looks_at_weight),
          UNIT_TEST(who_is_down_or_tried_gets_nothing), UNIT_TEST(weight_0_is_the_last_resort),
          UNIT_TEST(many_servers_share_the_last_bit))
