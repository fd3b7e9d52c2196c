/*
 * exec: a helper (helper.h) of the check's own is asked "check" and answers
 * in the words of an agent (agent_line.h). One that does not answer in time
 * hangs: it is killed, and started again with the next probe. Starts are
 * ever further apart, unless it has lived for a while.
 */
#include "check_kind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agent_line.h"
#include "loop.h"

#define PAUSE_FIRST (100 * NS_PER_MS)
#define PAUSE_MAX (30 * NS_PER_SECOND)
/* Who has lived so long did not end because of how it was started. */
#define LIFE_LONG (10 * NS_PER_SECOND)

#define VARIABLES 6
#define VARIABLE_MAX 300

struct exec {
	struct helper *helper;        /* NULL: does not run */
	struct agent_state said;
	int64_t began, not_before;    /* ns: its last start, and when it may start again */
	int64_t pause;
	char **argv;                  /* ends with NULL; texts are the configuration's */
};

/* It is gone, whoever did it. */
static void note_end(struct exec *e)
{
	int64_t now = loop_now();
	helper_stop(e->helper);
	e->helper = NULL;
	e->pause = e->pause == 0 || now - e->began >= LIFE_LONG ? PAUSE_FIRST : e->pause * 2 < PAUSE_MAX ? e->pause * 2 : PAUSE_MAX;
	e->not_before = now + e->pause;
}

static void on_line(void *arg, const char *line, size_t n)
{
	struct check *k = arg;
	struct exec *e = k->own;
	if (k->running) /* else nobody has asked */
		check_end_as_said(k, &e->said, line, n, check_took(k));
}

static void on_ended(void *arg)
{
	struct check *k = arg;
	note_end(k->own);
	if (k->running)
		check_end(k, RESULT_L7_HELPER, 0, check_took(k));
}

/* All that a helper is told of us. */
static void fill_environment(const struct check *k, char texts[VARIABLES][VARIABLE_MAX], char *list[VARIABLES + 1])
{
	char address[ADDR_TEXT_MAX];
	snprintf(texts[0], VARIABLE_MAX, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	snprintf(texts[1], VARIABLE_MAX, "FAIRLEAD_CHECK=%s", k->conf->name);
	snprintf(texts[2], VARIABLE_MAX, "FAIRLEAD_SERVICE=%s", k->service ? k->service : "");
	snprintf(texts[3], VARIABLE_MAX, "FAIRLEAD_ADDRESS=%s", addr_text(&k->address, address));
	snprintf(texts[4], VARIABLE_MAX, "FAIRLEAD_PORT=%u", addr_port(&k->address));
	snprintf(texts[5], VARIABLE_MAX, "FAIRLEAD_TIMEOUT=%g", k->conf->timeout);
	for (size_t i = 0; i < VARIABLES; i++)
		list[i] = texts[i];
	list[VARIABLES] = NULL;
}

static bool fill_arguments(struct check *k)
{
	struct exec *e = k->own;
	free(e->argv);
	e->argv = calloc(k->conf->ncommand + 1, sizeof(char *));
	for (size_t i = 0; e->argv && i < k->conf->ncommand; i++)
		e->argv[i] = k->conf->command[i];
	return e->argv;
}

/* False: it does not run, and the probe has ended. */
static bool have_helper(struct check *k)
{
	const struct helper_calls calls = { on_line, on_ended, k };
	char texts[VARIABLES][VARIABLE_MAX], *environment[VARIABLES + 1];
	struct exec *e = k->own;
	if (e->helper)
		return true;
	if (loop_now() < e->not_before) {
		check_end(k, RESULT_L7_HELPER, 0, check_took(k));
		return false;
	}
	fill_environment(k, texts, environment);
	e->began = loop_now();
	e->helper = fill_arguments(k) ? helper_start(&k->checker->helpers, e->argv, environment, &calls) : NULL;
	if (e->helper)
		return true;
	if (check_is_our_lack(errno))
		check_postpone(k, "no means to start a helper");
	else
		check_end(k, RESULT_L7_HELPER, 0, check_took(k));
	return false;
}

static bool prepare(struct check *k)
{
	k->own = calloc(1, sizeof(struct exec));
	return k->own;
}

static void start(struct check *k)
{
	struct exec *e = k->own;
	if (have_helper(k))
		helper_ask(e->helper, "check\n");
}

/* The helper lives on. */
static void stop(struct check *k)
{
	(void)k;
}

static void time_up(struct check *k)
{
	note_end(k->own);
	check_end(k, RESULT_L7_TIMEOUT, 0, check_took(k));
}

static void release(struct check *k)
{
	struct exec *e = k->own;
	if (!e)
		return;
	if (e->helper)
		helper_stop(e->helper);
	free(e->argv);
}

static void forget(struct checker *c)
{
	helpers_forget(&c->helpers);
}

const struct check_kind check_kind_exec = {
	.prepare = prepare, .start = start, .time_up = time_up, .stop = stop, .release = release, .forget = forget
};
