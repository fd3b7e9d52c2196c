#include "udp_parts.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <string.h>

/* An error concerns the first message only; the others go on. What a client can't get is lost, as on the way. */
static void send_run(struct udp *u, unsigned at, unsigned n)
{
	struct counters *c = &u->worker->counters;
	int fd = u->out_socket[at]->fd, error;
	for (unsigned end = at + n; at < end; at++) {
		at += udp_send(fd, u->out.messages + at, end - at, &error);
		if (at == end)
			return;
		/* A path's MTU may have shrunk under the segments. */
		if (u->out.segment[at] && error != EAGAIN && error != ENOBUFS)
			udp_send_split(fd, &u->out.messages[at].msg_hdr, u->out.segment[at]);
		else
			count(&c->dropped, batch_count(&u->out, at));
	}
}

void udp_flush(struct udp *u)
{
	unsigned n;
	for (unsigned at = 0; at < u->nout; at += n) {
		for (n = 1; at + n < u->nout && u->out_socket[at + n] == u->out_socket[at]; n++)
			;
		send_run(u, at, n);
	}
	for (unsigned i = 0; i < u->nout; i++)
		batch_prepare(&u->out, i, false);
	u->nout = 0;
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	udp_flush(arg);
}

/* Received ones become messages to the client, which go out when all flows of this wake-up have had their turn. */
static void queue_replies(struct flow *f, unsigned n)
{
	struct udp *u = f->socket->udp;
	struct counters *c = &u->worker->counters;
	for (unsigned i = u->nout; i < u->nout + n; i++) {
		struct msghdr *h = &u->out.messages[i].msg_hdr;
		batch_address(&u->out, i, f->socket->any ? &f->asked : NULL, f->client.sa.sa_family);
		u->out.names[i] = f->client;
		h->msg_name = &u->out.names[i];
		h->msg_namelen = addr_len(&f->client);
		u->out_socket[i] = f->socket;
		count(&c->to_client, u->out.messages[i].msg_len);
		count(&c->datagrams_to_client, batch_count(&u->out, i));
	}
	if (!u->nout)
		event_active(&u->flush, EV_TIMEOUT, 0);
	u->nout += n;
}

/* False: nothing was there. */
static bool take_replies(struct flow *f)
{
	struct udp *u = f->socket->udp;
	if (u->nout == UDP_BATCH)
		udp_flush(u);
	unsigned room = UDP_BATCH - u->nout;
	int n = batch_receive(&u->out, f->fd, u->nout, room < UDP_REPLY_BATCH ? room : UDP_REPLY_BATCH);
	if (n <= 0)
		return false;
	f->active = u->wheel.now;
	f->waits = false;
	if (!f->heard)
		flow_heard(f);
	queue_replies(f, (unsigned)n);
	return true;
}

/*
 * What ICMP has said of datagrams, the last failure of it; 0: nothing that
 * matters. Until the queue is empty the socket goes on telling of it.
 */
static int read_errors(int fd)
{
	int failure = 0;
	_Alignas(8) uint8_t control[256];
	for (;;) {
		struct msghdr h = { .msg_control = control, .msg_controllen = sizeof control };
		if (recvmsg(fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return failure;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
			struct sock_extended_err e;
			if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) && !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
				continue;
			memcpy(&e, CMSG_DATA(c), sizeof e);
			if (flow_is_failure((int)e.ee_errno))
				failure = (int)e.ee_errno;
		}
	}
}

/* A reply may stand behind a pending error, and is heard first. */
void flow_trouble(struct flow *f, int error)
{
	int failure = read_errors(f->fd);
	if (!failure && flow_is_failure(error))
		failure = error;
	if (!failure)
		return;
	take_replies(f);
	flow_failed(f, failure);
}

static void on_server(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct flow *f = arg;
	if (!take_replies(f))
		flow_trouble(f, errno);
}

void udp_reply_init(struct udp *u)
{
	u->on_server = on_server;
	event_assign(&u->flush, u->worker->base, -1, 0, on_flush, u);
	for (unsigned i = 0; i < UDP_BATCH; i++)
		batch_prepare(&u->out, i, false);
}
