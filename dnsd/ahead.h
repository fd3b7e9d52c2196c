/*
 * ahead: whose look-ups in tables of clients are about to come. Such a look-up
 * waits for memory four times, and each query for its own; a batch of queries
 * can wait for all of theirs at once.
 *
 * Only of queries with Client Subnet: they are for as many clients as there are
 * networks, while resolvers come again and again, and what is read for them
 * stays in the cache. It is a hint, from a glance at the end of the message;
 * the answer doesn't depend on it.
 */
#ifndef FAIRLEAD_AHEAD_H
#define FAIRLEAD_AHEAD_H

#include <stddef.h>
#include <stdint.h>
#include "../common/addr.h"
#include "../common/ranges.h"

struct generation;

struct ahead {
	size_t n;
	struct addr clients[RANGES_AHEAD_MAX];
};

/* Notes for whom a message asks, if it ends in a Client Subnet of one of the usual lengths, /24 and /56 (RFC 7871 section 11.1). */
void ahead_note(struct ahead *a, const uint8_t *msg, size_t len);
/* Brings into the cache what they will need, as far as services of the generation look at it. */
void ahead_look(const struct ahead *a, const struct generation *g);

#endif
