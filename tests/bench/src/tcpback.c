/*
 * tcpback: a TCP back end, one thread, level-triggered epoll.
 *   -m echo    answers each read with -n bytes (128)
 *   -m source  writes as fast as the connection takes it
 * Also what the health checks of the bench look at.
 */
#include "bench.h"
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256
#define ACCEPTS 64

static char bytes[256 << 10];
static size_t reply = 128;
static bool source;
static int poller, listener;

static void watch(int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e))
		close(fd);
}

static void accept_some(void)
{
	int one = 1, fd;
	for (int i = 0; i < ACCEPTS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0; i++) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		watch(fd, source ? EPOLLOUT | EPOLLRDHUP : EPOLLIN);
	}
}

static void serve(int fd, uint32_t events)
{
	ssize_t n = 1;
	if (source) {
		if (!(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
			n = write(fd, bytes, sizeof bytes);
		else
			n = 0;
	} else if ((n = read(fd, bytes, sizeof bytes)) > 0)
		n = write(fd, bytes, reply);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		close(fd);
}

int main(int argc, char **argv)
{
	const char *ip = "0.0.0.0";
	int port = 9001, core = -1, c;
	while ((c = getopt(argc, argv, "a:p:m:c:n:")) != -1)
		switch (c) {
		case 'a': ip = optarg; break;
		case 'p': port = atoi(optarg); break;
		case 'm': source = !strcmp(optarg, "source"); break;
		case 'c': core = atoi(optarg); break;
		case 'n': reply = (size_t)atol(optarg); break;
		default: die("usage: tcpback -a address -p port [-m echo|source] [-n bytes] [-c core]");
		}
	if (reply > sizeof bytes)
		die("-n is too large");
	pin_core(core);
	signal(SIGPIPE, SIG_IGN);
	alarm(BENCH_LIFETIME);
	memset(bytes, 'x', sizeof bytes);
	poller = epoll_create1(0);
	listener = tcp_listen(ip, port);
	watch(listener, EPOLLIN);
	struct epoll_event events[EVENTS];
	for (;;) {
		int n = epoll_wait(poller, events, EVENTS, -1);
		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				accept_some();
			else
				serve(events[i].data.fd, events[i].events);
	}
}
