/*
 * source: where relays to peers come from: the proxy IPs in turn, so that 64k
 * ports towards one peer are no limit. Without any: the site's control
 * addresses, since the peer must see that a site is calling (case 1, no loops).
 */
#ifndef FAIRLEAD_SOURCE_H
#define FAIRLEAD_SOURCE_H

#include <stddef.h>
#include "addr.h"
#include "site.h"

/* The nth of this family, round and round, to *out. Returns how many there are; 0: *out is as before. */
size_t source_pick(const struct site *own, int family, size_t nth, const struct addr **out);

/* Logs those proxy IPs that this machine doesn't have: it may get them later, but until then they are passed over. */
void source_warn(const struct site *own);

#endif
