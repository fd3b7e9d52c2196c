#include "ctl.h"

#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../common/loop.h"
#include "../common/zonefile.h"
#include "generation.h"
#include "lb.h"
#include "rr.h"

enum ctl_status ctl_fail(enum ctl_status status, const char *fmt, ...)
{
	va_list args;
	fputs("fairleadctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

struct conf *ctl_conf(struct ctl *c)
{
	struct errs errs;
	if (c->conf)
		return c->conf;
	errs_init(&errs);
	c->conf = conf_load(c->file, &errs);
	if (c->conf && !c->conf->has_dns)
		errs_add(&errs, c->file, 0, 0, "there is no \"dns\" section");
	errs_print(&errs, stderr);
	if (errs.count) {
		conf_free(c->conf);
		c->conf = NULL;
	}
	errs_free(&errs);
	return c->conf;
}

/* --- zones --- */

static struct generation *load(struct conf *conf)
{
	struct errs errs;
	static bool seeded;
	if (!seeded)
		zone_hash_seed((uint64_t)loop_now());
	seeded = true;
	errs_init(&errs);
	struct generation *g = generation_load(conf, NULL, &errs);
	errs_print(&errs, stderr);
	if (g && errs.count) {
		generation_delete(g);
		g = NULL;
	}
	errs_free(&errs);
	return g;
}

struct generation *ctl_load(const char *file)
{
	struct ctl c = { .file = file };
	return ctl_conf(&c) ? load(c.conf) : NULL;
}

struct generation *ctl_generation(struct ctl *c)
{
	if (c->gen || !ctl_conf(c))
		return c->gen;
	c->gen = load(c->conf);
	c->conf = c->gen ? c->gen->conf : NULL; /* without a generation it is gone */
	return c->gen;
}

struct lb *ctl_service(struct ctl *c, const char *text)
{
	uint8_t name[DNAME_MAX], origin[DNAME_MAX];
	struct zone_name n;
	unsigned labels;
	if (!ctl_service_name(c, text, name, origin) || !ctl_generation(c))
		return NULL;
	zone_name_set(&n, name, dname_len(name));
	const struct zone *z = generation_zone(c->gen, &n);
	const struct node *node = z ? zone_find(z, &n, n.labels) : NULL;
	if (z && !node && (node = zone_closest(z, &n, n.labels, &labels)))
		node = zone_find_wildcard(z, &n, labels);
	if (node && node->kind == NODE_SERVICE)
		return z->services[node->service];
	ctl_fail(CTL_USAGE, "there is no service \"%s\"", text);
	return NULL;
}

enum ctl_status ctl_each_service(struct ctl *c, enum ctl_status (*each)(struct ctl *c, struct lb *lb, void *arg), void *arg)
{
	enum ctl_status status = CTL_OK;
	for (size_t i = 0; i < c->gen->nzones; i++)
		for (size_t k = 0; k < c->gen->zones[i]->nservices && status == CTL_OK; k++)
			status = each(c, c->gen->zones[i]->services[k], arg);
	return status;
}

/* --- name servers --- */

/* A wildcard listens on loopback, too. */
static struct addr reachable(const struct addr *a)
{
	struct addr out = *a;
	if (addr_is_any(a))
		addr_parse(&out, a->sa.sa_family == AF_INET ? "127.0.0.1" : "::1", addr_port(a));
	return out;
}

static size_t add_servers(struct addr *out, size_t n, const struct addr *list, size_t count)
{
	for (size_t i = 0; i < count && n < CTL_SERVERS_MAX; i++) {
		struct addr a = reachable(&list[i]);
		bool there = false;
		for (size_t k = 0; k < n; k++)
			there |= addr_equal(&out[k], &a);
		if (!there)
			out[n++] = a;
	}
	return n;
}

size_t ctl_servers(const struct ctl *c, struct addr out[CTL_SERVERS_MAX])
{
	size_t n = c->has_server;
	if (n)
		out[0] = c->server;
	else if (c->conf) {
		n = add_servers(out, n, c->conf->own->control_bind, c->conf->own->ncontrol_bind);
		n = add_servers(out, n, c->conf->dns.listen, c->conf->dns.nlisten);
	}
	return n;
}

/* --- names --- */

struct origins { const uint8_t *name; uint8_t best[DNAME_MAX], only[DNAME_MAX]; size_t count; bool found; };

static void look_at_origin(void *arg, const char *file, const uint8_t *origin)
{
	struct origins *o = arg;
	size_t len = dname_len(origin);
	(void)file;
	memcpy(o->only, origin, len);
	o->count++;
	if (dname_is_below_or_equal(o->name, origin) && (!o->found || len > dname_len(o->best))) {
		memcpy(o->best, origin, len);
		o->found = true;
	}
}

/* The origin of our zone that the name lies in. */
static bool find_origin(const struct conf *conf, struct origins *o, const uint8_t *name)
{
	struct errs errs;
	*o = (struct origins){ .name = name };
	errs_init(&errs);
	zonefile_each(conf->dns.zones, &errs, look_at_origin, o);
	errs_print(&errs, stderr);
	errs_free(&errs);
	return o->found;
}

bool ctl_service_name(struct ctl *c, const char *text, uint8_t name[DNAME_MAX], uint8_t origin[DNAME_MAX])
{
	static const uint8_t root[1];
	struct origins o;
	const char *why = "";
	struct conf *conf = ctl_conf(c);
	size_t n = conf ? dname_from_text(name, text, strlen(text), root, &why) : 0;
	if (!n) {
		if (conf)
			ctl_fail(CTL_USAGE, "\"%s\" is no domain name: %s", text, why);
		return false;
	}
	bool whole = text[strlen(text) - 1] == '.';
	if (!find_origin(conf, &o, name) && !whole && o.count == 1 && (n = dname_from_text(name, text, strlen(text), o.only, &why))) {
		o.found = true;
		memcpy(o.best, o.only, DNAME_MAX);
	}
	if (!o.found) {
		ctl_fail(CTL_USAGE, "%s is in none of the zones of %s", text, conf->dns.zones);
		return false;
	}
	dname_lower(name, name, n);
	memcpy(origin, o.best, dname_len(o.best));
	return true;
}

const struct site *ctl_site(struct ctl *c, const char *name)
{
	struct conf *conf = ctl_conf(c);
	const struct site *site = conf ? conf_site(conf, name) : NULL;
	if (conf && !site)
		ctl_fail(CTL_USAGE, "there is no site \"%s\"", name);
	return site;
}

bool ctl_client(const char *text, struct prefix *out)
{
	char address[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	struct addr a;
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	if (n >= sizeof address)
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	if (!addr_parse(&a, address, 0))
		return false;
	unsigned long most = a.sa.sa_family == AF_INET ? 32 : 128, length = most;
	if (slash) {
		char *end;
		length = strtoul(slash + 1, &end, 10);
		if (end == slash + 1 || *end || slash[1] == '-' || length > most)
			return false;
	}
	prefix_of(out, &a, (uint8_t)length, (uint8_t)length);
	return true;
}

enum ctl_status ctl_ask_txt(const struct ctl *c, const uint8_t *name, const struct prefix *client, struct ask_reply *out)
{
	struct addr servers[CTL_SERVERS_MAX];
	uint8_t query[ASK_QUERY_MAX];
	char why[ASK_WHY_MAX], text[DNAME_TEXT_MAX];
	size_t n = ask_query(query, name, RR_TXT, client);
	if (!ask(servers, ctl_servers(c, servers), query, n, sizeof query, NULL, out, why))
		return ctl_fail(CTL_UNREACHABLE, "%s", why);
	if (out->rcode != RCODE_NOERROR)
		return ctl_fail(CTL_REFUSED, "%s TXT: %s", dname_to_text(name, text), ask_rcode_text(out, why));
	return CTL_OK;
}

enum ctl_status ctl_version(struct ctl *c)
{
	(void)c;
	printf("fairleadctl %s\n", PACKAGE_VERSION);
	return CTL_OK;
}
