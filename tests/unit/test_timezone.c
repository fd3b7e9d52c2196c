/* timezone: against the C library's own reading of the same files, and files that are broken. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "timezone.h"

#define YEAR 31556952LL

static void test_utc(void)
{
	static const struct { int64_t now; unsigned day, minute; } cases[] = {
		{ 0, 3, 0 }, { 59, 3, 0 }, { 60, 3, 1 }, { 86399, 3, 1439 }, { 86400, 4, 0 }, { -1, 2, 1439 }, { -86400 * 4, 6, 0 },
		{ 1795341600, 6, 600 }, /* Sunday 2026-11-22T10:00:00Z */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct timezone_moment t = timezone_moment(NULL, cases[i].now);

		CU_ASSERT_EQUAL(t.day, cases[i].day);
		CU_ASSERT_EQUAL(t.minute, cases[i].minute);
	}
}

/* What libc says of the same moment. */
static bool agrees(const struct timezone_rules *z, int64_t now)
{
	time_t t = (time_t)now;
	struct tm tm;
	struct timezone_moment m = timezone_moment(z, now);

	localtime_r(&t, &tm);
	return timezone_offset(z, now) == tm.tm_gmtoff && m.day == (unsigned)(tm.tm_wday + 6) % 7 &&
	       m.minute == (unsigned)(tm.tm_hour * 60 + tm.tm_min);
}

/* Zones with everything there is: both hemispheres, half hours, no summer time, a negative one, changes by the day before. */
static void test_as_libc(void)
{
	static const char *const names[] = { "UTC", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kolkata",
		"Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Auckland", "Africa/Casablanca", "Europe/Dublin", "Asia/Gaza", "America/Nuuk", "Etc/GMT+5" };
	const char *why;

	if (access(TIMEZONE_FOLDER "/Europe/Berlin", R_OK) != 0) {
		printf("  (no tz database here)");
		return;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct timezone_rules *z = timezone_load(TIMEZONE_FOLDER, names[i], &why);
		size_t wrong = 0;

		CU_ASSERT_PTR_NOT_NULL_FATAL(z);
		setenv("TZ", names[i], 1);
		tzset();
		/* From 1900, past the last change of the table, to 2120; steps that drift through days and hours. */
		for (int64_t now = -70 * YEAR; now < 150 * YEAR; now += 86400 * 3 + 4567)
			wrong += !agrees(z, now);
		/* Each hour around the changes of two years by the footer alone. */
		for (int64_t now = 100 * YEAR; now < 102 * YEAR; now += 1800)
			wrong += !agrees(z, now) || !agrees(z, now - 1);
		CU_ASSERT_EQUAL(wrong, 0);
		if (wrong)
			printf("\n    %s: %zu moments", names[i], wrong);
		free(z);
	}
	unsetenv("TZ");
	tzset();
}

static void test_names(void)
{
	static const char *const names[] = { "", "/etc/passwd", "../../etc/passwd", "No/Such_Zone", "Europe", "Europe/Ber lin" };
	const char *why;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		why = NULL;
		CU_ASSERT_PTR_NULL(timezone_load(TIMEZONE_FOLDER, names[i], &why));
		CU_ASSERT_PTR_NOT_NULL(why);
	}
}

/* A file of version 2: an empty first block; then `n` changes, two types, the footer. */
static size_t make_file(uint8_t *out, unsigned n, const char *footer)
{
	static const uint8_t header[44] = { 'T', 'Z', 'i', 'f', '2' };
	size_t at = 44;

	memcpy(out, header, 44);
	memcpy(out + at, header, 44);
	out[at + 35] = (uint8_t)n;
	out[at + 39] = 2;
	out[at + 43] = 4;
	at += 44;
	for (unsigned i = 0; i < n; i++, at += 8) {
		memset(out + at, 0, 8);
		out[at + 4] = (uint8_t)(i + 1); /* each 2^24 s */
	}
	for (unsigned i = 0; i < n; i++)
		out[at++] = i & 1;
	memcpy(out + at, "\0\0\016\020\0\0\0\0\034\040\1\0ABC", 16);
	at += 16;
	return at + (size_t)sprintf((char *)out + at, "\n%s\n", footer);
}

static void test_made(void)
{
	uint8_t file[1024];
	const char *why;
	struct timezone_rules *z = timezone_read(file, make_file(file, 3, ""), &why);

	CU_ASSERT_PTR_NOT_NULL_FATAL(z);
	CU_ASSERT_EQUAL(timezone_offset(z, 0), 3600);
	CU_ASSERT_EQUAL(timezone_offset(z, (2 << 24) - 1), 3600);
	CU_ASSERT_EQUAL(timezone_offset(z, 2 << 24), 7200);
	CU_ASSERT_EQUAL(timezone_offset(z, (int64_t)200 << 24), 3600); /* no footer: the last one holds */
	free(z);
	z = timezone_read(file, make_file(file, 1, "<-03>3:30<-02>,J60/-1,300/25"), &why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(z);
	/* 2026-03-01 is J60 and day 59: begins an hour before its midnight, -03:30, so at 02:30 UTC. */
	CU_ASSERT_EQUAL(timezone_offset(z, 1772332200 - 1), -12600);
	CU_ASSERT_EQUAL(timezone_offset(z, 1772332200), -9000);
	free(z);
}

static void test_broken(void)
{
	static const char *const footers[] = { "X", "ABC", "ABC25", "ABC1X", "ABC1DEF", "ABC1DEF,M13.1.0,M1.1.0", "ABC1DEF,M3.0.0,M1.1.0", "ABC1DEF,M3.1.7,M1.1.0",
		"ABC1DEF,M3.1.0", "ABC1DEF,M3.1.0,M4.1.0,", "ABC1DEF,J0,J1", "ABC1DEF,366,1", "ABC1DEF,M3.1.0/168,M4.1.0", "<AB1DEF" };
	uint8_t file[1024], copy[1024];
	size_t len = make_file(file, 3, "ABC1DEF,M3.1.0,M4.1.0");
	const char *why;

	for (size_t i = 0; i < sizeof footers / sizeof *footers; i++)
		CU_ASSERT_PTR_NULL(timezone_read(copy, make_file(copy, 1, footers[i]), &why));
	for (size_t i = 0; i < len; i++) /* cut off anywhere; of exactly that size, for the sanitizers */
	{
		uint8_t *exact = malloc(i ? i : 1);

		memcpy(exact, file, i);
		CU_ASSERT_PTR_NULL(timezone_read(exact, i, &why));
		free(exact);
	}
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++) { /* whatever is wrong: no crash, and what is read can be asked */
			struct timezone_rules *z;

			memcpy(copy, file, len);
			copy[i] ^= (uint8_t)(1 << bit);
			z = timezone_read(copy, len, &why);
			if (z)
				timezone_moment(z, 1795341600);
			free(z);
		}
}

UNIT_MAIN("timezone",
	UNIT_TEST(test_utc),
	UNIT_TEST(test_as_libc),
	UNIT_TEST(test_names),
	UNIT_TEST(test_made),
	UNIT_TEST(test_broken))
