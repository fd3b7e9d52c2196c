#include "serve.h"

#include <stdatomic.h>
#include "choose.h"
#include "dial.h"
#include "front.h"
#include "https.h"
#include "log.h"
#include "loop.h"
#include "preface.h"
#include "request.h"
#include "route.h"
#include "sock.h"

enum route serve_route(const struct listener *l, bool from_site, bool server_up)
{
	struct route_input in = {
		.from_site = from_site,
		.server_up = server_up,
		.own_set_down = peers_own_set_down(l->peers),
		.sessions = atomic_load_explicit(&l->count->local, memory_order_relaxed),
		.capacity = l->conf->capacity,
		.protocol = l->conf->protocol,
		.peer_for_redirect = peers_usable(l->peers, true),
		.peer_for_relay = peers_usable(l->peers, false),
	};
	return route_connection(&in);
}

static void start(struct session *s, enum route r);

/* No real server took the connection, so it goes the way it would have gone without any. */
static void without_servers(struct session *s)
{
	s->local = false;
	atomic_fetch_sub_explicit(&s->listener->count->local, 1, memory_order_relaxed);
	start(s, serve_route(s->listener, s->from_site, false));
}

static void start(struct session *s, enum route r)
{
	count(&s->worker->counters.routed[r], 1);
	if (r == ROUTE_REQUEST || r == ROUTE_RELAY)
		atomic_fetch_add_explicit(&s->listener->count->forwarded, 1, memory_order_relaxed);
	switch (r) {
	case ROUTE_LOCAL:
		s->local = true;
		atomic_fetch_add_explicit(&s->listener->count->local, 1, memory_order_relaxed);
		dial_local(s, without_servers);
		return;
	case ROUTE_REQUEST:
	case ROUTE_UNAVAILABLE:
		if (s->listener->certificate)
			https_begin(s, r == ROUTE_REQUEST);
		else
			request_begin(s, r == ROUTE_REQUEST);
		return;
	case ROUTE_RELAY:
		dial_peers(s);
		return;
	case ROUTE_RESET:
		break;
	}
	session_end(s, END_UNSERVED);
}

#define CROWD_SAID_EVERY (60 * NS_PER_SECOND)

static void say_crowded(const struct worker *w, const struct listener *l, const struct prefix *network)
{
	static _Atomic(int64_t) said;
	char text[ADDR_TEXT_MAX];
	int64_t now = loop_now(), before = said;
	if ((!before || now - before > CROWD_SAID_EVERY) && atomic_compare_exchange_strong(&said, &before, now))
		log_warn("too many sessions of one client network", "service=%s network=%s client_sessions=%u reset=%llu", l->conf->service_text,
		         prefix_text(network, text), l->conf->client_sessions, (unsigned long long)w->counters.crowded);
}

bool serve_place(struct worker *w, const struct listener *l, const struct addr *from, struct crowd_place *place)
{
	const struct conf_dns *dns = &l->setup->conf->dns;
	struct addr client = *from;
	struct prefix network;
	if (!l->conf->client_sessions)
		return true;
	addr_unmap(&client);
	prefix_of(&network, &client, (uint8_t)dns->networks4, (uint8_t)dns->networks6);
	if (crowd_enter(w->home->crowd, l->count, &network, l->conf->client_sessions, place))
		return true;
	count(&w->counters.crowded, 1);
	say_crowded(w, l, &network);
	return false;
}

/* False: its network has client_sessions already, and the session has ended. */
static bool take_place(struct session *s)
{
	if (s->from_site || serve_place(s->worker, s->listener, &s->address, &s->crowd))
		return true;
	session_end(s, END_UNSERVED);
	return false;
}

/* Counted where it is decided whose it is. */
static void count_arrival(const struct listener *l, bool from_site)
{
	if (!from_site)
		atomic_fetch_add_explicit(&l->count->arrived, 1, memory_order_relaxed);
}

/* All that the decision needs has been read, and s->listener is the right one: it is made now. */
static void serve_chosen(struct session *s)
{
	struct listener *l = s->listener;
	count_arrival(l, s->from_site);
	if (take_place(s))
		start(s, serve_route(l, s->from_site, pool_usable(l->pool)));
}

/* Its PROXY header has been read, if there had to be one. */
static void serve_prefaced(struct session *s)
{
	if (s->listener->front)
		choose_begin(s, serve_chosen);
	else
		serve_chosen(s);
}

/* Nothing that could be read would help: who must be reset is reset before (a PROXY header can only take ways away). */
static bool is_hopeless(const struct listener *l, bool from_site)
{
	const struct front *f = l->front;
	if (!f)
		return serve_route(l, from_site, pool_usable(l->pool)) == ROUTE_RESET;
	for (size_t i = 0; i < f->n; i++)
		if (!is_hopeless(f->ways[i].listener, from_site))
			return false;
	return true;
}

static void reset_at_once(struct worker *w, const struct listener *l, int fd, bool from_site)
{
	count_arrival(l, from_site);
	count(&w->counters.routed[ROUTE_RESET], 1);
	count(&w->counters.ended[END_UNSERVED], 1);
	sock_reset(fd);
}

/* NULL: no memory. */
static struct session *take_client(struct worker *w, struct listener *l, uint16_t dialled, int fd, const struct addr *client, bool from_site)
{
	struct session *s = session_new(w, l, dialled, fd, client);
	if (s)
		s->from_site = from_site;
	return s;
}

/* Something has to be read before the decision. */
static void serve_later(struct worker *w, struct listener *l, uint16_t dialled, int fd, const struct addr *client)
{
	bool from_site = setup_is_site(l->setup, client);
	if (is_hopeless(l, from_site)) {
		reset_at_once(w, l, fd, from_site);
		return;
	}
	struct session *s = take_client(w, l, dialled, fd, client, from_site);
	if (!s)
		return;
	if (preface_is_wanted(l->conf, client))
		preface_begin(s, serve_prefaced);
	else
		serve_prefaced(s);
}

void serve(struct worker *w, struct listener *l, uint16_t dialled, int fd, const struct addr *client)
{
	count(&w->counters.accepted, 1);
	if (l->front || l->conf->naccept_proxy) {
		serve_later(w, l, dialled, fd, client);
		return;
	}
	bool from_site = setup_is_site(l->setup, client);
	enum route r = serve_route(l, from_site, pool_usable(l->pool));
	if (r == ROUTE_RESET) {
		reset_at_once(w, l, fd, from_site);
		return;
	}
	struct session *s = take_client(w, l, dialled, fd, client, from_site);
	if (!s)
		return;
	count_arrival(l, from_site);
	if (take_place(s))
		start(s, r);
}
