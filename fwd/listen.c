#include "listen.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "serve.h"
#include "sock.h"

/* The kernel bounds it by net.core.somaxconn; a burst of new clients should find that limit, not ours. */
#define LISTEN_BACKLOG 65535
/* Connections accepted in one wake-up: enough to be cheap, few enough that running sessions are not kept waiting. */
#define ACCEPT_BATCH 64
#define PAUSE_US 100000
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

static struct listen_address *table_find(struct listen_table *t, const struct addr *a)
{
	for (struct listen_address *l = t->head; l; l = l->next)
		if (addr_equal(&l->address, a))
			return l;
	return NULL;
}

static void forget(struct listen_table *t, struct listen_address **at)
{
	struct listen_address *l = *at;
	*at = l->next;
	for (unsigned i = 0; i < t->workers; i++)
		if (l->fds[i] >= 0)
			close(l->fds[i]);
	free(l->fds);
	free(l);
}

/* Sessions inherit TCP_NODELAY from the socket that accepted them (Linux): no call for each. */
static void set_inherited(const int *fds, unsigned n)
{
	int one = 1;
	for (unsigned i = 0; i < n; i++)
		setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static bool open_one(struct listen_table *t, const struct addr *a, char *why)
{
	struct listen_address *l = calloc(1, sizeof *l);
	int *fds = calloc(t->workers, sizeof *fds);
	if (!l || !fds || sock_listen_tcp(a, fds, t->workers, LISTEN_BACKLOG, why) < 0) {
		if (!l || !fds)
			sprintf(why, "out of memory");
		free(l);
		free(fds);
		return false;
	}
	set_inherited(fds, t->workers);
	l->address = *a;
	l->fds = fds;
	l->next = t->head;
	t->head = l;
	return true;
}

/* New ones stand in front of `old`. */
static void undo(struct listen_table *t, const struct listen_address *old)
{
	while (t->head != old)
		forget(t, &t->head);
}

bool listen_open(struct listen_table *t, const struct setup *s, char *why)
{
	struct listen_address *old = t->head;
	for (size_t i = 0; i < s->nlisteners; i++) {
		const struct conf_listener *c = s->listeners[i].conf;
		for (size_t k = 0; k < c->nlisten; k++) {
			if (!table_find(t, &c->listen[k]) && !open_one(t, &c->listen[k], why)) {
				undo(t, old);
				return false;
			}
		}
	}
	for (struct listen_address *l = t->head; l; l = l->next)
		l->wanted = false;
	for (size_t i = 0; i < s->nlisteners; i++)
		for (size_t k = 0; k < s->listeners[i].conf->nlisten; k++)
			table_find(t, &s->listeners[i].conf->listen[k])->wanted = true;
	return true;
}

void listen_forget(struct listen_table *t)
{
	for (struct listen_address **at = &t->head; *at;) {
		if ((*at)->wanted)
			at = &(*at)->next;
		else
			forget(t, at);
	}
}

void listen_table_free(struct listen_table *t)
{
	undo(t, NULL);
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

/* Why it may not accept now; NULL: it may. A client is only taken in when the descriptor for its server is sure, too. */
static const char *full(const struct listen_socket *l)
{
	if (l->worker->sessions >= l->worker->sessions_max)
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

/* Who has connected already is served: a close would reset them. */
static void close_socket(struct listen_socket *l)
{
	for (int i = 0; i < LISTEN_BACKLOG && !l->paused && accept_one(l); i++)
		;
	if (l->paused)
		l->worker->paused--;
	event_del(&l->event);
	close(l->fd);
	free(l);
}

/* The listener of `s` with this address. */
static struct listener *find_listener(struct setup *s, const struct addr *a, uint16_t *dialled)
{
	for (size_t i = 0; s && i < s->nlisteners; i++) {
		const struct conf_listener *c = s->listeners[i].conf;
		for (size_t k = 0; k < c->nlisten; k++) {
			if (addr_equal(&c->listen[k], a)) {
				*dialled = (uint16_t)k;
				return &s->listeners[i];
			}
		}
	}
	return NULL;
}

/* Sockets of the table that this worker has not taken yet. */
static void take_sockets(struct worker *w, struct listen_table *t, struct setup *s)
{
	for (struct listen_address *a = t->head; a; a = a->next) {
		uint16_t dialled;
		struct listener *listener = find_listener(s, &a->address, &dialled);
		if (!listener || a->fds[w->index] < 0)
			continue;
		struct listen_socket *l = calloc(1, sizeof *l);
		if (!l) {
			log_error("out of memory", "worker=%u", w->index);
			continue;
		}
		l->worker = w;
		l->listener = listener;
		l->dialled = dialled;
		l->address = a->address;
		l->fd = a->fds[w->index];
		a->fds[w->index] = -1;
		l->next = w->sockets;
		w->sockets = l;
		event_assign(&l->event, w->base, l->fd, EV_READ | EV_PERSIST, on_accept, l);
		event_add(&l->event, NULL);
	}
}

void listen_switch(struct worker *w, struct listen_table *t, struct setup *s)
{
	for (struct listen_socket **at = &w->sockets; *at;) {
		struct listen_socket *l = *at;
		uint16_t dialled;
		struct listener *listener = find_listener(s, &l->address, &dialled);
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
