/* Keys, and the tiers that they make; declared in metrics.h. */
#include <string.h>

#include "metrics.h"

/*
 * How much worse than the best is as good as it (spec 4).
 *     tenth    of the best value     least    at least so much, in the value's unit
 */
static const struct { bool tenth; int64_t least; } tolerances[METRIC_COUNT] = {
	[METRIC_GEO] = { true, 50000 },
	[METRIC_RTT] = { true, 2000 },
	[METRIC_RESPONSE] = { true, 1000 },
	[METRIC_LEASTCONN] = { true, 0 },
	[METRIC_CAPACITY] = { false, 100000 },
};

/* Shell's sort, gaps by Ciura: for the few there are, and never quadratic in earnest. */
static void sort(int64_t *keys, size_t n)
{
	static const size_t gaps[] = { 132, 57, 23, 10, 4, 1 };

	for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
		for (size_t i = gaps[g]; i < n; i++) {
			int64_t key = keys[i];
			size_t k = i;

			for (; k >= gaps[g] && keys[k - gaps[g]] > key; k -= gaps[g])
				keys[k] = keys[k - gaps[g]];
			keys[k] = key;
		}
}

/* The lower one of the two in the middle, if their number is even; when nothing is known of any, all are alike. */
static int64_t median_of_known(const int64_t *keys, size_t n)
{
	int64_t known[SERVICE_MEMBERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (keys[i] != METRIC_UNKNOWN)
			known[count++] = keys[i];
	sort(known, count);
	return count ? known[(count - 1) / 2] : 0;
}

void metric_keys(enum metric m, const struct select_input *in, struct select_looks *looks, const uint16_t *members,
                 size_t n, int64_t *keys)
{
	bool unknown = false;
	int64_t median;

	metric_values(m, in, looks, members, n, keys);
	for (size_t i = 0; i < n; i++)
		if (keys[i] == METRIC_UNKNOWN)
			unknown = true;
		else if (m == METRIC_CAPACITY)
			keys[i] = -keys[i]; /* of the free share the most is the best */
	if (!unknown)
		return;
	median = median_of_known(keys, n);
	for (size_t i = 0; i < n; i++)
		if (keys[i] == METRIC_UNKNOWN)
			keys[i] = median;
}

static int64_t limit_of(enum metric m, int64_t best)
{
	int64_t more = tolerances[m].tenth ? best / 10 : 0;

	return best + (more > tolerances[m].least ? more : tolerances[m].least);
}

size_t metric_split(enum metric m, uint16_t *members, int64_t *keys, size_t n)
{
	uint16_t others[SERVICE_MEMBERS_MAX];
	int64_t other_keys[SERVICE_MEMBERS_MAX], limit = keys[0];
	size_t nbest = 0, nothers = 0;

	for (size_t i = 1; i < n; i++)
		if (keys[i] < limit)
			limit = keys[i];
	limit = limit_of(m, limit);
	for (size_t i = 0; i < n; i++) {
		if (keys[i] <= limit) {
			members[nbest] = members[i];
			keys[nbest++] = keys[i];
		} else {
			others[nothers] = members[i];
			other_keys[nothers++] = keys[i];
		}
	}
	memcpy(members + nbest, others, nothers * sizeof *others);
	memcpy(keys + nbest, other_keys, nothers * sizeof *other_keys);
	return nbest;
}
