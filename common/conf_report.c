#include "conf_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void conf_report_vadd(struct conf_report *r, unsigned order, const char *file, unsigned line,
                      const char *fmt, va_list ap)
{
	if (!r->problems)
		r->problems = calloc(CONF_REPORT_MAX, sizeof *r->problems);
	size_t found = r->count++;
	if (!r->problems || found >= CONF_REPORT_MAX)
		return;
	struct conf_problem *p = &r->problems[found];
	p->order = order;
	p->line = line;
	p->found = found;
	p->file = file ? strdup(file) : NULL;
	if (vasprintf(&p->why, fmt, ap) < 0)
		p->why = NULL;
}

void conf_report_add(struct conf_report *r, unsigned order, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	conf_report_vadd(r, order, file, line, fmt, ap);
	va_end(ap);
}

static int by_order(const void *a, const void *b)
{
	const struct conf_problem *p = a, *q = b;
	if (p->order != q->order)
		return p->order < q->order ? -1 : 1;
	return p->found < q->found ? -1 : p->found > q->found;
}

void conf_report_flush(struct conf_report *r, struct errs *errs)
{
	size_t kept = !r->problems ? 0 : r->count < CONF_REPORT_MAX ? r->count : CONF_REPORT_MAX;
	if (kept)
		qsort(r->problems, kept, sizeof *r->problems, by_order);
	for (size_t i = 0; i < kept; i++) {
		struct conf_problem *p = &r->problems[i];
		errs_add(errs, p->file, p->line, 0, "%s", p->why ? p->why : "out of memory");
		free(p->file);
		free(p->why);
	}
	for (size_t i = kept; i < r->count; i++)
		errs_add(errs, NULL, 0, 0, "out of memory");
	free(r->problems);
	memset(r, 0, sizeof *r);
}
