#include "choose.h"

#include "front.h"
#include "hear.h"
#include "linger.h"
#include "names.h"
#include "sock.h"

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
	if (!hear_hello(s, &h, &v))
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
		s->then(s);
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

void choose_begin(struct session *s, void (*chosen)(struct session *s))
{
	s->then = chosen;
	s->phase = &choosing;
	session_due(s, s->listener->client_ticks);
	run(s);
}
