#include "udp_parts.h"

#include "log.h"
#include "loop.h"
#include "serve.h"

/* Places that threads may want of each other at a time. */
#define WANTED_MAX 16
#define FULL_SAID_EVERY (60 * NS_PER_SECOND)

/* --- who gives way when there is no room --- */

/* The oldest of the young that has no datagram in the batch. */
static bool evict(struct udp_socket *l)
{
	struct flow *f = l->young;
	while (f && f->n)
		f = f->next;
	if (f)
		flow_end(f, END_EVICTED);
	return f != NULL;
}

static bool evict_any(struct udp *u)
{
	for (struct udp_socket *l = u->sockets; l; l = l->next)
		if (evict(l))
			return true;
	return false;
}

/*
 * At max_sessions a thread whose sessions have all settled, or that has none,
 * would turn everybody away while another one's flood displaces itself. So it
 * asks, and the others give way, one at each newcomer and tick.
 */
static void want_place(const struct udp_socket *l)
{
	_Atomic(uint32_t) *wanted = &l->listener->count->wanted;
	if (atomic_load_explicit(wanted, memory_order_relaxed) < WANTED_MAX)
		atomic_fetch_add_explicit(wanted, 1, memory_order_relaxed);
}

void udp_give_way(struct udp_socket *l)
{
	_Atomic(uint32_t) *wanted = &l->listener->count->wanted;
	uint32_t n = atomic_load_explicit(wanted, memory_order_relaxed);
	if (l->young && n && atomic_compare_exchange_strong(wanted, &n, n - 1))
		evict(l);
}

static void say_full(const struct udp_socket *l, const char *why)
{
	static _Atomic(int64_t) said;
	int64_t now = loop_now(), before = said;
	char text[ADDR_TEXT_MAX];
	if ((!before || now - before > FULL_SAID_EVERY) && atomic_compare_exchange_strong(&said, &before, now))
		log_warn("no room for new sessions", "service=%s listen=%s why=\"%s\" sessions=%u evicted=%llu", l->listener->conf->service_text,
		         addr_text_at(&l->address, text), why, l->listener->count->sessions,
		         (unsigned long long)l->udp->worker->counters.ended[END_EVICTED]);
}

/* False: the newcomer is turned away. */
static bool make_room(struct udp_socket *l)
{
	struct worker *w = l->udp->worker;
	udp_give_way(l);
	if (atomic_load_explicit(&l->listener->count->sessions, memory_order_relaxed) >= l->listener->conf->max_sessions) {
		say_full(l, "max_sessions");
		if (!evict(l)) {
			want_place(l);
			return false;
		}
	}
	if (w->flows >= w->flows_max || !worker_has_room(w)) {
		say_full(l, "out of descriptors (RLIMIT_NOFILE)");
		return evict(l) || evict_any(l->udp);
	}
	return true;
}

/* --- beginning --- */

/*
 * Does it claim to come from a virtual server of this service, or from where
 * we listen ourselves? Such a datagram is forged, or a reply gone astray: what
 * answers it would be answered again, for ever.
 */
static bool is_virtual(const struct udp_socket *l, const struct addr *client, const struct asked *asked)
{
	const struct setup *s = l->listener->setup;
	const struct service *service = l->listener->service;
	uint16_t from = addr_port(client), port = addr_port(&l->address);
	struct addr here;
	if (l->any && from == port) {
		addr_from_bytes(&here, client->sa.sa_family, asked->bytes, port);
		if (addr_same_ip(&here, client))
			return true;
	}
	for (size_t i = 0; i < s->nlisteners; i++)
		for (size_t k = 0; s->listeners[i].conf->protocol == FWD_UDP && k < s->listeners[i].conf->nlisten; k++)
			if (addr_port(&s->listeners[i].conf->listen[k]) == from && addr_same_ip(&s->listeners[i].conf->listen[k], client))
				return true;
	for (size_t i = 0; i < service->nmembers; i++)
		for (size_t k = 0; k < service->members[i].ntargets; k++)
			if (from == peers_port(&service->members[i], port) && addr_same_ip(&service->members[i].targets[k], client))
				return true;
	return false;
}

static void count_in(struct flow *f)
{
	struct worker *w = f->socket->udp->worker;
	setup_hold(f->listener->setup);
	atomic_fetch_add_explicit(&f->listener->count->sessions, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&f->socket->group->flows, 1, memory_order_relaxed);
	atomic_store_explicit(&w->flows, w->flows + 1, memory_order_relaxed);
	count(&w->counters.accepted, 1);
	if (!f->from_site)
		atomic_fetch_add_explicit(&f->listener->count->arrived, 1, memory_order_relaxed);
}

/* Filled and counted; it belongs to nobody yet. NULL: there is no room for it. */
static struct flow *admit(struct udp_socket *l, const struct flow_entry *entry, const struct crowd_place *place)
{
	struct udp *u = l->udp;
	struct flow *f = make_room(l) ? flow_take(u) : NULL;
	if (!f)
		return NULL;
	f->entry = *entry;
	if (!flows_add(&u->flows, &f->entry)) {
		flow_give(u, f);
		return NULL;
	}
	f->socket = l;
	f->listener = l->listener;
	f->crowd = *place;
	f->fd = -1;
	udp_tick(u);
	f->active = u->wheel.now;
	flow_join_young(f);
	wheel_set(&u->wheel, &f->deadline, flow_quiet_limit(f));
	return f;
}

static struct flow *flow_new(struct udp_socket *l, const struct addr *client, const struct asked *asked, const struct flow_entry *entry)
{
	struct worker *w = l->udp->worker;
	struct crowd_place place = { { 0 } };
	if (!l->listener || is_virtual(l, client, asked))
		return NULL;
	bool from_site = setup_is_site(l->listener->setup, client);
	enum route r = serve_route(l->listener, from_site, pool_usable(l->listener->pool));
	if (r == ROUTE_RESET) {
		count(&w->counters.routed[r], 1);
		return NULL;
	}
	if (!from_site && !serve_place(w, l->listener, client, &place))
		return NULL;
	struct flow *f = admit(l, entry, &place);
	if (!f) {
		crowd_leave(w->home->crowd, &place);
		return NULL;
	}
	f->client = *client;
	f->asked = *asked;
	f->from_site = from_site;
	count_in(f);
	return flow_begin(f, r) ? f : NULL;
}

/* --- whose datagram is it? --- */

/* Its server is down by its check or its dnsd, and didn't answer the last datagram: it would never answer again. */
static bool is_lost(const struct flow *f)
{
	if (!f->waits)
		return false;
	if (f->real)
		return atomic_load_explicit(&f->real->down, memory_order_relaxed);
	return peers_is_down(f->listener->peers, f->member);
}

struct flow *flow_of(struct udp_socket *l, unsigned i)
{
	struct udp *u = l->udp;
	const struct addr *client = &u->in.names[i];
	struct asked asked = { 0 };
	struct flow_entry entry;
	/* To port 0 nobody can be answered. */
	if (addr_port(client) == 0 || (l->any && !batch_asked(&u->in, i, &asked)))
		return NULL;
	flow_key_make(&entry.key, l->number, client, l->any ? asked.bytes : NULL);
	entry.hash = flows_hash(&u->flows, &entry.key);
	struct flow *f = (struct flow *)flows_find(&u->flows, &entry.key, entry.hash);
	if (f && !f->n && is_lost(f)) {
		flow_end(f, END_SERVER_DOWN);
		f = NULL;
	}
	return f ? f : flow_new(l, client, &asked, &entry);
}
