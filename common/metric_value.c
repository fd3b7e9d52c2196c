/* What each metric goes by; declared in metrics.h. */
#include <math.h>

#include "metrics.h"
#include "place.h"
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

static void network_values(const struct select_input *in, const uint16_t *members, size_t n, int64_t *values)
{
	const struct network_sites *list = networks_find(in->networks, &in->client->address, in->scope);

	for (size_t i = 0; i < n; i++)
		values[i] = list ? network_of(list, member_of(in, members[i])->site) : METRIC_UNKNOWN;
}

static void rtt_values(const struct select_input *in, const uint16_t *members, size_t n, int64_t *values)
{
	const struct rtt_row *row = rtt_find(in->rtt, &in->client->network);

	if (in->rtt)
		select_saw_network(in);
	for (size_t i = 0; i < n; i++) {
		int site = member_of(in, members[i])->site;

		values[i] = row && site != MEMBER_NO_SITE && row->us[site] ? row->us[site] : METRIC_UNKNOWN;
	}
}

/*
 * The great circle in metres. From the chord, which is exact where the sites
 * are near, in basic operations that every machine rounds alike: libm's
 * arcsine may differ in the last bit. asin x = x (1 + x^2 P(x^2)) for x up to
 * 1/2, as a Taylor series (to x^23, within 1e-9), beyond by its half angle.
 */
static double arcsine(double x)
{
	static const double p[] = { 1.0 / 6, 3.0 / 40, 15.0 / 336, 105.0 / 3456, 945.0 / 42240, 10395.0 / 599040,
	                            135135.0 / 9676800, 2027025.0 / 175472640, 34459425.0 / 3530096640.0,
	                            654729075.0 / 78033715200.0, 13749310575.0 / 1880240947200.0 };
	double square = x * x, sum = 0;

	for (size_t i = sizeof p / sizeof *p; i-- > 0;)
		sum = p[i] + square * sum;
	return x + x * square * sum;
}

static int64_t metres_between(const struct place *a, const struct place *b)
{
	double x = (double)a->x - (double)b->x, y = (double)a->y - (double)b->y, z = (double)a->z - (double)b->z;
	double half = sqrt(x * x + y * y + z * z) / 2, angle;

	if (half > 1)
		half = 1;
	angle = half <= 0.5 ? 2 * arcsine(half) : 3.14159265358979323846 - 4 * arcsine(sqrt((1 - half) / 2));
	return (int64_t)(angle * EARTH_RADIUS_KM * 1000 + 0.5);
}

static void geo_values(const struct select_input *in, struct select_looks *looks, const uint16_t *members, size_t n, int64_t *values)
{
	const struct place *client = select_place(looks, in, GEO_LOCATION);

	for (size_t i = 0; i < n; i++) {
		int site = member_of(in, members[i])->site;
		bool known = client && client->located && site != MEMBER_NO_SITE && in->sites[site].has_location;

		values[i] = known ? metres_between(client, &in->sites[site].place) : METRIC_UNKNOWN;
	}
}

void metric_values(enum metric m, const struct select_input *in, struct select_looks *looks, const uint16_t *members,
                   size_t n, int64_t *values)
{
	static int64_t (*const of_member[METRIC_COUNT])(const struct select_input *in, uint16_t index) = {
		[METRIC_RANK] = rank_of, [METRIC_LOCAL] = local_of, [METRIC_REMOTE] = remote_of, [METRIC_RESPONSE] = response_of,
		[METRIC_LEASTCONN] = leastconn_of, [METRIC_CAPACITY] = capacity_of, [METRIC_LOAD] = load_of, [METRIC_COST] = cost_of,
		[METRIC_WEIGHTED] = weight_of, [METRIC_HASH] = weight_of, [METRIC_RANDOM] = nothing_of, [METRIC_ROUNDROBIN] = nothing_of,
	};

	if (m == METRIC_NETWORK)
		network_values(in, members, n, values);
	else if (m == METRIC_RTT)
		rtt_values(in, members, n, values);
	else if (m == METRIC_GEO)
		geo_values(in, looks, members, n, values);
	else
		for (size_t i = 0; i < n; i++)
			values[i] = of_member[m](in, members[i]);
}
