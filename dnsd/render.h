/*
 * render: a service's records as they are transferred, at one moment.
 */
#ifndef FAIRLEAD_RENDER_H
#define FAIRLEAD_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/dname.h"

struct lb;
struct lb_state;
struct zone;

/* One record of a render: owner_len (1) owner (without the origin) type (2) TTL (4) rdlength (2) rdata, names uncompressed. */
struct render {
	unsigned refs;
	uint32_t count, len;         /* records; bytes of them */
	uint32_t *sorted;            /* where each begins, in the order of their bytes */
	uint8_t *records;
};

/*
 * The records that stand for a service: all addresses of its gate's set, or
 * the CNAME when a host name comes first in it; and for each LABEL.SERVICE the
 * same of that member while it isn't down, else of the service. A wildcard has
 * no such names. NULL: no memory.
 */
struct render *render_new(const struct zone *z, const struct lb *lb, const struct lb_state *st);
void render_drop(struct render *r);
bool render_equal(const struct render *a, const struct render *b);
/* The record that begins at `record` stands in `r`, too. */
bool render_has(const struct render *r, const uint8_t *record);

static inline const uint8_t *render_record(const struct render *r, uint32_t i) { return r->records + r->sorted[i]; }

#endif
