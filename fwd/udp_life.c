#include "udp_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* A client that has not spoken again after the first reply may have been there for one question only; as conntrack has it. */
#define YOUNG_MS 30000
/* While the process drains: who is quiet for so long is done. */
#define DRAIN_QUIET_MS 3000
/* What one client's words, and those of all clients of a worker, may take until their servers have answered. */
#define SAID_MAX 16384
#define SAID_ALL_MAX (4 << 20)
/* Flows that memory is taken for at a time. */
#define SLAB 32

struct flow_slab {
	struct flow_slab *next;
	struct flow flows[SLAB];
};

/* --- memory: bounded by the most flows that there have been at a time --- */

struct flow *flow_take(struct udp *u)
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

void flow_give(struct udp *u, struct flow *f)
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

/* --- the young: who has not spoken a second time --- */

void flow_join_young(struct flow *f)
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

/* --- time --- */

uint32_t flow_quiet_limit(const struct flow *f)
{
	uint32_t limit = f->listener->idle_ticks, young = wheel_ticks(YOUNG_MS), drain = wheel_ticks(DRAIN_QUIET_MS);
	if (!f->settled && limit > young)
		limit = young;
	return f->socket->udp->worker->draining && limit > drain ? drain : limit;
}

void flow_due(void *arg, struct wheel_entry *e)
{
	struct udp *u = arg;
	struct flow *f = (struct flow *)((char *)e - offsetof(struct flow, deadline));
	uint32_t quiet = u->wheel.now - f->active, limit = flow_quiet_limit(f);
	if (quiet >= limit)
		flow_end(f, END_IDLE);
	else
		wheel_set(&u->wheel, &f->deadline, limit - quiet);
}

void udp_tick(struct udp *u)
{
	static const struct timeval tick = { .tv_usec = WHEEL_TICK_MS * 1000 };
	if (u->ticking)
		return;
	u->ticking = true;
	u->wheel.now = worker_tick(); /* nobody looked at the clock while there was nobody */
	event_add(&u->tick, &tick);
}

void udp_drain(struct udp *u)
{
	for (size_t i = 0; i < u->flows.size; i++)
		if (u->flows.slots[i].entry)
			wheel_set(&u->wheel, &((struct flow *)u->flows.slots[i].entry)->deadline, 1);
}

/* --- the end --- */

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
	flow_give(u, f);
	if (w->paused)
		event_active(&w->resume, EV_TIMEOUT, 0);
}
