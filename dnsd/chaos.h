/*
 * chaos: what the server says of itself in class CHAOS: id.server and
 * hostname.bind (RFC 4892), version.server and version.bind.
 */
#ifndef FAIRLEAD_CHAOS_H
#define FAIRLEAD_CHAOS_H

#include "zone.h"

/* The text of a name when the server is known as `identity`; NULL: no such name, or it tells nothing (`identity` NULL). */
const char *chaos_text(const struct zone_name *n, const char *identity);

#endif
