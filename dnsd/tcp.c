#include "worker.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>
#include <urcu-qsbr.h>
#include "../common/log.h"
#include "../common/sock.h"
#include "inbox.h"
#include "signed.h"
#include "transfer.h"

/* RFC 7766 section 6.2.3 wants "a few seconds" and lets a busy server take less; resolvers reuse within these. */
#define IDLE_SECONDS 10
/* Connections kept at once; when a new one comes beyond them the idlest goes. */
#define CONNECTIONS_MAX 16384
/* Descriptors that are not for TCP clients: sockets, checks, zone files. */
#define DESCRIPTORS_KEPT 512
/* A client (by address) may hold this share of all connections. */
#define CLIENT_SHARE(max) ((max) * 3 / 4)
#define CLIENT_BUCKETS 16384
/* Accepted in one go before the clients that are there have their turn. */
#define ACCEPT_BATCH 64
/* Answers to one client in one go, likewise. */
#define ANSWERS_BATCH 64
#define MESSAGE_MAX 65535
/* Callbacks before the loop asks the kernel again, see base_new. */
#define CALLBACKS_A_TURN 64
/* UPDATE messages of one client that wait for their answers; no more is read from it meanwhile. */
#define PENDING_MAX 256

/*
 * A client: either we read (out == NULL) or we wait until it takes what
 * `out` holds: a client that doesn't read isn't read from either, so at most
 * one answer and one read's worth of input are kept for it.
 */
struct client {
	TAILQ_ENTRY(client) lru;     /* by the last whole message, oldest first */
	struct event *event;
	struct tcp_thread *thread;
	struct addr addr;
	int fd;
	uint32_t bucket;
	int64_t last;                /* seconds, monotonic */
	uint8_t *in; size_t in_len;  /* bytes that are no whole message yet, or wait for `out` */
	uint8_t *out; size_t out_at, out_len;
	struct transfer *transfer;   /* more messages to come, before anything else is read or answered; NULL: none */
	bool closing;                /* the client has sent its FIN: end when all is answered */
	unsigned pending;            /* messages in the inbox; a closed client (fd -1) stays until they have returned */
};

/* An answer on its way back from the control thread. */
struct returned {
	struct returned *next;
	struct client *client;
	size_t len;
	uint8_t bytes[];
};

/*
 * Bytes kept for all clients together: unsent answers and unfinished messages.
 * Ordinary clients need next to nothing; beyond this the idlest of those that
 * make us keep something goes.
 */
#define KEPT_MAX (64u << 20)

struct tcp_thread {
	pthread_t id;
	struct event_base *base;
	struct event **listeners; size_t nlisteners;
	struct event *wake, *tick, *resume, *back;
	int wake_fd, back_fd;
	pthread_mutex_t back_lock;
	struct returned *returned;   /* the newest first */
	TAILQ_HEAD(client_list, client) clients;
	struct client_list gone;     /* closed, with messages in the inbox */
	size_t nclients, max;
	size_t kept;                 /* bytes in all clients' `in` and `out` */
	bool paused;
	uint16_t per_bucket[CLIENT_BUCKETS];
	uint64_t seed;
	struct responder responder;
	uint8_t read_buffer[2 * (MESSAGE_MAX + 2)];
	uint8_t message[2 + MESSAGE_MAX + ZONE_NAME_SLACK];
};

static int64_t now_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static uint32_t bucket_of(const struct tcp_thread *t, const struct addr *a)
{
	uint64_t h = t->seed;
	const uint8_t *p = addr_bytes(a);
	for (size_t i = 0, n = a->sa.sa_family == AF_INET ? 4 : 8; i < n; i++) /* IPv6: the /64 */
		h = (h ^ p[i]) * 0x100000001b3u;
	return (uint32_t)(h >> 40) % CLIENT_BUCKETS;
}

static void client_close(struct client *c)
{
	struct tcp_thread *t = c->thread;
	TAILQ_REMOVE(&t->clients, c, lru);
	t->nclients--;
	t->per_bucket[c->bucket]--;
	t->kept -= c->in_len + (c->out ? c->out_len : 0);
	event_free(c->event);
	close(c->fd);
	transfer_end(c->transfer);
	free(c->in);
	free(c->out);
	if (c->pending == 0) {
		free(c);
		return;
	}
	c->fd = -1;
	TAILQ_INSERT_TAIL(&t->gone, c, lru);
}

static void touch(struct client *c)
{
	c->last = now_seconds();
	TAILQ_REMOVE(&c->thread->clients, c, lru);
	TAILQ_INSERT_TAIL(&c->thread->clients, c, lru);
}

static void on_client(evutil_socket_t fd, short what, void *arg);

/* One event a client, for reading or for writing. */
static void wait_for(struct client *c, short what)
{
	event_del(c->event);
	event_assign(c->event, c->thread->base, c->fd, (short)(what | EV_PERSIST), on_client, c);
	event_add(c->event, NULL);
}

/* Room for `bytes` more to be kept for `c`. False: there is none, and nobody else who could give it. */
static bool make_room(struct tcp_thread *t, const struct client *c, size_t bytes)
{
	struct client *i = TAILQ_FIRST(&t->clients);
	while (i && t->kept + bytes > KEPT_MAX) {
		struct client *next = TAILQ_NEXT(i, lru);
		if (i != c && (i->in_len || i->out))
			client_close(i);
		i = next;
	}
	return t->kept + bytes <= KEPT_MAX;
}

/* Sends 2 octets of length and the message in t->message. False: the connection is gone. */
static bool send_message(struct client *c, size_t len)
{
	struct tcp_thread *t = c->thread;
	wire_set16(t->message, (uint16_t)len);
	ssize_t n = send(c->fd, t->message, len + 2, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	if (n < 0)
		n = 0;
	if ((size_t)n == len + 2)
		return true;
	size_t left = len + 2 - (size_t)n;
	c->out = make_room(t, c, left) ? malloc(left) : NULL;
	if (!c->out)
		return false;
	c->out_len = left;
	c->out_at = 0;
	t->kept += left;
	memcpy(c->out, t->message + n, c->out_len);
	wait_for(c, EV_WRITE);
	return true;
}

/* From the control thread. What doesn't fit in memory is lost, as if the connection were. */
static void return_answer(void *thread, void *client, const uint8_t *answer, size_t len)
{
	struct tcp_thread *t = thread;
	uint64_t one = 1;
	struct returned *r = malloc(sizeof *r + len);
	if (!r)
		return;
	r->client = client;
	r->len = len;
	if (len)
		memcpy(r->bytes, answer, len);
	pthread_mutex_lock(&t->back_lock);
	r->next = t->returned;
	t->returned = r;
	pthread_mutex_unlock(&t->back_lock);
	if (write(t->back_fd, &one, sizeof one) < 0)
		log_error("cannot wake a thread", "thread=tcp error=\"%s\"", strerror(errno));
}

/* An UPDATE that is signed goes to the control thread, which answers it. False: it is to be answered here. */
static bool pass_update(struct client *c, size_t n)
{
	struct tcp_thread *t = c->thread;
	const struct inbox_back back = { return_answer, t, c };
	if (!inbox_is_update(t->message + 2, n))
		return false;
	c->pending++;
	if (inbox_offer_tcp(t->message + 2, n, &c->addr, &back))
		return true;
	c->pending--;
	return false;
}

/* The answer to the message of `n` bytes in t->message, of which a transfer is only the beginning. */
static size_t answer_one(struct client *c, const struct generation *gen, size_t n)
{
	struct tcp_thread *t = c->thread;
	if (transfer_is_asked(t->message + 2, n))
		return signed_transfer(&t->responder, gen, t->message + 2, n, MESSAGE_MAX, &c->addr, &c->transfer);
	return respond(&t->responder, gen, t->message + 2, n, MESSAGE_MAX, &c->addr, true);
}

/* Answers the whole messages at the start of `p`. Returns the bytes used, or -1: the connection is to end. */
static ssize_t answer_messages(struct client *c, const uint8_t *p, size_t len)
{
	struct tcp_thread *t = c->thread;
	const struct generation *gen = atomic_load_explicit(&current_generation, memory_order_acquire);
	size_t used = 0;
	for (unsigned i = 0; i < ANSWERS_BATCH && !c->out && !c->transfer && c->pending < PENDING_MAX && len - used >= 2; i++) {
		size_t n = wire_get16(p + used);
		if (len - used - 2 < n)
			break;
		memcpy(t->message + 2, p + used + 2, n);
		used += 2 + n;
		touch(c);
		if (pass_update(c, n))
			continue;
		size_t answer = answer_one(c, gen, n);
		if (!answer)
			return -1; /* what gets no answer is no DNS, or somebody's answer: not worth a connection */
		if (!send_message(c, answer))
			return -1;
	}
	return (ssize_t)used;
}

/* Keeps what is left for later. False: no memory. */
static bool keep_input(struct client *c, const uint8_t *p, size_t len)
{
	uint8_t *kept = NULL;
	if (len) {
		kept = len <= c->in_len || make_room(c->thread, c, len - c->in_len) ? malloc(len) : NULL;
		if (!kept)
			return false;
		memcpy(kept, p, len);
	}
	free(c->in);
	c->thread->kept += len - c->in_len;
	c->in = kept;
	c->in_len = len;
	return true;
}

static bool whole_message(const struct client *c)
{
	return c->in_len >= 2 && c->in_len - 2 >= wire_get16(c->in);
}

/* False: the connection is to end. */
static bool client_read(struct client *c)
{
	struct tcp_thread *t = c->thread;
	size_t len = c->in_len;
	if (len)
		memcpy(t->read_buffer, c->in, len);
	ssize_t n = len < MESSAGE_MAX + 2 ? recv(c->fd, t->read_buffer + len, MESSAGE_MAX + 2, MSG_DONTWAIT) : -1;
	if (n < 0 && (len >= MESSAGE_MAX + 2 || errno == EAGAIN || errno == EINTR))
		n = 0;
	else if (n < 0)
		return false;
	else if (n == 0)
		c->closing = true;
	len += (size_t)n;
	ssize_t used = answer_messages(c, t->read_buffer, len);
	if (used < 0 || !keep_input(c, t->read_buffer + used, len - (size_t)used))
		return false;
	if (c->transfer && !c->out)
		wait_for(c, EV_WRITE);
	else if (whole_message(c) && !c->out && c->pending < PENDING_MAX)
		event_active(c->event, EV_READ, 1); /* the others' turn, then on without waiting for more bytes */
	if (!c->out && !c->transfer && c->pending && (c->closing || c->pending >= PENDING_MAX))
		event_del(c->event); /* on when answers come back */
	return c->out || c->transfer || c->pending || whole_message(c) || !c->closing;
}

/* All has been sent, and there may be questions waiting. */
static bool client_resume(struct client *c)
{
	touch(c);
	wait_for(c, EV_READ);
	return client_read(c);
}

/* The next message of a transfer: one a turn, then the others have theirs, and on when the client has taken it. */
static bool client_transfer(struct client *c)
{
	size_t n = transfer_message(c->transfer, c->thread->message + 2, MESSAGE_MAX);
	if (!n || !send_message(c, n))
		return false;
	touch(c);
	if (!transfer_is_done(c->transfer))
		return true;
	transfer_end(c->transfer);
	c->transfer = NULL;
	return c->out || client_resume(c);
}

static bool client_write(struct client *c)
{
	ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->out_at += (size_t)n;
	if (c->out_at < c->out_len)
		return true;
	c->thread->kept -= c->out_len;
	free(c->out);
	c->out = NULL;
	return c->transfer ? client_transfer(c) : client_resume(c);
}

static void on_client(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	(void)fd;
	(void)what;
	rcu_thread_online();
	if (!(c->out ? client_write(c) : c->transfer ? client_transfer(c) : client_read(c)))
		client_close(c);
	rcu_thread_offline();
}

/* ---- answers from the control thread ---- */

/* Behind what the client has not taken yet. False: no memory, or no room. */
static bool append_output(struct client *c, const uint8_t *answer, size_t len)
{
	uint8_t *more = make_room(c->thread, c, 2 + len) ? realloc(c->out, c->out_len + 2 + len) : NULL;
	if (!more)
		return false;
	wire_set16(more + c->out_len, (uint16_t)len);
	memcpy(more + c->out_len + 2, answer, len);
	c->out = more;
	c->out_len += 2 + len;
	c->thread->kept += 2 + len;
	return true;
}

/* False: the connection is to end. */
static bool client_take(struct client *c, const uint8_t *answer, size_t len)
{
	struct tcp_thread *t = c->thread;
	if (len && c->out)
		return append_output(c, answer, len);
	if (len) {
		memcpy(t->message + 2, answer, len);
		if (!send_message(c, len))
			return false;
	}
	if (c->out || c->transfer)
		return true;
	return c->closing && c->pending ? true : client_resume(c);
}

static void on_returned(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_thread *t = arg;
	uint64_t count;
	struct returned *list, *ordered = NULL;
	(void)what;
	if (read(fd, &count, sizeof count) < 0)
		return;
	pthread_mutex_lock(&t->back_lock);
	list = t->returned;
	t->returned = NULL;
	pthread_mutex_unlock(&t->back_lock);
	for (struct returned *next; list; list = next) {
		next = list->next;
		list->next = ordered;
		ordered = list;
	}
	rcu_thread_online();
	for (struct returned *r = ordered, *next; r; r = next) {
		struct client *c = r->client;
		next = r->next;
		c->pending--;
		if (c->fd >= 0 && !client_take(c, r->bytes, r->len)) {
			client_close(c);
		} else if (c->fd < 0 && c->pending == 0) {
			TAILQ_REMOVE(&t->gone, c, lru);
			free(c);
		}
		free(r);
	}
	rcu_thread_offline();
}

/* ---- accepting ---- */

static bool admit(struct tcp_thread *t, uint32_t bucket)
{
	if (t->per_bucket[bucket] >= CLIENT_SHARE(t->max))
		return false;
	if (t->nclients >= t->max)
		client_close(TAILQ_FIRST(&t->clients));
	return true;
}

static void add_client(struct tcp_thread *t, int fd, const struct addr *a)
{
	uint32_t bucket = bucket_of(t, a);
	struct client *c = admit(t, bucket) ? calloc(1, sizeof *c) : NULL;
	if (c)
		c->event = event_new(t->base, fd, EV_READ | EV_PERSIST, on_client, c);
	if (!c || !c->event || event_add(c->event, NULL) < 0) {
		if (c && c->event)
			event_free(c->event);
		free(c);
		close(fd);
		return;
	}
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->thread = t;
	c->addr = *a;
	c->fd = fd;
	c->bucket = bucket;
	c->last = now_seconds();
	t->per_bucket[bucket]++;
	t->nclients++;
	TAILQ_INSERT_TAIL(&t->clients, c, lru);
}

/* Out of descriptors or memory: the idlest makes room; if that doesn't help, accepting stops for a second instead of spinning. */
static void pause_accept(struct tcp_thread *t)
{
	struct timeval second = { 1, 0 };
	log_warn("accepting TCP paused", "reason=\"%s\" connections=%zu", strerror(errno), t->nclients);
	if (!TAILQ_EMPTY(&t->clients))
		client_close(TAILQ_FIRST(&t->clients));
	for (size_t i = 0; i < t->nlisteners; i++)
		event_del(t->listeners[i]);
	t->paused = true;
	event_add(t->resume, &second);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_thread *t = arg;
	(void)fd;
	(void)what;
	t->paused = false;
	for (size_t i = 0; i < t->nlisteners; i++)
		event_add(t->listeners[i], NULL);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_thread *t = arg;
	(void)what;
	for (unsigned i = 0; i < ACCEPT_BATCH && !t->paused; i++) {
		struct addr a;
		socklen_t len = sizeof a;
		int c = accept4(fd, &a.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c >= 0)
			add_client(t, c, &a);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accept(t);
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_thread *t = arg;
	int64_t old = now_seconds() - IDLE_SECONDS;
	struct client *c;
	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&t->clients)) && c->last < old)
		client_close(c);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_thread *t = arg;
	(void)fd;
	(void)what;
	event_base_loopbreak(t->base);
}

static void *tcp_main(void *arg)
{
	struct tcp_thread *t = arg;
	pthread_setname_np(pthread_self(), "tcp");
	rcu_register_thread();
	rcu_thread_offline(); /* online inside callbacks that look at the generation only */
	event_base_dispatch(t->base);
	rcu_thread_online();
	rcu_unregister_thread();
	return NULL;
}

static void tcp_free(struct tcp_thread *t)
{
	while (t->base && !TAILQ_EMPTY(&t->clients))
		client_close(TAILQ_FIRST(&t->clients));
	for (struct client *c; (c = TAILQ_FIRST(&t->gone)); free(c))
		TAILQ_REMOVE(&t->gone, c, lru);
	for (struct returned *r = t->returned, *next; r; r = next) {
		next = r->next;
		free(r);
	}
	for (size_t i = 0; i < t->nlisteners; i++) {
		if (!t->listeners[i])
			continue;
		close(event_get_fd(t->listeners[i]));
		event_free(t->listeners[i]);
	}
	free(t->listeners);
	struct event *own[] = { t->wake, t->tick, t->resume, t->back };
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (own[i])
			event_free(own[i]);
	if (t->wake_fd >= 0)
		close(t->wake_fd);
	if (t->back_fd >= 0)
		close(t->back_fd);
	pthread_mutex_destroy(&t->back_lock);
	if (t->base)
		event_base_free(t->base);
	free(t);
}

static size_t connections_max(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur == RLIM_INFINITY)
		return CONNECTIONS_MAX;
	size_t have = r.rlim_cur > 2 * DESCRIPTORS_KEPT ? r.rlim_cur - DESCRIPTORS_KEPT : r.rlim_cur / 2;
	return have < CONNECTIONS_MAX ? have : CONNECTIONS_MAX;
}

/*
 * Looks for new events after so many callbacks: a client that has more to be
 * answered makes itself active again, and without that a few of them would
 * keep everybody else, the clock and the order to stop waiting.
 */
static struct event_base *base_new(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base = NULL;
	if (cfg && event_config_set_max_dispatch_interval(cfg, NULL, CALLBACKS_A_TURN, 0) == 0)
		base = event_base_new_with_config(cfg);
	if (cfg)
		event_config_free(cfg);
	return base;
}

static bool make_events(struct tcp_thread *t, const int *fds, size_t count)
{
	struct timeval second = { 1, 0 };
	t->base = base_new();
	t->listeners = calloc(count, sizeof *t->listeners);
	if (!t->base || !t->listeners || t->wake_fd < 0 || t->back_fd < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		t->listeners[i] = event_new(t->base, fds[i], EV_READ | EV_PERSIST, on_accept, t);
		t->nlisteners++;
		if (!t->listeners[i] || event_add(t->listeners[i], NULL) < 0)
			return false;
	}
	t->wake = event_new(t->base, t->wake_fd, EV_READ, on_wake, t);
	t->tick = event_new(t->base, -1, EV_PERSIST, on_tick, t);
	t->resume = event_new(t->base, -1, 0, on_resume, t);
	t->back = event_new(t->base, t->back_fd, EV_READ | EV_PERSIST, on_returned, t);
	return t->wake && t->tick && t->resume && t->back && event_add(t->wake, NULL) == 0 && event_add(t->back, NULL) == 0
		&& event_add(t->tick, &second) == 0;
}

struct tcp_thread *tcp_start(const int *fds, size_t count, char *why)
{
	struct tcp_thread *t = calloc(1, sizeof *t);
	uint64_t seeds[2] = { 0, 0 };
	int e = ENOMEM;
	if (t) {
		TAILQ_INIT(&t->clients);
		TAILQ_INIT(&t->gone);
		pthread_mutex_init(&t->back_lock, NULL);
		t->back_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		t->max = connections_max();
		if (make_events(t, fds, count) && getrandom(seeds, sizeof seeds, 0) == sizeof seeds) {
			t->seed = seeds[0];
			responder_init(&t->responder, seeds[1]);
			e = pthread_create(&t->id, NULL, tcp_main, t);
		}
		if (e)
			tcp_free(t);
	}
	if (!e)
		return t;
	snprintf(why, SOCK_WHY_MAX, "TCP thread: %s", strerror(e));
	return NULL;
}

void tcp_stop(struct tcp_thread *t)
{
	if (!t)
		return;
	uint64_t one = 1;
	if (write(t->wake_fd, &one, sizeof one) < 0)
		log_error("cannot wake a thread", "thread=tcp error=\"%s\"", strerror(errno));
	pthread_join(t->id, NULL);
	tcp_free(t);
}

const struct dns_counters *tcp_counters(const struct tcp_thread *t)
{
	return &t->responder.counters;
}
