#include "zonelex_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum byte_class zonelex_class(char c)
{
	return class_of[(uint8_t)c];
}

enum step zonelex_fail(struct zonelex *x, unsigned line, unsigned column, const char *fmt, ...)
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

void zonelex_resume(struct scan *s, const char *p, unsigned line, unsigned skip)
{
	s->x->at = (size_t)(p - s->x->window);
	s->x->line = line;
	s->x->skip = skip;
}

/* An error at `p` of the present line. */
static enum step fail_here(struct scan *s, const char *p, const char *why)
{
	zonelex_resume(s, p, s->line, s->depth ? SKIP_GROUP : SKIP_LINE);
	return zonelex_fail(s->x, s->line, column_of(s, p), "%s", why);
}

static enum step fail_byte(struct scan *s, const char *p)
{
	char why[64];
	snprintf(why, sizeof why, "control byte 0x%02x (write it as \\%03u)", (uint8_t)*p, (unsigned)(uint8_t)*p);
	return fail_here(s, p, why);
}

static enum step add_token(struct scan *s, const char *start, const char *end, unsigned column, bool quoted, bool inside)
{
	struct zonelex *x = s->x;
	if (x->count == x->room) {
		struct zone_token *larger = realloc(x->tokens, 2 * x->room * sizeof *larger);
		if (!larger) {
			x->broken = true;
			return zonelex_fail(x, s->line, column, "no memory");
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
		zonelex_resume(s, s->p, s->line, SKIP_NOTHING);
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
	zonelex_resume(s, s->open, s->open_line, SKIP_GROUP);
	return zonelex_fail(s->x, s->open_line, s->open_column, "parenthesis is never closed");
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

enum step zonelex_scan(struct scan *s)
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
		zonelex_resume(s, s->p, s->line, SKIP_NOTHING);
	return e;
}
