#include "report.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include "link.h"
#include "log.h"
#include "loop.h"
#include "report_member.h"
#include "rtt_record.h"
#include "rtt_top.h"
#include "tsig.h"
#include "update.h"

/* Messages are not longer than this: the other side has others to hear, too. */
#define MESSAGE_BYTES 16384
/* Strings of one record, with every key. */
#define RDATA_MAX 1200
/* A dnsd that refuses what we say has another key or clock: somebody has to mend that, which takes a while. */
#define REFUSED_WAIT_MAX (60 * NS_PER_SECOND)
/* An answer takes a round trip; with very short intervals it must not be taken for lost before. */
#define SILENCE_MIN NS_PER_SECOND

/* How long a round trip counts when its network is measured no more: ways change by the hour rather than by the minute. Seconds. */
#define RTT_TTL 900
/* Networks told each interval, so that all have been told within a quarter of a minute or so. */
#define RTT_ROUND 96

/* One address of forward.dnsd. */
struct way {
	struct link *link;
	int64_t wait, next;         /* ns: while it refuses; 0: it doesn't */
};

struct report {
	struct event_base *base;
	struct report_calls calls;
	struct event timer, look;
	struct rtt_top *top;
	const struct setup *setup;  /* NULL: none yet, or silent for good */
	struct tsig_ring *keys;
	struct way *ways; size_t nways;
	struct report_member *members; size_t nmembers;
	char observer[UPDATE_OBSERVER_MAX + 1];
	uint64_t seq;
	uint16_t id;
	bool ending;
	struct report_counts counts; /* of links that are gone */
};

/* --- messages --- */

struct message {
	struct report *report;
	const uint8_t *zone;        /* origin; NULL: not begun */
	struct update_writer w;
	uint8_t bytes[MESSAGE_BYTES];
};

/* The clock in microseconds, or one more than before: a seq that grows, even if the clock doesn't. */
static uint64_t next_seq(uint64_t last)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	uint64_t us = (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
	return us > last ? us : last + 1;
}

/* As long as one way is by datagrams only, messages are made for that: there are few. */
static size_t room_of(const struct report *r)
{
	size_t room = MESSAGE_BYTES;
	for (size_t i = 0; i < r->nways; i++)
		if (!link_is_up(r->ways[i].link))
			room = LINK_UDP_MAX;
	/* Behind it the TSIG has to fit: its name twice, and a MAC. */
	return room - 2 * (strlen(r->setup->conf->own->key->name) + 2) - 32 - 16 - TSIG_MAC_MAX;
}

static void message_begin(struct message *m, const uint8_t *zone)
{
	struct report *r = m->report;
	r->seq = next_seq(r->seq);
	m->zone = zone;
	update_begin(&m->w, m->bytes, room_of(r), r->id++, zone);
}

/* False: this dnsd has refused what we said, and its next time has not come. */
static bool may_send(struct way *w, int64_t now)
{
	if (!link_is_refused(w->link)) {
		w->wait = w->next = 0;
		return true;
	}
	if (now < w->next)
		return false;
	w->wait = w->wait ? w->wait * 2 : NS_PER_SECOND;
	if (w->wait > REFUSED_WAIT_MAX)
		w->wait = REFUSED_WAIT_MAX;
	w->next = now + w->wait;
	return true;
}

static void message_send(struct message *m)
{
	struct report *r = m->report;
	struct tsig t;
	size_t len = m->zone && m->w.count ? update_end(&m->w) : 0;
	m->zone = NULL;
	if (!len || !tsig_begin(&t, r->keys, r->setup->conf->own->key))
		return;
	len = tsig_sign(&t, m->bytes, len, sizeof m->bytes, (int64_t)time(NULL));
	tsig_end(&t);
	for (size_t i = 0; len && i < r->nways; i++)
		if (may_send(&r->ways[i], loop_now()))
			link_send(r->ways[i].link, m->bytes, len);
}

static bool message_add(struct message *m, const struct report_member *who, struct update_observation *said)
{
	uint8_t owner[DNAME_MAX], rdata[RDATA_MAX];
	double ttl = m->report->setup->conf->exchange.ttl;
	if (!update_owner_write(owner, UPDATE_OBSERVATION, who->member->label, who->service->name))
		return true; /* a name that nobody can ask for, either */
	said->seq = m->report->seq;
	size_t len = update_observation_write(said, rdata, sizeof rdata);
	return !len || update_add(&m->w, owner, (uint32_t)ttl + ((double)(uint32_t)ttl < ttl), rdata, len);
}

/* --- what is said --- */

static void log_change(const struct report_member *m, const struct update_observation *said)
{
	char service[DNAME_TEXT_MAX];
	log_info("own member", "service=%s member=%s from=%s to=%s local=%" PRIu32 "/%" PRIu32, dname_to_text(m->service->name, service),
	         m->member->label, verdict_name(m->told), verdict_name(said->state), said->local_up, said->local_all);
}

static void put(struct message *m, struct report_member *who, struct update_observation *said)
{
	struct report *r = m->report;
	strcpy(said->observer, r->observer);
	said->has |= HAS_SEQ;
	if (said->state != who->told)
		log_change(who, said);
	who->told = said->state;
	if (m->zone && !dname_equal(m->zone, who->service->origin))
		message_send(m);
	if (!m->zone)
		message_begin(m, who->service->origin);
	if (message_add(m, who, said))
		return;
	message_send(m);
	message_begin(m, who->service->origin);
	message_add(m, who, said);
}

/* `all`, or only those whose state is not what was said last. */
static void say(struct report *r, bool all)
{
	struct message *m = r->setup && r->nmembers && r->nways ? malloc(sizeof *m) : NULL;
	int64_t now = loop_now();
	if (!m)
		return;
	m->report = r;
	m->zone = NULL;
	for (size_t i = 0; i < r->nmembers; i++) {
		struct update_observation said;
		report_member_fill(&r->members[i], r->ending, now, &said);
		if (all || said.state != r->members[i].told)
			put(m, &r->members[i], &said);
	}
	message_send(m);
	free(m);
}

/* --- round trips --- */

static void take_rtt(void *arg, const struct rtt_measured *m)
{
	struct report *r = arg;
	rtt_top_add(r->top, m, loop_now());
}

static void put_rtt(struct message *m, const struct rtt_measured *list, size_t n)
{
	struct report *r = m->report;
	const uint8_t *zone = r->setup->services[0]->origin;
	struct rtt_record record = { .n = (unsigned)n };
	uint8_t owner[DNAME_MAX], rdata[RDATA_MAX];
	strcpy(record.observer, r->observer);
	for (size_t i = 0; i < n; i++)
		record.networks[i] = (struct rtt_network){ .network = list[i].network, .us = list[i].us };
	if (!update_owner_write(owner, UPDATE_RTT, r->setup->conf->own->name, zone))
		return;
	for (int tries = 0; tries < 2; tries++) {
		if (!m->zone)
			message_begin(m, zone);
		/* Each record replaces numbers by itself, so it has a seq by itself. */
		record.seq = r->seq = next_seq(r->seq);
		size_t len = rtt_record_write(&record, rdata, sizeof rdata);
		if (!len || update_add(&m->w, owner, RTT_TTL, rdata, len))
			return;
		message_send(m);
	}
}

/* Sites' names for things are per zone, this isn't: any zone of ours does. */
static void say_rtt(struct report *r)
{
	struct rtt_measured list[RTT_ROUND];
	if (!r->setup || !r->setup->nservices || !r->nways)
		return;
	r->calls.rtt(r->calls.arg, take_rtt, r);
	size_t n = rtt_top_due(r->top, loop_now(), list, RTT_ROUND);
	struct message *m = n ? malloc(sizeof *m) : NULL;
	if (!m)
		return;
	m->report = r;
	m->zone = NULL;
	for (size_t at = 0; at < n; at += RTT_RECORD_WRITTEN)
		put_rtt(m, list + at, n - at < RTT_RECORD_WRITTEN ? n - at : RTT_RECORD_WRITTEN);
	message_send(m);
	free(m);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct report *r = arg;
	(void)fd, (void)what;
	for (size_t i = 0; i < r->nmembers; i++)
		report_member_tick(&r->members[i], loop_now());
	say(r, true);
	say_rtt(r);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	say(arg, false);
}

void report_look(struct report *r)
{
	event_active(&r->look, EV_TIMEOUT, 0);
}

void report_end(struct report *r)
{
	r->ending = true;
	event_del(&r->timer);
	say(r, true);
	report_silence(r);
}

void report_silence(struct report *r)
{
	event_del(&r->timer);
	r->setup = NULL;
}

/* --- ways --- */

static struct link *take_link(struct report *r, const char *site, const struct addr *to, const struct addr *from)
{
	for (size_t i = 0; i < r->nways; i++) {
		struct link *l = r->ways[i].link;
		if (!l || !link_is(l, site, to, from))
			continue;
		r->ways[i].link = NULL;
		return l;
	}
	return NULL;
}

static void add_counts(struct report_counts *to, const struct link *l)
{
	const struct link_counts *c = link_counts(l);
	to->sent += c->tcp + c->udp;
	to->lost += c->dropped;
	to->refused += c->refused;
}

static void end_ways(struct report *r)
{
	for (size_t i = 0; i < r->nways; i++) {
		if (!r->ways[i].link)
			continue;
		add_counts(&r->counts, r->ways[i].link);
		link_delete(r->ways[i].link);
	}
	free(r->ways);
}

/* Those to addresses that are still there go on. */
static bool make_ways(struct report *r, const struct conf *c)
{
	const struct addr any = { .sa.sa_family = AF_UNSPEC };
	int64_t silence = loop_seconds(c->exchange.interval * 2.5);
	struct way *ways = calloc(c->forward.ndnsd + 1, sizeof *ways);
	size_t n = 0;
	for (size_t i = 0; ways && i < c->forward.ndnsd; i++) {
		const struct addr *to = &c->forward.dnsd[i];
		ways[n].link = take_link(r, c->own->name, to, &any);
		if (!ways[n].link)
			ways[n].link = link_new(r->base, "our dnsd", c->own->name, to, &any, silence < SILENCE_MIN ? SILENCE_MIN : silence);
		if (ways[n].link)
			n++;
		else
			log_error("out of memory, a dnsd is told nothing", "%s", "");
	}
	if (!ways)
		return false;
	end_ways(r);
	r->ways = ways;
	r->nways = n;
	return true;
}

void report_counts(const struct report *r, struct report_counts *out)
{
	*out = r->counts;
	for (size_t i = 0; i < r->nways; i++)
		add_counts(out, r->ways[i].link);
}

/* --- begin and end --- */

static void start_timer(struct report *r, double interval)
{
	int64_t ns = loop_seconds(interval);
	const struct timeval tv = { .tv_sec = (time_t)(ns / NS_PER_SECOND), .tv_usec = (suseconds_t)(ns % NS_PER_SECOND / 1000) };
	event_del(&r->timer);
	event_add(&r->timer, &tv);
}

bool report_set(struct report *r, const struct setup *s)
{
	const struct conf *c = s->conf;
	size_t n;
	struct tsig_ring *keys = tsig_ring_new(c->keys, c->nkeys);
	struct report_member *members = report_members_new(s, r->members, r->nmembers, &n);
	if (!keys || n == SIZE_MAX || !make_ways(r, c)) {
		tsig_ring_delete(keys);
		report_members_delete(members, n == SIZE_MAX ? 0 : n);
		return false;
	}
	tsig_ring_delete(r->keys);
	report_members_delete(r->members, r->nmembers);
	r->keys = keys;
	r->members = members;
	r->nmembers = n;
	r->setup = s;
	snprintf(r->observer, sizeof r->observer, "%s/fwd.%s", c->own->name, c->instance);
	start_timer(r, c->exchange.interval);
	event_active(&r->timer, EV_TIMEOUT, 0);
	return true;
}

struct report *report_new(struct event_base *base, const struct report_calls *calls)
{
	struct report *r = calloc(1, sizeof *r);
	uint64_t seed;
	if (!r)
		return NULL;
	r->base = base;
	r->calls = *calls;
	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
		seed = next_seq(0); /* early boot: no clients yet who could guess it */
	r->top = rtt_top_new(seed);
	if (!r->top) {
		free(r);
		return NULL;
	}
	event_assign(&r->timer, base, -1, EV_PERSIST, on_timer, r);
	evtimer_assign(&r->look, base, on_look, r);
	return r;
}

void report_delete(struct report *r)
{
	if (!r)
		return;
	event_del(&r->timer);
	event_del(&r->look);
	end_ways(r);
	report_members_delete(r->members, r->nmembers);
	tsig_ring_delete(r->keys);
	rtt_top_delete(r->top);
	free(r);
}
