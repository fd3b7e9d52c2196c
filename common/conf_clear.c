#include <regex.h>
#include <stdlib.h>

#include "conf_table.h"

static void clear_list(const struct conf_key *k, char *object, void (*clear)(const struct conf_key *k, void *element), size_t size)
{
	char *elements = *(char **)(object + k->offset);
	size_t n = *(size_t *)(object + k->count);
	for (size_t i = 0; elements && clear && i < n; i++)
		clear(k, elements + i * size);
	free(elements);
}

static void clear_text(const struct conf_key *k, void *element)
{
	(void)k;
	free(*(char **)element);
}

static void clear_group(const struct conf_key *k, void *element)
{
	conf_table_clear(k->table, element);
}

static void clear_regex(const struct conf_key *k, char *object)
{
	if (*(bool *)(object + k->has))
		regfree((regex_t *)(object + k->count));
	free(*(char **)(object + k->offset));
}

static void clear_key(const struct conf_key *k, char *object)
{
	switch (k->kind) {
	case KIND_GROUP:
		conf_table_clear(k->table, object + k->offset);
		break;
	case KIND_GROUPS:
		clear_list(k, object, clear_group, k->table->size);
		break;
	case KIND_TEXTS:
		clear_list(k, object, clear_text, sizeof(char *));
		break;
	case KIND_ENDPOINTS: case KIND_ADDRESSES: case KIND_PREFIXES:
		clear_list(k, object, NULL, 0);
		break;
	case KIND_TEXT: case KIND_PATH:
		free(*(char **)(object + k->offset));
		break;
	case KIND_REGEX:
		clear_regex(k, object);
		break;
	case KIND_OWN:
		if (k->clear)
			k->clear(object);
		break;
	case KIND_BOOL: case KIND_UINT: case KIND_PORT: case KIND_SECONDS: case KIND_WORD: case KIND_FLAG: case KIND_ENDPOINT: case KIND_LATER:
		break;
	}
}

void conf_table_clear(const struct conf_table *t, void *object)
{
	for (size_t i = 0; i < t->nkeys; i++)
		if (!t->keys[i].later)
			clear_key(&t->keys[i], object);
}
