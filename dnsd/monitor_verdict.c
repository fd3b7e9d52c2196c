#include "monitor_parts.h"

#include <time.h>
#include "../common/log.h"

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

static void set_timer(struct entry *e, int64_t now)
{
	int64_t wait = e->armed_for > now ? e->armed_for - now : 0;
	struct timeval tv = { .tv_sec = (time_t)(wait / NS_PER_SECOND), .tv_usec = (suseconds_t)(wait % NS_PER_SECOND / 1000) + 1 };
	event_add(&e->timer, &tv);
}

void monitor_arm(struct entry *e)
{
	int64_t now = loop_now();
	e->armed_for = next_moment(e, now);
	if (e->armed_for)
		set_timer(e, now);
	else
		event_del(&e->timer);
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

/* Timers may come a little early. Whatever passes while we look is told all the same: arm comes before tell. */
void monitor_on_moment(evutil_socket_t fd, short what, void *arg)
{
	struct entry *e = arg;
	int64_t now = loop_now();
	(void)fd;
	(void)what;
	if (now < e->armed_for) {
		set_timer(e, now);
		return;
	}
	if (!e->ready && now >= e->wait_end)
		end_wait(e);
	monitor_arm(e);
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

bool monitor_all_known(const struct entry *e)
{
	for (size_t i = 0; i < e->service->nmembers; i++)
		if (verdict_of(e->members[i]) == VERDICT_UNKNOWN)
			return false;
	return true;
}

void monitor_on_report(void *arg, struct watch *w, const struct watch_report *r)
{
	struct watched_member *wm = arg;
	struct entry *e = wm->entry;
	const struct observation own = { .state = r->state, .own = true, .lifetime = OBSERVATION_FOR_EVER };
	(void)w;
	note_result(wm->live, r);
	if (r->state == VERDICT_UNKNOWN)
		return;
	enum verdict before = verdict_of(wm);
	const struct verdict_question question = { DECIDE_OWN, e->service->members[wm->index].site, before };
	enum verdict after = verdict_decide(&question, &own, 1).verdict;
	bool first = !wm->judged, was_ready = e->ready;
	wm->judged = true;
	if (after != before) {
		log_verdict(wm, r, before, after, first);
		set_verdict(wm, after, r->now, first);
	}
	if (!e->ready)
		e->ready = monitor_all_known(e);
	if (after != before || e->ready != was_ready) {
		monitor_arm(e);
		tell(e);
	}
}

void monitor_note_known(struct watched_member *wm, enum verdict state)
{
	const struct watch_report r = { .before = VERDICT_UNKNOWN, .state = state, .now = loop_now(),
	                                .result = state == VERDICT_UP ? RESULT_UNCHECKED : RESULT_L3_RESOLVE };
	enum verdict before = verdict_of(wm);
	note_result(wm->live, &r);
	if (before != state) {
		if (wm->judged)
			log_verdict(wm, &r, before, state, false);
		set_verdict(wm, state, r.now, !wm->judged);
	}
	wm->judged = true;
}
