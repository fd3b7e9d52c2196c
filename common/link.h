/*
 * link: the way to one address of a dnsd, of a peer or our own. One TCP connection is kept
 * open (RFC 7766) and made again when it ends or when nothing is answered;
 * while there is none, what fits goes by UDP. Nothing is ever queued for
 * later: what is lost is said again soon.
 */
#ifndef FAIRLEAD_LINK_H
#define FAIRLEAD_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"

struct event_base;
struct link;

/* What passes nearly every path in one datagram (RFC 9715). */
#define LINK_UDP_MAX 1232

struct link_counts { uint64_t tcp, udp, dropped, answers, refused; };

/* `whom` (static): what the log calls it, "a peer". `from`: the source of connections, family AF_UNSPEC: any. `silence`: ns without an answer after which a connection is given up. */
struct link *link_new(struct event_base *base, const char *whom, const char *site, const struct addr *to, const struct addr *from,
                      int64_t silence);
void link_delete(struct link *l);

bool link_is(const struct link *l, const char *site, const struct addr *to, const struct addr *from);
/* There is a connection: messages longer than LINK_UDP_MAX pass, too. */
bool link_is_up(const struct link *l);
/* Its last answer wasn't NOERROR. */
bool link_is_refused(const struct link *l);
void link_send(struct link *l, const uint8_t *msg, size_t len);
const struct link_counts *link_counts(const struct link *l);

#endif
