#include "monitor_parts.h"

#include <stdlib.h>
#include "../common/log.h"

/* A site counts as silent when it isn't heard, but not before it had the time to be. */
static bool is_silent(const struct monitor *m, int site)
{
	int64_t age, now = loop_now();
	if (now - m->begun_at < observation_lifetime(true, INT64_MAX, loop_seconds(m->conf->exchange.interval)))
		return false;
	return !observe_site_heard(m->observe, site, now, &age);
}

/* exchange.probe: whether we look at the member ourselves. */
static bool is_ours_to_probe(const struct entry *e, const struct member *mb)
{
	const struct conf *c = e->conf;
	if (c->exchange.probe == PROBE_ALL || mb->site == MEMBER_NO_SITE || mb->site == (int)c->own->index)
		return true;
	return c->exchange.probe == PROBE_SILENT && is_silent(e->monitor, mb->site);
}

static void end_watch(struct watched_member *wm)
{
	if (!wm->watch)
		return;
	watch_delete(wm->watch);
	wm->watch = NULL;
	monitor_note_unwatched(wm);
}

/* The watch it has goes on if it can; one that is known without any probe speaks at once. */
void monitor_watch(struct watched_member *wm)
{
	struct entry *e = wm->entry;
	const struct member *mb = &e->service->members[wm->index];
	const struct watch_sink sink = { monitor_on_report, wm };
	char name[DNAME_TEXT_MAX];
	if (!is_ours_to_probe(e, mb)) {
		end_watch(wm);
		return;
	}
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
	if (state != VERDICT_UNKNOWN)
		monitor_note_known(wm, state);
}

/* --- who is heard --- */

/* exchange.probe = "silent": who has become silent is looked at, who speaks again no longer. */
static void watch_again(struct monitor *m)
{
	for (size_t i = 0; i < m->nentries; i++) {
		struct entry *e = m->entries[i];
		for (size_t k = 0; e->conf->exchange.probe == PROBE_SILENT && k < e->service->nmembers; k++)
			monitor_watch(e->members[k]);
	}
}

static void on_heard(void *arg, const struct observer *who, bool heard)
{
	struct monitor *m = arg;
	if (m->calls.site)
		m->calls.site(m->calls.arg, who, heard);
	watch_again(m);
	for (size_t i = 0; i < m->nentries; i++)
		monitor_judge_said(m->entries[i], who);
}

static void on_grace_over(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *m = arg;
	(void)fd;
	(void)what;
	watch_again(m);
	monitor_judge_all(m);
}

static void retire(void *arg, void *p)
{
	struct monitor *m = arg;
	if (m->calls.retire)
		m->calls.retire(m->calls.arg, p);
	else
		free(p);
}

/* --- begin and end --- */

bool monitor_hear_begin(struct monitor *m)
{
	const struct observe_calls calls = { .retire = retire, .heard = on_heard, .arg = m };
	m->begun_at = loop_now();
	m->observe = observe_new(m->base, m->conf, &calls);
	if (!m->observe)
		return false;
	int64_t wait = observation_lifetime(true, INT64_MAX, loop_seconds(m->conf->exchange.interval)) + NS_PER_MS;
	const struct timeval tv = { .tv_sec = (time_t)(wait / NS_PER_SECOND), .tv_usec = (suseconds_t)(wait % NS_PER_SECOND / 1000) };
	evtimer_assign(&m->grace, m->base, on_grace_over, m);
	event_add(&m->grace, &tv);
	return true;
}

void monitor_hear_end(struct monitor *m)
{
	event_del(&m->grace);
	observe_delete(m->observe);
}
