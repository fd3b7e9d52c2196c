/*
 * zonelex: a master file (RFC 1035 section 5.1) -> entries, an entry being the
 * tokens of one line or of several held together by parentheses. Every token
 * knows its line and column.
 *
 *     www   300  TXT ( "a b"   ; comment
 *                      c\"d )
 *     -> www  300  TXT  "a b"(quoted)  c\"d       escapes are left as written
 *
 * The text is read through a window, so a file of any size needs the memory of
 * its longest entry only. Tokens point into the window.
 */
#ifndef FAIRLEAD_ZONELEX_H
#define FAIRLEAD_ZONELEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "errs.h"

/* The longest rdata, 65535 bytes each written as \DDD, is 256 KiB; the rest is for comments and blanks between. */
#define ZONELEX_ENTRY_MAX (1u << 20)
#define ZONELEX_WHY_MAX 128

struct zone_token {
	const char *text;          /* `len` bytes, no NUL behind; without the quotes when `quoted` */
	size_t len;
	unsigned line, column;     /* of the first byte (the quote when `quoted`), both from 1; columns count bytes */
	bool quoted;               /* "..." */
	bool quote_inside;         /* key="..." */
};

enum zonelex_result {
	ZONELEX_ENTRY,             /* `tokens` holds at least one */
	ZONELEX_ERROR,             /* `error_*`, `why`; the next call goes on behind it */
	ZONELEX_END
};

struct zonelex {
	/* of the entry; good until the next call */
	struct zone_token *tokens;
	size_t count;
	bool starts_blank;         /* its first line begins with a blank: no owner is written */
	/* of the error; line 0: the file as a whole */
	unsigned error_line, error_column;
	char why[ZONELEX_WHY_MAX];
	/* private */
	int fd;                    /* -1: from memory, all of it in the window */
	char *window;              /* size + 1 bytes: a NUL behind `end` stops every scan */
	size_t size, at, end;
	size_t room;               /* of `tokens` */
	unsigned line;             /* of `at` */
	unsigned skip;             /* what is passed over before the next entry: see zonelex.c */
	unsigned unclosed;         /* parentheses that were never closed, so far */
	bool begun, eof, broken;
};

/* False: `why` says why not (not readable, not a regular file, no memory). `st`, if not NULL, gets the file's status. */
bool zonelex_open(struct zonelex *x, const char *file, struct stat *st);
/* From `len` bytes of memory, which are copied. False: no memory. */
bool zonelex_open_text(struct zonelex *x, const void *text, size_t len);
void zonelex_close(struct zonelex *x);

enum zonelex_result zonelex_next(struct zonelex *x);

/* Where errors of a file go. errs NULL: nowhere (a second pass over what was reported already). */
struct zone_report {
	const char *file;
	struct errs *errs;
};

/* An error at byte `offset` of a token's text. */
void zone_report_at(const struct zone_report *r, const struct zone_token *t, size_t offset, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A token for an error text: at most 40 bytes of it, unprintable ones as \DDD. Returns `out`. */
#define ZONE_SHOW_MAX 168
const char *zone_show(const struct zone_token *t, char out[ZONE_SHOW_MAX]);
const char *zone_show_text(const char *text, size_t len, char out[ZONE_SHOW_MAX]);

/* The token is `word`, ignoring case, and not quoted. Inline, so that the length of a literal costs nothing. */
static inline bool zone_token_is(const struct zone_token *t, const char *word)
{
	return t->len == strlen(word) && !t->quoted && strncasecmp(t->text, word, t->len) == 0;
}
/* `text` is decimal digits alone, at most `max`. */
bool zone_number(const char *text, size_t len, uint64_t max, uint64_t *out);

#endif
