#include "monitor_parts.h"

#include <stdlib.h>
#include <string.h>

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

/* --- services come and go --- */

static void member_delete(struct monitor *m, struct watched_member *wm)
{
	if (!wm)
		return;
	watch_delete(wm->watch);
	if (wm->live->watched == wm)
		wm->live->watched = NULL;
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
	wm->live->watched = wm;
	wm->next_end = INT64_MAX;
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
	evtimer_assign(&e->timer, m->base, monitor_on_moment, e);
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
		monitor_watch(e->members[i]);
		monitor_judge(e->members[i], NULL);
		monitor_doubt_saved(e->members[i]);
	}
}

bool monitor_set_services(struct monitor *m, const struct monitor_service *list, size_t n, const struct conf *conf)
{
	struct entry **entries = entries_new(m, list, n);
	if (!entries) {
		for (size_t i = 0; i < m->nentries; i++)
			m->entries[i]->successor = NULL;
		return false;
	}
	if (!m->begun)
		monitor_read_saved(m);
	m->begun = true;
	m->conf = conf;
	observe_set_conf(m->observe, conf);
	for (size_t i = 0; i < n; i++)
		adopt(m, entries[i]);
	entries_delete(m->entries, m->nentries);
	m->entries = entries;
	m->nentries = n;
	for (size_t i = 0; i < n; i++) {
		entries[i]->ready = entries[i]->ready || monitor_all_known(entries[i]);
		monitor_arm(entries[i]);
	}
	return true;
}

/* --- begin and end --- */

struct monitor *monitor_new(struct event_base *base, struct checker *checker, const struct conf *conf,
                            struct live *live, const struct monitor_calls *calls)
{
	struct monitor *m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	m->base = base;
	m->checker = checker;
	m->live = live;
	m->calls = *calls;
	m->conf = conf;
	if (!monitor_hear_begin(m)) {
		free(m);
		return NULL;
	}
	monitor_judge_begin(m);
	monitor_begin_saving(m, conf->state);
	return m;
}

void monitor_delete(struct monitor *m)
{
	if (!m)
		return;
	monitor_end_saving(m);
	entries_delete(m->entries, m->nentries);
	monitor_judge_end(m);
	monitor_hear_end(m);
	free(m);
}

/* --- questions --- */

struct observe *monitor_observe(struct monitor *m)
{
	return m->observe;
}

void monitor_judge_service(struct monitor *m, const struct service *s)
{
	struct entry *e = find(m, s);
	if (e)
		monitor_judge_entry(e);
}

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
		views[i].percent = e->members[i]->percent;
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
