#include "errs.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

void errs_init(struct errs *e)
{
	memset(e, 0, sizeof *e);
}

static size_t errs_shown(const struct errs *e)
{
	return e->count < ERRS_SHOWN_MAX ? e->count : ERRS_SHOWN_MAX;
}

void errs_free(struct errs *e)
{
	for (size_t i = 0; i < errs_shown(e); i++)
		free(e->text[i]);
	errs_init(e);
}

/* What a user wrote is quoted in messages: no control byte of it may reach a terminal. */
static void mask_control_bytes(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static void print_place(FILE *to, const char *file, unsigned line, unsigned column)
{
	if (!file)
		return;
	fputs(file, to);
	if (line)
		fprintf(to, ":%u", line);
	if (line && column)
		fprintf(to, ":%u", column);
	fputs(": ", to);
}

void errs_add(struct errs *e, const char *file, unsigned line, unsigned column, const char *fmt, ...)
{
	if (e->count++ >= ERRS_SHOWN_MAX)
		return;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	if (!to)
		return;
	print_place(to, file, line, column);
	va_list ap;
	va_start(ap, fmt);
	vfprintf(to, fmt, ap);
	va_end(ap);
	if (fclose(to) != 0) {
		free(text);
		return;
	}
	mask_control_bytes(text);
	e->text[e->count - 1] = text;
}

void errs_print(const struct errs *e, FILE *to)
{
	for (size_t i = 0; i < errs_shown(e); i++)
		fprintf(to, "%s\n", e->text[i] ? e->text[i] : "error (out of memory for its text)");
	if (e->count > ERRS_SHOWN_MAX)
		fprintf(to, "and %zu more error%s\n", e->count - ERRS_SHOWN_MAX,
		        e->count - ERRS_SHOWN_MAX == 1 ? "" : "s");
}

/* `text` as the inside of a quoted log value. */
static void log_one(const char *text)
{
	char quoted[1024];
	size_t n = 0;
	for (; *text && n < sizeof quoted - 2; text++) {
		if (*text == '"' || *text == '\\')
			quoted[n++] = '\\';
		quoted[n++] = *text;
	}
	quoted[n] = '\0';
	log_error("configuration error", "error=\"%s\"", quoted);
}

void errs_log(const struct errs *e)
{
	for (size_t i = 0; i < errs_shown(e); i++)
		log_one(e->text[i] ? e->text[i] : "out of memory for its text");
	if (e->count > ERRS_SHOWN_MAX)
		log_error("configuration error", "more=%zu", e->count - ERRS_SHOWN_MAX);
}
