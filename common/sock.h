/*
 * sock: every socket of both programs is made here, non-blocking and
 * close-on-exec, with every option it will need. On failure a function
 * returns -1 and leaves in `why` (SOCK_WHY_MAX bytes) what was tried and the
 * system's reason, for a log line.
 */
#ifndef FAIRLEAD_SOCK_H
#define FAIRLEAD_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include "addr.h"

#define SOCK_WHY_MAX 160

/* Kernel receive buffer of a DNS socket: a burst must fit while the thread is busy (figures: 208 KiB lose, 4 MiB do not). */
#define SOCK_UDP_RCVBUF (8 << 20)

/*
 * `count` sockets bound to one address, sharing it by SO_REUSEPORT. The first
 * is bound without that option and gets it afterwards, so a second start on
 * the same address is refused while several threads still share the port.
 * SO_REUSEADDR is set for TCP only (a start right after SIGKILL succeeds).
 * 0, or -1 with none left open.
 */
int sock_listen_udp(const struct addr *a, int *fds, size_t count, char *why);
int sock_listen_tcp(const struct addr *a, int *fds, size_t count, int backlog, char *why);
/* Further ones beside those that we have on this address already. */
int sock_listen_tcp_more(const struct addr *a, int *fds, size_t count, int backlog, char *why);

/*
 * A TCP connection begun towards `to` from `from` (NULL: any; its port is
 * ignored, and no local port is taken before connect: IP_BIND_ADDRESS_NO_PORT,
 * so 64k connections to each peer are possible). connect is in progress or
 * done; refused at once: -1 with errno set. TCP_NODELAY is set.
 */
int sock_connect_tcp(const struct addr *to, const struct addr *from, char *why);

/*
 * The same from the address `client`, which is somebody else's (IP_TRANSPARENT:
 * CAP_NET_RAW). Answers only come here when routing sees to that.
 */
int sock_connect_tcp_as(const struct addr *to, const struct addr *client, char *why);
/* Such a socket can be opened by this process as it is. */
bool sock_may_be_transparent(int family);

/*
 * As sock_listen_udp, for datagrams that are passed on, of any size: the path's MTU is
 * discovered, so that what is larger is fragmented to fit it (behind a tunnel
 * IPv6 would be lost otherwise); datagrams of one flow may come coalesced
 * (UDP_GRO); for a wildcard each says which address was asked. Who forges ICMP
 * has to guess ports.
 */
int sock_listen_relay_udp(const struct addr *a, int *fds, size_t count, char *why);
int sock_listen_relay_udp_more(const struct addr *a, int *fds, size_t count, char *why);

/*
 * A UDP socket connected to `to` from `from` (NULL: any; its port is ignored),
 * for datagrams that are passed on. What ICMP says of the way there is read
 * from its error queue (IP_RECVERR).
 */
int sock_connect_relay_udp(const struct addr *to, const struct addr *from, char *why);
/* The same from an address that isn't ours, the client's, as sock_connect_tcp_as. */
int sock_connect_relay_udp_as(const struct addr *to, const struct addr *client, char *why);

/* A UDP socket connected to `to` from `from` (NULL: any; its port is ignored). */
int sock_connect_udp(const struct addr *to, const struct addr *from, char *why);

/*
 * A socket for echo requests to `to` and what comes back, connected, ports
 * ignored. *raw: the system permits no ping socket, so this is a raw one,
 * which only gets echo replies, but those of others, too; with IPv4 they begin with
 * the IP header, and requests need a checksum.
 */
int sock_connect_icmp(const struct addr *to, const struct addr *from, bool *raw, char *why);
/* Such a socket can be opened by this process as it is. */
bool sock_may_ping(bool raw);

/* Close with RST instead of FIN (SO_LINGER 0). */
void sock_reset(int fd);

/* The pending error of a socket (SO_ERROR): 0 or an errno. */
int sock_error(int fd);

/* TCP keepalive: probes after `idle` seconds, every `every`, given up after `count`. */
void sock_keepalive(int fd, int idle, int every, int count);

#endif
