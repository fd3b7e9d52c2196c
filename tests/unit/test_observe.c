#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "../../common/loop.h"
#include "../../dnsd/observe.h"
#include "turn.h"
#include "unit.h"

#define S NS_PER_SECOND

/* We are sjc; den and fra are the others. Times are the test's own but for who is heard. */
struct bench {
	struct event_base *base;
	struct site sites[3];
	struct conf conf;
	struct observe *observe;
	struct live_member live;
	void *retired[16]; size_t nretired;
	unsigned heard, silent;
};

static void on_retire(void *arg, void *p)
{
	struct bench *b = arg;
	b->retired[b->nretired++] = p;
}

static void on_heard(void *arg, const struct observer *o, bool heard)
{
	struct bench *b = arg;
	(void)o;
	b->heard += heard;
	b->silent += !heard;
}

static void set_up(struct bench *b)
{
	static char *const names[] = { "sjc", "den", "fra" };
	const struct observe_calls calls = { on_retire, on_heard, b };
	memset(b, 0, sizeof *b);
	for (size_t i = 0; i < 3; i++)
		b->sites[i] = (struct site){ .name = names[i], .index = i };
	b->conf = (struct conf){ .sites = b->sites, .nsites = 3, .own = &b->sites[0], .instance = "one", .exchange.interval = 1 };
	b->base = loop_base_new();
	b->observe = observe_new(b->base, &b->conf, &calls);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->observe);
	turn_reset();
}

static void tear_down(struct bench *b)
{
	for (size_t i = 0; i < b->nretired; i++)
		free(b->retired[i]);
	free(b->live.observed);
	observe_delete(b->observe);
	event_base_free(b->base);
}

static struct observer *who(struct bench *b, const char *name)
{
	const char *why = NULL;
	struct observer *o = observe_who(b->observe, name, &why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	return o;
}

static enum observe_result say(struct bench *b, const char *name, enum verdict state, uint64_t seq, int64_t now)
{
	const struct update_observation said = { .state = state, .seq = seq };
	struct observer *o = who(b, name);
	enum observe_result r = observe_put(b->observe, &b->live, o, &said, o->own ? OBSERVE_FOR_EVER : 10, now);
	if (r != OBSERVE_OLD)
		observe_note_heard(b->observe, o, now);
	return r;
}

static struct verdict_answer judged(struct bench *b, int64_t now)
{
	struct observation list[OBSERVERS_MAX];
	const struct verdict_question q = { DECIDE_HOME_MAJORITY, 1, VERDICT_UNKNOWN };
	return verdict_decide(&q, list, observe_gather(b->observe, &b->live, now, list));
}

static void what_is_newer_counts(void)
{
	struct bench b;
	set_up(&b);
	CU_ASSERT_EQUAL(say(&b, "den/dnsd.a", VERDICT_UP, 100, S), OBSERVE_CHANGED);
	CU_ASSERT_EQUAL(say(&b, "den/dnsd.a", VERDICT_DOWN, 100, S), OBSERVE_OLD);
	CU_ASSERT_EQUAL(say(&b, "den/dnsd.a", VERDICT_DOWN, 99, S), OBSERVE_OLD);
	CU_ASSERT_EQUAL(judged(&b, S).verdict, VERDICT_UP);
	CU_ASSERT_EQUAL(say(&b, "den/dnsd.a", VERDICT_UP, 101, S), OBSERVE_SAME);
	CU_ASSERT_EQUAL(say(&b, "den/dnsd.a", VERDICT_DOWN, 102, S), OBSERVE_CHANGED);
	CU_ASSERT_EQUAL(say(&b, "den/dnsd.b", VERDICT_UP, 1, S), OBSERVE_CHANGED); /* each has its own */
	/* without a number: now */
	CU_ASSERT_EQUAL(say(&b, "den/dnsd.a", VERDICT_UP, 0, S), OBSERVE_CHANGED);
	struct seen s;
	CU_ASSERT_TRUE(observe_read(&b.live, who(&b, "den/dnsd.a")->id, &s));
	CU_ASSERT_TRUE(s.seq > 1700000000000000);
	CU_ASSERT_EQUAL(say(&b, "den/dnsd.a", VERDICT_DOWN, 0, S), OBSERVE_CHANGED);
	tear_down(&b);
}

static void what_is_withdrawn_does_not_come_back(void)
{
	struct bench b;
	set_up(&b);
	say(&b, "den/agent", VERDICT_DOWN, 100, S);
	CU_ASSERT_EQUAL(judged(&b, S).verdict, VERDICT_DOWN);
	observe_forget(&b.live, who(&b, "den/agent"));
	CU_ASSERT_EQUAL(judged(&b, S).source, SOURCE_NONE);
	CU_ASSERT_EQUAL(say(&b, "den/agent", VERDICT_DOWN, 100, S), OBSERVE_OLD);
	CU_ASSERT_EQUAL(judged(&b, S).source, SOURCE_NONE);
	CU_ASSERT_EQUAL(say(&b, "den/agent", VERDICT_DOWN, 101, S), OBSERVE_CHANGED);
	tear_down(&b);
}

static void how_long_it_counts(void)
{
	struct bench b;
	set_up(&b);
	say(&b, "den/dnsd.a", VERDICT_UP, 1, S);
	say(&b, "fra/agent", VERDICT_UP, 1, S);
	CU_ASSERT_EQUAL(judged(&b, S + 2499 * NS_PER_MS).fresh, 2);
	CU_ASSERT_EQUAL(judged(&b, S + 2500 * NS_PER_MS).fresh, 1);  /* a dnsd: 2.5 intervals */
	CU_ASSERT_EQUAL(judged(&b, S + 9999 * NS_PER_MS).fresh, 1);
	CU_ASSERT_EQUAL(judged(&b, S + 10000 * NS_PER_MS).fresh, 0); /* others: their TTL */
	bool ended;
	CU_ASSERT_EQUAL(observe_next_end(&b.live, 0, S, &ended), 11 * S);
	CU_ASSERT_FALSE(ended);
	CU_ASSERT_EQUAL(observe_next_end(&b.live, S, 11 * S, &ended), INT64_MAX);
	CU_ASSERT_TRUE(ended);
	CU_ASSERT_EQUAL(observe_next_end(&b.live, 11 * S, 12 * S, &ended), INT64_MAX);
	CU_ASSERT_FALSE(ended);
	/* it speaks of something else: what it said of this still holds, to the end of its TTL */
	observe_note_heard(b.observe, who(&b, "den/dnsd.a"), 9 * S);
	CU_ASSERT_EQUAL(judged(&b, 10900 * NS_PER_MS).fresh, 2);
	CU_ASSERT_EQUAL(judged(&b, 11 * S).fresh, 0);
	/* ours has no end */
	say(&b, "sjc/dnsd.one", VERDICT_UP, 0, S);
	CU_ASSERT_EQUAL(judged(&b, 1000000 * S).fresh, 1);
	tear_down(&b);
}

/* In the order that verdict_decide wants, whoever came first. */
static void order_of_observers(void)
{
	static const char *const names[] = { "fra/x.1", "den/fwd.b", "sjc/dnsd.two", "fra/dnsd", "den/dnsd.a", "den/fwd.a", "nowhere/x", "fra/x.2" };
	struct bench b;
	struct observation list[OBSERVERS_MAX];
	set_up(&b);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		say(&b, names[i], VERDICT_UP, 1, S);
	say(&b, "sjc/dnsd.one", VERDICT_UP, 0, S);
	size_t n = observe_gather(b.observe, &b.live, S, list);
	CU_ASSERT_EQUAL(n, 8); /* nowhere is no site */
	for (size_t i = 1; i < n; i++)
		CU_ASSERT_TRUE(list[i - 1].site <= list[i].site);
	CU_ASSERT(list[0].program == list[1].program && list[0].own != list[1].own);
	CU_ASSERT_TRUE(list[2].program != list[3].program || list[3].program != list[4].program);
	unsigned changes = 0;
	for (size_t i = 1; i < n; i++)
		changes += list[i].program != list[i - 1].program;
	CU_ASSERT_EQUAL(changes, 4); /* sjc/dnsd den/dnsd den/fwd fra/dnsd fra/x */
	/* a reload: other sites */
	b.sites[0].name = "fra";
	b.sites[2].name = "sjc";
	b.conf.own = &b.sites[2];
	observe_set_conf(b.observe, &b.conf);
	n = observe_gather(b.observe, &b.live, S, list);
	CU_ASSERT_EQUAL(n, 8);
	for (size_t i = 1; i < n; i++)
		CU_ASSERT_TRUE(list[i - 1].site <= list[i].site);
	CU_ASSERT_TRUE(list[n - 1].own || list[n - 2].own);
	tear_down(&b);
}

static void heard_and_silent(void)
{
	struct bench b;
	int64_t age;
	set_up(&b);
	b.conf.exchange.interval = 0.1;
	int64_t begun = loop_now();
	CU_ASSERT_FALSE(observe_site_heard(b.observe, 1, begun, &age));
	CU_ASSERT_TRUE(age < 0);
	CU_ASSERT_TRUE(observe_site_heard(b.observe, 0, begun, &age)); /* ourselves */
	say(&b, "den/fwd.a", VERDICT_UP, 1, begun);
	CU_ASSERT_EQUAL(b.heard, 1);
	CU_ASSERT_FALSE(observe_site_heard(b.observe, 1, begun, &age)); /* no dnsd */
	say(&b, "den/agent", VERDICT_UP, 1, begun);
	CU_ASSERT_EQUAL(b.heard, 1); /* nobody expects it to speak again */
	say(&b, "den/dnsd.a", VERDICT_UP, 1, begun);
	CU_ASSERT_EQUAL(b.heard, 2);
	CU_ASSERT_TRUE(observe_site_heard(b.observe, 1, begun, &age));
	CU_ASSERT_TRUE(turn_until(b.base, &b.silent, 2));
	CU_ASSERT_TRUE(loop_now() - begun >= 250 * NS_PER_MS && turn_within(begun, loop_now(), 280 * NS_PER_MS));
	CU_ASSERT_FALSE(observe_site_heard(b.observe, 1, loop_now(), &age));
	CU_ASSERT_EQUAL(say(&b, "den/dnsd.a", VERDICT_UP, 1, loop_now()), OBSERVE_OLD); /* a replay is nobody's voice */
	CU_ASSERT_EQUAL(b.heard, 2);
	say(&b, "den/dnsd.a", VERDICT_UP, 2, loop_now());
	CU_ASSERT_EQUAL(b.heard, 3);
	tear_down(&b);
}

static void names_that_are_none(void)
{
	struct bench b;
	const char *why = NULL;
	set_up(&b);
	CU_ASSERT_PTR_NULL(observe_who(b.observe, "den", &why));
	CU_ASSERT_STRING_EQUAL(why, "not the name of an observer");
	for (unsigned i = 1; i < OBSERVERS_MAX; i++) {
		char name[32];
		snprintf(name, sizeof name, "den/agent.%u", i);
		CU_ASSERT_PTR_NOT_NULL(observe_who(b.observe, name, &why));
	}
	CU_ASSERT_PTR_NULL(observe_who(b.observe, "den/agent.more", &why));
	CU_ASSERT_STRING_EQUAL(why, "too many observers");
	CU_ASSERT_PTR_NOT_NULL(observe_who(b.observe, "den/agent.7", &why));
	tear_down(&b);
}

static bool again(struct bench *b, const char *name, uint32_t phrase, uint64_t seq, uint32_t rtt_us, uint32_t ttl, int64_t now)
{
	const struct observe_repeat r = { .phrase = phrase, .ttl = ttl, .has_rtt = rtt_us != 0, .rtt_us = rtt_us, .seq = seq };
	return observe_again(b->observe, &b->live, who(b, name), &r, now);
}

/* The same again moves what is to be moved, and nothing else; what isn't the same, not newer or not heard is left to observe_put. */
static void the_same_again(void)
{
	struct bench b;
	struct seen s, before;
	int64_t now = loop_now();
	set_up(&b);
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 7, 100, 0, 10, now)); /* nothing before */
	say(&b, "den/dnsd.a", VERDICT_UP, 100, now);
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 0, 101, 0, 10, now));
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 7, 101, 0, 10, now));
	observe_set_phrase(&b.live, who(&b, "den/dnsd.a"), 7);
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 8, 101, 0, 10, now)); /* another phrase */
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 7, 100, 0, 10, now)); /* replayed */
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 7, 99, 0, 10, now));  /* late */
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 7, 101, 0, 9, now));  /* ends earlier than before */
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 7, 101, 0, 20, now + 3 * S)); /* not heard meanwhile */
	observe_read(&b.live, who(&b, "den/dnsd.a")->id, &before);
	CU_ASSERT_TRUE(again(&b, "den/dnsd.a", 7, 101, 1500, 10, now + S));
	observe_read(&b.live, who(&b, "den/dnsd.a")->id, &s);
	CU_ASSERT(s.seq == 101 && s.rtt_us == 1500 && s.received == now + S && s.end == now + 11 * S);
	s.seq = before.seq;
	s.rtt_us = before.rtt_us;
	s.received = before.received;
	s.end = before.end;
	CU_ASSERT_EQUAL(memcmp(&s, &before, sizeof s), 0);
	say(&b, "den/dnsd.a", VERDICT_DOWN, 102, now);
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 7, 103, 0, 20, now)); /* something else was said meanwhile */
	observe_set_phrase(&b.live, who(&b, "den/dnsd.a"), 7);
	observe_forget(&b.live, who(&b, "den/dnsd.a"));
	CU_ASSERT_FALSE(again(&b, "den/dnsd.a", 7, 103, 0, 20, now)); /* withdrawn meanwhile */
	say(&b, "den/agent", VERDICT_UP, 1, now);
	observe_set_phrase(&b.live, who(&b, "den/agent"), 7);
	CU_ASSERT_FALSE(again(&b, "den/agent", 7, 2, 0, 10, now));    /* dnsds only: what others say is passed on */
	tear_down(&b);
}

/* A slot is never seen half written. */
static void *write_slots(void *arg)
{
	struct bench *b = arg;
	struct observer *o = who(b, "den/dnsd.a");
	for (uint32_t i = 2; i < 200000; i++) {
		const struct update_observation said = { .state = i & 1 ? VERDICT_UP : VERDICT_DOWN, .seq = i, .sessions = i, .capacity = i };
		observe_put(b->observe, &b->live, o, &said, 10, i);
	}
	return NULL;
}

static void readers_see_whole_slots(void)
{
	struct bench b;
	pthread_t writer;
	struct seen s = { .seq = 0 };
	set_up(&b);
	say(&b, "den/dnsd.a", VERDICT_UP, 1, S);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&writer, NULL, write_slots, &b), 0);
	unsigned torn = 0;
	while (s.seq < 199999) {
		if (!observe_read(&b.live, 1, &s) || s.seq == 1)
			continue;
		torn += s.sessions != s.seq || s.capacity != s.seq || s.received != (int64_t)s.seq;
	}
	CU_ASSERT_EQUAL(torn, 0);
	pthread_join(writer, NULL);
	tear_down(&b);
}

UNIT_MAIN("observe",
	UNIT_TEST(what_is_newer_counts),
	UNIT_TEST(what_is_withdrawn_does_not_come_back),
	UNIT_TEST(how_long_it_counts),
	UNIT_TEST(order_of_observers),
	UNIT_TEST(heard_and_silent),
	UNIT_TEST(names_that_are_none),
	UNIT_TEST(the_same_again),
	UNIT_TEST(readers_see_whole_slots))
