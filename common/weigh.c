#include "weigh.h"

#include <string.h>

/* Of the weight and its share, in hundredths. */
static uint64_t share_of(const struct member *m, const struct member_view *v)
{
	return (uint64_t)m->weight * (v->percent ? v->percent : 100);
}

bool weigh_is_due(const struct service *s, const struct member_view *views)
{
	for (size_t i = 0; i < s->nmembers; i++)
		if (views[i].percent && views[i].percent != 100)
			return true;
	return false;
}

void weigh(const struct service *s, const struct member_view *views, struct service *copy, struct member *members)
{
	uint64_t most = 0, by;

	for (size_t i = 0; i < s->nmembers; i++)
		most = share_of(&s->members[i], &views[i]) > most ? share_of(&s->members[i], &views[i]) : most;
	by = most / UINT16_MAX + 1;
	*copy = *s;
	copy->members = members;
	memcpy(members, s->members, s->nmembers * sizeof *members);
	for (size_t i = 0; i < s->nmembers; i++) {
		uint64_t w = share_of(&s->members[i], &views[i]);

		members[i].weight = (uint16_t)(w && w < by ? 1 : w / by);
	}
}
