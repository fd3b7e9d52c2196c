#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "dial.h"
#include "http.h"
#include "linger.h"
#include "peers.h"
#include "redirect.h"
#include "route.h"
#include "tls.h"

/* Members that are looked at for one that has a host to redirect to. */
#define REDIRECT_TRIES_MAX 16

/* Bytes of one client that are looked at before others get their turn: well under a millisecond's work. */
#define REQUEST_TURN (128 * 1024)

struct request {
	struct http_head head;
	struct http_skip skip;
	bool skipping;      /* the last request was answered, its body is being skipped */
	bool answered;      /* at least one was */
	bool begun;         /* something of the next one is there */
	bool served;        /* a peer may be used */
};

/* What one pass over the client's bytes has come to. */
enum outcome {
	MORE,       /* read on */
	FULL,       /* answers must go out before more are made */
	CLOSE,      /* the last answer is written: close so that it arrives */
	CLOSE_NOW,  /* the same, but nothing of the client is unread or to come */
	RELAY,      /* relay from here on */
	STATUS,     /* an error status, then close */
	RESET
};

struct pass {
	struct session *s;
	const char *buf;
	size_t at, len;     /* bytes used; all */
	size_t written;     /* in the worker's replies */
	unsigned status;    /* of STATUS */
};

/* Real servers of ours could serve it again, or this configuration is not in force any more. */
static bool is_last(const struct session *s)
{
	return session_is_last(s) || pool_usable(s->listener->pool);
}

static enum outcome redirect(struct pass *p, const struct addr *to)
{
	struct session *s = p->s;
	struct request *q = s->request;
	struct worker *w = s->worker;
	const struct redirect *rules = s->listener->redirect;
	uint16_t members[REDIRECT_TRIES_MAX];
	size_t n = peers_choose(s->listener->peers, &s->address, worker_random(w), true, members, REDIRECT_TRIES_MAX);
	bool can_skip = http_skip_init(&q->skip, &q->head);
	bool wants_close = !q->head.keep_alive, close = wants_close || !can_skip || is_last(s);
	for (size_t i = 0; i < n; i++) {
		size_t len = redirect_can_name(rules, members[i])
			? redirect_write(rules, &q->head, p->buf + p->at,
			                 &(struct redirect_reply){ members[i], to, close, http_date(&w->date, time(NULL)) },
			                 w->replies + p->written, WORKER_REPLIES - p->written)
			: 0;
		if (!len)
			continue;
		p->written += len;
		p->at += q->head.head_len;
		count(&w->counters.redirects, 1);
		q->answered = q->skipping = true;
		if (close)
			return wants_close && q->head.body == HTTP_BODY_NONE && p->at == p->len ? CLOSE_NOW : CLOSE;
		return MORE;
	}
	if (peers_usable(s->listener->peers, false))
		return RELAY;
	p->status = 503;
	return STATUS;
}

/* A request head is there, or will never be. */
static enum outcome answer(struct pass *p, enum http_verdict verdict)
{
	struct session *s = p->s;
	struct request *q = s->request;
	struct listener *l = s->listener;
	struct addr to = session_dialled_exactly(s);
	struct route_request_input in = {
		.verdict = verdict,
		.status = q->head.status,
		.http1 = q->head.http1,
		.peer_for_redirect = q->served && peers_usable(l->peers, true),
		.peer_for_relay = q->served && peers_usable(l->peers, false),
	};
	/* Of what is relayed in any case, only whether its Host is served. */
	if (verdict == HTTP_HEAD || (verdict == HTTP_RELAY && q->head.has_host))
		in.check = redirect_check(l->redirect, &q->head, p->buf + p->at, &to);
	switch (route_request(&in, &p->status)) {
	case ROUTE_REQUEST_REDIRECT: return redirect(p, &to);
	case ROUTE_REQUEST_RELAY: return RELAY;
	case ROUTE_REQUEST_STATUS: return STATUS;
	case ROUTE_REQUEST_RESET: break;
	}
	return RESET;
}

/* The next request may come. Its client has as long to begin it, and then to end it. */
static void next_request(struct session *s)
{
	s->request->skipping = s->request->begun = false;
	http_head_init(&s->request->head);
	session_due(s, s->listener->client_ticks);
}

/* A part of it is there. The first one's time has begun when its client was accepted. */
static void begin_head(struct session *s)
{
	struct request *q = s->request;
	if (q->answered && !q->begun)
		session_due(s, s->listener->client_ticks);
	q->begun = true;
}

static enum outcome look(struct pass *p)
{
	struct request *q = p->s->request;
	while (p->at < p->len || q->skipping) {
		if (q->skipping) {
			size_t used;
			enum http_skip_verdict v = http_skip(&q->skip, p->buf + p->at, p->len - p->at, &used);
			p->at += used;
			if (v != HTTP_SKIP_DONE)
				return v == HTTP_SKIP_MORE ? MORE : CLOSE;
			next_request(p->s);
			continue;
		}
		if (WORKER_REPLIES - p->written < REDIRECT_REPLY_MAX)
			return FULL;
		enum http_verdict v = http_parse(&q->head, p->buf + p->at, p->len - p->at);
		if (v == HTTP_MORE) {
			begin_head(p->s);
			return MORE;
		}
		enum outcome o = answer(p, v);
		if (o != MORE)
			return o;
	}
	return MORE;
}

/* Keeps what was not used. False: the session has ended. */
static bool keep_rest(struct session *s, const struct pass *p)
{
	struct bytes *b = s->said;
	size_t rest = p->len - p->at;
	if (b) {
		if (p->at)
			memmove(b->data, b->data + p->at, rest);
		b->len = (uint32_t)rest;
		if (!rest) {
			free(b);
			s->said = NULL;
		}
		return true;
	}
	if (!rest || bytes_add(&s->said, p->buf + p->at, rest))
		return true;
	session_end(s, END_RESOURCES);
	return false;
}

static void leave(struct session *s)
{
	free(s->request);
	s->request = NULL;
}

/* True: read on. False: the phase is over, or the session. */
static bool conclude(struct session *s, enum outcome o, unsigned status)
{
	switch (o) {
	case MORE:
	case FULL:
		return true;
	case CLOSE_NOW:
		if (!s->client.out) {
			session_end(s, END_ANSWERED);
			return false;
		} /* fall through */
	case CLOSE:
		leave(s);
		linger_begin(s, END_ANSWERED);
		return false;
	case STATUS:
		leave(s);
		linger_reply(s, status, END_ANSWERED);
		return false;
	case RELAY:
		leave(s);
		dial_peers(s);
		return false;
	case RESET:
		break;
	}
	session_end(s, END_UNSERVED);
	return false;
}

/* Looks at `len` bytes and what was kept before them. False: the phase is over, or the session. */
static bool take(struct session *s, const char *buf, size_t len)
{
	if (s->said && len && !bytes_add(&s->said, buf, len)) {
		session_end(s, END_RESOURCES);
		return false;
	}
	struct pass p = { .s = s, .buf = buf, .len = len };
	if (s->said) {
		p.buf = (const char *)s->said->data;
		p.len = s->said->len;
	}
	enum outcome o = look(&p);
	s->client.last = o == CLOSE || o == CLOSE_NOW;
	if (p.written && !session_write(s, &s->client, s->worker->replies, p.written))
		return false;
	if (s->client.broken) {
		session_end(s, END_CLIENT_RESET);
		return false;
	}
	if (o == FULL && !s->client.out)
		session_run_later(s);
	return keep_rest(s, &p) && conclude(s, o, p.status);
}

/* FIN or an error. Nothing can be asked any more. */
static void client_gone(struct session *s, bool fin)
{
	if (!fin)
		session_end(s, END_CLIENT_RESET);
	else
		session_end(s, s->request->answered ? END_ANSWERED : END_DONE);
}

static void run(struct session *s)
{
	struct half *c = &s->client;
	ssize_t left = REQUEST_TURN;
	if (s->said && !c->out && !take(s, NULL, 0))
		return;
	while (c->readable && !c->out && !s->link) {
		/* While something is kept there is room for the rest of a head, and no more is read than is kept for a relay. */
		size_t have = s->said ? s->said->len : 0, room = SESSION_SAID_MAX - have;
		ssize_t n = half_recv(c, s->worker->buffer, room);
		if (n < 0 && errno == EAGAIN) {
			c->readable = false;
		} else if (n < 0 && errno == EINTR) {
			session_run_later(s);
		} else if (n <= 0) {
			/* Requests tell their ends by themselves, so many clients leave without close_notify. */
			client_gone(s, n == 0 || errno == ECONNABORTED);
			return;
		} else {
			/* Less than there was room for is all there is, but for a FIN, of which its event tells ... */
			c->readable = (size_t)n == room || c->closing || c->tls;
			left -= n + REQUEST_TURN / SESSION_READS;
			if (!take(s, (const char *)s->worker->buffer, (size_t)n))
				return;
			/* ... and a RST, which its event may have hidden behind these bytes: an answer meets it, else look. */
			if (s->said) {
				c->readable = true;
				c->dry = false;
			}
			if (left <= 0)
				session_run_later(s);
		}
	}
	session_watch(s, c, c->wants_write);
}

static void ready(struct session *s, struct half *h, short what)
{
	(void)h, (void)what;
	if (s->client.broken)
		session_end(s, END_CLIENT_RESET);
	else
		run(s);
}

/* A kept connection that says nothing is closed without a word, like everywhere; a slow request is told. */
static void due(struct session *s)
{
	struct request *q = s->request;
	if (s->client.out || q->skipping) {
		session_end(s, END_CLIENT_TIMEOUT);
		return;
	}
	bool silent = q->answered && !s->said;
	leave(s);
	if (silent)
		session_end(s, END_ANSWERED);
	else
		linger_reply(s, 408, END_CLIENT_TIMEOUT);
}

static const struct phase requesting = { .name = "request", .ready = ready, .due = due, .run = run };

void request_begin(struct session *s, bool served)
{
	s->request = calloc(1, sizeof *s->request);
	if (!s->request) {
		session_end(s, END_RESOURCES);
		return;
	}
	s->phase = &requesting;
	s->request->served = served;
	next_request(s);
	/* A client's request is often here before our accept: then its event need not be entered at all. */
	s->client.readable = true;
	run(s);
}
