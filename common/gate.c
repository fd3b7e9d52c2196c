#include "gate.h"

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

/* What step 2 has more than step 1: where everybody may be shed for a client, those come in again for him. */
static void collect_more(const struct service *s, const struct member_view *views, int exclude_site, struct gate *out)
{
	for (size_t i = 0; i < s->nmembers; i++)
		if (is_candidate(&s->members[i], exclude_site) && step_of(&s->members[i], &views[i]) == GATE_UP_ANY)
			out->members[out->n + out->nmore++] = (uint16_t)i;
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

	out->n = out->nmore = 0;
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
	if (best == GATE_UP && policy_sheds(s->policy))
		collect_more(s, views, exclude_site, out);
	out->weight = 0;
	for (size_t i = 0; i < out->n; i++)
		out->weight += s->members[out->members[i]].weight;
}
