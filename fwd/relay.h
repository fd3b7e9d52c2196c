/*
 * relay: bytes go both ways until both sides have said FIN (spec 8).
 *
 *     client --recv--> the thread's buffer --send--> server
 *                                  \ what it does not take: half.out, and no
 *                                    reading until that is gone: back-pressure
 *
 * FIN is passed on as FIN when all before it is out, RST as RST at once.
 */
#ifndef FAIRLEAD_RELAY_H
#define FAIRLEAD_RELAY_H

#include "session.h"

/* From now on both halves are connected and nothing is tried again. The halves' flags and pending bytes hold as they are. */
void relay_begin(struct session *s);

/* The same, when `len` bytes of the server have been read already. */
void relay_begin_with(struct session *s, const void *data, size_t len);

#endif
