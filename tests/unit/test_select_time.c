/* select by the time: hours and days as they stand in a file, to the minute, past midnight, and where clocks change. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>
#include "conf.h"
#include "select.h"
#include "timezone.h"

static char folder[] = "/tmp/fairlead-time.XXXXXX";

/* One policy of one rule with this condition, before one without. NULL: it is refused. */
static struct conf *load(const char *condition)
{
	struct errs errs;
	char file[sizeof folder + 16];
	snprintf(file, sizeof file, "%s/t.conf", folder);
	FILE *f = fopen(file, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f, "site = \"sjc\"; user = \"\"; run = \"run\"; state = \"state\";\n"
	        "sites = ( { name = \"sjc\"; control = [ \"127.0.0.1@53\" ]; key = \"k\"; } );\n"
	        "keys = ( { name = \"k\"; secret = \"0123456789abcdef0123456789abcdef01234567890=\"; } );\n"
	        "dns = { listen = [ \"127.0.0.1@53\" ]; zones = \".\"; };\n"
	        "policies = ( { name = \"p\"; rules = ( { %s metrics = [ \"rank\" ]; }, { metrics = [ \"remote\" ]; } ); } );\n", condition);
	CU_ASSERT_EQUAL(fchmod(fileno(f), 0600), 0);
	fclose(f);
	errs_init(&errs);
	struct conf *c = conf_load(file, &errs);
	if (errs.count)
		errs_print(&errs, stdout);
	errs_free(&errs);
	unlink(file);
	return c;
}

/* "2026-11-22 10:00:00" in UTC. */
static int64_t moment(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	CU_ASSERT_FATAL(end && !*end);
	return timegm(&tm);
}

/* The rule with the condition is used at that moment: its order begins with the lower rank, at the own site. */
static bool is_used(const struct conf *c, int64_t now)
{
	struct member members[2] = { { .site = 0, .weight = 1, .rank = 1 }, { .site = 1, .weight = 1, .rank = 2 } };
	struct service s = { .policy = &c->policies[0], .members = members, .nmembers = 2 };
	struct gate gate = { .step = GATE_UP, .n = 2, .members = { 0, 1 } };
	struct select_client client = { .network = { .length = 0 } };
	struct select_input in = { .service = &s, .gate = &gate, .client = &client, .sites = c->sites, .now = now };
	uint16_t out[1];
	CU_ASSERT_EQUAL(select_order(&in, 1, out), 1);
	return out[0] == 0;
}

static void expect(const char *condition, const char *const *used, const char *const *not)
{
	struct conf *c = load(condition);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	for (; *used; used++) {
		CU_ASSERT(is_used(c, moment(*used)));
		if (!is_used(c, moment(*used)))
			printf("\n    %s: not at %s", condition, *used);
	}
	for (; *not; not++) {
		CU_ASSERT(!is_used(c, moment(*not)));
		if (is_used(c, moment(*not)))
			printf("\n    %s: at %s", condition, *not);
	}
	conf_free(c);
}

#define TIMES(...) (const char *const []){ __VA_ARGS__, NULL }

/* 2026-11-22 is a Sunday. */
static void hours_to_the_minute(void)
{
	expect("hours = \"08:00-18:00\";", TIMES("2026-11-22 08:00:00", "2026-11-22 12:30:00", "2026-11-22 17:59:59"),
	       TIMES("2026-11-22 07:59:59", "2026-11-22 18:00:00", "2026-11-22 00:00:00"));
	expect("hours = \"22:00-06:00\";", TIMES("2026-11-22 22:00:00", "2026-11-22 23:59:59", "2026-11-23 00:00:00", "2026-11-23 05:59:59"),
	       TIMES("2026-11-22 21:59:59", "2026-11-23 06:00:00", "2026-11-22 12:00:00"));
	expect("hours = \"00:00-24:00\";", TIMES("2026-11-22 00:00:00", "2026-11-22 23:59:59"), TIMES("1970-01-01 00:00:00") + 1);
	expect("hours = \"18:00-24:00\";", TIMES("2026-11-22 23:59:59"), TIMES("2026-11-23 00:00:00", "2026-11-22 17:59:00"));
	expect("hours = \"12:00-00:00\";", TIMES("2026-11-22 12:00:00", "2026-11-22 23:59:59"), TIMES("2026-11-23 00:00:00", "2026-11-22 11:59:59"));
}

static void days_of_the_week(void)
{
	expect("days = \"mon-fri\";", TIMES("2026-11-23 00:00:00", "2026-11-25 12:00:00", "2026-11-27 23:59:59"),
	       TIMES("2026-11-22 23:59:59", "2026-11-28 00:00:00"));
	expect("days = \"sat-mon\";", TIMES("2026-11-21 00:00:00", "2026-11-22 12:00:00", "2026-11-23 23:59:59"),
	       TIMES("2026-11-20 23:59:59", "2026-11-24 00:00:00"));
	expect("days = \"sun,wed\";", TIMES("2026-11-22 12:00:00", "2026-11-25 12:00:00"), TIMES("2026-11-23 12:00:00", "2026-11-24 12:00:00", "2026-11-28 12:00:00"));
	/* the day that it is, also behind midnight */
	expect("hours = \"22:00-06:00\"; days = \"fri\";", TIMES("2026-11-27 22:30:00", "2026-11-27 05:00:00"),
	       TIMES("2026-11-28 05:00:00", "2026-11-26 23:00:00", "2026-11-27 12:00:00"));
}

/* Berlin is an hour ahead, from 2026-03-29 01:00 to 2026-10-25 01:00 UTC two. */
static void where_clocks_change(void)
{
	if (access(TIMEZONE_FOLDER "/Europe/Berlin", R_OK) != 0) {
		printf("  (no tz database here)");
		return;
	}
	expect("hours = \"08:00-18:00\"; timezone = \"Europe/Berlin\";",
	       TIMES("2026-03-28 07:00:00", "2026-03-29 06:00:00", "2026-10-24 06:00:00", "2026-10-25 07:00:00", "2026-10-25 16:59:59"),
	       TIMES("2026-03-28 06:59:59", "2026-03-29 05:59:59", "2026-03-29 16:00:00", "2026-10-25 06:59:59", "2026-10-25 17:00:00"));
	/* the hour that isn't there, and the one that is twice */
	expect("hours = \"02:00-03:00\"; timezone = \"Europe/Berlin\";",
	       TIMES("2026-03-28 01:30:00", "2026-10-25 00:30:00", "2026-10-25 01:30:00"),
	       TIMES("2026-03-29 00:59:59", "2026-03-29 01:00:00", "2026-10-24 23:59:59", "2026-10-25 02:00:00"));
	/* Monday begins an hour or two earlier than in UTC */
	expect("days = \"mon\"; timezone = \"Europe/Berlin\";", TIMES("2026-11-22 23:00:00", "2026-07-05 22:00:00"),
	       TIMES("2026-11-22 22:59:59", "2026-07-05 21:59:59", "2026-11-23 23:00:00"));
}

static void begin(void)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void end(void)
{
	rmdir(folder);
}

UNIT_MAIN("select_time", UNIT_TEST(begin), UNIT_TEST(hours_to_the_minute), UNIT_TEST(days_of_the_week), UNIT_TEST(where_clocks_change), UNIT_TEST(end))
