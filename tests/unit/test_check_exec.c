#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check_case.h"
#include "unit.h"

static char *command[] = { "/bin/sh", "-c", NULL };

static void begin_script(struct bench *b, const char *script)
{
	set_up(b, CHECK_EXEC);
	command[2] = (char *)(uintptr_t)script;
	b->conf.command = command;
	b->conf.ncommand = 3;
	b->conf.timeout = 5;
	b->params.service = "www.example.com";
	addr_parse(&b->params.address, "192.0.2.7", 8080);
	begin(b);
}

static void wait_for(struct bench *b, unsigned ended)
{
	CU_ASSERT_TRUE_FATAL(turn_until(b->base, &b->ended, ended));
}

static void answers(void)
{
	static const struct { const char *script; enum check_result result; enum verdict state; const char *shown; } cases[] = {
		{ "while read q; do echo up; done", RESULT_L7_SAYS_UP, VERDICT_UP, "L7 says up" },
		{ "while read q; do [ $q = check ] && echo 'drain 5%'; done", RESULT_L7_SAYS_DRAIN, VERDICT_DRAIN, "L7 says drain 5%" },
		{ "while read q; do echo down; done", RESULT_L7_SAYS_DOWN, VERDICT_DOWN, "L7 says down" },
		{ "while read q; do echo no word; done", RESULT_L7_MALFORMED, VERDICT_DOWN, "L7 malformed" },
		{ "read q; exit 3", RESULT_L7_HELPER, VERDICT_DOWN, "L7 helper ended" },
		{ "read q; echo up", RESULT_L7_SAYS_UP, VERDICT_UP, "L7 says up" }, /* its last words */
		{ "read q; exec 1>&-; sleep 1000", RESULT_L7_HELPER, VERDICT_DOWN, "L7 helper ended" },
		{ "[ $FAIRLEAD_ADDRESS@$FAIRLEAD_PORT/$FAIRLEAD_SERVICE/$FAIRLEAD_CHECK = 192.0.2.7@8080/www.example.com/c ] && while read q; do echo up; done",
		  RESULT_L7_SAYS_UP, VERDICT_UP, "L7 says up" },
		{ "[ -z \"$HOME$USER\" ] && while read q; do echo up; done", RESULT_L7_SAYS_UP, VERDICT_UP, "L7 says up" },
		{ "yes | tr -d '\\n'", RESULT_L7_HELPER, VERDICT_DOWN, "L7 helper ended" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[CHECK_RESULT_TEXT_MAX];
		uint32_t detail;
		struct bench b;
		begin_script(&b, cases[i].script);
		wait_for(&b, 1);
		enum check_result got = check_last(b.check, &detail);
		if (got != cases[i].result)
			printf("\n  \"%s\": %s\n", cases[i].script, check_result_name(got));
		CU_ASSERT_EQUAL(got, cases[i].result);
		CU_ASSERT_EQUAL(check_state(b.check), cases[i].state);
		CU_ASSERT_STRING_EQUAL(check_result_text(got, detail, text), cases[i].shown);
		tear_down(&b);
	}
}

/* One process for all questions. */
static void lives_on(void)
{
	struct bench b;
	begin_script(&b, "n=0; while read q; do n=$((n + 1)); echo up maxconn:$n; done");
	for (unsigned i = 1; i <= 4; i++) {
		char text[CHECK_RESULT_TEXT_MAX], expected[40];
		uint32_t detail;
		wait_for(&b, i);
		enum check_result got = check_last(b.check, &detail);
		snprintf(expected, sizeof expected, "L7 says up maxconn:%u", i);
		CU_ASSERT_STRING_EQUAL(check_result_text(got, detail, text), expected);
	}
	tear_down(&b);
}

static void is_killed_when_it_hangs(void)
{
	struct bench b;
	begin_script(&b, "read q; echo up; read q; sleep 1000");
	b.conf.timeout = 0.2;
	wait_for(&b, 2);
	CU_ASSERT_EQUAL(check_last(b.check, NULL), RESULT_L7_TIMEOUT);
	/* In the pause before the next start there is nobody to ask. */
	wait_for(&b, 3);
	CU_ASSERT_EQUAL(b.results[2], RESULT_L7_HELPER);
	for (unsigned n = 4; n < 60 && b.results[n - 2] != RESULT_L7_SAYS_UP; n++)
		wait_for(&b, n);
	CU_ASSERT_EQUAL(b.results[b.ended - 1], RESULT_L7_SAYS_UP);
	tear_down(&b);
}

/* What was said unasked is no answer to what is asked later. */
static void old_words_do_not_count(void)
{
	struct bench b;
	begin_script(&b, "while read q; do echo up; echo down; done");
	wait_for(&b, 5);
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(b.results[i], RESULT_L7_SAYS_UP);
	tear_down(&b);
}

/* Starts get ever further apart: in 40 probes, 20 ms apart, at most 0, 100, 300, 700 ms. */
static void restarts_are_held_back(void)
{
	char name[] = "/tmp/test_check_exec.XXXXXX", script[100];
	struct stat st;
	struct bench b;
	int fd = mkstemp(name);
	snprintf(script, sizeof script, "echo >> %s", name);
	begin_script(&b, script);
	b.conf.rise = 1000; /* contrary for ever: each 20 ms */
	int64_t begun = loop_now();
	wait_for(&b, 9);
	int64_t took = loop_now() - begun;
	CU_ASSERT_EQUAL(fstat(fd, &st), 0);
	for (unsigned i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(b.results[i], RESULT_L7_HELPER);
	unsigned bound = 1;
	for (int64_t at = 100 * NS_PER_MS, pause = at; at < took; pause *= 2, at += pause)
		bound++;
	CU_ASSERT(st.st_size >= 1 && st.st_size <= bound);
	close(fd);
	unlink(name);
	tear_down(&b);
}

/* Whatever it started goes with it. */
static void its_group_ends_with_it(void)
{
	struct bench b;
	int fds[2];
	char script[120], byte;
	CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
	snprintf(script, sizeof script, "sleep 1000 & sleep 1000 & while read q; do echo up; done");
	begin_script(&b, script);
	wait_for(&b, 1);
	CU_ASSERT_EQUAL(b.results[0], RESULT_L7_SAYS_UP);
	close(fds[1]);
	check_delete(b.check);
	b.check = NULL;
	/* All of them held the other end, which was passed on. */
	CU_ASSERT_EQUAL(read(fds[0], &byte, 1), 0);
	close(fds[0]);
	tear_down(&b);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
}

static void cannot_be_started(void)
{
	struct bench b;
	char *nothing[] = { "/nonexistent/command" };
	set_up(&b, CHECK_EXEC);
	b.conf.command = nothing;
	b.conf.ncommand = 1;
	begin(&b);
	wait_for(&b, 2);
	CU_ASSERT(b.results[0] == RESULT_L7_HELPER && b.results[1] == RESULT_L7_HELPER);
	tear_down(&b);
}

UNIT_MAIN("check_exec",
	UNIT_TEST(answers),
	UNIT_TEST(lives_on),
	UNIT_TEST(is_killed_when_it_hangs),
	UNIT_TEST(old_words_do_not_count),
	UNIT_TEST(restarts_are_held_back),
	UNIT_TEST(its_group_ends_with_it),
	UNIT_TEST(cannot_be_started))
