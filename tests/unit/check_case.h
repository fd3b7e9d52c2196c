/*
 * check_case: one check, and the peer that it asks, on an event base.
 */
#ifndef FAIRLEAD_CHECK_CASE_H
#define FAIRLEAD_CHECK_CASE_H

#include <CUnit/CUnit.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "../peers/badpeer.h"
#include "check.h"
#include "turn.h"

struct bench {
	struct event_base *base;
	struct checker *checker;
	struct conf_check conf;
	struct check_params params;
	struct check *check;
	struct badpeer *peer;
	unsigned ended;
	int64_t at[64];          /* when each probe ended */
	enum check_result results[64];
};

static inline void on_ended(void *arg, struct check *k)
{
	struct bench *b = arg;
	if (b->ended < 64) {
		b->at[b->ended] = loop_now();
		b->results[b->ended] = check_last(k, NULL);
	}
	b->ended++;
}

static inline void set_up(struct bench *b, enum check_type type)
{
	memset(b, 0, sizeof *b);
	turn_reset();
	signal(SIGPIPE, SIG_IGN); /* as loop_new does */
	b->base = loop_base_new();
	b->checker = checker_new(b->base, NULL);
	b->conf = (struct conf_check){ .name = "c", .type = type, .interval = 0.1, .fast_interval = 0.02, .timeout = 0.5,
	                               .rise = 2, .fall = 3 };
	b->params.conf = &b->conf;
}

static inline void begin(struct bench *b)
{
	const struct check_sink sink = { on_ended, b };
	b->check = check_new(b->checker, &b->params, &sink);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->check);
}

static inline void begin_with_peer(struct bench *b, enum badpeer_mode mode, const char *text)
{
	struct addr any;
	addr_parse(&any, "127.0.0.1", 0);
	b->peer = badpeer_new(b->base, &any, mode, text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->peer);
	b->params.address = *badpeer_address(b->peer);
	begin(b);
}

static inline void tear_down(struct bench *b)
{
	check_delete(b->check);
	badpeer_delete(b->peer);
	CU_ASSERT_EQUAL(checker_counts(b->checker)->running, 0);
	checker_delete(b->checker);
	event_base_free(b->base);
	if (b->conf.has_expect)
		regfree(&b->conf.expect);
	if (b->conf.has_body)
		regfree(&b->conf.body);
}

static inline void expect_regex(struct bench *b, const char *regex)
{
	b->conf.has_expect = regcomp(&b->conf.expect, regex, REG_EXTENDED | REG_NOSUB) == 0;
	b->conf.expect_text = (char *)(uintptr_t)regex;
}

static inline void body_regex(struct bench *b, const char *regex)
{
	b->conf.has_body = regcomp(&b->conf.body, regex, REG_EXTENDED | REG_NOSUB) == 0;
	b->conf.body_text = (char *)(uintptr_t)regex;
}

/* The first probe of a bench that stands. */
static inline void first_is(struct bench *b, enum check_result expected, uint32_t detail)
{
	uint32_t got_detail;
	CU_ASSERT_TRUE_FATAL(turn_until(b->base, &b->ended, 1));
	enum check_result got = check_last(b->check, &got_detail);
	if (got != expected)
		printf("\n  got \"%s\", expected \"%s\"\n", check_result_name(got), check_result_name(expected));
	CU_ASSERT_EQUAL(got, expected);
	CU_ASSERT_EQUAL(got_detail, detail);
	CU_ASSERT_EQUAL(check_state(b->check), check_result_passed(expected) ? VERDICT_UP : VERDICT_DOWN);
	CU_ASSERT_EQUAL(check_rtt_us(b->check) > 0, check_result_passed(expected));
	CU_ASSERT_EQUAL(checker_counts(b->checker)->results[expected], 1);
}

#endif
