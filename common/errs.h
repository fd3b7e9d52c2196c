/*
 * errs: the errors of one run over configuration and zones, collected so that
 * a user sees all of them at once, each with its place:
 *     FILE:LINE:COLUMN: what is wrong      (column 0: left out; line 0: too)
 */
#ifndef FAIRLEAD_ERRS_H
#define FAIRLEAD_ERRS_H

#include <stddef.h>
#include <stdio.h>

/* More than this many lines help nobody; the rest is counted ("and N more"). */
#define ERRS_SHOWN_MAX 20

struct errs {
	size_t count;              /* all errors, also those past ERRS_SHOWN_MAX */
	char *text[ERRS_SHOWN_MAX]; /* owned */
};

void errs_init(struct errs *e);
void errs_free(struct errs *e);

/* Adds one error. `file` may be NULL (no place at all). Never fails: out of memory only loses the text, not the count. */
void errs_add(struct errs *e, const char *file, unsigned line, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Writes every kept error as a line of its own, and "and N more errors" if some were not kept. */
void errs_print(const struct errs *e, FILE *to);

/* Logs the same, one event an error. */
void errs_log(const struct errs *e);

#endif
