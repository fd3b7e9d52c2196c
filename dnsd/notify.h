/*
 * notify: telling secondaries that a zone has a new serial (RFC 1996), by UDP,
 * until they answer or NOTIFY_TRIES are used up; then they find out by their
 * own refresh. Control thread only.
 *
 * It comes from the site's control address, so that is the address by which
 * secondaries have to know this primary.
 */
#ifndef FAIRLEAD_NOTIFY_H
#define FAIRLEAD_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/addr.h"

struct conf;
struct event_base;
struct notify;

/* Seconds until it is sent again; doubled each time: 1, 2, 4, 8, 16, 32 make a minute in all. */
#define NOTIFY_WAIT_SECONDS 1
#define NOTIFY_TRIES 6

/* NULL: no memory. */
struct notify *notify_new(struct event_base *base);
void notify_delete(struct notify *n);

/* dns.notify and the own site's addresses; copied. What waits for others is given up. */
void notify_configure(struct notify *n, const struct conf *c);

/*
 * The zone (wire form) has a new SOA: told to everybody at once; what was
 * still being told of it is replaced.
 */
void notify_zone(struct notify *n, const uint8_t *origin, uint32_t serial);

#endif
