/*
 * failback = "manual" (spec 4): a member that was down stays drained until an
 * operator clears it. Which members those are is kept in the state folder:
 *
 *     fairlead-failback 1
 *     www.gslb.example.com. sjc 1763805600000000      down since; a clock in microseconds, as seq is
 *     end
 *
 * Its home tells it as drained, so all sites agree on it, whatever they have
 * seen themselves. And each tells when it has seen a member go down: its home
 * may have been away then, with the whole site; it believes what happened
 * before it came back, and nothing else, since of the rest it knows better.
 *
 * It is cleared by an order at the member's or its site's name that is later
 * than that: one that was deleted (which leaves a tombstone), or set=up. All
 * sites hear of orders, so all of them take the member back. A policy that
 * isn't manual any more clears all of its members, too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../common/log.h"
#include "monitor_parts.h"
#include "saved.h"
#include "statefile.h"

#define FAILBACK_FILE "dnsd.failback"
#define FIRST_LINE "fairlead-failback 1\n"
#define LAST_LINE "end\n"

static void log_cleared(const struct watched_member *wm)
{
	char name[DNAME_TEXT_MAX];
	log_info("cleared, the member may be used again", "service=%s member=%s", dname_to_text(wm->entry->service->name, name),
	         wm->entry->service->members[wm->index].label);
}

static uint64_t cleared_at(const struct watched_member *wm)
{
	const struct entry *e = wm->entry;
	const struct monitor_calls *c = &e->monitor->calls;
	return c->cleared ? c->cleared(c->arg, e->service, &e->service->members[wm->index]) : 0;
}

/* Ours to tell: we are its home. */
static bool is_ours(const struct watched_member *wm)
{
	const struct entry *e = wm->entry;
	return e->service->members[wm->index].site == (int)e->conf->own->index;
}

bool monitor_failback_told(struct watched_member *wm, const struct observer *who, uint64_t failed)
{
	const struct entry *e = wm->entry;
	struct monitor *m = e->monitor;
	char name[DNAME_TEXT_MAX];
	if (!e->service->policy->failback_manual || !(is_ours(wm) || e->service->members[wm->index].site == MEMBER_NO_SITE))
		return false;
	if (failed <= m->failback.away || failed >= m->failback.back || failed <= wm->live->failed || failed <= cleared_at(wm))
		return false;
	wm->live->failed = failed;
	m->failback.unsaved = true;
	log_info("the member was down while we were away", "service=%s member=%s by=%s", dname_to_text(e->service->name, name),
	         e->service->members[wm->index].label, who->name);
	return true;
}

/* What the verdict is then. */
static void apply(struct watched_member *wm, struct verdict_answer *a)
{
	struct live_member *l = wm->live;
	struct monitor *m = wm->entry->monitor;
	if (a->verdict == VERDICT_DOWN) {
		if (!l->failed || verdict_of(wm) != VERDICT_DOWN) {
			l->failed = observe_stamp(l->failed);
			m->failback.unsaved = true;
		}
		return;
	}
	if (a->verdict != VERDICT_UP || !l->failed || a->source == SOURCE_ADMIN)
		return;
	if (cleared_at(wm) > l->failed) {
		l->failed = 0;
		m->failback.unsaved = true;
		log_cleared(wm);
		return;
	}
	a->verdict = VERDICT_DRAIN;
	a->source = SOURCE_FAILBACK;
}

/* Where nobody has to clear a member, none waits: a policy that is manual again later begins with what fails from then on. */
static void forget(struct watched_member *wm)
{
	struct live_member *l = wm->live;
	wm->entry->monitor->failback.unsaved |= l->failed != 0;
	l->failed = 0;
	l->waits = false;
}

void monitor_failback(struct watched_member *wm, struct verdict_answer *a)
{
	if (!wm->entry->service->policy->failback_manual) {
		forget(wm);
		return;
	}
	if (a->source == SOURCE_NONE)
		return;
	apply(wm, a);
	wm->live->waits = a->source == SOURCE_FAILBACK && is_ours(wm);
}

/* ---- the file ---- */

static bool read_line(struct monitor *m, const char *line)
{
	char text[DNAME_TEXT_MAX], label[LABEL_MAX + 1], end;
	uint8_t service[DNAME_MAX];
	uint64_t failed;
	const char *why;
	_Static_assert(LABEL_MAX == 63 && DNAME_TEXT_MAX == 1025, "the widths below");
	if (sscanf(line, "%1024s %63s %20" SCNu64 "%c", text, label, &failed, &end) != 4 || end != '\n' || !failed)
		return false;
	size_t len = dname_from_text(service, text, strlen(text), NULL, &why);
	if (!len)
		return false;
	dname_lower(service, service, len);
	struct live_member *l = live_find(m->live, service, label);
	if (l)
		l->failed = failed;
	return true;
}

static bool read_lines(struct monitor *m, const char *text)
{
	while (*text && strcmp(text, LAST_LINE) != 0) {
		const char *end = strchr(text, '\n');
		if (!end || !read_line(m, text))
			return false;
		text = end + 1;
	}
	return *text != '\0';
}

/* What can't be read is no reason to take members back without a word. */
void monitor_failback_read(struct monitor *m)
{
	const char *why;
	char *text = statefile_read(m->failback.path, &why);
	m->failback.away = (uint64_t)saved_written(m->saved_path) * 1000000;
	if (!text && !why)
		return;
	if (text && strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		why = "it is not a file of this version";
	else if (text && !read_lines(m, text + strlen(FIRST_LINE)))
		why = "a line cannot be read, or the end is missing";
	else if (text)
		why = NULL;
	if (why)
		log_error("which members wait to be cleared cannot be read", "file=\"%s\" why=\"%s\"", m->failback.path, why);
	free(text);
}

static void write_text(const struct monitor *m, struct statefile_text *t)
{
	char name[DNAME_TEXT_MAX];
	memset(t, 0, sizeof *t);
	statefile_put(t, FIRST_LINE);
	for (size_t i = 0; i < m->nentries; i++) {
		const struct service *s = m->entries[i]->service;
		for (size_t k = 0; k < s->nmembers; k++) {
			const struct live_member *l = m->entries[i]->members[k]->live;
			if (l->failed && s->policy->failback_manual)
				statefile_put(t, "%s %s %" PRIu64 "\n", dname_to_text(s->name, name), s->members[k].label, l->failed);
		}
	}
	statefile_put(t, LAST_LINE);
}

static void note_saved(struct monitor *m, int error)
{
	if (error && !m->failback.failed)
		log_error("which members wait to be cleared cannot be saved", "file=\"%s\" error=\"%s\"", m->failback.path, strerror(error));
	m->failback.failed = error != 0;
	m->failback.unsaved = m->failback.unsaved || error;
}

void monitor_failback_save(struct monitor *m, bool wait)
{
	struct statefile_text t;
	int error;
	if (m->failback.job) {
		if (!statefile_write_ended(m->failback.job, wait, &error))
			return;
		m->failback.job = NULL;
		note_saved(m, error);
	}
	if (!m->failback.unsaved)
		return;
	m->failback.unsaved = false;
	write_text(m, &t);
	if (wait)
		note_saved(m, statefile_write(m->failback.path, &t));
	else if (!(m->failback.job = statefile_write_begin(m->failback.path, &t)))
		m->failback.unsaved = true;
	statefile_free(&t);
}

void monitor_failback_begin(struct monitor *m, const char *folder)
{
	if (snprintf(m->failback.path, sizeof m->failback.path, "%s/" FAILBACK_FILE, folder) >= (int)sizeof m->failback.path)
		m->failback.path[0] = '\0'; /* said as an error at the first write */
	m->failback.back = observe_stamp(0);
}
