#include "udp_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "log.h"

/* --- from clients to servers --- */

/*
 * An error of sending concerns the first one only; it may tell of one that was
 * sent before, so what is no failure of a flow that has answered is tried again.
 */
static void say(struct flow *f, unsigned n)
{
	struct udp *u = f->socket->udp;
	bool again = false;
	int error = 0;
	for (unsigned at = 0; at < n;) {
		at += udp_send(f->fd, u->say + at, n - at, &error);
		if (at == n)
			return;
		if (flow_is_failure(error) && !(f->heard && error != ECONNREFUSED)) {
			flow_trouble(f, error);
			return;
		}
		again = flow_is_failure(error) && !again;
		if (again)
			continue;
		unsigned i = (unsigned)(u->say[at].msg_hdr.msg_iov - u->in.iov);
		if (u->in.segment[i] && error != EAGAIN && error != ENOBUFS)
			udp_send_split(f->fd, &u->say[at].msg_hdr, u->in.segment[i]);
		else
			count(&u->worker->counters.dropped, batch_count(&u->in, i));
		at++;
	}
}

/* Sends what of the batch is this flow's. */
static void pass_on(struct flow *f)
{
	struct udp *u = f->socket->udp;
	struct counters *c = &u->worker->counters;
	unsigned n = 0;
	for (uint16_t i = f->first; n < f->n; i = u->chain[i]) {
		batch_address(&u->in, i, NULL, 0);
		u->say[n] = u->in.messages[i];
		u->say[n].msg_hdr.msg_name = NULL;
		u->say[n++].msg_hdr.msg_namelen = 0;
		count(&c->datagrams_to_server, batch_count(&u->in, i));
		count(&c->to_server, u->in.messages[i].msg_len);
		if (!f->heard)
			flow_keep(f, u->in.iov[i].iov_base, u->in.messages[i].msg_len, u->in.segment[i]);
	}
	f->n = 0;
	f->active = u->wheel.now;
	f->waits = true;
	if (f->heard && !f->settled)
		flow_settle(f);
	say(f, n);
}

/* Sorts the batch: flows in the order in which they first spoke, each with its datagrams in order. */
static struct flow *sort(struct udp_socket *l, unsigned n)
{
	struct udp *u = l->udp;
	struct flow *head = NULL, **end = &head;
	for (unsigned i = 0; i < n; i++) {
		struct flow *f = flow_of(l, i);
		if (!f) {
			count(&u->worker->counters.dropped, batch_count(&u->in, i));
			continue;
		}
		if (f->n++) {
			u->chain[f->last] = (uint16_t)i;
		} else {
			f->first = (uint16_t)i;
			f->touched = NULL;
			*end = f;
			end = &f->touched;
		}
		f->last = (uint16_t)i;
	}
	return head;
}

static void on_client(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct udp_socket *l = arg;
	struct udp *u = l->udp;
	int n = batch_receive(&u->in, fd, 0, UDP_BATCH);
	if (n <= 0)
		return;
	for (struct flow *f = sort(l, (unsigned)n), *next; f; f = next) {
		next = f->touched;
		pass_on(f);
	}
	for (unsigned i = 0; i < (unsigned)n; i++)
		batch_prepare(&u->in, i, true);
}

/* --- sockets --- */

static void close_socket(struct udp *u, struct udp_socket **at)
{
	struct udp_socket *l = *at;
	udp_flush(u); /* its replies */
	*at = l->next;
	event_del(&l->event);
	close(l->fd);
	listen_group_release(l->group);
	free(l);
}

/* The first worker that finds that nobody needs it any more decides for all: the others' close with it. */
static void close_retired(struct udp *u)
{
	for (struct udp_socket **at = &u->sockets; *at;) {
		struct udp_socket *l = *at;
		if (!l->listener && !atomic_load(&l->group->flows) && listen_group_close(l->group))
			close_socket(u, at);
		else
			at = &l->next;
	}
}

static bool any_retired(const struct udp *u)
{
	for (const struct udp_socket *l = u->sockets; l; l = l->next)
		if (!l->listener)
			return true;
	return false;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct udp *u = arg;
	wheel_advance(&u->wheel, worker_tick(), flow_due, u);
	for (struct udp_socket *l = u->sockets; l; l = l->next)
		if (l->listener)
			udp_give_way(l);
	close_retired(u);
	if (u->wheel.count || any_retired(u))
		return;
	event_del(&u->tick);
	u->ticking = false;
}

static struct udp *udp_new(struct worker *w)
{
	struct udp *u = calloc(1, sizeof *u);
	if (!u)
		return NULL;
	u->worker = w;
	if (!batch_init(&u->in) || !batch_init(&u->out) || !udp_flows_init(u)) {
		free(u);
		return NULL;
	}
	for (unsigned i = 0; i < UDP_BATCH; i++)
		batch_prepare(&u->in, i, true);
	udp_reply_init(u);
	event_assign(&u->tick, w->base, -1, EV_PERSIST, on_tick, u);
	return u;
}

static void add_socket(struct udp *u, struct listen_address *a, size_t i, struct listener *listener, uint16_t dialled)
{
	struct worker *w = u->worker;
	struct udp_socket *l = calloc(1, sizeof *l);
	if (!l) {
		log_error("out of memory", "worker=%u", w->index);
		return;
	}
	l->udp = u;
	l->listener = listener;
	l->dialled = dialled;
	l->address = a->address;
	l->any = addr_is_any(&a->address);
	l->number = ++u->sockets_made;
	l->young_end = &l->young;
	l->group = listen_group_hold(a->group);
	l->fd = a->fds[i];
	a->fds[i] = -1;
	l->next = u->sockets;
	u->sockets = l;
	event_assign(&l->event, w->base, l->fd, EV_READ | EV_PERSIST, on_client, l);
	event_add(&l->event, NULL);
}

/* Sockets of the table that this worker has not taken yet. */
static void take_sockets(struct worker *w, struct listen_table *t, struct setup *s)
{
	for (struct listen_address *a = t->head; a; a = a->next) {
		uint16_t dialled;
		struct listener *listener = a->group ? listen_find(s, &a->address, true, &dialled) : NULL;
		for (size_t i = w->index; listener && i < a->n; i += t->workers) {
			if (a->fds[i] < 0)
				continue;
			if (!w->udp && !(w->udp = udp_new(w))) {
				log_error("out of memory", "worker=%u", w->index);
				return;
			}
			add_socket(w->udp, a, i, listener, dialled);
		}
	}
}

void udp_switch(struct worker *w, struct listen_table *t, struct setup *s)
{
	struct udp *u = w->udp;
	for (struct udp_socket *l = u && w->succeeded ? u->sockets : NULL; l; l = l->next)
		event_del(&l->event); /* what clients say is the successor's to hear; replies to our flows still go out here */
	for (struct udp_socket *l = u ? u->sockets : NULL; l; l = l->next)
		l->listener = listen_group_is_open(l->group) ? listen_find(s, &l->address, true, &l->dialled) : NULL;
	if (u) {
		close_retired(u);
		udp_tick(u);
		if (!s)
			udp_drain(u);
	}
	if (s)
		take_sockets(w, t, s);
}

void udp_end_all(struct worker *w, enum end why)
{
	struct udp *u = w->udp;
	for (size_t i = 0; u && i < u->flows.size;) {
		/* What stood behind it has moved up: the same place again. */
		if (u->flows.slots[i].entry)
			flow_end((struct flow *)u->flows.slots[i].entry, why);
		else
			i++;
	}
}

void udp_worker_stop(struct worker *w)
{
	struct udp *u = w->udp;
	if (!u)
		return;
	while (u->sockets)
		close_socket(u, &u->sockets);
	if (u->ticking)
		event_del(&u->tick);
	event_del(&u->flush);
	udp_flows_free(u);
	munmap(u->in.bytes, (size_t)UDP_BATCH * UDP_BYTES);
	munmap(u->out.bytes, (size_t)UDP_BATCH * UDP_BYTES);
	free(u);
	w->udp = NULL;
}
