/*
 * moving: zones whose serial moves with the verdicts, and what is transferred
 * of them. With dns.transfer_to, dns.notify or a key for transfers every zone
 * is such a zone; without, zone->moving is NULL and the serial is the file's.
 *
 *     lb_state published -> moving_touch -> a moment's wait -> records differ? -> new version, new serial -> NOTIFY
 *
 * A serial, once given, is never given to another content, and a later one is
 * always greater (RFC 1982), over reloads and, by the clock and a file in the
 * state folder, over restarts.
 */
#ifndef FAIRLEAD_MOVING_H
#define FAIRLEAD_MOVING_H

#include <stdatomic.h>
#include "version.h"

struct conf;
struct event;
struct event_base;
struct generation;

/* One a zone name; lives until the end, since zones come and go and their serial must not go back. */
struct moving {
	_Atomic(uint32_t) serial;                  /* of all SOA records that we give */
	_Atomic(struct zone_version *) current;    /* NULL: not known yet, or no such zone any more */
	/* control thread */
	struct movings *all;
	struct moving *next, *chain;               /* of all; of those with the same hash */
	unsigned followed;                         /* the call of movings_follow that it was last in */
	struct zone *zone;                         /* as it is read now; NULL: it is gone */
	struct event *timer;
	bool anew;                                 /* the zone was read again since the last version */
	bool waiting;                              /* the timer runs */
	int64_t issued;                            /* ns: when the last version was made */
	uint32_t saved;                            /* serials up to here may be given without writing the file first */
	size_t ntouched, touched_room;
	uint32_t *touched;                         /* services whose state was published since */
	uint8_t origin[DNAME_MAX];
};

/* Any thread, inside an RCU read: the version in force, to be kept as long as one likes; NULL: none. */
static inline struct zone_version *moving_hold(struct moving *m)
{
	struct zone_version *v = atomic_load_explicit(&m->current, memory_order_acquire);
	if (v)
		atomic_fetch_add_explicit(&v->users, 1, memory_order_relaxed);
	return v;
}

/* Any thread, any time. */
static inline void moving_release(struct zone_version *v)
{
	atomic_fetch_sub_explicit(&v->users, 1, memory_order_release);
}

/* ---- control thread ---- */

struct movings;

struct moving_calls {
	/* A zone can be transferred with this serial from now on. */
	void (*issued)(void *arg, const struct moving *m);
	void *arg;
};

/* `conf`: where the state folder is, during the call only. NULL: no memory. */
struct movings *movings_new(struct event_base *base, const struct conf *conf, const struct moving_calls *calls);

/* Nobody looks any more. Gives back all pins. */
void movings_delete(struct movings *all);

/*
 * These are the zones from now on. Before the generation is published: then
 * no SOA with the file's serial gets out. Versions follow when all services of
 * a zone have a state. False: no memory, nothing has changed.
 */
bool movings_follow(struct movings *all, const struct generation *g);

/* A new state of this service has been published. */
void moving_touch(const struct lb *lb);

#endif
