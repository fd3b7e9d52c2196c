#include <stdlib.h>
#include <string.h>
#include "../../common/verdict.h"
#include "unit.h"

#define SITES_MAX 8

/*
 * Observations as text, site by site: "0:u 0:d/1 1:U*". A digit is the
 * observer's site, a letter what it says (u up, d down, r drain, - nothing
 * yet; in capitals: no longer fresh), "/1" the program's number (0), "*" our own.
 */
static size_t read_observations(const char *text, struct observation *out)
{
	size_t n = 0;
	while (*text) {
		static const char letters[] = "-udr";
		struct observation o = { .site = text[0] - '0', .age = 9, .lifetime = 10 };
		char letter = text[2];
		if (letter >= 'A' && letter <= 'Z') {
			letter = (char)(letter - 'A' + 'a');
			o.age = 10;
		}
		o.state = (enum verdict)(strchr(letters, letter) - letters);
		for (text += 3; *text && *text != ' '; text++) {
			o.own = o.own || *text == '*';
			if (*text == '/')
				o.program = (unsigned)(*++text - '0');
		}
		out[n++] = o;
		text += *text == ' ';
	}
	return n;
}

struct row {
	const char *observations;  /* home is site 0 unless it says otherwise */
	enum verdict wanted;
	enum verdict_source source;
	const char *votes;         /* up/fresh */
	int home;
};

/* Each starts from the verdict "unknown", so that what is decided is seen. */
static void check_rows(enum decide decide, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct observation o[SITES_MAX * 2];
		struct verdict_question q = { decide, rows[i].home, VERDICT_UNKNOWN };
		struct verdict_answer a = verdict_decide(&q, o, read_observations(rows[i].observations, o));
		char votes[16];
		snprintf(votes, sizeof votes, "%u/%u", a.up, a.fresh);
		bool same = a.verdict == rows[i].wanted && a.source == rows[i].source && strcmp(votes, rows[i].votes) == 0;
		if (!same)
			printf("\n\"%s\": %s by %s, %s\n", rows[i].observations, verdict_name(a.verdict), verdict_source_name(a.source), votes);
		CU_ASSERT_TRUE(same);
	}
}
#define CHECK_ROWS(decide, rows) check_rows(decide, rows, sizeof (rows) / sizeof *(rows))

#define UNKNOWN VERDICT_UNKNOWN
#define UP VERDICT_UP
#define DOWN VERDICT_DOWN
#define DRAIN VERDICT_DRAIN

static void home_first_then_the_majority(void)
{
	static const struct row rows[] = {
		/* the home's word */
		{ "0:d 1:u* 2:u 3:u", DOWN, SOURCE_HOME, "3/4", 0 },
		{ "0:r 1:u* 2:u 3:u", DRAIN, SOURCE_HOME, "3/4", 0 },
		{ "0:u 1:u* 2:u", UP, SOURCE_HOME, "3/3", 0 },
		{ "0:d*", DOWN, SOURCE_HOME, "0/1", 0 },
		{ "0:u*", UP, SOURCE_HOME, "1/1", 0 },
		/* up, but the others: strictly more than half */
		{ "0:u 1:d*", UP, SOURCE_HOME, "1/2", 0 },
		{ "0:u 1:d* 2:d", DOWN, SOURCE_MAJORITY, "1/3", 0 },
		{ "0:u 1:d* 2:u", UP, SOURCE_HOME, "2/3", 0 },
		{ "0:u 1:d* 2:d 3:u", UP, SOURCE_HOME, "2/4", 0 },
		{ "0:u 1:d* 2:d 3:d", DOWN, SOURCE_MAJORITY, "1/4", 0 },
		{ "0:u 1:d* 2:d 3:U", DOWN, SOURCE_MAJORITY, "1/3", 0 },
		{ "0:u 1:r* 2:r", DRAIN, SOURCE_MAJORITY, "1/3", 0 },
		{ "0:u 1:r* 2:d", UP, SOURCE_HOME, "1/3", 0 },
		/* a silent home */
		{ "0:D 1:u* 2:u", UP, SOURCE_MAJORITY, "2/2", 0 },
		{ "0:U 1:d*", DOWN, SOURCE_MAJORITY, "0/1", 0 },
		{ "0:- 1:d* 2:u", UP, SOURCE_MAJORITY, "1/2", 0 },
		{ "1:d* 2:d", DOWN, SOURCE_MAJORITY, "0/2", 0 },
		{ "1:r*", DRAIN, SOURCE_MAJORITY, "0/1", 0 },
		/* nothing fresh */
		{ "", UNKNOWN, SOURCE_NONE, "0/0", 0 },
		{ "0:D 1:-* 2:U", UNKNOWN, SOURCE_NONE, "0/0", 0 },
		/* at no site of ours: the majority alone */
		{ "0:d 1:u* 2:u", UP, SOURCE_MAJORITY, "2/3", OBSERVER_NO_SITE },
		{ "0:d 1:u* 2:d", DOWN, SOURCE_MAJORITY, "1/3", OBSERVER_NO_SITE },
		{ "0:d 1:u*", UP, SOURCE_MAJORITY, "1/2", OBSERVER_NO_SITE },
	};
	CHECK_ROWS(DECIDE_HOME_MAJORITY, rows);
}

static void voices_of_a_site(void)
{
	static const struct row rows[] = {
		/* instances of one program: down only if all are */
		{ "0:d 0:u 1:u*", UP, SOURCE_HOME, "2/2", 0 },
		{ "0:d 0:d 1:u*", DOWN, SOURCE_HOME, "1/2", 0 },
		{ "0:d 0:U 1:u*", DOWN, SOURCE_HOME, "1/2", 0 },
		{ "0:d 0:r", DRAIN, SOURCE_HOME, "0/1", 0 },
		{ "0:d 0:- 1:u*", DOWN, SOURCE_HOME, "1/2", 0 },
		/* programs at home: the worst */
		{ "0:u 0:d/1 1:u*", DOWN, SOURCE_HOME, "1/2", 0 },
		{ "0:u 0:r/1 1:u*", DRAIN, SOURCE_HOME, "1/2", 0 },
		{ "0:r 0:d/1 1:u*", DOWN, SOURCE_HOME, "1/2", 0 },
		{ "0:u 0:d/1 0:u/1 1:u*", UP, SOURCE_HOME, "2/2", 0 },
		{ "0:u 0:D/1 1:u*", UP, SOURCE_HOME, "2/2", 0 },
		{ "0:d/1 1:u*", DOWN, SOURCE_HOME, "1/2", 0 },
		/* another site has one voice, however many its programs */
		{ "0:u 1:d* 2:d 2:d/1 2:d/2 3:u", UP, SOURCE_HOME, "2/4", 0 },
		{ "0:u 1:d* 2:d 2:u/1", UP, SOURCE_HOME, "2/3", 0 },
		{ "0:u 1:d* 2:d 2:d/1", DOWN, SOURCE_MAJORITY, "1/3", 0 },
	};
	CHECK_ROWS(DECIDE_HOME_MAJORITY, rows);
}

static void home_alone(void)
{
	static const struct row rows[] = {
		{ "0:u 1:d* 2:d", UP, SOURCE_HOME, "1/3", 0 },
		{ "0:d 1:u*", DOWN, SOURCE_HOME, "1/2", 0 },
		{ "0:U 1:d* 2:u", DOWN, SOURCE_OWN, "1/2", 0 },
		{ "0:D 1:u* 2:d", UP, SOURCE_OWN, "1/2", 0 },
		{ "1:-* 2:d", UNKNOWN, SOURCE_NONE, "0/1", 0 },
		{ "0:d 1:u*", UP, SOURCE_OWN, "1/2", OBSERVER_NO_SITE },
	};
	CHECK_ROWS(DECIDE_HOME, rows);
}

static void majority_alone(void)
{
	static const struct row rows[] = {
		{ "0:d 1:u* 2:u", UP, SOURCE_MAJORITY, "2/3", 0 },
		{ "0:r 1:u* 2:u", UP, SOURCE_MAJORITY, "2/3", 0 },
		{ "0:d 1:u*", UP, SOURCE_MAJORITY, "1/2", 0 },
		{ "0:u 1:d* 2:d", DOWN, SOURCE_MAJORITY, "1/3", 0 },
		{ "0:d", DOWN, SOURCE_MAJORITY, "0/1", 0 },
		{ "", UNKNOWN, SOURCE_NONE, "0/0", 0 },
	};
	CHECK_ROWS(DECIDE_MAJORITY, rows);
}

static void own_alone(void)
{
	static const struct row rows[] = {
		{ "0:u 1:d* 2:u", DOWN, SOURCE_OWN, "2/3", 0 },
		{ "0:d 1:u*", UP, SOURCE_OWN, "1/2", 0 },
		{ "0:d 1:-* 2:d", UNKNOWN, SOURCE_NONE, "0/2", 0 },
		{ "0:d 1:r*", DRAIN, SOURCE_OWN, "0/2", 0 },
	};
	CHECK_ROWS(DECIDE_OWN, rows);
}

/* All answers of four sites, in all four ways: against the rules, said in another way. */
static enum verdict by_the_rules(enum decide decide, const enum verdict *says, unsigned n, enum verdict last)
{
	unsigned fresh = 0, down = 0, drain = 0;
	for (unsigned i = 0; i < n; i++) {
		fresh += says[i] != UNKNOWN;
		down += says[i] == DOWN;
		drain += says[i] == DRAIN;
	}
	enum verdict all = fresh == 0 ? last : down > fresh - down ? DOWN : drain > fresh - drain ? DRAIN : UP;
	enum verdict own = says[1] ? says[1] : last;
	switch (decide) {
	case DECIDE_HOME_MAJORITY: return says[0] == DOWN || says[0] == DRAIN ? says[0] : all;
	case DECIDE_HOME: return says[0] ? says[0] : own;
	case DECIDE_MAJORITY: return all;
	default: return own;
	}
}

static void every_case_of_four_sites(void)
{
	for (unsigned i = 0; i < 4 * 256 * 4; i++) {
		enum verdict says[4], last = (enum verdict)(i >> 8 & 3);
		enum decide decide = (enum decide)(i >> 10);
		struct observation o[4];
		for (int s = 0; s < 4; s++) {
			says[s] = (enum verdict)(i >> 2 * s & 3);
			o[s] = (struct observation){ .state = says[s], .site = s, .own = s == 1, .lifetime = 1 };
		}
		struct verdict_question q = { decide, 0, last };
		CU_ASSERT_EQUAL(verdict_decide(&q, o, 4).verdict, by_the_rules(decide, says, 4, last));
	}
}

static void nothing_known_changes_nothing(void)
{
	for (int d = DECIDE_HOME_MAJORITY; d <= DECIDE_OWN; d++) {
		const struct observation stale = { .state = DOWN, .own = true, .age = 10, .lifetime = 10 };
		const struct verdict_question q = { (enum decide)d, 0, UP };
		CU_ASSERT_EQUAL(verdict_decide(&q, NULL, 0).verdict, UP);
		CU_ASSERT_EQUAL(verdict_decide(&q, &stale, 1).verdict, UP);
		CU_ASSERT_EQUAL(verdict_decide(&q, &stale, 1).source, SOURCE_NONE);
	}
}

static void how_long_an_observation_counts(void)
{
	CU_ASSERT_EQUAL(observation_lifetime(true, 10000, 1000), 2500);
	CU_ASSERT_EQUAL(observation_lifetime(true, 2000, 1000), 2000);
	CU_ASSERT_EQUAL(observation_lifetime(false, 10000, 1000), 10000);
	const struct observation own = { .state = DOWN, .own = true, .age = INT64_MAX - 1, .lifetime = OBSERVATION_FOR_EVER };
	const struct verdict_question q = { DECIDE_OWN, 0, UP };
	CU_ASSERT_EQUAL(verdict_decide(&q, &own, 1).verdict, DOWN);
}

static void names_and_back(void)
{
	for (unsigned v = VERDICT_UNKNOWN; v <= VERDICT_DRAIN; v++) {
		enum verdict back;
		CU_ASSERT_TRUE_FATAL(verdict_by_name(verdict_name((enum verdict)v), &back));
		CU_ASSERT_EQUAL(back, v);
	}
	enum verdict untouched = VERDICT_DRAIN;
	CU_ASSERT_FALSE(verdict_by_name("Up", &untouched));
	CU_ASSERT_EQUAL(untouched, VERDICT_DRAIN);
}

UNIT_MAIN("verdict",
	UNIT_TEST(home_first_then_the_majority),
	UNIT_TEST(voices_of_a_site),
	UNIT_TEST(home_alone),
	UNIT_TEST(majority_alone),
	UNIT_TEST(own_alone),
	UNIT_TEST(every_case_of_four_sites),
	UNIT_TEST(nothing_known_changes_nothing),
	UNIT_TEST(how_long_an_observation_counts),
	UNIT_TEST(names_and_back))
