/*
 * exchange_parts: what the files of the exchange share; nobody else includes it.
 *
 *     exchange.c           begin and end, peers, what others ask of it
 *     exchange_receive.c   a message comes in: signature, permissions, orders
 *     exchange_said.c      observations: what is new, and what is only said again
 *     exchange_rtt.c       ... of round trips
 *     exchange_signer.c    as whom a key may speak
 *     exchange_send.c      messages go out
 *     exchange_note.c      what was not taken, counted and said
 */
#ifndef FAIRLEAD_EXCHANGE_PARTS_H
#define FAIRLEAD_EXCHANGE_PARTS_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include "../common/conf.h"
#include "../common/link.h"
#include "../common/tsig.h"
#include "../common/update.h"
#include "admin.h"
#include "exchange.h"
#include "exchange_reason.h"
#include "inbox.h"
#include "monitor.h"
#include "observe.h"
#include "owners.h"
#include "phrases.h"

/* Near the most that a message can be: each of them costs a signature, an answer, and the waking of two threads. */
#define MESSAGE_BYTES 60000
/* Changes that wait for the end of this turn of the loop; more are said with everything else. */
#define PENDING_MAX 4096
/* Answers that wait for the disk. */
#define WAITING_MAX 1000

/* Records of the longest message: one octet of owner, and ten of the rest. */
#define RECORDS_MAX (65535 / 11)

/* A record of a message that is under way. */
struct said {
	struct live_member *live;      /* NULL: not known at a glance; it is read at `at` */
	const struct phrase *phrase;
	struct observe_repeat repeat;
	const uint8_t *at;
};

struct pending { const struct zone *zone; const struct live_member *live; const struct observer *who; };

/* An answer that is given when an order is on the disk. */
struct waiting {
	struct waiting *next;
	struct inbox_message *message;
	struct tsig tsig;
	uint64_t mark;
};

struct exchange {
	struct event_base *base;
	struct live *live;
	struct monitor *monitor;
	struct admin *admin;
	struct rtts *rtts;
	const struct generation *gen;
	struct exchange_calls calls;
	struct link **links; size_t nlinks;
	struct event interval, flush;
	struct pending pending[PENDING_MAX]; size_t npending;
	bool all;                      /* too many pending: say everything */
	uint64_t round, seq;
	struct talk *talk;             /* exchange_send.c's */
	uint16_t id;
	struct waiting *waiting; size_t nwaiting;
	struct owners *owners;         /* of `gen`; NULL: no memory for it */
	struct phrases *phrases;
	struct said *said;             /* RECORDS_MAX */
	int64_t logged[EXCHANGE_REASONS]; /* ns: the last line about it */
	int64_t log_wait[EXCHANGE_REASONS]; /* ns: until the next */
	uint64_t told[EXCHANGE_REASONS];  /* of those that other threads count: how many had been there then */
};

static inline struct observe *observe_of(const struct exchange *x)
{
	return monitor_observe(x->monitor);
}

/* A message on its way through. */
struct job {
	struct exchange *x;
	struct inbox_message *message;
	struct tsig tsig;
	struct zone *zone;
	char permitted[UPDATE_OBSERVER_MAX + 1]; /* an observer that the signer may write as; most messages have one only */
	struct observer *who;          /* the last observer, likewise */
	struct zone_site *heard;       /* of `who`'s site */
	const struct phrase *phrase;   /* the last one, likewise */
	struct owners_walk walk;
	int64_t now;                   /* ns, CLOCK_MONOTONIC */
	const char *why;               /* static text for whoever asked; NULL: none */
	bool ordered;                  /* an operator's order was taken: it is confirmed when it is on the disk */
};

/* --- exchange_receive.c --- */

void exchange_receive(void *arg, struct inbox_message *m);
/* Orders up to `mark` are on the disk, or can't be written. */
void exchange_note_saved(struct exchange *x, uint64_t mark, bool good);

/* --- exchange_said.c --- */

/* The next record of `u`, if it is one that can be taken as it is, by who signed it. */
bool exchange_glance(struct job *j, struct update *u, struct said *s);
/* Takes such a record. */
void exchange_take_again(struct job *j, const struct said *s);
/* Takes a record that was read; with `g` not NULL its like will be known at a glance. */
void exchange_take_said(struct job *j, const struct update_record *r, const struct update_owner *o, const struct update_glance *g);
void exchange_delete_said(struct job *j, const struct update_record *r, const struct update_owner *o);

/* --- exchange_rtt.c --- */

/* SITE._rtt.ORIGIN: may the signer write it? False: j->why. */
bool exchange_check_rtt(struct job *j, const struct update_record *r, const struct update_owner *o);
/* Takes such a record, and passes it on if it is our own site's. */
void exchange_take_rtt(struct job *j, const struct update_record *r, const struct update_owner *o);

/* --- exchange_signer.c --- */

/* The key is that of the site of this name. */
bool exchange_is_site_of(const struct conf *c, const struct key *key, const char *name, size_t len);
/* The signer may write as this observer (a name). */
bool exchange_may_write_as(struct job *j, const char *observer);

/* --- exchange_send.c --- */

bool exchange_send_begin(struct exchange *x); /* false: no memory */
void exchange_send_end(struct exchange *x);

/* Says at the end of this turn what `who` said of the member. */
void exchange_say(struct exchange *x, const struct zone *zone, const struct live_member *l, const struct observer *who);
void exchange_say_order(struct exchange *x, const struct zone *zone, const uint8_t *owner);
/* Says one record as it is. */
void exchange_say_record(struct exchange *x, const struct zone *zone, const uint8_t *owner, uint32_t ttl, const uint8_t *rdata, size_t len);
void exchange_on_interval(evutil_socket_t fd, short what, void *arg);
void exchange_on_flush(evutil_socket_t fd, short what, void *arg);

/* --- exchange_note.c --- */

/* Counts, and says it now and then. `who` and `why` may be NULL. */
void exchange_note(struct exchange *x, enum exchange_reason r, const struct addr *from, const char *who, const char *why);
/* Counts why something in the message was not taken. */
void exchange_note_job(struct job *j, enum exchange_reason r, const char *why);
/* Says what other threads have counted. */
void exchange_note_others(struct exchange *x);

#endif
