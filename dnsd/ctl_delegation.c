/* delegation: what the parent zone has to say of ours. */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "generation.h"
#include "lb.h"
#include "rr.h"

static void print_addresses(const struct zone *z, const struct node *n, const char *name, uint16_t type)
{
	const struct rrset *set = zone_type(z, n, type);
	if (!set)
		return;
	for (const uint8_t *p = set->wire, *end = p + set->len; p < end; p += RR_HEAD + wire_get16(p + 10)) {
		char text[ADDR_TEXT_MAX];
		struct addr a;
		addr_from_bytes(&a, type == RR_A ? AF_INET : AF_INET6, p + RR_HEAD, 0);
		printf("%s %u IN %s %s\n", name, (unsigned)set->ttl, type == RR_A ? "A" : "AAAA", addr_text(&a, text));
	}
}

/* The addresses of a name server inside the zone: without them nobody would find it. */
static void print_glue(const struct zone *z, const uint8_t *server)
{
	char text[DNAME_TEXT_MAX];
	struct zone_name n;
	if (!dname_is_below_or_equal(server, z->origin))
		return;
	zone_name_set(&n, server, dname_len(server));
	const struct node *node = zone_find(z, &n, n.labels);
	dname_to_text(server, text);
	if (node) {
		print_addresses(z, node, text, RR_A);
		print_addresses(z, node, text, RR_AAAA);
	}
}

static const struct zone *find_zone(const struct ctl *c, const char *text)
{
	static const uint8_t root[1];
	uint8_t name[DNAME_MAX];
	const char *why = "";
	if (!dname_from_text(name, text, strlen(text), root, &why)) {
		ctl_fail(CTL_USAGE, "\"%s\" is no domain name: %s", text, why);
		return NULL;
	}
	for (size_t i = 0; i < c->gen->nzones; i++)
		if (dname_equal(c->gen->zones[i]->origin, name))
			return c->gen->zones[i];
	ctl_fail(CTL_USAGE, "there is no zone \"%s\"", text);
	return NULL;
}

enum ctl_status ctl_delegation(struct ctl *c)
{
	char origin[DNAME_TEXT_MAX], text[DNAME_TEXT_MAX];
	if (!ctl_generation(c))
		return CTL_REFUSED;
	const struct zone *z = find_zone(c, c->words[0]);
	if (!z)
		return CTL_USAGE;
	const struct rrset *set = zone_type(z, z->apex, RR_NS);
	dname_to_text(z->origin, origin);
	for (const uint8_t *p = set->wire, *end = p + set->len; p < end; p += RR_HEAD + wire_get16(p + 10))
		printf("%s %u IN NS %s\n", origin, (unsigned)set->ttl, dname_to_text(p + RR_HEAD, text));
	for (const uint8_t *p = set->wire, *end = p + set->len; p < end; p += RR_HEAD + wire_get16(p + 10))
		print_glue(z, p + RR_HEAD);
	return CTL_OK;
}
