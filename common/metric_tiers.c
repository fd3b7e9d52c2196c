/* Keys, and the tiers that they make; declared in metrics.h. */
#include <string.h>

#include "metrics.h"

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

/* Who has no key joins those of the median one. */
static void fill_in(int64_t *keys, size_t n)
{
	int64_t median = median_of_known(keys, n);

	for (size_t i = 0; i < n; i++)
		if (keys[i] == METRIC_UNKNOWN)
			keys[i] = median;
}

bool metric_keys(enum metric m, const struct select_input *in, struct select_looks *looks, const uint16_t *members,
                 size_t n, int64_t *keys)
{
	size_t known = m == METRIC_GEO ? metric_geo_keys(in, looks, members, n, keys) : metric_values(m, in, looks, members, n, keys);

	if (known == 0)
		return false;
	if (m == METRIC_CAPACITY)
		for (size_t i = 0; i < n; i++)
			if (keys[i] != METRIC_UNKNOWN)
				keys[i] = -keys[i]; /* of the free share the most is the best */
	if (known < n)
		fill_in(keys, n);
	return true;
}

/* The highest key of the best tier, or what lies between it and the next. */
static int64_t limit_of(enum metric m, const int64_t *keys, size_t n)
{
	int64_t best = keys[0];

	for (size_t i = 1; i < n; i++)
		if (keys[i] < best)
			best = keys[i];
	return m == METRIC_GEO ? metric_geo_limit(best, keys, n) : metric_as_good(m, best);
}

size_t metric_narrow(enum metric m, const struct select_input *in, struct select_looks *looks, uint16_t *members, size_t n)
{
	int64_t keys[SERVICE_MEMBERS_MAX], limit;
	size_t nbest = 0;

	if (!metric_keys(m, in, looks, members, n, keys))
		return n;
	limit = limit_of(m, keys, n);
	for (size_t i = 0; i < n; i++) {
		members[nbest] = members[i];
		nbest += keys[i] <= limit;
	}
	return nbest;
}

size_t metric_split(enum metric m, uint16_t *members, int64_t *keys, size_t n)
{
	uint16_t others[SERVICE_MEMBERS_MAX];
	int64_t other_keys[SERVICE_MEMBERS_MAX], limit = limit_of(m, keys, n);
	size_t nbest = 0, nothers = 0;

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
