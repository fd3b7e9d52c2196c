#include "exchange_parts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../common/log.h"
#include "../common/loop.h"
#include "lb.h"

/* Strings of one record: an observation with every key, or an order. */
#define RDATA_MAX 1200

/* --- a message --- */

struct batch {
	struct exchange *x;
	const struct zone *zone;
	struct update_writer w;
	size_t room;
	uint8_t bytes[MESSAGE_BYTES];
};

/* The messages of one interval about one zone: see batch_begin. Large, and so kept for the next time. */
struct talk { struct batch soon, rest; };

bool exchange_send_begin(struct exchange *x)
{
	x->talk = calloc(1, sizeof *x->talk);
	return x->talk;
}

void exchange_send_end(struct exchange *x)
{
	free(x->talk);
}

static const struct key *own_key(const struct exchange *x)
{
	return x->gen->conf->own->key;
}

static void begin(struct batch *b)
{
	b->x->seq = observe_stamp(b->x->seq);
	update_begin(&b->w, b->bytes, b->room, b->x->id++, b->zone->origin);
}

/*
 * What matters soon is cut into datagrams as long as some peer is reached by
 * those only; what is said again for good measure isn't: a peer that is away
 * costs the others nothing.
 */
static void batch_begin(struct batch *b, struct exchange *x, const struct zone *z, bool soon)
{
	size_t room = MESSAGE_BYTES;
	for (size_t i = 0; soon && i < x->nlinks; i++)
		if (!link_is_up(x->links[i]))
			room = LINK_UDP_MAX;
	b->x = x;
	b->zone = z;
	/* Behind it the TSIG has to fit: its name twice, and a MAC. */
	b->room = room - 2 * (strlen(own_key(x)->name) + 2) - 32 - 16 - TSIG_MAC_MAX;
	begin(b);
}

static void batch_send(struct batch *b)
{
	struct exchange *x = b->x;
	struct tsig t;
	size_t len = update_end(&b->w);
	if (b->w.count == 0 || !len)
		return;
	if (!tsig_begin(&t, x->gen->keys, own_key(x)))
		return;
	len = tsig_sign(&t, b->bytes, len, sizeof b->bytes, (int64_t)time(NULL));
	tsig_end(&t);
	for (size_t i = 0; len && i < x->nlinks; i++)
		link_send(x->links[i], b->bytes, len);
}

/* Observations carry the message's seq, so what is added to the next message is composed anew. True: it was added. */
static bool batch_add(struct batch *b, const uint8_t *owner, uint32_t ttl, const uint8_t *rdata, size_t len)
{
	return update_add(&b->w, owner, ttl, rdata, len);
}

static void batch_next(struct batch *b)
{
	batch_send(b);
	begin(b);
}

/* --- records --- */

static uint32_t own_ttl(const struct exchange *x)
{
	double ttl = x->gen->conf->exchange.ttl;
	uint32_t whole = (uint32_t)ttl;
	return whole + ((double)whole < ttl);
}

/* The seconds that are left, rounded up; 0: none. */
static uint32_t ttl_left(const struct seen *s, int64_t now)
{
	if (s->end <= now)
		return 0;
	return (uint32_t)((s->end - now + NS_PER_SECOND - 1) / NS_PER_SECOND);
}

static void fill(struct update_observation *o, const struct seen *s)
{
	memset(o, 0, sizeof *o);
	strcpy(o->observer, s->observer->name);
	o->state = (enum verdict)s->state;
	o->has = (s->has & ~(unsigned)(HAS_CONFIG | HAS_FAILED)) | HAS_SEQ;
	o->rtt_us = s->rtt_us;
	o->sessions = s->sessions;
	o->capacity = s->capacity;
	o->load_ppm = s->load_ppm;
	o->cost_milli = s->cost_milli;
	o->local_up = s->local_up;
	o->local_all = s->local_all;
	o->forwarded_milli = s->forwarded_milli;
	o->tail_milli = s->tail_milli;
	o->percent = s->percent;
	o->seq = s->seq;
	if (s->check)
		strncpy(o->check, s->check, UPDATE_TEXT_MAX);
}

/* Ours with the number of the message, and once in it what our configuration is; others' as they came. */
static bool add_seen(struct batch *b, const struct live_member *l, const struct seen *s, int64_t now)
{
	struct update_observation o;
	uint8_t owner[DNAME_MAX], rdata[RDATA_MAX];
	bool own = s->observer->own;
	uint32_t ttl = own ? own_ttl(b->x) : ttl_left(s, now);
	if (!ttl || !update_owner_write(owner, UPDATE_OBSERVATION, l->label, l->service))
		return true;
	fill(&o, s);
	if (own) {
		/* Who was down and waits for an operator is drained, at all sites, by its home's word; and who was away in the meantime learns of it. */
		o.state = l->waits && o.state == VERDICT_UP ? VERDICT_DRAIN : o.state;
		o.failed = l->failed;
		o.has |= l->failed ? HAS_FAILED : 0;
		o.seq = b->x->seq;
		o.config = b->zone->config;
		o.has |= b->w.count == 0 ? HAS_CONFIG : 0;
	}
	size_t len = update_observation_write(&o, rdata, sizeof rdata);
	return !len || batch_add(b, owner, ttl, rdata, len);
}

static void put_seen(struct batch *b, const struct live_member *l, const struct seen *s, int64_t now)
{
	if (add_seen(b, l, s, now))
		return;
	batch_next(b);
	add_seen(b, l, s, now);
}

static void put_order(struct batch *b, const uint8_t *owner, const struct update_admin *order)
{
	uint8_t rdata[RDATA_MAX];
	size_t len = update_admin_write(order, rdata, sizeof rdata);
	if (!len || batch_add(b, owner, 0, rdata, len))
		return;
	batch_next(b);
	batch_add(b, owner, 0, rdata, len);
}

static void put_orders(struct batch *b)
{
	const struct admin *a = b->x->admin;
	for (size_t i = 0; i < admin_count(a); i++) {
		const struct update_admin *order;
		const uint8_t *owner = admin_at(a, i, &order);
		if (dname_is_below_or_equal(owner, b->zone->origin) && dname_labels(owner) > b->zone->origin_labels)
			put_order(b, owner, order);
	}
}

void exchange_say_order(struct exchange *x, const struct zone *zone, const uint8_t *owner)
{
	const struct update_admin *order = admin_find(x->admin, owner);
	struct batch *b = &x->talk->soon;
	if (!order || !x->nlinks)
		return;
	batch_begin(b, x, zone, true);
	put_order(b, owner, order);
	batch_send(b);
}

void exchange_say_record(struct exchange *x, const struct zone *zone, const uint8_t *owner, uint32_t ttl, const uint8_t *rdata, size_t len)
{
	struct batch *b = &x->talk->soon;
	if (!x->nlinks)
		return;
	batch_begin(b, x, zone, true);
	update_add(&b->w, owner, ttl, rdata, len);
	batch_send(b);
}

/* --- each interval --- */

/* Half a TTL, in intervals: within so many rounds everything has been said once. */
static uint64_t rounds_of(const struct conf *c)
{
	double rounds = c->exchange.ttl / 2 / c->exchange.interval;
	return rounds < 1 ? 1 : (uint64_t)rounds;
}

/* What our check says is not what a dnsd at the member's home says. */
static bool contradicts(const struct exchange *x, const struct live_member *l, const struct seen *own, int site)
{
	struct seen s;
	for (size_t i = 0, n = observe_count(observe_of(x)); i < n; i++) {
		const struct observer *who = observe_at(observe_of(x), i);
		if (who->dnsd && !who->own && atomic_load_explicit(&who->site, memory_order_relaxed) == site && observe_read(l, i, &s)
			&& s.state != own->state)
			return true;
	}
	return false;
}

/* What others at our site say, but for dnsds, who speak for themselves. */
static void put_of_site(struct batch *b, const struct live_member *l, int64_t now)
{
	struct exchange *x = b->x;
	struct seen s;
	for (size_t i = 1, n = observe_count(observe_of(x)); i < n; i++) {
		const struct observer *who = observe_at(observe_of(x), i);
		if (!who->dnsd && who->site == (int)x->gen->conf->own->index && observe_read(l, i, &s))
			put_seen(b, l, &s, now);
	}
}

static void put_member(struct talk *t, const struct lb *lb, size_t m, uint64_t place, bool all, int64_t now)
{
	struct exchange *x = t->soon.x;
	const struct conf *c = lb->conf;
	const struct member *mb = &lb->service->members[m];
	const struct live_member *l = lb->members[m].live;
	struct seen own;
	put_of_site(&t->soon, l, now);
	if (!observe_read(l, 0, &own))
		return;
	bool turn = place % rounds_of(c) == x->round % rounds_of(c);
	bool home = mb->site != MEMBER_NO_SITE && &c->sites[mb->site] == c->own;
	if (home || l->failed || (mb->site != MEMBER_NO_SITE && contradicts(x, l, &own, mb->site)))
		put_seen(&t->soon, l, &own, now);
	else if (all || turn)
		put_seen(&t->rest, l, &own, now);
}

/* Somebody who has nothing to say this time is there all the same. */
static void put_sign_of_life(struct batch *b, int64_t now)
{
	const struct zone *z = b->zone;
	struct seen own;
	for (size_t i = 0; b->w.count == 0 && i < z->nservices; i++)
		for (size_t m = 0; b->w.count == 0 && m < z->services[i]->service->nmembers; m++)
			if (observe_read(z->services[i]->members[m].live, 0, &own))
				put_seen(b, z->services[i]->members[m].live, &own, now);
}

static void say_zone(struct talk *t, const struct zone *z, bool all)
{
	struct exchange *x = t->soon.x;
	int64_t now = loop_now();
	uint64_t place = 0;
	for (size_t i = 0; i < z->nservices; i++)
		for (size_t m = 0; m < z->services[i]->service->nmembers; m++)
			put_member(t, z->services[i], m, place++, all, now);
	if (all || x->round % rounds_of(x->gen->conf) == 0)
		put_orders(&t->soon);
	put_sign_of_life(&t->soon, now);
}

static void say_all(struct exchange *x, bool all)
{
	struct talk *t = x->talk;
	for (size_t i = 0; x->nlinks && x->monitor && i < x->gen->nzones; i++) {
		batch_begin(&t->soon, x, x->gen->zones[i], true);
		batch_begin(&t->rest, x, x->gen->zones[i], false);
		say_zone(t, x->gen->zones[i], all);
		batch_send(&t->soon);
		batch_send(&t->rest);
	}
}

void exchange_on_interval(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *x = arg;
	(void)fd;
	(void)what;
	say_all(x, false);
	exchange_note_others(x);
	x->round++;
}

/* --- at once --- */

void exchange_say(struct exchange *x, const struct zone *zone, const struct live_member *l, const struct observer *who)
{
	if (x->npending == PENDING_MAX)
		x->all = true;
	else
		x->pending[x->npending++] = (struct pending){ zone, l, who };
	event_active(&x->flush, EV_TIMEOUT, 1);
}

/* Changes of one moment share messages, as long as they are of one zone. */
static void say_pending(struct exchange *x, struct batch *b)
{
	int64_t now = loop_now();
	const struct zone *zone = NULL;
	struct seen s;
	for (size_t i = 0; i < x->npending; i++) {
		const struct pending *p = &x->pending[i];
		if (!observe_read(p->live, p->who->id, &s))
			continue;
		if (zone && zone != p->zone)
			batch_send(b);
		if (zone != p->zone)
			batch_begin(b, x, p->zone, true);
		zone = p->zone;
		put_seen(b, p->live, &s, now);
	}
	if (zone)
		batch_send(b);
}

void exchange_on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *x = arg;
	bool all = x->all;
	(void)fd;
	(void)what;
	if (x->npending && x->nlinks && !all)
		say_pending(x, &x->talk->soon);
	x->npending = 0;
	x->all = false;
	if (all)
		say_all(x, true);
}
