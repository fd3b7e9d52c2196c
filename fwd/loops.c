#include "loops.h"

#include <ifaddrs.h>
#include <string.h>

static bool is_here(const struct ifaddrs *here, const struct addr *a)
{
	struct addr mine = *a;
	for (; here; here = here->ifa_next) {
		if (!here->ifa_addr || here->ifa_addr->sa_family != a->sa.sa_family)
			continue;
		memcpy(&mine, here->ifa_addr, addr_len(a));
		if (addr_same_ip(&mine, a))
			return true;
	}
	return false;
}

/* Some listener on all addresses hears this one, if it is ours. */
static bool is_heard(const struct conf_forward *f, const struct addr *a, bool datagram)
{
	for (size_t i = 0; i < f->nlisteners; i++) {
		const struct conf_listener *l = &f->listeners[i];
		for (size_t k = 0; k < l->nlisten && l->protocol != FWD_IP && (l->protocol == FWD_UDP) == datagram; k++)
			if (l->listen[k].sa.sa_family == a->sa.sa_family && addr_is_any(&l->listen[k]) && addr_port(&l->listen[k]) == addr_port(a))
				return true;
	}
	return false;
}

void loops_check(const struct conf *conf, struct errs *errs)
{
	const struct conf_forward *f = &conf->forward;
	struct ifaddrs *here = NULL;
	char text[ADDR_TEXT_MAX];
	if (getifaddrs(&here) != 0)
		return; /* nothing is known; max_sessions bounds it */
	for (size_t i = 0; i < f->nlisteners; i++) {
		const struct conf_listener *l = &f->listeners[i];
		for (size_t k = 0; k < l->nservers && l->protocol != FWD_IP; k++) {
			const struct addr *a = &l->servers[k].address;
			if (a->sa.sa_family != AF_UNSPEC && is_heard(f, a, l->protocol == FWD_UDP) && is_here(here, a))
				errs_add(errs, conf->file, l->line, 0, "listener for %s: the server %s is the forwarder itself, which listens on all addresses of this machine: connections would go round",
				         l->service_text, addr_text_at(a, text));
		}
	}
	freeifaddrs(here);
}
