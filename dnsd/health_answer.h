/*
 * health_answer: the TXT records of a health item, one after the other, as
 * encode asks for them.
 */
#ifndef FAIRLEAD_HEALTH_ANSWER_H
#define FAIRLEAD_HEALTH_ANSWER_H

#include "answer.h"
#include "observe.h"

/* The moment of the answer, of which the records tell. */
struct health_moment {
	int64_t now_mono_ns, now_wall_s;
};

struct health_cursor {
	const struct item *item;
	const struct zone *zone;
	const struct health_moment *moment;
	size_t at, count;            /* members, sites or rows; for one member whether there are more observers */
	unsigned records;            /* of round trips, written */
	size_t slot;                 /* of the observer behind the next */
	struct seen seen;            /* the next observer; observer NULL: we, with nothing to say yet */
};

struct health_cursor health_begin(const struct item *i, const struct zone *z, const struct health_moment *moment);
static inline bool health_more(const struct health_cursor *c) { return c->at < c->count; }
/* Writes the rdata of the next record into `size` bytes; returns its length, 0 when it doesn't fit. */
size_t health_next(struct health_cursor *c, uint8_t *out, size_t size);

#endif
