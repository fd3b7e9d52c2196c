/*
 * wheel: the deadlines of a worker's sessions, coarse and cheap. Time is
 * counted in ticks; a slot holds all entries that come up in its tick.
 *
 *     slot   now  +1   +2   ...            one turn of the wheel: WHEEL_SLOTS ticks
 *                  |    |
 *                  e    e -> e             an entry is looked at when its slot comes up:
 *                                          due: handed out; due later: filed again
 *
 * A deadline that only moves away (idle_timeout, at each byte) costs one
 * store: the entry stays in its slot and is filed again when that comes up.
 * No clock and no sockets in here; one thread uses a wheel.
 */
#ifndef FAIRLEAD_WHEEL_H
#define FAIRLEAD_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Half of the shortest time that spec 8 measures (50 ms); 20 wake-ups a second cost nothing. */
#define WHEEL_TICK_MS 25
/* 25.6 s a turn: a session that idles for minutes is looked at a few times a minute. A power of two. */
#define WHEEL_SLOTS 1024

struct wheel_entry {
	struct wheel_entry *next, **link; /* link NULL: not in the wheel */
	uint32_t due;    /* tick; may lie behind the slot's */
	uint32_t filed;  /* tick of the slot that it is in */
};

struct wheel {
	uint32_t now;    /* tick; wraps, so compare by difference */
	size_t count;    /* entries */
	struct wheel_entry *slots[WHEEL_SLOTS];
	struct wheel_entry *firing; /* of the slot that is being looked at */
};

/* `now`: the present tick. */
void wheel_init(struct wheel *w, uint32_t now);

/* Enters `e` (all zero when new) or changes its deadline: `ticks` from now, at least 1, at most 2^30. */
void wheel_set(struct wheel *w, struct wheel_entry *e, uint32_t ticks);

/* Takes it out, if it is in. */
void wheel_remove(struct wheel *w, struct wheel_entry *e);

/*
 * Time goes on to `to`. Every entry that has come up is taken out and handed
 * to `due`, which may enter it again and may change or remove any other.
 */
void wheel_advance(struct wheel *w, uint32_t to, void (*due)(void *arg, struct wheel_entry *e), void *arg);

/* Takes out and hands over every entry, whenever it is due. None may be entered meanwhile. */
void wheel_drain(struct wheel *w, void (*each)(void *arg, struct wheel_entry *e), void *arg);

/* Milliseconds to ticks, rounded up, so that nothing comes up early. */
uint32_t wheel_ticks(double ms);

#endif
