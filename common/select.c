#include "select.h"

#include <string.h>

#include "metrics.h"
#include "select_parts.h"

/* Cold: the query path pays one test for it. */
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/*
 * Sorts no more than is wanted: each column parts off one tier at a time from
 * the tier of the column before, and the innermost is put in order.
 */
__attribute__((noinline))
static void order_tiers(const struct select_input *in, struct select_looks *looks, const struct rule *rule, size_t columns,
                        enum metric total, uint16_t *members, size_t n, size_t want, uint16_t *out)
{
	int64_t keys[RULE_METRICS_MAX][SERVICE_MEMBERS_MAX]; /* of the members at the same places, while their tier lasts */
	size_t end[RULE_METRICS_MAX + 1]; /* end[c]: of the tier by the columns before c, which begins at `at` */
	size_t at = 0, column = 0;

	end[0] = n;
	while (at < want) {
		bool fresh = at == 0; /* a column that goes on with its tier has its keys */
		size_t tier;

		for (; column < columns; column++, fresh = true) {
			enum metric m = rule->metrics[column];
			size_t left = end[column] - at, best = 1;

			if (left > 1) {
				if (fresh && !metric_keys(m, in, looks, members + at, left, keys[column] + at))
					best = left;
				else
					best = metric_split(m, members + at, keys[column] + at, left);
			}
			end[column + 1] = at + best;
		}
		tier = end[columns] - at;
		metric_order(total, in, members + at, tier, tier < want - at ? tier : want - at, out + at);
		at += tier;
		/* Back to the innermost column whose tier has members left. */
		while (column > 0 && end[column] == at)
			column--;
	}
}

/* The usual single answer: each column narrows the set until one is left, and nobody looks back. */
static size_t narrow(const struct select_input *in, struct select_looks *looks, const struct rule *rule, size_t columns, uint16_t *members, size_t n)
{
	for (size_t c = 0; c < columns && n > 1; c++)
		n = metric_narrow(rule->metrics[c], in, looks, members, n);
	return n;
}

/* The gate's set. */
static inline size_t take_gate(const struct gate *gate, size_t count, uint16_t *members)
{
	/* By pieces of a fixed size: for the usual two members the call of a memcpy costs more than they do. */
	for (size_t at = 0; at < count; at += GATE_STRIDE)
		memcpy(members + at, gate->members + at, GATE_STRIDE * sizeof *members);
	return count;
}

__attribute__((noinline))
size_t select_order(const struct select_input *in, size_t want, uint16_t *out)
{
	uint16_t members[SERVICE_MEMBERS_MAX];
	struct select_looks looks;
	size_t n, columns;
	enum metric total;
	const struct rule *rule;

	looks.done = 0;
	n = policy_sheds(in->service->policy) ? select_candidates(in, members) : take_gate(in->gate, in->gate->n, members);
	rule = select_rule(in, &looks, members, &n);
	if (want > n)
		want = n;
	columns = select_columns(rule, &total);
	if (want == 1)
		metric_order(total, in, members, narrow(in, &looks, rule, columns, members, n), 1, out);
	else if (columns > 0)
		order_tiers(in, &looks, rule, columns, total, members, n, want, out);
	else if (want > 0)
		metric_order(total, in, members, n, want, out); /* one tier: the above would do the same at more cost */
	if (UNLIKELY(in->trace))
		select_trace_take(in, out, want);
	return want;
}

uint16_t select_draw(const struct service *s, const struct gate *g, uint64_t random)
{
	return g->members[metric_weight_at(s->members, g->members, metric_below(random, g->weight))];
}
