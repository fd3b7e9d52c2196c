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

static inline void turn_nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Turns until `*flag` is at least `value`. False: the guard's time is over. */
static inline bool turn_until(struct event_base *base, const volatile unsigned *flag, unsigned value)
{
	int64_t end = loop_now() + TURN_GUARD_SECONDS * NS_PER_SECOND;
	struct timeval guard = { .tv_sec = TURN_GUARD_SECONDS };
	struct event *timer = evtimer_new(base, turn_nothing, NULL);
	event_add(timer, &guard);
	while (*flag < value && loop_now() < end)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(timer);
	return *flag >= value;
}

/* Turns for `ms`, for what must not happen in that time. */
static inline void turn_for(struct event_base *base, int ms)
{
	int64_t end = loop_now() + ms * NS_PER_MS;
	struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct event *timer = evtimer_new(base, turn_nothing, NULL);
	event_add(timer, &wait);
	while (loop_now() < end)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(timer);
}

#endif
