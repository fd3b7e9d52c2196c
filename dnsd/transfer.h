/*
 * transfer: zones to secondaries: AXFR (RFC 5936) and IXFR (RFC 1995), message
 * by message as the client takes them. A transfer holds its version of the
 * zone (version.h) and nothing else of the server, so it may outlive a reload.
 *
 *     AXFR:  SOA, every other record, SOA
 *     IXFR:  SOA, [ old SOA, what went, new SOA, what came ], SOA       (all changes since in one step)
 *            the new SOA alone when there is nothing newer
 *            as AXFR when we don't know the client's serial: only those that this process gave since it last
 *            read other records for the zone, and not more than version.h remembers
 */
#ifndef FAIRLEAD_TRANSFER_H
#define FAIRLEAD_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/addr.h"
#include "rr.h"

struct conf;
struct generation;
struct key;
struct transfer;
struct tsig;
struct zone_version;

/* Transfers at once, of all clients. Each costs a connection, a few kilobytes, and keeps its version of the zone in memory. */
#define TRANSFERS_MAX 64
/* A message of a transfer. Longer ones would make the others on the thread wait; a record that needs more gets up to 65535. */
#define TRANSFER_MESSAGE 16384

/* A question for AXFR or IXFR in a query, by the bytes: whether it may be answered is another matter. */
bool transfer_is_asked(const uint8_t *msg, size_t len);

/* The client's address is in dns.transfer_to, or the key that signed (NULL: none) is, or has the role for it. */
bool transfer_is_allowed(const struct conf *c, const struct addr *client, const struct key *signer);

/*
 * Begins what `msg` (`len` bytes, without TSIG; transfer_is_asked) asks for.
 * `t`: the exchange when it was signed, taken over; all zero: not signed. NULL:
 * *rcode says why. Inside an RCU read.
 */
struct transfer *transfer_begin(const struct generation *gen, const uint8_t *msg, size_t len, const struct addr *client,
                                struct tsig *t, enum rcode *rcode);

/* The next message, signed if the transfer is, at most `room` bytes; 0: it can't be made, the transfer has failed. */
size_t transfer_message(struct transfer *x, uint8_t *msg, size_t room);

/* Every record has been in a message. */
bool transfer_is_done(const struct transfer *x);

/* All of it in one datagram; an IXFR that doesn't fit becomes the SOA alone (RFC 1995 section 2). Its length, or 0. */
size_t transfer_datagram(struct transfer *x, uint8_t *msg, size_t room);

void transfer_end(struct transfer *x);

#endif
