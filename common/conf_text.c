#include "conf_text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct open_bracket { char closer; struct conf_place place; };
struct seen_key { char *name; struct conf_place place; };

struct parser {
	struct conf_lex lex;
	struct conf_text *out;
	size_t room, places_room;
	struct open_bracket open[CONF_NESTING_MAX]; size_t nopen;
	struct seen_key *seen; size_t nseen, seen_room; /* of all open groups, the innermost last */
	char *string; size_t string_len, string_room;
	struct conf_place last; /* of the token before: where something is missing */
	bool no_memory;
};

/* ---- writing the canonical text ---- */

static bool grow(struct parser *p, void *array, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return true;
	size_t bigger = need * 2;
	void *more = realloc(*(void **)array, bigger * size);
	if (!more) {
		p->no_memory = true;
		return false;
	}
	*(void **)array = more;
	*room = bigger;
	return true;
}

static void put(struct parser *p, const char *bytes, size_t n)
{
	if (!grow(p, &p->out->text, &p->room, p->out->len + n + 1, 1))
		return;
	memcpy(p->out->text + p->out->len, bytes, n);
	p->out->len += n;
	p->out->text[p->out->len] = '\0';
}

static void put_text(struct parser *p, const char *text) { put(p, text, strlen(text)); }

/* Before a token of which libconfig notes the line. */
static void put_place(struct parser *p, const struct conf_place *at)
{
	struct conf_text *t = p->out;
	if (t->nplaces) {
		const struct conf_place *last = &t->places[t->nplaces - 1];
		if (last->source == at->source && last->line == at->line)
			return;
		put(p, "\n", 1);
	}
	if (grow(p, &t->places, &p->places_room, t->nplaces + 1, sizeof *t->places))
		t->places[t->nplaces++] = *at;
}

static void put_string(struct parser *p, const char *s, size_t n)
{
	put(p, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		char hex[5];
		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
			snprintf(hex, sizeof hex, "\\x%02x", c);
			put(p, hex, 4);
		} else {
			put(p, &s[i], 1);
		}
	}
	put(p, "\"", 1);
}

static void put_integer(struct parser *p, long long v)
{
	char digits[32];
	int n = snprintf(digits, sizeof digits, v > INT_MAX || v < INT_MIN ? "%lldL" : "%lld", v);
	put(p, digits, (size_t)n);
}

struct mark { size_t len, nplaces; };

static struct mark mark(const struct parser *p)
{
	return (struct mark){ p->out->len, p->out->nplaces };
}

/* Takes back what was written since `m`. */
static void roll_back(struct parser *p, struct mark m)
{
	p->out->len = m.len;
	p->out->nplaces = m.nplaces;
	if (p->out->text)
		p->out->text[m.len] = '\0';
}

/* ---- tokens and brackets ---- */

static void next(struct parser *p)
{
	p->last = p->lex.place;
	conf_lex_next(&p->lex);
}

static bool at_punct(const struct parser *p, char c) { return p->lex.token == TOKEN_PUNCT && p->lex.punct == c; }
static bool at_one_of(const struct parser *p, const char *set) { return p->lex.token == TOKEN_PUNCT && strchr(set, p->lex.punct); }

/* What the present token looks like, for messages. */
static const char *token_text(const struct parser *p, char out[48])
{
	const struct conf_lex *x = &p->lex;
	if (x->token == TOKEN_END)
		snprintf(out, 48, "the end of the file");
	else if (x->token == TOKEN_PUNCT)
		snprintf(out, 48, "`%c'", x->punct);
	else if (x->token == TOKEN_STRING)
		snprintf(out, 48, "\"%.40s\"", x->text);
	else
		snprintf(out, 48, "%.40s", x->text ? x->text : "?");
	return out;
}

/* False, with an error, when brackets are nested too deep. */
static bool open_bracket(struct parser *p)
{
	if (p->nopen == CONF_NESTING_MAX) {
		conf_lex_error(&p->lex, &p->lex.place, "brackets are nested too deep");
		p->out->broken = true;
		return false;
	}
	char c = p->lex.punct;
	p->open[p->nopen++] = (struct open_bracket){ c == '{' ? '}' : c == '(' ? ')' : ']', p->lex.place };
	next(p);
	return true;
}

/* At a closing bracket or the end: it must be the innermost open one's. */
static bool close_bracket(struct parser *p)
{
	struct open_bracket *o = &p->open[p->nopen - 1];
	if (at_punct(p, o->closer)) {
		p->nopen--;
		next(p);
		return true;
	}
	static const char openers[] = "{([", closers[] = "})]";
	char opener = openers[strchr(closers, o->closer) - closers];
	if (p->lex.token != TOKEN_END)
		conf_lex_error(&p->lex, &p->lex.place, "`%c' where `%c' must close the `%c' of line %u",
		               p->lex.punct, o->closer, opener, o->place.line);
	else if (!p->lex.cut)
		conf_lex_error(&p->lex, &o->place, "this `%c' is never closed", opener);
	p->out->broken = true;
	return false;
}

/*
 * After an error inside a setting: skips to where the next one may begin, that
 * is behind `;', before the bracket that closes the group, or before a name
 * that begins a line. `nopen` brackets were open when the setting began.
 */
static void recover(struct parser *p, size_t nopen)
{
	p->out->partial = true;
	while (!p->out->broken) {
		if (at_one_of(p, "})]") || p->lex.token == TOKEN_END) {
			if (p->nopen == nopen)
				return;
			close_bracket(p);
		} else if (at_one_of(p, "{([")) {
			open_bracket(p);
		} else if (p->nopen == nopen && (at_punct(p, ';') || (p->lex.token == TOKEN_NAME && p->lex.first_on_line))) {
			if (at_punct(p, ';'))
				next(p);
			return;
		} else {
			next(p);
		}
	}
}

/* ---- values ---- */

static bool parse_value(struct parser *p, const char *after, int *type);
static void parse_settings(struct parser *p);

/* Strings that stand side by side are one. */
static void parse_string(struct parser *p)
{
	struct conf_place at = p->lex.place;
	p->string_len = 0;
	for (; p->lex.token == TOKEN_STRING; next(p)) {
		if (!grow(p, &p->string, &p->string_room, p->string_len + p->lex.len + 1, 1))
			return;
		memcpy(p->string + p->string_len, p->lex.text, p->lex.len);
		p->string_len += p->lex.len;
	}
	put_place(p, &at);
	put_string(p, p->string, p->string_len);
}

/* The elements of ( ) or [ ], up to the closing bracket. */
static bool parse_elements(struct parser *p, bool array)
{
	int first = -1;
	while (!at_one_of(p, "})]") && p->lex.token != TOKEN_END) {
		struct conf_place at = p->lex.place;
		int type = -1;
		if (!parse_value(p, "a bracket or a comma", &type))
			return false;
		if (first < 0)
			first = type;
		if (array && type == TOKEN_PUNCT)
			conf_lex_error(&p->lex, &at, "[ ] holds only numbers, strings or truth values; use ( )");
		else if (array && type != first)
			conf_lex_error(&p->lex, &at, "[ ] holds values of one type only; use ( ) for a mixture");
		if (!at_punct(p, ',')) {
			if (at_one_of(p, "})]") || p->lex.token == TOKEN_END)
				break;
			char seen[48];
			if (p->lex.token != TOKEN_BAD)
				conf_lex_error(&p->lex, &p->last, "a comma or a closing bracket is missing before %s", token_text(p, seen));
			return false;
		}
		next(p);
		put(p, ",", 1);
	}
	/* libconfig 1.5 knows no comma behind the last one. */
	if (p->out->len && p->out->text[p->out->len - 1] == ',')
		p->out->text[--p->out->len] = '\0';
	return true;
}

static bool parse_brackets(struct parser *p)
{
	char c = p->lex.punct;
	put_place(p, &p->lex.place);
	put_text(p, c == '{' ? "{" : "(");
	if (!open_bracket(p))
		return false;
	if (c == '{')
		parse_settings(p);
	else if (!parse_elements(p, c == '['))
		return false;
	if (p->out->broken || !close_bracket(p))
		return false;
	put_text(p, c == '{' ? "}" : ")");
	return true;
}

/* *type: the token type; a bracket is TOKEN_PUNCT. False: an error was reported, the token that caused it is still there. */
static bool parse_value(struct parser *p, const char *after, int *type)
{
	struct conf_lex *x = &p->lex;
	*type = (int)x->token;
	if (at_one_of(p, "{(["))
		return parse_brackets(p);
	if (x->token == TOKEN_STRING) {
		parse_string(p);
		return true;
	}
	if (x->token != TOKEN_BOOL && x->token != TOKEN_INTEGER && x->token != TOKEN_FLOAT) {
		char seen[48];
		if (x->token == TOKEN_NAME && !x->first_on_line)
			conf_lex_error(x, &x->place, "%s after %s: text stands in \"...\"", token_text(p, seen), after);
		else if (x->token != TOKEN_BAD && !(x->token == TOKEN_END && x->cut))
			conf_lex_error(x, &p->last, "a value must stand after %s, not %s", after, token_text(p, seen));
		return false;
	}
	put_place(p, &x->place);
	if (x->token == TOKEN_INTEGER)
		put_integer(p, x->integer);
	else
		put(p, x->text, x->len);
	next(p);
	return true;
}

/* ---- settings ---- */

/* The keys of the innermost group begin at seen[first]. NULL: not seen; it is now. */
static const struct seen_key *see_key(struct parser *p, size_t first)
{
	for (size_t i = first; i < p->nseen; i++)
		if (strcmp(p->seen[i].name, p->lex.text) == 0)
			return &p->seen[i];
	if (!grow(p, &p->seen, &p->seen_room, p->nseen + 1, sizeof *p->seen))
		return NULL;
	char *name = strdup(p->lex.text);
	if (name)
		p->seen[p->nseen++] = (struct seen_key){ name, p->lex.place };
	else
		p->no_memory = true;
	return NULL;
}

/* False: the key may not stand here; the error is reported. */
static bool check_key(struct parser *p, size_t first)
{
	struct conf_lex *x = &p->lex;
	if (p->nseen - first >= CONF_GROUP_KEYS_MAX) {
		conf_lex_error(x, &x->place, "\"%s\": no group has so many keys", x->text);
		return false;
	}
	const struct seen_key *before = see_key(p, first);
	if (!before)
		return true;
	if (before->place.source == x->place.source)
		conf_lex_error(x, &x->place, "\"%s\" is set twice, first in line %u", x->text, before->place.line);
	else
		conf_lex_error(x, &x->place, "\"%s\" is set twice, first at %s:%u", x->text,
		               x->sources[before->place.source].name, before->place.line);
	return false;
}

/* name = value, up to its end. False: an error was reported. */
static bool parse_name_and_value(struct parser *p, size_t first, bool *keep)
{
	char after[80], seen[48];
	*keep = check_key(p, first);
	snprintf(after, sizeof after, "\"%.60s =\"", p->lex.text);
	put_place(p, &p->lex.place);
	put(p, p->lex.text, p->lex.len);
	next(p);
	if (!at_punct(p, '=')) {
		after[strlen(after) - 3] = '\0'; /* without " =" */
		if (p->lex.token != TOKEN_BAD)
			conf_lex_error(&p->lex, &p->last, "`=' must stand after %s\", not %s", after, token_text(p, seen));
		return false;
	}
	next(p);
	put(p, "=", 1);
	int type;
	return parse_value(p, after, &type);
}

static void parse_setting(struct parser *p, size_t first)
{
	struct mark m = mark(p);
	size_t nopen = p->nopen;
	bool keep;
	if (!parse_name_and_value(p, first, &keep)) {
		roll_back(p, m);
		recover(p, nopen);
		return;
	}
	put(p, ";", 1);
	if (!keep)
		roll_back(p, m);
	if (at_one_of(p, ";,"))
		next(p);
}

static void forget_keys(struct parser *p, size_t first)
{
	while (p->nseen > first)
		free(p->seen[--p->nseen].name);
}

/* The settings of a group or of the file, up to a closing bracket or the end. */
static void parse_settings(struct parser *p)
{
	size_t first = p->nseen;
	while (!p->out->broken && !p->no_memory && p->lex.token != TOKEN_END && !at_one_of(p, "})]")) {
		if (p->lex.token == TOKEN_NAME) {
			parse_setting(p, first);
			continue;
		}
		char seen[48];
		if (p->lex.token != TOKEN_BAD)
			conf_lex_error(&p->lex, &p->lex.place, "a key must stand here, not %s", token_text(p, seen));
		recover(p, p->nopen);
	}
	forget_keys(p, first);
}

static void parse_file(struct parser *p)
{
	next(p);
	parse_settings(p);
	if (!p->out->broken && !p->no_memory && p->lex.token != TOKEN_END) {
		conf_lex_error(&p->lex, &p->lex.place, "`%c' closes nothing", p->lex.punct);
		p->out->broken = true;
	}
	put(p, "\n", 1);
	if (p->no_memory) {
		conf_lex_error(&p->lex, &p->lex.place, "out of memory");
		p->out->broken = true;
	}
}

bool conf_text_read(struct conf_text *t, struct conf_report *report, const char *file, const char *text, size_t len)
{
	struct parser p;
	memset(&p, 0, sizeof p);
	memset(t, 0, sizeof *t);
	p.out = t;
	bool ok = text ? conf_lex_open_text(&p.lex, report, file, text, len) : conf_lex_open(&p.lex, report, file);
	if (ok)
		parse_file(&p);
	if (p.lex.cut)
		t->partial = true;
	conf_lex_close(&p.lex);
	t->sources = p.lex.sources;
	t->nsources = p.lex.nsources;
	forget_keys(&p, 0);
	free(p.seen);
	if (p.string)
		explicit_bzero(p.string, p.string_room);
	free(p.string);
	return ok;
}

void conf_text_free(struct conf_text *t)
{
	if (t->text)
		explicit_bzero(t->text, t->len);
	free(t->text);
	free(t->places);
	for (size_t i = 0; i < t->nsources; i++)
		free(t->sources[i].name);
	free(t->sources);
	memset(t, 0, sizeof *t);
}
