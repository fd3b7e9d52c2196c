/*
 * exchange_reason: why what was sent to us by UPDATE was not taken, and how
 * often: in the log, and for all to see in _sites.ORIGIN. Any thread.
 */
#ifndef FAIRLEAD_EXCHANGE_REASON_H
#define FAIRLEAD_EXCHANGE_REASON_H

#include <stdint.h>

enum exchange_reason {
	EXCHANGE_TAKEN,         /* records; no reason, but counted as well */
	EXCHANGE_NOT_NEWER,     /* records: replayed, late or reordered */
	EXCHANGE_UNKNOWN,       /* records of members that we don't have */
	EXCHANGE_OWN_NAME,      /* records that bear our own name */
	EXCHANGE_FULL,          /* records: a limit is reached */
	EXCHANGE_MALFORMED,     /* messages, as all below */
	EXCHANGE_REFUSED, EXCHANGE_NOT_ZONE, EXCHANGE_BADKEY, EXCHANGE_BADSIG, EXCHANGE_BADTIME, EXCHANGE_BADTRUNC,
	/* never seen by the control thread: */
	EXCHANGE_UNSIGNED,
	EXCHANGE_TOO_LONG,      /* for a datagram */
	EXCHANGE_NO_ROOM,       /* too many wait already */
	EXCHANGE_REASONS
};

/* One word, "not-newer": a key in TXT. */
const char *exchange_reason_name(enum exchange_reason r);
/* Counts, and returns how many there are now. */
uint64_t exchange_count_one(enum exchange_reason r);
uint64_t exchange_count(enum exchange_reason r);

#endif
