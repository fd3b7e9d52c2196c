#include "conf_table.h"

#include <string.h>

const struct conf_key *conf_table_find(const struct conf_table *t, const char *name)
{
	for (size_t i = 0; i < t->nkeys; i++)
		if (strcmp(t->keys[i].name, name) == 0)
			return &t->keys[i];
	return NULL;
}

void conf_table_walk(const struct conf_table *t, void (*each)(void *arg, const struct conf_table *t), void *arg)
{
	each(arg, t);
	for (size_t i = 0; i < t->nkeys; i++)
		if (t->keys[i].table)
			conf_table_walk(t->keys[i].table, each, arg);
}
