#include "service.h"

#include <stdlib.h>

void service_free(struct service *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->nmembers; i++) {
		free(s->members[i].targets);
		free(s->members[i].host);
		free(s->members[i].checks);
	}
	if (s->own_policy)
		policy_free(s->own_policy);
	free(s->own_policy);
	free(s->members);
	free(s->origin);
	free(s->file);
	free(s);
}
