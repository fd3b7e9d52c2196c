/*
 * http302 ADDRESS PORT: bare epoll program that writes a canned 302 for each
 * read that ends a request head, unparsed: the floor for an HTTP redirector
 * with one read and one write a request. Honours "Connection: close".
 */
#include "bench.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256
#define ACCEPTS 64
#define HEAD "HTTP/1.1 302 Found\r\nLocation: http://site-b.gslb.test/\r\nContent-Length: 0\r\n"

static const char keep_answer[] = HEAD "\r\n", close_answer[] = HEAD "Connection: close\r\n\r\n";
static int poller, listener;

static void watch(int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e))
		close(fd);
}

static void accept_some(void)
{
	int fd;
	for (int i = 0; i < ACCEPTS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0; i++)
		watch(fd);
}

static void serve(int fd)
{
	static char b[16384];
	ssize_t n = read(fd, b, sizeof b - 1);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			close(fd);
		return;
	}
	if (n < 4 || memcmp(b + n - 4, "\r\n\r\n", 4))
		return;
	b[n] = '\0';
	bool last = strstr(b, "onnection: close") || strstr(b, "onnection: Close");
	ssize_t w = last ? write(fd, close_answer, sizeof close_answer - 1) : write(fd, keep_answer, sizeof keep_answer - 1);
	if (last || w < 0)
		close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: http302 address port");
	signal(SIGPIPE, SIG_IGN);
	alarm(BENCH_LIFETIME);
	poller = epoll_create1(0);
	listener = tcp_listen(argv[1], atoi(argv[2]));
	watch(listener);
	struct epoll_event events[EVENTS];
	for (;;) {
		int n = epoll_wait(poller, events, EVENTS, -1);
		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				accept_some();
			else
				serve(events[i].data.fd);
	}
}
