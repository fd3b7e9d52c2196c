#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <unistd.h>
#include "../peers/tlspeer.h"
#include "check_case.h"
#include "unit.h"

struct secure_bench { struct bench b; struct tlspeer *server; };

static void set_up_secure(struct secure_bench *s, enum check_type type, const struct tlspeer_options *o)
{
	set_up(&s->b, type);
	s->b.conf.tls = true;
	s->b.conf.verify = true;
	s->b.params.service = "www.example.com";
	s->b.conf.timeout = 2;
	s->server = tlspeer_new(s->b.base, o);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->server);
	s->b.params.address = *tlspeer_address(s->server);
	s->b.conf.ca = (char *)(uintptr_t)tlspeer_ca(s->server);
}

static void tear_down_secure(struct secure_bench *s)
{
	check_delete(s->b.check);
	s->b.check = NULL;
	tlspeer_delete(s->server);
	tear_down(&s->b);
}

static const struct tlspeer_options good = { .name = "www.example.com", .days = 90 };

static void a_good_certificate(void)
{
	struct secure_bench s;
	set_up_secure(&s, CHECK_TLS, &good);
	begin(&s.b);
	first_is(&s.b, RESULT_L6_OK, 0);
	CU_ASSERT_STRING_EQUAL(tlspeer_sni(s.server), "www.example.com");
	tear_down_secure(&s);
}

struct certificate_case {
	struct tlspeer_options peer;
	const char *sni;
	bool no_ca, no_verify;
	unsigned min_days;
	enum check_result result;
	uint32_t detail;
};

static void certificates(void)
{
	static const struct certificate_case cases[] = {
		{ .peer = { .name = "www.example.com", .days = -1 }, .result = RESULT_L6_CERTIFICATE, .detail = X509_V_ERR_CERT_HAS_EXPIRED },
		{ .peer = { .name = "other.example.com", .days = 90 }, .result = RESULT_L6_CERTIFICATE, .detail = X509_V_ERR_HOSTNAME_MISMATCH },
		{ .peer = { .name = "other.example.com", .days = 90 }, .sni = "other.example.com", .result = RESULT_L6_OK },
		{ .peer = { .name = "*.example.com", .days = 90 }, .result = RESULT_L6_OK },
		{ .peer = { .name = "192.0.2.1", .days = 90 }, .sni = "192.0.2.1", .result = RESULT_L6_OK },
		{ .peer = { .name = "192.0.2.1", .days = 90 }, .sni = "192.0.2.2", .result = RESULT_L6_CERTIFICATE, .detail = X509_V_ERR_IP_ADDRESS_MISMATCH },
		{ .peer = { .name = "2001:db8::1", .days = 90 }, .sni = "[2001:db8::1]", .result = RESULT_L6_OK },
		{ .peer = { .name = "www.example.com", .days = 90, .self_signed = true }, .result = RESULT_L6_OK },
		{ .peer = { .name = "www.example.com", .days = 90, .self_signed = true }, .no_ca = true, .result = RESULT_L6_CERTIFICATE,
		  .detail = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT },
		{ .peer = { .name = "www.example.com", .days = 90 }, .no_ca = true, .result = RESULT_L6_CERTIFICATE,
		  .detail = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY },
		{ .peer = { .name = "other.example.com", .days = -1 }, .no_verify = true, .result = RESULT_L6_OK },
		{ .peer = { .name = "www.example.com", .days = 30 }, .min_days = 30, .result = RESULT_L6_OK },
		{ .peer = { .name = "www.example.com", .days = 30 }, .min_days = 31, .result = RESULT_L6_DAYS, .detail = 30 },
		{ .peer = { .name = "other.example.com", .days = 30 }, .no_verify = true, .min_days = 31, .result = RESULT_L6_DAYS, .detail = 30 },
		{ .peer = { .name = "other.example.com", .days = -1 }, .no_verify = true, .min_days = 1, .result = RESULT_L6_DAYS, .detail = 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct secure_bench s;
		set_up_secure(&s, CHECK_TLS, &cases[i].peer);
		s.b.conf.sni = (char *)(uintptr_t)cases[i].sni;
		if (cases[i].no_ca || cases[i].no_verify)
			s.b.conf.ca = NULL;
		s.b.conf.verify = !cases[i].no_verify;
		s.b.conf.min_days = cases[i].min_days;
		begin(&s.b);
		first_is(&s.b, cases[i].result, cases[i].detail);
		tear_down_secure(&s);
	}
}

static void protocols_are_negotiated(void)
{
	static const struct { const char *server; enum check_result result; } cases[] = {
		{ "http/1.1", RESULT_L6_OK }, { "h3", RESULT_L6_ALPN }, { NULL, RESULT_L6_ALPN },
	};
	char *offered[] = { "h2", "http/1.1" };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct secure_bench s;
		struct tlspeer_options o = good;
		o.alpn = cases[i].server;
		set_up_secure(&s, CHECK_TLS, &o);
		s.b.conf.alpn = offered;
		s.b.conf.nalpn = 2;
		begin(&s.b);
		first_is(&s.b, cases[i].result, 0);
		tear_down_secure(&s);
	}
}

/* Those who accept and do anything but a handshake. */
static void handshakes_that_fail(void)
{
	static const struct { enum badpeer_mode mode; const char *text; enum check_result result; } cases[] = {
		{ PEER_SILENT, NULL, RESULT_L6_TIMEOUT },
		{ PEER_CLOSE, NULL, RESULT_L6_CLOSED },
		{ PEER_RESET, NULL, RESULT_L4_RESET },
		{ PEER_REPLY, "", RESULT_L6_CLOSED },
		{ PEER_REPLY, "\x16\x03\x03", RESULT_L6_CLOSED },
		{ PEER_REPLY_RESET, "\x16\x03\x03", RESULT_L6_RESET },
		{ PEER_REPLY_KEEP, "HTTP/1.1 400 Plain HTTP sent to HTTPS port\r\n\r\n", RESULT_L6_HANDSHAKE },
		{ PEER_REPLY_KEEP, "\x16\x03\x03\x01\x02\x02\x28", RESULT_L6_TIMEOUT }, /* the rest of the record never comes */
		{ PEER_ENDLESS, "\x16\x03\x03\x7f\xff", RESULT_L6_HANDSHAKE },
		{ PEER_TRICKLE, "\x16\x03\x03\x10", RESULT_L6_TIMEOUT },
		{ PEER_SAY, "+OK pop\r\n", RESULT_L6_HANDSHAKE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b;
		set_up(&b, CHECK_TLS);
		b.conf.tls = b.conf.verify = true;
		b.conf.timeout = 0.3;
		begin_with_peer(&b, cases[i].mode, cases[i].text);
		CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 1));
		enum check_result got = check_last(b.check, NULL);
		/* Whether an early RST or FIN is met by connect or by the handshake is a matter of moments. */
		bool early = cases[i].mode == PEER_RESET && (got == RESULT_L6_RESET || got == RESULT_L4_RESET);
		early |= cases[i].mode == PEER_CLOSE && got == RESULT_L6_RESET;
		if (!early && got != cases[i].result)
			printf("\n  case %zu: \"%s\", expected \"%s\"\n", i, check_result_name(got), check_result_name(cases[i].result));
		CU_ASSERT_TRUE(early || got == cases[i].result);
		tear_down(&b);
	}
}

static void http_inside(void)
{
	static const struct { const char *reply; enum check_result result; uint32_t detail; } cases[] = {
		{ "HTTP/1.1 200 OK\r\n\r\nall is well", RESULT_L7_STATUS, 200 }, /* the body ends with the connection */
		{ "HTTP/1.1 503 No\r\n\r\n", RESULT_L7_BAD_STATUS, 503 },
		{ "HTTP/1.1 200 OK\r\nContent-Le", RESULT_L7_NO_RESPONSE, 0 },
		{ "", RESULT_L7_NO_RESPONSE, 0 },
		{ NULL, RESULT_L7_TIMEOUT, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char host[64];
		struct secure_bench s;
		struct tlspeer_options o = good;
		o.reply = cases[i].reply;
		set_up_secure(&s, CHECK_HTTP, &o);
		s.b.conf.timeout = cases[i].reply ? 2 : 0.3;
		body_regex(&s.b, "well$");
		begin(&s.b);
		first_is(&s.b, cases[i].result, cases[i].detail);
		snprintf(host, sizeof host, "\r\nHost: www.example.com:%u\r\n", addr_port(&s.b.params.address));
		CU_ASSERT_PTR_NOT_NULL(strstr(tlspeer_heard(s.server), host));
		tear_down_secure(&s);
	}
}

static void the_host_asked_for_is_the_name(void)
{
	struct secure_bench s;
	struct tlspeer_options o = { .name = "other.example.com", .days = 90, .reply = "HTTP/1.1 200 OK\r\n\r\n" };
	set_up_secure(&s, CHECK_HTTP, &o);
	s.b.conf.host = "other.example.com";
	begin(&s.b);
	first_is(&s.b, RESULT_L7_STATUS, 200);
	CU_ASSERT_STRING_EQUAL(tlspeer_sni(s.server), "other.example.com");
	tear_down_secure(&s);
}

static void tcp_inside(void)
{
	struct secure_bench s;
	struct tlspeer_options o = good;
	set_up_secure(&s, CHECK_TCP, &o);
	begin(&s.b);
	first_is(&s.b, RESULT_L6_OK, 0);
	tear_down_secure(&s);
	o.reply = "PONG";
	set_up_secure(&s, CHECK_TCP, &o);
	expect_regex(&s.b, "^PONG");
	s.b.conf.send = "PING";
	s.b.conf.send_len = 4;
	begin(&s.b);
	first_is(&s.b, RESULT_L7_OK, 0);
	CU_ASSERT_STRING_EQUAL(tlspeer_heard(s.server), "PING");
	tear_down_secure(&s);
}

/* What each protocol says on its way to TLS, and inside it. */
static void starttls(void)
{
	static const struct { enum check_type type; const char *greeting, *go, *reply, *heard; uint32_t detail; } cases[] = {
		{ CHECK_POP3, "+OK\r\n", "+OK\r\n", "+OK\r\n", "STLS\r\nQUIT\r\n", 0 },
		{ CHECK_SMTP, "220 x\r\n", "220 go\r\n", "221 bye\r\n", "EHLO [127.0.0.1]\r\nSTARTTLS\r\nQUIT\r\n", 220 },
		{ CHECK_IMAP, "* OK\r\n", "* CAPABILITY\r\na1 OK go\r\n", "* BYE\r\na2 OK\r\n", "a1 STARTTLS\r\na2 LOGOUT\r\n", 0 },
		{ CHECK_FTP, "220 x\r\n", "234 go\r\n", "221 bye\r\n", "AUTH TLS\r\nQUIT\r\n", 220 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct secure_bench s;
		struct tlspeer_options o = good;
		o.greeting = cases[i].greeting;
		o.go = cases[i].go;
		o.reply = cases[i].reply;
		set_up_secure(&s, cases[i].type, &o);
		s.b.conf.tls = false;
		s.b.conf.starttls = true;
		begin(&s.b);
		first_is(&s.b, RESULT_L7_GREETING, cases[i].detail);
		CU_ASSERT_STRING_EQUAL(tlspeer_heard(s.server), cases[i].heard);
		tear_down_secure(&s);
	}
}

static void starttls_that_fails(void)
{
	static const struct { enum check_type type; const char *greeting, *go; enum check_result result; uint32_t detail; } cases[] = {
		{ CHECK_POP3, "+OK\r\n", "-ERR no TLS\r\n", RESULT_L7_STARTTLS, 0 },
		{ CHECK_SMTP, "220 x\r\n", "502 what\r\n", RESULT_L7_HELLO, 502 },
		{ CHECK_FTP, "220 x\r\n", "534 no\r\n", RESULT_L7_STARTTLS, 534 },
		{ CHECK_IMAP, "* OK\r\n", "a1 NO\r\n", RESULT_L7_STARTTLS, 0 },
		{ CHECK_POP3, "+OK\r\n", "+OK\r\n+OK slipped in\r\n", RESULT_L7_MALFORMED, 0 },
		{ CHECK_POP3, "+OK\r\n", NULL, RESULT_L7_TIMEOUT, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct secure_bench s;
		struct tlspeer_options o = good;
		o.greeting = cases[i].greeting;
		o.go = cases[i].go;
		set_up_secure(&s, cases[i].type, &o);
		s.b.conf.timeout = 0.3;
		s.b.conf.tls = false;
		s.b.conf.starttls = true;
		begin(&s.b);
		first_is(&s.b, cases[i].result, cases[i].detail);
		tear_down_secure(&s);
	}
}

/* A certificate that has ended behind STARTTLS. */
static void starttls_with_a_bad_certificate(void)
{
	struct secure_bench s;
	struct tlspeer_options o = { .name = "www.example.com", .days = -1, .greeting = "220 x\r\n", .go = "234 go\r\n" };
	set_up_secure(&s, CHECK_FTP, &o);
	s.b.conf.tls = false;
	s.b.conf.starttls = true;
	begin(&s.b);
	first_is(&s.b, RESULT_L6_CERTIFICATE, X509_V_ERR_CERT_HAS_EXPIRED);
	tear_down_secure(&s);
}

static void a_pop3_service_inside(void)
{
	struct secure_bench s;
	struct tlspeer_options o = good;
	o.first = "+OK secure\r\n";
	o.reply = "+OK bye\r\n";
	set_up_secure(&s, CHECK_POP3, &o);
	begin(&s.b);
	first_is(&s.b, RESULT_L7_GREETING, 0);
	CU_ASSERT_STRING_EQUAL(tlspeer_heard(s.server), "QUIT\r\n");
	tear_down_secure(&s);
}

static void words_for_certificates(void)
{
	char text[CHECK_RESULT_TEXT_MAX];
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L6_CERTIFICATE, X509_V_ERR_CERT_HAS_EXPIRED, text), "L6 certificate expired");
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L6_CERTIFICATE, X509_V_ERR_HOSTNAME_MISMATCH, text), "L6 certificate of another name");
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L6_CERTIFICATE, 7, text), "L6 certificate error 7");
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L6_DAYS, 12, text), "L6 certificate days 12");
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L7_BAD_GREETING, 421, text), "L7 bad greeting 421");
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L7_BAD_GREETING, 0, text), "L7 bad greeting");
}

UNIT_MAIN("check_secure",
	UNIT_TEST(a_good_certificate),
	UNIT_TEST(certificates),
	UNIT_TEST(protocols_are_negotiated),
	UNIT_TEST(handshakes_that_fail),
	UNIT_TEST(http_inside),
	UNIT_TEST(the_host_asked_for_is_the_name),
	UNIT_TEST(tcp_inside),
	UNIT_TEST(starttls),
	UNIT_TEST(starttls_that_fails),
	UNIT_TEST(starttls_with_a_bad_certificate),
	UNIT_TEST(a_pop3_service_inside),
	UNIT_TEST(words_for_certificates))
