/*
 * turn: an event base that turns until something has happened. Tests wait for
 * events; the guard only keeps a broken test from hanging.
 */
#ifndef FAIRLEAD_TURN_H
#define FAIRLEAD_TURN_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include "loop.h"

#define TURN_GUARD_SECONDS 20
#define TURN_TICK (10 * NS_PER_MS)

/* How late this process was while it turned, because it did not get its share of the machine: in all, and at the worst
   (ns). Upper bounds are extended by it, so that a busy machine fails no test and a quiet one is judged sharply. */
static struct { int64_t last, sum, worst; } turn_late;

static inline void turn_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

static inline void turn_tick(evutil_socket_t fd, short what, void *arg)
{
	int64_t now = loop_now(), late = now - turn_late.last - TURN_TICK;
	(void)fd;
	(void)what;
	(void)arg;
	turn_late.last = now;
	if (late > 0)
		turn_late.sum += late;
	if (late > turn_late.worst)
		turn_late.worst = late;
}

/* Turns until `*flag` is at least `value`, or `ms` are over. */
static inline void turn(struct event_base *base, const volatile unsigned *flag, unsigned value, int ms)
{
	bool over = false;
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 }, tick = { .tv_usec = TURN_TICK / 1000 };
	struct event *timer = evtimer_new(base, turn_over, &over);
	struct event *ticker = event_new(base, -1, EV_PERSIST, turn_tick, NULL);
	event_add(timer, &wait);
	event_add(ticker, &tick);
	turn_late.last = loop_now();
	while (!over && (!flag || *flag < value))
		event_base_loop(base, EVLOOP_ONCE);
	turn_tick(-1, 0, NULL);
	event_free(ticker);
	event_free(timer);
}

/* No more than `bound` ns since `begun`, but for what the machine kept from us since turn_reset. */
static inline bool turn_within(int64_t begun, int64_t now, int64_t bound)
{
	return now - begun <= bound + turn_late.sum;
}

static inline void turn_reset(void)
{
	turn_late.sum = turn_late.worst = 0;
}

/* False: the guard's time is over. */
static inline bool turn_until(struct event_base *base, const volatile unsigned *flag, unsigned value)
{
	turn(base, flag, value, TURN_GUARD_SECONDS * 1000);
	return *flag >= value;
}

/* For what must not happen in that time. */
static inline void turn_for(struct event_base *base, int ms)
{
	turn(base, NULL, 0, ms);
}

#endif
