#include "select.h"
#include <string.h>
#include "metrics.h"

static bool is_candidate(const struct member *m, int exclude_site)
{
	return exclude_site == MEMBER_NO_SITE || m->site != exclude_site;
}

/* The first of the gate's sets that a member is in; GATE_NONE: none that asks for being up. */
static enum gate_step step_of(const struct member *m, const struct member_view *v)
{
	if (v->verdict != VERDICT_UP)
		return GATE_NONE;
	if (m->backup)
		return GATE_BACKUP;
	return m->weight == 0 || v->in_hold ? GATE_UP_ANY : GATE_UP;
}

/* Step 4's members. */
enum fail_set { FAIL_SET_NOT_DRAINED, FAIL_SET_ALL, FAIL_SET_BACKUP };

static bool in_fail_set(enum fail_set set, const struct member *m, const struct member_view *v)
{
	switch (set) {
	case FAIL_SET_NOT_DRAINED: return v->verdict != VERDICT_DRAIN;
	case FAIL_SET_BACKUP: return m->backup;
	default: return true;
	}
}

static void collect_fail_set(const struct service *s, const struct member_view *views, int exclude_site,
                             enum fail_set set, struct gate *out)
{
	for (size_t i = 0; i < s->nmembers; i++)
		if (is_candidate(&s->members[i], exclude_site) && in_fail_set(set, &s->members[i], &views[i]))
			out->members[out->n++] = (uint16_t)i;
	if (out->n > 0)
		out->step = GATE_FAIL;
}

/*
 * fail      taken are, the first that aren't none
 * open      all but the drained; all
 * backup    the backup members; then as open
 * closed    -
 */
static void gate_fail(const struct service *s, const struct member_view *views, int exclude_site, struct gate *out)
{
	if (s->policy->fail == FAIL_CLOSED)
		return;
	if (s->policy->fail == FAIL_BACKUP)
		collect_fail_set(s, views, exclude_site, FAIL_SET_BACKUP, out);
	if (out->n == 0)
		collect_fail_set(s, views, exclude_site, FAIL_SET_NOT_DRAINED, out);
	if (out->n == 0)
		collect_fail_set(s, views, exclude_site, FAIL_SET_ALL, out);
}

/*
 * step         members that are
 * GATE_UP      up, not in hold, weight above 0, not backup
 * GATE_UP_ANY  up, not backup
 * GATE_BACKUP  up, backup
 * GATE_FAIL    by `fail`, if the caller allows it
 * GATE_NONE    -
 */
void gate_compute(const struct service *s, const struct member_view *views, int exclude_site,
                  bool may_fail, struct gate *out)
{
	enum gate_step best = GATE_NONE;

	out->n = 0;
	for (size_t i = 0; i < s->nmembers; i++) {
		enum gate_step step = step_of(&s->members[i], &views[i]);

		if (step >= GATE_NONE || step > best || !is_candidate(&s->members[i], exclude_site))
			continue;
		if (step < best)
			out->n = 0;
		best = step;
		out->members[out->n++] = (uint16_t)i;
	}
	out->step = best;
	if (best == GATE_NONE && may_fail)
		gate_fail(s, views, exclude_site, out);
	out->weight = 0;
	for (size_t i = 0; i < out->n; i++)
		out->weight += s->members[out->members[i]].weight;
}

static bool rule_covers_client(const struct rule *r, const struct select_client *client)
{
	for (size_t i = 0; i < r->nfrom; i++)
		if (prefix_covers(&r->from[i], &client->address))
			return true;
	return r->nfrom == 0;
}

static bool rule_has_site(const struct rule *r, int site)
{
	for (size_t i = 0; i < r->nsites; i++)
		if (site != MEMBER_NO_SITE && r->sites[i] == (uint64_t)site)
			return true;
	return r->nsites == 0;
}

/* The members of the gate that the rule (NULL: none) lets be candidates; returns how many. */
static size_t rule_members(const struct rule *r, const struct select_input *in, uint16_t *members)
{
	const struct gate *gate = in->gate;
	size_t n = 0;

	if (r && r->nsites > 0) {
		for (size_t i = 0; i < gate->n; i++)
			if (rule_has_site(r, in->service->members[gate->members[i]].site))
				members[n++] = gate->members[i];
		return n;
	}
	/* Not memcpy: for the usual two members its call costs more than they do. */
	for (; n < gate->n; n++)
		members[n] = gate->members[n];
	return n;
}

/*
 * Within which prefix of the client the rule's `from` says what it says. The
 * list is disjoint and merged (conf), so a hit is decided by one prefix, and
 * a miss by the first bit that differs from the nearest.
 */
static void scope_of_from(const struct rule *r, const struct select_client *client, uint8_t *scope)
{
	for (size_t i = 0; i < r->nfrom; i++) {
		if (r->from[i].family != client->address.sa.sa_family)
			continue;
		unsigned bits = prefix_common(&r->from[i], &client->address);
		if (bits < r->from[i].length)
			bits++;
		else
			i = r->nfrom - 1;
		if (bits > *scope)
			*scope = (uint8_t)bits;
	}
}

/* The rule for this client, NULL: none matches; its candidates in `members`, *n of them. */
static const struct rule *pick_rule(const struct select_input *in, uint16_t *members, size_t *n)
{
	const struct policy *p = in->service->policy;

	for (size_t i = 0; i < p->nrules; i++) {
		if (in->scope)
			scope_of_from(&p->rules[i], in->client, in->scope);
		if (rule_covers_client(&p->rules[i], in->client) && (*n = rule_members(&p->rules[i], in, members)) > 0)
			return &p->rules[i];
	}
	*n = rule_members(NULL, in, members);
	return NULL;
}

/* The metrics that part into tiers stand before `*total`, the first that is total; `weighted` is behind all. */
static size_t tier_columns(const struct rule *r, enum metric *total)
{
	size_t n = 0;

	*total = METRIC_WEIGHTED;
	while (r && n < r->nmetrics && !metric_is_total(r->metrics[n]))
		n++;
	if (r && n < r->nmetrics)
		*total = r->metrics[n];
	return n;
}

size_t select_order(const struct select_input *in, size_t want, uint16_t *out)
{
	uint16_t members[SERVICE_MEMBERS_MAX];
	size_t end[RULE_METRICS_MAX + 1]; /* end[c]: of the tier by the columns before c, which begins at `at` */
	size_t n, at = 0, column = 0, columns;
	enum metric total;
	const struct rule *rule = pick_rule(in, members, &n);

	if (want > n)
		want = n;
	columns = tier_columns(rule, &total);
	if (columns == 0) {
		/* One tier: what follows would do the same at more cost. */
		if (want > 0)
			metric_order(total, in, members, n, want, out);
		return want;
	}
	end[0] = n;
	while (at < want) {
		size_t tier;

		for (; column < columns; column++)
			end[column + 1] = at + metric_split(rule->metrics[column], in, members + at, end[column] - at);
		tier = end[columns] - at;
		metric_order(total, in, members + at, tier, tier < want - at ? tier : want - at, out + at);
		at += tier;
		/* Back to the innermost column whose tier has members left. */
		while (column > 0 && end[column] == at)
			column--;
	}
	return want;
}
