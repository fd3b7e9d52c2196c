#include "rtt_sample.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include "rtt.h"

bool rtt_sample(struct rtt_ring *ring, const struct conf_dns *dns, int fd, const struct addr *from)
{
	struct tcp_info info = { .tcpi_rtt = 0 };
	struct rtt_measured m;
	struct addr client = *from;
	socklen_t n = sizeof info;
	if (!rtt_ring_has_room(ring))
		return false;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0 || info.tcpi_rtt < RTT_US_MIN || info.tcpi_rtt > RTT_US_MAX)
		return true;
	addr_unmap(&client);
	prefix_of(&m.network, &client, (uint8_t)dns->networks4, (uint8_t)dns->networks6);
	m.us = info.tcpi_rtt;
	rtt_ring_put(ring, &m);
	return true;
}
