/* hello: hellos of real clients (the fuzz corpus), cut and spread in every way, and those that are wrong by one byte. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "../../fwd/hello.h"

#define ARRAY(a) (sizeof(a) / sizeof *(a))

/* A small hello that is put together here: lengths are filled in. */
struct build { uint8_t at[HELLO_MAX + 64]; size_t len; };

static void put(struct build *b, const void *p, size_t n)
{
	memcpy(b->at + b->len, p, n);
	b->len += n;
}

static void set_length(struct build *b, size_t at, int bytes)
{
	size_t n = b->len - at - (size_t)bytes;

	for (int i = 0; i < bytes; i++)
		b->at[at + (size_t)i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
}

/* Everything up to the extensions' length. */
static void begin(struct build *b)
{
	static const uint8_t head[] = { 22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3 }, zeros[32];

	b->len = 0;
	put(b, head, sizeof head);
	put(b, zeros, 32);
	put(b, "\0\0\2\x13\1\1\0\0\0", 9);
}

static void finish(struct build *b)
{
	set_length(b, 50, 2);
	set_length(b, 6, 3);
	set_length(b, 3, 2);
}

static void extension(struct build *b, uint8_t type, const void *p, size_t n)
{
	uint8_t head[4] = { 0, type, (uint8_t)(n >> 8), (uint8_t)n };

	put(b, head, 4);
	put(b, p, n);
}

static enum hello_verdict parse(struct hello *h, const struct build *b)
{
	uint8_t *copy = malloc(b->len);
	enum hello_verdict v;

	memcpy(copy, b->at, b->len);
	v = hello_parse(h, copy, b->len);
	free(copy);
	return v;
}

static enum hello_verdict with_extension(struct hello *h, uint8_t type, const void *p, size_t n)
{
	static struct build b;

	begin(&b);
	extension(&b, 0x2b, "\2\3\4", 3);
	extension(&b, type, p, n);
	finish(&b);
	return parse(h, &b);
}

static void test_names(void)
{
	static const struct { const char *extension; size_t len; const char *name; } cases[] = {
		{ "\0\6\0\0\3a.b", 8, "a.b" }, { "\0\6\0\0\3A.B", 8, "a.b" }, { "\0\7\0\0\4a.b.", 9, "a.b" }, { "\0\4\0\0\1x", 6, "x" },
		{ "\0\x0a\0\0\7_a-1.xn", 12, "_a-1.xn" },
		{ "\0\x0a\7\0\1x\0\0\3a.b", 12, "a.b" },                     /* a type that we don't know comes first */
		/* malformed */
		{ "\0\0", 2, NULL }, { "", 0, NULL }, { "\0\3\0\0\0", 5, NULL }, { "\0\4\0\0\1.", 6, NULL }, { "\0\6\0\0\3a b", 8, NULL },
		{ "\0\6\0\0\3a\0b", 8, NULL }, { "\0\6\0\0\3a/b", 8, NULL }, { "\0\6\0\0\3.ab", 8, NULL }, { "\0\7\0\0\4a..b", 9, NULL },
		{ "\0\6\0\0\4a.b", 8, NULL }, { "\0\7\0\0\3a.b", 8, NULL }, { "\0\5\0\0\3a.b", 8, NULL }, { "\0\6\0\0\3a.bx", 9, NULL },
		{ "\0\x0c\0\0\3a.b\0\0\3c.d", 14, NULL },                    /* two */
		{ "\0\6\0\0\3\xc3\xa4" "b", 8, NULL }, { "\0\4\7\0\1x", 6, NULL }, { "\0\5\0\0\2*.", 7, NULL }, { "\0\6\0\0\3*ab", 8, NULL },
		{ "\0\6\0\0\3a.*", 8, NULL }, { "\0\6\0\0\3*.b", 8, "*.b" },
	};
	struct hello h;

	for (size_t i = 0; i < ARRAY(cases); i++) {
		enum hello_verdict v = with_extension(&h, 0, cases[i].extension, cases[i].len);
		bool ok = cases[i].name ? v == HELLO_WHOLE && strcmp(h.name, cases[i].name) == 0 : v == HELLO_BAD && strcmp(h.why, "malformed server name") == 0;

		CU_ASSERT(ok);
		if (!ok)
			printf("\n    case %zu: %d \"%s\" %s", i, v, h.name, h.why ? h.why : "-");
	}
}

static void test_name_lengths(void)
{
	uint8_t e[5 + 256] = { 0 };
	struct hello h;

	for (size_t n = 250; n <= 256; n++) {
		e[1] = (uint8_t)(n + 3), e[0] = (uint8_t)((n + 3) >> 8), e[4] = (uint8_t)n, e[3] = (uint8_t)(n >> 8);
		memset(e + 5, 'a', n);
		CU_ASSERT_EQUAL(with_extension(&h, 0, e, 5 + n), n <= 253 ? HELLO_WHOLE : HELLO_BAD);
		CU_ASSERT(n > 253 || strlen(h.name) == n);
	}
}

static void test_alpn(void)
{
	static const struct { const char *extension; size_t len; bool http1, bad; } cases[] = {
		{ "\0\3\2h2", 5, false, false }, { "\0\x0c\2h2\x08http/1.1", 14, true, false }, { "\0\x09\x08http/1.0", 11, true, false },
		{ "\0\x09\x08http/1.2", 11, false, false }, { "\0\x09\x08HTTP/1.1", 11, false, false },
		{ "\0\0", 2, false, true }, { "\0\1\0", 3, false, true }, { "\0\3\3h2", 5, false, true }, { "\0\4\2h2", 5, false, true },
		{ "\0\3\2h2x", 6, false, true },
	};
	struct hello h;

	for (size_t i = 0; i < ARRAY(cases); i++) {
		enum hello_verdict v = with_extension(&h, 16, cases[i].extension, cases[i].len);

		CU_ASSERT_EQUAL(v, cases[i].bad ? HELLO_BAD : HELLO_WHOLE);
		CU_ASSERT(cases[i].bad || (h.alpn && h.alpn_http1 == cases[i].http1));
	}
}

static void test_shapes(void)
{
	static struct build b;
	struct hello h;
	enum hello_verdict v;

	/* no extensions at all, as TLS 1.0 had it */
	begin(&b);
	b.len -= 2;
	set_length(&b, 6, 3);
	set_length(&b, 3, 2);
	CU_ASSERT(parse(&h, &b) == HELLO_WHOLE && !h.name[0] && !h.alpn);
	/* twice the same */
	begin(&b);
	extension(&b, 0, "\0\6\0\0\3a.b", 8);
	extension(&b, 0, "\0\6\0\0\3a.b", 8);
	finish(&b);
	CU_ASSERT(parse(&h, &b) == HELLO_BAD);
	/* a byte too many behind the extensions; one too few */
	begin(&b);
	finish(&b);
	put(&b, "x", 1);
	set_length(&b, 6, 3);
	set_length(&b, 3, 2);
	CU_ASSERT(parse(&h, &b) == HELLO_BAD && strcmp(h.why, "length of the extensions is wrong") == 0);
	for (size_t n = 9; n < 50; n++) {
		begin(&b);
		b.len = n;
		set_length(&b, 6, 3);
		set_length(&b, 3, 2);
		v = parse(&h, &b);
		/* cut behind the compression methods it is whole */
		CU_ASSERT(v == HELLO_BAD && strcmp(h.why, "hello ends too soon") == 0);
	}
	/* what follows the hello is not looked at: early data, or nonsense */
	begin(&b);
	finish(&b);
	put(&b, "GET / HTTP/1.1\r\n", 16);
	CU_ASSERT_EQUAL(parse(&h, &b), HELLO_WHOLE);
	/* another message, an alert, version 2 of SSL, HTTP, a length of nothing, and of too much */
	static const struct { const char *bytes; size_t len; enum hello_verdict v; } others[] = {
		{ "\x16\3\1\0\4\2\0\0\0", 9, HELLO_BAD }, { "\x15\3\1\0\2\2\x28", 7, HELLO_NOT_TLS }, { "\x80\x2e\1\3\1", 5, HELLO_NOT_TLS },
		{ "GET /", 5, HELLO_NOT_TLS }, { "\x16\2\0\0\4\1", 6, HELLO_NOT_TLS }, { "\x16\3\1\0\0", 5, HELLO_BAD },
		{ "\x16\3\1\x40\1", 5, HELLO_BAD }, { "\x16\3\1\x40\0", 5, HELLO_MORE }, { "\x16", 1, HELLO_MORE }, { "", 0, HELLO_MORE },
		{ "\x16\3\1\0\4\1\0\x40\0", 9, HELLO_BAD }, { "\x16\3\1\0\1\1\x15", 7, HELLO_BAD },
	};
	for (size_t i = 0; i < ARRAY(others); i++) {
		uint8_t copy[16];

		memcpy(copy, others[i].bytes, others[i].len);
		CU_ASSERT_EQUAL(hello_parse(&h, copy, others[i].len), others[i].v);
	}
}

/* 16 KiB of records of one byte never become a hello; a large one in order does. */
static void test_size(void)
{
	static struct build b;
	static uint8_t padding[HELLO_MAX];
	struct hello h;

	b.len = 0;
	for (size_t n = 0; n + 6 <= HELLO_MAX; n += 6)
		put(&b, n ? "\x16\3\1\0\1\0" : "\x16\3\1\0\1\1", 6);
	put(&b, "\x16\3\1\0\1\0", 6);
	CU_ASSERT(parse(&h, &b) == HELLO_WHOLE || parse(&h, &b) == HELLO_BAD);
	begin(&b);
	extension(&b, 0, "\0\6\0\0\3a.b", 8);
	extension(&b, 21, padding, HELLO_MAX - 64 - 64);
	finish(&b);
	CU_ASSERT(parse(&h, &b) == HELLO_WHOLE && strcmp(h.name, "a.b") == 0);
	begin(&b);
	extension(&b, 21, padding, HELLO_MAX - 52);
	finish(&b);
	CU_ASSERT(parse(&h, &b) == HELLO_BAD && strcmp(h.why, "hello too long") == 0);
}

static void check_file(const char *file, const char *name, bool alpn, bool http1)
{
	char path[512];
	static struct build b;
	struct hello h;
	FILE *f;

	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/hello/%s", getenv("FAIRLEAD_SRC") ? getenv("FAIRLEAD_SRC") : ".", file);
	f = fopen(path, "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	size_t len = fread(b.at, 1, sizeof b.at, f);
	fclose(f);
	for (b.len = 0; b.len < len; b.len++)
		if (parse(&h, &b) != HELLO_MORE)
			break;
	CU_ASSERT_EQUAL(b.len, len);
	CU_ASSERT(parse(&h, &b) == HELLO_WHOLE && strcmp(h.name, name) == 0 && h.alpn == alpn && h.alpn_http1 == http1);
}

static void test_real_ones(void)
{
	check_file("tls13", "www.gslb.example.com", true, true);
	check_file("fragments-100", "www.gslb.example.com", true, true);
	check_file("fragments-1", "www.gslb.example.com", true, true);
	check_file("tls12", "www.example.com", false, false);
	check_file("no-name", "", false, false);
	check_file("h2-only", "a.b", true, false);
}

UNIT_MAIN("hello", UNIT_TEST(test_names), UNIT_TEST(test_name_lengths), UNIT_TEST(test_alpn), UNIT_TEST(test_shapes), UNIT_TEST(test_size),
          UNIT_TEST(test_real_ones))
