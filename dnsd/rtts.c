#include "rtts.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "../common/loop.h"
#include "observe.h"

/* A table is made at most so often: it holds all networks of all sites, which may be a hundred thousand. */
#define TABLE_SECONDS 2

struct known { struct prefix network; uint32_t us; uint32_t voice; int64_t end; };

struct site_rtts { char *name; struct known *list; size_t n, room; };

struct voice { char name[UPDATE_OBSERVER_MAX + 1]; uint64_t seq; };

struct rtts {
	struct rtts_calls calls;
	struct event timer;
	struct site_rtts sites[RTTS_SITES_MAX]; size_t nsites;
	struct voice *voices; size_t nvoices;
	uint64_t seed;
	int64_t next_end;          /* ns: when something in the last table is over */
	bool dirty;
};

/* --- who --- */

static struct site_rtts *place_of(struct rtts *r, const char *site)
{
	for (size_t i = 0; i < r->nsites; i++)
		if (strcmp(r->sites[i].name, site) == 0)
			return &r->sites[i];
	if (r->nsites == RTTS_SITES_MAX || !(r->sites[r->nsites].name = strdup(site)))
		return NULL;
	return &r->sites[r->nsites++];
}

static struct voice *voice_of(struct rtts *r, const char *observer)
{
	for (size_t i = 0; i < r->nvoices; i++)
		if (strcmp(r->voices[i].name, observer) == 0)
			return &r->voices[i];
	if (r->nvoices == RTTS_VOICES_MAX)
		return NULL;
	struct voice *more = realloc(r->voices, (r->nvoices + 1) * sizeof *more);
	if (!more)
		return NULL;
	r->voices = more;
	struct voice *v = &r->voices[r->nvoices++];
	*v = (struct voice){ .seq = 0 };
	strcpy(v->name, observer);
	return v;
}

/* --- what --- */

static bool same(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && a->length == b->length && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* A walk over some thousand: some dozen networks come each second. */
static struct known *known_of(struct site_rtts *p, const struct prefix *network)
{
	struct known *oldest = p->list;
	for (size_t i = 0; i < p->n; i++) {
		if (same(&p->list[i].network, network))
			return &p->list[i];
		if (p->list[i].end < oldest->end)
			oldest = &p->list[i];
	}
	if (p->n == RTTS_NETWORKS_MAX) {
		*oldest = (struct known){ .network = *network };
		return oldest;
	}
	if (p->n == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		struct known *more = realloc(p->list, room * sizeof *more);
		if (!more)
			return NULL;
		p->list = more;
		p->room = room;
	}
	p->list[p->n] = (struct known){ .network = *network };
	return &p->list[p->n++];
}

/* Two forwarders at one site see the same way: half of what each says. */
static void learn(struct known *k, uint32_t us, uint32_t voice, int64_t end)
{
	bool anothers = k->us && k->voice != voice;
	k->us = anothers ? (uint32_t)(((uint64_t)k->us + us) / 2) : us;
	k->voice = voice;
	k->end = end > k->end ? end : k->end;
}

enum rtts_result rtts_take(struct rtts *r, const char *site, struct rtt_record *record, uint32_t ttl, int64_t now)
{
	struct site_rtts *p = place_of(r, site);
	struct voice *v = p ? voice_of(r, record->observer) : NULL;
	if (!v)
		return RTTS_FULL;
	if (!record->seq)
		record->seq = observe_stamp(v->seq);
	if (record->seq <= v->seq)
		return RTTS_OLD;
	v->seq = record->seq;
	int64_t end = now + (int64_t)(ttl < RTTS_TTL_MAX ? ttl : RTTS_TTL_MAX) * NS_PER_SECOND;
	for (unsigned i = 0; i < record->n; i++) {
		struct known *k = known_of(p, &record->networks[i].network);
		if (!k)
			return RTTS_FULL;
		learn(k, record->networks[i].us, (uint32_t)(v - r->voices), end);
	}
	r->dirty = true;
	return RTTS_TAKEN;
}

/* --- the table --- */

static void forget_old(struct site_rtts *p, int64_t now)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].end > now)
			p->list[n++] = p->list[i];
	p->n = n;
}

/* Those of a site that `conf` doesn't have are kept for their time: a reload may bring it back. */
static size_t gather(struct rtts *r, const struct conf *conf, struct rtt_sample *out)
{
	size_t n = 0;
	for (size_t i = 0; i < r->nsites; i++) {
		const struct site_rtts *p = &r->sites[i];
		const struct site *site = conf_site(conf, p->name);
		for (size_t k = 0; site && k < p->n; k++) {
			out[n++] = (struct rtt_sample){ .network = p->list[k].network, .site = (uint32_t)site->index, .us = p->list[k].us };
			if (p->list[k].end < r->next_end)
				r->next_end = p->list[k].end;
		}
	}
	return n;
}

struct rtt_table *rtts_table(struct rtts *r, const struct conf *conf, int64_t now)
{
	size_t all = 0;
	r->dirty = false;
	r->next_end = INT64_MAX;
	for (size_t i = 0; i < r->nsites; i++) {
		forget_old(&r->sites[i], now);
		all += r->sites[i].n;
	}
	struct rtt_sample *samples = all ? calloc(all, sizeof *samples) : NULL;
	size_t n = samples ? gather(r, conf, samples) : 0;
	struct rtt_table *t = n ? rtt_table_new(conf->nsites, samples, n, r->seed) : NULL;
	free(samples);
	return t;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct rtts *r = arg;
	(void)fd;
	(void)what;
	if (r->dirty || r->next_end <= loop_now())
		r->calls.changed(r->calls.arg);
}

/* --- begin and end --- */

struct rtts *rtts_new(struct event_base *base, const struct rtts_calls *calls)
{
	static const struct timeval every = { .tv_sec = TABLE_SECONDS };
	struct rtts *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->calls = *calls;
	r->next_end = INT64_MAX;
	if (getrandom(&r->seed, sizeof r->seed, 0) != sizeof r->seed)
		r->seed = (uint64_t)loop_now();
	event_assign(&r->timer, base, -1, EV_PERSIST, on_timer, r);
	event_add(&r->timer, &every);
	return r;
}

void rtts_delete(struct rtts *r)
{
	if (!r)
		return;
	event_del(&r->timer);
	for (size_t i = 0; i < r->nsites; i++) {
		free(r->sites[i].name);
		free(r->sites[i].list);
	}
	free(r->voices);
	free(r);
}
