#include "monitor_parts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../common/agent_line.h"
#include "../common/log.h"
#include "../common/weigh.h"
#include "numbers.h"

/* How late the end of an observation by its TTL, whole seconds, may be noticed. */
#define SWEEP_MS 100

/* --- verdicts --- */

static void log_verdict(const struct watched_member *wm, const struct watch_report *r, enum verdict from,
                        const struct verdict_answer *a, int64_t now, bool first)
{
	const struct service *s = wm->entry->service;
	char name[DNAME_TEXT_MAX], address[ADDR_TEXT_MAX], result[CHECK_RESULT_TEXT_MAX];
	double lasted = wm->since ? (double)(now - wm->since) / (double)NS_PER_SECOND : 0;
	const char *msg = first ? "verdict" : "verdict changed";
	dname_to_text(s->name, name);
	if (r)
		log_info(msg, "service=%s member=%s check=%s address=%s result=\"%s\" from=%s to=%s lasted=%.3f source=%s observers=%u/%u",
		         name, s->members[wm->index].label, r->check ? r->check->name : "none",
		         r->address ? addr_text_at(r->address, address) : "none", check_result_text(r->result, r->detail, result),
		         verdict_name(from), verdict_name(a->verdict), lasted, verdict_source_name(a->source), a->up, a->fresh);
	else
		log_info(msg, "service=%s member=%s from=%s to=%s lasted=%.3f source=%s observers=%u/%u", name,
		         s->members[wm->index].label, verdict_name(from), verdict_name(a->verdict), lasted,
		         verdict_source_name(a->source), a->up, a->fresh);
}

/* The first of a process is no change: it starts neither hold nor unrest (spec 5). */
static void set_verdict(struct watched_member *wm, enum verdict v, int64_t now, bool first)
{
	struct live_member *l = wm->live;
	enum verdict before = verdict_of(wm);
	atomic_store_explicit(&l->since_wall, (int64_t)time(NULL), memory_order_relaxed);
	if (!first) {
		atomic_store_explicit(&l->changed_mono, now, memory_order_relaxed);
		int64_t came_back = atomic_load_explicit(&l->came_back_mono, memory_order_relaxed);
		atomic_store_explicit(&l->came_back_mono, monitor_came_back(came_back, before, v, now), memory_order_relaxed);
	}
	atomic_store_explicit(&l->verdict, (uint32_t)v, memory_order_release);
	wm->since = now;
	monitor_save_soon(wm->entry->monitor);
}

/* Observers have the sites' numbers of the newest configuration; a zone with errors keeps its old one. */
static int home_of(const struct entry *e, const struct member *mb)
{
	const struct conf *newest = e->monitor->conf;
	if (mb->site == MEMBER_NO_SITE)
		return OBSERVER_NO_SITE;
	if (e->conf == newest)
		return mb->site;
	for (size_t i = 0; i < newest->nsites; i++)
		if (strcmp(newest->sites[i].name, e->conf->sites[mb->site].name) == 0)
			return (int)i;
	return OBSERVER_NO_SITE;
}

static struct verdict_answer decide(struct watched_member *wm, int64_t now)
{
	struct observation list[OBSERVERS_MAX];
	const struct entry *e = wm->entry;
	const struct monitor *m = e->monitor;
	const struct member *mb = &e->service->members[wm->index];
	const struct verdict_question q = { e->conf->exchange.decide, home_of(e, mb), verdict_of(wm) };
	struct verdict_answer a = verdict_decide(&q, list, observe_gather(m->observe, wm->live, now, list));
	enum verdict order = m->calls.order ? m->calls.order(m->calls.arg, e->service, mb) : VERDICT_UNKNOWN;
	if (order != VERDICT_UNKNOWN) {
		a.verdict = order;
		a.source = SOURCE_ADMIN;
	}
	return a;
}

/* What agents say of the share of its weight that it can bear: the home site's word, without it our own. 0: nothing. */
static uint16_t percent_of(const struct watched_member *wm, int64_t now)
{
	const struct entry *e = wm->entry;
	const struct member *mb = &e->service->members[wm->index];
	const char *home = mb->site == MEMBER_NO_SITE ? NULL : e->conf->sites[mb->site].name;
	if (!numbers_weigh(mb) && !wm->told_percent)
		return 0;
	struct numbers n = numbers_of(wm->live, mb, home, now, loop_seconds(e->conf->exchange.interval));
	return n.has & HAS_WEIGHT ? weigh_said(n.percent) : 0;
}

/* True: it has changed. */
static bool judge_percent(struct watched_member *wm, int64_t now)
{
	uint16_t percent = percent_of(wm, now), before = wm->percent;
	char name[DNAME_TEXT_MAX];
	wm->percent = percent;
	if (percent == before)
		return false;
	log_info("share of weight changed", "service=%s member=%s from=%u%% to=%u%%", dname_to_text(wm->entry->service->name, name),
	         wm->entry->service->members[wm->index].label, before ? before : 100u, percent ? percent : 100u);
	return true;
}

static void tell_seen(const struct watched_member *wm)
{
	const struct entry *e = wm->entry;
	const struct monitor_calls *c = &e->monitor->calls;
	if (c->seen)
		c->seen(c->arg, e->service, &e->service->members[wm->index], wm->live);
}

bool monitor_judge(struct watched_member *wm, const struct watch_report *r)
{
	int64_t now = r ? r->now : loop_now();
	enum verdict before = verdict_of(wm);
	struct verdict_answer a = decide(wm, now);
	bool waited = wm->live->waits;
	monitor_failback(wm, &a);
	if (wm->live->waits != waited)
		tell_seen(wm);
	bool first = !wm->judged, changed = a.verdict != before;
	atomic_store_explicit(&wm->live->source, (uint32_t)a.source, memory_order_relaxed);
	atomic_store_explicit(&wm->live->votes, a.up << 16 | a.fresh, memory_order_relaxed);
	if (a.source == SOURCE_NONE)
		return false;
	wm->judged = true;
	if (changed) {
		log_verdict(wm, r, before, &a, now, first);
		set_verdict(wm, a.verdict, now, first);
	}
	return judge_percent(wm, now) || changed;
}

void monitor_judge_entry(struct entry *e)
{
	bool changed = false;
	for (size_t i = 0; i < e->service->nmembers; i++)
		changed = monitor_judge(e->members[i], NULL) || changed;
	monitor_note_changed(e, changed);
}

void monitor_judge_all(struct monitor *m)
{
	for (size_t i = 0; i < m->nentries; i++)
		monitor_judge_entry(m->entries[i]);
}

/* --- our own checks --- */

static void note_result(struct live_member *l, const struct watch_report *r)
{
	atomic_store_explicit(&l->result, (uint32_t)r->result, memory_order_relaxed);
	atomic_store_explicit(&l->result_detail, r->detail, memory_order_relaxed);
	atomic_store_explicit(&l->rtt_us, r->rtt_us, memory_order_relaxed);
	atomic_store_explicit(&l->seen_mono, r->now, memory_order_relaxed);
	if (r->state != VERDICT_UNKNOWN)
		atomic_fetch_add_explicit(&l->rounds, 1, memory_order_relaxed);
}

static enum observe_result put_own(struct watched_member *wm, const struct watch_report *r)
{
	struct observe *o = wm->entry->monitor->observe;
	struct update_observation said = { .state = r->state, .has = r->rtt_us ? HAS_RTT : 0, .rtt_us = r->rtt_us };
	struct agent_state agent;
	agent_unpack(&agent, r->agent);
	said.has |= (agent.has_percent ? HAS_WEIGHT : 0) | (agent.has_maxconn ? HAS_CAPACITY : 0);
	said.percent = agent.percent;
	said.capacity = agent.maxconn;
	check_result_text(r->result, r->detail, said.check);
	return observe_put(o, wm->live, observe_own(o), &said, OBSERVE_FOR_EVER, r->now);
}

static void tell_numbers(const struct entry *e)
{
	const struct monitor_calls *c = &e->monitor->calls;
	if (c->numbers)
		c->numbers(c->arg, e->service);
}

void monitor_on_report(void *arg, struct watch *w, const struct watch_report *r)
{
	struct watched_member *wm = arg;
	(void)w;
	note_result(wm->live, r);
	tell_numbers(wm->entry);
	if (r->state == VERDICT_UNKNOWN)
		return;
	bool news = put_own(wm, r) == OBSERVE_CHANGED;
	if (news)
		tell_seen(wm);
	if (news || !wm->judged)
		monitor_note_changed(wm->entry, monitor_judge(wm, r));
}

void monitor_note_known(struct watched_member *wm, enum verdict state)
{
	const struct watch_report r = { .before = VERDICT_UNKNOWN, .state = state, .now = loop_now(),
	                                .result = state == VERDICT_UP ? RESULT_UNCHECKED : RESULT_L3_RESOLVE };
	note_result(wm->live, &r);
	if (put_own(wm, &r) == OBSERVE_CHANGED)
		tell_seen(wm);
}

void monitor_note_unwatched(struct watched_member *wm)
{
	const struct watch_report r = { .state = VERDICT_UNKNOWN, .now = loop_now(), .result = RESULT_NONE };
	note_result(wm->live, &r);
	put_own(wm, &r);
	tell_seen(wm);
}

/* --- what others say --- */

static void sweep_later(struct monitor *m)
{
	const struct timeval tv = { .tv_usec = SWEEP_MS * 1000 };
	if (!m->sweeping)
		event_add(&m->sweep, &tv);
	m->sweeping = true;
}

static void judge_and_tell(struct watched_member *wm)
{
	monitor_note_changed(wm->entry, monitor_judge(wm, NULL));
}

enum observe_result monitor_take(struct monitor *m, struct live_member *l, struct observer *who,
                                 const struct update_observation *said, uint32_t ttl)
{
	struct watched_member *wm = l->watched;
	int64_t now = loop_now(), end = now + (int64_t)ttl * NS_PER_SECOND;
	enum observe_result result = observe_put(m->observe, l, who, said, ttl, now);
	if (result == OBSERVE_OLD || result == OBSERVE_FAILED)
		return result;
	observe_note_heard(m->observe, who, now);
	if (!wm)
		return result;
	wm->told_percent = wm->told_percent || said->has & HAS_WEIGHT;
	if (end < wm->next_end)
		wm->next_end = end;
	sweep_later(m);
	tell_numbers(wm->entry);
	bool failed = said->has & HAS_FAILED && who->dnsd && monitor_failback_told(wm, who, said->failed);
	if (result == OBSERVE_CHANGED || failed)
		judge_and_tell(wm);
	return result;
}

bool monitor_take_again(struct monitor *m, struct live_member *l, struct observer *who, const struct observe_repeat *r, int64_t now)
{
	if (!observe_again(m->observe, l, who, r, now))
		return false;
	if (l->asks_numbers && r->has_rtt && l->watched)
		tell_numbers(((struct watched_member *)l->watched)->entry);
	observe_note_heard(m->observe, who, now);
	return true;
}

void monitor_forget(struct monitor *m, struct live_member *l, struct observer *who)
{
	(void)m;
	struct watched_member *wm = l->watched;
	observe_forget(l, who);
	if (!wm)
		return;
	tell_numbers(wm->entry);
	judge_and_tell(wm);
}

/* The bound that was kept may have been too early: whoever spoke again has moved the end. */
static void look_for_ends(struct watched_member *wm, int64_t now)
{
	bool ended;
	wm->next_end = observe_next_end(wm->live, wm->ends_seen, now, &ended);
	wm->ends_seen = now;
	if (!ended)
		return;
	tell_numbers(wm->entry);
	judge_and_tell(wm);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *m = arg;
	int64_t now = loop_now();
	bool more = false;
	(void)fd;
	(void)what;
	m->sweeping = false;
	for (size_t i = 0; i < m->nentries; i++) {
		struct entry *e = m->entries[i];
		for (size_t k = 0; k < e->service->nmembers; k++) {
			struct watched_member *wm = e->members[k];
			if (wm->next_end <= now)
				look_for_ends(wm, now);
			more = more || wm->next_end != INT64_MAX;
		}
	}
	if (more)
		sweep_later(m);
}

void monitor_judge_said(struct entry *e, const struct observer *who)
{
	struct seen s;
	bool changed = false;
	for (size_t i = 0; i < e->service->nmembers; i++)
		if (observe_read(e->members[i]->live, who->id, &s))
			changed = monitor_judge(e->members[i], NULL) || changed;
	tell_numbers(e);
	monitor_note_changed(e, changed);
}

/* --- begin and end --- */

void monitor_judge_begin(struct monitor *m)
{
	evtimer_assign(&m->sweep, m->base, on_sweep, m);
}

void monitor_judge_end(struct monitor *m)
{
	event_del(&m->sweep);
}
