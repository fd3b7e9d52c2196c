/*
 * zonelex_scan: one entry of a master file, in the window of a struct zonelex.
 * Only zonelex.c uses it.
 */
#ifndef FAIRLEAD_ZONELEX_SCAN_H
#define FAIRLEAD_ZONELEX_SCAN_H

#include "zonelex.h"

/* Values of zonelex.skip: after an error reading goes on at a line that is likely to begin something. */
enum {
	SKIP_NOTHING,
	SKIP_LINE,        /* the rest of this line */
	SKIP_GROUP,       /* the same, it stands inside parentheses: and then what SKIP_INDENTED passes */
	SKIP_INDENTED     /* lines that begin with a blank, a comment or ")": the rest of a group */
};

enum byte_class { PLAIN, BLANK, NEWLINE, RETURN, QUOTE, BACKSLASH, COMMENT, OPEN, CLOSE, CONTROL };
enum byte_class zonelex_class(char c);

/* The scan of one entry: a cursor over the window. */
struct scan {
	struct zonelex *x;
	const char *p, *end;
	const char *line_start;
	unsigned line;
	unsigned depth;                    /* of parentheses */
	const char *open;                  /* the outermost "(" that is open */
	unsigned open_line, open_column;
};

/* MORE: the window ends before the entry does. */
enum step { STEP_ON, STEP_DONE, STEP_MORE, STEP_ERROR };

/*
 * Makes the tokens of the entry at x->at. STEP_DONE: x->at is behind it (no
 * tokens: the window's end was met first, or the file's). STEP_ERROR: x->why and
 * so on, x->at and x->skip say where to go on.
 */
enum step zonelex_scan(struct scan *s);

/* Fills in the error; returns STEP_ERROR. */
enum step zonelex_fail(struct zonelex *x, unsigned line, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Reading goes on at `p`, in line `line`, after the skip. */
void zonelex_resume(struct scan *s, const char *p, unsigned line, unsigned skip);

#endif
