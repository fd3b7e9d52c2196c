/* Keys that depend on each other, and defaults made from other keys. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_fill.h"

/* Seconds. A mapping of less than two minutes breaks applications (RFC 4787, REQ-5). */
#define UDP_IDLE_TIMEOUT 120

/* ---- inside one group ---- */

void conf_relate_root(const struct conf_at *at, void *object)
{
	struct conf *c = object;
	struct conf_at instance = conf_member(at, "instance");
	char host[HOST_NAME_MAX + 1] = "";
	c->has_dns = conf_has(at, "dns");
	c->has_forward = conf_has(at, "forward");
	if (instance.setting)
		return;
	gethostname(host, sizeof host - 1);
	c->instance = strdup(host);
	const char *why = c->instance ? conf_valid_name(c->instance) : "out of memory";
	if (why)
		conf_fail(&instance, NULL, "the host name \"%s\" %s: set another name", host, why);
}

static bool copy_addrs(const struct conf_at *at, struct addr **to, size_t *nto, const struct addr *from, size_t n)
{
	if (n == 0)
		return true;
	*to = conf_alloc(at, n, sizeof **to);
	if (!*to)
		return false;
	memcpy(*to, from, n * sizeof **to);
	*nto = n;
	return true;
}

/* An address that one host has: what can be a source. */
static bool is_unicast(const struct addr *a)
{
	const uint8_t *b = addr_bytes(a);
	if (addr_is_any(a))
		return false;
	return a->sa.sa_family == AF_INET ? b[0] < 224 : b[0] != 0xff;
}

static void want_unicast(const struct conf_at *group, const char *key, const struct addr *v, size_t n)
{
	struct conf_at at = conf_member(group, key);
	char text[ADDR_TEXT_MAX];
	for (size_t i = 0; at.setting && i < n; i++)
		if (v[i].sa.sa_family != AF_UNSPEC && !is_unicast(&v[i]))
			conf_fail(&at, conf_element(&at, i), "%s cannot be a source address", addr_text(&v[i], text));
}

void conf_relate_site(const struct conf_at *at, void *object)
{
	struct site *s = object;
	struct conf_at proxy_bind = conf_member(at, "proxy_bind");
	want_unicast(at, "control", s->control, s->ncontrol);
	want_unicast(at, "control_bind", s->control_bind, s->ncontrol_bind);
	want_unicast(at, "proxy_ip", s->proxy_ip, s->nproxy_ip);
	want_unicast(at, "proxy_bind", s->proxy_bind, s->nproxy_bind);
	if (proxy_bind.setting && !conf_has(at, "proxy_ip"))
		conf_fail(&proxy_bind, proxy_bind.setting, "proxy_ip is missing: the address that the others see");
	if (!conf_has(at, "control_bind"))
		copy_addrs(at, &s->control_bind, &s->ncontrol_bind, s->control, s->ncontrol);
	if (!proxy_bind.setting)
		copy_addrs(at, &s->proxy_bind, &s->nproxy_bind, s->proxy_ip, s->nproxy_ip);
}

void conf_relate_key(const struct conf_at *at, void *object)
{
	(void)object;
	struct conf_at secret = conf_member(at, "secret"), file = conf_member(at, "secret_file");
	if (secret.setting && file.setting)
		conf_fail(&file, file.setting, "secret is there already");
	else if (!secret.setting && !file.setting && !at->loader->text->partial)
		conf_fail(at, at->setting, "secret or secret_file is required");
}

void conf_relate_dns(const struct conf_at *at, void *object)
{
	struct conf_dns *d = object;
	struct conf_at ttl_min = conf_member(at, "ttl_min");
	if (d->ttl_min <= d->ttl)
		return;
	if (ttl_min.setting && conf_is_sound(at, "ttl") && conf_is_sound(at, "ttl_min"))
		conf_fail(&ttl_min, ttl_min.setting, "%u is more than ttl, %u", d->ttl_min, d->ttl);
	d->ttl_min = d->ttl;
}

/* Which prefix of a list a client is in is nobody's question: the shortest list is looked at the quickest, and gives the widest scope. */
void conf_relate_rule(const struct conf_at *at, void *object)
{
	struct rule *r = object;
	struct conf_at zone = conf_member(at, "timezone");
	if (zone.setting && !conf_has(at, "hours") && !conf_has(at, "days"))
		conf_fail(&zone, zone.setting, "there is neither hours nor days beside it");
	r->nfrom = prefix_merge(r->from, r->nfrom);
}

void conf_relate_policy(const struct conf_at *at, void *object)
{
	struct policy *p = object;
	const struct conf_dns *dns = &at->loader->conf->dns; /* stands before policies in the table, so it is filled */
	if (!conf_has(at, "answers"))
		p->answers = dns->answers;
	if (!conf_has(at, "fail"))
		p->fail = dns->fail;
}

static void fail_member(const struct conf_at *group, const char *key, const char *why)
{
	struct conf_at at = conf_member(group, key);
	conf_fail(&at, at.setting ? at.setting : group->setting, "%s", why);
}

/* Packets of protocol ip are nobody's here but the kernel's. */
static void relate_ip(const struct conf_at *at, const struct conf_listener *l)
{
	static const char *const relayed_only[] = { "balance", "capacity", "connect_timeout", "idle_timeout", "client_timeout", "max_sessions",
		"client_sessions", "send_proxy", "accept_proxy", "transparent" };
	struct conf_at check = conf_member(at, "check");
	const char *name = check.setting ? config_setting_get_string(check.setting) : NULL;
	for (size_t i = 0; i < sizeof relayed_only / sizeof *relayed_only; i++)
		if (conf_has(at, relayed_only[i]))
			fail_member(at, relayed_only[i], "is for what is relayed, and protocol ip is not");
	if (l->datapath != DATAPATH_NAT)
		fail_member(at, "protocol", "ip needs datapath = \"nat\"");
	if (l->nservers && (!check.setting || (name && strcmp(name, "none") == 0)))
		fail_member(at, "check", "is required with protocol ip: nothing else tells whether the servers work");
}

/* The kernel's rules name addresses, and can neither read requests nor say more than packets do. */
static void relate_nat(const struct conf_at *at, const struct conf_listener *l)
{
	struct conf_at listen = conf_member(at, "listen");
	char text[ADDR_TEXT_MAX];
	if (conf_is_sound(at, "protocol") && l->protocol != FWD_TCP && l->protocol != FWD_UDP && l->protocol != FWD_IP)
		fail_member(at, "datapath", "nat is for the protocols tcp, udp and ip");
	if (l->send_proxy_peer != PROXY_SEND_NONE && conf_is_sound(at, "send_proxy_peer"))
		fail_member(at, "send_proxy_peer", "the kernel sends on what comes, and adds nothing: not with datapath nat");
	for (size_t i = 0; i < l->nlisten; i++)
		if (l->listen[i].sa.sa_family != AF_UNSPEC && !is_unicast(&l->listen[i]))
			conf_fail(&listen, conf_element(&listen, i), "with datapath nat it must be the address itself, and %s is none",
			          addr_text(&l->listen[i], text));
}

static void relate_listen(const struct conf_at *at, const struct conf_listener *l)
{
	struct conf_at listen = conf_member(at, "listen");
	char text[ADDR_TEXT_MAX];
	for (size_t i = 0; i < l->nlisten; i++) {
		if (l->listen[i].sa.sa_family == AF_UNSPEC || (l->protocol == FWD_IP) == (addr_port(&l->listen[i]) == 0))
			continue;
		if (l->protocol == FWD_IP)
			conf_fail(&listen, conf_element(&listen, i), "%s: with protocol ip it is all ports", addr_text_at(&l->listen[i], text));
		else
			conf_fail(&listen, conf_element(&listen, i), "\"%s\" is not ADDRESS@PORT", addr_text(&l->listen[i], text));
	}
}

/* A client's address can only be the source towards a server of its family. */
static void relate_transparent(const struct conf_at *at, const struct conf_listener *l)
{
	char server[ADDR_TEXT_MAX], listen[ADDR_TEXT_MAX];
	for (size_t i = 0; i < l->nservers; i++)
		for (size_t k = 0; k < l->nlisten; k++) {
			const struct addr *s = &l->servers[i].address, *a = &l->listen[k];
			struct conf_at m = conf_member(at, "transparent");
			if (s->sa.sa_family != AF_UNSPEC && a->sa.sa_family != AF_UNSPEC && s->sa.sa_family != a->sa.sa_family)
				conf_fail(&m, m.setting, "%s cannot see clients of %s: another address family",
				          addr_text_at(s, server), addr_text_at(a, listen));
		}
}

void conf_relate_listener(const struct conf_at *at, void *object)
{
	struct conf_listener *l = object;
	static const char *const streams_only[] = { "connect_timeout", "client_timeout", "send_proxy", "send_proxy_peer", "accept_proxy", "tls" };
	l->line = conf_place_of(at->loader, at->setting).line;
	l->naccept_proxy = prefix_merge(l->accept_proxy, l->naccept_proxy);
	struct conf_at redirect = conf_member(at, "redirect"), hosts = conf_member(at, "hosts"), tls = conf_member(at, "tls");
	if (tls.setting && l->protocol != FWD_HTTP && l->protocol != FWD_UDP)
		conf_fail(&tls, tls.setting, "is for protocol http only");
	if (redirect.setting && l->protocol != FWD_HTTP)
		conf_fail(&redirect, redirect.setting, "is for protocol http only");
	if (hosts.setting && l->protocol != FWD_HTTP && l->protocol != FWD_TLS)
		conf_fail(&hosts, hosts.setting, "is for protocols http and tls only");
	for (size_t i = 0; i < sizeof streams_only / sizeof *streams_only && l->protocol == FWD_UDP; i++) {
		struct conf_at m = conf_member(at, streams_only[i]);
		if (m.setting)
			conf_fail(&m, m.setting, "is not for protocol udp");
	}
	if (l->protocol == FWD_UDP && !conf_has(at, "idle_timeout"))
		l->idle_timeout = UDP_IDLE_TIMEOUT;
	if (conf_is_sound(at, "protocol"))
		relate_listen(at, l);
	if (l->protocol == FWD_IP && conf_is_sound(at, "protocol"))
		relate_ip(at, l);
	if (l->datapath == DATAPATH_NAT)
		relate_nat(at, l);
	if (l->transparent)
		relate_transparent(at, l);
}

/* ---- over the whole ---- */

static const struct addr *own_addrs(const struct conf *c, size_t *n)
{
	*n = c->own ? c->own->ncontrol_bind : 0;
	return c->own ? c->own->control_bind : NULL;
}

static void add_hosts(struct conf_dns *d, const struct addr *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		prefix_of(&d->health_from[d->nhealth_from++], &v[i], 32, 128);
}

/* Loopback and every address of every site, as the others see it and as it is locally. */
static void default_health_from(struct conf_loader *l, const struct conf_at *at)
{
	struct conf *c = l->conf;
	size_t n = 2;
	for (size_t i = 0; i < c->nsites; i++)
		n += c->sites[i].ncontrol + c->sites[i].ncontrol_bind + c->sites[i].nproxy_ip + c->sites[i].nproxy_bind;
	c->dns.health_from = conf_alloc(at, n, sizeof *c->dns.health_from);
	if (!c->dns.health_from)
		return;
	prefix_parse(&c->dns.health_from[0], "127.0.0.0/8");
	prefix_parse(&c->dns.health_from[1], "::1");
	c->dns.nhealth_from = 2;
	for (size_t i = 0; i < c->nsites; i++) {
		const struct site *s = &c->sites[i];
		add_hosts(&c->dns, s->control, s->ncontrol);
		add_hosts(&c->dns, s->control_bind, s->ncontrol_bind);
		add_hosts(&c->dns, s->proxy_ip, s->nproxy_ip);
		add_hosts(&c->dns, s->proxy_bind, s->nproxy_bind);
	}
}

/* "auto" is the site's name, "none" no text. */
static void make_identity(struct conf_loader *l, const struct conf_at *at)
{
	struct conf *c = l->conf;
	bool own = c->dns.identity && strcmp(c->dns.identity, "auto") == 0;
	if (!own && !(c->dns.identity && strcmp(c->dns.identity, "none") == 0))
		return;
	free(c->dns.identity);
	c->dns.identity = own && c->own ? strdup(c->own->name) : NULL;
	if (own && c->own && !c->dns.identity)
		conf_fail(at, NULL, "out of memory");
}

static void make_defaults(struct conf_loader *l)
{
	struct conf *c = l->conf;
	struct conf_at root = { l, l->table, NULL, l->root, 0 };
	size_t n;
	const struct addr *own = own_addrs(c, &n);
	if (!c->dns.health_from)
		default_health_from(l, &root);
	make_identity(l, &root);
	if (!c->forward.dnsd)
		copy_addrs(&root, &c->forward.dnsd, &c->forward.ndnsd, own, n);
	c->default_policy = (struct policy){ .name = strdup("weighted"), .answers = c->dns.answers, .fail = c->dns.fail };
	if (!c->default_policy.name)
		conf_fail(&root, NULL, "out of memory");
}

/* A site signs with a key that may do what sites do. */
static void check_site_keys(struct conf_loader *l)
{
	struct conf *c = l->conf;
	const config_setting_t *sites = config_setting_get_member(l->root, "sites");
	for (size_t i = 0; i < c->nsites; i++) {
		struct conf_at group = { l, conf_table_find(l->table, "sites")->table, NULL, config_setting_get_elem((config_setting_t *)sites, (unsigned)i), 0 };
		const struct key *k = c->sites[i].key;
		if (!k || k->role == KEY_ROLE_SITE)
			continue;
		struct conf_at at = conf_member(&group, "key");
		conf_fail(&at, at.setting, "the role of \"%s\" is not site", k->name);
	}
}

/* Redirects lead to LABEL.SERVICE unless they are told otherwise. */
static void check_site_names(struct conf_loader *l)
{
	const struct conf *c = l->conf;
	struct conf_at dns = { l, conf_table_find(l->table, "dns")->table, NULL, config_setting_get_member(l->root, "dns"), 0 };
	for (size_t i = 0; c->dns.site_names == SITE_NAMES_NONE && i < c->forward.nlisteners; i++) {
		const struct conf_listener *f = &c->forward.listeners[i];
		struct conf_at at = conf_member(&dns, "site_names");
		if (f->protocol == FWD_HTTP && f->redirect.to == REDIRECT_NAME)
			conf_fail(&at, at.setting, "none leaves the redirects of %s without a name to lead to: give it redirect.to", f->service_text);
	}
}

static bool has_ip(const struct addr *list, size_t n, const struct addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (addr_same_ip(&list[i], a))
			return true;
	return false;
}

/* Surely an address of the forwarder's machine; of others only the machine knows (fwd/loops.h), the name server's may be another one. */
static bool is_here(const struct conf *c, const struct addr *a)
{
	for (size_t i = 0; i < c->forward.nlisteners; i++)
		if (has_ip(c->forward.listeners[i].listen, c->forward.listeners[i].nlisten, a))
			return true;
	return addr_is_loopback(a) || (c->own && has_ip(c->own->proxy_bind, c->own->nproxy_bind, a));
}

static bool reaches(const struct conf *c, const struct addr *listen, const struct addr *a)
{
	if (listen->sa.sa_family != a->sa.sa_family || addr_port(listen) != addr_port(a))
		return false;
	return addr_is_any(listen) ? is_here(c, a) : addr_same_ip(listen, a);
}

static bool is_listening(const struct conf *c, const struct addr *a, bool datagram)
{
	for (size_t i = 0; i < c->forward.nlisteners; i++) {
		const struct conf_listener *f = &c->forward.listeners[i];
		for (size_t k = 0; k < f->nlisten && f->protocol != FWD_IP && (f->protocol == FWD_UDP) == datagram; k++)
			if (f->listen[k].sa.sa_family != AF_UNSPEC && reaches(c, &f->listen[k], a))
				return true;
	}
	return false;
}

/* A connection to a real server that is the forwarder itself would go round until max_sessions. */
static void check_servers(struct conf_loader *l)
{
	const struct conf *c = l->conf;
	struct conf_at forward = { l, conf_table_find(l->table, "forward")->table, NULL, config_setting_get_member(l->root, "forward"), 0 };
	char text[ADDR_TEXT_MAX];
	for (size_t i = 0; i < c->forward.nlisteners; i++) {
		const struct conf_listener *f = &c->forward.listeners[i];
		struct conf_at listeners = conf_member(&forward, "listeners");
		struct conf_at group = { l, conf_table_find(forward.table, "listeners")->table, NULL, conf_element(&listeners, i), 0 }, at = conf_member(&group, "servers");
		for (size_t k = 0; k < f->nservers && f->protocol != FWD_IP; k++) {
			const struct addr *a = &f->servers[k].address;
			if (a->sa.sa_family != AF_UNSPEC && !is_unicast(a)) /* 0.0.0.0 would be this machine */
				conf_fail(&at, conf_element(&at, k), "%s is not a server's address", addr_text_at(a, text));
			else if (a->sa.sa_family != AF_UNSPEC && is_listening(c, a, f->protocol == FWD_UDP))
				conf_fail(&at, conf_element(&at, k), "%s is the forwarder itself, which listens there: connections would go round", addr_text_at(a, text));
		}
	}
}

void conf_relate_all(struct conf_loader *l)
{
	for (size_t i = 0; i < l->conf->nsites; i++)
		l->conf->sites[i].index = i;
	conf_find_duplicates(l);
	conf_resolve(l);
	check_site_keys(l);
	check_site_names(l);
	check_servers(l);
	make_defaults(l);
}
