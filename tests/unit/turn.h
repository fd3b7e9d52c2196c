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

static inline void turn_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* Turns until `*flag` is at least `value`, or `ms` are over. */
static inline void turn(struct event_base *base, const volatile unsigned *flag, unsigned value, int ms)
{
	bool over = false;
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct event *timer = evtimer_new(base, turn_over, &over);
	event_add(timer, &wait);
	while (!over && (!flag || *flag < value))
		event_base_loop(base, EVLOOP_ONCE);
	event_free(timer);
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
