#include "watch.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include "loop.h"
#include "resolve.h"

/* One address and all checks of it. */
struct column {
	struct addr address;          /* as in the zone (port 0), or a real server's with its port */
	struct check *checks[];       /* as many as the watch has */
};

struct watch {
	struct checker *checker;
	struct watch_sink sink;
	const struct conf_check **checks; size_t nchecks; /* none: always up */
	struct column **columns; size_t ncolumns;
	struct resolved_name *name;   /* a host name target; NULL: addresses */
	bool no_address;              /* the name has none */
	char *host;                   /* for the Host field; may be NULL */
	/* A member's: they tell port and source of addresses that come later. A real server's: NULL. */
	const struct conf *conf;
	const struct member *member;
	struct addr source;           /* a real server's */
	struct event out;             /* a real server's without check: until it is in use again */
	enum verdict state;
	int64_t since;                /* ns: begin of `state` */
};

/* --- state --- */

/* One definition over all addresses. */
static enum verdict state_of_check(const struct watch *w, size_t check)
{
	bool any = w->checks[check]->need_any;
	enum verdict decisive = any ? VERDICT_UP : VERDICT_DOWN;
	enum verdict state = any ? VERDICT_DOWN : VERDICT_UP;
	for (size_t i = 0; i < w->ncolumns; i++) {
		enum verdict s = check_state(w->columns[i]->checks[check]);
		if (s == decisive)
			return decisive;
		if (s == VERDICT_UNKNOWN)
			state = VERDICT_UNKNOWN;
	}
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
	for (size_t i = 0; i < w->nchecks; i++) {
		enum verdict s = state_of_check(w, i);
		if (s == VERDICT_DOWN)
			return VERDICT_DOWN;
		if (s == VERDICT_UNKNOWN)
			state = VERDICT_UNKNOWN;
	}
	return state;
}

/* How well a check speaks for the state: the first of the best is shown. */
static int fitness(const struct check *k, enum verdict state)
{
	if (state == VERDICT_DOWN && check_state(k) == VERDICT_DOWN)
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
}

static void set_state(struct watch *w, enum verdict state, int64_t now)
{
	if (w->state != state)
		w->since = now;
	w->state = state;
}

static void report(struct watch *w)
{
	struct watch_report r = { .before = w->state, .now = loop_now() };
	enum verdict state = outcome(w);
	if (state != VERDICT_UNKNOWN && state != w->state) {
		r.first = w->state == VERDICT_UNKNOWN;
		r.lasted = r.now - w->since;
		set_state(w, state, r.now);
	}
	r.state = w->state;
	fill_result(w, &r);
	w->sink.report(w->sink.arg, w, &r);
}

static void on_ended(void *arg, struct check *k)
{
	(void)k;
	report(arg);
}

/* --- addresses --- */

/* Spec 5: the LB line's check_port, its port, the check's, the type's. */
static uint16_t port_of(const struct member *m, const struct conf_check *c)
{
	if (m->check_port)
		return m->check_port;
	if (m->port)
		return m->port;
	return c->port ? c->port : check_default_port(c->type);
}

/* Where a member's probe goes to and comes from. */
static void member_ends(const struct conf *conf, const struct member *m, const struct conf_check *check,
                        const struct addr *address, struct addr *to, struct addr *from)
{
	const struct addr *source = conf_probe_source(conf, address->sa.sa_family);
	memset(from, 0, sizeof *from);
	if (source)
		*from = *source;
	*to = *address;
	addr_set_port(to, port_of(m, check));
}

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
		struct check_params p = { .conf = w->checks[i], .address = *address, .source = w->source, .host = w->host };
		if (w->member)
			member_ends(w->conf, w->member, p.conf, address, &p.address, &p.source);
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

/* Deletes the columns that the other list does not have. */
static void delete_others(struct watch *w, struct column **columns, size_t n, struct column **kept, size_t nkept)
{
	for (size_t i = 0; i < n; i++)
		if (!column_in(kept, nkept, &columns[i]->address))
			column_delete(w, columns[i]);
}

/* Probes `list` from now on; an address that was there goes on as it was. False: no memory, and nothing has changed. */
static bool set_addresses(struct watch *w, const struct addr *list, size_t n)
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

/* A resolver that does not answer says nothing about the member: known addresses stay in use. */
static void on_resolved(void *arg, enum resolve_outcome how, const struct addr *addresses, size_t n)
{
	struct watch *w = arg;
	if (how == RESOLVE_NO_ANSWER && w->ncolumns)
		return;
	if (!set_addresses(w, addresses, n))
		return;
	w->no_address = w->ncolumns == 0;
	if (w->no_address || w->state != VERDICT_UNKNOWN)
		report(w);
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
	report(arg);
}

static struct watch *watch_new(struct checker *c, const struct conf_check *const *checks, size_t nchecks,
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

/* What is known without a probe: no checks, or no way to resolve. */
static struct watch *finish_new(struct watch *w, bool fine)
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
	free(w->host);
	free(w);
}

enum verdict watch_state(const struct watch *w)
{
	return w->state;
}

/* --- members --- */

/* The service's name for the Host field, without final dot; of a wildcard the part that is a name. NULL: no memory. */
static char *host_of(const struct service *s)
{
	char text[DNAME_TEXT_MAX];
	dname_to_text(s->wildcard ? dname_parent(s->name) : s->name, text);
	size_t len = strlen(text);
	if (len > 1 && text[len - 1] == '.')
		text[len - 1] = '\0';
	return strdup(text);
}

/* What is probed: `inside` from its own site, else the targets. 0: a host name. */
static size_t addresses_of(const struct conf *conf, const struct member *m, const struct addr **list)
{
	bool home = conf->own && m->site == (int)conf->own->index;
	*list = m->has_inside && home ? &m->inside : m->targets;
	return m->has_inside && home ? 1 : m->ntargets;
}

static bool follow_name(struct watch *w)
{
	const struct resolve_sink sink = { on_resolved, w };
	struct resolver *r = checker_resolver(w->checker);
	char text[DNAME_TEXT_MAX];
	if (!r) {
		w->no_address = true;
		return true;
	}
	w->name = resolve_follow(r, dname_to_text(w->member->host, text), &sink);
	return w->name;
}

struct watch *watch_new_member(struct checker *c, const struct conf *conf, const struct service *s,
                               const struct member *m, const struct watch_sink *sink)
{
	const struct addr *list;
	struct watch *w = watch_new(c, m->checks, m->nchecks, sink);
	if (!w)
		return NULL;
	w->conf = conf;
	w->member = m;
	w->host = host_of(s);
	size_t n = addresses_of(conf, m, &list);
	bool fine = w->host;
	if (fine && w->nchecks)
		fine = n ? set_addresses(w, list, n) : follow_name(w);
	return finish_new(w, fine);
}

/* Each check would go to the same place from the same place. */
static bool same_ends(const struct watch *w, const struct conf *conf, const struct member *m,
                      const struct conf_check *const *checks)
{
	struct addr to, from, new_to, new_from;
	for (size_t i = 0; i < w->ncolumns; i++) {
		for (size_t c = 0; c < w->nchecks; c++) {
			const struct addr *a = &w->columns[i]->address;
			member_ends(w->conf, w->member, w->checks[c], a, &to, &from);
			member_ends(conf, m, checks[c], a, &new_to, &new_from);
			if (!addr_equal(&to, &new_to) || from.sa.sa_family != new_from.sa.sa_family ||
			    (from.sa.sa_family != AF_UNSPEC && !addr_same_ip(&from, &new_from)))
				return false;
		}
	}
	return true;
}

static bool same_targets(const struct watch *w, const struct conf *conf, const struct member *m)
{
	const struct addr *list;
	size_t n = addresses_of(conf, m, &list), distinct = 0;
	if (w->name || w->no_address)
		return n == 0 && m->host && w->member->host && dname_equal(m->host, w->member->host);
	for (size_t i = 0; i < n; i++) {
		size_t first = 0;
		while (!addr_equal(&list[first], &list[i]))
			first++;
		distinct += first == i;
		if (w->nchecks && !column_in(w->columns, w->ncolumns, &list[i]))
			return false;
	}
	return !w->nchecks || distinct == w->ncolumns;
}

static bool same_checks(const struct watch *w, const struct conf_check *const *checks, size_t n)
{
	if (n != w->nchecks)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!check_conf_same(w->checks[i], checks[i]))
			return false;
	return true;
}

static void rebind(struct watch *w, const struct conf_check *const *checks)
{
	for (size_t c = 0; c < w->nchecks; c++) {
		w->checks[c] = checks[c];
		for (size_t i = 0; i < w->ncolumns; i++)
			check_rebind(w->columns[i]->checks[c], checks[c]);
	}
}

bool watch_update_member(struct watch *w, const struct conf *conf, const struct service *s, const struct member *m)
{
	const struct conf_check *checks[MEMBER_CHECKS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < m->nchecks && n < MEMBER_CHECKS_MAX; i++)
		if (m->checks[i]->type != CHECK_NONE)
			checks[n++] = m->checks[i];
	char *host = host_of(s);
	bool same = host && strcmp(host, w->host) == 0 && same_checks(w, checks, n) && same_targets(w, conf, m) &&
	            same_ends(w, conf, m, checks);
	free(host);
	if (!same)
		return false;
	rebind(w, checks);
	w->conf = conf;
	w->member = m;
	return true;
}

/* --- real servers --- */

struct watch *watch_new_server(struct checker *c, const struct conf_check *check, const struct addr *address,
                               const struct addr *source, const char *host, const struct watch_sink *sink)
{
	struct watch *w = watch_new(c, &check, check ? 1 : 0, sink);
	if (!w)
		return NULL;
	if (source)
		w->source = *source;
	w->host = host ? strdup(host) : NULL;
	return finish_new(w, (!host || w->host) && set_addresses(w, address, 1));
}

bool watch_update_server(struct watch *w, const struct conf_check *check, const struct addr *address,
                         const struct addr *source, const char *host)
{
	size_t n = check && check->type != CHECK_NONE ? 1 : 0;
	bool same_source = source ? w->source.sa.sa_family != AF_UNSPEC && addr_equal(&w->source, source)
	                          : w->source.sa.sa_family == AF_UNSPEC;
	bool same_host = !host == !w->host && (!host || strcmp(host, w->host) == 0);
	if (!same_source || !same_host || !same_checks(w, &check, n) || !addr_equal(&w->columns[0]->address, address))
		return false;
	rebind(w, &check);
	return true;
}

void watch_failed(struct watch *w, enum check_result why)
{
	const struct timeval out = { .tv_sec = WATCH_OUT_SECONDS };
	set_state(w, VERDICT_DOWN, loop_now());
	for (size_t i = 0; i < w->ncolumns; i++)
		for (size_t c = 0; c < w->nchecks; c++)
			check_force_down(w->columns[i]->checks[c], why);
	if (!w->nchecks)
		event_add(&w->out, &out);
}
