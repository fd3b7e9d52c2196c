#include "check_case.h"
#include "unit.h"

struct greeting_case { enum check_type type; enum badpeer_mode mode; const char *text; enum check_result result; uint32_t detail; };

static void probe(const struct greeting_case *c)
{
	struct bench b;
	set_up(&b, c->type);
	begin_with_peer(&b, c->mode, c->text);
	first_is(&b, c->result, c->detail);
	tear_down(&b);
}

/* PEER_SAY greets and is silent after that: it is asked to leave and has to say something. */
static void greetings_that_are_none(void)
{
	static const struct greeting_case cases[] = {
		{ CHECK_POP3, PEER_SAY, "-ERR full\r\n", RESULT_L7_BAD_GREETING, 0 },
		{ CHECK_POP3, PEER_SAY, "+OKAY\r\n", RESULT_L7_MALFORMED, 0 },
		{ CHECK_POP3, PEER_SAY, "220 mail\r\n", RESULT_L7_MALFORMED, 0 },
		{ CHECK_POP3, PEER_SAY, "+OK but no end", RESULT_L7_TIMEOUT, 0 },
		{ CHECK_POP3, PEER_SAY, "+OK hangs then\r\n", RESULT_L7_TIMEOUT, 0 },
		{ CHECK_POP3, PEER_SILENT, NULL, RESULT_L7_TIMEOUT, 0 },
		{ CHECK_POP3, PEER_RESET, NULL, RESULT_L4_RESET, 0 },
		{ CHECK_POP3, PEER_CLOSE, NULL, RESULT_L7_NO_RESPONSE, 0 },
		{ CHECK_SMTP, PEER_SAY, "554 no service\r\n", RESULT_L7_BAD_GREETING, 554 },
		{ CHECK_SMTP, PEER_SAY, "421-busy\r\n421 closing\r\n", RESULT_L7_BAD_GREETING, 421 },
		{ CHECK_SMTP, PEER_SAY, "22 mail\r\n", RESULT_L7_MALFORMED, 0 },
		{ CHECK_SMTP, PEER_SAY, "2200 mail\r\n", RESULT_L7_MALFORMED, 0 },
		{ CHECK_SMTP, PEER_SAY, "220-mail\r\n220-more\r\n", RESULT_L7_TIMEOUT, 0 },
		{ CHECK_FTP, PEER_SAY, "120 in 5 minutes\r\n", RESULT_L7_BAD_GREETING, 120 },
		{ CHECK_FTP, PEER_SAY, "SSH-2.0-x\r\n", RESULT_L7_MALFORMED, 0 },
		{ CHECK_IMAP, PEER_SAY, "* BYE no\r\n", RESULT_L7_BAD_GREETING, 0 },
		{ CHECK_IMAP, PEER_SAY, "* OKAY\r\n", RESULT_L7_MALFORMED, 0 },
		{ CHECK_IMAP, PEER_SAY, "+OK pop\r\n", RESULT_L7_MALFORMED, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		probe(&cases[i]);
}

/* A server that speaks and goes on as the peer's text says: goodbye and its answer in one. */
static void greetings_that_fit(void)
{
	static const struct greeting_case cases[] = {
		{ CHECK_POP3, PEER_SAY, "+OK\r\n+OK bye\r\n", RESULT_L7_GREETING, 0 },
		{ CHECK_POP3, PEER_SAY, "+OK bare LF\n-ERR what\n", RESULT_L7_GREETING, 0 },
		{ CHECK_SMTP, PEER_SAY, "220-a banner\r\n220-of three\r\n220 lines\r\n221 bye\r\n", RESULT_L7_GREETING, 220 },
		{ CHECK_SMTP, PEER_SAY, "220\r\n221\r\n", RESULT_L7_GREETING, 220 },
		{ CHECK_FTP, PEER_SAY, "220-a banner\r\n as one likes\r\n220 now\r\n221 bye\r\n", RESULT_L7_GREETING, 220 },
		{ CHECK_IMAP, PEER_SAY, "* OK [CAPABILITY IMAP4rev1] a line that is longer than what is kept of it, by far\r\n* BYE\r\na2 OK\r\n", RESULT_L7_GREETING, 0 },
		{ CHECK_IMAP, PEER_SAY, "* preauth\r\n* BYE\r\na2 OK\r\n", RESULT_L7_GREETING, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		probe(&cases[i]);
}

/* What the server hears; it ends the probe by hanging up after it has heard something. */
static void goodbye_is_said(void)
{
	static const struct { enum check_type type; const char *greeting, *goodbye; } cases[] = {
		{ CHECK_POP3, "+OK ready\r\n", "QUIT\r\n" },
		{ CHECK_SMTP, "220 ready\r\n", "QUIT\r\n" },
		{ CHECK_FTP, "220 ready\r\n", "QUIT\r\n" },
		{ CHECK_IMAP, "* OK ready\r\n", "a2 LOGOUT\r\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b;
		set_up(&b, cases[i].type);
		begin_with_peer(&b, PEER_GREET_CLOSE, cases[i].greeting);
		CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 1));
		CU_ASSERT_EQUAL(b.results[0], RESULT_L7_GREETING);
		CU_ASSERT_STRING_EQUAL(badpeer_heard(b.peer), cases[i].goodbye);
		tear_down(&b);
	}
}

static void a_banner_without_end_is_cut(void)
{
	struct bench b;
	set_up(&b, CHECK_SMTP);
	b.conf.timeout = 5;
	begin_with_peer(&b, PEER_SAY_ENDLESS, "220-");
	first_is(&b, RESULT_L7_TOO_LONG, 0);
	tear_down(&b);
}

static void a_trickle_ends_with_the_timeout(void)
{
	struct bench b;
	set_up(&b, CHECK_SMTP);
	b.conf.timeout = 0.2;
	int64_t begun = loop_now();
	begin_with_peer(&b, PEER_SAY_TRICKLE, "220-more\r\n");
	first_is(&b, RESULT_L7_TIMEOUT, 0);
	CU_ASSERT_TRUE(turn_within(begun, b.at[0], (100 + 200 + 50) * NS_PER_MS));
	tear_down(&b);
}

/* The time of the answer that matters is shown, not how long the goodbye took. */
static void the_greeting_is_timed(void)
{
	struct bench b;
	set_up(&b, CHECK_POP3);
	b.conf.timeout = 2;
	begin_with_peer(&b, PEER_SAY, "+OK\r\n+OK I will not hang up\r\n");
	int64_t begun = loop_now();
	first_is(&b, RESULT_L7_GREETING, 0);
	CU_ASSERT_TRUE(b.at[0] - begun > 90 * NS_PER_MS);
	CU_ASSERT_TRUE(check_rtt_us(b.check) < 90 * 1000 + (uint32_t)(turn_late.sum / 1000));
	tear_down(&b);
}

UNIT_MAIN("check_dialogue",
	UNIT_TEST(greetings_that_are_none),
	UNIT_TEST(greetings_that_fit),
	UNIT_TEST(goodbye_is_said),
	UNIT_TEST(a_banner_without_end_is_cut),
	UNIT_TEST(a_trickle_ends_with_the_timeout),
	UNIT_TEST(the_greeting_is_timed))
