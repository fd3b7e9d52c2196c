#include "linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "http.h"
#include "tls.h"

/* An answer of a few hundred bytes is acknowledged within that on any path that works; a client that is still at its body says more of it. */
#define LINGER_MS 2000
/* Many a client sends all of its body before it reads: that long it may take. */
#define LINGER_ALL_MS 30000
/* Bytes thrown away before others get their turn. */
#define LINGER_TURN (1u << 20)

/*
 * Seconds that a client is told to wait: about what a real server that has
 * come back needs to be used again (rise checks, hold).
 */
#define RETRY_AFTER 5

/* Waits for more. False: long enough, the session has ended. */
static bool await(struct session *s)
{
	uint32_t silence = wheel_ticks(LINGER_MS), all = wheel_ticks(LINGER_ALL_MS), gone = s->worker->wheel.now - s->active;
	if (gone >= all) {
		session_end(s, (enum end)s->why);
		return false;
	}
	session_due(s, silence < all - gone ? silence : all - gone);
	return true;
}

static void throw_away(struct session *s)
{
	struct half *c = &s->client;
	for (size_t left = LINGER_TURN; c->readable && left;) {
		/* Without copying: tcp(7). */
		ssize_t n = recv(c->fd, s->worker->buffer, WORKER_BUFFER, MSG_TRUNC);
		if (n < 0 && errno == EAGAIN) {
			c->readable = false;
		} else if (n <= 0) {
			session_end(s, (enum end)s->why);
			return;
		} else {
			left -= (size_t)n < left ? (size_t)n : left;
		}
	}
	if (await(s) && c->readable)
		session_run_later(s);
}

static void run(struct session *s)
{
	struct half *c = &s->client;
	if (c->out && !c->broken)
		return;
	if (!c->fin_out) {
		half_finish(c);
		c->fin_out = true;
		s->active = s->worker->wheel.now;
	}
	throw_away(s);
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
	struct http_reply reply = { .status = status, .close = true, .retry_after = status == 503 ? RETRY_AFTER : 0,
	                            .date = http_date(&s->worker->date, time(NULL)) };
	size_t len = http_reply_write(text, sizeof text, &reply);
	session_drop_server(s, true);
	free(s->said);
	s->said = NULL;
	count(&s->worker->counters.replies, 1);
	s->client.last = true;
	if (session_write_more(s, &s->client, text, len))
		linger_begin(s, why);
}
