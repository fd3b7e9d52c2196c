#include "zonelex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW_FIRST (256u << 10)

/*
 * Each search for a closing parenthesis may look at ZONELEX_ENTRY_MAX bytes; after
 * this many in vain the file is no zone, and reading it would take too long.
 */
#define UNCLOSED_MAX ERRS_SHOWN_MAX

/* Values of zonelex.skip: after an error reading goes on at a line that is likely to begin something. */
enum {
	SKIP_NOTHING,
	SKIP_LINE,        /* the rest of this line */
	SKIP_GROUP,       /* the same, it stands inside parentheses: and then what SKIP_INDENTED passes */
	SKIP_INDENTED     /* lines that begin with a blank, a comment or ")": the rest of a group */
};

enum byte_class { PLAIN, BLANK, NEWLINE, RETURN, QUOTE, BACKSLASH, COMMENT, OPEN, CLOSE, CONTROL };

static const uint8_t class_of[256] = {
	[0] = CONTROL, [1] = CONTROL, [2] = CONTROL, [3] = CONTROL, [4] = CONTROL, [5] = CONTROL, [6] = CONTROL,
	[7] = CONTROL, [8] = CONTROL, ['\t'] = BLANK, ['\n'] = NEWLINE, [11] = CONTROL, [12] = CONTROL, ['\r'] = RETURN,
	[14] = CONTROL, [15] = CONTROL, [16] = CONTROL, [17] = CONTROL, [18] = CONTROL, [19] = CONTROL, [20] = CONTROL,
	[21] = CONTROL, [22] = CONTROL, [23] = CONTROL, [24] = CONTROL, [25] = CONTROL, [26] = CONTROL, [27] = CONTROL,
	[28] = CONTROL, [29] = CONTROL, [30] = CONTROL, [31] = CONTROL, [' '] = BLANK, ['"'] = QUOTE, [';'] = COMMENT,
	['('] = OPEN, [')'] = CLOSE, ['\\'] = BACKSLASH, [127] = CONTROL,
};

static inline enum byte_class class_at(const char *p)
{
	return class_of[(uint8_t)*p];
}

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

enum step { STEP_ON, STEP_DONE, STEP_MORE, STEP_ERROR };

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

static enum step fail_at(struct zonelex *x, unsigned line, unsigned column, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(x->why, sizeof x->why, fmt, ap);
	va_end(ap);
	x->error_line = line;
	x->error_column = column;
	return STEP_ERROR;
}

static unsigned column_of(const struct scan *s, const char *p)
{
	return (unsigned)(p - s->line_start) + 1;
}

/* Reading goes on at `p`, in line `line`, after the skip. */
static void resume_at(struct scan *s, const char *p, unsigned line, unsigned skip)
{
	s->x->at = (size_t)(p - s->x->window);
	s->x->line = line;
	s->x->skip = skip;
}

/* An error at `p` of the present line. */
static enum step fail_here(struct scan *s, const char *p, const char *why)
{
	resume_at(s, p, s->line, s->depth ? SKIP_GROUP : SKIP_LINE);
	return fail_at(s->x, s->line, column_of(s, p), "%s", why);
}

static enum step fail_byte(struct scan *s, const char *p)
{
	char why[64];
	snprintf(why, sizeof why, "control byte 0x%02x (write it as \\%03u)", (uint8_t)*p, (unsigned)(uint8_t)*p);
	return fail_here(s, p, why);
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
			return fail_at(x, x->line, 0, "no memory");
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
		return fail_at(x, 0, 0, "can't be read: %s", strerror(errno));
	}
	x->eof = n == 0;
	x->end += (size_t)n;
	x->window[x->end] = 0;
	pass_bom(x);
	return STEP_ON;
}

static enum step add_token(struct scan *s, const char *start, const char *end, unsigned column, bool quoted, bool inside)
{
	struct zonelex *x = s->x;
	if (x->count == x->room) {
		struct zone_token *larger = realloc(x->tokens, 2 * x->room * sizeof *larger);
		if (!larger) {
			x->broken = true;
			return fail_at(x, s->line, column, "no memory");
		}
		x->tokens = larger;
		x->room *= 2;
	}
	x->tokens[x->count++] = (struct zone_token){
		.text = start, .len = (size_t)(end - start), .line = s->line, .column = column,
		.quoted = quoted, .quote_inside = inside,
	};
	return STEP_ON;
}

/* At a backslash: passes it and the byte it protects. */
static enum step pass_escape(struct scan *s)
{
	const char *next = s->p + 1;
	if (next == s->end && !s->x->eof)
		return STEP_MORE;
	enum byte_class c = class_at(next);
	if (next == s->end || c == NEWLINE || c == RETURN)
		return fail_here(s, s->p, "backslash at the end of a line");
	if (c == CONTROL)
		return fail_byte(s, next);
	s->p += 2;
	return STEP_ON;
}

/* At a quote: passes it and all up to behind the closing one, which has to stand in the same line. */
static enum step pass_quoted(struct scan *s)
{
	const char *open = s->p++;
	for (;;) {
		enum byte_class c = class_at(s->p);
		if (c == QUOTE) {
			s->p++;
			return STEP_ON;
		}
		if (c == BACKSLASH) {
			const char *before = s->p;
			enum step e = pass_escape(s);
			if (e == STEP_ERROR && (before + 1 == s->end || class_at(before + 1) != CONTROL))
				return fail_here(s, open, "quote is not closed in this line");
			if (e != STEP_ON)
				return e;
		} else if (c == NEWLINE || c == RETURN) {
			return fail_here(s, open, "quote is not closed in this line");
		} else if (c == CONTROL) {
			if (s->p == s->end)
				return s->x->eof ? fail_here(s, open, "quote is not closed in this line") : STEP_MORE;
			return fail_byte(s, s->p);
		} else {
			s->p++;
		}
	}
}

static enum step scan_quoted(struct scan *s)
{
	const char *open = s->p;
	enum step e = pass_quoted(s);
	return e == STEP_ON ? add_token(s, open + 1, s->p - 1, column_of(s, open), true, false) : e;
}

static enum step scan_word(struct scan *s)
{
	const char *start = s->p;
	bool inside = false;
	for (;;) {
		enum step e = STEP_ON;
		while (class_at(s->p) == PLAIN)
			s->p++;
		if (class_at(s->p) == BACKSLASH) {
			e = pass_escape(s);
		} else if (class_at(s->p) == QUOTE && s->p > start && s->p[-1] == '=') {
			inside = true; /* key="value with blanks" (RFC 9460) is one token */
			e = pass_quoted(s);
		} else {
			break;
		}
		if (e != STEP_ON)
			return e;
	}
	if (s->p == s->end && !s->x->eof)
		return STEP_MORE;
	return add_token(s, start, s->p, column_of(s, start), false, inside);
}

/* Behind the last byte of a line, the newline not included. */
static enum step end_line(struct scan *s)
{
	struct zonelex *x = s->x;
	if (s->p < s->end) {
		s->p++;
		s->line++;
		s->line_start = s->p;
		if (s->depth)
			return STEP_ON;
	}
	if (x->count == 0 && s->p < s->end) {
		/* An empty line: done with, so it needs no room in the window. */
		resume_at(s, s->p, s->line, SKIP_NOTHING);
		x->starts_blank = class_at(s->p) == BLANK;
		return STEP_ON;
	}
	return STEP_DONE;
}

static enum step scan_comment(struct scan *s)
{
	const char *newline = memchr(s->p, '\n', (size_t)(s->end - s->p));
	if (newline) {
		s->p = newline;
		return STEP_ON;
	}
	if (!s->x->eof && s->x->count == 0 && s->depth == 0) {
		/* A comment longer than the window: what was seen of it needs no room. */
		s->x->window[s->x->end - 1] = ';';
		s->x->at = s->x->end - 1;
	}
	s->p = s->end;
	return s->x->eof ? STEP_ON : STEP_MORE;
}

static enum step scan_control(struct scan *s)
{
	if (s->p < s->end)
		return fail_byte(s, s->p);
	if (!s->x->eof)
		return STEP_MORE;
	if (s->depth == 0)
		return end_line(s);
	s->x->unclosed++;
	resume_at(s, s->open, s->open_line, SKIP_GROUP);
	return fail_at(s->x, s->open_line, s->open_column, "parenthesis is never closed");
}

static enum step scan_return(struct scan *s)
{
	if (s->p + 1 == s->end && !s->x->eof)
		return STEP_MORE;
	if (s->p + 1 < s->end && s->p[1] != '\n')
		return fail_here(s, s->p, "carriage return without a newline");
	s->p++;
	return STEP_ON;
}

static enum step scan_parenthesis(struct scan *s)
{
	if (*s->p == '(') {
		if (s->depth++ == 0) {
			s->open = s->p;
			s->open_line = s->line;
			s->open_column = column_of(s, s->p);
		}
	} else if (s->depth == 0) {
		return fail_here(s, s->p, "closing parenthesis without an opening one");
	} else {
		s->depth--;
	}
	s->p++;
	return STEP_ON;
}

static enum step scan_one(struct scan *s)
{
	switch (class_at(s->p)) {
	case BLANK:
		s->p++;
		return STEP_ON;
	case NEWLINE:
		return end_line(s);
	case COMMENT:
		return scan_comment(s);
	case QUOTE:
		return scan_quoted(s);
	case OPEN:
	case CLOSE:
		return scan_parenthesis(s);
	case RETURN:
		return scan_return(s);
	case CONTROL:
		return scan_control(s);
	case PLAIN:
	case BACKSLASH:
		break;
	}
	return scan_word(s);
}

static enum step scan_entry(struct scan *s)
{
	struct zonelex *x = s->x;
	s->p = s->line_start = x->window + x->at;
	s->end = x->window + x->end;
	s->line = x->line;
	s->depth = 0;
	x->count = 0;
	x->starts_blank = class_at(s->p) == BLANK;
	enum step e;
	do
		e = scan_one(s);
	while (e == STEP_ON);
	if (e == STEP_DONE)
		resume_at(s, s->p, s->line, SKIP_NOTHING);
	return e;
}

/* The window is full with one entry. */
static enum step too_long(struct scan *s)
{
	if (s->depth) {
		s->x->unclosed++;
		resume_at(s, s->open, s->open_line, SKIP_GROUP);
		return fail_at(s->x, s->open_line, s->open_column, "parenthesis is not closed within %u bytes", ZONELEX_ENTRY_MAX);
	}
	s->x->at = s->x->end;
	s->x->skip = SKIP_LINE;
	return fail_at(s->x, s->x->line, 1, "line is longer than %u bytes", ZONELEX_ENTRY_MAX);
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
			enum byte_class c = class_at(x->window + x->at);
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
			e = scan_entry(&s);
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

void zone_report_at(const struct zone_report *r, const struct zone_token *t, size_t offset, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	if (!r->errs)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	errs_add(r->errs, r->file, t->line, t->column + (unsigned)offset + t->quoted, "%s", text);
}

const char *zone_show_text(const char *text, size_t len, char out[ZONE_SHOW_MAX])
{
	char *o = out;
	for (size_t i = 0; i < len && i < 40; i++) {
		uint8_t c = (uint8_t)text[i];
		if (c >= 0x20 && c < 0x7f)
			*o++ = (char)c;
		else
			o += sprintf(o, "\\%03u", (unsigned)c);
	}
	memcpy(o, len > 40 ? "..." : "", len > 40 ? 4 : 1);
	return out;
}

const char *zone_show(const struct zone_token *t, char out[ZONE_SHOW_MAX])
{
	return zone_show_text(t->text, t->len, out);
}

bool zone_number(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
		if (n > max) /* max is below 2^60, so nothing wraps before this is seen */
			return false;
	}
	*out = n;
	return true;
}
