#include <ares.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "peer_record.h"
#include "peers_parts.h"
#include "resolve.h"
#include "shed.h"

#define CLASS_IN 1
#define TYPE_TXT 16
/* c-ares counts in milliseconds; less would lose answers to mere scheduling. */
#define TIMEOUT_MIN_MS 20

struct peers {
	struct resolver *resolver;
	struct event *timer;
	struct timeval interval;
	int wake;                      /* eventfd, or -1 */
	int64_t hold;                  /* ns */
	struct peers_rtt *rtt;         /* NULL: no policy goes by round trips */
	size_t count;
	struct peers_service *services[];
};

/* --- what an answer tells --- */

static bool is_held(const struct peer *peer, int64_t hold, int64_t now)
{
	return peer->came_back != 0 && now - peer->came_back < hold;
}

static void tell(const struct peers *p)
{
	uint64_t one = 1;

	while (p->wake >= 0 && write(p->wake, &one, sizeof one) < 0 && errno == EINTR)
		;
}

/* What isn't said any more isn't known any more. */
static void set_numbers(struct peers_service *ps, size_t i, const struct peer_record *r)
{
	struct peer *peer = &ps->members[i];
	struct member_numbers n = r->numbers;

	/* Whom the answers shed is shed here: one share, of the same networks. */
	if (r->has_shed && policy_sheds(ps->service->policy)) {
		n.use_ppm = shed_use_at(ps->service->policy, r->shed);
		n.known |= NUMBER_USE;
	}
	if (atomic_exchange_explicit(&peer->percent, r->percent, memory_order_relaxed) != r->percent)
		tell(ps->peers);
	atomic_store_explicit(&peer->known, n.known, memory_order_relaxed);
	atomic_store_explicit(&peer->response_us, n.response_us, memory_order_relaxed);
	atomic_store_explicit(&peer->sessions, n.sessions, memory_order_relaxed);
	atomic_store_explicit(&peer->capacity, n.capacity, memory_order_relaxed);
	atomic_store_explicit(&peer->load_ppm, n.load_ppm, memory_order_relaxed);
	atomic_store_explicit(&peer->use_ppm, n.use_ppm, memory_order_relaxed);
	atomic_store_explicit(&peer->cost_milli, n.cost_milli, memory_order_relaxed);
}

static void log_change(const struct peers_service *ps, size_t i, uint32_t old, uint32_t word)
{
	char service[DNAME_TEXT_MAX];

	if ((old & (WORD_VERDICT | WORD_KNOWN)) == (word & (WORD_VERDICT | WORD_KNOWN)))
		return;
	log_info("peer changed", "service=%s member=%s from=%s to=%s", dname_to_text(ps->service->name, service),
	         ps->service->members[i].label, verdict_name(old & WORD_VERDICT), verdict_name(word & WORD_VERDICT));
}

/* `unknown` is no news: what was known before stays. */
static void set_member(struct peers_service *ps, size_t i, const struct peer_record *r)
{
	struct peer *peer = &ps->members[i];
	uint32_t old = atomic_load_explicit(&peer->word, memory_order_relaxed), word;
	int64_t now = loop_now();

	if (!r->has_state || r->state == VERDICT_UNKNOWN)
		return;
	if ((old & WORD_VERDICT) == VERDICT_DOWN && r->state == VERDICT_UP)
		peer->came_back = now;
	word = (uint32_t)r->state | WORD_KNOWN;
	if (is_held(peer, ps->peers->hold, now))
		word |= WORD_HOLD;
	if (r->state == VERDICT_DOWN && r->by_admin)
		word |= WORD_SET_DOWN;
	atomic_store_explicit(&peer->word, word, memory_order_relaxed);
	log_change(ps, i, old, word);
	if (old != word)
		tell(ps->peers);
}

/* A record of a member that we don't know tells of another configuration: nothing to us. */
static void take_record(struct peers_service *ps, const struct peer_record *r)
{
	for (size_t i = 0; i < ps->service->nmembers; i++)
		if (*r->label && strcmp(ps->service->members[i].label, r->label) == 0) {
			set_numbers(ps, i, r);
			set_member(ps, i, r);
		}
}

static void take_strings(struct peers_service *ps, const struct ares_txt_ext *txt)
{
	struct peer_record record;

	peer_record_init(&record);
	for (; txt; txt = txt->next) {
		if (txt->record_start) {
			take_record(ps, &record);
			peer_record_init(&record);
		}
		peer_record_add(&record, txt->txt, txt->length);
	}
	take_record(ps, &record);
	/* After the words: who sees it, sees them. */
	if (!atomic_exchange_explicit(&ps->known, true, memory_order_acq_rel))
		tell(ps->peers);
}

/* --- asking --- */

static void say_mute(struct peers_service *ps, bool mute, const char *why)
{
	if (mute && !ps->mute)
		log_warn("no health from dnsd", "name=%s why=\"%s\"", ps->name, why);
	else if (!mute && ps->mute)
		log_info("health from dnsd again", "name=%s", ps->name);
	ps->mute = mute;
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *message, int len)
{
	struct peers_service *ps = arg;
	struct ares_txt_ext *strings = NULL;

	(void)timeouts;
	ps->asking = false;
	if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
		return;
	if (status == ARES_SUCCESS)
		status = ares_parse_txt_reply_ext(message, len, &strings);
	if (status == ARES_SUCCESS && strings)
		take_strings(ps, strings);
	say_mute(ps, status != ARES_SUCCESS, ares_strerror(status));
	ares_free_data(strings);
}

static void ask(struct peers_service *ps)
{
	/* One question at a time; it has its time-outs. */
	if (ps->asking)
		return;
	ps->asking = true;
	ares_query(resolver_channel(ps->peers->resolver), ps->name, CLASS_IN, TYPE_TXT, on_answer, ps);
	resolver_started(ps->peers->resolver);
}

/* Also when nobody answers any more, a hold ends. */
static void end_holds(struct peers_service *ps)
{
	int64_t now = loop_now();

	for (size_t i = 0; i < ps->service->nmembers; i++)
		if (!is_held(&ps->members[i], ps->peers->hold, now)
		    && atomic_fetch_and_explicit(&ps->members[i].word, ~(uint32_t)WORD_HOLD, memory_order_relaxed) & WORD_HOLD)
			tell(ps->peers);
}

static void on_interval(evutil_socket_t fd, short what, void *arg)
{
	struct peers *p = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < p->count; i++) {
		end_holds(p->services[i]);
		ask(p->services[i]);
	}
	peers_rtt_tick(p->rtt, loop_now());
	event_add(p->timer, &p->interval);
}

/* --- begin and end --- */

static char *health_name(const struct service *s)
{
	uint8_t name[DNAME_MAX];
	char text[DNAME_TEXT_MAX];

	/* A service's name so long that _health doesn't fit isn't in any dnsd, either: it is asked for as it is, and stays unknown. */
	if (!dname_prepend(name, "_health", 7, s->name))
		return strdup(dname_to_text(s->name, text));
	return strdup(dname_to_text(name, text));
}

static void note_asked(struct peers_service *ps, const struct policy *policy)
{
	ps->asks_numbers = policy_sheds(policy);
	for (size_t i = 0; i < policy->nrules; i++) {
		const struct rule *r = &policy->rules[i];

		ps->asks_time = ps->asks_time || r->has_hours || r->days;
		for (size_t k = 0; k < r->nmetrics; k++) {
			ps->takes_turns = ps->takes_turns || r->metrics[k] == METRIC_ROUNDROBIN;
			ps->asks_numbers = ps->asks_numbers || metric_asks(r->metrics[k]) == METRIC_ASKS_NUMBERS;
			ps->asks_rtt = ps->asks_rtt || r->metrics[k] == METRIC_RTT;
		}
	}
}

/* What was known of the service before a reload. */
static void take_over(struct peers_service *ps, const struct peers_service *before)
{
	for (size_t i = 0; before && i < ps->service->nmembers; i++)
		for (size_t k = 0; k < before->service->nmembers; k++)
			if (strcmp(ps->service->members[i].label, before->service->members[k].label) == 0) {
				ps->members[i].word = atomic_load(&before->members[k].word);
				ps->members[i].came_back = before->members[k].came_back;
				ps->members[i].percent = atomic_load(&before->members[k].percent);
			}
	if (before)
		ps->known = atomic_load(&before->known);
}

static struct peers_service *service_new(struct peers *p, const struct service *s, const struct conf *conf, const struct peers *before)
{
	struct peers_service *ps = calloc(1, sizeof *ps + s->nmembers * sizeof *ps->members);

	if (!ps)
		return NULL;
	ps->service = s;
	ps->peers = p;
	ps->rtt = &p->rtt;
	ps->own_site = (int)conf->own->index;
	ps->network4 = (uint8_t)conf->dns.networks4;
	ps->network6 = (uint8_t)conf->dns.networks6;
	ps->conf = conf;
	note_asked(ps, s->policy);
	ps->name = health_name(s);
	if (!ps->name) {
		free(ps);
		return NULL;
	}
	if (before)
		take_over(ps, peers_find(before, s->name));
	return ps;
}

/* Each dnsd is given a third of the interval, then the next one is asked. */
static bool open_resolver(struct peers *p, struct event_base *base, const struct conf *conf, char *why)
{
	struct resolver_options options = { .servers = conf->forward.dnsd, .nservers = conf->forward.ndnsd, .tries = 1 };
	const char *reason;
	double timeout_ms = conf->exchange.interval / 3 * 1000;

	options.timeout_ms = timeout_ms > TIMEOUT_MIN_MS ? (int)timeout_ms : TIMEOUT_MIN_MS;
	p->resolver = resolver_new(base, &options, &reason);
	if (!p->resolver)
		snprintf(why, PEERS_WHY_MAX, "resolver for forward.dnsd: %s", reason);
	return p->resolver;
}

/* Round trips are nobody's zone's: one service's name for them does for all. False: no memory. */
static bool open_rtt(struct peers *p, const struct conf *conf, const struct peers *before)
{
	for (size_t i = 0; i < p->count && !p->rtt; i++)
		if (p->services[i]->asks_rtt) {
			p->rtt = peers_rtt_new(p->resolver, conf, p->services[i]->service->origin, before ? before->rtt : NULL);
			return p->rtt;
		}
	return true;
}

static struct timeval timeval_of(double seconds)
{
	struct timeval tv = { .tv_sec = (time_t)seconds };

	tv.tv_usec = (suseconds_t)((seconds - (double)tv.tv_sec) * 1e6);
	return tv;
}

struct peers *peers_new(struct event_base *base, const struct conf *conf, const struct service *const *services,
                        size_t count, const struct peers *before, char *why)
{
	struct peers *p = calloc(1, sizeof *p + count * sizeof *p->services);

	snprintf(why, PEERS_WHY_MAX, "out of memory");
	if (!p)
		return NULL;
	p->wake = -1;
	p->interval = timeval_of(conf->exchange.interval);
	p->hold = loop_seconds(conf->dns.hold);
	p->timer = evtimer_new(base, on_interval, p);
	while (p->count < count && (p->services[p->count] = service_new(p, services[p->count], conf, before)))
		p->count++;
	if (!p->timer || p->count < count || !open_resolver(p, base, conf, why) || !open_rtt(p, conf, before)) {
		peers_delete(p);
		return NULL;
	}
	on_interval(-1, 0, p);
	return p;
}

void peers_wake(struct peers *p, int wake)
{
	p->wake = wake;
}

void peers_on_pass(struct peers *p, void (*pass)(void *arg), void *arg)
{
	peers_rtt_on_pass(p->rtt, pass, arg);
}

void peers_stop(struct peers *p)
{
	event_del(p->timer);
	ares_cancel(resolver_channel(p->resolver));
	resolver_started(p->resolver);
}

void peers_delete(struct peers *p)
{
	if (!p)
		return;
	resolver_delete(p->resolver); /* ends what is under way, which looks at the services */
	if (p->timer)
		event_free(p->timer);
	peers_rtt_delete(p->rtt);
	for (size_t i = 0; i < p->count; i++) {
		free(p->services[i]->name);
		free(p->services[i]);
	}
	free(p);
}

struct peers_service *peers_find(const struct peers *p, const uint8_t *service)
{
	for (size_t i = 0; i < p->count; i++)
		if (dname_equal(p->services[i]->service->name, service))
			return p->services[i];
	return NULL;
}

const struct service *peers_service_of(const struct peers_service *ps)
{
	return ps->service;
}
