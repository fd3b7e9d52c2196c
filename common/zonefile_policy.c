#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "zonefile_lb.h"

#define NAME_MAX_HERE 256

/* A token as a text; one that is too long becomes "", which names nothing. */
static const char *text_of(const struct zone_token *t, char out[NAME_MAX_HERE])
{
	snprintf(out, NAME_MAX_HERE, "%.*s", t->len < NAME_MAX_HERE && !t->quoted ? (int)t->len : 0, t->text);
	return out;
}

static struct policy *policy_in_place(const struct conf *conf)
{
	struct policy *p = calloc(1, sizeof *p);
	if (p)
		p->rules = calloc(1, sizeof *p->rules);
	if (!p || !p->rules) {
		free(p);
		return NULL;
	}
	p->nrules = 1;
	p->answers = conf->default_policy.answers;
	p->fail = conf->default_policy.fail;
	return p;
}

struct policy *zone_policy_copy(const struct policy *from)
{
	struct policy *p = calloc(1, sizeof *p);
	struct rule *rules = calloc(1, sizeof *rules);
	if (!p || !rules) {
		free(p);
		free(rules);
		return NULL;
	}
	*p = *from;
	*rules = *from->rules; /* a rule in place has metrics only, nothing to own */
	p->rules = rules;
	return p;
}

/* Adds the metric that `t` names. */
static bool add_metric(const struct conf *conf, struct rule *rule, const struct zone_token *t, const struct zone_report *report)
{
	char name[NAME_MAX_HERE], show[ZONE_SHOW_MAX];
	enum metric metric = metric_by_name(text_of(t, name));
	const char *why = NULL;
	if (metric == METRIC_COUNT)
		why = conf_policy(conf, name) ? "is a policy, which stands alone" : "is no metric";
	else if (rule->nmetrics == RULE_METRICS_MAX)
		why = "is one metric too many";
	for (size_t i = 0; !why && i < rule->nmetrics; i++)
		if (rule->metrics[i] == metric)
			why = "stands twice";
	if (why)
		zone_report_at(report, t, 0, "\"%s\" %s", zone_show(t, show), why);
	else
		rule->metrics[rule->nmetrics++] = metric;
	return !why;
}

static void metrics_in_place(const struct conf *conf, struct zone_service *z, const struct zone_line *line)
{
	struct policy *p = policy_in_place(conf);
	if (!p) {
		zone_report_at(&line->report, line->type_token, 0, "no memory");
		return;
	}
	bool ok = true;
	for (size_t i = 0; i < line->count; i++)
		ok = add_metric(conf, p->rules, &line->tokens[i], &line->report) && ok;
	if (ok) {
		z->service->own_policy = p;
	} else {
		policy_free(p);
		free(p);
	}
}

void zone_policy_line(const struct conf *conf, struct zone_service *z, const struct zone_line *line)
{
	char name[NAME_MAX_HERE], show[ZONE_SHOW_MAX];
	const struct zone_token *t = line->tokens;
	if (line->has_ttl)
		zone_report_at(&line->report, line->ttl_token, 0, "POLICY takes no TTL");
	if (z->policy_file) {
		zone_report_at(&line->report, line->type_token, 0, "a second POLICY for this name; the first is in %s line %u", z->policy_file, z->policy_line);
		return;
	}
	z->policy_file = line->report.file;
	z->policy_line = line->type_token->line;
	z->policy_column = line->type_token->column;
	if (line->count == 0) {
		zone_report_at(&line->report, line->type_token, 0, "POLICY needs a policy's name, or metrics");
		return;
	}
	z->policy = conf_policy(conf, text_of(t, name));
	if (z->policy && line->count == 1)
		return;
	z->policy = NULL;
	if (line->count == 1 && metric_by_name(name) == METRIC_COUNT)
		zone_report_at(&line->report, t, 0, "\"%s\" is neither a policy nor a metric", zone_show(t, show));
	else
		metrics_in_place(conf, z, line);
}
