#include "rate.h"

#include "loop.h"

#define MARKS (sizeof ((struct rate *)0)->marks / sizeof ((struct rate *)0)->marks[0])

void rate_note(struct rate *r, int64_t now, uint64_t count)
{
	unsigned last = (unsigned)((r->first + r->n + MARKS - 1) % MARKS);
	if (r->n && count < r->marks[last].count)
		r->n = 0;
	if (r->n && now - r->marks[last].at < NS_PER_SECOND)
		return;
	while (r->n > 1 && (r->n == MARKS || now - r->marks[(r->first + 1) % MARKS].at >= RATE_SECONDS * NS_PER_SECOND)) {
		r->first = (unsigned)((r->first + 1) % MARKS);
		r->n--;
	}
	unsigned next = (unsigned)((r->first + r->n) % MARKS);
	r->marks[next].at = now;
	r->marks[next].count = count;
	r->n++;
}

uint32_t rate_milli(const struct rate *r, int64_t now, uint64_t count)
{
	if (!r->n || count < r->marks[r->first].count || now <= r->marks[r->first].at)
		return 0;
	double seconds = (double)(now - r->marks[r->first].at) / (double)NS_PER_SECOND;
	/* A first look right after the beginning would make one connection a thousand a second. */
	double rate = (double)(count - r->marks[r->first].count) / (seconds < 1 ? 1 : seconds) * 1000;
	return rate >= (double)UINT32_MAX ? UINT32_MAX : (uint32_t)(rate + 0.5);
}
