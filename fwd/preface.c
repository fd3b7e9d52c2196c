#include "preface.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "proxyproto.h"
#include "sock.h"

bool preface_is_wanted(const struct conf_listener *l, const struct addr *client)
{
	struct addr a = *client;
	addr_unmap(&a);
	for (size_t i = 0; i < l->naccept_proxy; i++)
		if (prefix_covers(&l->accept_proxy[i], &a))
			return true;
	return false;
}

/* False: no memory, the session has ended. */
static bool believe(struct session *s, const struct proxy_header *h)
{
	s->from_site |= h->hop;
	if (!h->told)
		return true;
	s->told = malloc(sizeof *s->told);
	if (!s->told) {
		session_end(s, END_RESOURCES);
		return false;
	}
	*s->told = h->destination;
	s->address = h->source;
	s->from_site |= setup_is_site(s->listener->setup, &h->source);
	return true;
}

static void take(struct session *s, const struct proxy_header *h)
{
	if (recv(s->client.fd, s->worker->buffer, h->len, 0) != (ssize_t)h->len)
		session_end(s, END_CLIENT_RESET);
	else if (believe(s, h))
		s->then(s);
}

static void run(struct session *s)
{
	struct half *c = &s->client;
	struct proxy_header h;
	ssize_t n = recv(c->fd, s->worker->buffer, PROXY_HEADER_MAX, MSG_PEEK);
	if (n == 0) {
		session_refuse(s, END_BAD_PROXY, "closed before the header");
		return;
	}
	if (n < 0 && errno != EAGAIN) {
		session_end(s, END_CLIENT_RESET);
		return;
	}
	switch (proxy_parse(&h, s->worker->buffer, n < 0 ? 0 : (size_t)n)) {
	case PROXY_WHOLE:
		take(s, &h);
		return;
	case PROXY_BAD:
		session_refuse(s, END_BAD_PROXY, h.why);
		return;
	case PROXY_MORE:
		break;
	}
	c->readable = false;
	if (c->closing)
		session_refuse(s, END_BAD_PROXY, "closed within the header");
	else if (n > 0 && sock_error(c->fd)) /* RST: what came before it can still be peeked at, and hides it */
		session_end(s, END_CLIENT_RESET);
	else
		session_watch(s, c, false);
}

static void ready(struct session *s, struct half *h, short what)
{
	(void)h, (void)what;
	run(s);
}

static void due(struct session *s)
{
	session_refuse(s, END_BAD_PROXY, "not there within client_timeout");
}

static const struct phase prefacing = { .name = "preface", .ready = ready, .due = due, .run = run };

void preface_begin(struct session *s, void (*then)(struct session *s))
{
	s->then = then;
	s->phase = &prefacing;
	session_due(s, s->listener->client_ticks);
	/* Senders put it into their first packet. */
	run(s);
}
