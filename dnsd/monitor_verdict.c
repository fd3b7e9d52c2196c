#include "monitor_parts.h"

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

bool monitor_all_known(const struct entry *e)
{
	for (size_t i = 0; i < e->service->nmembers; i++)
		if (verdict_of(e->members[i]) == VERDICT_UNKNOWN)
			return false;
	return true;
}

void monitor_note_changed(struct entry *e, bool changed)
{
	bool was_ready = e->ready;
	if (!e->ready)
		e->ready = monitor_all_known(e);
	if (!changed && e->ready == was_ready)
		return;
	monitor_arm(e);
	tell(e);
}
