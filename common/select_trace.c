#include "select_trace.h"

#include <string.h>

#include "metrics.h"
#include "select_parts.h"

/* ---- the gate ---- */

/* Why a member isn't in the gate's set. */
static enum trace_out why_out(const struct member *m, const struct member_view *v, int exclude_site, enum gate_step step)
{
	if (exclude_site != MEMBER_NO_SITE && m->site == exclude_site)
		return TRACE_OUT_SITE;
	if (v->verdict == VERDICT_DRAIN)
		return TRACE_OUT_DRAIN;
	if (step == GATE_FAIL)
		return TRACE_OUT_NO_BACKUP;
	if (v->verdict == VERDICT_UNKNOWN)
		return TRACE_OUT_UNKNOWN;
	if (v->verdict == VERDICT_DOWN)
		return TRACE_OUT_DOWN;
	if (m->backup)
		return TRACE_OUT_BACKUP;
	return v->in_hold ? TRACE_OUT_HOLD : TRACE_OUT_WEIGHT;
}

void gate_trace(const struct service *s, const struct member_view *views, int exclude_site, const struct gate *gate,
                struct select_trace *out)
{
	out->step = gate->step;
	for (size_t i = 0; i < s->nmembers; i++)
		out->out[i] = (uint8_t)why_out(&s->members[i], &views[i], exclude_site, gate->step);
	for (size_t i = 0; i < gate->n; i++)
		out->out[gate->members[i]] = TRACE_IN;
}

/* ---- the choice ---- */

/* Everything that a step looks at, without a trace and with the trace's own scope. */
struct taker {
	struct select_input in;
	struct select_looks looks;
	struct select_trace *trace;
	uint16_t members[SERVICE_MEMBERS_MAX];
	size_t n;
};

/* In which set nobody is left for this client, he gets the next. */
static void take_shed(struct taker *t)
{
	const struct gate *gate = t->in.gate;
	uint64_t client = select_client_hash(&t->in);
	bool any = false;

	t->n = gate->n;
	memset(t->trace->shed_ppm, 0, sizeof t->trace->shed_ppm);
	memcpy(t->members, gate->members, gate->n * sizeof *t->members);
	if (!policy_sheds(t->in.service->policy) || gate->step != GATE_UP)
		return;
	t->n = select_candidates(&t->in, t->members);
	for (size_t i = 0; i < gate->n; i++) {
		bool shed = select_is_shed(&t->in, client, gate->members[i]);

		t->trace->shed_ppm[gate->members[i]] = select_shed_share(&t->in, gate->members[i]);
		t->trace->out[gate->members[i]] = shed ? TRACE_OUT_SHED : TRACE_IN;
		any = any || !shed;
	}
	if (any || t->n == 0)
		return;
	t->trace->step = GATE_UP_ANY;
	for (size_t i = 0; i < t->n; i++)
		t->trace->out[t->members[i]] = TRACE_IN;
}

static const struct rule *take_rules(struct taker *t)
{
	const struct policy *p = t->in.service->policy;
	uint16_t left[SERVICE_MEMBERS_MAX];
	size_t n = t->n;

	t->trace->rule = -1;
	t->trace->nrules = 0;
	for (size_t i = 0; i < p->nrules; i++) {
		enum trace_skip why = select_rule_skip(&p->rules[i], &t->in, &t->looks, t->members, t->n);

		if (i < TRACE_RULES_MAX)
			t->trace->rules[t->trace->nrules++] = (uint8_t)why;
		if (why != TRACE_USED)
			continue;
		t->trace->rule = (int)i;
		memcpy(left, t->members, n * sizeof *left);
		t->n = select_rule_members(&p->rules[i], &t->in, t->members, n);
		for (size_t k = 0; k < n; k++)
			t->trace->out[left[k]] = TRACE_OUT_RULE;
		for (size_t k = 0; k < t->n; k++)
			t->trace->out[t->members[k]] = TRACE_IN;
		return &p->rules[i];
	}
	return NULL;
}

/* Parts each tier of the column before (in `tier`), all of it. */
static void take_column(struct taker *t, enum metric m, uint16_t *tier)
{
	struct trace_metric *out = &t->trace->metrics[t->trace->nmetrics++];
	int64_t keys[SERVICE_MEMBERS_MAX], values[SERVICE_MEMBERS_MAX];
	struct select_input unseen = t->in;
	uint16_t next = 0;
	size_t known;

	for (size_t at = 0, end; at < t->n; at = end) {
		for (end = at + 1; end < t->n && tier[end] == tier[at];)
			end++;
		bool parts = end - at > 1 && metric_keys(m, &t->in, &t->looks, t->members + at, end - at, keys + at);

		for (size_t from = at, size; from < end; from += size, next++) {
			size = parts && end - from > 1 ? metric_split(m, t->members + from, keys + from, end - from) : end - from;
			for (size_t i = 0; i < size; i++)
				out->tier[from + i] = next;
		}
	}
	memcpy(tier, out->tier, t->n * sizeof *tier);
	unseen.scope = NULL; /* of those who are alone in a tier nobody asked */
	known = metric_values(m, &unseen, &t->looks, t->members, t->n, values);
	out->metric = m;
	memcpy(out->order, t->members, t->n * sizeof *t->members);
	for (size_t i = 0; i < t->n; i++)
		out->value[t->members[i]] = known ? values[i] : TRACE_UNKNOWN;
}

/* The last column puts them one by one; which way, select_order has said, as far as it was asked. */
static void take_total(struct taker *t, enum metric m, const uint16_t *answer, size_t n)
{
	struct trace_metric *out = &t->trace->metrics[t->trace->nmetrics++];
	int64_t values[SERVICE_MEMBERS_MAX];
	bool told[SERVICE_MEMBERS_MAX] = { false };
	size_t at = n;

	metric_values(m, &t->in, &t->looks, t->members, t->n, values);
	out->metric = m;
	for (size_t i = 0; i < n; i++) {
		out->order[i] = answer[i];
		told[answer[i]] = true;
	}
	for (size_t i = 0; i < t->n; i++) {
		out->value[t->members[i]] = values[i];
		if (!told[t->members[i]])
			out->order[at++] = t->members[i];
	}
	for (size_t i = 0; i < t->n; i++)
		out->tier[i] = (uint16_t)(i < n ? i : n);
	if (m == METRIC_HASH && t->n > 1)
		select_saw_network(&t->in);
}

static void take_client(struct taker *t)
{
	struct select_trace *out = t->trace;
	const struct place *const *place = t->looks.place;

	out->country = t->looks.done >> GEO_COUNTRY & 1 ? place[GEO_COUNTRY] : NULL;
	out->continent = t->looks.done >> GEO_CONTINENT & 1 ? place[GEO_CONTINENT] : NULL;
	out->asn = t->looks.done >> GEO_ASN & 1 ? place[GEO_ASN] : NULL;
	out->location = t->looks.done >> GEO_LOCATION & 1 ? place[GEO_LOCATION] : NULL;
	out->sites = NULL;
	out->rtt = NULL;
	for (unsigned i = 0; i < out->nmetrics; i++)
		if (out->metrics[i].metric == METRIC_NETWORK)
			out->sites = networks_find(t->in.networks, &t->in.client->address, NULL);
		else if (out->metrics[i].metric == METRIC_RTT)
			out->rtt = rtt_find(t->in.rtt, &t->in.client->network);
}

__attribute__((cold))
void select_trace_take(const struct select_input *in, const uint16_t *out, size_t n)
{
	uint16_t tier[SERVICE_MEMBERS_MAX] = { 0 };
	struct taker t = { .in = *in, .trace = in->trace };
	const struct rule *rule;
	enum metric total;
	size_t columns;

	t.in.trace = NULL;
	t.in.scope = &in->trace->scope;
	in->trace->scope = 0;
	in->trace->nmetrics = 0;
	take_shed(&t);
	rule = take_rules(&t);
	in->trace->ncandidates = (uint16_t)t.n;
	columns = select_columns(rule, &total);
	for (size_t c = 0; c < columns; c++)
		take_column(&t, rule->metrics[c], tier);
	take_total(&t, total, out, n);
	take_client(&t);
	in->trace->nanswer = (uint16_t)n;
	memcpy(in->trace->answer, out, n * sizeof *out);
	/* Of a part of the order not all was looked at. */
	if (in->scope)
		in->trace->scope = *in->scope;
}
