#include "exchange_parts.h"

#include <string.h>

bool exchange_is_site_of(const struct conf *c, const struct key *key, const char *name, size_t len)
{
	for (size_t i = 0; i < c->nsites; i++)
		if (c->sites[i].key == key && strlen(c->sites[i].name) == len && memcmp(c->sites[i].name, name, len) == 0)
			return true;
	return false;
}

bool exchange_may_write_as(struct job *j, const char *observer)
{
	struct update_observer who;
	if (strcmp(observer, j->permitted) == 0)
		return true;
	if (!update_observer_read(&who, observer) || !exchange_is_site_of(j->x->gen->conf, j->tsig.key, who.site, who.site_len))
		return false;
	strcpy(j->permitted, observer);
	return true;
}
