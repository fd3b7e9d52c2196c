#include <stdlib.h>
#include <string.h>
#include "unit.h"
#include "check_response.h"

struct seen { char body[256]; size_t n, wanted; };

static bool keep(void *arg, const uint8_t *p, size_t n)
{
	struct seen *s = arg;
	for (size_t i = 0; i < n && s->n < sizeof s->body - 1; i++)
		s->body[s->n++] = (char)p[i];
	s->body[s->n] = '\0';
	return s->n < s->wanted;
}

/* Feeds `text` in pieces of `piece` bytes. */
static enum response_state feed(struct check_response *r, struct seen *s, const char *text, size_t piece)
{
	const struct response_sink sink = { keep, s };
	memset(s, 0, sizeof *s);
	s->wanted = 200;
	for (size_t len = strlen(text); len > 0;) {
		size_t n = len < piece ? len : piece;
		response_feed(r, (const uint8_t *)text, n, &sink);
		text += n;
		len -= n;
	}
	return r->state;
}

struct reading { const char *text; enum response_state state; unsigned status; const char *body; };

/* However it is cut, the outcome is the same. */
static void each_way(const struct reading *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t piece = 1; piece < 64; piece += 7) {
			struct check_response r;
			struct seen s;
			response_init(&r, false);
			CU_ASSERT_EQUAL(feed(&r, &s, list[i].text, piece), list[i].state);
			if (r.state != list[i].state)
				printf("\n  reading %zu, piece %zu: state %d\n", i, piece, r.state);
			if (list[i].status)
				CU_ASSERT_EQUAL(r.status, list[i].status);
			CU_ASSERT_STRING_EQUAL(s.body, list[i].body);
		}
	}
}

static void reads_well_formed_ones(void)
{
	static const struct reading list[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokJUNK", RESPONSE_DONE, 200, "ok" },
		{ "HTTP/1.0 404 Not Found\r\n\r\nno", RESPONSE_BODY, 404, "no" },
		{ "HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", RESPONSE_DONE, 200, "" },
		{ "HTTP/1.1 200 \nContent-Length:\t 3 \n\nabc", RESPONSE_DONE, 200, "abc" },
		{ "HTTP/1.1 204 None\r\nContent-Length: 9\r\n\r\n", RESPONSE_DONE, 204, "" },
		{ "HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", RESPONSE_DONE, 304, "" },
		{ "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz",
		  RESPONSE_DONE, 200, "z" },
		{ "HTTP/1.1 200 OK\r\nX: a\r\n b c\r\nContent-Length: 1\r\n\r\nz", RESPONSE_DONE, 200, "z" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nz", RESPONSE_DONE, 200, "z" },
	};
	each_way(list, sizeof list / sizeof *list);
}

static void reads_chunks(void)
{
	static const struct reading list[] = {
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\n\r\nJUNK",
		  RESPONSE_DONE, 200, "abc0123456789" },
		{ "HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\nContent-Length: 1\r\n\r\n1\nz\n0\nT: 1\nU: 2\n\n",
		  RESPONSE_DONE, 200, "z" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", RESPONSE_BODY, 200, "ab" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", RESPONSE_MALFORMED, 200, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", RESPONSE_MALFORMED, 200, "a" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n", RESPONSE_MALFORMED, 200, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", RESPONSE_MALFORMED, 200, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000001\r\nz", RESPONSE_MALFORMED, 200, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", RESPONSE_MALFORMED, 200, "" },
	};
	each_way(list, sizeof list / sizeof *list);
}

static void refuses_malformed_ones(void)
{
	static const struct reading list[] = {
		{ "SSH-2.0-OpenSSH_9\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/2.0 200 OK\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1  200 OK\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 20 OK\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 2000 OK\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 200OK\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 099 OK\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 600 OK\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "http/1.1 200 OK\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 101 Switched\r\n\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 200 OK\r\nno field\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: \r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n", RESPONSE_MALFORMED, 0, "" },
		{ "HTTP/1.1 200 OK\r\nX: y\r\n", RESPONSE_HEAD, 0, "" },
	};
	each_way(list, sizeof list / sizeof *list);
}

static void a_zero_byte_is_no_head(void)
{
	struct check_response r;
	response_init(&r, false);
	CU_ASSERT_EQUAL(response_feed(&r, (const uint8_t *)"HTTP/1.1\0", 9, NULL), RESPONSE_MALFORMED);
}

static void the_head_is_bounded(void)
{
	struct check_response r;
	struct seen s;
	char *head = malloc(HTTP_HEAD_MAX + 64);
	strcpy(head, "HTTP/1.1 200 OK\r\nX: ");
	memset(head + strlen(head), 'y', HTTP_HEAD_MAX);
	head[HTTP_HEAD_MAX + 1] = '\0';
	response_init(&r, false);
	CU_ASSERT_EQUAL(feed(&r, &s, head, 4096), RESPONSE_TOO_LONG);
	/* Just fitting, with lines longer than what is kept of a line. */
	strcpy(head + HTTP_HEAD_MAX - 4, "\r\n\r\n");
	response_init(&r, false);
	CU_ASSERT_EQUAL(feed(&r, &s, head, 4096), RESPONSE_BODY);
	free(head);
}

static void interim_heads_count_together(void)
{
	struct check_response r;
	struct seen s;
	response_init(&r, false);
	for (int i = 0; i < HTTP_HEAD_MAX / 25 + 1; i++)
		feed(&r, &s, "HTTP/1.1 100 Continue\r\n\r\n", 100);
	CU_ASSERT_EQUAL(r.state, RESPONSE_TOO_LONG);
}

static void a_head_request_has_no_body(void)
{
	struct check_response r;
	struct seen s;
	response_init(&r, true);
	CU_ASSERT_EQUAL(feed(&r, &s, "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 9), RESPONSE_DONE);
}

static void the_end_of_the_connection(void)
{
	struct check_response r;
	struct seen s;
	response_init(&r, false);
	feed(&r, &s, "HTTP/1.0 200 OK\r\n\r\nhello", 5);
	CU_ASSERT_TRUE(response_closed(&r));
	response_init(&r, false);
	feed(&r, &s, "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello", 5);
	CU_ASSERT_FALSE(response_closed(&r));
	response_init(&r, false);
	feed(&r, &s, "HTTP/1.0 200 OK\r\n", 5);
	CU_ASSERT_FALSE(response_closed(&r));
}

static void a_sink_that_has_enough(void)
{
	struct check_response r;
	struct seen s = { .wanted = 1 };
	const struct response_sink sink = { keep, &s };
	const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello";
	response_init(&r, false);
	CU_ASSERT_EQUAL(response_feed(&r, (const uint8_t *)text, strlen(text), &sink), RESPONSE_DONE);
}

UNIT_MAIN("check_response",
	UNIT_TEST(reads_well_formed_ones),
	UNIT_TEST(reads_chunks),
	UNIT_TEST(refuses_malformed_ones),
	UNIT_TEST(a_zero_byte_is_no_head),
	UNIT_TEST(the_head_is_bounded),
	UNIT_TEST(interim_heads_count_together),
	UNIT_TEST(a_head_request_has_no_body),
	UNIT_TEST(the_end_of_the_connection),
	UNIT_TEST(a_sink_that_has_enough))
