#include "metrics.h"
#include "random.h"
#include "select_parts.h"
#include <string.h>

bool metric_is_total(enum metric m)
{
	return m == METRIC_WEIGHTED || m == METRIC_RANDOM || m == METRIC_ROUNDROBIN || m == METRIC_HASH;
}

static void order_weighted(const struct select_input *in, uint16_t *members, size_t n, size_t want, uint16_t *out)
{
	const struct member *all = in->service->members;
	uint64_t random = in->random, state = random;
	uint32_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += all[members[i]].weight;
	for (uint16_t *end = out + want; out < end; random = random64(&state)) {
		/* Without weight left all are alike: uniform. */
		size_t i = total ? metric_weight_at(all, members, metric_below(random, total)) : metric_below(random, (uint32_t)n);

		*out++ = members[i];
		if (out == end)
			break; /* the usual single answer needs nothing of what follows */
		total -= all[members[i]].weight;
		members[i] = members[--n];
	}
}

__attribute__((noinline))
static void order_random(const struct select_input *in, uint16_t *members, size_t n, size_t want, uint16_t *out)
{
	uint64_t random = in->random, state = random;

	for (size_t k = 0; k < want; k++) {
		size_t i = metric_below(random, (uint32_t)n);

		out[k] = members[i];
		members[i] = members[--n];
		random = random64(&state);
	}
}

static void order_roundrobin(const struct select_input *in, const uint16_t *members, size_t n, size_t want, uint16_t *out)
{
	size_t at = (size_t)(in->turn % n);

	for (size_t k = 0; k < want; k++) {
		out[k] = members[at];
		if (++at == n)
			at = 0;
	}
}

uint64_t metric_minus_log2(uint64_t h)
{
	/*
	 * h/2^64 = (1 - g) / 2^zeros with 0 <= g <= 1/2, and -log2(1 - g) = g P(g):
	 * written so, the error is relative, also near 0 where the winners of a
	 * rendezvous lie. P: Chebyshev fit of degree 7 on [0, 1/2], 30 fraction bits.
	 */
	static const int64_t p[] = { 1549081809, 774590840, 514305805, 418991107,
	                             74910596, 1168919342, -1604909350, 1794788142 };
	unsigned zeros = (unsigned)__builtin_clzll(h);
	int64_t g = (int64_t)(-(h << zeros) >> 32);
	int64_t sum = p[7];

	for (int i = 6; i >= 0; i--)
		sum = p[i] + sum * g / ((int64_t)1 << 32);
	return ((uint64_t)zeros << 32) + ((uint64_t)(g * sum) >> 30);
}

static uint64_t mix(uint64_t h)
{
	h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
	h = (h ^ (h >> 29)) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 32);
}

/* Little endian everywhere: the value must not depend on the machine. */
static uint64_t load64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(v) : v;
}

uint64_t select_client_hash(const struct select_input *in)
{
	const struct prefix *net = &in->client->network;
	const struct service *s = in->service;
	bool six = net->family == AF_INET6; /* the number itself differs between systems */
	uint64_t h = mix((uint64_t)six << 8 | net->length);
	size_t at = 0;

	h = mix(h ^ (six ? load64(net->bytes) : load64(net->bytes) & 0xffffffff));
	if (six && net->length > 64)
		h = mix(h ^ load64(net->bytes + 8));
	for (; s->name_len - at >= 8; at += 8)
		h = mix(h ^ load64(s->name + at));
	for (; at < s->name_len; at++)
		h = mix(h ^ s->name[at]);
	return h;
}

uint64_t select_member_hash(uint64_t client, const struct member *m)
{
	return mix(client ^ m->label_hash);
}

/*
 * Weighted rendezvous: each member draws an exponential variate from the hash
 * of client, service and label, divided by its weight, and the smallest comes
 * first. Nobody's draw depends on who else is a candidate, so a member that
 * goes moves its own clients only.
 */
struct draw {
	uint64_t key;     /* the lower the better */
	uint16_t member;
};

/* A heap with the worst on top: [0] has moved there, or is new. */
static void sift_down(struct draw *heap, size_t size, struct draw moving)
{
	size_t at = 0, child;

	for (; (child = 2 * at + 1) < size; at = child) {
		child += child + 1 < size && heap[child + 1].key > heap[child].key;
		if (moving.key >= heap[child].key)
			break;
		heap[at] = heap[child];
	}
	heap[at] = moving;
}

static void sift_up(struct draw *heap, size_t at, struct draw moving)
{
	for (; at > 0 && heap[(at - 1) / 2].key < moving.key; at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = moving;
}

/* -log2 of the hash, divided by the weight; members of weight 0 come behind all others. */
static uint64_t weighted_key(uint64_t hash, unsigned weight)
{
	if (weight == 0)
		return (uint64_t)1 << 63 | ~hash >> 1;
	return (metric_minus_log2(hash ? hash : 1) << 24) / weight;
}

/* -log2 x is more than (1 - x) / ln 2: without a logarithm most are known to be worse than `worst`. */
static bool is_surely_behind(uint64_t hash, unsigned weight, uint64_t worst)
{
	uint64_t least = (~hash >> 32) * 1477 >> 10;

	return least << 24 > (unsigned __int128)worst * weight;
}

static bool weights_differ(const struct member *all, const uint16_t *members, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (all[members[i]].weight != all[members[0]].weight)
			return true;
	return false;
}

__attribute__((noinline))
static void order_hash(const struct select_input *in, const uint16_t *members, size_t n, size_t want, uint16_t *out)
{
	struct draw heap[SERVICE_MEMBERS_MAX]; /* the best `want` so far */
	const struct member *all = in->service->members;
	bool weighted = weights_differ(all, members, n); /* where they don't, the hash orders as its logarithm does */
	uint64_t client = select_client_hash(in);
	size_t size = 0;

	select_saw_network(in);
	for (size_t i = 0; i < n; i++) {
		const struct member *m = &all[members[i]];
		uint64_t hash = select_member_hash(client, m), key = ~hash;

		if (weighted && size == want && m->weight && is_surely_behind(hash, m->weight, heap[0].key))
			continue;
		if (weighted)
			key = weighted_key(hash, m->weight);
		if (size < want) {
			sift_up(heap, size, (struct draw){ key, members[i] });
			size++;
		} else if (key < heap[0].key) {
			sift_down(heap, size, (struct draw){ key, members[i] });
		}
	}
	while (size > 0) {
		out[--size] = heap[0].member;
		sift_down(heap, size, heap[size]);
	}
}

__attribute__((noinline))
void metric_order(enum metric m, const struct select_input *in, uint16_t *members, size_t n, size_t want,
                  uint16_t *out)
{
	if (want == 0)
		return;
	if (n == 1) {
		*out = *members;
		return;
	}
	switch (m) {
	case METRIC_RANDOM: order_random(in, members, n, want, out); break;
	case METRIC_ROUNDROBIN: order_roundrobin(in, members, n, want, out); break;
	case METRIC_HASH: order_hash(in, members, n, want, out); break;
	default: order_weighted(in, members, n, want, out); break;
	}
}
