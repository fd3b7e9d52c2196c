/* http: requests as people, browsers, attackers and other protocols send them, each also byte by byte. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "../../fwd/http.h"
#include "../../fwd/http_date.h"

#define H "Host: a.example\r\n"
#define ARRAY(a) (sizeof(a) / sizeof *(a))

static enum http_verdict parse_whole(struct http_head *h, const char *text, size_t len)
{
	http_head_init(h);
	return http_parse(h, text, len);
}

/*
 * The bytes come one by one, each time in a buffer that ends right behind them,
 * so that a sanitizer sees any look too far; and in another place than before.
 */
static enum http_verdict parse_bytewise(struct http_head *h, const char *text, size_t len)
{
	enum http_verdict v = HTTP_MORE;

	http_head_init(h);
	for (size_t n = 1; n <= len && v == HTTP_MORE; n++) {
		char *buf = malloc(n);

		memcpy(buf, text, n);
		v = http_parse(h, buf, n);
		free(buf);
	}
	return v;
}

static bool same_span(struct http_span a, struct http_span b) { return a.at == b.at && a.len == b.len; }

static enum http_verdict parse(struct http_head *h, const char *text, size_t len)
{
	struct http_head slow;
	enum http_verdict v = parse_whole(h, text, len);

	CU_ASSERT_EQUAL(parse_bytewise(&slow, text, len), v);
	CU_ASSERT_EQUAL(slow.status, h->status);
	CU_ASSERT_PTR_EQUAL(slow.why, h->why);
	if (v == HTTP_HEAD) {
		CU_ASSERT_EQUAL(slow.head_len, h->head_len);
		CU_ASSERT(same_span(slow.target, h->target) && same_span(slow.path, h->path) && same_span(slow.host, h->host));
		CU_ASSERT(slow.body == h->body && slow.keep_alive == h->keep_alive && slow.port == h->port);
	}
	return v;
}

static bool is_text(const char *buf, struct http_span s, const char *want)
{
	return s.len == strlen(want) && !memcmp(buf + s.at, want, s.len);
}

/* Requests that are in order. */
static void test_good_heads(void)
{
	static const struct {
		const char *text, *method, *path, *host;
		uint16_t port;
		enum http_form form;
		int minor;
		bool keep_alive;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "a", 0, HTTP_ORIGIN, 1, true },
		{ "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "a", 0, HTTP_ORIGIN, 1, true },
		{ "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "a", 0, HTTP_ORIGIN, 1, true },
		{ "HEAD /x?y=z HTTP/1.1\r\nhost:a.b:8080\r\n\r\n", "HEAD", "/x?y=z", "a.b", 8080, HTTP_ORIGIN, 1, true },
		{ "GET /a%20b//c HTTP/1.1\r\nHOST: \t a.b \t\r\n\r\n", "GET", "/a%20b//c", "a.b", 0, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n\r\n", "GET", "/", "[2001:db8::1]", 81, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.1\r\nHost: 192.0.2.1:\r\n\r\n", "GET", "/", "192.0.2.1", 0, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", "", 0, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.1\r\nHost: a%2Fb\r\n\r\n", "GET", "/", "a%2Fb", 0, HTTP_ORIGIN, 1, true },
		{ "GET http://x.example:81/p?q HTTP/1.1\r\nHost: other:5\r\n\r\n", "GET", "/p?q", "x.example", 81, HTTP_ABSOLUTE, 1, true },
		{ "GET HTTPS://x HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "", "x", 0, HTTP_ABSOLUTE, 1, true },
		{ "GET http://x?q HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "?q", "x", 0, HTTP_ABSOLUTE, 1, true },
		{ "GET http://x/ HTTP/1.0\r\n\r\n", "GET", "/", "x", 0, HTTP_ABSOLUTE, 0, false },
		{ "OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS", "*", "a.example", 0, HTTP_ASTERISK, 1, true },
		{ "PROPFIND /dav/ HTTP/1.1\r\n" H "\r\n", "PROPFIND", "/dav/", "a.example", 0, HTTP_ORIGIN, 1, true },
		{ "BASELINE-CONTROL_ABCDEFGHIJKLMNO / HTTP/1.1\r\n" H "\r\n", "BASELINE-CONTROL_ABCDEFGHIJKLMNO", "/", "a.example", 0, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.0\r\n" H "\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 0, false },
		{ "GET / HTTP/1.0\r\n" H "Connection: Keep-Alive\r\n\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 0, true },
		{ "GET / HTTP/1.0\r\n" H "Connection: Keep-Alive, close\r\n\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 0, false },
		{ "GET / HTTP/1.1\r\n" H "Connection: foo , CLOSE\r\n\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 1, false },
		{ "GET / HTTP/1.1\r\n" H "Connection:\r\n\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.1\r\n" H "X-Connection: close\r\nConnections: close\r\n\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.2\r\n" H "\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.1\r\n" H "A:\r\nB: \t\xc3\xa4\xff tab\there\r\n\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 1, true },
		{ "GET /\xc3\xa4\"<>\\^`{|}#[] HTTP/1.1\r\n" H "\r\n", "GET", "/\xc3\xa4\"<>\\^`{|}#[]", "a.example", 0, HTTP_ORIGIN, 1, true },
		/* An upgrade needs both fields, and 1.1. */
		{ "GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\n\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.1\r\n" H "Connection: upgrade\r\n\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 1, true },
		{ "GET / HTTP/1.0\r\n" H "Upgrade: h2c\r\nConnection: upgrade\r\n\r\n", "GET", "/", "a.example", 0, HTTP_ORIGIN, 0, false },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		const char *t = cases[i].text;
		struct http_head h;
		bool ok = parse(&h, t, strlen(t)) == HTTP_HEAD && is_text(t, h.method, cases[i].method) &&
		          is_text(t, h.path, cases[i].path) && is_text(t, h.host, cases[i].host) && h.port == cases[i].port &&
		          h.form == cases[i].form && h.minor == cases[i].minor && h.keep_alive == cases[i].keep_alive &&
		          h.head_len == strlen(t);

		CU_ASSERT(ok);
		if (!ok)
			printf("\n    %s (%s)", t, h.why ? h.why : "-");
	}
}

static void test_methods(void)
{
	static const struct { const char *text; bool get_or_head, head; } cases[] = {
		{ "GET / HTTP/1.1\r\n" H "\r\n", true, false }, { "HEAD / HTTP/1.1\r\n" H "\r\n", true, true },
		{ "POST / HTTP/1.1\r\n" H "\r\n", false, false }, { "get / HTTP/1.1\r\n" H "\r\n", false, false },
		{ "GETS / HTTP/1.1\r\n" H "\r\n", false, false }, { "HEA / HTTP/1.1\r\n" H "\r\n", false, false },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct http_head h;

		CU_ASSERT_EQUAL(parse(&h, cases[i].text, strlen(cases[i].text)), HTTP_HEAD);
		CU_ASSERT_EQUAL(h.get_or_head, cases[i].get_or_head);
		CU_ASSERT_EQUAL(h.head_method, cases[i].head);
	}
}

#define R "GET / HTTP/1.1\r\n"
/* With the length: some have NULs. */
#define BAD(status, text) { text, sizeof(text) - 1, status }

static void test_bad_heads(void)
{
	static const struct { const char *text; size_t len; unsigned status; } cases[] = {
		/* request line */
		BAD(400, "\r\n\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), BAD(400, "\nGET / HTTP/1.1\r\n" H "\r\n"), BAD(400, "\rGET / HTTP/1.1\r\n" H "\r\n"),
		BAD(400, " GET / HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET  / HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET /  HTTP/1.1\r\n" H "\r\n"),
		BAD(400, "GET\t/ HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET /\tHTTP/1.1\r\n" H "\r\n"), BAD(400, "GET / HTTP/1.1 \r\n" H "\r\n"),
		BAD(400, "GET / HTTP/1.1\n" H "\r\n"), BAD(400, "GET / HTTP/1.1\r\r\n" H "\r\n"), BAD(400, "GET /a\rb HTTP/1.1\r\n" H "\r\n"),
		BAD(400, "GET /\r\n"), BAD(400, "GET\r\n"), BAD(400, "GET \r\n"), BAD(400, "G(T / HTTP/1.1\r\n" H "\r\n"), BAD(400, "G\xc3\xa4T / HTTP/1.1\r\n" H "\r\n"),
		BAD(400, "GET /a\0b HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET /a\x7f HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET /a\x01 HTTP/1.1\r\n" H "\r\n"),
		BAD(400, "GET / http/1.1\r\n" H "\r\n"), BAD(400, "GET / HTTP/1\r\n" H "\r\n"), BAD(400, "GET / HTTP/1.10\r\n" H "\r\n"), BAD(400, "GET / HTTP/11\r\n" H "\r\n"),
		BAD(400, "GET / HTTP/a.1\r\n" H "\r\n"), BAD(400, "GET / HTTP/1,1\r\n" H "\r\n"), BAD(400, "GET / HTPP/1.1\r\n" H "\r\n"),
		BAD(505, "GET / HTTP/2.0\r\n" H "\r\n"), BAD(505, "GET / HTTP/0.9\r\n" H "\r\n"), BAD(505, "PRI / HTTP/2.0\r\n\r\n"), BAD(505, "GET * HTTP/2.0\r\n\r\n"),
		BAD(501, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" H "\r\n"),
		BAD(400, "GET * HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET foo HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET a.example:80 HTTP/1.1\r\n" H "\r\n"),
		BAD(400, "GET ftp://a/ HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET http:///x HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET http://u@a/ HTTP/1.1\r\n" H "\r\n"),
		BAD(400, "GET http://a:b/ HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET http://a:65536/ HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET http://[::1/ HTTP/1.1\r\n" H "\r\n"),
		BAD(400, "OPTIONS ** HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET \\evil HTTP/1.1\r\n" H "\r\n"), BAD(400, "GET http:/a HTTP/1.1\r\n" H "\r\n"),
		/* no HTTP, and nothing that could be relayed as known */
		BAD(400, "\x16\x02\r\n"), BAD(400, "\x80\x2e\x01\x03\x01"), BAD(400, "SSH-2.0-OpenSSH_9.2\r\n"), BAD(400, "{}"), BAD(400, "\0\0\0"),
		/* fields */
		BAD(400, R " " H "\r\n"), BAD(400, R H " folded\r\n\r\n"), BAD(400, R H "\tfolded\r\n\r\n"), BAD(400, R H "A : b\r\n\r\n"), BAD(400, R H "A\t: b\r\n\r\n"),
		BAD(400, R H "A\r\n\r\n"), BAD(400, R H ": b\r\n\r\n"), BAD(400, R H "A b: c\r\n\r\n"), BAD(400, R H "A: b\n\r\n"), BAD(400, R H "A: b\rc\r\n\r\n"),
		BAD(400, R H "A: b\0c\r\n\r\n"), BAD(400, R H "A: b\x1f\r\n\r\n"), BAD(400, R H "A: 12345678\x7f" "12345678\r\n\r\n"), BAD(400, R H "A: 12345678\x0b" "12345678\r\n\r\n"),
		BAD(400, R H "A: b\r\r\n\r\n"), BAD(400, R H "\n"), BAD(400, R H "\r\r\n"), BAD(400, R H "A\xc3: b\r\n\r\n"), BAD(400, R H "A(b): c\r\n\r\n"),
		/* Host */
		BAD(400, R "\r\n"), BAD(400, R H H "\r\n"), BAD(400, R H "Host:\r\n\r\n"), BAD(400, R "Host: a b\r\n\r\n"), BAD(400, R "Host: a/b\r\n\r\n"),
		BAD(400, R "Host: u@a\r\n\r\n"), BAD(400, R "Host: a:b\r\n\r\n"), BAD(400, R "Host: a:70000\r\n\r\n"), BAD(400, R "Host: :80\r\n\r\n"), BAD(400, R "Host: a?b\r\n\r\n"),
		BAD(400, R "Host: a#b\r\n\r\n"), BAD(400, R "Host: a\\b\r\n\r\n"), BAD(400, R "Host: %zz\r\n\r\n"), BAD(400, R "Host: a%2\r\n\r\n"), BAD(400, R "Host: [::1\r\n\r\n"),
		BAD(400, R "Host: [::g]\r\n\r\n"), BAD(400, R "Host: []\r\n\r\n"), BAD(400, R "Host: [::1]x\r\n\r\n"), BAD(400, R "Host: [1.2.3.4]\r\n\r\n"), BAD(400, R "Host: \xc3\xa4\r\n\r\n"),
		BAD(400, R "Host: [0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]\r\n\r\n"), BAD(400, R "Host: a:1:2\r\n\r\n"), BAD(400, R "Host: \"a\"\r\n\r\n"),
		BAD(400, "GET http://a/ HTTP/1.1\r\n\r\n"), BAD(400, "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n"),
		/* framing: what smuggling is made of */
		BAD(400, R H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), BAD(400, R H "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
		BAD(400, R H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), BAD(400, R H "Content-Length: 5, 6\r\n\r\n"), BAD(400, R H "Content-Length: 5,\r\n\r\n"),
		BAD(400, R H "Content-Length:\r\n\r\n"), BAD(400, R H "Content-Length: -1\r\n\r\n"), BAD(400, R H "Content-Length: +1\r\n\r\n"), BAD(400, R H "Content-Length: 0x10\r\n\r\n"),
		BAD(400, R H "Content-Length: 1 2\r\n\r\n"), BAD(400, R H "Content-Length: 1.0\r\n\r\n"), BAD(400, R H "Content-Length: 9999999999999999999\r\n\r\n"),
		BAD(400, R H "Transfer-Encoding: gzip\r\n\r\n"), BAD(400, R H "Transfer-Encoding: identity\r\n\r\n"), BAD(400, R H "Transfer-Encoding: chunked, gzip\r\n\r\n"),
		BAD(400, R H "Transfer-Encoding: chunked, chunked\r\n\r\n"), BAD(400, R H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
		BAD(400, R H "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"), BAD(400, R H "Transfer-Encoding:\r\n\r\n"), BAD(400, R H "Transfer-Encoding: xchunked\r\n\r\n"),
		BAD(400, R H "Transfer-Encoding: chunked;q=1\r\n\r\n"), BAD(400, R H "Transfer-Encoding: \x0b" "chunked\r\n\r\n"), BAD(400, R H "Transfer-Encoding: chunked,\r\n\r\n"),
		BAD(400, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n"),
		BAD(400, R "Connection: upgrade\r\nUpgrade: x\r\n\r\n"),
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct http_head h;
		enum http_verdict v = parse(&h, cases[i].text, cases[i].len);

		CU_ASSERT_EQUAL(v, HTTP_ERROR);
		CU_ASSERT_EQUAL(h.status, cases[i].status);
		CU_ASSERT(h.why != NULL);
		if (v != HTTP_ERROR || h.status != cases[i].status)
			printf("\n    %s: %d, %u", cases[i].text, v, h.status);
	}
}

/* What a redirect can't answer. */
static void test_relayed(void)
{
	static const struct { const char *text; size_t len; const char *why; } cases[] = {
#define RELAY(why, text) { text, sizeof(text) - 1, why }
		RELAY("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), RELAY("HTTP/2 preface", "PRI * HTTP/2.0\r\n"),
		RELAY("TLS hello", "\x16\x03\x01\x02\x00\x01"), RELAY("TLS hello", "\x16\x03"),
		RELAY("CONNECT", "CONNECT a.example:443 HTTP/1.1\r\n" H "\r\n"), RELAY("CONNECT", "CONNECT / HTTP/1.0\r\n\r\n"), RELAY("CONNECT", "CONNECT http://a/ HTTP/1.1\r\n" H "\r\n"),
		RELAY("upgrade", R H "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"), RELAY("upgrade", R "Connection: upgrade\r\n" H "Upgrade: h2c\r\n\r\n"),
		RELAY("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n"), RELAY("HTTP/1.0 without Host", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct http_head h;
		enum http_verdict v = parse(&h, cases[i].text, cases[i].len);

		CU_ASSERT_EQUAL(v, HTTP_RELAY);
		CU_ASSERT(v == HTTP_RELAY && !strcmp(h.why, cases[i].why));
		CU_ASSERT_EQUAL(h.http1, strcmp(h.why, "TLS hello") && strcmp(h.why, "HTTP/2 preface"));
	}
}

/* Every proper beginning of these waits for more. */
static void test_more(void)
{
	static const char *texts[] = {
		"\r\n\r\nGET /path?query HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", "OPTIONS * HTTP/1.0\r\nHost: [::1]:1\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY(texts); i++)
		for (size_t n = 0; n < strlen(texts[i]); n++) {
			struct http_head h;

			CU_ASSERT_EQUAL(parse_whole(&h, texts[i], n), HTTP_MORE);
		}
	struct http_head h;
	CU_ASSERT_EQUAL(parse_whole(&h, "\x16", 1), HTTP_MORE);
	CU_ASSERT_EQUAL(parse_whole(&h, "PRI * HTTP/2.0\r", 15), HTTP_MORE);
}

static void test_bodies(void)
{
	static const struct { const char *fields; enum http_body body; uint64_t length; bool expect; } cases[] = {
		{ "", HTTP_BODY_NONE, 0, false }, { "Content-Length: 0\r\n", HTTP_BODY_NONE, 0, false },
		{ "Content-Length: 5\r\n", HTTP_BODY_LENGTH, 5, false }, { "content-length:\t007 \r\n", HTTP_BODY_LENGTH, 7, false },
		{ "Content-Length: 5\r\nContent-Length: 5\r\n", HTTP_BODY_LENGTH, 5, false }, { "Content-Length: 5, 5 ,05\r\n", HTTP_BODY_LENGTH, 5, false },
		{ "Content-Length: 999999999999999999\r\n", HTTP_BODY_LENGTH, 999999999999999999u, false },
		{ "Transfer-Encoding: chunked\r\n", HTTP_BODY_CHUNKED, 0, false }, { "Transfer-Encoding: gzip, Chunked\r\n", HTTP_BODY_CHUNKED, 0, false },
		{ "Transfer-Encoding: gzip\r\nTransfer-Encoding: CHUNKED\r\n", HTTP_BODY_CHUNKED, 0, false },
		{ "Expect: 100-Continue\r\nContent-Length: 1\r\n", HTTP_BODY_LENGTH, 1, true },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct http_head h;
		char text[300];
		int n = snprintf(text, sizeof text, "POST / HTTP/1.1\r\n" H "%s\r\nbody", cases[i].fields);

		CU_ASSERT_EQUAL(parse(&h, text, (size_t)n), HTTP_HEAD);
		CU_ASSERT_EQUAL(h.head_len, (size_t)n - 4);
		CU_ASSERT(h.body == cases[i].body && h.content_length == cases[i].length && h.expect == cases[i].expect);
	}
}

/* `before`, as many `fill` as make `total` with `after`, `after`. The caller frees. */
static char *stretched(const char *before, char fill, const char *after, size_t total)
{
	char *text = malloc(total + 1);
	size_t a = strlen(before), b = strlen(after);

	memset(text, fill, total);
	memcpy(text, before, a);
	memcpy(text + total - b, after, b + 1);
	return text;
}

static void check_limit(const char *before, char fill, const char *after, size_t total, enum http_verdict want, unsigned status)
{
	char *text = stretched(before, fill, after, total);
	struct http_head h;

	CU_ASSERT_EQUAL(parse_whole(&h, text, total), want);
	CU_ASSERT_EQUAL(h.status, status);
	/* Byte by byte is quadratic in malloc; pieces of 777 do. */
	struct http_head piecewise;
	enum http_verdict v = HTTP_MORE;

	http_head_init(&piecewise);
	for (size_t n = 777; v == HTTP_MORE && n < total + 777; n += 777)
		v = http_parse(&piecewise, text, n < total ? n : total);
	CU_ASSERT_EQUAL(v, want);
	CU_ASSERT_EQUAL(piecewise.status, status);
	free(text);
}

static void test_limits(void)
{
	const size_t fixed = strlen("GET / HTTP/1.1\r\n" H "\r\n") - 1;

	check_limit("GET /", 'a', " HTTP/1.1\r\n" H "\r\n", fixed + HTTP_TARGET_MAX, HTTP_HEAD, 0);
	check_limit("GET /", 'a', " HTTP/1.1\r\n" H "\r\n", fixed + HTTP_TARGET_MAX + 1, HTTP_ERROR, 414);
	check_limit("GET /", 'a', " HTTP/1.1\r\n" H "\r\n", fixed + HTTP_TARGET_MAX + 1000, HTTP_ERROR, 414);
	check_limit("GET /", 'a', "", 12000, HTTP_ERROR, 414);
	check_limit("GET /", 'a', "", 40000, HTTP_ERROR, 414);
	check_limit("GET /", 'a', "\n", 12000, HTTP_ERROR, 414);
	check_limit(R H "A: ", 'a', "\r\n\r\n", HTTP_HEAD_MAX, HTTP_HEAD, 0);
	check_limit(R H "A: ", 'a', "\r\n\r\n", HTTP_HEAD_MAX + 1, HTTP_ERROR, 431);
	check_limit(R H "A: ", 'a', "\r\n\r\n", HTTP_HEAD_MAX + 9000, HTTP_ERROR, 431);
	check_limit(R H "A: ", 'a', "", HTTP_HEAD_MAX - 1, HTTP_MORE, 0);
	check_limit(R H "A: ", 'a', "", HTTP_HEAD_MAX, HTTP_ERROR, 431);
	/* A body behind the head is not of it. */
	check_limit(R H "Content-Length: 20000\r\n\r\n", 'a', "", 20000, HTTP_HEAD, 0);
}

/* The next request begins where the head of one without body ends. */
static void test_pipeline(void)
{
	static const char text[] = "GET /1 HTTP/1.1\r\n" H "\r\nGET /2 HTTP/1.1\r\n" H "\r\n\x16\x03";
	struct http_head h;
	size_t at = 0;

	CU_ASSERT(parse_whole(&h, text, sizeof text - 1) == HTTP_HEAD && is_text(text, h.path, "/1"));
	at += h.head_len;
	CU_ASSERT(parse_whole(&h, text + at, sizeof text - 1 - at) == HTTP_HEAD && is_text(text + at, h.path, "/2"));
	at += h.head_len;
	CU_ASSERT(parse_whole(&h, text + at, sizeof text - 1 - at) == HTTP_RELAY);
}

static enum http_skip_verdict skip_bytewise(const struct http_head *h, const char *text, size_t len, size_t *total)
{
	enum http_skip_verdict v = HTTP_SKIP_MORE;
	struct http_skip s;

	CU_ASSERT(http_skip_init(&s, h));
	for (*total = 0; v == HTTP_SKIP_MORE && *total < len;) {
		size_t used;

		v = http_skip(&s, text + *total, 1, &used);
		*total += used;
	}
	return v;
}

static void test_skip_chunked(void)
{
	static const struct { const char *text; enum http_skip_verdict want; } cases[] = {
		/* '|' stands where the body ends. */
		{ "0\r\n\r\n|GET", HTTP_SKIP_DONE }, { "5\r\nhello\r\n0\r\n\r\n|", HTTP_SKIP_DONE }, { "A\r\n0123456789\r\n000\r\n\r\n|0\r\n", HTTP_SKIP_DONE },
		{ "5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n|", HTTP_SKIP_DONE }, { "5 \r\nhello\r\n0\t;x\r\n\r\n|", HTTP_SKIP_DONE },
		{ "0\r\nTrailer: x\r\nOther: \ty\r\n\r\n|rest", HTTP_SKIP_DONE }, { "2\r\n\r\n\r\n0\r\n\r\n|", HTTP_SKIP_DONE }, { "b\r\nhello world\r\n0\r\n\r\n|", HTTP_SKIP_DONE },
		{ "5\r\nhello", HTTP_SKIP_MORE }, { "0\r\n", HTTP_SKIP_MORE }, { "0\r\n\r", HTTP_SKIP_MORE }, { "", HTTP_SKIP_MORE },
		{ "\r\n", HTTP_SKIP_CLOSE }, { "x\r\n", HTTP_SKIP_CLOSE }, { "5\nhello\r\n", HTTP_SKIP_CLOSE }, { "5\r\nhello0\r\n", HTTP_SKIP_CLOSE }, { "5\r\nhello\n0", HTTP_SKIP_CLOSE },
		{ "-1\r\n", HTTP_SKIP_CLOSE }, { "0x5\r\n", HTTP_SKIP_CLOSE }, { " 5\r\n", HTTP_SKIP_CLOSE }, { "5\rx", HTTP_SKIP_CLOSE }, { "0\r\n\rx", HTTP_SKIP_CLOSE }, { "0\r\nA\nB", HTTP_SKIP_CLOSE },
		{ "5;\x01\r\n", HTTP_SKIP_CLOSE }, { "5;a\n", HTTP_SKIP_CLOSE }, { "FFFFFFFFFFFFFFFFF\r\n", HTTP_SKIP_CLOSE }, { "10001\r\n", HTTP_SKIP_CLOSE },
	};
	struct http_head h = { .body = HTTP_BODY_CHUNKED };

	for (size_t i = 0; i < ARRAY(cases); i++) {
		char text[100];
		const char *end = strchr(cases[i].text, '|');
		size_t whole = end ? (size_t)(end - cases[i].text) : strlen(cases[i].text), used, used_bytewise;
		struct http_skip s;

		snprintf(text, sizeof text, "%.*s%s", (int)whole, cases[i].text, end ? end + 1 : "");
		CU_ASSERT(http_skip_init(&s, &h));
		CU_ASSERT_EQUAL(http_skip(&s, text, strlen(text), &used), cases[i].want);
		CU_ASSERT_EQUAL(skip_bytewise(&h, text, strlen(text), &used_bytewise), cases[i].want);
		CU_ASSERT_EQUAL(used, used_bytewise);
		if (cases[i].want != HTTP_SKIP_CLOSE)
			CU_ASSERT_EQUAL(used, whole);
	}
}

static void test_skip_length(void)
{
	struct http_head h = { .body = HTTP_BODY_LENGTH, .content_length = 5 };
	struct http_skip s;
	size_t used;

	CU_ASSERT(http_skip_init(&s, &h));
	CU_ASSERT(http_skip(&s, "hel", 3, &used) == HTTP_SKIP_MORE && used == 3);
	CU_ASSERT(http_skip(&s, "loGET", 5, &used) == HTTP_SKIP_DONE && used == 2);
	CU_ASSERT(http_skip(&s, "GET", 3, &used) == HTTP_SKIP_DONE && used == 0);
	h.body = HTTP_BODY_NONE;
	CU_ASSERT(http_skip_init(&s, &h));
	CU_ASSERT(http_skip(&s, "GET", 3, &used) == HTTP_SKIP_DONE && used == 0);
}

static void test_skip_is_bounded(void)
{
	struct http_head h = { .body = HTTP_BODY_LENGTH, .content_length = HTTP_SKIP_MAX };
	struct http_skip s;
	enum http_skip_verdict v = HTTP_SKIP_MORE;
	size_t total = 0, used;

	CU_ASSERT(http_skip_init(&s, &h));
	h.content_length++;
	CU_ASSERT_FALSE(http_skip_init(&s, &h));
	/* Chunks without end, nearly all of it framing. */
	h.body = HTTP_BODY_CHUNKED;
	CU_ASSERT(http_skip_init(&s, &h));
	while (v == HTTP_SKIP_MORE) {
		v = http_skip(&s, "1\r\nx\r\n", 6, &used);
		total += used;
		if (total > HTTP_SKIP_MAX)
			break;
	}
	CU_ASSERT(v == HTTP_SKIP_CLOSE && total == HTTP_SKIP_MAX);
	/* An expectation: nobody knows whether the body will come. */
	h = (struct http_head){ .body = HTTP_BODY_LENGTH, .content_length = 1, .expect = true };
	CU_ASSERT_FALSE(http_skip_init(&s, &h));
	h.body = HTTP_BODY_NONE;
	CU_ASSERT(http_skip_init(&s, &h));
}

static void test_dates(void)
{
	static const struct { time_t at; const char *want; } cases[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" }, { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" }, { 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ -1, "Wed, 31 Dec 1969 23:59:59 GMT" }, { 253402300800, NULL }, { -2208988801, NULL },
	};
	struct http_date d = { .at = 0 };

	for (size_t i = 0; i < 2 * ARRAY(cases); i++) { /* each twice: the second time it is kept */
		const char *got = http_date(&d, cases[i / 2].at), *want = cases[i / 2].want;

		CU_ASSERT(got == want || (got && want && !strcmp(got, want)));
		CU_ASSERT(!got || strlen(got) == HTTP_DATE_LEN);
	}
}

static void test_replies(void)
{
	static const struct { struct http_reply r; const char *want; } cases[] = {
		{ { 400, true, 0, NULL }, "HTTP/1.1 400 Bad Request\r\nCache-Control: no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" },
		{ { 503, true, 5, "Thu, 01 Jan 1970 00:00:00 GMT" }, "HTTP/1.1 503 Service Unavailable\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nRetry-After: 5\r\nCache-Control: no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" },
		{ { 421, false, 0, NULL }, "HTTP/1.1 421 Misdirected Request\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n" },
	};
	static const unsigned all[] = { 400, 408, 414, 421, 431, 501, 503, 505 }, none[] = { 0, 200, 302, 404, 599 };
	char out[HTTP_REPLY_MAX];

	for (size_t i = 0; i < ARRAY(cases); i++) {
		size_t n = http_reply_write(out, sizeof out, &cases[i].r);

		CU_ASSERT(n == strlen(cases[i].want) && !memcmp(out, cases[i].want, n));
		CU_ASSERT_EQUAL(http_reply_write(out, n, &cases[i].r), 0); /* no room */
	}
	for (size_t i = 0; i < ARRAY(all); i++) {
		char want[20];

		snprintf(want, sizeof want, "HTTP/1.1 %u ", all[i]);
		CU_ASSERT(http_reply_write(out, sizeof out, &(struct http_reply){ all[i], true, 4294967295u, NULL }) > 0);
		CU_ASSERT(!strncmp(out, want, strlen(want)));
	}
	for (size_t i = 0; i < ARRAY(none); i++)
		CU_ASSERT_EQUAL(http_reply_write(out, sizeof out, &(struct http_reply){ none[i], true, 0, NULL }), 0);
	CU_ASSERT(http_status_text(308) && !strcmp(http_status_text(308), "308 Permanent Redirect"));
	CU_ASSERT(http_status_text(200) == NULL);
}

UNIT_MAIN("http",
	UNIT_TEST(test_good_heads),
	UNIT_TEST(test_methods),
	UNIT_TEST(test_bad_heads),
	UNIT_TEST(test_relayed),
	UNIT_TEST(test_more),
	UNIT_TEST(test_bodies),
	UNIT_TEST(test_limits),
	UNIT_TEST(test_pipeline),
	UNIT_TEST(test_skip_chunked),
	UNIT_TEST(test_skip_length),
	UNIT_TEST(test_skip_is_bounded),
	UNIT_TEST(test_dates),
	UNIT_TEST(test_replies))
