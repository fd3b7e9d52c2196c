#include "https.h"

#include <ctype.h>
#include <openssl/ssl.h>
#include "certificate.h"
#include "dial.h"
#include "hear.h"
#include "linger.h"
#include "redirect.h"
#include "request.h"
#include "tls.h"

/*
 * the hello                                         then
 * names no server (the Host will be an address)     RELAY
 * names one that a redirect leads to                RELAY: this client comes from one
 * names one that our certificate isn't valid for    RELAY: the servers may have another
 * offers protocols, none of them HTTP/1             RELAY
 * else                                              handshake
 *
 * Nobody to relay to: handshake, and 503 or an alert. Nobody to redirect to: RELAY.
 */
static bool must_relay(const struct session *s, const struct hello *h)
{
	const struct listener *l = s->listener;
	if (!s->served || !peers_usable(l->peers, false))
		return false;
	return !h->name[0] || redirect_leads_to(l->redirect, h->name) || !certificate_suits(l->certificate, h->name) ||
	       (h->alpn && !h->alpn_http1) || !peers_usable(l->peers, true);
}

static void shake(struct session *s)
{
	struct half *c = &s->client;
	const char *why;
	bool wants_write = false;
	switch (tls_shake(c, &wants_write, &why)) {
	case TLS_DONE:
		request_begin(s, s->served);
		return;
	case TLS_WAITS:
		session_watch(s, c, wants_write);
		return;
	case TLS_FAILED:
		break;
	}
	session_complain(s, END_BAD_HANDSHAKE, why);
	linger_begin(s, END_BAD_HANDSHAKE);
}

/* Its turn to begin has not come yet. */
static bool is_waiting(const struct session *s)
{
	return s->link != NULL;
}

static void shake_ready(struct session *s, struct half *h, short what)
{
	(void)h, (void)what;
	if (!is_waiting(s))
		shake(s);
}

static void due(struct session *s)
{
	session_end(s, END_CLIENT_TIMEOUT);
}

static const struct phase shaking = { .name = "handshake", .ready = shake_ready, .due = due, .run = shake };

static void begin_tls(struct session *s)
{
	SSL *tls = certificate_accept(s->listener->certificate);
	if (!tls || !tls_attach(&s->client, tls)) {
		SSL_free(tls);
		session_end(s, END_RESOURCES);
		return;
	}
	s->phase = &shaking;
	/* A signature takes half a millisecond: relays that are ready have their turn in between. */
	session_run_in_line(s);
}

/* HTTP without TLS gets an answer that its client understands. */
static void refuse_plain(struct session *s, const struct hello *h)
{
	if (!isupper(s->worker->buffer[0])) {
		session_refuse(s, END_BAD_HELLO, h->why);
		return;
	}
	session_complain(s, END_BAD_HELLO, "HTTP without TLS");
	linger_reply(s, 400, END_BAD_HELLO);
}

static void hear(struct session *s)
{
	struct hello h;
	enum hello_verdict v;
	if (!hear_hello(s, &h, &v))
		return;
	if (v == HELLO_NOT_TLS)
		refuse_plain(s, &h);
	else if (must_relay(s, &h))
		dial_peers(s);
	else
		begin_tls(s);
}

static void hear_ready(struct session *s, struct half *h, short what)
{
	(void)h, (void)what;
	hear(s);
}

static const struct phase hearing = { .name = "hello", .ready = hear_ready, .due = due, .run = hear };

void https_begin(struct session *s, bool served)
{
	s->served = served;
	s->phase = &hearing;
	session_due(s, s->listener->client_ticks);
	hear(s);
}
