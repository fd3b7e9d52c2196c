/*
 * A probe over one datagram socket: something is sent, something comes back.
 * The socket is connected, so that nobody else's datagrams come, and errors
 * that ICMP tells do.
 */
#include "check_kind.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void failed(struct check *k, int error)
{
	if (check_is_our_lack(error))
		check_postpone(k, "no means to send");
	else
		k->datagram->failed(k, error);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	struct check *k = arg;
	(void)what;
	while (k->running) {
		ssize_t n = recv((int)fd, k->checker->scratch, CHECK_SCRATCH, 0);
		if (n >= 0)
			k->datagram->data(k, k->checker->scratch, (size_t)n);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			failed(k, errno);
	}
}

void datagram_start(struct check *k, int fd, const struct datagram_talk *talk, const void *message, size_t n)
{
	k->datagram = talk;
	k->stream.fd = fd;
	event_assign(&k->stream.io, k->checker->base, fd, EV_READ | EV_ET | EV_PERSIST, on_io, k);
	if (event_add(&k->stream.io, NULL) < 0)
		check_postpone(k, "no memory for an event");
	else if (send(fd, message, n, MSG_NOSIGNAL) < 0)
		failed(k, errno);
}

void datagram_stop(struct check *k)
{
	if (k->stream.fd < 0)
		return;
	event_del(&k->stream.io);
	close(k->stream.fd);
	k->stream.fd = -1;
}
