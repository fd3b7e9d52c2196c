#include "watch_parts.h"

#include <stdlib.h>
#include <string.h>
#include "agent_line.h"
#include "loop.h"
#include "resolve.h"

/* --- state --- */

/* The worse of two: down, open as yet, drain, up. */
static enum verdict both(enum verdict a, enum verdict b)
{
	static const enum verdict order[] = { VERDICT_DOWN, VERDICT_UNKNOWN, VERDICT_DRAIN };
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return VERDICT_UP;
}

/* The better of two: up, open as yet, drain, down. */
static enum verdict either(enum verdict a, enum verdict b)
{
	static const enum verdict order[] = { VERDICT_UP, VERDICT_UNKNOWN, VERDICT_DRAIN };
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return VERDICT_DOWN;
}

/* One definition over all addresses. */
static enum verdict state_of_check(const struct watch *w, size_t check)
{
	bool any = w->checks[check]->need_any;
	enum verdict state = any ? VERDICT_DOWN : VERDICT_UP;
	for (size_t i = 0; i < w->ncolumns; i++)
		state = (any ? either : both)(state, check_state(w->columns[i]->checks[check]));
	return state;
}

/* Unknown: open as yet. */
static enum verdict outcome(const struct watch *w)
{
	enum verdict state = VERDICT_UP;
	if (w->no_address)
		return VERDICT_DOWN;
	if (w->nchecks && !w->ncolumns)
		return VERDICT_UNKNOWN;
	for (size_t i = 0; i < w->nchecks; i++)
		state = both(state, state_of_check(w, i));
	return state;
}

/* How well a check speaks for the state: the first of the best is shown. */
static int fitness(const struct check *k, enum verdict state)
{
	if (state != VERDICT_UP && state != VERDICT_UNKNOWN && check_state(k) == state)
		return 3;
	if (check_is_contrary(k))
		return 2;
	return check_last(k, NULL) != RESULT_NONE;
}

static const struct check *speaker(const struct watch *w)
{
	const struct check *best = NULL;
	for (size_t c = 0; c < w->nchecks; c++) {
		for (size_t i = 0; i < w->ncolumns; i++) {
			const struct check *k = w->columns[i]->checks[c];
			if (!best || fitness(k, w->state) > fitness(best, w->state))
				best = k;
		}
	}
	return best;
}

static uint32_t worst_rtt(const struct watch *w)
{
	uint32_t worst = 0;
	for (size_t i = 0; w->nchecks && i < w->ncolumns; i++) {
		uint32_t rtt = check_rtt_us(w->columns[i]->checks[0]);
		if (rtt > worst)
			worst = rtt;
	}
	return worst;
}

/* The least of what is said of its share of the weight, and of the connections it can take. */
static uint32_t least_said(const struct watch *w)
{
	struct agent_state least = { .has_percent = false }, s;
	for (size_t i = 0; i < w->ncolumns; i++) {
		for (size_t c = 0; c < w->nchecks; c++) {
			agent_unpack(&s, check_agent(w->columns[i]->checks[c]));
			if (s.has_percent && (!least.has_percent || s.percent < least.percent))
				least.percent = s.percent;
			if (s.has_maxconn && (!least.has_maxconn || s.maxconn < least.maxconn))
				least.maxconn = s.maxconn;
			least.has_percent = least.has_percent || s.has_percent;
			least.has_maxconn = least.has_maxconn || s.has_maxconn;
		}
	}
	return agent_pack(&least);
}

static void fill_result(const struct watch *w, struct watch_report *r)
{
	const struct check *k = speaker(w);
	if (w->no_address) {
		r->check = w->checks[0];
		r->result = RESULT_L3_RESOLVE;
	} else if (k) {
		r->check = check_conf(k);
		r->address = check_address(k);
		r->result = check_last(k, &r->detail);
	} else {
		r->result = w->nchecks ? RESULT_NONE : RESULT_UNCHECKED;
	}
	r->rtt_us = worst_rtt(w);
	r->agent = least_said(w);
}

void watch_set_state(struct watch *w, enum verdict state, int64_t now)
{
	if (w->state != state)
		w->since = now;
	w->state = state;
}

void watch_report_now(struct watch *w)
{
	struct watch_report r = { .before = w->state, .now = loop_now() };
	enum verdict state = outcome(w);
	if (state != VERDICT_UNKNOWN && state != w->state) {
		r.first = w->state == VERDICT_UNKNOWN;
		r.lasted = r.now - w->since;
		watch_set_state(w, state, r.now);
	}
	r.state = w->state;
	fill_result(w, &r);
	w->sink.report(w->sink.arg, w, &r);
}

static void on_ended(void *arg, struct check *k)
{
	(void)k;
	watch_report_now(arg);
}

/* --- addresses --- */

static void column_delete(struct watch *w, struct column *col)
{
	for (size_t i = 0; col && i < w->nchecks; i++)
		check_delete(col->checks[i]);
	free(col);
}

static struct column *column_new(struct watch *w, const struct addr *address)
{
	const struct check_sink sink = { on_ended, w };
	struct column *col = calloc(1, sizeof *col + w->nchecks * sizeof *col->checks);
	if (!col)
		return NULL;
	col->address = *address;
	for (size_t i = 0; i < w->nchecks; i++) {
		struct check_params p = { .conf = w->checks[i], .address = *address, .source = w->source, .service = w->service, .preface = w->preface };
		if (w->ends)
			w->ends(w, p.conf, address, &p.address, &p.source);
		col->checks[i] = check_new(w->checker, &p, &sink);
		if (!col->checks[i]) {
			column_delete(w, col);
			return NULL;
		}
	}
	return col;
}

static struct column *column_in(struct column **columns, size_t n, const struct addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (addr_equal(&columns[i]->address, a))
			return columns[i];
	return NULL;
}

struct column *watch_column(const struct watch *w, const struct addr *a)
{
	return column_in(w->columns, w->ncolumns, a);
}

/* Deletes the columns that the other list does not have. */
static void delete_others(struct watch *w, struct column **columns, size_t n, struct column **kept, size_t nkept)
{
	for (size_t i = 0; i < n; i++)
		if (!column_in(kept, nkept, &columns[i]->address))
			column_delete(w, columns[i]);
}

bool watch_set_addresses(struct watch *w, const struct addr *list, size_t n)
{
	struct column **columns = calloc(n + 1, sizeof(struct column *));
	size_t have = 0;
	for (size_t i = 0; columns && i < n; i++) {
		if (column_in(columns, have, &list[i]))
			continue;
		struct column *col = column_in(w->columns, w->ncolumns, &list[i]);
		if (!col)
			col = column_new(w, &list[i]);
		if (!col) {
			delete_others(w, columns, have, w->columns, w->ncolumns);
			free(columns);
			return false;
		}
		columns[have++] = col;
	}
	if (!columns)
		return false;
	delete_others(w, w->columns, w->ncolumns, columns, have);
	free(w->columns);
	w->columns = columns;
	w->ncolumns = have;
	return true;
}

/* --- begin and end --- */

/* The checks that have something to do. */
static bool take_checks(struct watch *w, const struct conf_check *const *checks, size_t n)
{
	w->checks = calloc(n + 1, sizeof *w->checks);
	for (size_t i = 0; w->checks && i < n; i++)
		if (checks[i]->type != CHECK_NONE)
			w->checks[w->nchecks++] = checks[i];
	return w->checks;
}

static void on_out_ended(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	watch_report_now(arg);
}

struct watch *watch_new(struct checker *c, const struct conf_check *const *checks, size_t nchecks,
                        const struct watch_sink *sink)
{
	struct watch *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->checker = c;
	w->sink = *sink;
	w->since = loop_now();
	evtimer_assign(&w->out, checker_base(c), on_out_ended, w);
	if (!take_checks(w, checks, nchecks)) {
		watch_delete(w);
		return NULL;
	}
	return w;
}

struct watch *watch_finish_new(struct watch *w, bool fine)
{
	if (!fine) {
		watch_delete(w);
		return NULL;
	}
	w->state = outcome(w);
	return w;
}

void watch_delete(struct watch *w)
{
	if (!w)
		return;
	resolve_unfollow(w->name);
	for (size_t i = 0; i < w->ncolumns; i++)
		column_delete(w, w->columns[i]);
	event_del(&w->out);
	free(w->columns);
	free(w->checks);
	free(w->service);
	free(w);
}

enum verdict watch_state(const struct watch *w)
{
	return w->state;
}

bool watch_same_checks(const struct watch *w, const struct conf_check *const *checks, size_t n)
{
	if (n != w->nchecks)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!check_conf_same(w->checks[i], checks[i]))
			return false;
	return true;
}

void watch_rebind(struct watch *w, const struct conf_check *const *checks)
{
	for (size_t c = 0; c < w->nchecks; c++) {
		w->checks[c] = checks[c];
		for (size_t i = 0; i < w->ncolumns; i++)
			check_rebind(w->columns[i]->checks[c], checks[c]);
	}
}
