/*
 * geo: the nearest by great circle (spec 4); declared in metrics.h.
 *
 * A chord is the longer the longer its arc is, so members are put in order by
 * the squares of their chords, which three differences give. What the arc is in
 * metres, and which chord belongs to an arc, takes a series each: once a tier.
 */
#include <math.h>
#include <string.h>

#include "metrics.h"
#include "place.h"
#include "select_parts.h"

#define PI 3.14159265358979323846
/* By so much, relatively, what is worked out of a squared chord may be wrong (it is by 1e-9): within it the arc itself is asked. */
#define DOUBT 1e-7
/* More than any squared chord. */
#define ALL 5.0

/* Doubles that aren't negative are in order as their bits are, read as integers (IEEE 754). */
static int64_t key_of(double square)
{
	int64_t key;

	_Static_assert(sizeof key == sizeof square, "a double has 64 bits");
	memcpy(&key, &square, sizeof key);
	return key;
}

static double square_of(int64_t key)
{
	double square;

	memcpy(&square, &key, sizeof square);
	return square;
}

/*
 * In basic operations that every machine rounds alike: libm's arcsine may
 * differ in the last bit. asin x = x (1 + x^2 P(x^2)) for x up to 1/2, as a
 * Taylor series (to x^23, within 1e-9), beyond by its half angle.
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

/* Half the chord; rounded it may be above 1. */
static double half_of(double square)
{
	double half = sqrt(square) / 2;

	return half < 1 ? half : 1;
}

/* The arc over a chord, in radians. */
static double arc_over(double half)
{
	return half <= 0.5 ? 2 * arcsine(half) : PI - 4 * arcsine(sqrt((1 - half) / 2));
}

static int64_t metres_of(double arc)
{
	return (int64_t)(arc * EARTH_RADIUS_KM * 1000 + 0.5);
}

int64_t metric_geo_metres(int64_t key)
{
	return metres_of(arc_over(half_of(square_of(key))));
}

/* From the chord, not from the product of the directions: it is exact where sites are near. */
size_t metric_geo_keys(const struct select_input *in, struct select_looks *looks, const uint16_t *members, size_t n, int64_t *keys)
{
	const struct place *client = select_place(looks, in, GEO_LOCATION);
	const struct member *all = in->service->members;
	size_t known = 0;
	double x, y, z;

	if (!client || !client->located)
		return 0;
	x = client->x, y = client->y, z = client->z;
	for (size_t i = 0; i < n; i++) {
		int site = all[members[i]].site;

		if (site == MEMBER_NO_SITE || !in->sites[site].has_location) {
			keys[i] = METRIC_UNKNOWN;
			continue;
		}
		const struct place *p = &in->sites[site].place;
		double dx = x - (double)p->x, dy = y - (double)p->y, dz = z - (double)p->z;

		keys[i] = key_of(dx * dx + dy * dy + dz * dz);
		known++;
	}
	return known;
}

/*
 * The square of the chord under an arc that is longer than the one at hand, by
 * the sine of a sum. By at most a tenth of it or 50 km, so little in radians that the series of the difference are short.
 */
static double longer(double half, double arc, double longer_arc)
{
	double d = (longer_arc - arc) / 2, e = d * d, chord;

	if (longer_arc >= PI)
		return ALL;
	chord = half * (1 - e / 2 * (1 - e / 12 * (1 - e / 30))) + sqrt(1 - half * half) * d * (1 - e / 6 * (1 - e / 20 * (1 - e / 42)));
	return 4 * chord * chord;
}

int64_t metric_geo_limit(int64_t best, const int64_t *keys, size_t n)
{
	double half = half_of(square_of(best)), arc = arc_over(half);
	int64_t most = metric_as_good(METRIC_GEO, metres_of(arc));
	double end = longer(half, arc, ((double)most + 0.5) / (EARTH_RADIUS_KM * 1000)); /* metres are rounded */
	int64_t limit = key_of(end * (1 - DOUBT)), doubtful = key_of(end * (1 + DOUBT));

	for (size_t i = 0; i < n; i++)
		if (keys[i] > limit && keys[i] <= doubtful && metric_geo_metres(keys[i]) <= most)
			limit = keys[i];
	return limit;
}
