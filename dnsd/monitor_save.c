#include "monitor_parts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "../common/log.h"
#include "saved.h"

#define SAVED_FILE "dnsd.verdicts"
/* It is looked this often whether there is something to write. */
#define SAVE_INTERVAL_SECONDS 1
/* A change is written at once, with what changes in the same moment, but not more often than this: a process that is killed loses no more. */
#define SAVE_SOON_MS 2
#define SAVE_LEAST_MS 100
/* Written this often even if nothing changed, so that a file is never too old after a crash (MONITOR_SAVED_SECONDS). */
#define SAVE_REFRESH_SECONDS 20

static void on_saved(void *arg, const struct saved_verdict *v)
{
	struct monitor *m = arg;
	struct live_member *l = live_find(m->live, v->service, v->label);
	if (!l || atomic_load(&l->verdict) != VERDICT_UNKNOWN)
		return;
	atomic_store(&l->since_wall, v->since);
	atomic_store(&l->verdict, (uint32_t)v->verdict);
	if (l->watched)
		((struct watched_member *)l->watched)->ordered_once = v->ordered;
}

void monitor_doubt_saved(struct watched_member *wm)
{
	if (wm->ordered_once && !wm->judged)
		atomic_store(&wm->live->verdict, VERDICT_UNKNOWN);
	wm->ordered_once = false;
}

void monitor_read_saved(struct monitor *m)
{
	monitor_failback_read(m);
	const char *why = NULL;
	size_t n = saved_read(m->saved_path, (int64_t)time(NULL), MONITOR_SAVED_SECONDS, on_saved, m, &why);
	if (n)
		log_info("saved verdicts are used", "file=\"%s\" verdicts=%zu", m->saved_path, n);
	else if (why)
		log_info("saved verdicts are not used", "file=\"%s\" why=\"%s\"", m->saved_path, why);
}

static void write_verdicts(struct monitor *m, struct statefile_text *t)
{
	saved_begin(t, (int64_t)time(NULL));
	for (size_t i = 0; i < m->nentries; i++) {
		const struct entry *e = m->entries[i];
		for (size_t k = 0; k < e->service->nmembers; k++) {
			const struct watched_member *wm = e->members[k];
			const struct saved_verdict v = { .service = e->service->name, .label = e->service->members[k].label,
			                                 .verdict = verdict_of(wm), .since = atomic_load(&wm->live->since_wall),
			                                 .ordered = atomic_load(&wm->live->source) == SOURCE_ADMIN };
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

static void save_in(struct monitor *m, int64_t ns)
{
	const struct timeval tv = { .tv_usec = (suseconds_t)(ns / 1000) };
	event_add(&m->save_soon, &tv);
}

void monitor_save_soon(struct monitor *m)
{
	int64_t wait = m->saved_at + SAVE_LEAST_MS * NS_PER_MS - loop_now();
	m->unsaved = true;
	if (m->begun && !event_pending(&m->save_soon, EV_TIMEOUT, NULL))
		save_in(m, wait > SAVE_SOON_MS * NS_PER_MS ? wait : SAVE_SOON_MS * NS_PER_MS);
}

/* By either timer. */
static void on_save_timer(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *m = arg;
	struct statefile_text t;
	int error;
	(void)fd;
	(void)what;
	monitor_failback_save(m, false);
	if (m->save_job) {
		if (!statefile_write_ended(m->save_job, false, &error)) {
			if (m->unsaved)
				save_in(m, SAVE_LEAST_MS * NS_PER_MS);
			return;
		}
		m->save_job = NULL;
		note_saved(m, error);
	}
	if (!m->unsaved && loop_now() - m->saved_at < SAVE_REFRESH_SECONDS * NS_PER_SECOND)
		return;
	write_verdicts(m, &t);
	m->save_job = statefile_write_begin(m->saved_path, &t);
	m->unsaved = m->save_job == NULL;
	m->saved_at = loop_now();
	statefile_free(&t);
}

void monitor_begin_saving(struct monitor *m, const char *folder)
{
	const struct timeval each = { .tv_sec = SAVE_INTERVAL_SECONDS };
	m->saved_at = loop_now();
	monitor_failback_begin(m, folder);
	if (snprintf(m->saved_path, sizeof m->saved_path, "%s/" SAVED_FILE, folder) >= (int)sizeof m->saved_path)
		m->saved_path[0] = '\0'; /* said as an error at the first write */
	event_assign(&m->save_timer, m->base, -1, EV_PERSIST, on_save_timer, m);
	evtimer_assign(&m->save_soon, m->base, on_save_timer, m);
	event_add(&m->save_timer, &each);
}

/* At the end somebody waits for the disk: nothing is served any more. */
void monitor_end_saving(struct monitor *m)
{
	struct statefile_text t;
	int error;
	event_del(&m->save_timer);
	event_del(&m->save_soon);
	if (m->save_job && statefile_write_ended(m->save_job, true, &error))
		m->save_job = NULL;
	if (!m->begun)
		return;
	monitor_failback_save(m, true);
	write_verdicts(m, &t);
	note_saved(m, statefile_write(m->saved_path, &t));
	statefile_free(&t);
}
