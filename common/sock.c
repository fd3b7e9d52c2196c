#include "sock.h"

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* From linux/in.h; older C libraries don't have them all. */
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef IP_PMTUDISC_OMIT
#define IP_PMTUDISC_OMIT 5
#endif
#ifndef IPV6_PMTUDISC_OMIT
#define IPV6_PMTUDISC_OMIT 5
#endif

static int fail(int fd, const char *what, const struct addr *a, char *why)
{
	char text[ADDR_TEXT_MAX];
	int e = errno;
	snprintf(why, SOCK_WHY_MAX, "%s %s: %s", what, addr_text_at(a, text), strerror(e));
	if (fd >= 0)
		close(fd);
	errno = e;
	return -1;
}

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static int open_socket(const struct addr *a, int type)
{
	int fd = socket(a->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && a->sa.sa_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	return fd;
}

/*
 * Path MTU discovery is what fragmentation attacks use; with OMIT the kernel
 * fragments by the interface's MTU and believes no ICMP (RFC 9715 section 3).
 */
static void set_udp_options(int fd, const struct addr *a)
{
	if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCK_UDP_RCVBUF))
		set(fd, SOL_SOCKET, SO_RCVBUF, SOCK_UDP_RCVBUF);
	if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCK_UDP_RCVBUF))
		set(fd, SOL_SOCKET, SO_SNDBUF, SOCK_UDP_RCVBUF);
	if (a->sa.sa_family == AF_INET) {
		set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
		if (addr_is_any(a))
			set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	} else {
		set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
		if (addr_is_any(a))
			set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	}
}

/* `first`: bound without SO_REUSEPORT, so it fails when somebody else has the port, and shared afterwards. */
static int bind_one(const struct addr *a, int type, bool first, char *why)
{
	int fd = open_socket(a, type);
	if (fd < 0)
		return fail(fd, "socket for", a, why);
	if (type == SOCK_STREAM)
		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	else
		set_udp_options(fd, a);
	if (!first)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind(fd, &a->sa, addr_len(a)) < 0)
		return fail(fd, "bind", a, why);
	if (first)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return fd;
}

static void close_all(int *fds, size_t count)
{
	int e = errno;
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	errno = e;
}

static int bind_all(const struct addr *a, int type, bool first, int *fds, size_t count, char *why)
{
	for (size_t i = 0; i < count; i++) {
		fds[i] = bind_one(a, type, first && i == 0, why);
		if (fds[i] < 0) {
			close_all(fds, i);
			return -1;
		}
	}
	return 0;
}

int sock_listen_udp(const struct addr *a, int *fds, size_t count, char *why)
{
	return bind_all(a, SOCK_DGRAM, true, fds, count, why);
}

static int listen_all(const struct addr *a, bool first, int *fds, size_t count, int backlog, char *why)
{
	if (bind_all(a, SOCK_STREAM, first, fds, count, why) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (listen(fds[i], backlog) < 0) {
			fail(-1, "listen", a, why);
			close_all(fds, count);
			return -1;
		}
	}
	return 0;
}

int sock_listen_tcp(const struct addr *a, int *fds, size_t count, int backlog, char *why)
{
	return listen_all(a, true, fds, count, backlog, why);
}

int sock_listen_tcp_more(const struct addr *a, int *fds, size_t count, int backlog, char *why)
{
	return listen_all(a, false, fds, count, backlog, why);
}

static bool set_transparent(int fd, int family)
{
	return family == AF_INET6 ? set(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1) : set(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
}

bool sock_may_be_transparent(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool may = fd >= 0 && set_transparent(fd, family);
	if (fd >= 0)
		close(fd);
	return may;
}

static int connect_tcp(const struct addr *to, const struct addr *from, bool foreign, char *why)
{
	int fd = open_socket(to, SOCK_STREAM);
	if (fd < 0)
		return fail(fd, "socket for", to, why);
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (foreign && !set_transparent(fd, to->sa.sa_family))
		return fail(fd, "IP_TRANSPARENT towards", to, why);
	if (from) {
		struct addr local = *from;
		addr_set_port(&local, 0);
		set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
		if (bind(fd, &local.sa, addr_len(&local)) < 0)
			return fail(fd, "bind to", &local, why);
	}
	if (connect(fd, &to->sa, addr_len(to)) < 0 && errno != EINPROGRESS)
		return fail(fd, "connect to", to, why);
	return fd;
}

int sock_connect_tcp(const struct addr *to, const struct addr *from, char *why)
{
	return connect_tcp(to, from, false, why);
}

int sock_connect_tcp_as(const struct addr *to, const struct addr *client, char *why)
{
	return connect_tcp(to, client, true, why);
}

/* Binds to the address of `from`, if there is any, and connects; closes `fd` on failure. */
static int join(int fd, const struct addr *to, const struct addr *from, char *why)
{
	if (from) {
		struct addr local = *from;
		addr_set_port(&local, 0);
		if (bind(fd, &local.sa, addr_len(&local)) < 0)
			return fail(fd, "bind to", &local, why);
	}
	if (connect(fd, &to->sa, addr_len(to)) < 0)
		return fail(fd, "connect to", to, why);
	return fd;
}

int sock_connect_udp(const struct addr *to, const struct addr *from, char *why)
{
	int fd = open_socket(to, SOCK_DGRAM);
	return fd < 0 ? fail(fd, "socket for", to, why) : join(fd, to, from, why);
}

static void set_relay_options(int fd, int family)
{
	if (family == AF_INET)
		set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
	else
		set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT);
	set(fd, IPPROTO_UDP, UDP_GRO, 1);
}

static int listen_relay_udp(const struct addr *a, bool first, int *fds, size_t count, char *why)
{
	if (bind_all(a, SOCK_DGRAM, first, fds, count, why) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		set_relay_options(fds[i], a->sa.sa_family);
	return 0;
}

int sock_listen_relay_udp(const struct addr *a, int *fds, size_t count, char *why)
{
	return listen_relay_udp(a, true, fds, count, why);
}

int sock_listen_relay_udp_more(const struct addr *a, int *fds, size_t count, char *why)
{
	return listen_relay_udp(a, false, fds, count, why);
}

static int connect_relay_udp(const struct addr *to, const struct addr *from, bool transparent, char *why)
{
	int fd = open_socket(to, SOCK_DGRAM), family = to->sa.sa_family;
	if (fd < 0)
		return fail(fd, "socket for", to, why);
	set_relay_options(fd, family);
	if (family == AF_INET)
		set(fd, IPPROTO_IP, IP_RECVERR, 1);
	else
		set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	if (transparent && !set_transparent(fd, family))
		return fail(fd, "transparent socket for", from, why);
	return join(fd, to, from, why);
}

int sock_connect_relay_udp(const struct addr *to, const struct addr *from, char *why)
{
	return connect_relay_udp(to, from, false, why);
}

int sock_connect_relay_udp_as(const struct addr *to, const struct addr *client, char *why)
{
	return connect_relay_udp(to, client, true, why);
}

static int open_icmp(int family, bool raw)
{
	int type = (raw ? SOCK_RAW : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	return socket(family, type, family == AF_INET ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6);
}

/* The kernel throws away what is no echo reply. */
static void filter_replies(int fd, int family)
{
	if (family == AF_INET) {
		struct icmp_filter replies = { ~(1u << ICMP_ECHOREPLY) };
		setsockopt(fd, SOL_RAW, ICMP_FILTER, &replies, sizeof replies);
	} else {
		struct icmp6_filter replies;
		ICMP6_FILTER_SETBLOCKALL(&replies);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &replies);
		setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &replies, sizeof replies);
	}
}

int sock_connect_icmp(const struct addr *to, const struct addr *from, bool *raw, char *why)
{
	struct addr there = *to;
	int family = to->sa.sa_family, fd = open_icmp(family, false);
	addr_set_port(&there, 0);
	*raw = fd < 0 && (errno == EACCES || errno == EPERM);
	if (*raw)
		fd = open_icmp(family, true);
	if (fd < 0)
		return fail(fd, *raw ? "raw socket for" : "ping socket for", to, why);
	/* Without this only errors that the kernel takes for final are told. */
	if (family == AF_INET)
		set(fd, IPPROTO_IP, IP_RECVERR, 1);
	else
		set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	if (*raw)
		filter_replies(fd, family);
	return join(fd, &there, from, why);
}

bool sock_may_ping(bool raw)
{
	int fd = open_icmp(AF_INET, raw);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void sock_reset(int fd)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	close(fd);
}

int sock_error(int fd)
{
	int e = 0;
	socklen_t n = sizeof e;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0 ? errno : e;
}

void sock_keepalive(int fd, int idle, int every, int count)
{
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, every);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, count);
}
