#include "udp_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dial.h"
#include "serve.h"
#include "sock.h"
#include "source.h"

static bool is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

bool flow_is_failure(int error)
{
	return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN || error == ENETDOWN ||
	       error == EACCES || error == ENOPROTOOPT || error == EPROTO;
}

static void close_server(struct flow *f)
{
	if (f->fd < 0)
		return;
	event_del(&f->event);
	close(f->fd);
	f->fd = -1;
}

static void count_real(struct flow *f, struct server *real)
{
	if (f->real)
		atomic_fetch_sub_explicit(&f->real->sessions, 1, memory_order_relaxed);
	f->real = real;
	if (real)
		atomic_fetch_add_explicit(&real->sessions, 1, memory_order_relaxed);
}

/* What the client has said so far, once more. False: the new one fails, too. */
static bool say_again(struct flow *f, int *error)
{
	for (uint32_t at = 0; at < f->said_len;) {
		uint16_t len;
		memcpy(&len, f->said + at, sizeof len);
		at += (uint32_t)sizeof len;
		if (send(f->fd, f->said + at, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && flow_is_failure(errno)) {
			*error = errno;
			return false;
		}
		at += len;
	}
	return true;
}

/* A real server may get to see the client's own address; one on this machine can't be reached from elsewhere, so it stays unknown. */
static int open_socket(const struct flow *f, const struct addr *to, const struct addr *from)
{
	char why[SOCK_WHY_MAX];
	bool shown = f->real && f->listener->conf->transparent && !addr_is_loopback(&f->client) && f->client.sa.sa_family == to->sa.sa_family;
	return shown ? sock_connect_relay_udp_as(to, &f->client, why) : sock_connect_relay_udp(to, from, why);
}

/* False: *error says why not. */
static bool try_address(struct flow *f, const struct addr *to, const struct addr *from, bool again, int *error)
{
	f->fd = open_socket(f, to, from);
	if (f->fd < 0) {
		*error = errno;
		return false;
	}
	event_assign(&f->event, f->socket->udp->worker->base, f->fd, EV_READ | EV_PERSIST, f->socket->udp->on_server, f);
	if (event_add(&f->event, NULL) < 0) {
		close(f->fd);
		f->fd = -1;
		*error = ENOMEM;
		return false;
	}
	if (!again || say_again(f, error))
		return true;
	close_server(f);
	return false;
}

/* The next of the candidates takes it. False: it has ended. */
static bool next_real(struct flow *f, bool again);
static bool next_peer(struct flow *f, bool again);

static bool follow(struct flow *f, enum route r, bool again)
{
	struct worker *w = f->socket->udp->worker;
	count(&w->counters.routed[r], 1);
	if (r == ROUTE_RELAY)
		atomic_fetch_add_explicit(&f->listener->count->forwarded, 1, memory_order_relaxed);
	if (r == ROUTE_LOCAL) {
		f->local = true;
		atomic_fetch_add_explicit(&f->listener->count->local, 1, memory_order_relaxed);
		return next_real(f, again);
	}
	if (r == ROUTE_RELAY && (f->peers = calloc(1, sizeof *f->peers))) {
		f->peers->turn = w->proxy_turn++;
		f->peers->n = (uint8_t)peers_choose(f->listener->peers, &f->client, worker_random(w), false, f->peers->members, FLOW_PEERS_MAX);
		return next_peer(f, again);
	}
	flow_end(f, r == ROUTE_RELAY ? END_RESOURCES : END_UNSERVED);
	return false;
}

static bool without_servers(struct flow *f, bool again)
{
	f->local = false;
	atomic_fetch_sub_explicit(&f->listener->count->local, 1, memory_order_relaxed);
	return follow(f, serve_route(f->listener, f->from_site, false), again);
}

static bool next_real(struct flow *f, bool again)
{
	struct worker *w = f->socket->udp->worker;
	const struct pool *p = f->listener->pool;
	int error = 0;
	for (;;) {
		struct pool_input in = { .client = &f->client, .random = worker_random(w), .tried = f->tried, .worker = w->index };
		int i = pool_pick(p, &in);
		if (i < 0)
			break;
		f->tried |= pool_bit((size_t)i);
		count_real(f, p->servers[i]);
		if (try_address(f, &f->real->address, NULL, again, &error))
			return true;
		if (is_ours(error)) {
			flow_end(f, END_RESOURCES);
			return false;
		}
		if (flow_is_failure(error))
			server_refused(w->home->servers, f->real, dial_refusal(error));
		count(&w->counters.retried, 1);
	}
	count_real(f, NULL);
	return without_servers(f, again);
}

/* From one of our sources. False: none works. */
static bool try_peer(struct flow *f, const struct addr *to, bool again, int *error)
{
	const struct addr *from;
	const struct site *own = f->listener->setup->conf->own;
	size_t turn = f->peers->turn, n = source_pick(own, to->sa.sa_family, turn, &from);
	*error = EADDRNOTAVAIL;
	for (size_t i = 0; i < n; i++) {
		source_pick(own, to->sa.sa_family, turn + i, &from);
		if (try_address(f, to, from, again, error))
			return true;
		/* Only when its ports are used up another source is better. */
		if (*error != EADDRINUSE && *error != EADDRNOTAVAIL && *error != EAGAIN)
			return false;
	}
	return false;
}

/* The next address of the candidates. False: none left. */
static bool next_address(struct flow *f, struct addr *out)
{
	struct flow_peers *d = f->peers;
	for (; d->at < d->n; d->at++, d->target = 0) {
		const struct member *m = &f->listener->service->members[d->members[d->at]];
		if (d->target >= m->ntargets)
			continue;
		f->member = d->members[d->at];
		*out = m->targets[d->target++];
		addr_set_port(out, peers_port(m, addr_port(&f->socket->address)));
		return true;
	}
	return false;
}

static bool next_peer(struct flow *f, bool again)
{
	struct addr to;
	int error;
	while (next_address(f, &to)) {
		if (try_peer(f, &to, again, &error))
			return true;
		if (is_ours(error)) {
			flow_end(f, END_RESOURCES);
			return false;
		}
		count(&f->socket->udp->worker->counters.retried, 1);
	}
	flow_end(f, END_UNSERVED);
	return false;
}

bool flow_begin(struct flow *f, enum route r)
{
	return follow(f, r, false);
}

/* Once it has answered, what the way says of a moment ends nothing: only a closed port does. */
void flow_failed(struct flow *f, int error)
{
	struct worker *w = f->socket->udp->worker;
	if (f->heard && error != ECONNREFUSED)
		return;
	if (f->real)
		server_refused(w->home->servers, f->real, dial_refusal(error));
	if (f->heard) {
		flow_end(f, END_SERVER_RESET);
		return;
	}
	close_server(f);
	count(&w->counters.retried, 1);
	if (f->real)
		next_real(f, true);
	else
		next_peer(f, true);
}
