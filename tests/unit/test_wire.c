#include "../../common/wire.h"
#include "unit.h"

static void reading_past_the_end_sticks(void)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5 };
	struct wire_reader r;
	wire_reader_init(&r, bytes, sizeof bytes);
	CU_ASSERT_EQUAL(wire_read16(&r), 0x0102);
	CU_ASSERT_EQUAL(wire_read32(&r), 0);
	CU_ASSERT(r.failed);
	CU_ASSERT_EQUAL(wire_read8(&r), 0);
	CU_ASSERT_PTR_NULL(wire_read(&r, 0));
}

static void writing_past_the_end_sticks(void)
{
	uint8_t bytes[6] = { 0 };
	struct wire_writer w;
	wire_writer_init(&w, bytes, 5);
	wire_write32(&w, 0x01020304);
	CU_ASSERT(!w.failed);
	wire_write16(&w, 0xffff);
	CU_ASSERT(w.failed);
	wire_write8(&w, 9);
	CU_ASSERT_EQUAL(wire_written(&w), 4);
	CU_ASSERT(bytes[4] == 0 && bytes[5] == 0);
}

static size_t name_at(const uint8_t *msg, size_t len, size_t at, uint8_t *out, size_t *next)
{
	struct wire_reader r;
	wire_reader_init(&r, msg, len);
	r.at = msg + at;
	size_t n = wire_read_name(&r, out);
	CU_ASSERT_EQUAL(n == 0, r.failed);
	*next = (size_t)(r.at - msg);
	return n;
}

static void names_are_expanded(void)
{
	static const uint8_t msg[] = { 1, 'b', 0, 1, 'a', 0xc0, 0, 0xc0, 3 };
	uint8_t out[255];
	size_t next;
	CU_ASSERT_EQUAL(name_at(msg, sizeof msg, 3, out, &next), 5);
	CU_ASSERT(memcmp(out, "\1a\1b", 5) == 0 && next == 7);
	CU_ASSERT_EQUAL(name_at(msg, sizeof msg, 7, out, &next), 5);
	CU_ASSERT_EQUAL(next, 9);
}

static void bad_names_fail(void)
{
	static const struct { uint8_t msg[8]; size_t len, at; } cases[] = {
		{ { 0xc0, 0 }, 2, 0 },                 /* to itself */
		{ { 0xc0, 2, 0xc0, 0 }, 4, 0 },        /* forwards */
		{ { 1, 'a', 0xc0, 0 }, 4, 0 },         /* back to its own start */
		{ { 0xc0 }, 1, 0 },                    /* half a pointer */
		{ { 3, 'a', 'b' }, 3, 0 },             /* half a label */
		{ { 1, 'a' }, 2, 0 },                  /* no end */
		{ { 0x40, 0 }, 2, 0 },                 /* a label type that nobody has */
		{ { 0x80, 0 }, 2, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t out[255];
		size_t next;
		CU_ASSERT_EQUAL(name_at(cases[i].msg, cases[i].len, cases[i].at, out, &next), 0);
	}
}

/* 255 bytes are a name, 256 are not, however it is put together. */
static void long_names_fail(void)
{
	uint8_t msg[600], out[255];
	size_t next;
	for (size_t i = 0; i < sizeof msg; i += 2) {
		msg[i] = 1;
		msg[i + 1] = 'x';
	}
	msg[254] = 0;
	CU_ASSERT_EQUAL(name_at(msg, sizeof msg, 0, out, &next), 255);
	msg[254] = 1;
	msg[256] = 0;
	CU_ASSERT_EQUAL(name_at(msg, sizeof msg, 0, out, &next), 0);
	CU_ASSERT_EQUAL(name_at(msg, sizeof msg, 2, out, &next), 255);
}

UNIT_MAIN("wire", UNIT_TEST(reading_past_the_end_sticks), UNIT_TEST(writing_past_the_end_sticks), UNIT_TEST(names_are_expanded),
	UNIT_TEST(bad_names_fail), UNIT_TEST(long_names_fail))
