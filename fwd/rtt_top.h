/*
 * rtt_top: the client networks with the most traffic, and how far away each
 * is, in a fixed number of places (space-saving: Metwally, Agrawal, El Abbadi,
 * "Efficient computation of frequent and top-k elements in data streams",
 * ICDT 2005). A network that has no place takes that of the one with the
 * fewest, and goes on counting from there: whoever has more than a
 * RTT_TOP-th of the traffic has a place for sure. Counts are halved now and
 * then, so that who has become quiet makes way. Pure.
 */
#ifndef FAIRLEAD_RTT_TOP_H
#define FAIRLEAD_RTT_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rtt_ring.h"

#define RTT_TOP 1024
#define RTT_TOP_HALVED_SECONDS 300
/* What was told is told again after so long, if there is a newer measurement; at once (but for a while's rest) when it differs by a fifth. */
#define RTT_TOP_AGAIN_SECONDS 60
#define RTT_TOP_REST_SECONDS 10

struct rtt_top;

/* `seed`: random. NULL: no memory. */
struct rtt_top *rtt_top_new(uint64_t seed);
void rtt_top_delete(struct rtt_top *t);

/* One measurement; `now`: ns, monotonic, never less than before. */
void rtt_top_add(struct rtt_top *t, const struct rtt_measured *m, int64_t now);

/* Those that it is time to tell, smoothed, at most `max`; they count as told now. All get their turn. */
size_t rtt_top_due(struct rtt_top *t, int64_t now, struct rtt_measured *out, size_t max);

#endif
