/* Options of an OPT: what is read, what is refused, what is written. */
#include <stdlib.h>
#include <string.h>
#include "../../dnsd/edns.h"
#include "unit.h"

struct wire { uint8_t bytes[80]; size_t len; };

static bool read_options(struct edns *e, const struct wire *w)
{
	/* Of this size exactly, so that a read past its end is seen. */
	uint8_t *exact = malloc(w->len ? w->len : 1);
	memcpy(exact, w->bytes, w->len);
	e->seen = 0;
	bool ok = edns_read(e, exact, w->len);
	free(exact);
	return ok;
}

static void reads_what_it_knows(void)
{
	struct edns e;
	struct wire all = { { 0, 3, 0, 0, 0, 8, 0, 7, 0, 1, 20, 0, 10, 1, 0xf0, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0xfd, 0xe9, 0, 1, 'x' }, 32 };
	CU_ASSERT(read_options(&e, &all));
	CU_ASSERT_EQUAL(e.seen, EDNS_NSID | EDNS_SUBNET | EDNS_COOKIE);
	CU_ASSERT(e.subnet.family == 1 && e.subnet.source == 20 && memcmp(e.subnet.address, "\x0a\x01\xf0\0\0\0\0\0\0\0\0\0\0\0\0", 16) == 0);
	CU_ASSERT(e.cookie_len == 8 && memcmp(e.cookie, "\1\2\3\4\5\6\7\10", 8) == 0);
	/* of two the first counts, and whoever asks for an identity may say anything */
	struct wire twice = { { 0, 10, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1, 0, 10, 0, 8, 2, 2, 2, 2, 2, 2, 2, 2, 0, 3, 0, 2, 'h', 'i' }, 30 };
	CU_ASSERT(read_options(&e, &twice));
	CU_ASSERT(e.seen == (EDNS_COOKIE | EDNS_NSID) && e.cookie[0] == 1);
	struct wire none = { { 0 }, 0 };
	CU_ASSERT(read_options(&e, &none) && e.seen == 0);
	/* an extended error in a query means nothing */
	struct wire ede = { { 0, 15, 0, 2, 0, 18 }, 6 };
	CU_ASSERT(read_options(&e, &ede) && e.seen == 0);
}

static void judges_subnets(void)
{
	static const struct { struct wire w; bool good; } cases[] = {
		{ { { 0, 8, 0, 4, 0, 1, 0, 0 }, 8 }, true },
		{ { { 0, 8, 0, 4, 0, 2, 0, 0 }, 8 }, true },
		{ { { 0, 8, 0, 4, 0, 0, 0, 0 }, 8 }, true },                              /* no family, nothing said */
		{ { { 0, 8, 0, 5, 0, 1, 1, 0, 0x80 }, 9 }, true },
		{ { { 0, 8, 0, 8, 0, 1, 32, 0, 1, 2, 3, 4 }, 12 }, true },
		{ { { 0, 8, 0, 20, 0, 2, 128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }, 24 }, true },
		{ { { 0, 8, 0, 0 }, 4 }, false },
		{ { { 0, 8, 0, 3, 0, 1, 0 }, 7 }, false },
		{ { { 0, 8, 0, 7, 0, 1, 24, 24, 10, 1, 2 }, 11 }, false },                /* a scope in a query */
		{ { { 0, 8, 0, 6, 0, 1, 24, 0, 10, 1 }, 10 }, false },                    /* too few octets */
		{ { { 0, 8, 0, 8, 0, 1, 24, 0, 10, 1, 2, 0 }, 12 }, false },              /* too many */
		{ { { 0, 8, 0, 7, 0, 1, 23, 0, 10, 1, 3 }, 11 }, false },                 /* a bit behind SOURCE */
		{ { { 0, 8, 0, 5, 0, 1, 1, 0, 0x40 }, 9 }, false },
		{ { { 0, 8, 0, 9, 0, 1, 33, 0, 1, 2, 3, 4, 0 }, 13 }, false },
		{ { { 0, 8, 0, 21, 0, 2, 129, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0 }, 25 }, false },
		{ { { 0, 8, 0, 5, 0, 0, 8, 0, 10 }, 9 }, false },                         /* bits of no family */
		{ { { 0, 8, 0, 4, 0, 3, 0, 0 }, 8 }, false },                             /* a family that nobody knows */
		{ { { 0, 8, 0, 4, 1, 1, 0, 0 }, 8 }, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct edns e;
		CU_ASSERT_EQUAL(read_options(&e, &cases[i].w), cases[i].good);
	}
}

static void judges_cookie_lengths(void)
{
	for (size_t len = 0; len <= 60; len++) {
		struct edns e;
		struct wire w = { { 0, 10, 0, (uint8_t)len }, 4 + len };
		CU_ASSERT_EQUAL(read_options(&e, &w), len == 8 || (len >= 16 && len <= 40));
	}
}

/* Wherever it is cut, it is refused, but between two options. */
static void every_cut_is_refused(void)
{
	struct wire all = { { 0, 3, 0, 0, 0, 8, 0, 7, 0, 1, 20, 0, 10, 1, 0xf0, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0xfd, 0xe9, 0, 1, 'x' }, 32 };
	for (size_t len = 0; len < 32; len++) {
		struct edns e;
		struct wire w = all;
		w.len = len;
		CU_ASSERT_EQUAL(read_options(&e, &w), len == 0 || len == 4 || len == 15 || len == 27);
	}
}

static void writes_what_there_is(void)
{
	struct edns_subnet subnet = { .family = 2, .source = 33, .address = { 0x20, 1, 0xd, 0xb8, 0x80 } };
	struct edns_reply r = { .ede = EDE_NONE };
	uint8_t out[600];
	CU_ASSERT_EQUAL(edns_size(&r), 0);
	r.identity = "sjc";
	r.subnet = &subnet;
	r.scope = 56;
	r.has_cookie = true;
	memset(r.cookie, 7, sizeof r.cookie);
	r.ede = EDE_PROHIBITED;
	r.ede_text = "no";
	static const uint8_t want[] = { 0, 3, 0, 3, 's', 'j', 'c', 0, 8, 0, 9, 0, 2, 33, 56, 0x20, 1, 0xd, 0xb8, 0x80,
		0, 10, 0, 24, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 15, 0, 4, 0, 18, 'n', 'o' };
	CU_ASSERT_EQUAL_FATAL(edns_size(&r), sizeof want);
	edns_write(&r, out);
	CU_ASSERT(memcmp(out, want, sizeof want) == 0);
	/* the longest of all: with the longest question, 512 bytes hold it */
	char identity[101], text[200];
	memset(identity, 'i', 100);
	memset(text, 't', 199);
	identity[100] = text[199] = 0;
	subnet.source = 128;
	r.identity = identity;
	r.ede_text = text;
	CU_ASSERT(12 + 255 + 4 + 11 + edns_size(&r) <= 512);
	CU_ASSERT_EQUAL(edns_size(&r), 4 + 100 + 4 + 20 + 4 + 24 + 4 + 66);
	edns_write(&r, out);
	CU_ASSERT(wire_get16(out + 104) == 8 && wire_get16(out + 104 + 24) == 10 && wire_get16(out + 104 + 24 + 28) == 15);
}

UNIT_MAIN("edns", UNIT_TEST(reads_what_it_knows), UNIT_TEST(judges_subnets), UNIT_TEST(judges_cookie_lengths), UNIT_TEST(every_cut_is_refused),
	UNIT_TEST(writes_what_there_is))
