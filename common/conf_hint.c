#include "conf_hint.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HINT_NAME_MAX 40

/* Edit distance: letters changed, missing, added, or two neighbours swapped. */
static unsigned distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned d[3][HINT_NAME_MAX + 1];
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = d[i % 3], *before = d[(i + 2) % 3], *swap = d[(i + 1) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = before[j - 1] + (a[i - 1] != b[j - 1]);
			if (before[j] + 1 < best)
				best = before[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && swap[j - 2] + 1 < best)
				best = swap[j - 2] + 1;
			now[j] = best;
		}
	}
	return d[la % 3][lb];
}

const char *conf_hint(char out[96], const char *name, size_t n, const char *(*name_of)(const void *arg, size_t i), const void *arg)
{
	out[0] = '\0';
	size_t len = strlen(name);
	if (len < 2 || len > HINT_NAME_MAX)
		return out;
	unsigned best = len < 5 ? 2 : 3; /* nearer than this; two mistakes in a short word are another word */
	for (size_t i = 0; i < n; i++) {
		const char *other = name_of(arg, i);
		if (!other || strlen(other) > HINT_NAME_MAX)
			continue;
		unsigned d = distance(name, other);
		if (d >= best)
			continue;
		best = d;
		snprintf(out, 96, " (did you mean \"%s\"?)", other);
	}
	return out;
}

static const char *key_name(const void *table, size_t i)
{
	return ((const struct conf_table *)table)->keys[i].name;
}

struct elsewhere { const char *name; char *out; };

static void look_elsewhere(void *arg, const struct conf_table *t)
{
	struct elsewhere *e = arg;
	if (!*e->out && conf_table_find(t, e->name))
		snprintf(e->out, 96, *t->path ? " (did you mean %s.%s?)" : " (did you mean %s%s outside of all groups?)", t->path, e->name);
}

const char *conf_key_hint(char out[96], const struct conf_table *root, const struct conf_table *t, const char *name)
{
	conf_hint(out, name, t->nkeys, key_name, t);
	struct elsewhere e = { name, out };
	if (!*out)
		conf_table_walk(root, look_elsewhere, &e);
	return out;
}

#define REGEX_MAX 1000
/* Copies of its operand that all bounds together may ask for; each takes some hundred bytes. */
#define REGEX_COPIES_MAX 10000

const char *conf_regex_limit(const char *regex)
{
	unsigned long copies = 1;
	if (strlen(regex) > REGEX_MAX)
		return "a regular expression has at most 1000 bytes";
	for (const char *p = strchr(regex, '{'); p; p = strchr(p + 1, '{')) {
		unsigned long bound = 0;
		for (const char *q = p + 1; isdigit((unsigned char)*q) || *q == ','; q++) {
			unsigned long n = *q == ',' ? strtoul(q + 1, NULL, 10) : strtoul(q, NULL, 10);
			bound = n > bound ? n : bound;
			while (isdigit((unsigned char)q[1]))
				q++;
		}
		if (bound > REGEX_COPIES_MAX || copies * (bound + 1) > REGEX_COPIES_MAX)
			return "the repetitions in this regular expression are too many";
		copies *= bound + 1;
	}
	return NULL;
}
