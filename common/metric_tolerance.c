/* What is as good as the best; declared in metrics.h. */
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

int64_t metric_as_good(enum metric m, int64_t best)
{
	int64_t more = tolerances[m].tenth ? best / 10 : 0;

	return best + (more > tolerances[m].least ? more : tolerances[m].least);
}
