#include "conf_lex.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void conf_lex_error(struct conf_lex *x, const struct conf_place *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	conf_report_vadd(x->report, at->order, x->sources[at->source].name, at->line, fmt, ap);
	va_end(ap);
}

static struct conf_input *input(struct conf_lex *x) { return &x->inputs[x->ninputs - 1]; }

/* The place of the next byte. */
static struct conf_place here(struct conf_lex *x)
{
	return (struct conf_place){ .order = x->order, .source = input(x)->source, .line = input(x)->line };
}

/* ---- the token's text ---- */

static void text_add(struct conf_lex *x, const char *bytes, size_t n)
{
	if (x->len + n + 1 > x->room) {
		size_t room = (x->len + n + 1) * 2;
		char *bigger = realloc(x->text, room);
		if (!bigger) {
			x->cut = true;
			return;
		}
		x->text = bigger;
		x->room = room;
	}
	memcpy(x->text + x->len, bytes, n);
	x->len += n;
	x->text[x->len] = '\0';
}

static void text_set(struct conf_lex *x, const char *bytes, size_t n)
{
	x->len = 0;
	text_add(x, bytes, n);
}

/* ---- inputs ---- */

static int add_source(struct conf_lex *x, const char *name, const struct stat *st)
{
	struct conf_source *more = realloc(x->sources, (x->nsources + 1) * sizeof *more);
	if (!more)
		return -1;
	x->sources = more;
	struct conf_source *s = &more[x->nsources];
	memset(s, 0, sizeof *s);
	s->name = strdup(name);
	if (!s->name)
		return -1;
	s->has_stat = st != NULL;
	if (st)
		s->stat = *st;
	return (int)x->nsources++;
}

static bool push_input(struct conf_lex *x, const char *name, const struct stat *st, char *owned, const char *text, size_t len)
{
	int source = add_source(x, name, st);
	if (source < 0) {
		free(owned);
		return false;
	}
	struct conf_input *in = &x->inputs[x->ninputs++];
	*in = (struct conf_input){ .text = owned, .at = text, .end = text + len, .line_start = text,
	                           .source = (unsigned)source, .line = 1 };
	x->bytes += len;
	return true;
}

static void pop_input(struct conf_lex *x)
{
	free(input(x)->text);
	x->ninputs--;
}

bool conf_lex_open(struct conf_lex *x, struct conf_report *report, const char *file)
{
	memset(x, 0, sizeof *x);
	x->report = report;
	struct stat st;
	size_t len = 0;
	const char *why = "out of memory";
	char *text = conf_slurp(file, CONF_BYTES_MAX, &len, &st, &why);
	if (text && push_input(x, file, &st, text, text, len))
		return true;
	conf_report_add(report, 0, file, 0, "cannot be read: %s", why);
	return false;
}

bool conf_lex_open_text(struct conf_lex *x, struct conf_report *report, const char *name, const char *text, size_t len)
{
	memset(x, 0, sizeof *x);
	x->report = report;
	if (push_input(x, name, NULL, NULL, text, len))
		return true;
	conf_report_add(report, 0, name, 0, "out of memory");
	return false;
}

void conf_lex_close(struct conf_lex *x)
{
	while (x->ninputs)
		pop_input(x);
	free(x->text);
	x->text = NULL;
}

/* ---- blanks and comments ---- */

static void next_line(struct conf_input *in)
{
	in->line++;
	in->line_start = in->at;
}

static void skip_block_comment(struct conf_lex *x)
{
	struct conf_input *in = input(x);
	struct conf_place begin = here(x);
	for (in->at += 2; in->at < in->end; in->at++) {
		if (in->at[0] == '*' && in->at + 1 < in->end && in->at[1] == '/') {
			in->at += 2;
			return;
		}
		if (*in->at == '\n') {
			in->at++;
			next_line(in);
			in->at--;
		}
	}
	conf_lex_error(x, &begin, "this comment is never closed");
	x->cut = true;
}

static bool at_comment(const struct conf_input *in, char second)
{
	return in->at + 1 < in->end && in->at[0] == '/' && in->at[1] == second;
}

static void skip_blanks(struct conf_lex *x)
{
	struct conf_input *in = input(x);
	while (in->at < in->end) {
		char c = *in->at;
		if (c == '#' || at_comment(in, '/')) {
			while (in->at < in->end && *in->at != '\n')
				in->at++;
		} else if (at_comment(in, '*')) {
			skip_block_comment(x);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\n') {
			in->at++;
			if (c == '\n')
				next_line(in);
		} else {
			return;
		}
	}
}

static bool is_first_on_line(const struct conf_input *in)
{
	for (const char *p = in->line_start; p < in->at; p++)
		if (*p != ' ' && *p != '\t')
			return false;
	return true;
}

/* ---- strings ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What stands behind a backslash; libconfig keeps a backslash that begins no escape. */
static void lex_escape(struct conf_lex *x)
{
	static const char letters[] = "nrtf\\\"", bytes[] = "\n\r\t\f\\\"";
	struct conf_input *in = input(x);
	const char *letter = in->at < in->end && *in->at ? strchr(letters, *in->at) : NULL;
	if (letter) {
		text_add(x, &bytes[letter - letters], 1);
		in->at++;
		return;
	}
	if (in->end - in->at >= 3 && (in->at[0] == 'x' || in->at[0] == 'X') && hex_digit(in->at[1]) >= 0 && hex_digit(in->at[2]) >= 0) {
		char c = (char)(hex_digit(in->at[1]) << 4 | hex_digit(in->at[2]));
		struct conf_place p = here(x);
		in->at += 3;
		if (c)
			text_add(x, &c, 1);
		else
			conf_lex_error(x, &p, "\\x00 would end the string here (in \"send\" write \\\\x00)");
		return;
	}
	text_add(x, "\\", 1);
}

/* From the byte behind the opening quote to behind the closing one. */
static bool lex_string(struct conf_lex *x)
{
	struct conf_input *in = input(x);
	struct conf_place begin = here(x);
	text_set(x, "", 0);
	while (in->at < in->end) {
		const char *from = in->at;
		while (in->at < in->end && !strchr("\"\\\n", *in->at))
			in->at++;
		text_add(x, from, (size_t)(in->at - from));
		if (in->at == in->end)
			break;
		char c = *in->at++;
		if (c == '"')
			return true;
		if (c == '\n') {
			text_add(x, "\n", 1);
			next_line(in);
		} else if (c == '\0') {
			struct conf_place p = here(x);
			conf_lex_error(x, &p, "a NUL byte");
		} else {
			lex_escape(x);
		}
	}
	conf_lex_error(x, &begin, "this string is never closed");
	x->cut = true;
	return false;
}

/* ---- numbers ---- */

static size_t digits(const char *s, bool hex)
{
	size_t n = 0;
	while (hex ? isxdigit((unsigned char)s[n]) : isdigit((unsigned char)s[n]))
		n++;
	return n;
}

/* An integer in libconfig's form, with L or LL behind it at will. False: something else. */
static bool read_integer(struct conf_lex *x)
{
	const char *s = x->text;
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	const char *first = hex ? s + 2 : s + (*s == '-' || *s == '+');
	size_t n = digits(first, hex);
	const char *rest = first + n;
	rest += *rest == 'L';
	rest += *rest == 'L' && rest[-1] == 'L';
	if (n == 0 || *rest)
		return false;
	if (!hex && n > 1 && *first == '0')
		conf_lex_error(x, &x->place, "%s: a leading zero has no meaning here; write the number without it", s);
	/* strtoll saturates, and no key takes the ends of its range, so what is too large is refused later as out of range. */
	x->integer = strtoll(hex ? first : s, NULL, hex ? 16 : 10);
	return true;
}

static bool is_float(const char *s)
{
	s += *s == '-' || *s == '+';
	size_t whole = digits(s, false), part = 0;
	s += whole;
	if (*s == '.') {
		part = digits(++s, false);
		s += part;
	}
	if (whole + part == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		size_t n = digits(s, false);
		if (n == 0)
			return false;
		s += n;
	}
	return *s == '\0';
}

static void lex_number(struct conf_lex *x)
{
	struct conf_input *in = input(x);
	const char *from = in->at++;
	while (in->at < in->end && (isalnum((unsigned char)*in->at) || *in->at == '.' || *in->at == '_' ||
	       ((*in->at == '-' || *in->at == '+') && (in->at[-1] == 'e' || in->at[-1] == 'E'))))
		in->at++;
	text_set(x, from, (size_t)(in->at - from));
	if (!x->text)
		x->token = TOKEN_BAD;
	else if (read_integer(x))
		x->token = TOKEN_INTEGER;
	else if (is_float(x->text))
		x->token = TOKEN_FLOAT;
	else {
		x->token = TOKEN_BAD;
		conf_lex_error(x, &x->place, "%s is not a number (text stands in \"...\")", x->text);
	}
}

/* ---- includes ---- */

static bool is_open_already(struct conf_lex *x, const struct stat *st)
{
	for (size_t i = 0; i < x->ninputs; i++) {
		const struct conf_source *s = &x->sources[x->inputs[i].source];
		if (s->has_stat && s->stat.st_dev == st->st_dev && s->stat.st_ino == st->st_ino)
			return true;
	}
	return false;
}

static void include(struct conf_lex *x, const char *file, const struct conf_place *at)
{
	struct stat st;
	size_t len = 0;
	const char *why = "out of memory";
	char *text = conf_slurp(file, CONF_BYTES_MAX - x->bytes, &len, &st, &why);
	if (text && is_open_already(x, &st))
		why = "it is being read already (a loop of includes)";
	else if (text && x->ninputs == CONF_INCLUDE_DEPTH)
		why = "includes are nested too deep";
	else if (text && x->nsources == CONF_FILES_MAX)
		why = "too many files";
	else if (text && push_input(x, file, &st, text, text, len))
		return;
	else
		text = NULL; /* push_input freed it */
	free(text);
	conf_lex_error(x, at, "@include \"%s\": %s", file, why);
	x->cut = true;
}

/* At "@". libconfig knows @include only as the first thing on a line. */
static bool lex_include(struct conf_lex *x)
{
	static const char word[] = "@include";
	struct conf_input *in = input(x);
	struct conf_place at = here(x);
	bool first = is_first_on_line(in);
	size_t n = sizeof word - 1;
	if ((size_t)(in->end - in->at) <= n || memcmp(in->at, word, n) != 0)
		return false;
	in->at += n;
	while (in->at < in->end && (*in->at == ' ' || *in->at == '\t'))
		in->at++;
	if (!first || in->at == in->end || *in->at != '"') {
		conf_lex_error(x, &at, "@include stands alone on a line: @include \"FILE\"");
		while (in->at < in->end && *in->at != '\n')
			in->at++;
		x->cut = true;
		return true;
	}
	in->at++;
	if (!lex_string(x) || !x->text)
		return true;
	char *dir = conf_folder(x->sources[in->source].name);
	char *file = dir ? conf_join(dir, x->text) : NULL;
	if (file)
		include(x, file, &at);
	else
		x->cut = true;
	free(dir);
	free(file);
	return true;
}

/* ---- tokens ---- */

/* Skips to the next token's first byte, into and out of included files. False: the end of all. */
static bool seek_token(struct conf_lex *x)
{
	for (;;) {
		skip_blanks(x);
		struct conf_input *in = input(x);
		if (in->at < in->end) {
			if (*in->at != '@' || !lex_include(x))
				return true;
		} else if (x->ninputs > 1) {
			pop_input(x);
		} else {
			return false;
		}
	}
}

static void lex_name(struct conf_lex *x)
{
	struct conf_input *in = input(x);
	const char *from = in->at;
	while (in->at < in->end && (isalnum((unsigned char)*in->at) || (*in->at && strchr("-_*", *in->at))))
		in->at++;
	text_set(x, from, (size_t)(in->at - from));
	x->token = x->text ? TOKEN_NAME : TOKEN_BAD;
	if (!x->text)
		return;
	x->truth = strcasecmp(x->text, "true") == 0;
	if (x->truth || strcasecmp(x->text, "false") == 0)
		x->token = TOKEN_BOOL;
}

static void lex_odd_byte(struct conf_lex *x, char c)
{
	if (isgraph((unsigned char)c))
		conf_lex_error(x, &x->place, "`%c' has no meaning here", c);
	else
		conf_lex_error(x, &x->place, "byte 0x%02x has no meaning here", (unsigned char)c);
	x->token = TOKEN_BAD;
}

void conf_lex_next(struct conf_lex *x)
{
	x->order++;
	bool more = seek_token(x);
	struct conf_input *in = input(x);
	x->place = here(x);
	x->first_on_line = is_first_on_line(in);
	if (!more) {
		x->token = TOKEN_END;
		return;
	}
	char c = *in->at;
	if (isalpha((unsigned char)c) || c == '*') {
		lex_name(x);
	} else if (isdigit((unsigned char)c) || c == '-' || c == '+' || c == '.') {
		lex_number(x);
	} else if (c == '"') {
		in->at++;
		x->token = lex_string(x) && x->text ? TOKEN_STRING : TOKEN_BAD;
	} else if (c && strchr("=:;,{}()[]", c)) {
		in->at++;
		x->punct = c == ':' ? '=' : c;
		x->token = TOKEN_PUNCT;
	} else {
		in->at++;
		lex_odd_byte(x, c);
	}
}
