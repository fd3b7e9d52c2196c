#include "crew.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "loop.h"
#include "session.h"
#include "udp.h"
#include "worker.h"

enum order { ORDER_PASS, ORDER_LIMIT, ORDER_SWITCH, ORDER_DRAIN, ORDER_HAND_OVER, ORDER_END_SESSIONS, ORDER_QUIT };

struct hand {
	struct worker worker;
	struct crew *crew;
	pthread_t thread;
	int wake;               /* eventfd */
	struct event event;
};

struct crew {
	struct hand *hands;
	unsigned n;
	struct listen_table *table;
	/* the present order; under the lock */
	pthread_mutex_t lock;
	pthread_cond_t done;
	enum order order;
	struct setup *setup;
	uint32_t pairs;
	unsigned waiting;       /* workers that have not carried it out */
};

/* --- worker thread --- */

static void use_setup(struct worker *w, struct setup *s)
{
	struct setup *before = w->setup;
	if (s)
		setup_hold(s);
	w->setup = s;
	listen_switch(w, ((struct hand *)w)->crew->table, s);
	udp_switch(w, ((struct hand *)w)->crew->table, s);
	if (before)
		setup_release(w->home, before);
}

/* An eighth of a small share may become pipes, which need a pair each, too, and make way for sessions. */
static void limit(struct worker *w, uint32_t pairs)
{
	w->pipes.max = pairs / 8 < PIPES_MAX ? pairs / 8 : PIPES_MAX;
	w->sessions_max = pairs ? pairs : 1;
	/* A datagram's session has one descriptor; a quarter is left to connections, whom nobody can make give way. */
	w->flows_max = w->sessions_max / 2 * 3 + 1;
}

static void carry_out(struct hand *h)
{
	struct worker *w = &h->worker;
	switch (h->crew->order) {
	case ORDER_PASS:
		return;
	case ORDER_LIMIT:
		limit(w, h->crew->pairs / h->crew->n);
		return;
	case ORDER_SWITCH:
		use_setup(w, h->crew->setup);
		return;
	case ORDER_HAND_OVER:
		w->succeeded = true;
		w->draining = true;
		use_setup(w, NULL);
		return;
	case ORDER_DRAIN:
		w->draining = true;
		use_setup(w, NULL);
		return;
	case ORDER_END_SESSIONS:
		session_end_all(w, END_DRAIN);
		udp_end_all(w, END_DRAIN);
		return;
	case ORDER_QUIT:
		event_base_loopbreak(w->base);
		return;
	}
}

static void on_order(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct hand *h = arg;
	uint64_t n;
	if (read(fd, &n, sizeof n) < 0)
		return;
	carry_out(h);
	pthread_mutex_lock(&h->crew->lock);
	if (--h->crew->waiting == 0)
		pthread_cond_signal(&h->crew->done);
	pthread_mutex_unlock(&h->crew->lock);
}

static void *run(void *arg)
{
	struct hand *h = arg;
	event_base_loop(h->worker.base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

/* --- main thread --- */

static void give(struct crew *c, enum order order, struct setup *s)
{
	uint64_t one = 1;
	pthread_mutex_lock(&c->lock);
	c->order = order;
	c->setup = s;
	c->waiting = c->n;
	for (unsigned i = 0; i < c->n; i++)
		while (write(c->hands[i].wake, &one, sizeof one) < 0 && errno == EINTR)
			;
	while (c->waiting)
		pthread_cond_wait(&c->done, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

static bool start(struct crew *c, unsigned i, struct setup_home *home)
{
	struct hand *h = &c->hands[i];
	char name[16];
	h->crew = c;
	h->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!worker_init(&h->worker, i, home) || h->wake < 0)
		return false;
	session_worker_init(&h->worker);
	listen_worker_init(&h->worker);
	event_assign(&h->event, h->worker.base, h->wake, EV_READ | EV_PERSIST, on_order, h);
	if (event_add(&h->event, NULL) < 0 || pthread_create(&h->thread, NULL, run, h) != 0)
		return false;
	snprintf(name, sizeof name, "worker %u", i & 0xffffffu);
	pthread_setname_np(h->thread, name);
	return true;
}

struct crew *crew_new(struct setup_home *home, struct listen_table *table)
{
	struct crew *c = calloc(1, sizeof *c);
	sigset_t all, before;
	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->done, NULL);
	c->table = table;
	c->hands = calloc(home->workers, sizeof *c->hands);
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (c->hands && c->n < home->workers && start(c, c->n, home))
		c->n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (c->n == home->workers)
		return c;
	if (c->hands && c->n < home->workers)
		worker_free(&c->hands[c->n].worker); /* the one that could not be started */
	crew_delete(c);
	return NULL;
}

void crew_switch(struct crew *c, struct setup *s)
{
	give(c, ORDER_SWITCH, s);
}

void crew_limit(struct crew *c, uint32_t pairs)
{
	c->pairs = pairs;
	give(c, ORDER_LIMIT, NULL);
}

uint32_t crew_sessions(const struct crew *c)
{
	uint32_t n = 0;
	for (unsigned i = 0; i < c->n; i++)
		n += c->hands[i].worker.sessions + c->hands[i].worker.flows;
	return n;
}

void crew_take_rtt(struct crew *c, void (*each)(void *arg, const struct rtt_measured *m), void *arg)
{
	struct rtt_measured m;
	for (unsigned i = 0; i < c->n; i++)
		while (rtt_ring_take(c->hands[i].worker.rtt, &m))
			each(arg, &m);
}

void crew_pass(struct crew *c)
{
	give(c, ORDER_PASS, NULL);
}

void crew_drain(struct crew *c)
{
	give(c, ORDER_DRAIN, NULL);
}

void crew_hand_over(struct crew *c)
{
	give(c, ORDER_HAND_OVER, NULL);
}

void crew_end_sessions(struct crew *c)
{
	give(c, ORDER_END_SESSIONS, NULL);
}

void crew_delete(struct crew *c)
{
	if (c->n)
		give(c, ORDER_QUIT, NULL);
	for (unsigned i = 0; i < c->n; i++) {
		struct hand *h = &c->hands[i];
		pthread_join(h->thread, NULL);
		event_del(&h->event);
		session_worker_stop(&h->worker);
		udp_worker_stop(&h->worker);
		event_del(&h->worker.resume);
		worker_free(&h->worker);
		close(h->wake);
	}
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->done);
	free(c->hands);
	free(c);
}

static uint64_t get(const _Atomic(uint64_t) *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

void crew_totals(const struct crew *c, struct crew_totals *out)
{
	*out = (struct crew_totals){ 0 };
	for (unsigned i = 0; i < c->n; i++) {
		const struct counters *k = &c->hands[i].worker.counters;
		out->accepted += get(&k->accepted);
		for (size_t r = 0; r < sizeof k->routed / sizeof *k->routed; r++)
			out->routed[r] += get(&k->routed[r]);
		for (size_t e = 0; e < END_COUNT; e++)
			out->ended[e] += get(&k->ended[e]);
		out->retried += get(&k->retried);
		out->redirects += get(&k->redirects);
		out->replies += get(&k->replies);
		out->to_server += get(&k->to_server);
		out->to_client += get(&k->to_client);
		out->datagrams_to_server += get(&k->datagrams_to_server);
		out->datagrams_to_client += get(&k->datagrams_to_client);
		out->dropped += get(&k->dropped);
		out->pauses += get(&k->pauses);
		out->crowded += get(&k->crowded);
	}
}
