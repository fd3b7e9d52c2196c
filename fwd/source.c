#include "source.h"

#include <errno.h>
#include <unistd.h>
#include "log.h"
#include "sock.h"

/* Nothing is sent: where it would go doesn't matter. */
#define SOME_PORT 9

size_t source_pick(const struct site *own, int family, size_t nth, const struct addr **out)
{
	const struct addr *lists[] = { own->proxy_bind, own->control_bind };
	size_t counts[] = { own->nproxy_bind, own->ncontrol_bind };
	for (size_t k = 0; k < 2; k++) {
		size_t n = 0;
		for (size_t i = 0; i < counts[k]; i++)
			n += lists[k][i].sa.sa_family == family;
		size_t skip = n ? nth % n : 0;
		for (size_t i = 0; n && i < counts[k]; i++)
			if (lists[k][i].sa.sa_family == family && skip-- == 0) {
				*out = &lists[k][i];
				return n;
			}
	}
	return 0;
}

void source_warn(const struct site *own)
{
	for (size_t i = 0; i < own->nproxy_bind; i++) {
		struct addr to = own->proxy_bind[i];
		char text[ADDR_TEXT_MAX], why[SOCK_WHY_MAX];
		addr_set_port(&to, SOME_PORT);
		int fd = sock_connect_udp(&to, &own->proxy_bind[i], why);
		if (fd < 0 && errno == EADDRNOTAVAIL)
			log_warn("proxy IP is no address of this machine", "site=%s address=%s", own->name, addr_text(&own->proxy_bind[i], text));
		if (fd >= 0)
			close(fd);
	}
}
