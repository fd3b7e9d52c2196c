#include "choose.h"

#include <errno.h>
#include <sys/socket.h>
#include "front.h"
#include "linger.h"
#include "names.h"
#include "serve.h"
#include "sock.h"

_Static_assert(HELLO_MAX <= WORKER_BUFFER, "a whole hello is looked at in the thread's buffer");

bool choose_hear(struct session *s, struct hello *h, enum hello_verdict *v)
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

static void send_alert(struct session *s)
{
	/* alert record, TLS 1.2, fatal, unrecognized_name */
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 112 };
	session_complain(s, END_UNKNOWN_NAME, "no listener has this server name");
	if (session_write(s, &s->client, alert, sizeof alert))
		linger_begin(s, END_UNKNOWN_NAME);
}

static bool is_full(const struct listener *l)
{
	return atomic_load_explicit(&l->count->sessions, memory_order_relaxed) >= l->conf->max_sessions;
}

static void run(struct session *s)
{
	const struct front *f = s->listener->front;
	struct hello h;
	enum hello_verdict v;
	if (!choose_hear(s, &h, &v))
		return;
	if (v == HELLO_NOT_TLS) {
		session_refuse(s, END_BAD_HELLO, h.why);
		return;
	}
	int which = h.name[0] ? names_find(f->names, h.name) : -1;
	if (which < 0) {
		send_alert(s);
	} else if (is_full(f->ways[which].listener)) {
		session_refuse(s, END_RESOURCES, "max_sessions");
	} else {
		session_move(s, f->ways[which].listener, f->ways[which].dialled);
		serve_chosen(s);
	}
}

static void ready(struct session *s, struct half *h, short what)
{
	(void)h, (void)what;
	run(s);
}

static void due(struct session *s)
{
	session_end(s, END_CLIENT_TIMEOUT);
}

static const struct phase choosing = { .name = "hello", .ready = ready, .due = due, .run = run };

void choose_begin(struct session *s)
{
	s->phase = &choosing;
	session_due(s, s->listener->client_ticks);
	run(s);
}
