#include "ahead.h"

#include <string.h>
#include "../common/conf.h"
#include "../common/geo.h"
#include "../common/network.h"
#include "generation.h"
#include "lb.h"

/* A header, the shortest question, and an OPT; before that there can be no option. */
#define QUERY_MIN (12 + 5 + 11)

/* Option code, length, family and SOURCE as they begin an option of /24 and /56; SCOPE is 0, then the address. */
static const uint8_t head4[] = { 0, 8, 0, 7, 0, 1, 24, 0 };
static const uint8_t head6[] = { 0, 8, 0, 11, 0, 2, 56, 0 };

/* Does it end in this option? Its address then. */
static inline const uint8_t *ends_in(const uint8_t *msg, size_t len, const uint8_t head[8], size_t size)
{
	const uint8_t *option = msg + len - size - 8;
	return memcmp(option, head, 8) == 0 ? option + 8 : NULL;
}

void ahead_note(struct ahead *a, const uint8_t *msg, size_t len)
{
	uint8_t bytes[16] = { 0 };
	const uint8_t *address;
	if (len < QUERY_MIN + 8 + 7 || a->n == RANGES_AHEAD_MAX)
		return;
	if ((address = ends_in(msg, len, head4, 3))) {
		memcpy(bytes, address, 3);
		addr_from_bytes(&a->clients[a->n++], AF_INET, bytes, 0);
	} else if ((address = ends_in(msg, len, head6, 7))) {
		memcpy(bytes, address, 7);
		addr_from_bytes(&a->clients[a->n++], AF_INET6, bytes, 0);
	}
}

void ahead_look(const struct ahead *a, const struct generation *g)
{
	if (a->n == 0)
		return;
	if (g->asks_tables & ASKS_NETWORKS)
		networks_ahead(g->conf->networks, a->clients, a->n);
	geo_ahead(g->conf->geo, g->asks_tables, a->clients, a->n);
}
