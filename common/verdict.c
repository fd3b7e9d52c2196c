#include "verdict.h"

#include <string.h>

static const char *const names[] = {
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_UP] = "up",
	[VERDICT_DOWN] = "down",
	[VERDICT_DRAIN] = "drain",
};

const char *verdict_name(enum verdict v)
{
	return (unsigned)v <= VERDICT_DRAIN ? names[v] : "unknown";
}

bool verdict_by_name(const char *name, enum verdict *out)
{
	for (unsigned v = 0; v <= VERDICT_DRAIN; v++) {
		if (strcmp(name, names[v]) == 0) {
			*out = (enum verdict)v;
			return true;
		}
	}
	return false;
}

static bool counts(const struct observation *o)
{
	return o->state != VERDICT_UNKNOWN && o->age < o->lifetime;
}

enum verdict verdict_decide(const struct observation *o, size_t n, enum verdict last, struct verdict_votes *votes)
{
	struct verdict_votes v = { 0, 0 };
	enum verdict decided = last;
	for (size_t i = 0; i < n; i++) {
		if (!counts(&o[i]))
			continue;
		v.fresh++;
		v.up += o[i].state == VERDICT_UP;
		if (o[i].own)
			decided = o[i].state;
	}
	if (votes)
		*votes = v;
	return decided;
}
