#include "udp_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "serve.h"

/* A client that has not spoken again after the first reply may have been there for one question only; as conntrack has it. */
#define YOUNG_MS 30000
/* While the process drains: who is quiet for so long is done. */
#define DRAIN_QUIET_MS 3000
/* What one client's words, and those of all clients of a worker, may take until their servers have answered. */
#define SAID_MAX 16384
#define SAID_ALL_MAX (4 << 20)
/* Flows that memory is taken for at a time. */
#define SLAB 32
/* Places that threads may want of each other at a time. */
#define WANTED_MAX 16
#define FULL_SAID_EVERY (60 * NS_PER_SECOND)

struct flow_slab {
	struct flow_slab *next;
	struct flow flows[SLAB];
};

/* --- memory: bounded by the most flows that there have been at a time --- */

static struct flow *take(struct udp *u)
{
	if (!u->free) {
		struct flow_slab *s = malloc(sizeof *s);
		if (!s)
			return NULL;
		s->next = u->slabs;
		u->slabs = s;
		for (size_t i = 0; i < SLAB; i++) {
			s->flows[i].next = u->free;
			u->free = &s->flows[i];
		}
	}
	struct flow *f = u->free;
	u->free = f->next;
	memset(f, 0, sizeof *f);
	return f;
}

static void give(struct udp *u, struct flow *f)
{
	f->next = u->free;
	u->free = f;
}

bool udp_flows_init(struct udp *u)
{
	uint64_t secret[2];
	if (getrandom(secret, sizeof secret, GRND_NONBLOCK) != sizeof secret)
		for (size_t i = 0; i < 2; i++)
			secret[i] = worker_random(u->worker);
	flows_init(&u->flows, secret);
	wheel_init(&u->wheel, worker_tick());
	return true;
}

void udp_flows_free(struct udp *u)
{
	flows_free(&u->flows);
	while (u->slabs) {
		struct flow_slab *s = u->slabs;
		u->slabs = s->next;
		free(s);
	}
}

/* --- what the client said --- */

void flow_forget_said(struct flow *f)
{
	f->socket->udp->said_bytes -= f->said_len;
	free(f->said);
	f->said = NULL;
	f->said_len = 0;
}

static void keep_one(struct flow *f, const uint8_t *bytes, uint16_t len)
{
	struct udp *u = f->socket->udp;
	uint32_t more = (uint32_t)sizeof len + len;
	if (f->said_len + more > SAID_MAX || u->said_bytes + more > SAID_ALL_MAX)
		return;
	uint8_t *said = realloc(f->said, f->said_len + more);
	if (!said)
		return;
	memcpy(said + f->said_len, &len, sizeof len);
	memcpy(said + f->said_len + sizeof len, bytes, len);
	f->said = said;
	f->said_len += more;
	u->said_bytes += more;
}

void flow_keep(struct flow *f, const void *bytes, size_t len, uint16_t segment)
{
	size_t at = 0;
	do {
		size_t one = segment && len - at > segment ? segment : len - at;
		keep_one(f, (const uint8_t *)bytes + at, (uint16_t)one);
		at += one;
	} while (at < len);
}

/* --- the young: who gives way when there is no room --- */

static void join_young(struct flow *f)
{
	struct udp_socket *l = f->socket;
	f->next = NULL;
	f->link = l->young_end;
	*l->young_end = f;
	l->young_end = &f->next;
}

static void leave_young(struct flow *f)
{
	if (!f->link)
		return;
	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
	else
		f->socket->young_end = f->link;
	f->link = NULL;
}

void flow_heard(struct flow *f)
{
	f->heard = true;
	flow_forget_said(f);
	free(f->peers);
	f->peers = NULL;
}

void flow_settle(struct flow *f)
{
	f->settled = true;
	leave_young(f);
}

/* The oldest of them that has no datagram in the batch. */
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

static void give_way(struct udp_socket *l)
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
	give_way(l);
	if (atomic_load_explicit(&l->listener->count->sessions, memory_order_relaxed) >= l->listener->conf->max_sessions) {
		say_full(l, "max_sessions");
		if (!evict(l)) {
			want_place(l);
			return false;
		}
	}
	if (w->flows >= w->flows_max || w->sessions + (w->flows + 1) / 2 >= w->sessions_max) {
		say_full(l, "out of descriptors (RLIMIT_NOFILE)");
		return evict(l) || evict_any(l->udp);
	}
	return true;
}

/* --- time --- */

static uint32_t quiet_limit(const struct flow *f)
{
	uint32_t limit = f->listener->idle_ticks, young = wheel_ticks(YOUNG_MS), drain = wheel_ticks(DRAIN_QUIET_MS);
	if (!f->settled && limit > young)
		limit = young;
	return f->socket->udp->worker->draining && limit > drain ? drain : limit;
}

static void on_due(void *arg, struct wheel_entry *e)
{
	struct udp *u = arg;
	struct flow *f = (struct flow *)((char *)e - offsetof(struct flow, deadline));
	uint32_t quiet = u->wheel.now - f->active, limit = quiet_limit(f);
	if (quiet >= limit)
		flow_end(f, END_IDLE);
	else
		wheel_set(&u->wheel, &f->deadline, limit - quiet);
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
	wheel_advance(&u->wheel, worker_tick(), on_due, u);
	for (struct udp_socket *l = u->sockets; l; l = l->next)
		if (l->listener)
			give_way(l);
	udp_close_retired(u);
	if (u->wheel.count || any_retired(u))
		return;
	event_del(&u->tick);
	u->ticking = false;
}

void udp_tick(struct udp *u)
{
	static const struct timeval tick = { .tv_usec = WHEEL_TICK_MS * 1000 };
	if (u->ticking)
		return;
	u->ticking = true;
	u->wheel.now = worker_tick(); /* nobody looked at the clock while there was nobody */
	event_assign(&u->tick, u->worker->base, -1, EV_PERSIST, on_tick, u);
	event_add(&u->tick, &tick);
}

void udp_drain(struct udp *u)
{
	for (size_t i = 0; i < u->flows.size; i++)
		if (u->flows.slots[i].entry)
			wheel_set(&u->wheel, &((struct flow *)u->flows.slots[i].entry)->deadline, 1);
}

/* --- beginning and end --- */

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

static void count_out(struct flow *f, enum end why)
{
	struct worker *w = f->socket->udp->worker;
	struct listener *l = f->listener;
	if (f->real)
		atomic_fetch_sub_explicit(&f->real->sessions, 1, memory_order_relaxed);
	if (f->local)
		atomic_fetch_sub_explicit(&l->count->local, 1, memory_order_relaxed);
	crowd_leave(w->home->crowd, &f->crowd);
	atomic_fetch_sub_explicit(&l->count->sessions, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&f->socket->group->flows, 1, memory_order_relaxed);
	atomic_store_explicit(&w->flows, w->flows - 1, memory_order_relaxed);
	count(&w->counters.ended[why], 1);
	setup_release(w->home, l->setup);
}

/* Filled and counted; it belongs to nobody yet. NULL: there is no room for it. */
static struct flow *admit(struct udp_socket *l, const struct flow_entry *entry, const struct crowd_place *place)
{
	struct udp *u = l->udp;
	struct flow *f = make_room(l) ? take(u) : NULL;
	if (!f)
		return NULL;
	f->entry = *entry;
	if (!flows_add(&u->flows, &f->entry)) {
		give(u, f);
		return NULL;
	}
	f->socket = l;
	f->listener = l->listener;
	f->crowd = *place;
	f->fd = -1;
	udp_tick(u);
	f->active = u->wheel.now;
	join_young(f);
	wheel_set(&u->wheel, &f->deadline, quiet_limit(f));
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

void flow_end(struct flow *f, enum end why)
{
	struct udp *u = f->socket->udp;
	struct worker *w = u->worker;
	if (f->fd >= 0) {
		event_del(&f->event);
		close(f->fd);
	}
	wheel_remove(&u->wheel, &f->deadline);
	leave_young(f);
	flow_forget_said(f);
	free(f->peers);
	flows_remove(&u->flows, &f->entry);
	count_out(f, why);
	give(u, f);
	if (w->paused)
		event_active(&w->resume, EV_TIMEOUT, 0);
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
