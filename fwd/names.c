#include "names.h"

#include <stdlib.h>
#include <string.h>
#include "dname.h"
#include "hello.h"

/* "*.x" for what lies below x. `weak`: only if the name is nobody else's. */
struct entry { char *name; size_t which; bool weak; };

struct names { struct entry *entries; size_t n; };

struct names *names_new(void)
{
	return calloc(1, sizeof(struct names));
}

void names_free(struct names *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->n; i++)
		free(n->entries[i].name);
	free(n->entries);
	free(n);
}

static bool add(struct names *n, const char *name, size_t which, bool weak)
{
	struct entry *more = realloc(n->entries, (n->n + 1) * sizeof *more);

	if (!more)
		return false;
	n->entries = more;
	more[n->n] = (struct entry){ strdup(name), which, weak };
	return more[n->n].name && ++n->n;
}

/* False: no memory. */
static bool add_dname(struct names *n, const uint8_t *name, size_t which, bool weak)
{
	char text[DNAME_TEXT_MAX];
	size_t len = strlen(dname_to_text(name, text));

	if (len > 1)
		text[len - 1] = '\0';
	return add(n, text, which, weak);
}

/* Below a wildcard service its LABEL.NAME names are covered by the wildcard itself. */
static bool add_members(struct names *n, const struct service *s, size_t which)
{
	uint8_t name[DNAME_MAX];

	for (size_t i = 0; i < s->nmembers && !s->wildcard; i++)
		if (dname_prepend(name, s->members[i].label, strlen(s->members[i].label), s->name) > 0 && !add_dname(n, name, which, false))
			return false;
	return true;
}

bool names_add(struct names *n, const struct conf_listener *l, const struct service *s, size_t which)
{
	for (size_t i = 0; i < l->nhosts; i++)
		if (!add(n, l->hosts[i], which, false))
			return false;
	if (s->wildcard && !add_dname(n, dname_parent(s->name), which, true))
		return false;
	return add_dname(n, s->name, which, false) && add_members(n, s, which);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Of equal names the strong ones first. */
static int compare_strength(const void *a, const void *b)
{
	int order = compare(a, b);

	return order ? order : ((const struct entry *)a)->weak - ((const struct entry *)b)->weak;
}

/* Takes weak ones behind others of the same name out. */
static void drop_weak(struct names *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->n; i++) {
		if (kept > 0 && n->entries[i].weak && compare(&n->entries[i], &n->entries[kept - 1]) == 0)
			free(n->entries[i].name);
		else
			n->entries[kept++] = n->entries[i];
	}
	n->n = kept;
}

bool names_finish(struct names *n, const char **twice)
{
	if (n->n > 0)
		qsort(n->entries, n->n, sizeof *n->entries, compare_strength);
	drop_weak(n);
	for (size_t i = 1; i < n->n; i++) {
		if (n->entries[i].which != n->entries[i - 1].which && compare(&n->entries[i], &n->entries[i - 1]) == 0) {
			*twice = n->entries[i].name;
			return false;
		}
	}
	return true;
}

static int find(const struct names *n, const char *name)
{
	struct entry key = { (char *)name, 0, false };
	const struct entry *e = n->n ? bsearch(&key, n->entries, n->n, sizeof *n->entries, compare) : NULL;

	return e ? (int)e->which : -1;
}

int names_find(const struct names *n, const char *name)
{
	char below[HELLO_NAME_SIZE + 1];
	int which = find(n, name);

	for (const char *dot = strchr(name, '.'); which < 0 && dot; dot = strchr(dot + 1, '.')) {
		below[0] = '*';
		strcpy(below + 1, dot);
		which = find(n, below);
	}
	return which;
}
