#include <stdlib.h>

#include "network_parts.h"

const struct network_sites *networks_find(const struct networks *t, const struct addr *a, uint8_t *scope)
{
	_Static_assert(sizeof(struct network_sites) == sizeof(uint16_t), "lists are words");
	uint32_t at = t ? ranges_find(t->ranges, a, scope) : RANGES_NONE;

	return at == RANGES_NONE ? NULL : (const struct network_sites *)(const void *)(t->lists + at);
}

void networks_ahead(const struct networks *t, const struct addr *a, size_t n)
{
	uint32_t at[RANGES_AHEAD_MAX];

	if (!t)
		return;
	ranges_ahead(t->ranges, a, n, at);
	for (size_t i = 0; i < n; i++)
		if (at[i] != RANGES_NONE)
			__builtin_prefetch(&t->lists[at[i]]);
}

size_t networks_count(const struct networks *t)
{
	return t->prefixes;
}

size_t networks_bytes(const struct networks *t)
{
	return sizeof *t + ranges_bytes(t->ranges) + t->bytes;
}

void networks_free(struct networks *t)
{
	if (!t)
		return;
	ranges_free(t->ranges);
	free(t->lists);
	free(t);
}
