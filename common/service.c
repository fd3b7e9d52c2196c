#include "service.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a, well mixed afterwards: choices must be the same on every machine, and in every version. */
void member_set_label(struct member *m, const char *label)
{
	uint64_t h = 0xcbf29ce484222325u;
	memset(m->label, 0, sizeof m->label);
	for (size_t i = 0; i < LABEL_MAX && label[i]; i++) {
		m->label[i] = label[i];
		h = (h ^ (uint8_t)label[i]) * 0x100000001b3u;
	}
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	m->label_hash = h ^ h >> 32;
}

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
