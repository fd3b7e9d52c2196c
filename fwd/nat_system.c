#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include "log.h"
#include "nat_parts.h"

/* The value of a sysctl; -1: it can't be read. */
static int sysctl_value(const char *path)
{
	FILE *f = fopen(path, "re");
	int v = -1;
	if (f && fscanf(f, "%d", &v) != 1)
		v = -1;
	if (f)
		fclose(f);
	return v;
}

/* Does any interface forward? It may be permitted for some alone. True when that can't be known. */
static bool forwards(const char *conf)
{
	DIR *d = opendir(conf);
	bool any = d == NULL;
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[sizeof e->d_name + 64];
		snprintf(path, sizeof path, "%s/%s/forwarding", conf, e->d_name);
		any |= e->d_name[0] != '.' && sysctl_value(path) > 0;
	}
	if (d)
		closedir(d);
	return any;
}

static bool has_proxy(const struct site *own, int family)
{
	for (size_t i = 0; i < own->nproxy_bind; i++)
		if (own->proxy_bind[i].sa.sa_family == family)
			return true;
	return false;
}

static bool has_family(const struct conf_listener *l, int family)
{
	for (size_t i = 0; i < l->nlisten; i++)
		if (l->listen[i].sa.sa_family == family)
			return true;
	return false;
}

static void check_listener(const struct setup *s, const struct conf_listener *l, int family, struct errs *errs)
{
	bool v6 = family == AF_INET6;
	if (!has_family(l, family))
		return;
	if (!has_proxy(s->conf->own, family))
		errs_add(errs, s->conf->file, l->line, 0, "listener for %s: datapath nat needs a proxy_ip of site %s that is an %s address",
		         l->service_text, s->conf->own->name, v6 ? "IPv6" : "IPv4");
	if (!forwards(v6 ? "/proc/sys/net/ipv6/conf" : "/proc/sys/net/ipv4/conf"))
		errs_add(errs, s->conf->file, l->line, 0, "listener for %s: datapath nat lets the kernel forward packets, and sysctl %s is 0 on this machine: set it to 1",
		         l->service_text, v6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward");
}

/* With all peers up: does the policy tell more clients apart than the kernel's rules can? */
static void warn_alike(const struct setup *s, const struct listener *l, int family)
{
	struct member_view views[SERVICE_MEMBERS_MAX];
	struct gate gate;
	struct nat_question q = {
		.in = { .service = l->service, .gate = &gate, .own_site = (int)s->conf->own->index, .sites = s->conf->sites,
		        .geo = s->conf->geo, .networks = s->conf->networks, .now = (int64_t)time(NULL) },
		.network4 = (uint8_t)s->conf->dns.networks4, .network6 = (uint8_t)s->conf->dns.networks6, .buckets = NAT_BUCKETS_MIN,
	};
	for (size_t k = 0; k < l->conf->nlisten; k++)
		if (l->conf->listen[k].sa.sa_family == family)
			q.stand_in = l->conf->listen[k];
	if (q.stand_in.sa.sa_family != family)
		return;
	for (size_t i = 0; i < l->service->nmembers; i++)
		views[i] = (struct member_view){ .verdict = l->service->members[i].site == MEMBER_NO_SITE ? VERDICT_DOWN : VERDICT_UP };
	gate_compute(l->service, views, q.in.own_site, false, &gate);
	struct nat_choice *c = nat_choice_make(&q);
	if (c && c->alike)
		log_warn("the policy tells more clients apart than the kernel's rules can: with datapath nat all get the peer that suits the listener's own address",
		         "service=%s family=%s networks_max=%d", l->conf->service_text, family == AF_INET6 ? "IPv6" : "IPv4", NAT_NETWORKS_MAX);
	nat_choice_release(c);
}

void nat_check(const struct setup *s, struct errs *errs)
{
	for (size_t i = 0; i < s->nlisteners; i++) {
		const struct listener *l = &s->listeners[i];
		if (l->conf->datapath != DATAPATH_NAT)
			continue;
		check_listener(s, l->conf, AF_INET, errs);
		check_listener(s, l->conf, AF_INET6, errs);
		if (errs->count)
			continue;
		warn_alike(s, l, AF_INET);
		warn_alike(s, l, AF_INET6);
	}
}
