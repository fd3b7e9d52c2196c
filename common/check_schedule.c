#include "check_kind.h"

#include <errno.h>
#include "log.h"
#include "loop.h"

/* The first round takes no longer, however long the interval. */
#define FIRST_ROUND (1 * NS_PER_SECOND)
/* When we are short of descriptors or ports: some probe or session has to end first. */
#define POSTPONE_TIME (100 * NS_PER_MS)
/* Smoothing of the response time: the weight of a new one (as TCP's, RFC 6298). */
#define RTT_SHARE 8
/* A shortage that lasts is said this often. */
#define SHORTAGE_SAID_EACH (60 * NS_PER_SECOND)

/* --- decisions --- */

bool check_count(struct check_history *h, bool passed, unsigned rise, unsigned fall)
{
	enum verdict says = passed ? VERDICT_UP : VERDICT_DOWN;
	if (h->state == says) {
		h->contrary = 0;
		return false;
	}
	unsigned needed = h->state == VERDICT_UNKNOWN ? 1 : passed ? rise : fall;
	if (++h->contrary < needed)
		return false;
	h->state = says;
	h->contrary = 0;
	return true;
}

int64_t check_next_start(const struct check_times *t, int64_t due, int64_t now, bool contrary)
{
	if (contrary)
		return due + t->fast > now ? due + t->fast : now;
	int64_t after = due > now ? due : now; /* a timer may come a little early */
	if (after < t->origin)
		return t->origin;
	return t->origin + ((after - t->origin) / t->interval + 1) * t->interval;
}

double check_place(uint32_t n)
{
	/* 2^32 / golden ratio: the multiples wrap by themselves. */
	return (double)(n * 2654435769u) / 4294967296.0;
}

/* --- schedule --- */

static void timer_at(struct check *k, int64_t at)
{
	int64_t wait = at - loop_now();
	struct timeval tv = { 0, 0 };
	if (wait > 0) {
		tv.tv_sec = (time_t)(wait / NS_PER_SECOND);
		tv.tv_usec = (suseconds_t)(wait % NS_PER_SECOND / 1000);
	}
	event_add(&k->timer, &tv);
}

static void start_at(struct check *k, int64_t at)
{
	k->due = at;
	timer_at(k, at);
}

void check_set_time(struct check *k, int64_t at)
{
	timer_at(k, at < k->deadline ? at : k->deadline);
}

int64_t check_took(const struct check *k)
{
	return loop_now() - k->started;
}

static void begin(struct check *k)
{
	k->running = true;
	k->began_before = false;
	k->started = loop_now();
	k->deadline = k->started + loop_seconds(k->conf->timeout);
	k->checker->counts.started++;
	k->checker->counts.running++;
	timer_at(k, k->deadline);
	k->kind->start(k);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct check *k = arg;
	(void)fd;
	(void)what;
	if (k->running)
		k->kind->time_up(k);
	else
		begin(k);
}

static void stop_probe(struct check *k)
{
	if (!k->running)
		return;
	k->kind->stop(k);
	k->running = false;
	k->checker->counts.running--;
}

static void note_rtt(struct check *k, int64_t took)
{
	int64_t us = took / 1000 < 1 ? 1 : took / 1000 > UINT32_MAX ? UINT32_MAX : took / 1000;
	if (k->rtt_us)
		us = k->rtt_us + (us - (int64_t)k->rtt_us) / RTT_SHARE;
	k->rtt_us = (uint32_t)(us < 1 ? 1 : us);
}

void check_end(struct check *k, enum check_result result, uint32_t detail, int64_t took)
{
	bool passed = check_result_passed(result);
	stop_probe(k);
	k->checker->counts.results[result]++;
	if (passed && k->began_before) {
		start_at(k, check_next_start(&k->times, k->due, loop_now(), true));
		return;
	}
	k->result = result;
	k->detail = detail;
	if (passed) {
		k->drains = result == RESULT_L7_SAYS_DRAIN;
		note_rtt(k, took);
	}
	check_count(&k->history, passed, k->conf->rise, k->conf->fall);
	start_at(k, check_next_start(&k->times, k->due, loop_now(), check_is_contrary(k)));
	k->sink.ended(k->sink.arg, k);
}

bool check_is_our_lack(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS ||
	       error == EADDRNOTAVAIL || error == EADDRINUSE || error == EAGAIN;
}

void check_postpone(struct check *k, const char *why)
{
	struct checker *c = k->checker;
	stop_probe(k);
	c->counts.started--;
	c->counts.postponed++;
	if (!c->shortage_said || loop_now() - c->shortage_said >= SHORTAGE_SAID_EACH) {
		log_warn("probes are postponed", "why=\"%s\" postponed=%llu", why, (unsigned long long)c->counts.postponed);
		c->shortage_said = loop_now();
	}
	timer_at(k, loop_now() + POSTPONE_TIME);
}

void check_force_down(struct check *k, enum check_result why)
{
	k->history.state = VERDICT_DOWN;
	k->history.contrary = 0;
	k->result = why;
	k->detail = 0;
	if (k->running)
		k->began_before = true;
	else
		start_at(k, loop_now());
}

/* Its own place in the period, and within the first round if the period is longer. */
void check_begin(struct check *k)
{
	k->times.interval = loop_seconds(k->conf->interval);
	k->times.fast = loop_seconds(k->conf->fast_interval);
	evtimer_assign(&k->timer, k->checker->base, on_timer, k);
	double place = check_place(k->checker->places++);
	int64_t round = k->times.interval < FIRST_ROUND ? k->times.interval : FIRST_ROUND;
	int64_t now = loop_now();
	k->times.origin = now + (int64_t)(place * (double)k->times.interval);
	start_at(k, now + (int64_t)(place * (double)round));
}

void check_stop(struct check *k)
{
	stop_probe(k);
	if (event_initialized(&k->timer)) /* else it never began */
		event_del(&k->timer);
}

/* --- what came of it --- */

enum verdict check_state(const struct check *k)
{
	return k->history.state == VERDICT_UP && k->drains ? VERDICT_DRAIN : k->history.state;
}

/* After check_force_down there is no result that contradicts, but the next is wanted as soon as if there were. */
bool check_is_contrary(const struct check *k)
{
	return k->history.contrary > 0;
}
