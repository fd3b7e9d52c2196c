#include "listen.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "front.h"
#include "guard.h"
#include "log.h"
#include "loop.h"
#include "serve.h"
#include "sock.h"

/* The kernel bounds it by net.core.somaxconn; a burst of new clients should find that limit, not ours. */
#define LISTEN_BACKLOG 65535
/* Connections accepted in one wake-up: enough to be cheap, few enough that running sessions are not kept waiting. */
#define ACCEPT_BATCH 64
#define PAUSE_US 100000
/* Of 10 ms: some ticks of a worker's clock. */
#define CLOSING_TRIES 20
#define PAUSE_SAID_EVERY (60 * NS_PER_SECOND)

struct listen_socket {
	struct event event;
	int fd;
	bool paused;
	uint16_t dialled;        /* index into listener->conf->listen */
	struct worker *worker;
	struct listener *listener;
	struct addr address;
	struct listen_socket *next;
};

/* --- main thread --- */

enum { GROUP_OPEN, GROUP_RETIRED, GROUP_CLOSED };

struct listen_group *listen_group_hold(struct listen_group *g)
{
	atomic_fetch_add(&g->refs, 1);
	return g;
}

void listen_group_release(struct listen_group *g)
{
	if (g && atomic_fetch_sub(&g->refs, 1) == 1)
		free(g);
}

bool listen_group_is_open(const struct listen_group *g)
{
	return g->state != GROUP_CLOSED;
}

bool listen_group_close(struct listen_group *g)
{
	int retired = GROUP_RETIRED;
	return atomic_compare_exchange_strong(&g->state, &retired, GROUP_CLOSED) || retired == GROUP_CLOSED;
}

/* One that was retired is taken again. */
static bool is_usable(struct listen_address *l)
{
	int retired = GROUP_RETIRED;
	return !l->group || atomic_compare_exchange_strong(&l->group->state, &retired, GROUP_OPEN) || retired == GROUP_OPEN;
}

static struct listen_address *table_find(struct listen_table *t, const struct addr *a, bool datagram)
{
	for (struct listen_address *l = t->head; l; l = l->next)
		if (addr_equal(&l->address, a) && (l->group != NULL) == datagram && is_usable(l))
			return l;
	return NULL;
}

static void free_address(struct listen_address *l)
{
	listen_group_release(l->group);
	free(l->fds);
	free(l->open);
	free(l);
}

static void forget(struct listen_address **at)
{
	struct listen_address *l = *at;
	*at = l->next;
	for (size_t i = 0; i < l->n; i++)
		if (l->fds[i] >= 0)
			close(l->fds[i]);
	free_address(l);
}

/* Sessions inherit TCP_NODELAY from the socket that accepted them (Linux): no call for each. */
static void set_inherited(const int *fds, size_t n)
{
	int one = 1;
	for (size_t i = 0; i < n; i++)
		setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* Workers that have not let go of the same address yet do so within a tick of their clocks. */
static int open_datagram(const struct addr *a, int *fds, unsigned n, bool closing, char *why)
{
	static const struct timespec moment = { .tv_nsec = 10000000 };
	int r = sock_listen_relay_udp(a, fds, n, why);
	for (int i = 0; i < CLOSING_TRIES && closing && r < 0 && errno == EADDRINUSE; i++) {
		nanosleep(&moment, NULL);
		r = sock_listen_relay_udp(a, fds, n, why);
	}
	return r;
}

static bool is_closing(const struct listen_table *t, const struct addr *a)
{
	for (const struct listen_address *l = t->head; l; l = l->next)
		if (l->group && addr_equal(&l->address, a))
			return true;
	return false;
}

/* `more`: beside those that we have. */
static bool open_some(struct listen_table *t, struct listen_address *l, bool more, char *why)
{
	int *fds = l->fds + l->n;
	unsigned n = t->workers - (unsigned)l->n;
	if (l->group)
		return more ? sock_listen_relay_udp_more(&l->address, fds, n, why) == 0
			: open_datagram(&l->address, fds, n, is_closing(t, &l->address), why) == 0;
	return (more ? sock_listen_tcp_more(&l->address, fds, n, LISTEN_BACKLOG, why)
		: sock_listen_tcp(&l->address, fds, n, LISTEN_BACKLOG, why)) == 0;
}

/* A predecessor's sockets first: who waits in them has connected. False: `why`. */
static bool get_sockets(struct listen_table *t, struct listen_address *l, char *why)
{
	struct handover_taken *taken = t->taken;
	l->n = taken ? handover_pick(taken, l->group ? SOCK_DGRAM : SOCK_STREAM, &l->address, l->fds, taken->n) : 0;
	if (l->n >= t->workers)
		return true;
	bool more = l->n > 0, ok = open_some(t, l, more, why);
	if (ok)
		l->n = t->workers;
	else if (more) /* more workers than before, and not allowed any more: they share what there is */
		log_warn("not every thread has a socket", "error=\"%s\"", why);
	return ok || more;
}

static bool open_one(struct listen_table *t, const struct addr *a, bool datagram, char *why)
{
	size_t room = t->workers + (t->taken ? t->taken->n : 0);
	struct listen_address *l = calloc(1, sizeof *l);
	bool ok = l && (l->fds = calloc(room, sizeof *l->fds)) && (l->open = calloc(room, sizeof *l->open))
		&& (!datagram || (l->group = calloc(1, sizeof *l->group)));
	if (!ok)
		sprintf(why, "out of memory");
	if (ok) {
		l->address = *a;
		if (l->group)
			l->group->refs = 1;
		ok = get_sockets(t, l, why);
	}
	if (!ok) {
		if (l)
			free_address(l);
		return false;
	}
	if (!datagram)
		set_inherited(l->fds, l->n);
	guard_attach(t->guard, l->fds[0]);
	memcpy(l->open, l->fds, l->n * sizeof *l->fds);
	l->next = t->head;
	t->head = l;
	return true;
}

/* New ones stand in front of `old`. */
static void undo(struct listen_table *t, const struct listen_address *old)
{
	while (t->head != old)
		forget(&t->head);
}

static bool is_datagram(const struct conf_listener *c)
{
	return c->protocol == FWD_UDP;
}

/* Those that nobody wants are closed once their flows have ended. */
static void retire(struct listen_table *t)
{
	for (struct listen_address *l = t->head; l; l = l->next) {
		int open = GROUP_OPEN;
		if (l->group && !l->wanted)
			atomic_compare_exchange_strong(&l->group->state, &open, GROUP_RETIRED);
	}
}

bool listen_open(struct listen_table *t, const struct setup *s, char *why)
{
	struct listen_address *old = t->head;
	for (size_t i = 0; i < s->nlisteners; i++) {
		const struct conf_listener *c = s->listeners[i].conf;
		for (size_t k = 0; k < c->nlisten && c->protocol != FWD_IP; k++) {
			if (!table_find(t, &c->listen[k], is_datagram(c)) && !open_one(t, &c->listen[k], is_datagram(c), why)) {
				undo(t, old);
				retire(t);
				return false;
			}
		}
	}
	for (struct listen_address *l = t->head; l; l = l->next)
		l->wanted = false;
	for (size_t i = 0; i < s->nlisteners; i++)
		for (size_t k = 0; k < s->listeners[i].conf->nlisten && s->listeners[i].conf->protocol != FWD_IP; k++)
			table_find(t, &s->listeners[i].conf->listen[k], is_datagram(s->listeners[i].conf))->wanted = true;
	retire(t);
	return true;
}

/* Workers have taken it, and may need it for flows of the past. */
static bool is_kept(const struct listen_address *l)
{
	return l->group && l->fds[0] < 0 && listen_group_is_open(l->group);
}

void listen_forget(struct listen_table *t)
{
	for (struct listen_address **at = &t->head; *at;) {
		if ((*at)->wanted || is_kept(*at))
			at = &(*at)->next;
		else
			forget(at);
	}
}

void listen_table_free(struct listen_table *t)
{
	undo(t, NULL);
}

size_t listen_sockets(const struct listen_table *t, int *fds, size_t max)
{
	size_t n = 0;
	for (const struct listen_address *l = t->head; l; l = l->next)
		for (size_t i = 0; l->wanted && i < l->n && n < max; i++)
			fds[n++] = l->open[i];
	return n;
}

/* --- worker --- */

static void pause_socket(struct listen_socket *l, const char *why)
{
	static _Atomic(int64_t) said;
	struct worker *w = l->worker;
	static const struct timeval soon = { .tv_usec = PAUSE_US };
	event_del(&l->event);
	l->paused = true;
	w->paused++;
	count(&w->counters.pauses, 1);
	event_add(&w->resume, &soon);
	int64_t now = loop_now(), before = said;
	char text[ADDR_TEXT_MAX];
	if ((!before || now - before > PAUSE_SAID_EVERY) && atomic_compare_exchange_strong(&said, &before, now))
		log_warn("listener paused", "service=%s listen=%s why=\"%s\" sessions=%u pauses=%llu", l->listener->conf->service_text,
		         addr_text_at(&l->address, text), why, l->listener->count->sessions,
		         (unsigned long long)w->counters.pauses);
}

/* Why it may not accept now; NULL: it may. */
static const char *full(const struct listen_socket *l)
{
	if (!worker_has_room(l->worker))
		return "out of descriptors (RLIMIT_NOFILE)";
	if (atomic_load_explicit(&l->listener->count->sessions, memory_order_relaxed) >= l->listener->conf->max_sessions)
		return "max_sessions";
	return NULL;
}

/* False: no more for now. */
static bool accept_one(struct listen_socket *l)
{
	struct addr client;
	socklen_t n = sizeof client;
	const char *why = full(l);
	if (why) {
		pause_socket(l, why);
		return false;
	}
	int fd = accept4(l->fd, &client.sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		serve(l->worker, l->listener, l->dialled, fd, &client);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EMFILE: case ENFILE: case ENOMEM: case ENOBUFS:
		pause_socket(l, strerror(errno));
		return false;
	default:
		return true; /* errors of the network that concern that connection alone (accept(2)) */
	}
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct listen_socket *l = arg;
	for (int i = 0; i < ACCEPT_BATCH && accept_one(l); i++)
		;
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct worker *w = arg;
	for (struct listen_socket *l = w->sockets; l; l = l->next) {
		if (!l->paused || full(l))
			continue;
		l->paused = false;
		w->paused--;
		event_add(&l->event, NULL);
	}
	static const struct timeval soon = { .tv_usec = PAUSE_US };
	if (w->paused)
		event_add(&w->resume, &soon);
}

void listen_worker_init(struct worker *w)
{
	event_assign(&w->resume, w->base, -1, 0, on_resume, w);
}

/* Who has connected already is served: a close would reset them. A successor serves them itself. */
static void close_socket(struct listen_socket *l)
{
	for (int i = 0; i < LISTEN_BACKLOG && !l->paused && !l->worker->succeeded && accept_one(l); i++)
		;
	if (l->paused)
		l->worker->paused--;
	event_del(&l->event);
	close(l->fd);
	free(l);
}

struct listener *listen_find(struct setup *s, const struct addr *a, bool datagram, uint16_t *dialled)
{
	for (size_t i = 0; s && !datagram && i < s->nfronts; i++) {
		const struct way *first = s->fronts[i].front->ways;
		if (addr_equal(&first->listener->conf->listen[first->dialled], a)) {
			*dialled = first->dialled;
			return &s->fronts[i];
		}
	}
	for (size_t i = 0; s && i < s->nlisteners; i++) {
		const struct conf_listener *c = s->listeners[i].conf;
		for (size_t k = 0; is_datagram(c) == datagram && k < c->nlisten; k++) {
			if (addr_equal(&c->listen[k], a)) {
				*dialled = (uint16_t)k;
				return &s->listeners[i];
			}
		}
	}
	return NULL;
}

static void take_socket(struct worker *w, struct listen_address *a, size_t i, struct listener *listener, uint16_t dialled)
{
	struct listen_socket *l = calloc(1, sizeof *l);
	if (!l) {
		log_error("out of memory", "worker=%u", w->index);
		return;
	}
	l->worker = w;
	l->listener = listener;
	l->dialled = dialled;
	l->address = a->address;
	l->fd = a->fds[i];
	a->fds[i] = -1;
	l->next = w->sockets;
	w->sockets = l;
	event_assign(&l->event, w->base, l->fd, EV_READ | EV_PERSIST, on_accept, l);
	event_add(&l->event, NULL);
}

/* Sockets of the table that this worker has not taken yet. */
static void take_sockets(struct worker *w, struct listen_table *t, struct setup *s)
{
	for (struct listen_address *a = t->head; a; a = a->next) {
		uint16_t dialled;
		struct listener *listener = a->group ? NULL : listen_find(s, &a->address, false, &dialled);
		for (size_t i = w->index; listener && i < a->n; i += t->workers)
			if (a->fds[i] >= 0)
				take_socket(w, a, i, listener, dialled);
	}
}

void listen_switch(struct worker *w, struct listen_table *t, struct setup *s)
{
	for (struct listen_socket **at = &w->sockets; *at;) {
		struct listen_socket *l = *at;
		uint16_t dialled;
		struct listener *listener = listen_find(s, &l->address, false, &dialled);
		if (listener) {
			l->listener = listener;
			l->dialled = dialled;
			at = &l->next;
		} else {
			*at = l->next;
			close_socket(l);
		}
	}
	if (s)
		take_sockets(w, t, s);
}
