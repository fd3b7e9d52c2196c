/* Names and addresses: each stands once, and each that is used is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_fill.h"
#include "conf_hint.h"

/* ---- looking up ---- */

static int by_name(const void *a, const void *b)
{
	const struct conf_name *p = a, *q = b;
	int order = strcmp(p->name, q->name);
	return order ? order : p->index < q->index ? -1 : p->index > q->index;
}

static size_t find(const struct conf_names *in, const char *name)
{
	size_t low = 0, high = in->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(in->names[middle].name, name);
		if (order == 0)
			return in->names[middle].index;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return SIZE_MAX;
}

const struct site *conf_site(const struct conf *c, const char *name)
{
	size_t i = find(&c->site_names, name);
	return i == SIZE_MAX ? NULL : &c->sites[i];
}

const struct conf_check *conf_check_by_name(const struct conf *c, const char *name)
{
	size_t i = find(&c->check_names, name);
	return i == SIZE_MAX ? NULL : &c->checks[i];
}

const struct policy *conf_policy(const struct conf *c, const char *name)
{
	size_t i = find(&c->policy_names, name);
	return i == SIZE_MAX ? NULL : &c->policies[i];
}

/* ---- names that stand twice ---- */

/* The member `key` of the i-th group of a list at the root. */
static const config_setting_t *member_of(const struct conf_loader *l, const char *list, size_t i, const char *key)
{
	config_setting_t *groups = config_setting_get_member(l->root, list);
	config_setting_t *group = groups ? config_setting_get_elem(groups, (unsigned)i) : NULL;
	return group && config_setting_is_group(group) ? config_setting_get_member(group, key) : NULL;
}

/* Sorts the names of a list (those that were read) and reports those that stand there before. */
static void index_names(struct conf_loader *l, struct conf_names *out, const char *list, const void *groups, size_t count, size_t size, size_t name_offset)
{
	struct conf_at at = { l, conf_table_find(l->table, list)->table, NULL, NULL, 0 };
	at.key = conf_table_find(at.table, "name");
	out->names = conf_alloc(&at, count, sizeof *out->names);
	for (size_t i = 0; out->names && i < count; i++) {
		const char *name = *(char *const *)((const char *)groups + i * size + name_offset);
		if (name)
			out->names[out->count++] = (struct conf_name){ name, i };
	}
	if (out->count)
		qsort(out->names, out->count, sizeof *out->names, by_name);
	for (size_t i = 1; i < out->count; i++) {
		const struct conf_name *n = &out->names[i], *before = &out->names[i - 1];
		if (strcmp(n->name, before->name) == 0)
			conf_fail(&at, member_of(l, list, n->index, "name"), "\"%s\" stands twice, before in line %u", n->name,
			          conf_place_of(l, member_of(l, list, before->index, "name")).line);
	}
}

/* ---- addresses that stand twice ---- */

/* listener: whose it is, if it is one's. */
struct place_of_addr { struct addr addr; const config_setting_t *setting; size_t index; const struct conf_listener *listener; };
struct addr_set { struct place_of_addr *v; size_t n, room; bool with_port; };

/* UDP has ports of its own. */
static bool is_datagram(const struct conf_listener *l)
{
	return l && l->protocol == FWD_UDP;
}

static int by_addr(const void *a, const void *b)
{
	const struct place_of_addr *p = a, *q = b;
	if (p->addr.sa.sa_family != q->addr.sa.sa_family)
		return p->addr.sa.sa_family < q->addr.sa.sa_family ? -1 : 1;
	int order = memcmp(addr_bytes(&p->addr), addr_bytes(&q->addr), p->addr.sa.sa_family == AF_INET ? 4 : 16);
	if (order)
		return order;
	if (addr_port(&p->addr) != addr_port(&q->addr))
		return addr_port(&p->addr) < addr_port(&q->addr) ? -1 : 1;
	if (is_datagram(p->listener) != is_datagram(q->listener))
		return is_datagram(q->listener) ? -1 : 1;
	return p->index < q->index ? -1 : p->index > q->index;
}

static void add_addrs(struct addr_set *set, const struct conf_at *list, const struct addr *v, size_t n)
{
	for (size_t i = 0; list->setting && i < n; i++) {
		if (v[i].sa.sa_family == AF_UNSPEC) /* malformed, reported */
			continue;
		if (set->n == set->room) {
			size_t room = set->room ? set->room * 2 : 64;
			struct place_of_addr *more = realloc(set->v, room * sizeof *more);
			if (!more) {
				conf_fail(list, list->setting, "out of memory");
				return;
			}
			set->v = more;
			set->room = room;
		}
		set->v[set->n] = (struct place_of_addr){ v[i], conf_element(list, i), set->n, NULL };
		set->n++;
	}
}

/* Its clients name the server that they want before anything else. */
static bool speaks_tls(const struct conf_listener *l)
{
	return l->protocol == FWD_TLS || (l->protocol == FWD_HTTP && l->tls.certificate);
}

/* The PROXY header is read before it is known whose a connection is. */
static bool same_accept_proxy(const struct conf_listener *a, const struct conf_listener *b)
{
	bool same = a->naccept_proxy == b->naccept_proxy;
	for (size_t i = 0; same && i < a->naccept_proxy; i++) {
		const struct prefix *p = &a->accept_proxy[i], *q = &b->accept_proxy[i];
		same = p->family == q->family && p->length == q->length && memcmp(p->bytes, q->bytes, sizeof p->bytes) == 0;
	}
	return same;
}

/* Why two listeners can't have the same address: what is added to the message. NULL: they can. */
static const char *why_not_shared(const struct conf_listener *a, const struct conf_listener *b)
{
	if (is_datagram(a) != is_datagram(b))
		return NULL;
	if (!a || a == b)
		return "";
	if (speaks_tls(a) && speaks_tls(b))
		return same_accept_proxy(a, b) ? NULL : ", so accept_proxy must be the same for both";
	return speaks_tls(a) || speaks_tls(b) ? "; only those of protocol tls, and of http with a certificate, can share an address" : "";
}

static void report_addrs(struct addr_set *set, const struct conf_at *at)
{
	char text[ADDR_TEXT_MAX];
	if (set->n)
		qsort(set->v, set->n, sizeof *set->v, by_addr);
	for (size_t i = 1; i < set->n; i++) {
		const struct place_of_addr *p = &set->v[i], *before = &set->v[i - 1];
		const char *why = addr_equal(&p->addr, &before->addr) ? why_not_shared(p->listener, before->listener) : NULL;
		if (why)
			conf_fail(at, p->setting, "%s stands twice, before in line %u%s",
			          addr_port(&p->addr) ? addr_text_at(&p->addr, text) : addr_text(&p->addr, text),
			          conf_place_of(at->loader, before->setting).line, why);
	}
	free(set->v);
}

static struct conf_at group_at(struct conf_loader *l, const struct conf_table *t, const config_setting_t *group)
{
	return (struct conf_at){ l, t, NULL, group, 0 };
}

/* Two sites with one control address, or one proxy address, could not be told apart. */
static void find_site_addrs(struct conf_loader *l)
{
	const struct conf *c = l->conf;
	struct addr_set control = { 0 }, proxy = { 0 };
	const struct conf_table *t = conf_table_find(l->table, "sites")->table;
	config_setting_t *list = config_setting_get_member(l->root, "sites");
	struct conf_at control_at = group_at(l, t, NULL), proxy_at = control_at;
	control_at.key = conf_table_find(t, "control");
	proxy_at.key = conf_table_find(t, "proxy_ip");
	for (size_t i = 0; i < c->nsites; i++) {
		struct conf_at group = group_at(l, t, config_setting_get_elem(list, (unsigned)i));
		if (!config_setting_is_group(group.setting))
			continue;
		struct conf_at a = conf_member(&group, "control"), b = conf_member(&group, "proxy_ip");
		add_addrs(&control, &a, c->sites[i].control, c->sites[i].ncontrol);
		add_addrs(&proxy, &b, c->sites[i].proxy_ip, c->sites[i].nproxy_ip);
	}
	report_addrs(&control, &control_at);
	report_addrs(&proxy, &proxy_at);
}

/* Listeners of all protocols but udp share TCP's ports. */
static void find_listener_addrs(struct conf_loader *l)
{
	const struct conf_forward *f = &l->conf->forward;
	struct addr_set set = { 0 };
	struct conf_at forward = group_at(l, conf_table_find(l->table, "forward")->table, config_setting_get_member(l->root, "forward"));
	struct conf_at listeners = conf_member(&forward, "listeners"), at = group_at(l, listeners.key->table, NULL);
	at.key = conf_table_find(at.table, "listen");
	for (size_t i = 0; i < f->nlisteners; i++) {
		struct conf_at group = group_at(l, at.table, conf_element(&listeners, i));
		if (!config_setting_is_group(group.setting))
			continue;
		struct conf_at listen = conf_member(&group, "listen");
		size_t first = set.n;
		add_addrs(&set, &listen, f->listeners[i].listen, f->listeners[i].nlisten);
		for (size_t k = first; k < set.n; k++)
			set.v[k].listener = &f->listeners[i];
	}
	report_addrs(&set, &at);
}

static void find_dns_addrs(struct conf_loader *l)
{
	struct addr_set set = { 0 };
	struct conf_at dns = group_at(l, conf_table_find(l->table, "dns")->table, config_setting_get_member(l->root, "dns"));
	if (!l->conf->dns.nlisten)
		return;
	struct conf_at at = conf_member(&dns, "listen");
	add_addrs(&set, &at, l->conf->dns.listen, l->conf->dns.nlisten);
	report_addrs(&set, &at);
}

void conf_find_duplicates(struct conf_loader *l)
{
	struct conf *c = l->conf;
	index_names(l, &c->site_names, "sites", c->sites, c->nsites, sizeof *c->sites, offsetof(struct site, name));
	index_names(l, &c->key_names, "keys", c->keys, c->nkeys, sizeof *c->keys, offsetof(struct key, name));
	index_names(l, &c->check_names, "checks", c->checks, c->nchecks, sizeof *c->checks, offsetof(struct conf_check, name));
	index_names(l, &c->policy_names, "policies", c->policies, c->npolicies, sizeof *c->policies, offsetof(struct policy, name));
	find_site_addrs(l);
	find_dns_addrs(l);
	find_listener_addrs(l);
}

/* ---- names that are used ---- */

static const char *indexed_name(const void *names, size_t i)
{
	return ((const struct conf_names *)names)->names[i].name;
}

static bool refuse_undefined(struct conf_loader *l, const struct conf_ref *r, const char *what, const struct conf_names *names)
{
	char hint[96] = "";
	if (l->text->partial) /* it may stand in what could not be read */
		return false;
	if (conf_report_shows_more(l->report))
		conf_hint(hint, r->name, names->count, indexed_name, names);
	return conf_fail(&r->at, r->setting, "%s \"%s\" is not defined%s", what, r->name, hint);
}

/* Key names are compared in their canonical form. */
static size_t find_key(const struct conf *c, const char *name)
{
	char *canonical = strdup(name);
	size_t i = canonical && !conf_valid_key_name(canonical) ? find(&c->key_names, canonical) : SIZE_MAX;
	free(canonical);
	return i;
}

static void resolve(struct conf_loader *l, const struct conf_ref *r)
{
	const struct conf *c = l->conf;
	size_t i;
	switch (r->kind) {
	case REF_KEY:
		if ((i = find_key(c, r->name)) == SIZE_MAX)
			refuse_undefined(l, r, "key", &c->key_names);
		else
			*(const struct key **)r->target = &c->keys[i];
		break;
	case REF_CHECK:
		if ((i = find(&c->check_names, r->name)) == SIZE_MAX)
			refuse_undefined(l, r, "check", &c->check_names);
		else
			*(const struct conf_check **)r->target = &c->checks[i];
		break;
	case REF_OWN_SITE: case REF_SITE_INDEX:
		if ((i = find(&c->site_names, r->name)) == SIZE_MAX)
			refuse_undefined(l, r, "site", &c->site_names);
		else if (r->kind == REF_OWN_SITE)
			*(const struct site **)r->target = &c->sites[i];
		else
			*(uint64_t *)r->target = i;
		break;
	}
}

void conf_resolve(struct conf_loader *l)
{
	for (size_t i = 0; i < l->nrefs; i++)
		resolve(l, &l->refs[i]);
}
