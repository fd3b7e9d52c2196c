/*
 * respond: one message in, one message out, in the same bytes. This is the
 * whole way of a query between the sockets: query -> answer -> encode, with
 * what depends on who asks: cookies and the rate limit.
 */
#ifndef FAIRLEAD_RESPOND_H
#define FAIRLEAD_RESPOND_H

#include "responder.h"

void responder_init(struct responder *r, uint64_t seed);

/*
 * Answers the message in `msg` (`len` bytes, room for `room`, and at least
 * `len` + ZONE_NAME_SLACK bytes readable) from `client`
 * with the generation `gen`. `tcp`: the answer may be as long as `room`, else
 * as the client takes by UDP. Returns the answer's length; 0: no answer.
 */
size_t respond(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
               const struct addr *client, bool tcp);

#endif
