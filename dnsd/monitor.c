#include "monitor.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../common/log.h"
#include "../common/loop.h"
#include "../common/watch.h"
#include "saved.h"

#define SAVED_FILE "dnsd.verdicts"
/* Changed verdicts are written this often at most; a process that is killed loses no more. */
#define SAVE_INTERVAL_SECONDS 1
/* Written this often even if nothing changed, so that a file is never too old after a crash (MONITOR_SAVED_SECONDS). */
#define SAVE_REFRESH_SECONDS 20

struct entry;

struct watched_member {
	struct entry *entry;
	size_t index;                  /* into service->members */
	struct live_member *live;      /* a reference */
	struct watch *watch;           /* NULL: no memory for it */
	bool judged;                   /* this process has had a result of its own */
	int64_t since;                 /* ns: begin of the verdict; 0: not in this process's time */
};

/* A service. */
struct entry {
	struct monitor *monitor;
	const struct service *service;
	const struct conf *conf;
	struct watched_member **members; /* as service->members */
	struct entry *successor;       /* the one that takes its members over, in monitor_set_services */
	bool ready;
	int64_t wait_end;              /* ns */
	int64_t armed_for;             /* ns: when `timer` has something to do; 0: nothing */
	struct event timer;
};

struct monitor {
	struct event_base *base;
	struct checker *checker;
	struct live *live;
	struct monitor_calls calls;
	struct entry **entries; size_t nentries;  /* sorted by name */
	bool begun;                    /* had its first services */
	/* saving */
	char saved_path[PATH_MAX];
	struct event save_timer;
	struct saved_job *save_job;    /* under way */
	bool unsaved, save_failed;
	int64_t saved_at;              /* ns */
};

/* --- entries --- */

static int by_name(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;
	const struct service *s = (*x)->service, *t = (*y)->service;
	if (s->name_len != t->name_len)
		return s->name_len < t->name_len ? -1 : 1;
	return memcmp(s->name, t->name, s->name_len);
}

static struct entry *find(const struct monitor *m, const struct service *s)
{
	struct entry wanted = { .service = s }, *key = &wanted;
	struct entry **found = m->nentries
		? bsearch(&key, m->entries, m->nentries, sizeof *m->entries, by_name) : NULL;
	return found ? *found : NULL;
}

static int64_t hold_of(const struct entry *e)
{
	return loop_seconds(e->conf->dns.hold);
}

static int64_t calm_of(const struct entry *e)
{
	return (int64_t)e->conf->dns.ttl_calm * NS_PER_SECOND;
}

static enum verdict verdict_of(const struct watched_member *wm)
{
	return (enum verdict)atomic_load_explicit(&wm->live->verdict, memory_order_relaxed);
}

/* --- time --- */

int64_t monitor_earlier(int64_t a, int64_t since, int64_t length, int64_t now)
{
	int64_t end = since + length;
	if (since == 0 || end <= now || (a != 0 && a <= end))
		return a;
	return end;
}

/* The next moment at which the service's answers change by themselves; 0: none. */
static int64_t next_moment(const struct entry *e, int64_t now)
{
	int64_t next = e->ready ? 0 : e->wait_end;
	for (size_t i = 0; i < e->service->nmembers; i++) {
		const struct live_member *l = e->members[i]->live;
		int64_t came_back = atomic_load_explicit(&l->came_back_mono, memory_order_relaxed);
		int64_t changed = atomic_load_explicit(&l->changed_mono, memory_order_relaxed);
		next = monitor_earlier(next, came_back, hold_of(e), now);
		next = monitor_earlier(next, changed, calm_of(e), now);
	}
	return next;
}

static void arm(struct entry *e)
{
	int64_t now = loop_now();
	e->armed_for = next_moment(e, now);
	if (!e->armed_for) {
		event_del(&e->timer);
		return;
	}
	int64_t wait = e->armed_for > now ? e->armed_for - now : 0;
	struct timeval tv = { .tv_sec = (time_t)(wait / NS_PER_SECOND), .tv_usec = (suseconds_t)(wait % NS_PER_SECOND / 1000) + 1 };
	event_add(&e->timer, &tv);
}

static void tell(struct entry *e)
{
	e->monitor->calls.changed(e->monitor->calls.arg, e->service);
}

/* Whoever is unknown by now is treated as such. */
static void end_wait(struct entry *e)
{
	char name[DNAME_TEXT_MAX];
	size_t unknown = 0;
	for (size_t i = 0; i < e->service->nmembers; i++)
		unknown += verdict_of(e->members[i]) == VERDICT_UNKNOWN;
	e->ready = true;
	log_warn("service answers before all its members are known", "service=%s unknown=%zu members=%zu",
	         dname_to_text(e->service->name, name), unknown, e->service->nmembers);
}

static void on_moment(evutil_socket_t fd, short what, void *arg)
{
	struct entry *e = arg;
	int64_t now = loop_now();
	(void)fd;
	(void)what;
	bool due = e->armed_for && now >= e->armed_for; /* a timer may come a little early */
	if (due && !e->ready && now >= e->wait_end)
		end_wait(e);
	arm(e);
	if (due)
		tell(e);
}

/* --- verdicts --- */

static void log_verdict(const struct watched_member *wm, const struct watch_report *r, enum verdict from,
                        enum verdict to, bool first)
{
	const struct service *s = wm->entry->service;
	char name[DNAME_TEXT_MAX], address[ADDR_TEXT_MAX], result[CHECK_RESULT_TEXT_MAX];
	log_info(first ? "verdict" : "verdict changed",
	         "service=%s member=%s check=%s address=%s result=\"%s\" from=%s to=%s lasted=%.3f",
	         dname_to_text(s->name, name), s->members[wm->index].label, r->check ? r->check->name : "none",
	         r->address ? addr_text_at(r->address, address) : "none", check_result_text(r->result, r->detail, result),
	         verdict_name(from), verdict_name(to), wm->since ? (double)(r->now - wm->since) / (double)NS_PER_SECOND : 0);
}

/* The first of a process is no change: it starts neither hold nor unrest (spec 5). */
static void set_verdict(struct watched_member *wm, enum verdict v, int64_t now, bool first)
{
	struct live_member *l = wm->live;
	enum verdict before = verdict_of(wm);
	atomic_store_explicit(&l->since_wall, (int64_t)time(NULL), memory_order_relaxed);
	if (!first) {
		atomic_store_explicit(&l->changed_mono, now, memory_order_relaxed);
		if (before == VERDICT_DOWN && v == VERDICT_UP)
			atomic_store_explicit(&l->came_back_mono, now, memory_order_relaxed);
	}
	atomic_store_explicit(&l->verdict, (uint32_t)v, memory_order_release);
	wm->since = now;
	wm->entry->monitor->unsaved = true;
}

static void note_result(struct live_member *l, const struct watch_report *r)
{
	atomic_store_explicit(&l->result, (uint32_t)r->result, memory_order_relaxed);
	atomic_store_explicit(&l->result_detail, r->detail, memory_order_relaxed);
	atomic_store_explicit(&l->rtt_us, r->rtt_us, memory_order_relaxed);
	atomic_store_explicit(&l->seen_mono, r->now, memory_order_relaxed);
	if (r->state != VERDICT_UNKNOWN)
		atomic_fetch_add_explicit(&l->rounds, 1, memory_order_relaxed);
}

static bool all_known(const struct entry *e)
{
	for (size_t i = 0; i < e->service->nmembers; i++)
		if (verdict_of(e->members[i]) == VERDICT_UNKNOWN)
			return false;
	return true;
}

static void on_report(void *arg, struct watch *w, const struct watch_report *r)
{
	struct watched_member *wm = arg;
	struct entry *e = wm->entry;
	const struct observation own = { .state = r->state, .own = true, .lifetime = OBSERVATION_FOR_EVER };
	(void)w;
	note_result(wm->live, r);
	if (r->state == VERDICT_UNKNOWN)
		return;
	enum verdict before = verdict_of(wm), after = verdict_decide(&own, 1, before, NULL);
	bool first = !wm->judged, was_ready = e->ready;
	wm->judged = true;
	if (after != before) {
		log_verdict(wm, r, before, after, first);
		set_verdict(wm, after, r->now, first);
	}
	if (!e->ready)
		e->ready = all_known(e);
	if (after != before || e->ready != was_ready) {
		arm(e);
		tell(e);
	}
}

/* --- services come and go --- */

static void member_delete(struct monitor *m, struct watched_member *wm)
{
	if (!wm)
		return;
	watch_delete(wm->watch);
	live_put(m->live, wm->live);
	free(wm);
}

static void entry_delete(struct entry *e)
{
	if (!e)
		return;
	for (size_t i = 0; e->members && i < e->service->nmembers; i++)
		member_delete(e->monitor, e->members[i]);
	event_del(&e->timer);
	free(e->members);
	free(e);
}

static void entries_delete(struct entry **entries, size_t n)
{
	for (size_t i = 0; entries && i < n; i++)
		entry_delete(entries[i]);
	free(entries);
}

/* The place of the member of this label in an old entry; NULL: it had none, or it was taken over. */
static struct watched_member **place_of(struct entry *old, const char *label)
{
	for (size_t i = 0; old && i < old->service->nmembers; i++)
		if (old->members[i] && strcmp(old->service->members[i].label, label) == 0)
			return &old->members[i];
	return NULL;
}

static struct watched_member *member_new(struct monitor *m, const struct service *s, size_t index)
{
	struct watched_member *wm = calloc(1, sizeof *wm);
	if (!wm)
		return NULL;
	wm->live = live_get(m->live, s, &s->members[index]);
	if (!wm->live) {
		free(wm);
		return NULL;
	}
	return wm;
}

/* The entry until now that `e` (NULL: nobody yet) succeeds. Two zones may, by mistake, hold one name: the second has none. */
static struct entry *old_of(const struct monitor *m, const struct service *s, const struct entry *e)
{
	struct entry *old = find(m, s);
	return old && old->successor == e ? old : NULL;
}

/* With members for those labels that the old entry does not have; the others come over when nothing can fail any more. */
static struct entry *entry_new(struct monitor *m, const struct monitor_service *item)
{
	const struct service *s = item->service;
	struct entry *old = old_of(m, s, NULL), *e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	if (old)
		old->successor = e;
	e->monitor = m;
	e->service = s;
	e->conf = item->conf;
	e->ready = old && old->ready;
	e->wait_end = old ? old->wait_end : loop_now() + MONITOR_WAIT_SECONDS * NS_PER_SECOND;
	evtimer_assign(&e->timer, m->base, on_moment, e);
	e->members = calloc(s->nmembers + 1, sizeof *e->members);
	bool fine = e->members;
	for (size_t i = 0; fine && i < s->nmembers; i++)
		if (!place_of(old, s->members[i].label))
			fine = (e->members[i] = member_new(m, s, i)) != NULL;
	if (!fine) {
		entry_delete(e);
		return NULL;
	}
	return e;
}

static struct entry **entries_new(struct monitor *m, const struct monitor_service *list, size_t n)
{
	struct entry **entries = calloc(n + 1, sizeof *entries);
	for (size_t i = 0; entries && i < n; i++) {
		entries[i] = entry_new(m, &list[i]);
		if (!entries[i]) {
			entries_delete(entries, i);
			return NULL;
		}
	}
	if (entries && n)
		qsort(entries, n, sizeof *entries, by_name);
	return entries;
}

/* The watch it has goes on if it can; one that is known without any probe speaks at once. */
static void begin_watch(struct watched_member *wm)
{
	struct entry *e = wm->entry;
	const struct member *mb = &e->service->members[wm->index];
	const struct watch_sink sink = { on_report, wm };
	char name[DNAME_TEXT_MAX];
	if (wm->watch && watch_update_member(wm->watch, e->conf, e->service, mb))
		return;
	watch_delete(wm->watch);
	wm->watch = watch_new_member(e->monitor->checker, e->conf, e->service, mb, &sink);
	if (!wm->watch) {
		log_error("out of memory, a member is not watched", "service=%s member=%s",
		          dname_to_text(e->service->name, name), mb->label);
		return;
	}
	enum verdict state = watch_state(wm->watch);
	if (state == VERDICT_UNKNOWN)
		return;
	const struct watch_report r = { .before = VERDICT_UNKNOWN, .state = state, .now = loop_now(),
	                                .result = state == VERDICT_UP ? RESULT_UNCHECKED : RESULT_L3_RESOLVE };
	note_result(wm->live, &r);
	if (verdict_of(wm) != state) {
		if (wm->judged)
			log_verdict(wm, &r, verdict_of(wm), state, false);
		set_verdict(wm, state, r.now, !wm->judged);
	}
	wm->judged = true;
}

/* Members come over from the old entry, then every member of the new one is watched. */
static void adopt(struct monitor *m, struct entry *e)
{
	struct entry *old = old_of(m, e->service, e);
	for (size_t i = 0; i < e->service->nmembers; i++) {
		struct watched_member **place = e->members[i] ? NULL : place_of(old, e->service->members[i].label);
		if (place) {
			e->members[i] = *place;
			*place = NULL;
		}
		e->members[i]->entry = e;
		e->members[i]->index = i;
		begin_watch(e->members[i]);
	}
}

static void on_saved(void *arg, const struct saved_verdict *v)
{
	struct monitor *m = arg;
	struct live_member *l = live_find(m->live, v->service, v->label);
	if (!l || atomic_load(&l->verdict) != VERDICT_UNKNOWN)
		return;
	atomic_store(&l->since_wall, v->since);
	atomic_store(&l->verdict, (uint32_t)v->verdict);
}

static void read_saved(struct monitor *m)
{
	const char *why = NULL;
	size_t n = saved_read(m->saved_path, (int64_t)time(NULL), MONITOR_SAVED_SECONDS, on_saved, m, &why);
	if (n)
		log_info("saved verdicts are used", "file=\"%s\" verdicts=%zu", m->saved_path, n);
	else if (why)
		log_info("saved verdicts are not used", "file=\"%s\" why=\"%s\"", m->saved_path, why);
}

bool monitor_set_services(struct monitor *m, const struct monitor_service *list, size_t n, const struct conf *conf)
{
	struct entry **entries = entries_new(m, list, n);
	(void)conf;
	if (!entries) {
		for (size_t i = 0; i < m->nentries; i++)
			m->entries[i]->successor = NULL;
		return false;
	}
	if (!m->begun)
		read_saved(m);
	m->begun = true;
	for (size_t i = 0; i < n; i++)
		adopt(m, entries[i]);
	entries_delete(m->entries, m->nentries);
	m->entries = entries;
	m->nentries = n;
	for (size_t i = 0; i < n; i++) {
		entries[i]->ready = entries[i]->ready || all_known(entries[i]);
		arm(entries[i]);
	}
	return true;
}

/* --- saving --- */

static void write_verdicts(struct monitor *m, struct saved_text *t)
{
	saved_begin(t, (int64_t)time(NULL));
	for (size_t i = 0; i < m->nentries; i++) {
		const struct entry *e = m->entries[i];
		for (size_t k = 0; k < e->service->nmembers; k++) {
			const struct watched_member *wm = e->members[k];
			const struct saved_verdict v = { .service = e->service->name, .label = e->service->members[k].label,
			                                 .verdict = verdict_of(wm), .since = atomic_load(&wm->live->since_wall) };
			if (v.verdict != VERDICT_UNKNOWN)
				saved_add(t, &v);
		}
	}
	saved_end(t);
}

static void note_saved(struct monitor *m, int error)
{
	if (error && !m->save_failed)
		log_warn("verdicts cannot be saved", "file=\"%s\" error=\"%s\"", m->saved_path, strerror(error));
	else if (!error && m->save_failed)
		log_info("verdicts are saved again", "file=\"%s\"", m->saved_path);
	m->save_failed = error != 0;
}

static void on_save_timer(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *m = arg;
	struct saved_text t;
	int error;
	(void)fd;
	(void)what;
	if (m->save_job) {
		if (!saved_write_ended(m->save_job, false, &error))
			return;
		m->save_job = NULL;
		note_saved(m, error);
	}
	if (!m->unsaved && loop_now() - m->saved_at < SAVE_REFRESH_SECONDS * NS_PER_SECOND)
		return;
	write_verdicts(m, &t);
	m->save_job = saved_write_begin(m->saved_path, &t);
	m->unsaved = m->save_job == NULL;
	m->saved_at = loop_now();
	saved_free(&t);
}

/* At the end somebody waits for the disk: nothing is served any more. */
static void save_now(struct monitor *m)
{
	struct saved_text t;
	int error;
	if (m->save_job && saved_write_ended(m->save_job, true, &error))
		m->save_job = NULL;
	if (!m->begun)
		return;
	write_verdicts(m, &t);
	note_saved(m, saved_write(m->saved_path, &t));
	saved_free(&t);
}

/* --- begin and end --- */

struct monitor *monitor_new(struct event_base *base, struct checker *checker, const struct conf *conf,
                            struct live *live, const struct monitor_calls *calls)
{
	const struct timeval each = { .tv_sec = SAVE_INTERVAL_SECONDS };
	struct monitor *m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	m->base = base;
	m->checker = checker;
	m->live = live;
	m->calls = *calls;
	m->saved_at = loop_now();
	if (snprintf(m->saved_path, sizeof m->saved_path, "%s/" SAVED_FILE, conf->state) >= (int)sizeof m->saved_path)
		m->saved_path[0] = '\0'; /* said as an error at the first write */
	event_assign(&m->save_timer, base, -1, EV_PERSIST, on_save_timer, m);
	event_add(&m->save_timer, &each);
	return m;
}

void monitor_delete(struct monitor *m)
{
	if (!m)
		return;
	save_now(m);
	event_del(&m->save_timer);
	entries_delete(m->entries, m->nentries);
	free(m);
}

/* --- questions --- */

void monitor_view(const struct monitor *m, const struct service *s, struct member_view *views)
{
	const struct entry *e = find(m, s);
	int64_t now = loop_now();
	for (size_t i = 0; i < s->nmembers; i++) {
		views[i] = (struct member_view){ .verdict = VERDICT_UNKNOWN };
		if (!e || i >= e->service->nmembers)
			continue;
		int64_t came_back = atomic_load_explicit(&e->members[i]->live->came_back_mono, memory_order_relaxed);
		views[i].verdict = verdict_of(e->members[i]);
		views[i].in_hold = monitor_in_hold(came_back, hold_of(e), now);
	}
}

bool monitor_ready(const struct monitor *m, const struct service *s)
{
	const struct entry *e = find(m, s);
	return e && e->ready;
}

bool monitor_restless(const struct monitor *m, const struct service *s)
{
	const struct entry *e = find(m, s);
	int64_t now = loop_now();
	for (size_t i = 0; e && i < e->service->nmembers; i++) {
		int64_t changed = atomic_load_explicit(&e->members[i]->live->changed_mono, memory_order_relaxed);
		if (changed && now - changed < calm_of(e))
			return true;
	}
	return false;
}
