/*
 * helper: a process that lives beside us and answers questions, a line each,
 * from its standard input to its standard output. It has a process group of
 * its own, in which all that it starts ends with it.
 */
#ifndef FAIRLEAD_HELPER_H
#define FAIRLEAD_HELPER_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct helper;

/* A helper that says more than this between two questions has gone mad. */
#define HELPER_OUTPUT_MAX 65536
#define HELPER_LINE_MAX 1024

struct helper_calls {
	/* A line, without its end, cut at HELPER_LINE_MAX. It may stop the helper. */
	void (*line)(void *arg, const char *line, size_t n);
	/* It has ended, closed its output, or gone mad; helper_stop is the next that has to be called, at once or later. */
	void (*ended)(void *arg);
	void *arg;
};

/* Those that have been killed and not yet ended. */
struct helpers { struct event_base *base; struct helper *dying; };

/* `argv`: a path first; both lists end with NULL. NULL: errno says why. */
struct helper *helper_start(struct helpers *all, char *const argv[], char *const environment[], const struct helper_calls *calls);
/* What it has said up to now is of no account; asks anew. A helper that does not read is not waited for. */
void helper_ask(struct helper *h, const char *question);
/* Kills the whole group. */
void helper_stop(struct helper *h);
/* Before the base goes: waits for nobody. */
void helpers_forget(struct helpers *all);

#endif
