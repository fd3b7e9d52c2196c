#include "dial.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "certificate.h"
#include "linger.h"
#include "proxyproto.h"
#include "relay.h"
#include "sock.h"
#include "tls.h"
#include "source.h"

/* Candidates that one client is tried on; with the default connect_timeout it would wait longer than people do. */
#define DIAL_TRIES_MAX 16

/* A peer's forwarder resets at accept what it cannot serve; its RST is here within this and twice the connect time. */
#define TRIAL_US 50000

/* Towards peers, until the relay is committed. */
struct dial {
	uint16_t members[DIAL_TRIES_MAX]; /* candidates, best first */
	uint8_t n, at;
	uint8_t target;             /* of the member: the next address to try */
	uint32_t turn;              /* which of our sources: others than the last client's */
	uint64_t started;           /* us: connect */
	uint64_t until;             /* us: FIN or RST before that is a refusal */
};

/* Is this failure of a connect ours, and not the other side's? Then another candidate meets the same. */
static bool is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static void pass(struct session *s)
{
	(void)s;
}

/* Connected? Read and write together may be an error, or a server that speaks first. */
static int connect_result(const struct half *h, short what)
{
	return what & EV_READ ? sock_error(h->fd) : 0;
}

/*
 * Says whose connection this is, before all else. A new connection takes that
 * at once; false: it did not, so it has failed. `hop`: marked as sent on by us.
 */
static bool introduce(struct session *s, enum proxy_send version, bool hop)
{
	uint8_t header[PROXY_WRITE_MAX];
	struct addr dialled;
	if (version == PROXY_SEND_NONE)
		return true;
	dialled = session_dialled_exactly(s);
	size_t len = proxy_write(header, version, &s->address, &dialled, hop ? s->listener->setup->conf->own->name : NULL);
	/* What the client has said goes with it in one packet. */
	return send(s->server.fd, header, len, MSG_NOSIGNAL | (s->said ? MSG_MORE : 0)) == (ssize_t)len;
}

/* --- real servers --- */

static void next_real(struct session *s);

enum check_result dial_refusal(int error)
{
	switch (error) {
	case ECONNREFUSED: return RESULT_L4_REFUSED;
	case ECONNRESET: return RESULT_L4_RESET;
	case ETIMEDOUT: return RESULT_L4_TIMEOUT;
	case ENETUNREACH: case EHOSTUNREACH: case EHOSTDOWN: return RESULT_L4_UNREACHABLE;
	default: return RESULT_L4_ERROR;
	}
}

/* EADDRNOTAVAIL: our ports towards it are used up, so it is passed over, but it is not its fault. */
static void real_failed(struct session *s, int error)
{
	if (error != EADDRNOTAVAIL && error != EACCES && error != EPERM)
		server_refused(s->worker->home->servers, s->real, dial_refusal(error));
	session_drop_server(s, true);
	count(&s->worker->counters.retried, 1);
	next_real(s);
}

/*
 * Goes on to the next one; others may still get this one. It was late, of
 * which its check will tell; or it has connected and reset before either side
 * said anything, as when it is killed with us in its queue.
 */
static void leave_real(struct session *s)
{
	session_drop_server(s, true);
	count(&s->worker->counters.retried, 1);
	next_real(s);
}

static void real_ready(struct session *s, struct half *h, short what)
{
	if (h != &s->server)
		return;
	int error = connect_result(h, what);
	if (error) {
		real_failed(s, error);
		return;
	}
	/* Another forwarder in the place of a real server must not send it to yet another site, either. */
	if (!introduce(s, s->listener->conf->send_proxy, s->from_site)) {
		leave_real(s);
		return;
	}
	s->unheard = leave_real;
	s->client.readable = true; /* often it has spoken by now */
	relay_begin(s);
}


static const struct phase connecting_real = { .name = "dial", .ready = real_ready, .due = leave_real, .run = pass };

/* From the client's own address where that is wanted; one on this machine can't be reached from elsewhere, so it stays unknown. */
static int open_real(const struct session *s)
{
	char why[SOCK_WHY_MAX];
	struct addr client = s->address;
	addr_unmap(&client);
	/* A PROXY header may name a client of the other family. */
	if (!s->listener->conf->transparent || addr_is_loopback(&client) || client.sa.sa_family != s->real->address.sa.sa_family)
		return sock_connect_tcp(&s->real->address, NULL, why);
	return sock_connect_tcp_as(&s->real->address, &client, why);
}

/* False: this one failed at once, *error says how. */
static bool connect_real(struct session *s, int *error)
{
	int fd = open_real(s);
	*error = errno;
	if (fd < 0)
		return false;
	s->phase = &connecting_real;
	session_set_server(s, fd);
	session_due(s, s->listener->connect_ticks);
	session_watch(s, &s->server, true);
	return true;
}

static void next_real(struct session *s)
{
	struct worker *w = s->worker;
	const struct pool *p = s->listener->pool;
	int i, error;
	for (;;) {
		struct pool_input in = { .client = &s->address, .random = worker_random(w), .tried = s->tried, .worker = w->index };
		i = pool_pick(p, &in);
		if (i < 0)
			break;
		s->tried |= pool_bit((size_t)i);
		session_count_real(s, p->servers[i]);
		if (connect_real(s, &error))
			return;
		if (is_ours(error)) {
			session_end(s, END_RESOURCES);
			return;
		}
		if (error != EADDRNOTAVAIL)
			server_refused(w->home->servers, s->real, dial_refusal(error));
		else
			session_complain(s, END_NO_SOURCE, "all ports towards a real server are in use");
		count(&w->counters.retried, 1);
	}
	session_count_real(s, NULL);
	s->otherwise(s);
}

void dial_local(struct session *s, void (*otherwise)(struct session *s))
{
	s->otherwise = otherwise;
	next_real(s);
}

/* --- peers --- */

static void next_peer(struct session *s);

/* What it said begins with this. */
static bool said(const struct session *s, const char *text, size_t len)
{
	return s->said && s->said->len >= len && memcmp(s->said->data, text, len) == 0;
}

/* TLS that is not ours cannot be told anything, nor can HTTP/2; every other client of an http listener can. */
static bool can_be_answered(const struct session *s)
{
	if (s->listener->conf->protocol != FWD_HTTP || (s->listener->certificate && !s->client.tls))
		return false;
	/* A handshake record (RFC 8446 section 5.1), a preface (RFC 9113 section 3.4). */
	return !said(s, "\x16", 1) && !said(s, "PRI * HTTP/2.0\r\n", 16);
}

static void none_left(struct session *s)
{
	free(s->dial);
	s->dial = NULL;
	if (can_be_answered(s))
		linger_reply(s, 503, END_ANSWERED);
	else
		session_end(s, END_UNSERVED);
}

/* Committed: what was kept for the next candidate is not needed, but for what the peer did not take yet. */
static void commit(struct session *s)
{
	struct bytes *b = s->said;
	s->said = NULL;
	s->unheard = NULL;
	if (b && b->at < b->len)
		s->server.out = b;
	else
		free(b);
	free(s->dial);
	s->dial = NULL;
}

static void peer_failed(struct session *s)
{
	session_drop_server(s, true);
	count(&s->worker->counters.retried, 1);
	next_peer(s);
}

/* Nothing can have been done twice when the next one gets the client. */
static bool is_silent(const struct session *s)
{
	return !s->said && !s->client.fin_in;
}

/* The peer said something, or ended. False: this was handled, `s` may be gone. */
static bool hear_peer(struct session *s)
{
	struct half *v = &s->server;
	ssize_t n = half_recv(v, s->worker->buffer, WORKER_BUFFER);
	if (n > 0) {
		commit(s);
		relay_begin_with(s, s->worker->buffer, (size_t)n);
		return false;
	}
	if (n < 0 && errno == EAGAIN && !v->broken) {
		v->readable = false;
		return true;
	}
	if (n < 0 && errno == EINTR) {
		session_run_later(s);
		return false;
	}
	if (worker_now_us() < s->dial->until || is_silent(s)) {
		peer_failed(s);
	} else if (n < 0 || v->broken) {
		session_end(s, END_SERVER_RESET);
	} else {
		commit(s);
		v->fin_in = true;
		relay_begin(s);
	}
	return false;
}

/* Says to the peer what it has not been told yet. */
static void tell_peer(struct session *s)
{
	struct bytes *b = s->said;
	struct half *v = &s->server;
	if (b && b->at < b->len) {
		ssize_t n = half_send(v, b->data + b->at, b->len - b->at);
		if (n < 0 && errno != EAGAIN)
			v->broken = true;
		if (n > 0) {
			b->at += (uint32_t)n;
			count(&s->worker->counters.to_server, (uint64_t)n);
		}
	}
	if (s->client.fin_in && !v->fin_out && (!b || b->at == b->len)) {
		half_finish(v);
		v->fin_out = true;
	}
}

/* Reads the client into `said`. False: the session has ended, was committed because it has said too much, or goes on later. */
static bool hear_client(struct session *s)
{
	struct half *c = &s->client;
	uint8_t *buffer = s->worker->buffer;
	size_t have = s->said ? s->said->len : 0;
	/* With all room used one more byte decides; it stays in the kernel. Inside TLS it would not, so it is not waited for. */
	ssize_t n = have < SESSION_SAID_MAX ? half_recv(c, buffer, SESSION_SAID_MAX - have) : c->tls ? 1 : recv(c->fd, buffer, 1, MSG_PEEK);
	if (n > 0 && have == SESSION_SAID_MAX) {
		commit(s);
		relay_begin(s);
		return false;
	}
	if (n > 0 && !bytes_add(&s->said, buffer, (size_t)n)) {
		session_end(s, END_RESOURCES);
		return false;
	}
	if (n == 0)
		c->fin_in = true;
	if (n < 0 && errno == EINTR) {
		session_run_later(s);
		return false;
	}
	if (n < 0 && errno != EAGAIN) {
		session_end(s, END_CLIENT_RESET);
		return false;
	}
	c->readable = n > 0;
	return true;
}

static void try_peer(struct session *s)
{
	struct half *c = &s->client, *v = &s->server;
	for (unsigned reads = 0; reads < SESSION_READS; reads++) {
		tell_peer(s);
		if ((v->readable || v->broken) && !hear_peer(s))
			return;
		if (!c->readable || c->fin_in || (s->said && s->said->at < s->said->len))
			return;
		if (!hear_client(s))
			return;
	}
	session_run_later(s);
}

static void trial_ready(struct session *s, struct half *h, short what)
{
	(void)h, (void)what;
	try_peer(s);
}

/* While neither side has said anything, a peer that dies is still no loss, for as long as connecting may take. */
static void trial_due(struct session *s)
{
	if (is_silent(s))
		s->unheard = peer_failed;
	else
		commit(s);
	relay_begin(s);
}

static const struct phase trial = { .name = "trial", .ready = trial_ready, .due = trial_due, .run = try_peer };

/* Connected, and inside TLS if there is any. */
static void begin_trial(struct session *s)
{
	struct dial *d = s->dial;
	uint64_t now = worker_now_us(), grace = TRIAL_US + 2 * (now - d->started);
	d->until = now + grace;
	s->phase = &trial;
	session_due(s, wheel_ticks((double)grace / 1000) + 1);
	if (!session_watch(s, &s->client, s->client.wants_write))
		return;
	s->client.readable = true;
	if (s->said)
		s->said->at = 0;
	try_peer(s);
}

/* --- a peer inside TLS, since its client is --- */

static void shake_peer(struct session *s)
{
	const char *why;
	bool wants_write = false;
	switch (tls_shake(&s->server, &wants_write, &why)) {
	case TLS_DONE:
		begin_trial(s);
		return;
	case TLS_WAITS:
		session_watch(s, &s->server, wants_write);
		return;
	case TLS_FAILED:
		break;
	}
	session_complain(s, END_PEER_HANDSHAKE, why);
	peer_failed(s);
}

static void shaking_ready(struct session *s, struct half *h, short what)
{
	(void)what;
	if (h == &s->server)
		shake_peer(s);
}

static const struct phase shaking_peer = { .name = "peer handshake", .ready = shaking_ready, .due = peer_failed, .run = pass };

static void begin_peer_tls(struct session *s)
{
	const char *name = tls_wanted_name(&s->client);
	SSL *tls = certificate_connect(s->listener->certificate, name ? name : s->listener->conf->service_text);
	if (!tls || !tls_attach(&s->server, tls)) {
		SSL_free(tls);
		session_end(s, END_RESOURCES);
		return;
	}
	s->phase = &shaking_peer;
	session_due(s, s->listener->connect_ticks);
	shake_peer(s);
}

static void peer_ready(struct session *s, struct half *h, short what)
{
	if (h != &s->server)
		return;
	if (connect_result(h, what) || !introduce(s, s->listener->conf->send_proxy_peer, true)) {
		peer_failed(s);
		return;
	}
	if (s->client.tls)
		begin_peer_tls(s);
	else
		begin_trial(s);
}

static const struct phase connecting_peer = { .name = "dial peer", .ready = peer_ready, .due = peer_failed, .run = pass };

/* A connect begun to this address, from one of our sources. -1: none works, errno says why. */
static int connect_peer(struct session *s, const struct addr *to)
{
	char why[SOCK_WHY_MAX];
	const struct addr *from;
	const struct site *own = s->listener->setup->conf->own;
	size_t turn = s->dial->turn, n = source_pick(own, to->sa.sa_family, turn, &from);
	int fd = -1;
	*why = 0;
	errno = EADDRNOTAVAIL;
	for (size_t i = 0; i < n && fd < 0 && errno == EADDRNOTAVAIL; i++) {
		source_pick(own, to->sa.sa_family, turn + i, &from);
		fd = sock_connect_tcp(to, from, why);
	}
	if (fd < 0 && errno == EADDRNOTAVAIL) {
		/* A proxy IP that we don't have fails earlier, when it is bound. */
		bool ports = strncmp(why, "connect", 7) == 0;
		session_complain(s, END_NO_SOURCE, !n ? "no proxy IP of this family" : ports ? "all ports of our proxy IPs towards a peer are in use" : why);
		errno = EADDRNOTAVAIL;
	}
	return fd;
}

/* The next address of the candidates. False: none left. */
static bool next_address(struct session *s, struct addr *out)
{
	struct dial *d = s->dial;
	for (; d->at < d->n; d->at++, d->target = 0) {
		const struct member *m = &s->listener->service->members[d->members[d->at]];
		if (d->target >= m->ntargets)
			continue;
		*out = m->targets[d->target++];
		addr_set_port(out, peers_port(m, addr_port(session_dialled(s))));
		return true;
	}
	return false;
}

static void next_peer(struct session *s)
{
	struct addr to;
	while (next_address(s, &to)) {
		int fd = connect_peer(s, &to);
		if (fd >= 0) {
			s->phase = &connecting_peer;
			s->dial->started = worker_now_us();
			session_set_server(s, fd);
			session_due(s, s->listener->connect_ticks);
			session_watch(s, &s->server, true);
			return;
		}
		if (is_ours(errno)) {
			session_end(s, END_RESOURCES);
			return;
		}
		count(&s->worker->counters.retried, 1);
	}
	none_left(s);
}

void dial_peers(struct session *s)
{
	s->dial = calloc(1, sizeof *s->dial);
	if (!s->dial) {
		session_end(s, END_RESOURCES);
		return;
	}
	s->dial->turn = s->worker->proxy_turn++;
	s->dial->n = (uint8_t)peers_choose(s->listener->peers, &s->address, worker_random(s->worker), false,
	                                   s->dial->members, DIAL_TRIES_MAX);
	next_peer(s);
}
