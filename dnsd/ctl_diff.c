/* diff: who gets another answer under a new configuration, from the same state and with the same draws. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../common/random.h"
#include "ctl_decide.h"
#include "ctl_json.h"
#include "rr.h"

/*
 * Answers that are drawn differ from one to the next: so many are compared for
 * each client, fewer if there are very many clients, but at least two.
 */
#define DRAWS 64
#define DRAWS_MIN 2
#define DRAWS_ALL 10000000
/* Different answers to one client that are told; more are "...". */
#define OUTCOMES_MAX 6

struct outcome { char text[200]; unsigned count; };
struct outcomes { struct outcome list[OUTCOMES_MAX]; unsigned n, all; };

static void add_outcome(struct outcomes *o, const struct decision *d)
{
	o->all++;
	for (unsigned i = 0; i < o->n; i++)
		if (strcmp(o->list[i].text, d->text) == 0) {
			o->list[i].count++;
			return;
		}
	if (o->n == OUTCOMES_MAX)
		return;
	snprintf(o->list[o->n].text, sizeof o->list[o->n].text, "%s", d->text);
	o->list[o->n++].count = 1;
}

/* "den", or "sjc 75% den 25%"; what is left behind the first of them is "...". */
static const char *outcomes_text(const struct outcomes *o, char *out, size_t size)
{
	size_t len = 0;
	unsigned told = 0;
	out[0] = '\0';
	for (unsigned i = 0; i < o->n && len < size; i++) {
		len += (size_t)snprintf(out + len, size - len, o->n > 1 ? "%s%s %u%%" : "%s%s", i ? " " : "", o->list[i].text,
		                        (o->list[i].count * 100 + o->all / 2) / o->all);
		told += o->list[i].count;
	}
	if (told < o->all && len < size)
		snprintf(out + len, size - len, " ...");
	return out;
}

struct comparison {
	struct generation *old, *new;
	struct json *json;
	size_t changed, lines, draws;
	uint64_t changed_queries;
};

static const char *type_text(const struct query_line *q)
{
	return q->type == RR_AAAA ? " AAAA" : q->type == RR_A ? " A" : "";
}

static void tell_change(struct comparison *c, const struct query_line *q, const struct outcomes *before, const struct outcomes *after)
{
	char client[ADDR_TEXT_MAX], name[DNAME_TEXT_MAX], was[1500], is[1500];
	addr_text(&q->client, client);
	dname_to_text(q->asked->name, name);
	outcomes_text(before, was, sizeof was);
	outcomes_text(after, is, sizeof is);
	if (!c->json) {
		printf("%s %s%s: %s -> %s%s\n", client, name, type_text(q), was, is, strcmp(was, is) ? "" : " (other addresses or order)");
		return;
	}
	json_open(c->json, NULL, '{');
	json_text(c->json, "client", client);
	json_text(c->json, "name", name);
	json_count(c->json, "count", q->count);
	json_text(c->json, "before", was);
	json_text(c->json, "after", is);
	json_close(c->json, '}');
}

static void compare(struct comparison *c, const struct query_line *q)
{
	struct outcomes before = { .n = 0 }, after = { .n = 0 };
	struct decision d, e;
	uint64_t random = 1;
	bool differs = false;
	for (unsigned i = 0; i < c->draws; i++) {
		uint64_t drawn = random64(&random);
		decide(c->old, q, drawn, i, &d);
		decide(c->new, q, drawn, i, &e);
		differs |= d.digest != e.digest;
		add_outcome(&before, &d);
		add_outcome(&after, &e);
	}
	c->lines++;
	if (!differs)
		return;
	c->changed++;
	c->changed_queries += q->count;
	tell_change(c, q, &before, &after);
}

static enum ctl_status compare_all(struct ctl *c, struct queries *q, struct generation *new)
{
	struct json json;
	struct comparison k = { .old = c->gen, .new = new, .json = c->json ? &json : NULL };
	struct query_line line;
	char text[300];
	k.draws = DRAWS_ALL / queries_lines(q);
	k.draws = k.draws > DRAWS ? DRAWS : k.draws < DRAWS_MIN ? DRAWS_MIN : k.draws;
	queries_text(q, c, text);
	if (k.json) {
		json_begin(k.json, stdout);
		json_open(k.json, NULL, '{');
		json_text(k.json, "population", text);
		json_open(k.json, "changes", '[');
	}
	while (queries_next(q, &line))
		compare(&k, &line);
	if (k.json) {
		json_close(k.json, ']');
		json_count(k.json, "changed", k.changed);
		json_count(k.json, "compared", k.lines);
		json_close(k.json, '}');
	} else {
		printf("%s\n%zu of %zu get another answer, with %" PRIu64 " of %" PRIu64 " queries\n", text, k.changed, k.lines, k.changed_queries, q->count);
	}
	return k.changed ? CTL_DIFFERENT : CTL_OK;
}

enum ctl_status ctl_diff(struct ctl *c)
{
	struct queries q;
	if (!ctl_generation(c))
		return CTL_REFUSED;
	for (size_t i = 0; i < c->ndown; i++)
		if (!ctl_site(c, c->down[i]))
			return CTL_USAGE;
	struct generation *new = ctl_load(c->words[0]);
	if (!new)
		return CTL_REFUSED;
	enum ctl_status status = decide_from_live(c, c->gen);
	if (status == CTL_OK)
		status = decide_from_other(c, new, c->gen);
	if (status == CTL_OK && !queries_open(&q, c, NULL))
		status = CTL_REFUSED;
	else if (status == CTL_OK) {
		status = compare_all(c, &q, new);
		queries_close(&q);
	}
	generation_delete(new);
	return status;
}
