/*
 * observe: what each observer last said of each member (spec 5).
 *
 *     live_member.observed -> slots[observer.id]: seq, when, how long, state, numbers
 *
 * The control thread alone writes. Query threads read slots while they are
 * written: each has a version that is odd meanwhile, and is read again then.
 * What readers may hold a pointer to (observers, texts, arrays that became
 * too small) is never freed, or only after a grace period.
 *
 * An observation of one of our programs counts while it is younger than its
 * TTL and its observer is heard: it says at once what changed, and something
 * each exchange.interval, so its silence about a member confirms what it said.
 * One that is not heard for 2.5 intervals counts no more. So a forwarder whose
 * site has gone dark can't keep its members alive for a TTL. Others' count
 * while younger than their TTL.
 */
#ifndef FAIRLEAD_OBSERVE_H
#define FAIRLEAD_OBSERVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/conf.h"
#include "../common/live.h"
#include "../common/update.h"
#include "../common/verdict.h"

/* Fifty sites with a dnsd, a forwarder and agents; a signed message that names more is refused. */
#define OBSERVERS_MAX 512
/* Different texts of check=; a further one is shown as none. */
#define OBSERVE_TEXTS_MAX 1024

struct observer {
	char name[UPDATE_OBSERVER_MAX + 1];
	unsigned id;                   /* place of its slots */
	_Atomic(int) site;             /* index into conf.sites, or OBSERVER_NO_SITE */
	uint8_t program_end;           /* length of "SITE/PROGRAM" in `name` */
	uint8_t site_end;
	unsigned program;              /* the same for all instances of a site's program */
	bool own;                      /* this process */
	bool dnsd;
	bool ours;                     /* one of our programs, SITE/dnsd or SITE/fwd: it says something each exchange.interval */
	_Atomic(int64_t) heard;        /* ns, CLOCK_MONOTONIC: when it last said something new; 0: never */
	/* control thread only */
	uint64_t floor;                /* everything up to this seq is old, though its slot was forgotten */
	bool counts;                   /* heard within 2.5 intervals, as far as has been told */
};

/* What one observer last said of one member. Whole 64-bit words: it is copied as such. */
struct seen {
	const struct observer *observer; /* NULL: nothing */
	uint64_t seq;
	int64_t received, end;         /* ns: when, and until when by its TTL */
	const char *check;             /* NULL: not told */
	uint64_t cost_milli;
	uint32_t rtt_us, sessions, capacity, load_ppm;
	uint32_t local_up, local_all, forwarded_milli, tail_milli;
	uint32_t percent, unused;
	uint32_t has;                  /* enum update_has */
	uint32_t state;                /* enum verdict */
};

struct observe;

struct observe_calls {
	/* Frees `p` when no query thread can see it any more. */
	void (*retire)(void *arg, void *p);
	/* The observer has become silent, or is heard again: what it said counts no more, or again. */
	void (*heard)(void *arg, const struct observer *o, bool heard);
	void *arg;
};

struct event_base;

/* `conf` is borrowed until the next observe_set_conf. NULL: no memory. */
struct observe *observe_new(struct event_base *base, const struct conf *conf, const struct observe_calls *calls);
void observe_delete(struct observe *o);
/* After a reload: sites may have other numbers, times other values. */
void observe_set_conf(struct observe *o, const struct conf *conf);

/* The observer of this process, SITE/dnsd.INSTANCE. */
struct observer *observe_own(struct observe *o);
/* Finds or makes one by its name. NULL: *why (static). */
struct observer *observe_who(struct observe *o, const char *name, const char **why);
size_t observe_count(const struct observe *o);
const struct observer *observe_at(const struct observe *o, size_t i);

enum observe_result {
	OBSERVE_OLD,            /* not newer than what is there: nothing was changed */
	OBSERVE_SAME,           /* taken; the verdict can't differ */
	OBSERVE_CHANGED,        /* taken; it may */
	OBSERVE_FAILED          /* no memory */
};

/* What `who` says of `m`. `said->seq` 0: stamped here. `ttl` in seconds; OBSERVE_FOR_EVER for our own. */
#define OBSERVE_FOR_EVER UINT32_MAX
enum observe_result observe_put(struct observe *o, struct live_member *m, struct observer *who,
                                const struct update_observation *said, uint32_t ttl, int64_t now);
/* The observer's last word of `m`, as observe_put took it, was this phrase (an id, phrases.h). */
void observe_set_phrase(struct live_member *m, const struct observer *who, uint32_t phrase);

/* What is said again in the same phrase. */
struct observe_repeat {
	uint32_t phrase, ttl, rtt_us;
	bool has_rtt;
	uint64_t seq;
};
/*
 * Moves seq, age and round trip, without reading or judging anything, if the
 * last word of `who`, a dnsd that is heard, was the same. False: nothing was
 * done, observe_put has to look at it.
 */
bool observe_again(const struct observe *o, struct live_member *m, const struct observer *who, const struct observe_repeat *r, int64_t now);
/* It will be asked for soon. */
void observe_prefetch(const struct live_member *m, const struct observer *who);
/* The clock in microseconds, or one more than `last`: a seq that grows, even if the clock doesn't. */
uint64_t observe_stamp(uint64_t last);

/* Nothing that it said of `m` so far counts any more, or comes back. */
void observe_forget(struct live_member *m, struct observer *who);
/* A message of it has brought something new. */
void observe_note_heard(struct observe *o, struct observer *who, int64_t now);

/* Observations for verdict_decide, at most OBSERVERS_MAX, in its order. */
size_t observe_gather(const struct observe *o, const struct live_member *m, int64_t now, struct observation *out);
/* The earliest moment after `now` (ns) at which one of them ends by its TTL; INT64_MAX: none. *ended: one did after `since`. */
int64_t observe_next_end(const struct live_member *m, int64_t since, int64_t now, bool *ended);

/* A dnsd of that site is heard. `age`: ns since, negative: never. */
bool observe_site_heard(const struct observe *o, int site, int64_t now, int64_t *age);

/* --- any thread, within a grace period --- */

/* How many slots there are to read; some may be empty. */
size_t observe_slots(const struct live_member *m);
/* False: nothing there. */
bool observe_read(const struct live_member *m, size_t slot, struct seen *out);
/* It still counts. `interval`: exchange.interval in ns. */
bool seen_counts(const struct seen *s, int64_t now, int64_t interval);

#endif
