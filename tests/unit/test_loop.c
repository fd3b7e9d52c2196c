#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "turn.h"
#include "unit.h"

struct seen { unsigned stops, reloads; int signal; };

static void on_stop(void *arg, int signal)
{
	struct seen *s = arg;
	s->stops++;
	s->signal = signal;
}

static void on_reload(void *arg)
{
	((struct seen *)arg)->reloads++;
}

static void signals_are_events(void)
{
	struct seen seen = { 0 };
	const struct loop_calls calls = { on_stop, on_reload, &seen };
	struct event_base *base = loop_base_new();
	struct loop *l = loop_new(base, &calls);
	kill(getpid(), SIGHUP);
	CU_ASSERT_TRUE(turn_until(base, &seen.reloads, 1));
	kill(getpid(), SIGTERM);
	CU_ASSERT_TRUE(turn_until(base, &seen.stops, 1));
	CU_ASSERT_EQUAL(seen.signal, SIGTERM);
	kill(getpid(), SIGINT);
	CU_ASSERT_TRUE(turn_until(base, &seen.stops, 2));
	CU_ASSERT_EQUAL(seen.signal, SIGINT);
	CU_ASSERT_EQUAL(seen.reloads, 1);
	loop_delete(l);
	event_base_free(base);
}

static void writing_to_nobody_is_an_error_not_the_end(void)
{
	struct event_base *base = loop_base_new();
	struct loop *l = loop_new(base, &(struct loop_calls){ 0 });
	int ends[2];
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	close(ends[0]);
	CU_ASSERT_EQUAL(write(ends[1], "x", 1), -1);
	CU_ASSERT_EQUAL(errno, EPIPE);
	close(ends[1]);
	loop_delete(l);
	event_base_free(base);
}

/* In a child, since there is no way back: exit status 0 when all is as it should be. */
static int dropped(void)
{
	char why[LOOP_WHY_MAX];
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	if (!loop_drop_privileges("nobody", why))
		return 1;
	if (getuid() == 0 || geteuid() == 0 || getgid() == 0 || setuid(0) == 0)
		return 2;
	if (syscall(SYS_capget, &header, data) < 0)
		return 3;
	if (data[0].permitted != 1u << CAP_NET_BIND_SERVICE || data[0].effective != data[0].permitted ||
	    data[1].permitted || data[0].inheritable)
		return 4;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 5;
}

static int stays(void)
{
	char why[LOOP_WHY_MAX];
	uid_t before = geteuid();
	return loop_drop_privileges("", why) && geteuid() == before ? 0 : 1;
}

static int no_such_user(void)
{
	char why[LOOP_WHY_MAX] = "";
	return !loop_drop_privileges("no-such-user-here", why) && strstr(why, "no-such-user-here") ? 0 : 1;
}

static int in_child(int (*run)(void))
{
	int status = -1;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(run());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void privileges_are_dropped(void)
{
	CU_ASSERT_EQUAL(in_child(stays), 0);
	if (geteuid() != 0) /* nothing to drop */
		return;
	CU_ASSERT_EQUAL(in_child(dropped), 0);
	CU_ASSERT_EQUAL(in_child(no_such_user), 0);
}

static void times_as_text(void)
{
	static const struct { int64_t wall; const char *text; } cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 951782399, "2000-02-28T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 951868800, "2000-03-01T00:00:00Z" },
		{ 1709251199, "2024-02-29T23:59:59Z" },
		{ 1767225599, "2025-12-31T23:59:59Z" },
		{ 1767225600, "2026-01-01T00:00:00Z" },
		{ 4107542400, "2100-03-01T00:00:00Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },
		{ -1, "1970-01-01T00:00:00Z" },
	};
	char text[LOOP_TIME_TEXT_MAX];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CU_ASSERT_STRING_EQUAL(loop_time_text(cases[i].wall, text), cases[i].text);
}

/* The C library's calendar as the judge, over eight centuries in steps that meet every day of a year. */
static void dates_are_the_calendars(void)
{
	char ours[LOOP_TIME_TEXT_MAX], theirs[LOOP_TIME_TEXT_MAX];
	for (int64_t t = 0; t < 25245561600; t += 86400 * 13 + 4567) {
		time_t wall = (time_t)t;
		struct tm tm;
		strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&wall, &tm));
		CU_ASSERT_STRING_EQUAL_FATAL(loop_time_text(t, ours), theirs);
	}
}

static void seconds_to_nanoseconds(void)
{
	CU_ASSERT_EQUAL(loop_seconds(1.5), 1500000000);
	CU_ASSERT_EQUAL(loop_seconds(0.1), 100000000);
	CU_ASSERT_EQUAL(loop_seconds(0), 0);
}

UNIT_MAIN("loop",
	UNIT_TEST(signals_are_events),
	UNIT_TEST(writing_to_nobody_is_an_error_not_the_end),
	UNIT_TEST(privileges_are_dropped),
	UNIT_TEST(times_as_text),
	UNIT_TEST(dates_are_the_calendars),
	UNIT_TEST(seconds_to_nanoseconds))
