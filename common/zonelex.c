#include "zonelex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "zonelex_scan.h"

#define WINDOW_FIRST (256u << 10)

/*
 * Each search for a closing parenthesis may look at ZONELEX_ENTRY_MAX bytes; after
 * this many in vain the file is no zone, and reading it would take too long.
 */
#define UNCLOSED_MAX ERRS_SHOWN_MAX

static bool init(struct zonelex *x, size_t size)
{
	memset(x, 0, sizeof *x);
	x->fd = -1;
	x->line = 1;
	x->size = size;
	x->window = malloc(size + 1);
	x->room = 32;
	x->tokens = calloc(x->room, sizeof *x->tokens);
	if (x->window && x->tokens) {
		x->window[0] = 0;
		return true;
	}
	zonelex_close(x);
	snprintf(x->why, sizeof x->why, "no memory");
	return false;
}

/* Some editors put a byte order mark in front of the first line. */
static void pass_bom(struct zonelex *x)
{
	if (!x->begun && x->end >= 3 && memcmp(x->window, "\xef\xbb\xbf", 3) == 0)
		x->at = 3;
	x->begun = true;
}

bool zonelex_open(struct zonelex *x, const char *file, struct stat *st)
{
	struct stat own;
	if (!init(x, WINDOW_FIRST))
		return false;
	if (!st)
		st = &own;
	/* O_NONBLOCK: a FIFO of that name must not hold us up. */
	x->fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (x->fd < 0 || fstat(x->fd, st) < 0)
		snprintf(x->why, sizeof x->why, "can't be read: %s", strerror(errno));
	else if (!S_ISREG(st->st_mode))
		snprintf(x->why, sizeof x->why, S_ISDIR(st->st_mode) ? "is a folder, not a file" : "is not a regular file");
	else
		return true;
	zonelex_close(x);
	return false;
}

bool zonelex_open_text(struct zonelex *x, const void *text, size_t len)
{
	if (!init(x, len))
		return false;
	if (len)
		memcpy(x->window, text, len);
	x->window[len] = 0;
	x->end = len;
	x->eof = true;
	pass_bom(x);
	return true;
}

void zonelex_close(struct zonelex *x)
{
	if (x->fd >= 0)
		close(x->fd);
	free(x->window);
	free(x->tokens);
	x->fd = -1;
	x->window = NULL;
	x->tokens = NULL;
	x->eof = x->broken = true;
	x->at = x->end = 0;
}

/*
 * Moves the entry that is being read to the window's start and reads on behind
 * it, with a larger window if it is full. STEP_ON: there is more, or the end is
 * known; scan again from x->at. STEP_DONE: the entry is longer than the largest window.
 */
static enum step read_more(struct zonelex *x)
{
	if (x->at) {
		memmove(x->window, x->window + x->at, x->end - x->at);
		x->end -= x->at;
		x->at = 0;
	}
	if (x->end == x->size) {
		if (x->size >= ZONELEX_ENTRY_MAX)
			return STEP_DONE;
		char *larger = realloc(x->window, x->size * 2 + 1);
		if (!larger) {
			x->broken = true;
			return zonelex_fail(x, x->line, 0, "no memory");
		}
		x->window = larger;
		x->size *= 2;
	}
	ssize_t n;
	do
		n = read(x->fd, x->window + x->end, x->size - x->end);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		x->broken = true;
		return zonelex_fail(x, 0, 0, "can't be read: %s", strerror(errno));
	}
	x->eof = n == 0;
	x->end += (size_t)n;
	x->window[x->end] = 0;
	pass_bom(x);
	return STEP_ON;
}

/* The window is full with one entry. */
static enum step too_long(struct scan *s)
{
	if (s->depth) {
		s->x->unclosed++;
		zonelex_resume(s, s->open, s->open_line, SKIP_GROUP);
		return zonelex_fail(s->x, s->open_line, s->open_column, "parenthesis is not closed within %u bytes", ZONELEX_ENTRY_MAX);
	}
	s->x->at = s->x->end;
	s->x->skip = SKIP_LINE;
	return zonelex_fail(s->x, s->x->line, 1, "line is longer than %u bytes", ZONELEX_ENTRY_MAX);
}

/* Passes the rest of a line. False: the window ends before the line does. */
static bool pass_line(struct zonelex *x)
{
	const char *p = x->window + x->at;
	const char *newline = memchr(p, '\n', x->end - x->at);
	x->at = newline ? (size_t)(newline + 1 - x->window) : x->end;
	x->line += newline != NULL;
	return newline != NULL;
}

/* Does what x->skip says, as far as the window goes. STEP_MORE: and behind it. */
static enum step skip(struct zonelex *x)
{
	while (x->skip != SKIP_NOTHING) {
		if (x->skip == SKIP_INDENTED) {
			if (x->at == x->end)
				return STEP_MORE;
			enum byte_class c = zonelex_class(x->window[x->at]);
			bool begins = c != BLANK && c != NEWLINE && c != RETURN && c != COMMENT && c != CLOSE;
			x->skip = begins ? SKIP_NOTHING : SKIP_GROUP;
		} else {
			if (!pass_line(x))
				return STEP_MORE;
			x->skip = x->skip == SKIP_GROUP ? SKIP_INDENTED : SKIP_NOTHING;
		}
	}
	return STEP_ON;
}

enum zonelex_result zonelex_next(struct zonelex *x)
{
	struct scan s = { .x = x };
	while (!x->broken && x->unclosed < UNCLOSED_MAX) {
		enum step e = skip(x);
		if (e == STEP_ON)
			e = zonelex_scan(&s);
		else if (x->eof)
			return ZONELEX_END;
		if (e == STEP_MORE && (e = read_more(x)) == STEP_DONE)
			e = too_long(&s);
		if (e == STEP_ERROR)
			return ZONELEX_ERROR;
		if (e == STEP_DONE && x->count)
			return ZONELEX_ENTRY;
		if (e == STEP_DONE && x->eof && x->at == x->end)
			return ZONELEX_END;
	}
	return ZONELEX_END;
}
