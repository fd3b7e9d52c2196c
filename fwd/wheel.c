#include "wheel.h"

#include <math.h>
#include <string.h>

#define TICKS_MAX (1u << 30) /* differences of ticks stay below half the range of 32 bits */

static struct wheel_entry **slot(struct wheel *w, uint32_t tick)
{
	return &w->slots[tick & (WHEEL_SLOTS - 1)];
}

/* a comes before b. */
static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static void push(struct wheel_entry **head, struct wheel_entry *e)
{
	e->next = *head;
	e->link = head;
	if (e->next)
		e->next->link = &e->next;
	*head = e;
}

static void unlink_entry(struct wheel_entry *e)
{
	*e->link = e->next;
	if (e->next)
		e->next->link = e->link;
	e->link = NULL;
}

/* Into the slot of its deadline, or the farthest one when that is more than a turn away. */
static void file(struct wheel *w, struct wheel_entry *e)
{
	uint32_t far = w->now + WHEEL_SLOTS - 1;
	e->filed = before(far, e->due) ? far : e->due;
	push(slot(w, e->filed), e);
}

void wheel_init(struct wheel *w, uint32_t now)
{
	memset(w, 0, sizeof *w);
	w->now = now;
}

void wheel_set(struct wheel *w, struct wheel_entry *e, uint32_t ticks)
{
	if (ticks < 1)
		ticks = 1;
	e->due = w->now + (ticks > TICKS_MAX ? TICKS_MAX : ticks);
	if (e->link) {
		if (!before(e->due, e->filed))
			return;
		unlink_entry(e);
	} else {
		w->count++;
	}
	file(w, e);
}

void wheel_remove(struct wheel *w, struct wheel_entry *e)
{
	if (!e->link)
		return;
	unlink_entry(e);
	w->count--;
}

/* The list moves to `firing` first, so that `due` may remove any entry of it while we walk. */
static void fire(struct wheel *w, struct wheel_entry **head, void (*due)(void *, struct wheel_entry *), void *arg, bool all)
{
	w->firing = *head;
	if (w->firing)
		w->firing->link = &w->firing;
	*head = NULL;
	while (w->firing) {
		struct wheel_entry *e = w->firing;
		unlink_entry(e);
		if (!all && before(w->now, e->due)) {
			file(w, e);
			continue;
		}
		w->count--;
		due(arg, e);
	}
}

void wheel_advance(struct wheel *w, uint32_t to, void (*due)(void *arg, struct wheel_entry *e), void *arg)
{
	/* After a long stop (a suspended machine) one turn finds everything. */
	if (to - w->now > WHEEL_SLOTS && before(w->now, to))
		w->now = to - WHEEL_SLOTS;
	while (before(w->now, to)) {
		w->now++;
		fire(w, slot(w, w->now), due, arg, false);
	}
}

void wheel_drain(struct wheel *w, void (*each)(void *arg, struct wheel_entry *e), void *arg)
{
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		fire(w, &w->slots[i], each, arg, true);
}

uint32_t wheel_ticks(double ms)
{
	double ticks = ceil(ms / WHEEL_TICK_MS);
	return ticks < 1 ? 1 : ticks > TICKS_MAX ? TICKS_MAX : (uint32_t)ticks;
}
