/*
 * signed: the rare messages that respond() puts aside: those with a TSIG
 * record, and questions for transfers. A signed query is answered as if it
 * were not, and the answer is signed (RFC 8945); it may cost more than others.
 *
 *     respond -> signed_begin: TSIG off -> respond -> signed_end: TSIG on
 */
#ifndef FAIRLEAD_SIGNED_H
#define FAIRLEAD_SIGNED_H

#include "../common/tsig.h"
#include "responder.h"

struct transfer;

/* A query whose signature was good. */
struct signed_query {
	struct tsig tsig;
	size_t room;                 /* for its answer, as the TSIG has to fit, too */
};

/*
 * A message by UDP or, unless it asks for a transfer, by TCP. Parameters as of
 * respond(). True: `msg` has *len bytes now, and no TSIG; its answer goes
 * through signed_end. False: it is answered, by *len bytes (0: not at all).
 * An IXFR by UDP is answered whole where it fits, else by the SOA alone (RFC
 * 1995 section 2); an AXFR is refused there (RFC 5936 section 4.2). *refused is
 * set when it is an error that respond() has not seen: a bad signature, or an
 * IXFR that is not allowed.
 */
bool signed_begin(struct responder *r, const struct generation *gen, struct signed_query *q, uint8_t *msg, size_t *len, size_t room,
                  const struct addr *client, bool tcp, bool *refused);
/* Signs the answer of `len` bytes, and ends `q`. Returns the answer's length. */
size_t signed_end(struct signed_query *q, uint8_t *msg, size_t len, size_t room);

/*
 * A question for a transfer by TCP (transfer_is_asked). Returns the length of
 * the first message in `msg`, 0: none, the connection is to end. *more: what
 * makes the others, the caller's to end; NULL: that was all.
 */
size_t signed_transfer(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
                       const struct addr *client, struct transfer **more);

#endif
