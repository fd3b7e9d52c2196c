#include "chaos.h"

#include "config.h"

static bool is(const struct zone_name *n, const char *wire, size_t size)
{
	return n->len == size && memcmp(n->wire, wire, size) == 0;
}
#define IS(n, wire) is(n, wire, sizeof wire)

const char *chaos_text(const struct zone_name *n, const char *identity)
{
	if (!identity)
		return NULL;
	if (IS(n, "\2id\6server") || IS(n, "\10hostname\4bind"))
		return identity;
	if (IS(n, "\7version\6server") || IS(n, "\7version\4bind"))
		return "fairlead " PACKAGE_VERSION;
	return NULL;
}
