/* What each metric goes by; declared in metrics.h. */
#include "metrics.h"
#include "select_parts.h"

#define MILLION 1000000
/* More sessions than there are for a member that should have none. */
#define NO_WEIGHT (INT64_MAX / 4)

static const struct member *member_of(const struct select_input *in, uint16_t index)
{
	return &in->service->members[index];
}

/* NULL: nothing is known of it. */
static const struct member_numbers *numbers_of(const struct select_input *in, uint16_t index, uint32_t needed)
{
	const struct member_numbers *n = in->numbers ? &in->numbers[index] : NULL;

	return n && (n->known & needed) == needed ? n : NULL;
}

static int64_t rank_of(const struct select_input *in, uint16_t index)
{
	return member_of(in, index)->rank;
}

static int64_t local_of(const struct select_input *in, uint16_t index)
{
	return member_of(in, index)->site != in->own_site;
}

static int64_t remote_of(const struct select_input *in, uint16_t index)
{
	return member_of(in, index)->site == in->own_site;
}

static int64_t response_of(const struct select_input *in, uint16_t index)
{
	const struct member_numbers *n = numbers_of(in, index, NUMBER_RESPONSE);

	return n ? n->response_us : METRIC_UNKNOWN;
}

/* A member of weight 0 is to have none: behind all that have a weight. */
static int64_t leastconn_of(const struct select_input *in, uint16_t index)
{
	const struct member_numbers *n = numbers_of(in, index, NUMBER_SESSIONS);
	unsigned weight = member_of(in, index)->weight;

	if (!n)
		return METRIC_UNKNOWN;
	return weight ? (int64_t)n->sessions * MILLION / weight : NO_WEIGHT;
}

static int64_t capacity_of(const struct select_input *in, uint16_t index)
{
	const struct member_numbers *n = numbers_of(in, index, NUMBER_SESSIONS);
	int64_t capacity;

	if (!n)
		return METRIC_UNKNOWN;
	capacity = n->known & NUMBER_CAPACITY ? n->capacity : member_of(in, index)->capacity;
	return capacity ? MILLION - (int64_t)n->sessions * MILLION / capacity : METRIC_UNKNOWN;
}

static int64_t load_of(const struct select_input *in, uint16_t index)
{
	const struct member_numbers *n = numbers_of(in, index, NUMBER_LOAD);

	return n ? n->load_ppm : METRIC_UNKNOWN;
}

static int64_t cost_of(const struct select_input *in, uint16_t index)
{
	const struct member_numbers *n = numbers_of(in, index, NUMBER_COST);

	return n ? (int64_t)(n->cost_milli < NO_WEIGHT ? n->cost_milli : NO_WEIGHT) : METRIC_UNKNOWN;
}

static int64_t weight_of(const struct select_input *in, uint16_t index)
{
	return member_of(in, index)->weight;
}

static int64_t nothing_of(const struct select_input *in, uint16_t index)
{
	(void)in;
	(void)index;
	return 0;
}

/* The place of the site in the list; behind its end for those that aren't in it: somebody wrote down who is to come first. */
static int64_t network_of(const struct network_sites *list, int site)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->sites[i] == site)
			return i;
	return list->n;
}

static size_t network_values(const struct select_input *in, const uint16_t *members, size_t n, int64_t *values)
{
	const struct network_sites *list = networks_find(in->networks, &in->client->address, in->scope);

	if (!list)
		return 0;
	for (size_t i = 0; i < n; i++)
		values[i] = network_of(list, member_of(in, members[i])->site);
	return n;
}

static size_t rtt_values(const struct select_input *in, const uint16_t *members, size_t n, int64_t *values)
{
	const struct rtt_row *row = rtt_find(in->rtt, &in->client->network);
	size_t known = 0;

	if (in->rtt)
		select_saw_network(in);
	for (size_t i = 0; row && i < n; i++) {
		int site = member_of(in, members[i])->site;
		bool is_known = site != MEMBER_NO_SITE && row->us[site];

		values[i] = is_known ? row->us[site] : METRIC_UNKNOWN;
		known += is_known;
	}
	return known;
}

static size_t geo_values(const struct select_input *in, struct select_looks *looks, const uint16_t *members, size_t n, int64_t *values)
{
	size_t known = metric_geo_keys(in, looks, members, n, values);

	for (size_t i = 0; known && i < n; i++)
		if (values[i] != METRIC_UNKNOWN)
			values[i] = metric_geo_metres(values[i]);
	return known;
}

size_t metric_values(enum metric m, const struct select_input *in, struct select_looks *looks, const uint16_t *members,
                     size_t n, int64_t *values)
{
	static int64_t (*const of_member[METRIC_COUNT])(const struct select_input *in, uint16_t index) = {
		[METRIC_RANK] = rank_of, [METRIC_LOCAL] = local_of, [METRIC_REMOTE] = remote_of, [METRIC_RESPONSE] = response_of,
		[METRIC_LEASTCONN] = leastconn_of, [METRIC_CAPACITY] = capacity_of, [METRIC_LOAD] = load_of, [METRIC_COST] = cost_of,
		[METRIC_WEIGHTED] = weight_of, [METRIC_HASH] = weight_of, [METRIC_RANDOM] = nothing_of, [METRIC_ROUNDROBIN] = nothing_of,
	};

	size_t known = 0;

	if (m == METRIC_NETWORK)
		return network_values(in, members, n, values);
	if (m == METRIC_RTT)
		return rtt_values(in, members, n, values);
	if (m == METRIC_GEO)
		return geo_values(in, looks, members, n, values);
	for (size_t i = 0; i < n; i++) {
		values[i] = of_member[m](in, members[i]);
		known += values[i] != METRIC_UNKNOWN;
	}
	return known;
}
