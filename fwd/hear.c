#include "hear.h"

#include <errno.h>
#include <sys/socket.h>
#include "sock.h"

_Static_assert(HELLO_MAX <= WORKER_BUFFER, "a whole hello is looked at in the thread's buffer");

bool hear_hello(struct session *s, struct hello *h, enum hello_verdict *v)
{
	struct half *c = &s->client;
	ssize_t n = recv(c->fd, s->worker->buffer, HELLO_MAX, MSG_PEEK);
	if (n == 0) {
		session_end(s, END_DONE);
		return false;
	}
	if (n < 0 && errno != EAGAIN) {
		session_end(s, END_CLIENT_RESET);
		return false;
	}
	*v = hello_parse(h, s->worker->buffer, n < 0 ? 0 : (size_t)n);
	if (*v == HELLO_WHOLE || *v == HELLO_NOT_TLS)
		return true;
	c->readable = false;
	if (*v == HELLO_BAD)
		session_refuse(s, END_BAD_HELLO, h->why);
	else if (c->closing)
		session_refuse(s, END_BAD_HELLO, "closed within the hello");
	else if (n > 0 && sock_error(c->fd)) /* RST: what came before it can still be peeked at, and hides it */
		session_end(s, END_CLIENT_RESET);
	else
		session_watch(s, c, false);
	return false;
}
