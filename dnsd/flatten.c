#include "flatten.h"

#include <stdlib.h>
#include <string.h>
#include "../common/log.h"
#include "../common/resolve.h"

struct followed {
	struct flatten *flatten;
	const struct member *member;
	struct resolved_name *name;    /* NULL: the member has addresses of its own */
	struct addr addresses[RESOLVE_ADDRESSES_MAX];
	size_t naddresses;
};

struct flatten {
	struct lb *lb;
	struct flatten_calls calls;
	struct followed members[];     /* as the service's */
};

static bool same(const struct followed *f, const struct addr *addresses, size_t n)
{
	if (n != f->naddresses)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!addr_same_ip(&addresses[i], &f->addresses[i]))
			return false;
	return true;
}

/* Nobody answered: what was known stays. The name has no address: an answer, too. */
static void on_resolved(void *arg, enum resolve_outcome outcome, const struct addr *addresses, size_t n)
{
	struct followed *f = arg;
	char name[DNAME_TEXT_MAX], service[DNAME_TEXT_MAX];
	if (outcome == RESOLVE_NO_ANSWER || same(f, addresses, n))
		return;
	memcpy(f->addresses, addresses, n * sizeof *addresses);
	f->naddresses = n;
	log_info("addresses of a host name changed", "service=%s member=%s name=%s addresses=%zu",
		dname_to_text(f->flatten->lb->service->name, service), f->member->label, dname_to_text(f->member->host, name), n);
	f->flatten->calls.changed(f->flatten->calls.arg, f->flatten->lb);
}

struct flatten *flatten_new(struct resolver *r, struct lb *lb, const struct flatten_calls *calls)
{
	const struct service *s = lb->service;
	struct flatten *f = calloc(1, sizeof *f + s->nmembers * sizeof f->members[0]);
	if (!f)
		return NULL;
	f->lb = lb;
	f->calls = *calls;
	for (size_t i = 0; i < s->nmembers; i++) {
		struct followed *m = &f->members[i];
		struct resolve_sink sink = { .resolved = on_resolved, .arg = m };
		char name[DNAME_TEXT_MAX];
		m->flatten = f;
		m->member = &s->members[i];
		if (!m->member->host)
			continue;
		m->name = resolve_follow(r, dname_to_text(m->member->host, name), &sink);
		if (!m->name) {
			flatten_delete(f);
			return NULL;
		}
	}
	return f;
}

void flatten_delete(struct flatten *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->lb->service->nmembers; i++)
		if (f->members[i].name)
			resolve_unfollow(f->members[i].name);
	free(f);
}

bool flatten_fill(const struct flatten *f, struct lb_state *st)
{
	size_t n = f->lb->service->nmembers;
	st->resolved = calloc(n, sizeof *st->resolved);
	if (!st->resolved)
		return false;
	st->nresolved = n;
	for (size_t i = 0; i < n; i++) {
		const struct followed *m = &f->members[i];
		if (m->name && (!lb_lay_out(&st->resolved[i].a, m->addresses, m->naddresses, AF_INET)
			|| !lb_lay_out(&st->resolved[i].aaaa, m->addresses, m->naddresses, AF_INET6)))
			return false;
	}
	return true;
}
