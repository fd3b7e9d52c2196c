/* The option tables of fairlead.conf(5), mdoc(7), from the schema. */
#include <stdio.h>
#include <string.h>

#include "conf_fill.h"
#include "conf_schema.h"

/* For a macro line: no quote may begin or end an argument. */
static void print_argument(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '"')
			fputs("\\(dq", to);
		else
			fputc(*text, to);
	}
}

static const char *form_of_kind(enum conf_kind kind)
{
	switch (kind) {
	case KIND_GROUP:     return "{ ... }";
	case KIND_GROUPS:    return "( { ... }, ... )";
	case KIND_BOOL:      return "true | false";
	case KIND_UINT:      return "NUMBER";
	case KIND_PORT:      return "PORT";
	case KIND_SECONDS:   return "SECONDS";
	case KIND_TEXT:      return "\"TEXT\"";
	case KIND_PATH:      return "\"PATH\"";
	case KIND_TEXTS:     return "[ \"TEXT\", ... ]";
	case KIND_ENDPOINT:  return "\"ADDRESS@PORT\"";
	case KIND_ENDPOINTS: return "[ \"ADDRESS@PORT\", ... ]";
	case KIND_ADDRESSES: return "[ \"ADDRESS\", ... ]";
	case KIND_PREFIXES:  return "[ \"PREFIX\", ... ]";
	case KIND_REGEX:     return "\"REGEX\"";
	case KIND_WORD: case KIND_FLAG: case KIND_OWN: case KIND_LATER: break;
	}
	return "...";
}

static void print_form(FILE *to, const struct conf_key *k)
{
	if (k->form || !k->nwords) {
		print_argument(to, k->form ? k->form : form_of_kind(k->kind));
		return;
	}
	for (size_t i = 0; i < k->nwords; i++) {
		fputs(i ? " | \\(dq" : "\\(dq", to);
		fputs(k->words[i].name, to);
		fputs("\\(dq", to);
	}
}

static void print_types(FILE *to, unsigned types)
{
	const char *between = "For checks of type ";
	for (unsigned t = 0; t <= CHECK_NONE; t++) {
		if (!(types & 1u << t))
			continue;
		fprintf(to, "%s%s", between, check_type_name((enum check_type)t));
		between = ", ";
	}
	fputs(".\n", to);
}

static void print_later_words(FILE *to, const struct conf_key *k)
{
	const char *between = "Not built yet: ";
	for (size_t i = 0; i < k->nwords; i++) {
		if (!k->words[i].later)
			continue;
		fprintf(to, "%s%s", between, k->words[i].name);
		between = ", ";
	}
	if (*between == ',')
		fputs(".\n", to);
}

static void print_limits(FILE *to, const struct conf_key *k)
{
	bool is_number = k->kind == KIND_UINT || k->kind == KIND_SECONDS || k->kind == KIND_PORT;
	const char *f = k->fallback;
	if (is_number && k->max > 0)
		fprintf(to, "From %.10g to %.10g%s%s.\n", k->min, k->max, k->unit ? " " : "", k->unit ? k->unit : "");
	if (k->required)
		fputs("Required.\n", to);
	if (f && *f == '(')
		fprintf(to, "Default: %.*s.\n", (int)strlen(f) - 2, f + 1);
	else if (f && (k->kind == KIND_TEXT || k->kind == KIND_PATH || k->kind == KIND_WORD || k->kind == KIND_FLAG))
		fprintf(to, "Default: \"%s\".\n", f);
	else if (f)
		fprintf(to, "Default: %s.\n", f);
}

static void print_later(FILE *to, const struct conf_key *k)
{
	bool quoted = k->kind == KIND_WORD || k->kind == KIND_TEXT;
	const char *quote = quoted ? "\"" : "";
	if (k->off)
		fprintf(to, "Not built yet: only %s%s%s is accepted.\n", quote, k->off, quote);
	else
		fputs("Not built yet.\n", to);
}

/* A sentence a line, as mdoc wants it. */
static void print_sentences(FILE *to, const char *text)
{
	for (; *text; text++) {
		fputc(*text, to);
		if (text[0] == '.' && text[1] == ' ' && text[2] >= 'A' && text[2] <= 'Z') {
			fputc('\n', to);
			text++;
		}
	}
	fputc('\n', to);
}

static void print_key(FILE *to, const struct conf_key *k)
{
	fprintf(to, ".It Ic %s No \"= ", k->name); /* in quotes, so that brackets are no delimiters to mdoc */
	print_form(to, k);
	fputs("\"\n", to);
	if (k->help)
		print_sentences(to, k->help);
	if (k->table)
		fprintf(to, "See\n.Sx %s .\n", k->table->path);
	if (k->types)
		print_types(to, k->types);
	if (k->later) {
		print_later(to, k);
		return;
	}
	print_later_words(to, k);
	print_limits(to, k);
}

static void print_table(void *arg, const struct conf_table *t)
{
	FILE *to = arg;
	fprintf(to, ".Ss %s\n", *t->path ? t->path : "The file");
	print_sentences(to, t->help);
	fputs(".Bl -tag -width Ds\n", to);
	for (size_t i = 0; i < t->nkeys; i++)
		print_key(to, &t->keys[i]);
	fputs(".El\n", to);
}

void conf_schema_print_man(FILE *to)
{
	conf_table_walk(&conf_root_table, print_table, to);
}
