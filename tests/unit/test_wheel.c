/* The forwarder's deadlines: nothing early, nothing forgotten, whatever its callbacks do. */
#include <stdlib.h>
#include <string.h>
#include "fwd/wheel.h"
#include "unit.h"

struct timer {
	struct wheel_entry entry;
	uint32_t fired_at;      /* tick; 0: not yet */
	unsigned fired;
	uint32_t again;         /* ticks: enters itself again so often */
	struct timer *victim;   /* taken out when this one fires */
};

static struct wheel wheel;

static void fire(void *arg, struct wheel_entry *e)
{
	struct timer *t = (struct timer *)e;
	(void)arg;
	t->fired++;
	t->fired_at = wheel.now;
	if (t->again)
		wheel_set(&wheel, e, t->again);
	if (t->victim)
		wheel_remove(&wheel, &t->victim->entry);
}

static void advance(uint32_t ticks)
{
	wheel_advance(&wheel, wheel.now + ticks, fire, NULL);
}

static void fires_in_its_tick(void)
{
	static const uint32_t after[] = { 1, 2, 100, WHEEL_SLOTS - 2, WHEEL_SLOTS - 1, WHEEL_SLOTS, WHEEL_SLOTS + 1, 5 * WHEEL_SLOTS + 7 };
	for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
		struct timer t = { 0 };
		/* close to the end of the range, so that ticks wrap */
		wheel_init(&wheel, UINT32_MAX - 50);
		wheel_set(&wheel, &t.entry, after[i]);
		CU_ASSERT_EQUAL(wheel.count, 1);
		advance(after[i] - 1);
		CU_ASSERT_EQUAL(t.fired, 0);
		advance(1);
		CU_ASSERT_EQUAL(t.fired, 1);
		CU_ASSERT_EQUAL(wheel.count, 0);
		advance(2 * WHEEL_SLOTS);
		CU_ASSERT_EQUAL(t.fired, 1);
	}
}

static void zero_is_the_next_tick(void)
{
	struct timer t = { 0 };
	wheel_init(&wheel, 7);
	wheel_set(&wheel, &t.entry, 0);
	advance(1);
	CU_ASSERT_EQUAL(t.fired, 1);
}

static void moves_away_and_nearer(void)
{
	struct timer t = { 0 };
	wheel_init(&wheel, 1000);
	wheel_set(&wheel, &t.entry, 10);
	advance(5);
	wheel_set(&wheel, &t.entry, 3000);
	advance(2999);
	CU_ASSERT_EQUAL(t.fired, 0);
	wheel_set(&wheel, &t.entry, 4000);
	wheel_set(&wheel, &t.entry, 2);
	advance(1);
	CU_ASSERT_EQUAL(t.fired, 0);
	advance(1);
	CU_ASSERT_EQUAL(t.fired, 1);
	CU_ASSERT_EQUAL(wheel.count, 0);
}

static void callbacks_may_enter_and_remove(void)
{
	struct timer a = { .again = WHEEL_SLOTS }, b = { 0 }, c = { 0 };
	wheel_init(&wheel, 0);
	/* the same tick: entered last, fires first, and takes out the one that would be next */
	wheel_set(&wheel, &c.entry, 5);
	wheel_set(&wheel, &b.entry, 5);
	wheel_set(&wheel, &a.entry, 5);
	a.victim = &b;
	advance(5);
	CU_ASSERT_EQUAL(a.fired, 1);
	CU_ASSERT_EQUAL(b.fired, 0);
	CU_ASSERT_EQUAL(c.fired, 1);
	CU_ASSERT_EQUAL(wheel.count, 1);
	advance(WHEEL_SLOTS);
	CU_ASSERT_EQUAL(a.fired, 2);
}

static void a_long_stop_forgets_nobody(void)
{
	struct timer t[3];
	memset(t, 0, sizeof t);
	wheel_init(&wheel, 0);
	wheel_set(&wheel, &t[0].entry, 3);
	wheel_set(&wheel, &t[1].entry, 90000);
	wheel_set(&wheel, &t[2].entry, 200000);
	advance(100000);
	CU_ASSERT_EQUAL(t[0].fired, 1);
	CU_ASSERT_EQUAL(t[1].fired, 1);
	CU_ASSERT_EQUAL(t[2].fired, 0);
	advance(100000);
	CU_ASSERT_EQUAL(t[2].fired, 1);
}

static void a_clock_that_stands_does_nothing(void)
{
	struct timer t = { 0 };
	wheel_init(&wheel, 50);
	wheel_set(&wheel, &t.entry, 1);
	wheel_advance(&wheel, 50, fire, NULL);
	wheel_advance(&wheel, 49, fire, NULL);
	CU_ASSERT_EQUAL(t.fired, 0);
	CU_ASSERT_EQUAL(wheel.now, 50);
}

/* Against a plain list of deadlines: many entries, moved and removed at random. */
static void agrees_with_a_list(void)
{
	enum { N = 300 };
	static struct timer t[N];
	static uint32_t due[N]; /* 0: none */
	srand(1);
	memset(t, 0, sizeof t);
	wheel_init(&wheel, 1);
	for (int round = 0; round < 20000; round++) {
		int i = rand() % N;
		uint32_t after = 1 + (uint32_t)rand() % (rand() % 3 ? 100 : 5000);
		if (rand() % 5) {
			wheel_set(&wheel, &t[i].entry, after);
			due[i] = wheel.now + after;
		} else {
			wheel_remove(&wheel, &t[i].entry);
			due[i] = 0;
		}
		advance((uint32_t)rand() % 4);
		for (int k = 0; k < N; k++) {
			bool expected = due[k] && (int32_t)(due[k] - wheel.now) <= 0;
			if (expected != (t[k].fired == 1) || (expected && t[k].fired_at != due[k])) {
				CU_FAIL("fired at another tick, or twice, or not at all");
				return;
			}
			if (expected)
				due[k] = t[k].fired = 0;
		}
	}
	CU_PASS("all as the list says");
}

static unsigned drained;

static void drain(void *arg, struct wheel_entry *e)
{
	(void)arg, (void)e;
	drained++;
}

static void draining_finds_all(void)
{
	struct timer t[4];
	memset(t, 0, sizeof t);
	wheel_init(&wheel, 9);
	for (uint32_t i = 0; i < 4; i++)
		wheel_set(&wheel, &t[i].entry, 1 + i * 700);
	drained = 0;
	wheel_drain(&wheel, drain, NULL);
	CU_ASSERT_EQUAL(drained, 4);
	CU_ASSERT_EQUAL(wheel.count, 0);
}

static void milliseconds_round_up(void)
{
	CU_ASSERT_EQUAL(wheel_ticks(0), 1);
	CU_ASSERT_EQUAL(wheel_ticks(WHEEL_TICK_MS), 1);
	CU_ASSERT_EQUAL(wheel_ticks(WHEEL_TICK_MS + 0.1), 2);
	CU_ASSERT_EQUAL(wheel_ticks(300000), 300000 / WHEEL_TICK_MS);
	CU_ASSERT(wheel_ticks(1e30) <= 1u << 30);
}

UNIT_MAIN("wheel", UNIT_TEST(fires_in_its_tick), UNIT_TEST(zero_is_the_next_tick), UNIT_TEST(moves_away_and_nearer),
          UNIT_TEST(callbacks_may_enter_and_remove), UNIT_TEST(a_long_stop_forgets_nobody),
          UNIT_TEST(a_clock_that_stands_does_nothing), UNIT_TEST(agrees_with_a_list), UNIT_TEST(draining_finds_all),
          UNIT_TEST(milliseconds_round_up))
