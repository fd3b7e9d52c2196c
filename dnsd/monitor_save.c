#include "monitor_parts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "../common/log.h"
#include "saved.h"

#define SAVED_FILE "dnsd.verdicts"
/* Changed verdicts are written this often at most; a process that is killed loses no more. */
#define SAVE_INTERVAL_SECONDS 1
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
}

void monitor_read_saved(struct monitor *m)
{
	const char *why = NULL;
	size_t n = saved_read(m->saved_path, (int64_t)time(NULL), MONITOR_SAVED_SECONDS, on_saved, m, &why);
	if (n)
		log_info("saved verdicts are used", "file=\"%s\" verdicts=%zu", m->saved_path, n);
	else if (why)
		log_info("saved verdicts are not used", "file=\"%s\" why=\"%s\"", m->saved_path, why);
}

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

void monitor_begin_saving(struct monitor *m, const char *folder)
{
	const struct timeval each = { .tv_sec = SAVE_INTERVAL_SECONDS };
	m->saved_at = loop_now();
	if (snprintf(m->saved_path, sizeof m->saved_path, "%s/" SAVED_FILE, folder) >= (int)sizeof m->saved_path)
		m->saved_path[0] = '\0'; /* said as an error at the first write */
	event_assign(&m->save_timer, m->base, -1, EV_PERSIST, on_save_timer, m);
	event_add(&m->save_timer, &each);
}

/* At the end somebody waits for the disk: nothing is served any more. */
void monitor_end_saving(struct monitor *m)
{
	struct saved_text t;
	int error;
	event_del(&m->save_timer);
	if (m->save_job && saved_write_ended(m->save_job, true, &error))
		m->save_job = NULL;
	if (!m->begun)
		return;
	write_verdicts(m, &t);
	note_saved(m, saved_write(m->saved_path, &t));
	saved_free(&t);
}
