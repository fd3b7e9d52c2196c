#include "siphash.h"

struct state { uint64_t a, b, c, d; };

static uint64_t load64(const uint8_t *p, size_t len)
{
	uint64_t v = 0;
	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static inline uint64_t turn(uint64_t v, unsigned bits)
{
	return v << bits | v >> (64 - bits);
}

static void mix(struct state *s, unsigned rounds)
{
	while (rounds--) {
		s->a += s->b;
		s->b = turn(s->b, 13) ^ s->a;
		s->a = turn(s->a, 32);
		s->c += s->d;
		s->d = turn(s->d, 16) ^ s->c;
		s->a += s->d;
		s->d = turn(s->d, 21) ^ s->a;
		s->c += s->b;
		s->b = turn(s->b, 17) ^ s->c;
		s->c = turn(s->c, 32);
	}
}

static void take(struct state *s, uint64_t word)
{
	s->d ^= word;
	mix(s, 2);
	s->a ^= word;
}

void siphash24(uint8_t out[8], const uint8_t key[16], const uint8_t *data, size_t len)
{
	uint64_t low = load64(key, 8), high = load64(key + 8, 8);
	/* The constants spell "somepseudorandomlygeneratedbytes". */
	struct state s = { low ^ 0x736f6d6570736575u, high ^ 0x646f72616e646f6du, low ^ 0x6c7967656e657261u, high ^ 0x7465646279746573u };
	size_t at = 0;
	for (; len - at >= 8; at += 8)
		take(&s, load64(data + at, 8));
	take(&s, load64(data + at, len - at) | (uint64_t)len << 56);
	s.c ^= 0xff;
	mix(&s, 4);
	uint64_t hash = s.a ^ s.b ^ s.c ^ s.d;
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)(hash >> 8 * i);
}
