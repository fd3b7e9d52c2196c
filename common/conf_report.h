/*
 * conf_report: the errors of one configuration, found in several passes
 * (text, keys, references) and told in the order of the text, so that a user
 * mends the file from top to bottom.
 */
#ifndef FAIRLEAD_CONF_REPORT_H
#define FAIRLEAD_CONF_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "errs.h"

/* Where something stands. `order` grows with every token read, over all files. */
struct conf_place {
	unsigned order;
	unsigned source;     /* index into conf_text.sources */
	unsigned line;
};

/* Kept with their text; later ones are only counted (struct errs shows far fewer). */
#define CONF_REPORT_MAX 1000

struct conf_problem {
	unsigned order, line;
	size_t found;        /* the order of finding, among problems of one token */
	char *file, *why;    /* owned; NULL: no memory for it */
};

struct conf_report {
	struct conf_problem *problems;
	size_t count;        /* all of them, also those only counted */
};

void conf_report_add(struct conf_report *r, unsigned order, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void conf_report_vadd(struct conf_report *r, unsigned order, const char *file, unsigned line,
                      const char *fmt, va_list ap) __attribute__((format(printf, 5, 0)));

/* Hands everything to `errs`, in the order of the text, and empties the report. */
void conf_report_flush(struct conf_report *r, struct errs *errs);

/* True while another hint is worth its search: a hint for an error that nobody sees would only cost time. */
static inline bool conf_report_shows_more(const struct conf_report *r) { return r->count < CONF_REPORT_MAX; }

#endif
