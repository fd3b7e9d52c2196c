#include "observe.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../common/log.h"
#include "../common/loop.h"

#define WORDS (sizeof(struct seen) / sizeof(uint64_t))
_Static_assert(sizeof(struct seen) % sizeof(uint64_t) == 0, "whole words");

struct slot {
	_Atomic(uint32_t) version;     /* odd: being written */
	uint32_t phrase;               /* control thread only; 0: none */
	_Atomic(uint64_t) words[WORDS];
};

struct observed { size_t nslots; struct slot slots[]; };

struct observe {
	const struct conf *conf;
	struct observe_calls calls;
	struct observer *observers[OBSERVERS_MAX];
	uint16_t order[OBSERVERS_MAX]; /* by site and program, as verdict_decide wants them */
	size_t count;
	char *texts[OBSERVE_TEXTS_MAX];/* open-addressed, by hash */
	size_t ntexts;
	struct event timer;            /* the next observer that becomes silent */
};

/* --- slots --- */

static void slot_write(struct slot *s, const struct seen *v)
{
	uint64_t words[WORDS];
	memcpy(words, v, sizeof words);
	uint32_t version = atomic_load_explicit(&s->version, memory_order_relaxed);
	atomic_store_explicit(&s->version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < WORDS; i++)
		atomic_store_explicit(&s->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&s->version, version + 2, memory_order_release);
}

static void slot_read(const struct slot *s, struct seen *out)
{
	uint64_t words[WORDS];
	uint32_t before, after;
	do {
		before = atomic_load_explicit(&s->version, memory_order_acquire);
		for (size_t i = 0; i < WORDS; i++)
			words[i] = atomic_load_explicit(&s->words[i], memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&s->version, memory_order_relaxed);
	} while (before != after || (before & 1));
	memcpy(out, words, sizeof words);
}

/* Of a slot that only this thread writes. */
static uint64_t word(const struct slot *s, size_t offset)
{
	return atomic_load_explicit(&s->words[offset / 8], memory_order_relaxed);
}

static struct observed *observed_of(const struct live_member *m)
{
	return atomic_load_explicit(&m->observed, memory_order_acquire);
}

/* The slot, in an array that is long enough for it; the one before may still be read. NULL: no memory. */
static struct slot *slot_for(struct observe *o, struct live_member *m, unsigned id)
{
	struct observed *old = observed_of(m);
	if (old && id < old->nslots)
		return &old->slots[id];
	/* By half: a member that all observers look at isn't copied once for each of them. */
	size_t n = old && id < old->nslots + old->nslots / 2 ? old->nslots + old->nslots / 2 + 1 : id + 1;
	struct observed *more = calloc(1, sizeof *more + n * sizeof *more->slots);
	if (!more)
		return NULL;
	more->nslots = n;
	for (size_t i = 0; old && i < old->nslots; i++) {
		struct seen v;
		slot_read(&old->slots[i], &v);
		slot_write(&more->slots[i], &v);
		more->slots[i].phrase = old->slots[i].phrase;
	}
	m->nobserved = n;
	atomic_store_explicit(&m->observed, more, memory_order_release);
	if (old)
		o->calls.retire(o->calls.arg, old);
	return &more->slots[id];
}

size_t observe_slots(const struct live_member *m)
{
	const struct observed *s = observed_of(m);
	return s ? s->nslots : 0;
}

bool observe_read(const struct live_member *m, size_t slot, struct seen *out)
{
	const struct observed *s = observed_of(m);
	if (!s || slot >= s->nslots)
		return false;
	slot_read(&s->slots[slot], out);
	return out->observer != NULL;
}

/* --- how long it counts --- */

/* Of an observation of a dnsd that speaks, when it spoke is what matters; see the head of observe.h. */
static struct observation as_observation(const struct seen *s, int64_t now, int64_t interval)
{
	const struct observer *who = s->observer;
	struct observation o = { .state = (enum verdict)s->state, .program = who->program, .own = who->own,
	                         .site = atomic_load_explicit(&who->site, memory_order_relaxed) };
	if (s->end == INT64_MAX) {
		o.lifetime = OBSERVATION_FOR_EVER;
		return o;
	}
	int64_t spoke = who->ours ? atomic_load_explicit(&who->heard, memory_order_relaxed) : s->received;
	o.age = now - spoke;
	o.lifetime = observation_lifetime(who->ours, s->end - spoke, interval);
	return o;
}

bool seen_counts(const struct seen *s, int64_t now, int64_t interval)
{
	struct observation o = as_observation(s, now, interval);
	return o.age < o.lifetime;
}

static int64_t interval_of(const struct observe *o)
{
	return loop_seconds(o->conf->exchange.interval);
}

size_t observe_gather(const struct observe *o, const struct live_member *m, int64_t now, struct observation *out)
{
	const struct observed *s = observed_of(m);
	int64_t interval = interval_of(o);
	size_t n = 0;
	for (size_t i = 0; s && i < o->count; i++) {
		struct seen v;
		unsigned id = o->order[i];
		if (id >= s->nslots)
			continue;
		slot_read(&s->slots[id], &v);
		if (!v.observer)
			continue;
		out[n] = as_observation(&v, now, interval);
		n += out[n].site != OBSERVER_NO_SITE;
	}
	return n;
}

int64_t observe_next_end(const struct live_member *m, int64_t since, int64_t now, bool *ended)
{
	const struct observed *s = observed_of(m);
	int64_t next = INT64_MAX;
	*ended = false;
	for (size_t i = 0; s && i < s->nslots; i++) {
		int64_t end = (int64_t)word(&s->slots[i], offsetof(struct seen, end)); /* of an empty one: 0 */
		if (end > now)
			next = end < next ? end : next;
		else if (end > since)
			*ended = true;
	}
	return next;
}

/* --- observers --- */

static int by_place(const struct observer *a, const struct observer *b)
{
	int x = atomic_load_explicit(&a->site, memory_order_relaxed), y = atomic_load_explicit(&b->site, memory_order_relaxed);
	if (x != y)
		return x < y ? -1 : 1;
	if (a->program_end != b->program_end)
		return a->program_end < b->program_end ? -1 : 1;
	return strncmp(a->name, b->name, a->program_end);
}

static void insert_in_order(struct observe *o, size_t n, unsigned id)
{
	size_t at = n;
	for (; at > 0 && by_place(o->observers[o->order[at - 1]], o->observers[id]) > 0; at--)
		o->order[at] = o->order[at - 1];
	o->order[at] = (uint16_t)id;
}

static int site_of(const struct conf *c, const struct observer *who)
{
	for (size_t i = 0; i < c->nsites; i++)
		if (strncmp(c->sites[i].name, who->name, who->site_end) == 0 && !c->sites[i].name[who->site_end])
			return (int)i;
	return OBSERVER_NO_SITE;
}

/* The first observer of the same program gives it its number. */
static unsigned program_of(const struct observe *o, const struct observer *who)
{
	for (unsigned i = 0; i < o->count; i++) {
		const struct observer *other = o->observers[i];
		if (other->program_end == who->program_end && memcmp(other->name, who->name, who->program_end) == 0)
			return other->program;
	}
	return who->id;
}

static struct observer *observer_new(struct observe *o, const char *name, const struct update_observer *parts)
{
	struct observer *who = calloc(1, sizeof *who);
	if (!who)
		return NULL;
	strcpy(who->name, name);
	who->id = (unsigned)o->count;
	who->site_end = (uint8_t)parts->site_len;
	who->program_end = (uint8_t)(parts->site_len + 1 + parts->program_len);
	who->dnsd = parts->program_len == 4 && memcmp(parts->program, "dnsd", 4) == 0;
	who->ours = who->dnsd || (parts->program_len == 3 && memcmp(parts->program, "fwd", 3) == 0);
	who->site = site_of(o->conf, who);
	who->program = program_of(o, who);
	o->observers[o->count] = who;
	insert_in_order(o, o->count, who->id);
	o->count++;
	return who;
}

struct observer *observe_own(struct observe *o)
{
	return o->observers[0];
}

struct observer *observe_who(struct observe *o, const char *name, const char **why)
{
	struct update_observer parts;
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->observers[i]->name, name) == 0)
			return o->observers[i];
	*why = "not the name of an observer";
	if (strlen(name) > UPDATE_OBSERVER_MAX || !update_observer_read(&parts, name))
		return NULL;
	*why = "too many observers";
	if (o->count == OBSERVERS_MAX)
		return NULL;
	*why = "out of memory";
	return observer_new(o, name, &parts);
}

size_t observe_count(const struct observe *o)
{
	return o->count;
}

const struct observer *observe_at(const struct observe *o, size_t i)
{
	return o->observers[i];
}

bool observe_site_heard(const struct observe *o, int site, int64_t now, int64_t *age)
{
	int64_t last = 0;
	for (size_t i = 0; i < o->count; i++) {
		const struct observer *who = o->observers[i];
		if (!who->dnsd || who->site != site)
			continue;
		if (who->own) {
			*age = 0;
			return true;
		}
		last = who->heard > last ? who->heard : last;
	}
	*age = last ? now - last : -1;
	return last && *age < observation_lifetime(true, INT64_MAX, interval_of(o));
}

/* --- silence --- */

static void arm(struct observe *o, int64_t now)
{
	int64_t first = INT64_MAX, lifetime = observation_lifetime(true, INT64_MAX, interval_of(o));
	for (size_t i = 0; i < o->count; i++)
		if (o->observers[i]->counts && o->observers[i]->heard + lifetime < first)
			first = o->observers[i]->heard + lifetime;
	if (first == INT64_MAX)
		return;
	int64_t wait = first > now ? first - now : 0;
	struct timeval tv = { .tv_sec = (time_t)(wait / NS_PER_SECOND), .tv_usec = (suseconds_t)(wait % NS_PER_SECOND / 1000) + 1 };
	event_add(&o->timer, &tv);
}

static void on_silence(evutil_socket_t fd, short what, void *arg)
{
	struct observe *o = arg;
	int64_t now = loop_now(), lifetime = observation_lifetime(true, INT64_MAX, interval_of(o));
	(void)fd;
	(void)what;
	for (size_t i = 0; i < o->count; i++) {
		struct observer *who = o->observers[i];
		if (!who->counts || now - who->heard < lifetime)
			continue;
		who->counts = false;
		o->calls.heard(o->calls.arg, who, false);
	}
	arm(o, now);
}

void observe_note_heard(struct observe *o, struct observer *who, int64_t now)
{
	atomic_store_explicit(&who->heard, now, memory_order_relaxed);
	if (!who->ours || who->counts)
		return;
	who->counts = true;
	o->calls.heard(o->calls.arg, who, true);
	arm(o, now);
}

/* --- observations --- */

static const char *keep_text(struct observe *o, const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (const char *c = text; *c; c++)
		h = (h ^ (uint8_t)*c) * 0x100000001b3u;
	if (!*text)
		return NULL;
	for (size_t i = 0; i < OBSERVE_TEXTS_MAX; i++) {
		size_t at = (h + i) % OBSERVE_TEXTS_MAX;
		if (!o->texts[at])
			return o->ntexts++ < OBSERVE_TEXTS_MAX / 4 * 3 ? (o->texts[at] = strdup(text)) : NULL;
		if (strcmp(o->texts[at], text) == 0)
			return o->texts[at];
	}
	return NULL;
}

/* Nanoseconds fit up to centuries; a TTL is at most 68 years. */
static int64_t end_of(uint32_t ttl, int64_t now)
{
	return ttl == OBSERVE_FOR_EVER ? INT64_MAX : now + (int64_t)(ttl & INT32_MAX) * NS_PER_SECOND;
}

uint64_t observe_stamp(uint64_t last)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	uint64_t now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	return now > last ? now : last + 1;
}

static void fill(struct observe *o, struct seen *v, const struct update_observation *said)
{
	v->check = keep_text(o, said->check);
	v->has = said->has;
	v->state = said->state;
	v->rtt_us = said->rtt_us;
	v->sessions = said->sessions;
	v->capacity = said->capacity;
	v->load_ppm = said->load_ppm;
	v->cost_milli = said->cost_milli;
	v->local_up = said->local_up;
	v->local_all = said->local_all;
	v->forwarded_milli = said->forwarded_milli;
	v->tail_milli = said->tail_milli;
	v->percent = said->percent;
}

enum observe_result observe_put(struct observe *o, struct live_member *m, struct observer *who,
                                const struct update_observation *said, uint32_t ttl, int64_t now)
{
	struct slot *slot = slot_for(o, m, who->id);
	struct seen before, v = { .observer = who, .seq = said->seq, .received = now, .end = end_of(ttl, now) };
	if (!slot)
		return OBSERVE_FAILED;
	slot_read(slot, &before);
	uint64_t least = before.observer && before.seq > who->floor ? before.seq : who->floor;
	if (!v.seq)
		v.seq = observe_stamp(least);
	if (v.seq <= least)
		return OBSERVE_OLD;
	fill(o, &v, said);
	bool same = before.observer && before.state == v.state && before.percent == v.percent && seen_counts(&before, now, interval_of(o));
	slot_write(slot, &v);
	slot->phrase = 0;
	return same ? OBSERVE_SAME : OBSERVE_CHANGED;
}

void observe_forget(struct live_member *m, struct observer *who)
{
	struct observed *s = observed_of(m);
	struct seen v;
	if (!s || who->id >= s->nslots)
		return;
	slot_read(&s->slots[who->id], &v);
	if (v.observer && v.seq > who->floor)
		who->floor = v.seq;
	slot_write(&s->slots[who->id], &(struct seen){ .observer = NULL });
	s->slots[who->id].phrase = 0;
}

/* --- the same again --- */

static struct slot *slot_of(const struct live_member *m, const struct observer *who)
{
	return who->id < m->nobserved ? &observed_of(m)->slots[who->id] : NULL;
}

void observe_set_phrase(struct live_member *m, const struct observer *who, uint32_t phrase)
{
	struct slot *slot = slot_of(m, who);
	if (slot)
		slot->phrase = phrase;
}

void observe_prefetch(const struct live_member *m, const struct observer *who)
{
	const struct slot *slot = slot_of(m, who);
	if (!slot)
		return;
	__builtin_prefetch(slot, 1);
	__builtin_prefetch((const char *)(slot + 1) - 1, 1);
}

static void set_word(struct slot *s, size_t offset, uint64_t v)
{
	atomic_store_explicit(&s->words[offset / 8], v, memory_order_relaxed);
}

/* rtt_us shares a word with sessions. */
static void set_rtt(struct slot *s, uint32_t rtt_us)
{
	enum { AT = offsetof(struct seen, rtt_us) / 8 * 8 };
	uint32_t halves[2];
	uint64_t both = word(s, AT);
	memcpy(halves, &both, sizeof both);
	halves[(offsetof(struct seen, rtt_us) - AT) / 4] = rtt_us;
	memcpy(&both, halves, sizeof both);
	set_word(s, AT, both);
}

bool observe_again(const struct observe *o, struct live_member *m, const struct observer *who, const struct observe_repeat *r, int64_t now)
{
	struct slot *s = slot_of(m, who);
	if (!s || s->phrase != r->phrase || !r->phrase || !who->dnsd)
		return false;
	int64_t old_end = (int64_t)word(s, offsetof(struct seen, end)), end = end_of(r->ttl, now);
	int64_t heard = atomic_load_explicit(&who->heard, memory_order_relaxed);
	/* Whoever keeps the earliest end of all needn't be told when one only moves on. */
	if (r->seq <= word(s, offsetof(struct seen, seq)) || r->seq <= who->floor || end < old_end
		|| now - heard >= observation_lifetime(true, old_end - heard, interval_of(o)))
		return false;
	uint32_t version = atomic_load_explicit(&s->version, memory_order_relaxed);
	atomic_store_explicit(&s->version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	set_word(s, offsetof(struct seen, seq), r->seq);
	set_word(s, offsetof(struct seen, received), (uint64_t)now);
	set_word(s, offsetof(struct seen, end), (uint64_t)end);
	if (r->has_rtt)
		set_rtt(s, r->rtt_us);
	atomic_store_explicit(&s->version, version + 2, memory_order_release);
	return true;
}

/* --- begin and end --- */

void observe_set_conf(struct observe *o, const struct conf *conf)
{
	o->conf = conf;
	for (size_t i = 0; i < o->count; i++)
		atomic_store_explicit(&o->observers[i]->site, site_of(conf, o->observers[i]), memory_order_relaxed);
	for (size_t i = 0; i < o->count; i++)
		insert_in_order(o, i, (unsigned)i);
	arm(o, loop_now());
}

struct observe *observe_new(struct event_base *base, const struct conf *conf, const struct observe_calls *calls)
{
	struct observe *o = calloc(1, sizeof *o);
	char name[UPDATE_OBSERVER_MAX + 1];
	const char *why;
	if (!o)
		return NULL;
	o->conf = conf;
	o->calls = *calls;
	evtimer_assign(&o->timer, base, on_silence, o);
	snprintf(name, sizeof name, "%s/dnsd.%s", conf->own->name, conf->instance ? conf->instance : "");
	struct observer *own = observe_who(o, name, &why);
	if (!own) {
		free(o);
		return NULL;
	}
	own->own = true;
	return o;
}

void observe_delete(struct observe *o)
{
	if (!o)
		return;
	event_del(&o->timer);
	for (size_t i = 0; i < o->count; i++)
		free(o->observers[i]);
	for (size_t i = 0; i < OBSERVE_TEXTS_MAX; i++)
		free(o->texts[i]);
	free(o);
}
