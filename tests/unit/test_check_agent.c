#include "agent_line.h"
#include "check_case.h"
#include "unit.h"

static void words(void)
{
	static const struct { const char *line; bool understood, down, drain; const char *numbers; } cases[] = {
		{ "up\n", true, false, false, "" },
		{ "UP", true, false, false, "" },
		{ "down\n", true, true, false, "" },
		{ "stopped # for maintenance, up again at 5\n", true, true, false, "" },
		{ "fail#up\n", true, true, false, "" },
		{ "drain\r\n", true, false, true, "" },
		{ "maint\n", true, false, true, "" },
		{ "75%\n", true, false, false, " 75%" },
		{ "0%\n", true, false, true, " 0%" },
		{ "up 150% maxconn:30\n", true, false, false, " 150% maxconn:30" },
		{ "ready,up,\t10%\nup", true, false, false, " 10%" },
		{ "9999% maxconn:999999999\n", true, false, false, " 1000% maxconn:2000000" },
		{ "drain up\n", true, false, true, "" },
		{ "hello up\n", true, false, false, "" },
		{ "hello\nup\n", false, false, false, "" },
		{ "", false, false, false, "" },
		{ "\nup\n", false, false, false, "" },
		{ ", ,\t\n", false, false, false, "" },
		{ "%\n", false, false, false, "" },
		{ "-5%\n", false, false, false, "" },
		{ "maxconn:\n", false, false, false, "" },
		{ "maxconn:-1\n", false, false, false, "" },
		{ "maxconn: 5\n", false, false, false, "" },
		{ "12345678901234567890%\n", false, false, false, "" },
		{ "upper\n", false, false, false, "" },
		{ "u\n", false, false, false, "" },
	};
	char numbers[AGENT_TEXT_MAX];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct agent_state s = { 0 };
		bool understood = agent_line_read(&s, cases[i].line, strlen(cases[i].line));
		if (understood != cases[i].understood || s.down != cases[i].down || agent_drains(&s) != cases[i].drain)
			printf("\n  of \"%s\"\n", cases[i].line);
		CU_ASSERT_EQUAL(understood, cases[i].understood);
		CU_ASSERT_EQUAL(s.down, cases[i].down);
		CU_ASSERT_EQUAL(agent_drains(&s), cases[i].drain);
		CU_ASSERT_STRING_EQUAL(agent_packed_text(agent_pack(&s), numbers), cases[i].numbers);
	}
}

/* Only what is mentioned changes; only the agent takes back what it said. */
static void what_was_said_stays(void)
{
	struct agent_state s = { 0 };
	CU_ASSERT(agent_line_read(&s, "down 50%", 8) && s.down && s.percent == 50);
	CU_ASSERT(agent_line_read(&s, "80%", 3) && s.down && s.percent == 80);
	CU_ASSERT(agent_line_read(&s, "ready", 5) && s.down);
	CU_ASSERT(agent_line_read(&s, "drain up", 8) && !s.down && s.drain && s.percent == 80);
	CU_ASSERT(agent_line_read(&s, "up", 2) && s.drain);
	CU_ASSERT(agent_line_read(&s, "ready", 5) && !s.drain && !agent_drains(&s));
	CU_ASSERT(agent_line_read(&s, "0%", 2) && agent_drains(&s));
	CU_ASSERT(agent_line_read(&s, "100%", 4) && !agent_drains(&s));
	CU_ASSERT(!agent_line_read(&s, "nonsense", 8) && s.percent == 100);
}

static void probes(void)
{
	static const struct { enum badpeer_mode mode; const char *text; enum check_result result; enum verdict state; const char *shown; } cases[] = {
		{ PEER_SAY, "up\n", RESULT_L7_SAYS_UP, VERDICT_UP, "L7 says up" },
		{ PEER_SAY, "up 75% maxconn:12\r\n", RESULT_L7_SAYS_UP, VERDICT_UP, "L7 says up 75% maxconn:12" },
		{ PEER_SAY, "drain\n", RESULT_L7_SAYS_DRAIN, VERDICT_DRAIN, "L7 says drain" },
		{ PEER_SAY, "0%\n", RESULT_L7_SAYS_DRAIN, VERDICT_DRAIN, "L7 says drain 0%" },
		{ PEER_SAY, "stopped #nightly\n", RESULT_L7_SAYS_DOWN, VERDICT_DOWN, "L7 says down" },
		{ PEER_SAY, "maxconn:30\n", RESULT_L7_SAYS_UP, VERDICT_UP, "L7 says up maxconn:30" },
		{ PEER_SAY, "SSH-2.0-x\n", RESULT_L7_MALFORMED, VERDICT_DOWN, "L7 malformed" },
		{ PEER_SAY, "up but no end", RESULT_L7_TIMEOUT, VERDICT_DOWN, "L7 timeout" },
		{ PEER_SILENT, NULL, RESULT_L7_TIMEOUT, VERDICT_DOWN, "L7 timeout" },
		{ PEER_SAY_TRICKLE, "up ", RESULT_L7_TIMEOUT, VERDICT_DOWN, "L7 timeout" },
		{ PEER_SAY_ENDLESS, "up ", RESULT_L7_TOO_LONG, VERDICT_DOWN, "L7 too long" },
		{ PEER_CLOSE, NULL, RESULT_L7_NO_RESPONSE, VERDICT_DOWN, "L7 no response" },
		{ PEER_RESET, NULL, RESULT_L4_RESET, VERDICT_DOWN, "L4 reset" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[CHECK_RESULT_TEXT_MAX];
		uint32_t detail;
		struct bench b;
		set_up(&b, CHECK_AGENT);
		b.conf.timeout = 0.3;
		begin_with_peer(&b, cases[i].mode, cases[i].text);
		CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 1));
		CU_ASSERT_EQUAL(check_last(b.check, &detail), cases[i].result);
		CU_ASSERT_EQUAL(check_state(b.check), cases[i].state);
		CU_ASSERT_STRING_EQUAL(check_result_text(b.results[0], detail, text), cases[i].shown);
		tear_down(&b);
	}
}

static void is_asked_and_hangs_up(void)
{
	struct bench b;
	set_up(&b, CHECK_AGENT);
	b.conf.send = "how are you\n";
	b.conf.send_len = 12;
	begin_with_peer(&b, PEER_REPLY, "up 10%"); /* and the end of the connection */
	CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 1));
	CU_ASSERT_EQUAL(b.results[0], RESULT_L7_SAYS_UP);
	CU_ASSERT_STRING_EQUAL(badpeer_heard(b.peer), "how are you\n");
	tear_down(&b);
}

/* An order, not a measurement: it counts at once. Down and up are confirmed as always. */
static void drain_counts_at_once(void)
{
	struct bench b;
	set_up(&b, CHECK_AGENT);
	begin_with_peer(&b, PEER_SAY, "up\n");
	CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 1));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_UP);
	badpeer_set(b.peer, PEER_SAY, "drain\n");
	CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 2));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_DRAIN);
	CU_ASSERT_FALSE(check_is_contrary(b.check));
	badpeer_set(b.peer, PEER_SAY, "up\n"); /* not "ready" */
	CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 3));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_DRAIN);
	badpeer_set(b.peer, PEER_SAY, "ready\n");
	CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 4));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_UP);
	badpeer_set(b.peer, PEER_SAY, "down drain\n");
	CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 6));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_UP);
	CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 7));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_DOWN);
	badpeer_set(b.peer, PEER_SAY, "up\n"); /* serves, and still drains */
	CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.ended, 9));
	CU_ASSERT_EQUAL(check_state(b.check), VERDICT_DRAIN);
	tear_down(&b);
}

UNIT_MAIN("check_agent",
	UNIT_TEST(words),
	UNIT_TEST(what_was_said_stays),
	UNIT_TEST(probes),
	UNIT_TEST(is_asked_and_hangs_up),
	UNIT_TEST(drain_counts_at_once))
