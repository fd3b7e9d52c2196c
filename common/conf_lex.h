/*
 * conf_lex: libconfig text -> tokens, over all included files, each token with
 * its file and line. libconfig's own scanner can't be used for this: it wraps
 * numbers silently, cuts strings at \x00, and knows included files by their
 * bare name only.
 */
#ifndef FAIRLEAD_CONF_LEX_H
#define FAIRLEAD_CONF_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include "conf_file.h"
#include "conf_report.h"

/* Includes inside includes; more is a mistake, and it bounds open inputs. */
#define CONF_INCLUDE_DEPTH 10
/* All files of one configuration together; bounds what includes of includes can blow up to. */
#define CONF_FILES_MAX 1000
#define CONF_BYTES_MAX ((size_t)64 << 20)

enum conf_token {
	TOKEN_END,      /* of the main file */
	TOKEN_NAME, TOKEN_STRING, TOKEN_BOOL, TOKEN_INTEGER, TOKEN_FLOAT,
	TOKEN_PUNCT,    /* one of = ; , { } ( ) [ ]; ":" is given as "=" */
	TOKEN_BAD       /* nothing of these; already reported */
};

/* A file that was read. */
struct conf_source {
	char *name;          /* as errors name it */
	bool has_stat;       /* false: read from memory */
	struct stat stat;
};

struct conf_input {
	char *text;          /* owned, or NULL when borrowed */
	const char *at, *end;
	const char *line_start;
	unsigned source, line;
};

struct conf_lex {
	struct conf_report *report;
	struct conf_source *sources; size_t nsources;
	struct conf_input inputs[CONF_INCLUDE_DEPTH]; size_t ninputs;
	size_t bytes;        /* of all files so far */
	unsigned order;      /* tokens so far */
	bool cut;            /* a string or comment ran to the end of its file, or a file is missing */

	/* the present token */
	enum conf_token token;
	struct conf_place place;
	bool first_on_line;
	char punct;
	long long integer;   /* saturated at the ends of its range */
	bool truth;
	char *text; size_t len, room; /* name, decoded string (no NUL in it), or number as written */
};

/* Opens `file`; errors are reported, and false is returned when it could not be read. */
bool conf_lex_open(struct conf_lex *x, struct conf_report *report, const char *file);
/* Reads `len` borrowed bytes under the name `name`; includes are relative to its folder. */
bool conf_lex_open_text(struct conf_lex *x, struct conf_report *report, const char *name, const char *text, size_t len);
/* The next token. */
void conf_lex_next(struct conf_lex *x);
/* Frees all but the sources, which the caller owns from here. */
void conf_lex_close(struct conf_lex *x);

/* Reports an error at a place. */
void conf_lex_error(struct conf_lex *x, const struct conf_place *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
