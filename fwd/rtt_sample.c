#include "rtt_sample.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include "rtt.h"

/* The client's network, not a site's (whose relays and probes these are), nor a balancer's that speaks for it. */
static bool is_client(const struct session *s)
{
	return s->client.fd >= 0 && !s->from_site && !s->told;
}

void rtt_sample(struct session *s)
{
	struct rtt_ring *ring = s->worker->rtt;
	const struct conf_dns *dns = &s->listener->setup->conf->dns;
	struct tcp_info info = { .tcpi_rtt = 0 };
	struct rtt_measured m;
	struct addr client = s->address;
	socklen_t n = sizeof info;
	if (s->sampled || !ring || !is_client(s) || !rtt_ring_has_room(ring))
		return;
	s->sampled = true;
	if (getsockopt(s->client.fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0 || info.tcpi_rtt < RTT_US_MIN || info.tcpi_rtt > RTT_US_MAX)
		return;
	addr_unmap(&client);
	prefix_of(&m.network, &client, (uint8_t)dns->networks4, (uint8_t)dns->networks6);
	m.us = info.tcpi_rtt;
	rtt_ring_put(ring, &m);
}
