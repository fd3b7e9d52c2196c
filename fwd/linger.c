#include "linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "http.h"
#include "tls.h"

/* An answer of a few hundred bytes is acknowledged within that on any path that works. */
#define LINGER_MS 2000
/* A client that goes on with a body for longer than this does not listen. */
#define LINGER_BYTES_MAX (1u << 20)

/*
 * Seconds that a client is told to wait: about what a real server that has
 * come back needs to be used again (rise checks, hold).
 */
#define RETRY_AFTER 5

static void run(struct session *s)
{
	struct half *c = &s->client;
	if (c->out && !c->broken)
		return;
	if (!c->fin_out) {
		half_finish(c);
		c->fin_out = true;
		session_due(s, wheel_ticks(LINGER_MS));
	}
	while (c->readable && s->discarded < LINGER_BYTES_MAX) {
		ssize_t n = recv(c->fd, s->worker->buffer, WORKER_BUFFER, 0);
		if (n < 0 && errno == EAGAIN) {
			c->readable = false;
			return;
		}
		if (n <= 0)
			break;
		s->discarded += (uint32_t)n;
	}
	if (c->readable)
		session_end(s, (enum end)s->why);
}

static void ready(struct session *s, struct half *h, short what)
{
	(void)h, (void)what;
	run(s);
}

static void due(struct session *s)
{
	session_end(s, (enum end)s->why);
}

static const struct phase lingering = { .name = "linger", .ready = ready, .due = due, .run = run };

void linger_begin(struct session *s, enum end why)
{
	s->phase = &lingering;
	s->why = (uint8_t)why;
	session_due(s, s->listener->client_ticks);
	if (!session_watch(s, &s->client, s->client.wants_write))
		return;
	s->client.readable = true;
	run(s);
}

void linger_reply(struct session *s, unsigned status, enum end why)
{
	char text[HTTP_REPLY_MAX];
	struct http_reply reply = { .status = status, .close = true, .retry_after = status == 503 ? RETRY_AFTER : 0 };
	size_t len = http_reply_write(text, sizeof text, &reply);
	session_drop_server(s, true);
	free(s->said);
	s->said = NULL;
	count(&s->worker->counters.replies, 1);
	if (session_write_more(s, &s->client, text, len))
		linger_begin(s, why);
}
