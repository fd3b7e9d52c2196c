/*
 * exchange_parts: what the files of the exchange share; nobody else includes it.
 *
 *     exchange.c           begin and end, peers, what others ask of it
 *     exchange_receive.c   a message comes in
 *     exchange_send.c      messages go out
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
#include "inbox.h"
#include "monitor.h"
#include "observe.h"

/* Messages are not longer than this: others have their turn between them. */
#define MESSAGE_BYTES 16384
/* Changes that wait for the end of this turn of the loop; more are said with everything else. */
#define PENDING_MAX 4096
/* Answers that wait for the disk. */
#define WAITING_MAX 1000

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
	const struct generation *gen;
	struct exchange_calls calls;
	struct link **links; size_t nlinks;
	struct event interval, flush;
	struct pending pending[PENDING_MAX]; size_t npending;
	bool all;                      /* too many pending: say everything */
	uint64_t round, seq;
	uint16_t id;
	struct waiting *waiting; size_t nwaiting;
	uint64_t counts[EXCHANGE_REASONS];
	int64_t logged[EXCHANGE_REASONS]; /* ns: the last line about it */
};

static inline struct observe *observe_of(const struct exchange *x)
{
	return monitor_observe(x->monitor);
}

/* --- exchange.c --- */

/* Counts, and says it now and then. `who` and `why` may be NULL. */
void exchange_note(struct exchange *x, enum exchange_reason r, const struct addr *from, const char *who, const char *why);
/* The zone of that origin (lower case), or NULL. */
struct zone *exchange_zone(const struct exchange *x, const uint8_t *origin);

/* --- exchange_receive.c --- */

void exchange_receive(void *arg, struct inbox_message *m);
/* Orders up to `mark` are on the disk, or can't be written. */
void exchange_note_saved(struct exchange *x, uint64_t mark, bool good);

/* --- exchange_send.c --- */

/* Says at the end of this turn what `who` said of the member. */
void exchange_say(struct exchange *x, const struct zone *zone, const struct live_member *l, const struct observer *who);
void exchange_say_order(struct exchange *x, const struct zone *zone, const uint8_t *owner);
void exchange_on_interval(evutil_socket_t fd, short what, void *arg);
void exchange_on_flush(evutil_socket_t fd, short what, void *arg);

#endif
