/* Looking ahead for a batch: whose look-ups are noted, and that many at a time find what one finds. */
#include <stdlib.h>
#include <string.h>
#include "../../common/random.h"
#include "../../common/ranges.h"
#include "../../common/select.h"
#include "../../dnsd/ahead.h"
#include "unit.h"

static uint64_t state = 7;

static uint32_t draw(uint32_t n)
{
	return (uint32_t)(random64(&state) >> 32) % n;
}

/* ---- many look-ups ---- */

#define PLACES 3000

/* Ascending starts, some of them inside one /64, and IPv4 under 2002::/16. */
static struct ranges *random_ranges(unsigned n4, unsigned n6)
{
	struct ranges_maker *m = ranges_maker_new();
	uint32_t v4 = 0;
	uint64_t high = 0x2001ull << 48, low = 0;
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	for (unsigned i = 0; i < n4; i++, v4 += 1 + draw(UINT32_MAX / PLACES))
		ranges_from4(m, v4, draw(8) ? draw(1000) : RANGES_NONE);
	for (unsigned i = 0; i < n6; i++) {
		ranges_from6(m, high, low, draw(8) ? draw(1000) : RANGES_NONE);
		low = draw(4) ? 0 : low + 1 + draw(1000);
		if (!low)
			high += 1 + draw(1u << 30);
	}
	if (n6)
		ranges_from6_as4(m, 0x2002ull << 48, 0, 16);
	return ranges_make(m);
}

static struct addr random_client(void)
{
	uint8_t bytes[16];
	struct addr a;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(draw(3) ? 0 : draw(256));
	if (draw(2)) {
		addr_from_bytes(&a, AF_INET, bytes, 0);
		return a;
	}
	if (draw(16) == 0)
		memset(bytes, 0xff, sizeof bytes);
	else
		memcpy(bytes, draw(4) ? "\x20\x01" : "\x20\x02", 2);
	addr_from_bytes(&a, AF_INET6, bytes, 0);
	return a;
}

static void many_find_what_one_finds(void)
{
	static const struct { unsigned n4, n6; } sizes[] = { { 0, 0 }, { 1, 1 }, { 2, 9 }, { PLACES, 0 }, { 0, PLACES }, { PLACES, PLACES } };
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		struct ranges *r = random_ranges(sizes[s].n4, sizes[s].n6);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		for (unsigned round = 0; round < 500; round++) {
			struct addr clients[RANGES_AHEAD_MAX] = { 0 }; /* of no family */
			uint32_t values[RANGES_AHEAD_MAX];
			size_t n = draw(RANGES_AHEAD_MAX + 1);
			for (size_t i = 0; i + draw(2) < n; i++)
				clients[i] = random_client();
			ranges_ahead(r, clients, n, values);
			for (size_t i = 0; i < n; i++)
				CU_ASSERT_FATAL(values[i] == ranges_find(r, &clients[i], NULL));
		}
		ranges_free(r);
	}
}

/* ---- whose ---- */

/* A query for a.test with EDNS; the options are what follows. Returns its length. */
static size_t query(uint8_t *msg, const char *options, size_t len)
{
	static const uint8_t start[] = "\0\1\1\0\0\1\0\0\0\0\0\1" "\1a\4test\0\0\1\0\1" "\0\0\x29\4\xd0\0\0\0\0\0";
	memcpy(msg, start, sizeof start - 1);
	msg[sizeof start - 1] = (uint8_t)len;
	memcpy(msg + sizeof start, options, len);
	return sizeof start + len;
}

static const char *noted(const char *options, size_t len)
{
	static char text[ADDR_TEXT_MAX];
	uint8_t msg[200];
	struct ahead a = { .n = 0 };
	ahead_note(&a, msg, query(msg, options, len));
	CU_ASSERT(a.n <= 1);
	return a.n ? addr_text(&a.clients[0], text) : "-";
}

#define NOTED(options) noted(options, sizeof (options) - 1)

static void notes_usual_subnets(void)
{
	CU_ASSERT_STRING_EQUAL(NOTED("\0\10\0\7\0\1\30\0\xc6\x33\x64"), "198.51.100.0");
	CU_ASSERT_STRING_EQUAL(NOTED("\0\12\0\10cookie!!" "\0\10\0\7\0\1\30\0\xc6\x33\x64"), "198.51.100.0");
	CU_ASSERT_STRING_EQUAL(NOTED("\0\10\0\13\0\2\70\0\x20\1\xd\xb8\0\1\2"), "2001:db8:1:200::");
	/* Others are looked up as well, but nobody looks ahead for them. */
	CU_ASSERT_STRING_EQUAL(NOTED(""), "-");
	CU_ASSERT_STRING_EQUAL(NOTED("\0\10\0\6\0\1\20\0\xc6\x33"), "-");
	CU_ASSERT_STRING_EQUAL(NOTED("\0\10\0\7\0\1\30\0\xc6\x33\x64" "\0\3\0\0"), "-");
	CU_ASSERT_STRING_EQUAL(NOTED("\0\10\0\7\0\1\30\5\xc6\x33\x64"), "-");
}

/* Whatever the bytes are: nothing before the message or behind it is read (valgrind, sanitizers), and no more is noted than there is room for. */
static void stays_in_bounds(void)
{
	uint8_t whole[200];
	size_t len = query(whole, "\0\10\0\7\0\1\30\0\xc6\x33\x64", 11);
	struct ahead a = { .n = 0 };
	for (size_t from = 0; from <= len; from++) {
		uint8_t *part = malloc(len - from + 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(part);
		memcpy(part, whole + from, len - from);
		ahead_note(&a, part, len - from);
		free(part);
	}
	CU_ASSERT(a.n > 0 && a.n < len);
	for (unsigned i = 0; i < 2 * RANGES_AHEAD_MAX; i++)
		ahead_note(&a, whole, len);
	CU_ASSERT_EQUAL(a.n, RANGES_AHEAD_MAX);
}

UNIT_MAIN("ahead", UNIT_TEST(many_find_what_one_finds), UNIT_TEST(notes_usual_subnets), UNIT_TEST(stays_in_bounds))
