#include "watch_parts.h"

#include <stdlib.h>
#include <string.h>
#include "resolve.h"

/* Spec 5: the LB line's check_port, its port, the check's, the type's. */
static uint16_t port_of(const struct member *m, const struct conf_check *c)
{
	if (m->check_port)
		return m->check_port;
	if (m->port)
		return m->port;
	return conf_check_port(c);
}

static void ends_of(const struct conf *conf, const struct member *m, const struct conf_check *check,
                    const struct addr *address, struct addr *to, struct addr *from)
{
	const struct addr *source = conf_probe_source(conf, address->sa.sa_family);
	memset(from, 0, sizeof *from);
	if (source)
		*from = *source;
	*to = *address;
	addr_set_port(to, port_of(m, check));
}

static void ends(const struct watch *w, const struct conf_check *check, const struct addr *address, struct addr *to, struct addr *from)
{
	ends_of(w->conf, w->member, check, address, to, from);
}

/* A resolver that does not answer says nothing about the member: known addresses stay in use. */
static void on_resolved(void *arg, enum resolve_outcome how, const struct addr *addresses, size_t n)
{
	struct watch *w = arg;
	if (how == RESOLVE_NO_ANSWER && w->ncolumns)
		return;
	if (!watch_set_addresses(w, addresses, n))
		return;
	w->no_address = w->ncolumns == 0;
	if (w->no_address || w->state != VERDICT_UNKNOWN)
		watch_report_now(w);
}

static char *name_of(const struct service *s)
{
	char text[DNAME_TEXT_MAX];
	return strdup(dname_to_text(s->name, text));
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
	w->ends = ends;
	w->service = name_of(s);
	size_t n = addresses_of(conf, m, &list);
	bool fine = w->service;
	if (fine && w->nchecks)
		fine = n ? watch_set_addresses(w, list, n) : follow_name(w);
	return watch_finish_new(w, fine);
}

/* Each check would go to the same place from the same place. */
static bool same_ends(const struct watch *w, const struct conf *conf, const struct member *m,
                      const struct conf_check *const *checks)
{
	struct addr to, from, new_to, new_from;
	for (size_t i = 0; i < w->ncolumns; i++) {
		for (size_t c = 0; c < w->nchecks; c++) {
			const struct addr *a = &w->columns[i]->address;
			ends_of(w->conf, w->member, w->checks[c], a, &to, &from);
			ends_of(conf, m, checks[c], a, &new_to, &new_from);
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
		if (w->nchecks && !watch_column(w, &list[i]))
			return false;
	}
	return !w->nchecks || distinct == w->ncolumns;
}

bool watch_update_member(struct watch *w, const struct conf *conf, const struct service *s, const struct member *m)
{
	const struct conf_check *checks[MEMBER_CHECKS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < m->nchecks && n < MEMBER_CHECKS_MAX; i++)
		if (m->checks[i]->type != CHECK_NONE)
			checks[n++] = m->checks[i];
	char *service = name_of(s);
	bool same = service && strcmp(service, w->service) == 0 && watch_same_checks(w, checks, n) && same_targets(w, conf, m) &&
	            same_ends(w, conf, m, checks);
	free(service);
	if (!same)
		return false;
	watch_rebind(w, checks);
	w->conf = conf;
	w->member = m;
	return true;
}
