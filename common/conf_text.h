/*
 * conf_text: the pass over the text before libconfig sees it. It reads the
 * files with their includes, reports every syntax error with file and line
 * (libconfig tells the first one, as "syntax error"), and writes what is sound
 * as one canonical text that libconfig can neither refuse nor misread:
 *   - integers past 31 bits get their L, so they arrive whole;
 *   - strings are escaped one way for every version of libconfig;
 *   - [ ] becomes ( ) after the check that it holds one type;
 *   - a key that is set twice stands there once, a setting in error not at all;
 *   - a new line begins where a token's file or line differs from the one
 *     before, so that a line of this text has one place.
 */
#ifndef FAIRLEAD_CONF_TEXT_H
#define FAIRLEAD_CONF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include "conf_lex.h"

/* Brackets inside brackets; the schema needs six. It bounds recursion here and in libconfig. */
#define CONF_NESTING_MAX 16
/* Keys in one group; the schema's largest has under 50, and libconfig's search is quadratic. */
#define CONF_GROUP_KEYS_MAX 256

struct conf_text {
	char *text; size_t len;
	struct conf_place *places; size_t nplaces;   /* by line of `text`: line 1 is places[0] */
	struct conf_source *sources; size_t nsources;
	bool broken;     /* brackets do not match: `text` is of no use */
	bool partial;    /* something was left out: what seems missing may not be */
};

/* Reads `file`, or the `len` bytes at `text` under the name `file` when `text` is not NULL. False: could not be read at all. */
bool conf_text_read(struct conf_text *t, struct conf_report *report, const char *file, const char *text, size_t len);
void conf_text_free(struct conf_text *t);

#endif
