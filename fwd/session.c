#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "rtt_sample.h"
#include "sock.h"
#include "tls.h"

/* One line a minute tells that there are such clients, and how many were before. */
#define REFUSAL_SAID_EVERY (60 * NS_PER_SECOND)

/* --- deadlines and turns --- */

static void on_due(void *arg, struct wheel_entry *e)
{
	(void)arg;
	struct session *s = (struct session *)((char *)e - offsetof(struct session, deadline));
	s->phase->due(s);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct worker *w = arg;
	wheel_advance(&w->wheel, worker_tick(), on_due, NULL);
	if (!w->wheel.count)
		event_del(&w->tick);
}

/* Out of the queue or the line. */
static void unqueue(struct session *s)
{
	if (!s->link)
		return;
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	else if (s->worker->line_end == &s->next)
		s->worker->line_end = s->link;
	s->link = NULL;
}

static void enqueue(struct session **place, struct session *s)
{
	s->next = *place;
	s->link = place;
	if (s->next)
		s->next->link = &s->next;
	*place = s;
}

/* Its timer runs as long as anybody waits. */
static void have_round(struct worker *w)
{
	static const struct timeval at_once = { 0 };
	event_add(&w->again, &at_once);
}

static void take_turn(struct session *s)
{
	unqueue(s);
	s->phase->run(s);
}

/* Those that ask for another turn meanwhile wait for the next round: the list moves to a head of its own first. */
static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct worker *w = arg;
	struct session *turn = w->queue;
	if (turn)
		turn->link = &turn;
	w->queue = NULL;
	while (turn)
		take_turn(turn);
	if (w->line)
		take_turn(w->line);
	if (w->queue || w->line)
		have_round(w);
}

void session_worker_init(struct worker *w)
{
	event_assign(&w->tick, w->base, -1, EV_PERSIST, on_tick, w);
	event_assign(&w->again, w->base, -1, 0, on_again, w);
	w->line_end = &w->line;
}

void session_worker_stop(struct worker *w)
{
	event_del(&w->tick);
	event_del(&w->again);
}

void session_due(struct session *s, uint32_t ticks)
{
	struct worker *w = s->worker;
	static const struct timeval tick = { .tv_usec = WHEEL_TICK_MS * 1000 };
	if (!w->wheel.count && !event_pending(&w->tick, EV_TIMEOUT, NULL)) {
		w->wheel.now = worker_tick(); /* nobody looked at the clock while there was nobody */
		event_add(&w->tick, &tick);
	}
	wheel_set(&w->wheel, &s->deadline, ticks);
}

static void await_round(struct session *s, struct session **place)
{
	struct worker *w = s->worker;
	if (!w->queue && !w->line)
		have_round(w);
	enqueue(place, s);
}

void session_run_later(struct session *s)
{
	if (!s->link)
		await_round(s, &s->worker->queue);
}

void session_run_in_line(struct session *s)
{
	if (s->link)
		return;
	await_round(s, s->worker->line_end);
	s->worker->line_end = &s->next;
}

/* --- halves --- */

static void on_event(struct session *s, struct half *h, short what)
{
	if (what & (EV_READ | EV_CLOSED)) {
		h->readable = true;
		h->dry = false;
	}
	if (what & EV_CLOSED)
		h->closing = true;
	/* So libevent tells EPOLLERR, too. */
	if ((what & (EV_READ | EV_WRITE)) == (EV_READ | EV_WRITE))
		h->doubtful = true;
	if (what & EV_WRITE)
		session_flush(s, h);
	s->phase->ready(s, h, what);
}

static void on_client(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	struct session *s = arg;
	on_event(s, &s->client, what);
}

static void on_server(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	struct session *s = arg;
	on_event(s, &s->server, what);
}

bool session_watch(struct session *s, struct half *h, bool write)
{
	if (h->watched && (h->wants_write || !write))
		return true;
	if (h->watched)
		event_del(&h->event); /* what it had to tell, entering it again tells again */
	short what = EV_READ | EV_CLOSED | EV_ET | EV_PERSIST;
	if (write)
		what |= EV_WRITE;
	event_assign(&h->event, s->worker->base, h->fd, what, h == &s->client ? on_client : on_server, s);
	h->watched = event_add(&h->event, NULL) == 0;
	h->wants_write = write;
	if (h->watched)
		return true;
	session_end(s, END_RESOURCES);
	return false;
}

static void close_half(struct session *s, struct half *h, bool reset)
{
	if (h->fd < 0)
		return;
	if (h->pipe)
		pipes_give(&s->worker->pipes, h->pipe);
	h->pipe = NULL;
	if (h->watched)
		event_del(&h->event);
	if (h->tls && !reset)
		tls_finish(h);
	if (h->tls)
		tls_drop(h);
	if (reset)
		sock_reset(h->fd);
	else
		close(h->fd);
	free(h->out);
	h->out = NULL;
	h->fd = -1;
}

void session_set_server(struct session *s, int fd)
{
	memset(&s->server, 0, sizeof s->server);
	s->server.fd = fd;
}

void session_drop_server(struct session *s, bool reset)
{
	close_half(s, &s->server, reset);
	memset(&s->server, 0, sizeof s->server);
	s->server.fd = -1;
}

/* --- beginning and end --- */

struct session *session_new(struct worker *w, struct listener *l, uint16_t dialled, int fd, const struct addr *client)
{
	struct session *s = calloc(1, sizeof *s);
	if (!s) {
		sock_reset(fd);
		return NULL;
	}
	s->worker = w;
	s->listener = l;
	s->dialled = dialled;
	s->address = *client;
	s->client.fd = fd;
	s->server.fd = -1;
	setup_hold(l->setup);
	atomic_fetch_add_explicit(&l->count->sessions, 1, memory_order_relaxed);
	atomic_store_explicit(&w->sessions, w->sessions + 1, memory_order_relaxed);
	return s;
}

/* The client's network, not a site's (whose relays and probes these are), nor a balancer's that speaks for it. */
void session_sample(struct session *s)
{
	struct rtt_ring *ring = s->worker->rtt;
	if (!s->sampled && ring && s->client.fd >= 0 && !s->from_site && !s->told)
		s->sampled = rtt_sample(ring, &s->listener->setup->conf->dns, s->client.fd, &s->address);
}

void session_end(struct session *s, enum end why)
{
	struct worker *w = s->worker;
	struct listener *l = s->listener;
	session_sample(s);
	close_half(s, &s->client, end_resets_client(why));
	close_half(s, &s->server, end_resets_server(why));
	wheel_remove(&w->wheel, &s->deadline);
	unqueue(s);
	session_count_real(s, NULL);
	if (s->local)
		atomic_fetch_sub_explicit(&l->count->local, 1, memory_order_relaxed);
	crowd_leave(w->home->crowd, &s->crowd);
	atomic_fetch_sub_explicit(&l->count->sessions, 1, memory_order_relaxed);
	atomic_store_explicit(&w->sessions, w->sessions - 1, memory_order_relaxed);
	count(&w->counters.ended[why], 1);
	setup_release(w->home, l->setup);
	free(s->said);
	free(s->dial);
	free(s->request);
	free(s->told);
	free(s);
	if (w->paused)
		event_active(&w->resume, EV_TIMEOUT, 0);
}

static void end_each(void *arg, struct wheel_entry *e)
{
	const enum end *why = arg;
	session_end((struct session *)((char *)e - offsetof(struct session, deadline)), *why);
}

/* Every session has a deadline, whatever it does, so the wheel knows them all. */
void session_end_all(struct worker *w, enum end why)
{
	wheel_drain(&w->wheel, end_each, &why);
}

void session_count_real(struct session *s, struct server *real)
{
	if (s->real)
		atomic_fetch_sub_explicit(&s->real->sessions, 1, memory_order_relaxed);
	s->real = real;
	if (real)
		atomic_fetch_add_explicit(&real->sessions, 1, memory_order_relaxed);
}

void session_move(struct session *s, struct listener *l, uint16_t dialled)
{
	atomic_fetch_sub_explicit(&s->listener->count->sessions, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&l->count->sessions, 1, memory_order_relaxed);
	s->listener = l;
	s->dialled = dialled;
}

const struct addr *session_dialled(const struct session *s)
{
	return s->told ? s->told : &s->listener->conf->listen[s->dialled];
}

struct addr session_dialled_exactly(const struct session *s)
{
	struct addr a = *session_dialled(s);
	socklen_t n = sizeof a;
	if (addr_is_any(&a) && getsockname(s->client.fd, &a.sa, &n) == 0)
		addr_unmap(&a);
	return a;
}

void session_complain(const struct session *s, enum end why, const char *what)
{
	static _Atomic(int64_t) said[END_COUNT];
	int64_t now = loop_now(), before = said[why];
	char client[ADDR_TEXT_MAX], listen[ADDR_TEXT_MAX];
	if ((!before || now - before > REFUSAL_SAID_EVERY) && atomic_compare_exchange_strong(&said[why], &before, now))
		log_warn(end_text(why), "service=%s listen=%s client=%s why=\"%s\" so_far=%llu", s->listener->conf->service_text,
		         addr_text_at(&s->listener->conf->listen[s->dialled], listen), addr_text_at(&s->address, client), what,
		         (unsigned long long)s->worker->counters.ended[why]);
}

void session_refuse(struct session *s, enum end why, const char *what)
{
	session_complain(s, why, what);
	session_end(s, why);
}

bool session_is_last(const struct session *s)
{
	return s->worker->draining || s->worker->setup != s->listener->setup;
}

/* --- bytes that wait --- */

struct bytes *bytes_new(size_t size)
{
	struct bytes *b = malloc(sizeof *b + size);
	if (b) {
		b->at = b->len = 0;
		b->size = (uint32_t)size;
	}
	return b;
}

bool bytes_add(struct bytes **b, const void *data, size_t len)
{
	size_t have = *b ? (*b)->len : 0;
	if (!*b || have + len > (*b)->size) {
		/* Twice as much as before, for those that come in many small pieces, but not for that more than a client's words may take. */
		size_t twice = 2 * have < SESSION_SAID_MAX ? 2 * have : SESSION_SAID_MAX, size = have + len > twice ? have + len : twice;
		if (!*b)
			size = len;
		struct bytes *more = realloc(*b, sizeof *more + size);
		if (!more)
			return false;
		if (!*b)
			more->at = more->len = 0;
		more->size = (uint32_t)size;
		*b = more;
	}
	memcpy((*b)->data + have, data, len);
	(*b)->len = (uint32_t)(have + len);
	return true;
}

/* Bytes that the kernel took; `broken` when it will never take any again. */
static size_t try_write(struct half *h, const void *data, size_t len)
{
	ssize_t n = half_send(h, data, len);
	if (n >= 0)
		return (size_t)n;
	if (errno != EAGAIN && errno != EINTR)
		h->broken = true;
	return 0;
}

bool session_write(struct session *s, struct half *h, const void *data, size_t len)
{
	size_t n = try_write(h, data, len);
	if (n == len || h->broken)
		return true;
	h->out = bytes_new(len - n);
	if (!h->out) {
		session_end(s, END_RESOURCES);
		return false;
	}
	memcpy(h->out->data, (const uint8_t *)data + n, len - n);
	h->out->len = (uint32_t)(len - n);
	return session_watch(s, h, true);
}

bool session_write_more(struct session *s, struct half *h, const void *data, size_t len)
{
	if (!h->out)
		return session_write(s, h, data, len);
	if (bytes_add(&h->out, data, len))
		return true;
	session_end(s, END_RESOURCES);
	return false;
}

static void flush_bytes(struct half *h)
{
	struct bytes *b = h->out;
	b->at += (uint32_t)try_write(h, b->data + b->at, b->len - b->at);
	if (b->at < b->len && !h->broken)
		return;
	free(b);
	h->out = NULL;
}

static void flush_pipe(struct session *s, struct half *h)
{
	while (h->pipe->bytes && !h->broken)
		if (pipe_empty(h->pipe, h->fd) < 0) {
			if (errno == EAGAIN)
				return;
			h->broken = true;
		}
	pipes_give(&s->worker->pipes, h->pipe);
	h->pipe = NULL;
}

void session_flush(struct session *s, struct half *h)
{
	if (h->out)
		flush_bytes(h);
	if (h->pipe)
		flush_pipe(s, h);
}

bool session_write_pipe(struct session *s, struct half *h, struct pipe *pipe)
{
	h->pipe = pipe;
	flush_pipe(s, h);
	return !h->pipe || session_watch(s, h, true);
}
