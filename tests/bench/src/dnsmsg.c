#include "dnsmsg.h"
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static unsigned type_code(const char *text)
{
	static const struct { const char *name; unsigned code; } types[] = {
		{ "A", 1 }, { "NS", 2 }, { "CNAME", 5 }, { "SOA", 6 }, { "MX", 15 }, { "TXT", 16 }, { "AAAA", 28 },
	};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (!strcasecmp(text, types[i].name))
			return types[i].code;
	die("unknown type %s", text);
}

static uint8_t *put_name(uint8_t *p, const char *name)
{
	size_t total = 1;
	while (*name) {
		size_t len = strcspn(name, ".");
		if (len < 1 || len > 63 || (total += len + 1) > 255)
			die("not a name: %s", name);
		*p++ = (uint8_t)len;
		memcpy(p, name, len);
		p += len;
		name += len + (name[len] == '.');
	}
	*p++ = 0;
	return p;
}

static uint8_t *put_opt(uint8_t *p, enum dnsmsg_edns edns, unsigned client)
{
	static const uint8_t opt[] = { 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0 };
	memcpy(p, opt, sizeof opt);
	if (edns < DNSMSG_ECS)
		return p + sizeof opt;
	unsigned net = client * 7919;                   /* spread out, the same in every run */
	unsigned any = (uint32_t)(client * 2654435761u) >> 8;
	const uint8_t first = edns == DNSMSG_ECS ? 10 : (uint8_t)(1 + (any >> 16) % 223);
	net = edns == DNSMSG_ECS ? net : any;
	const uint8_t ecs[] = { 0, 8, 0, 7, 0, 1, 24, 0, first, (uint8_t)(net >> 8), (uint8_t)net };
	p[sizeof opt - 1] = sizeof ecs;
	memcpy(p + sizeof opt, ecs, sizeof ecs);
	return p + sizeof opt + sizeof ecs;
}

void dnsmsg_query(struct dnsmsg *m, const char *name, const char *type, enum dnsmsg_edns edns, unsigned client)
{
	unsigned code = type_code(type);
	memset(m->wire, 0, 12);
	m->wire[5] = 1;
	uint8_t *p = put_name(m->wire + 12, name);
	*p++ = (uint8_t)(code >> 8);
	*p++ = (uint8_t)code;
	*p++ = 0;
	*p++ = 1;
	if (edns != DNSMSG_PLAIN) {
		m->wire[11] = 1;
		p = put_opt(p, edns, client);
	}
	m->len = (uint16_t)(p - m->wire);
}

struct dnsmsg *dnsmsg_load(const char *file, enum dnsmsg_edns edns, size_t *count)
{
	char name[300], type[16];
	struct dnsmsg *list = NULL;
	size_t n = 0, room = 0;
	FILE *f = fopen(file, "r");
	if (!f)
		die("cannot open %s", file);
	while (fscanf(f, "%299s %15s", name, type) == 2) {
		if (n == room) {
			room = room ? room * 2 : 1024;
			list = realloc(list, room * sizeof *list);
			if (!list)
				die("out of memory");
		}
		dnsmsg_query(&list[n], name, type, edns, (unsigned)n);
		n++;
	}
	fclose(f);
	if (!n)
		die("%s: no queries", file);
	*count = n;
	return list;
}
