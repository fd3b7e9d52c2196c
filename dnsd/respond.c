#include "respond.h"

#include <time.h>

/* Counters have one writer: a plain load and store is enough, and no locked instruction is needed. */
static inline void count(_Atomic(uint64_t) *c)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + 1, memory_order_relaxed);
}

void responder_init(struct responder *r, uint64_t seed)
{
	memset(r, 0, sizeof *r);
	r->random = seed;
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool needs_time(const struct answer *a)
{
	return a->nitems && a->items[0].kind >= ITEM_HEALTH;
}

size_t respond(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
               const struct addr *client, bool tcp)
{
	enum rcode rcode;
	enum query_verdict verdict = query_parse(&r->query, msg, len, &rcode);
	if (verdict == QUERY_DROP) {
		count(&r->counters.dropped);
		return 0;
	}
	count(&r->counters.queries);
	if (verdict == QUERY_ERROR) {
		count(&r->counters.rcodes[rcode]);
		return encode_error(msg, &r->query, rcode);
	}
	struct answer_input in = { .gen = gen, .client = client, .random = select_random(&r->random), .turn = r->turn++ };
	answer_decide(&r->answer, &r->query, &in);
	struct encode_moment now = { 0, 0 };
	if (needs_time(&r->answer)) {
		now.now_mono_ns = clock_ns(CLOCK_MONOTONIC);
		now.now_wall_s = clock_ns(CLOCK_REALTIME) / 1000000000;
	}
	size_t limit = tcp ? room : r->query.udp_size < room ? r->query.udp_size : room;
	size_t n = encode_answer(msg, limit, &r->query, &r->answer, &now);
	count(&r->counters.rcodes[r->answer.rcode]);
	if (msg[2] & DNS_TC)
		count(&r->counters.truncated);
	return n;
}
