#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "check_case.h"
#include "unit.h"

#define MS NS_PER_MS

/* --- decisions --- */

static void the_first_result_decides_alone(void)
{
	struct check_history up = { VERDICT_UNKNOWN, 0 }, down = { VERDICT_UNKNOWN, 0 };
	CU_ASSERT_TRUE(check_count(&up, true, 5, 5));
	CU_ASSERT_EQUAL(up.state, VERDICT_UP);
	CU_ASSERT_TRUE(check_count(&down, false, 5, 5));
	CU_ASSERT_EQUAL(down.state, VERDICT_DOWN);
}

static void rise_and_fall_count_in_a_row(void)
{
	struct check_history h = { VERDICT_UP, 0 };
	CU_ASSERT_FALSE(check_count(&h, false, 2, 3));
	CU_ASSERT_FALSE(check_count(&h, false, 2, 3));
	CU_ASSERT_FALSE(check_count(&h, true, 2, 3)); /* starts anew */
	CU_ASSERT_FALSE(check_count(&h, false, 2, 3));
	CU_ASSERT_FALSE(check_count(&h, false, 2, 3));
	CU_ASSERT_TRUE(check_count(&h, false, 2, 3));
	CU_ASSERT_EQUAL(h.state, VERDICT_DOWN);
	CU_ASSERT_FALSE(check_count(&h, true, 2, 3));
	CU_ASSERT_FALSE(check_count(&h, false, 2, 3));
	CU_ASSERT_FALSE(check_count(&h, true, 2, 3));
	CU_ASSERT_TRUE(check_count(&h, true, 2, 3));
	CU_ASSERT_EQUAL(h.state, VERDICT_UP);
}

static void later_starts_keep_their_place(void)
{
	const struct check_times t = { .origin = 300, .interval = 1000, .fast = 100 };
	CU_ASSERT_EQUAL(check_next_start(&t, 50, 60, false), 300);      /* a first round shorter than the interval */
	CU_ASSERT_EQUAL(check_next_start(&t, 300, 310, false), 1300);
	CU_ASSERT_EQUAL(check_next_start(&t, 300, 1299, false), 1300);
	CU_ASSERT_EQUAL(check_next_start(&t, 300, 1300, false), 2300);  /* took the whole interval */
	CU_ASSERT_EQUAL(check_next_start(&t, 1300, 1298, false), 2300); /* the timer came early */
}

static void contradiction_hurries(void)
{
	const struct check_times t = { .origin = 300, .interval = 1000, .fast = 100 };
	CU_ASSERT_EQUAL(check_next_start(&t, 300, 310, true), 400);   /* start to start */
	CU_ASSERT_EQUAL(check_next_start(&t, 300, 900, true), 900);   /* a probe that took longer: at once */
}

/* Any run of places fills each tenth of a period about evenly. */
static void places_lie_evenly(void)
{
	static const uint32_t begins[] = { 0, 1, 77, 10000, 4294967000u };
	for (size_t b = 0; b < sizeof begins / sizeof *begins; b++) {
		unsigned tenth[10] = { 0 };
		for (uint32_t i = 0; i < 1000; i++) {
			double place = check_place(begins[b] + i);
			CU_ASSERT_TRUE_FATAL(place >= 0 && place < 1);
			tenth[(int)(place * 10)]++;
		}
		for (int i = 0; i < 10; i++)
			CU_ASSERT_TRUE(tenth[i] >= 95 && tenth[i] <= 105);
	}
}

static void texts(void)
{
	char text[CHECK_RESULT_TEXT_MAX];
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L7_BAD_STATUS, 503, text), "L7 status 503");
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L4_REFUSED, 0, text), "L4 refused");
	for (int r = 0; r < RESULT_COUNT; r++)
		CU_ASSERT_PTR_NOT_NULL(check_result_name((enum check_result)r));
	CU_ASSERT_FALSE(check_result_passed(RESULT_NONE));
	CU_ASSERT_TRUE(check_result_passed(RESULT_L4_CONNECTED));
	CU_ASSERT_FALSE(check_result_passed(RESULT_L3_RESOLVE));
	CU_ASSERT_FALSE(check_result_passed(RESULT_L7_BAD_STATUS));
}

/* --- probes --- */

struct tcp_case { enum badpeer_mode mode; const char *text, *send, *expect; enum check_result result; };

static void tcp_results(void)
{
	static const struct tcp_case cases[] = {
		{ PEER_SILENT, NULL, NULL, NULL, RESULT_L4_CONNECTED },
		{ PEER_SAY, "+OK\r\n", NULL, NULL, RESULT_L4_CONNECTED },
		{ PEER_RESET, NULL, NULL, NULL, RESULT_L4_RESET },
		{ PEER_CLOSE, NULL, NULL, NULL, RESULT_L4_CLOSED },
		{ PEER_SAY, "+OK\r\n", NULL, "^\\+OK", RESULT_L7_OK },
		{ PEER_REPLY, "PONG", "PING\r\n", "^PONG", RESULT_L7_OK },
		{ PEER_REPLY, "NO", "PING\r\n", "^PONG", RESULT_L7_EXPECT },
		{ PEER_REPLY_RESET, "", "PING\r\n", "^PONG", RESULT_L4_RESET },
		{ PEER_SILENT, NULL, NULL, "^PONG", RESULT_L7_TIMEOUT },
		{ PEER_CLOSE, NULL, NULL, "^PONG", RESULT_L7_NO_RESPONSE },
		{ PEER_RESET, NULL, NULL, "^PONG", RESULT_L4_RESET },
		{ PEER_ENDLESS, "", "PING", "PONG", RESULT_L7_EXPECT },
		{ PEER_TRICKLE, "no ", "PING", "PONG", RESULT_L7_TIMEOUT },
		{ PEER_TRICKLE, "PONG", "PING", "ONGP", RESULT_L7_OK },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b;
		set_up(&b, CHECK_TCP);
		b.conf.send = (char *)(uintptr_t)cases[i].send;
		b.conf.send_len = cases[i].send ? strlen(cases[i].send) : 0;
		if (cases[i].expect)
			expect_regex(&b, cases[i].expect);
		begin_with_peer(&b, cases[i].mode, cases[i].text);
		first_is(&b, cases[i].result, 0);
		tear_down(&b);
	}
}

struct http_case { enum badpeer_mode mode; const char *text, *body; enum check_result result; uint32_t detail; };

static void http_results(void)
{
	static const struct http_case cases[] = {
		{ PEER_REPLY, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", NULL, RESULT_L7_STATUS, 200 },
		{ PEER_REPLY_KEEP, "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", NULL, RESULT_L7_STATUS, 302 },
		{ PEER_REPLY_KEEP, "HTTP/1.1 503 No\r\nContent-Length: 2000\r\n\r\n", "ok", RESULT_L7_BAD_STATUS, 503 },
		{ PEER_REPLY, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nall ok.", "ok\\.$", RESULT_L7_STATUS, 200 },
		{ PEER_REPLY_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nall ok.", "ok\\.$", RESULT_L7_STATUS, 200 },
		{ PEER_REPLY, "HTTP/1.1 200 OK\r\n\r\nall ok.", "^all", RESULT_L7_STATUS, 200 },
		{ PEER_REPLY_KEEP, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nal\r\n2\r\nl!\r\n0\r\n\r\n", "^all!$",
		  RESULT_L7_STATUS, 200 },
		{ PEER_REPLY, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", "ok", RESULT_L7_BODY, 0 },
		{ PEER_REPLY, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "ok", RESULT_L7_BODY, 0 },
		{ PEER_REPLY, "HTTP/1.1 204 Empty\r\n\r\n", "ok", RESULT_L7_BODY, 0 },
		{ PEER_REPLY, "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\nba", "ok", RESULT_L7_NO_RESPONSE, 0 },
		{ PEER_REPLY, "HTTP/1.1 200 OK\r\nContent-Le", NULL, RESULT_L7_NO_RESPONSE, 0 },
		{ PEER_REPLY_RESET, "", NULL, RESULT_L4_RESET, 0 },
		{ PEER_RESET, NULL, NULL, RESULT_L4_RESET, 0 },
		{ PEER_REPLY, "", NULL, RESULT_L7_NO_RESPONSE, 0 },
		{ PEER_SILENT, NULL, NULL, RESULT_L7_TIMEOUT, 0 },
		{ PEER_REPLY_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\nok", "ok", RESULT_L7_TIMEOUT, 0 },
		{ PEER_TRICKLE, "HTTP/1.1 200 OK\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\nX: y", NULL, RESULT_L7_TIMEOUT, 0 },
		{ PEER_ENDLESS, "HTTP/1.1 200 OK\r\nX: ", NULL, RESULT_L7_TOO_LONG, 0 },
		{ PEER_ENDLESS, "HTTP/1.1 200 OK\r\n\r\nok", NULL, RESULT_L7_STATUS, 200 },
		{ PEER_ENDLESS, "HTTP/1.1 200 OK\r\n\r\nok", "^okx", RESULT_L7_STATUS, 200 },
		{ PEER_ENDLESS, "HTTP/1.1 200 OK\r\n\r\nok", "nothing", RESULT_L7_BODY, 0 },
		{ PEER_SAY, "SSH-2.0-x\r\n", NULL, RESULT_L7_MALFORMED, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b;
		set_up(&b, CHECK_HTTP);
		b.params.service = "www.example.com";
		if (cases[i].body)
			body_regex(&b, cases[i].body);
		begin_with_peer(&b, cases[i].mode, cases[i].text);
		first_is(&b, cases[i].result, cases[i].detail);
		tear_down(&b);
	}
}

static void the_request(void)
{
	char *headers[] = { "X-Probe: 1", "user-agent: me" };
	char expected[300];
	struct bench b;
	set_up(&b, CHECK_HTTP);
	b.params.service = "www.example.com";
	b.conf.path = "/healthz?a=b";
	b.conf.method = "HEAD";
	b.conf.headers = headers;
	b.conf.nheaders = 2;
	begin_with_peer(&b, PEER_REPLY_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
	first_is(&b, RESULT_L7_STATUS, 200);
	snprintf(expected, sizeof expected, "HEAD /healthz?a=b HTTP/1.1\r\nHost: www.example.com:%u\r\nX-Probe: 1\r\n"
	         "user-agent: me\r\nConnection: close\r\n\r\n", addr_port(&b.params.address));
	CU_ASSERT_STRING_EQUAL(badpeer_heard(b.peer), expected);
	tear_down(&b);
}

/* Without the final dot; of a wildcard a name below it, or where that is too long the name behind the "*.". */
static void the_host_of_a_service(void)
{
#define LONG "a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789." \
             "a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.a23456789.abcdefgh"
	static const struct { const char *service, *host; } cases[] = {
		{ "www.example.com.", "www.example.com" }, { "*.app.example.com.", "fairlead-check.app.example.com" }, { "*.app.example.com", "fairlead-check.app.example.com" },
		{ "a*.example.com.", "a*.example.com" }, { "*." LONG, "fairlead-check." LONG }, { "*.a" LONG, "a" LONG },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b;
		char expected[400];
		set_up(&b, CHECK_HTTP);
		b.params.service = cases[i].service;
		begin_with_peer(&b, PEER_REPLY, "HTTP/1.1 200 OK\r\n\r\n");
		first_is(&b, RESULT_L7_STATUS, 200);
		snprintf(expected, sizeof expected, "\r\nHost: %s:%u\r\n", cases[i].host, addr_port(&b.params.address));
		CU_ASSERT_PTR_NOT_NULL(strstr(badpeer_heard(b.peer), expected));
		tear_down(&b);
	}
}

static void a_host_of_its_own_and_status_ranges(void)
{
	struct status_range ranges[] = { { 200, 200 }, { 500, 503 } };
	struct bench b;
	set_up(&b, CHECK_HTTP);
	b.params.service = "www.example.com";
	b.conf.host = "other.example.com";
	b.conf.status = ranges;
	b.conf.nstatus = 2;
	begin_with_peer(&b, PEER_REPLY, "HTTP/1.1 503 Down\r\n\r\n");
	first_is(&b, RESULT_L7_STATUS, 503);
	CU_ASSERT_PTR_NOT_NULL(strstr(badpeer_heard(b.peer), "\r\nHost: other.example.com\r\n"));
	badpeer_set(b.peer, PEER_REPLY, "HTTP/1.1 301 Moved\r\n\r\n");
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, b.ended + 1));
	CU_ASSERT_EQUAL(check_last(b.check, NULL), RESULT_L7_BAD_STATUS);
	tear_down(&b);
}

static void refused_and_unreachable(void)
{
	struct bench b;
	set_up(&b, CHECK_TCP);
	addr_parse(&b.params.address, "127.0.0.1", 0);
	int fd = badpeer_refusing(&b.params.address);
	begin(&b);
	first_is(&b, RESULT_L4_REFUSED, 0);
	close(fd);
	tear_down(&b);
	set_up(&b, CHECK_TCP);
	addr_parse(&b.params.address, "ff02::1", 80); /* TCP has no multicast */
	begin(&b);
	first_is(&b, RESULT_L4_UNREACHABLE, 0);
	tear_down(&b);
}

/* A listener whose queue is full does not answer: nothing but the time-out ends the probe. */
static void connect_times_out(void)
{
	struct bench b;
	socklen_t len = sizeof b.params.address;
	set_up(&b, CHECK_TCP);
	addr_parse(&b.params.address, "127.0.0.1", 0);
	int listener = badpeer_refusing(&b.params.address), full[2];
	listen(listener, 0);
	getsockname(listener, &b.params.address.sa, &len);
	for (int i = 0; i < 2; i++) {
		full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(full[i], &b.params.address.sa, len);
	}
	begin(&b);
	first_is(&b, RESULT_L4_TIMEOUT, 0);
	close(full[0]);
	close(full[1]);
	close(listener);
	tear_down(&b);
}

static void comes_from_its_source(void)
{
	struct bench b;
	set_up(&b, CHECK_TCP);
	addr_parse(&b.params.source, "127.1.2.3", 53);
	begin_with_peer(&b, PEER_SAY, "hello");
	first_is(&b, RESULT_L4_CONNECTED, 0);
	CU_ASSERT_TRUE(addr_same_ip(badpeer_client(b.peer), &b.params.source));
	CU_ASSERT_NOT_EQUAL(addr_port(badpeer_client(b.peer)), 53);
	tear_down(&b);
}

/* --- schedule --- */

static void a_trickle_ends_with_the_timeout(void)
{
	struct bench b;
	set_up(&b, CHECK_HTTP);
	b.conf.timeout = 0.2;
	int64_t begun = loop_now();
	begin_with_peer(&b, PEER_TRICKLE, "HTTP/1.1 200 OK\r\nX: y\r\nX: y\r\nX: y\r\n");
	first_is(&b, RESULT_L7_TIMEOUT, 0);
	CU_ASSERT_TRUE(turn_within(begun, b.at[0], (100 + 200 + 50) * MS));
	tear_down(&b);
}

/* D (spec 5) for one that is refused: interval + (fall - 1) x fast_interval + 50 ms. */
static void a_refusal_is_found_in_time(void)
{
	struct bench b;
	set_up(&b, CHECK_TCP);
	b.conf.interval = 0.4;
	b.conf.fast_interval = 0.05;
	begin_with_peer(&b, PEER_SAY, "hello");
	first_is(&b, RESULT_L4_CONNECTED, 0);
	badpeer_delete(b.peer);
	b.peer = NULL;
	int64_t died = loop_now();
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 3));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_UP);
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 4));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_DOWN);
	CU_ASSERT_TRUE(turn_within(died, b.at[3], (400 + 2 * 50 + 50) * MS));
	CU_ASSERT_TRUE(b.at[3] - b.at[1] >= (2 * 50 - 10) * MS - turn_late.sum);
	/* Confirmed: back to the interval, at its place. */
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 6));
	CU_ASSERT_TRUE(b.at[5] - b.at[4] >= (400 - 20) * MS - turn_late.sum && turn_within(b.at[4], b.at[5], (400 + 50) * MS));
	tear_down(&b);
}

/* D for a silent one: interval + timeout + (fall - 1) x max(fast_interval, timeout) + 50 ms. */
static void silence_is_found_in_time(void)
{
	struct bench b;
	set_up(&b, CHECK_HTTP);
	b.conf.timeout = 0.15;
	begin_with_peer(&b, PEER_REPLY, "HTTP/1.1 200 OK\r\n\r\n");
	first_is(&b, RESULT_L7_STATUS, 200);
	badpeer_set(b.peer, PEER_SILENT, NULL);
	int64_t died = loop_now();
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 4));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_DOWN);
	CU_ASSERT_TRUE(turn_within(died, b.at[3], (100 + 150 + 2 * 150 + 50) * MS));
	/* Probes never overlap: a connection after the other. */
	CU_ASSERT_EQUAL(badpeer_accepted(b.peer), 4);
	tear_down(&b);
}

static void recovery_takes_rise_results(void)
{
	struct bench b;
	set_up(&b, CHECK_HTTP);
	begin_with_peer(&b, PEER_REPLY, "HTTP/1.1 500 Bad\r\n\r\n");
	first_is(&b, RESULT_L7_BAD_STATUS, 500);
	badpeer_set(b.peer, PEER_REPLY, "HTTP/1.1 200 OK\r\n\r\n");
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 2));
	CU_ASSERT_TRUE(check_is_contrary(b.check));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_DOWN);
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 3));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_UP);
	CU_ASSERT_TRUE(turn_within(b.at[1], b.at[2], 60 * MS)); /* fast_interval, not interval */
	tear_down(&b);
}

static void forced_down_until_it_passes_again(void)
{
	struct bench b;
	set_up(&b, CHECK_TCP);
	b.conf.interval = 5;
	begin_with_peer(&b, PEER_SAY, "hello");
	first_is(&b, RESULT_L4_CONNECTED, 0);
	int64_t now = loop_now();
	check_force_down(b.check, RESULT_L4_REFUSED);
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_DOWN);
	CU_ASSERT_EQUAL(check_last(b.check, NULL), RESULT_L4_REFUSED);
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 3)); /* rise = 2 */
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_UP);
	CU_ASSERT_TRUE(turn_within(now, loop_now(), 500 * MS));
	tear_down(&b);
}

/* A probe that was under way when the connection failed had been answered before. */
static void a_pass_from_before_does_not_count(void)
{
	struct bench b;
	set_up(&b, CHECK_TCP);
	b.conf.rise = 1;
	b.conf.interval = 5;
	unsigned started = 0;
	begin_with_peer(&b, PEER_SILENT, NULL); /* passes after 50 ms of quiet */
	while (!started) {
		event_base_loop(b.base, EVLOOP_ONCE);
		started = badpeer_accepted(b.peer);
	}
	check_force_down(b.check, RESULT_L4_REFUSED);
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 1));
	CU_ASSERT_EQUAL(badpeer_accepted(b.peer), 2);
	CU_ASSERT_EQUAL(checker_counts(b.checker)->results[RESULT_L4_CONNECTED], 2);
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_UP);
	tear_down(&b);
}

/* Out of descriptors: no result at all, and everything goes on when there are some again. */
static void no_descriptors_is_nobodys_failure(void)
{
	struct rlimit old, none;
	struct bench b;
	set_up(&b, CHECK_TCP);
	begin_with_peer(&b, PEER_SAY, "hello");
	first_is(&b, RESULT_L4_CONNECTED, 0);
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	unsigned ended = b.ended, postponed = 0;
	while (postponed < 3) {
		event_base_loop(b.base, EVLOOP_ONCE);
		postponed = (unsigned)checker_counts(b.checker)->postponed;
	}
	CU_ASSERT_EQUAL(b.ended, ended);
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_UP);
	setrlimit(RLIMIT_NOFILE, &old);
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, ended + 1));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_UP);
	tear_down(&b);
}

static void rebound_while_it_runs(void)
{
	char first_send[] = "PING", second_send[] = "PING";
	struct bench b;
	set_up(&b, CHECK_TCP);
	expect_regex(&b, "PONG");
	b.conf.send = first_send;
	b.conf.send_len = 4;
	begin_with_peer(&b, PEER_REPLY, "PONG");
	first_is(&b, RESULT_L7_OK, 0);
	struct conf_check again = b.conf;
	again.name = "renamed";
	again.send = second_send;
	CU_ASSERT_TRUE(check_conf_same(&b.conf, &again));
	check_rebind(b.check, &again);
	CU_ASSERT_PTR_EQUAL(check_conf(b.check), &again);
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 2));
	CU_ASSERT_EQUAL(check_last(b.check, NULL), RESULT_L7_OK);
	tear_down(&b);
}

static void differences_are_seen(void)
{
	struct status_range ranges[] = { { 200, 200 } };
	struct conf_check a = { .type = CHECK_HTTP, .interval = 1, .fast_interval = .1, .timeout = 1, .rise = 2, .fall = 3 }, b = a;
	CU_ASSERT_TRUE(check_conf_same(&a, &b));
	b.path = "/x";
	CU_ASSERT_FALSE(check_conf_same(&a, &b));
	b = a;
	b.timeout = 2;
	CU_ASSERT_FALSE(check_conf_same(&a, &b));
	b = a;
	b.status = ranges;
	b.nstatus = 1;
	CU_ASSERT_FALSE(check_conf_same(&a, &b));
	b = a;
	b.has_body = true;
	b.body_text = "x";
	CU_ASSERT_FALSE(check_conf_same(&a, &b));
	b = a;
	b.send = "x";
	b.send_len = 1;
	CU_ASSERT_FALSE(check_conf_same(&a, &b));
}

static void nothing_to_probe(void)
{
	struct bench b;
	const struct check_sink sink = { on_ended, &b };
	set_up(&b, CHECK_NONE);
	CU_ASSERT_PTR_NULL(check_new(b.checker, &b.params, &sink));
	tear_down(&b);
}

UNIT_MAIN("check",
	UNIT_TEST(the_first_result_decides_alone),
	UNIT_TEST(rise_and_fall_count_in_a_row),
	UNIT_TEST(later_starts_keep_their_place),
	UNIT_TEST(contradiction_hurries),
	UNIT_TEST(places_lie_evenly),
	UNIT_TEST(texts),
	UNIT_TEST(tcp_results),
	UNIT_TEST(http_results),
	UNIT_TEST(the_request),
	UNIT_TEST(the_host_of_a_service),
	UNIT_TEST(a_host_of_its_own_and_status_ranges),
	UNIT_TEST(refused_and_unreachable),
	UNIT_TEST(connect_times_out),
	UNIT_TEST(comes_from_its_source),
	UNIT_TEST(a_trickle_ends_with_the_timeout),
	UNIT_TEST(a_refusal_is_found_in_time),
	UNIT_TEST(silence_is_found_in_time),
	UNIT_TEST(recovery_takes_rise_results),
	UNIT_TEST(forced_down_until_it_passes_again),
	UNIT_TEST(a_pass_from_before_does_not_count),
	UNIT_TEST(no_descriptors_is_nobodys_failure),
	UNIT_TEST(rebound_while_it_runs),
	UNIT_TEST(differences_are_seen),
	UNIT_TEST(nothing_to_probe))
