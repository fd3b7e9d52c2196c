#include "ctl_queries.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "generation.h"
#include "lb.h"
#include "rr.h"

/* --- names --- */

static int compare_names(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->name, y->name, x->len);
}

/* The one of this name, made if it is new. `tree` (tsearch) finds them. NULL: no memory. */
static struct asked *intern(struct queries *q, void **tree, const uint8_t *name)
{
	struct asked *n = calloc(1, sizeof *n), **more, **found;
	if (!n)
		return NULL;
	n->len = dname_len(name);
	dname_lower(n->name, name, n->len);
	n->number = q->nnames;
	if (!(found = tsearch(n, tree, compare_names)) || *found != n) {
		free(n);
		return found ? *found : NULL;
	}
	if (!(q->nnames & (q->nnames - 1))) {
		more = realloc(q->names, (q->nnames ? q->nnames * 2 : 1) * sizeof *more);
		if (!more)
			return NULL; /* the tree's nodes end with the program */
		q->names = more;
	}
	return q->names[q->nnames++] = n;
}

static void forget(void *unused)
{
	(void)unused; /* names belong to q->names */
}

/* --- a file --- */

/* NULL, or what is wrong with the line. */
static const char *read_line(struct queries *q, void **tree, char *line, struct query_line *out)
{
	static const uint8_t root[1];
	uint8_t name[DNAME_MAX];
	const char *why = "";
	char *save = NULL, *client = strtok_r(line, " \t\r\n", &save), *text = strtok_r(NULL, " \t\r\n", &save), *word, *end;
	*out = (struct query_line){ .count = 1 };
	if (!text)
		return "a line is CLIENT NAME [TYPE] [COUNT]";
	if (!addr_parse(&out->client, client, 0))
		return "the first word is no address";
	if (!dname_from_text(name, text, strlen(text), root, &why))
		return "the second word is no domain name";
	word = strtok_r(NULL, " \t\r\n", &save);
	if (word && (strcmp(word, "A") == 0 || strcmp(word, "AAAA") == 0)) {
		out->type = word[1] ? RR_AAAA : RR_A;
		word = strtok_r(NULL, " \t\r\n", &save);
	}
	if (word) {
		errno = 0;
		out->count = strtoull(word, &end, 10);
		if (errno || *end || *word < '0' || *word > '9' || !out->count || out->count > UINT32_MAX)
			return "behind the name stand a type (A or AAAA) and a number, if anything";
		if (strtok_r(NULL, " \t\r\n", &save))
			return "nothing may stand behind the number";
	}
	addr_unmap(&out->client);
	return (out->asked = intern(q, tree, name)) ? NULL : "out of memory";
}

static bool add_line(struct queries *q, const struct query_line *line)
{
	if (!(q->nlines & (q->nlines - 1))) {
		struct query_line *more = realloc(q->lines, (q->nlines ? q->nlines * 2 : 1) * sizeof *more);
		if (!more)
			return false;
		q->lines = more;
	}
	q->lines[q->nlines++] = *line;
	return true;
}

static int compare_lines(const void *a, const void *b)
{
	const struct query_line *x = a, *y = b;
	if (x->asked != y->asked)
		return x->asked->number < y->asked->number ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->client.sa.sa_family != y->client.sa.sa_family)
		return x->client.sa.sa_family < y->client.sa.sa_family ? -1 : 1;
	return memcmp(addr_bytes(&x->client), addr_bytes(&y->client), x->client.sa.sa_family == AF_INET ? 4 : 16);
}

static void merge_lines(struct queries *q)
{
	size_t kept = 0;
	if (q->nlines)
		qsort(q->lines, q->nlines, sizeof *q->lines, compare_lines);
	for (size_t i = 0; i < q->nlines; i++) {
		if (kept && compare_lines(&q->lines[kept - 1], &q->lines[i]) == 0)
			q->lines[kept - 1].count += q->lines[i].count;
		else
			q->lines[kept++] = q->lines[i];
		q->count += q->lines[i].count;
	}
	q->nlines = kept;
}

static bool read_file(struct queries *q, const char *file)
{
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	void *tree = NULL;
	char *line = NULL;
	size_t room = 0;
	struct errs errs;
	errs_init(&errs);
	if (!f)
		errs_add(&errs, file, 0, 0, "%s", strerror(errno));
	for (unsigned number = 1; f && getline(&line, &room, f) >= 0; number++) {
		struct query_line one;
		line[strcspn(line, "#\n")] = '\0';
		if (!line[strspn(line, " \t\r")])
			continue;
		const char *why = read_line(q, &tree, line, &one);
		if (!why && !add_line(q, &one))
			why = "out of memory";
		if (why)
			errs_add(&errs, file, number, 0, "%s", why);
	}
	if (f && ferror(f))
		errs_add(&errs, file, 0, 0, "%s", strerror(errno));
	if (f && f != stdin)
		fclose(f);
	free(line);
	tdestroy(tree, forget);
	merge_lines(q);
	if (!errs.count && !q->nlines)
		errs_add(&errs, file, 0, 0, "has no query");
	errs_print(&errs, stderr);
	bool ok = !errs.count;
	errs_free(&errs);
	return ok;
}

/* --- a population --- */

/* A name that the service answers for: below a wildcard any. */
static bool add_service(struct queries *q, void **tree, const struct service *s)
{
	uint8_t name[DNAME_MAX];
	const uint8_t *asked = s->name;
	if (s->wildcard) {
		if (!dname_prepend(name, "any", 3, dname_parent(s->name)))
			return true; /* too long a name to be asked for */
		asked = name;
	}
	return intern(q, tree, asked) != NULL;
}

static bool populate(struct queries *q, const struct generation *g, const struct lb *only)
{
	void *tree = NULL;
	bool ok = true;
	for (size_t i = 0; i < g->nzones; i++)
		for (size_t k = 0; k < g->zones[i]->nservices && ok; k++)
			if (!only || g->zones[i]->services[k] == only)
				ok = add_service(q, &tree, g->zones[i]->services[k]->service);
	tdestroy(tree, forget);
	if (!ok || !q->nnames) {
		ctl_fail(CTL_REFUSED, ok ? "there is no service" : "out of memory");
		return false;
	}
	q->each = POPULATION_ALL / q->nnames;
	q->each = q->each > POPULATION_MAX ? POPULATION_MAX : q->each < POPULATION_MIN ? POPULATION_MIN : q->each;
	q->count = (uint64_t)q->each * q->nnames;
	return true;
}

/* RFC 6890: what no client has on the Internet. */
static bool is_public(uint32_t a)
{
	return a >> 24 != 10 && a >> 24 != 127 && a >> 16 != 0xa9fe && a >> 20 != 0xac1 && a >> 16 != 0xc0a8 && a >> 22 != 0x191;
}

/* The i-th client: steps of the golden ratio through 1.0.0.0 to 223.255.255.255 spread evenly however many there are. */
static void make_client(struct addr *out, size_t i)
{
	uint32_t a;
	do {
		uint32_t step = (uint32_t)(i++ * 2654435769u);
		a = 0x01000000u + (uint32_t)((uint64_t)step * 0xdf000000u >> 32);
	} while (!is_public(a));
	uint8_t bytes[4];
	wire_set32(bytes, a);
	addr_from_bytes(out, AF_INET, bytes, 0);
}

/* --- both --- */

bool queries_open(struct queries *q, struct ctl *c, const struct lb *only)
{
	memset(q, 0, sizeof *q);
	bool ok = c->queries ? read_file(q, c->queries) : populate(q, c->gen, only);
	if (!ok)
		queries_close(q);
	return ok;
}

bool queries_next(struct queries *q, struct query_line *out)
{
	if (!q->each) {
		if (q->at == q->nlines)
			return false;
		*out = q->lines[q->at++];
		return true;
	}
	if (q->at == q->each) {
		q->at = 0;
		q->next_name++;
	}
	if (q->next_name == q->nnames)
		return false;
	*out = (struct query_line){ .asked = q->names[q->next_name], .count = 1 };
	make_client(&out->client, q->at++);
	return true;
}

void queries_rewind(struct queries *q)
{
	q->at = q->next_name = 0;
	for (size_t i = 0; i < q->nnames; i++)
		q->names[i]->turn = 0;
}

void queries_close(struct queries *q)
{
	for (size_t i = 0; i < q->nnames; i++)
		free(q->names[i]);
	free(q->names);
	free(q->lines);
	memset(q, 0, sizeof *q);
}

size_t queries_lines(const struct queries *q)
{
	return q->each ? q->each * q->nnames : q->nlines;
}

const char *queries_text(const struct queries *q, const struct ctl *c, char out[300])
{
	if (q->each)
		snprintf(out, 300, "%zu clients, spread evenly over the public IPv4 addresses, each asking once for each of %zu services", q->each, q->nnames);
	else
		snprintf(out, 300, "%.150s: %" PRIu64 " queries for %zu names, %zu different", c->queries, q->count, q->nnames, q->nlines);
	return out;
}
