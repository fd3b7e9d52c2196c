/*
 * encode: what was decided -> bytes, behind the question in the client's own
 * message. Truncation is a rollback to a mark.
 */
#ifndef FAIRLEAD_ENCODE_H
#define FAIRLEAD_ENCODE_H

#include "answer.h"
#include "edns.h"
#include "health_answer.h"

/*
 * `msg` holds the query (header and question in place) and has room for
 * `limit` bytes in all; `limit` is what the client takes, at least 512.
 * Returns the length of the answer.
 */
size_t encode_answer(uint8_t *msg, size_t limit, const struct query *q, const struct answer *a, const struct health_moment *now);
/* The same, and the OPT, if there is one, has the options of `reply`. */
size_t encode_with_options(uint8_t *msg, size_t limit, const struct query *q, const struct answer *a, const struct health_moment *now,
                           const struct edns_reply *reply);

/*
 * An answer without records, for what is answered with an rcode or flags
 * (DNS_TC) only: the received header edited in place, the question if it could
 * be read, OPT with the options of `reply` (NULL: none) if the query had one.
 */
size_t encode_empty(uint8_t *msg, const struct query *q, enum rcode rcode, uint8_t flags, const struct edns_reply *reply);

#endif
