/* proxyproto: headers as proxies send them, cut at every byte, and those that must not be believed. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "../../fwd/proxyproto.h"

#define ARRAY(a) (sizeof(a) / sizeof *(a))
#define S "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(text) text, sizeof(text) - 1
#define FOUR "\xc0\0\2\1\xcb\0\x71\x0a\xdc\x04\0\x6e"   /* 192.0.2.1 203.0.113.10 56324 110 */

/* The bytes come one by one, in a block that ends where they do. */
static enum proxy_verdict parse_bytewise(struct proxy_header *h, const char *text, size_t len)
{
	enum proxy_verdict v = PROXY_MORE;

	for (size_t n = 1; n <= len && v == PROXY_MORE; n++) {
		char *buf = malloc(n);

		memcpy(buf, text, n);
		v = proxy_parse(h, buf, n);
		free(buf);
	}
	return v;
}

static bool is(const struct addr *a, const char *text)
{
	char out[ADDR_TEXT_MAX];

	return strcmp(addr_text_at(a, out), text) == 0;
}

static void test_good_headers(void)
{
	static const struct { const char *bytes; size_t len, behind; const char *source, *destination; bool hop; } cases[] = {
		{ BYTES("PROXY TCP4 192.0.2.1 203.0.113.10 56324 110\r\n"), 0, "192.0.2.1@56324", "203.0.113.10@110", false },
		{ BYTES("PROXY TCP4 192.0.2.1 203.0.113.10 56324 110\r\nQUIT\r\n"), 6, "192.0.2.1@56324", "203.0.113.10@110", false },
		{ BYTES("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"), 0, "0.0.0.0@0", "255.255.255.255@65535", false },
		{ BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"), 0, "2001:db8::1@1", "2001:db8::2@2", false },
		{ BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"), 0,
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff@65535", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff@65535", false },
		{ BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:203.0.113.10 1 2\r\n"), 0, "192.0.2.1@1", "203.0.113.10@2", false },
		{ BYTES("PROXY UNKNOWN\r\n"), 0, NULL, NULL, false },
		{ BYTES("PROXY UNKNOWN ffff:f...f:ffff ffff:ffff 65535 65535\r\n"), 0, NULL, NULL, false },
		{ BYTES(S "\x21\x11\0\x0c" FOUR), 0, "192.0.2.1@56324", "203.0.113.10@110", false },
		{ BYTES(S "\x21\x11\0\x0c" FOUR "GET"), 3, "192.0.2.1@56324", "203.0.113.10@110", false },
		{ BYTES(S "\x21\x21\0\x24 \1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1 \1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\2"), 0, "2001:db8::1@1", "2001:db8::2@2", false },
		{ BYTES(S "\x20\0\0\0"), 0, NULL, NULL, false },
		{ BYTES(S "\x20\x11\0\x0c" FOUR), 0, NULL, NULL, false },
		{ BYTES(S "\x20\x11\0\2\1\1"), 0, NULL, NULL, false },
		{ BYTES(S "\x21\0\0\0"), 0, NULL, NULL, false },
		{ BYTES(S "\x21\x12\0\x0c" FOUR), 0, NULL, NULL, false },            /* UDP: not this connection's */
		/* TLVs: NOOP, one of nobody's, ours; one of the same type by somebody else */
		{ BYTES(S "\x21\x11\0\x13" FOUR "\4\0\1x\xea\0\0"), 0, "192.0.2.1@56324", "203.0.113.10@110", false },
		{ BYTES(S "\x21\x11\0\x1b" FOUR "\xe4\0\x0c" "fairlead sjc"), 0, "192.0.2.1@56324", "203.0.113.10@110", true },
		{ BYTES(S "\x21\x11\0\x1b" FOUR "\xe4\0\x0c" "fairlady sjc"), 0, "192.0.2.1@56324", "203.0.113.10@110", false },
		{ BYTES(S "\x20\0\0\x0f\xe4\0\x0c" "fairlead den"), 0, NULL, NULL, true },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct proxy_header h, slow;
		bool ok = proxy_parse(&h, cases[i].bytes, cases[i].len) == PROXY_WHOLE && h.len == cases[i].len - cases[i].behind &&
		          h.told == (cases[i].source != NULL) && h.hop == cases[i].hop;

		if (ok && h.told)
			ok = is(&h.source, cases[i].source) && is(&h.destination, cases[i].destination);
		ok &= parse_bytewise(&slow, cases[i].bytes, cases[i].len) == PROXY_WHOLE && slow.len == h.len && slow.hop == h.hop;
		CU_ASSERT(ok);
		if (!ok)
			printf("\n    case %zu (%s)", i, h.why ? h.why : "-");
	}
}

static void test_bad_headers(void)
{
	static const struct { const char *bytes; size_t len; const char *why; } cases[] = {
		{ BYTES("GET / HTTP/1.1\r\n"), "not a PROXY header" },
		{ BYTES("PROXZ"), "not a PROXY header" },
		{ BYTES("proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n"), "not a PROXY header" },
		{ BYTES("\r\n\r\n\0\r\nQUIX"), "not a PROXY header" },
		{ BYTES("\0"), "not a PROXY header" },
		{ BYTES("PROXY \r\n"), "version 1 line without a protocol" },
		{ BYTES("PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n"), "version 1 line without a protocol" },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n"), "version 1 line ends without CR" },
		{ BYTES("PROXY \n"), "version 1 line ends without CR" },
		{ BYTES("PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n"), "version 1 protocol is none of TCP4, TCP6, UNKNOWN" },
		{ BYTES("PROXY TCP44444444444 1.2.3.4 1.2.3.4 1 1\r\n"), "version 1 line without a protocol" },
		{ BYTES("PROXY TCP4\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 \r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4  1.2.3.4 1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4\t1.2.3.4 1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.256 1.2.3.4 1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 ::1 ::1 1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP6 ::1%lo ::1 1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 01\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 a 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 1\r\n"), "version 1 addresses malformed" },
		{ BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535      \r\n"), "version 1 line too long" },
		{ BYTES(S "\x11"), "version or command unknown" },
		{ BYTES(S "\x31\x11\0\x0c" FOUR), "version or command unknown" },
		{ BYTES(S "\x22\x11\0\x0c" FOUR), "version or command unknown" },
		{ BYTES(S "\x21\x41\0\x0c" FOUR), "address family or transport unknown" },
		{ BYTES(S "\x21\x13\0\x0c" FOUR), "address family or transport unknown" },
		{ BYTES(S "\x21\x11\x10\0"), "header too long" },
		{ BYTES(S "\x21\x11\xff\xff"), "header too long" },
		{ BYTES(S "\x21\x11\0\x0b\xc0\0\2\1\xcb\0\x71\x0a\xdc\x04\0"), "header too short for its addresses" },
		{ BYTES(S "\x21\x21\0\x0c" FOUR), "header too short for its addresses" },
		{ BYTES(S "\x21\x31\0\x0c" FOUR), "header too short for its addresses" },
		{ BYTES(S "\x21\x11\0\x0d" FOUR "\4"), "TLV runs over the end of the header" },
		{ BYTES(S "\x21\x11\0\x0f" FOUR "\4\0\1"), "TLV runs over the end of the header" },
		{ BYTES(S "\x21\x11\0\x13" FOUR "\3\0\4\0\0\0\0"), "checksum is wrong" },
		{ BYTES(S "\x21\x11\0\x12" FOUR "\3\0\3\0\0\0"), "checksum is wrong" },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct proxy_header h, slow;
		bool ok = proxy_parse(&h, cases[i].bytes, cases[i].len) == PROXY_BAD && strcmp(h.why, cases[i].why) == 0;

		ok &= parse_bytewise(&slow, cases[i].bytes, cases[i].len) == PROXY_BAD && strcmp(slow.why, h.why) == 0;
		CU_ASSERT(ok);
		if (!ok)
			printf("\n    case %zu (%s)", i, h.why ? h.why : "-");
	}
}

/* A checksum made here a second time. */
static void test_checksum(void)
{
	char text[] = S "\x21\x11\0\x13" FOUR "\3\0\4\0\0\0\0";
	size_t len = sizeof text - 1;
	struct proxy_header h;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= (uint8_t)text[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	crc = ~crc;
	for (int i = 0; i < 4; i++)
		text[len - 4 + (size_t)i] = (char)(crc >> (24 - 8 * i));
	CU_ASSERT_EQUAL(proxy_parse(&h, text, len), PROXY_WHOLE);
	text[20] ^= 1;
	CU_ASSERT_EQUAL(proxy_parse(&h, text, len), PROXY_BAD);
}

static void test_nothing_yet(void)
{
	struct proxy_header h;

	CU_ASSERT_EQUAL(proxy_parse(&h, "", 0), PROXY_MORE);
}

/* What we write says the same when we read it; each family with each. */
static void test_written(void)
{
	static const struct { const char *source, *destination, *source_read, *destination_read, *v1; } cases[] = {
		{ "192.0.2.1@56324", "203.0.113.10@110", "192.0.2.1@56324", "203.0.113.10@110", "PROXY TCP4 192.0.2.1 203.0.113.10 56324 110\r\n" },
		{ "2001:db8::1@1", "2001:db8::2@2", "2001:db8::1@1", "2001:db8::2@2", "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n" },
		{ "::ffff:192.0.2.1@1", "::ffff:192.0.2.2@2", "192.0.2.1@1", "192.0.2.2@2", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" },
		{ "192.0.2.1@1", "2001:db8::2@2", "192.0.2.1@1", "2001:db8::2@2", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n" },
		{ "2001:db8::1@1", "192.0.2.2@2", "2001:db8::1@1", "192.0.2.2@2", "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.2 1 2\r\n" },
	};
	static const char longest[] = "a23456789012345678901234567890123456789012345678901234567x";
	uint8_t out[PROXY_WRITE_MAX];
	struct proxy_header h;
	struct addr source, destination;

	for (size_t i = 0; i < ARRAY(cases); i++) {
		CU_ASSERT_FATAL(addr_parse_at(&source, cases[i].source, 0) && addr_parse_at(&destination, cases[i].destination, 0));
		for (int hop = 0; hop < 2; hop++) {
			size_t len = proxy_write(out, PROXY_SEND_V2, &source, &destination, hop ? longest : NULL);

			CU_ASSERT_EQUAL(proxy_parse(&h, out, len), PROXY_WHOLE);
			CU_ASSERT(h.len == len && h.told && h.hop == hop && is(&h.source, cases[i].source_read) && is(&h.destination, cases[i].destination_read));
		}
		size_t len = proxy_write(out, PROXY_SEND_V1, &source, &destination, longest);
		CU_ASSERT(len == strlen(cases[i].v1) && memcmp(out, cases[i].v1, len) == 0);
		CU_ASSERT_EQUAL(proxy_parse(&h, out, len), PROXY_WHOLE);
	}
	for (int v = PROXY_SEND_V1; v <= PROXY_SEND_V2; v++) {
		size_t len = proxy_write(out, (enum proxy_send)v, NULL, NULL, NULL);

		CU_ASSERT(proxy_parse(&h, out, len) == PROXY_WHOLE && h.len == len && !h.told && !h.hop);
	}
}

UNIT_MAIN("proxyproto", UNIT_TEST(test_good_headers), UNIT_TEST(test_bad_headers), UNIT_TEST(test_checksum), UNIT_TEST(test_nothing_yet),
          UNIT_TEST(test_written))
