#include "relay.h"

#include <errno.h>
#include <sys/socket.h>
#include "sock.h"
#include "tls.h"

/*
 * Bytes that one direction moves before others get their turn: at 10 Gbit/s
 * that is 0.4 ms, below what anybody notices, and the cost of another turn
 * (one timer) vanishes in it.
 */
#define RELAY_TURN (512 * 1024)

/*
 * A flow is bulk from the first read that gives this much, until one gives
 * less than that. Small things are copied: a read and a write, no pages to
 * hold. Measured over veth (figures: seconds of CPU a GB with the kernel's
 * share): copying 1.3 to 1.5 whatever the buffer, splicing 0.7 to 0.85.
 */
#define BULK_FROM (16 * 1024)
#define BULK_UNTIL (4 * 1024)

/*
 * Keepalive finds a dead end within two minutes, well inside idle_timeout. It
 * is set when a relay has lived for a while: a short connection, of which there
 * are thousands a second, pays neither the system calls nor the kernel's timers.
 */
#define RELAY_YOUNG_MS 10000
#define KEEPALIVE_IDLE 60
#define KEEPALIVE_EVERY 10
#define KEEPALIVE_COUNT 6

/*
 * A half that is not watched for writing tells of a RST as of bytes (libevent
 * makes EPOLLERR both, and hands out what was asked for). So when one has said
 * something and no more was looked for, it is looked at once more a little
 * later: a busy session pays a call each such time, a short one none.
 */
#define UNSURE_MS 200

#define TICKS(ms) (((ms) + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS)

/* FIN both ways and nothing pending: the end. Else one FIN is passed on. False: the session has ended. */
static bool pass_fin(struct session *s, struct half *from, struct half *to)
{
	if (!from->fin_in || half_pending(to) || to->fin_out)
		return true;
	if (to->fin_in && !half_pending(from)) {
		session_end(s, END_DONE); /* close says the rest of it */
		return false;
	}
	half_finish(to);
	to->fin_out = true;
	return true;
}

/*
 * A server or peer that ends right after connecting, when neither side has said
 * anything: it was killed with us in its queue (RST) or just accepted (FIN),
 * and another one can have the connection.
 */
static bool is_unheard(const struct session *s, const struct half *from)
{
	return from == &s->server && !s->moved && s->unheard && s->worker->wheel.now - s->active <= s->listener->connect_ticks;
}

/* recv gave `n` <= 0. False: the session has ended. */
static bool no_bytes(struct session *s, struct half *from, ssize_t n)
{
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		from->readable = errno == EINTR;
		from->doubtful = false;
		return true;
	}
	if (is_unheard(s, from)) {
		s->unheard(s);
		return false;
	}
	/* After a failed write the kernel may hand out its RST as an end of file: the error was told already. */
	if (n < 0 || from->broken) {
		session_end(s, from == &s->client ? END_CLIENT_RESET : END_SERVER_RESET);
		return false;
	}
	from->fin_in = s->moved = true;
	return true;
}

/* As recv; *ok false: the session has ended. */
static ssize_t copy(struct session *s, struct half *from, struct half *to, bool *ok)
{
	ssize_t n = half_recv(from, s->worker->buffer, WORKER_BUFFER);
	if (n <= 0)
		return n;
	from->bulk = n >= BULK_FROM;
	/*
	 * A short read has emptied the socket, and what comes later wakes us (edge-triggered): no call is spent on EAGAIN.
	 * Behind the last bytes of a closed end stands its FIN or RST. Inside TLS all this is tls.c's to know.
	 */
	if (!from->tls) {
		from->readable = n == WORKER_BUFFER || from->closing || from->doubtful;
		from->unsure = !from->readable && !from->wants_write;
	}
	*ok = session_write(s, to, s->worker->buffer, (size_t)n);
	return n;
}

static ssize_t move(struct session *s, struct half *from, struct half *to, bool *ok)
{
	struct pipes *pipes = &s->worker->pipes;
	struct pipe *pipe = from->bulk && !from->tls && !to->tls ? worker_pipe(s->worker) : NULL;
	if (!pipe)
		return copy(s, from, to, ok);
	ssize_t n = pipe_fill(pipe, from->fd);
	if (n <= 0) {
		int error = errno;
		pipes_give(pipes, pipe);
		errno = error;
		return n;
	}
	from->bulk = n >= BULK_UNTIL;
	*ok = session_write_pipe(s, to, pipe);
	return n;
}

/* What can be moved one way, up to a turn. False: the session has ended. */
static bool carry(struct session *s, struct half *from, struct half *to)
{
	struct worker *w = s->worker;
	_Atomic(uint64_t) *counter = from == &s->client ? &w->counters.to_server : &w->counters.to_client;
	ssize_t turn = RELAY_TURN;
	/* A half that cannot be written any more may have said something before its RST: read it to the end. */
	from->readable |= from->broken;
	while (from->readable && !from->fin_in && !half_pending(to) && !to->broken) {
		if (turn <= 0) {
			session_run_later(s);
			break;
		}
		bool ok = true;
		ssize_t n = move(s, from, to, &ok);
		if (n <= 0) {
			if (!no_bytes(s, from, n))
				return false;
			turn = 0; /* if it isn't over: EINTR */
			continue;
		}
		if (!ok)
			return false;
		count(counter, (uint64_t)n);
		s->active = w->wheel.now;
		s->moved = true;
		turn -= n + RELAY_TURN / SESSION_READS;
	}
	return pass_fin(s, from, to);
}

/* Its FIN was read, and then it has reset: nothing is left to read that would tell. False: the session has ended. */
static bool check_gone(struct session *s, const struct half *h)
{
	if (!h->broken || !h->fin_in)
		return true;
	session_end(s, h == &s->client ? END_CLIENT_RESET : END_SERVER_RESET);
	return false;
}

/* False: the session has ended. */
static bool go_on(struct session *s)
{
	struct half *c = &s->client, *v = &s->server;
	if (!carry(s, c, v) || !carry(s, v, c))
		return false;
	if (!check_gone(s, c) || !check_gone(s, v))
		return false;
	/* Writing to the client has just failed; the other way round the second call has met it. */
	return !c->broken || carry(s, c, v);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t left(uint32_t all, uint32_t gone)
{
	return gone < all ? all - gone : 1;
}

static bool is_unsure(const struct session *s)
{
	return s->client.unsure || s->server.unsure;
}

/* Ticks until the session is looked at again. */
static uint32_t wait_of(const struct session *s)
{
	uint32_t now = s->worker->wheel.now, wait = left(s->listener->idle_ticks, now - s->active);
	if (!s->server.keepalive)
		wait = least(wait, left(TICKS(RELAY_YOUNG_MS), now - s->began));
	return is_unsure(s) ? least(wait, TICKS(UNSURE_MS)) : wait;
}

static void run(struct session *s)
{
	if (go_on(s) && is_unsure(s) && s->deadline.due - s->worker->wheel.now > TICKS(UNSURE_MS))
		session_due(s, TICKS(UNSURE_MS));
}

static void ready(struct session *s, struct half *h, short what)
{
	if ((what & EV_READ) && h->fin_in && sock_error(h->fd))
		h->broken = true;
	if (s->moved)
		s->active = s->worker->wheel.now;
	run(s);
}

static void keep_alive(struct half *h)
{
	sock_keepalive(h->fd, KEEPALIVE_IDLE, KEEPALIVE_EVERY, KEEPALIVE_COUNT);
	h->keepalive = true;
}

/* Once in a relay's life. */
static void settle(struct session *s)
{
	session_sample(s);
	keep_alive(&s->client);
	keep_alive(&s->server);
}

/* There is a RST behind what it has said, or more. Behind close_notify nothing more is read. */
static void look_again(struct half *h)
{
	if (!h->unsure)
		return;
	h->unsure = h->dry = false;
	h->readable = true;
	if (h->fin_in && sock_error(h->fd))
		h->broken = true;
}

static void due(struct session *s)
{
	if (is_unsure(s)) {
		look_again(&s->client);
		look_again(&s->server);
		if (!go_on(s))
			return;
	}
	if (s->worker->wheel.now - s->active >= s->listener->idle_ticks) {
		session_end(s, END_IDLE);
		return;
	}
	if (!s->server.keepalive && s->worker->wheel.now - s->began >= TICKS(RELAY_YOUNG_MS))
		settle(s);
	session_due(s, wait_of(s));
}

static const struct phase relaying = { .name = "relay", .ready = ready, .due = due, .run = run };

/* False: the session has ended. */
static bool enter(struct session *s)
{
	s->phase = &relaying;
	s->active = s->began = s->worker->wheel.now;
	/* As if unsure, which it soon is: most relays end before. */
	session_due(s, least(s->listener->idle_ticks, TICKS(UNSURE_MS)));
	return session_watch(s, &s->client, s->client.wants_write);
}

void relay_begin(struct session *s)
{
	if (enter(s))
		run(s);
}

void relay_begin_with(struct session *s, const void *data, size_t len)
{
	count(&s->worker->counters.to_client, len);
	s->moved = true;
	if (enter(s) && session_write_more(s, &s->client, data, len))
		run(s);
}
