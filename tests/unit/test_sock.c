#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include "../../common/sock.h"
#include "unit.h"

static struct addr loopback(const char *ip, uint16_t port)
{
	struct addr a;
	CU_ASSERT_FATAL(addr_parse(&a, ip, port));
	return a;
}

static struct addr bound_to(int fd)
{
	struct addr a;
	socklen_t n = sizeof a;
	CU_ASSERT_FATAL(getsockname(fd, &a.sa, &n) == 0);
	return a;
}

static void threads_share_a_port_a_second_start_does_not(void)
{
	char why[SOCK_WHY_MAX] = "";
	int fds[3], more[2];
	struct addr any = loopback("127.0.0.1", 0);
	CU_ASSERT_FATAL(sock_listen_udp(&any, fds, 1, why) == 0);
	struct addr a = bound_to(fds[0]);
	close(fds[0]);
	CU_ASSERT_FATAL(sock_listen_udp(&a, fds, 3, why) == 0);
	CU_ASSERT_EQUAL(sock_listen_udp(&a, more, 2, why), -1);
	CU_ASSERT_EQUAL(errno, EADDRINUSE);
	CU_ASSERT(*why != 0);
	for (int i = 0; i < 3; i++)
		close(fds[i]);

	CU_ASSERT_FATAL(sock_listen_tcp(&any, fds, 1, 8, why) == 0);
	a = bound_to(fds[0]);
	close(fds[0]);
	CU_ASSERT_FATAL(sock_listen_tcp(&a, fds, 3, 8, why) == 0);
	CU_ASSERT_EQUAL(sock_listen_tcp(&a, more, 2, 8, why), -1);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void connects_from_the_address_given(void)
{
	char why[SOCK_WHY_MAX];
	struct addr any = loopback("127.0.0.1", 0), from = loopback("127.0.0.77", 4711), peer;
	int listener;
	socklen_t n = sizeof peer;
	CU_ASSERT_FATAL(sock_listen_tcp(&any, &listener, 1, 8, why) == 0);
	struct addr to = bound_to(listener);
	int fd = sock_connect_tcp(&to, &from, why);
	CU_ASSERT_FATAL(fd >= 0);
	struct pollfd p = { .fd = listener, .events = POLLIN };
	CU_ASSERT_FATAL(poll(&p, 1, 5000) == 1);
	int server = accept(listener, &peer.sa, &n);
	CU_ASSERT_FATAL(server >= 0);
	CU_ASSERT(addr_same_ip(&peer, &from) && addr_port(&peer) != 4711);

	/* A reset close is seen as such, not as an end of data. */
	sock_reset(fd);
	p.fd = server;
	CU_ASSERT_FATAL(poll(&p, 1, 5000) == 1);
	CU_ASSERT_EQUAL(sock_error(server), ECONNRESET);
	close(server);
	close(listener);
}

UNIT_MAIN("sock", UNIT_TEST(threads_share_a_port_a_second_start_does_not), UNIT_TEST(connects_from_the_address_given))
