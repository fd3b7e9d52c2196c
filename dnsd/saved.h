/*
 * saved: the verdicts in the state folder, so that a restart answers at once.
 * Text, a line a member:
 *
 *     fairlead-verdicts 1 1763805600              seconds since 1970, when it was written
 *     www.gslb.example.com. sjc up 1763800000     since when
 *     www.gslb.example.com. den drain 1763800000 ordered
 *     end
 *
 * A file without its end, of another version, or with a line that cannot be
 * read is no file.
 */
#ifndef FAIRLEAD_SAVED_H
#define FAIRLEAD_SAVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/verdict.h"
#include "statefile.h"

struct saved_verdict {
	const uint8_t *service;   /* wire form, lower case */
	const char *label;
	enum verdict verdict;     /* up, down or drain */
	int64_t since;            /* seconds since 1970 */
	bool ordered;             /* by an operator: holds as long as the order does */
};

/*
 * Reads `path`, and calls `each` for every member once the whole file has been
 * found good and not older than `max_age` seconds at `now` (seconds since
 * 1970). Returns how many members; 0: nothing to use, `why` (static text, NULL
 * when there is no file) says it.
 */
size_t saved_read(const char *path, int64_t now, int64_t max_age,
                  void (*each)(void *arg, const struct saved_verdict *v), void *arg, const char **why);

/* When the file was written, seconds since 1970, however old it is; 0: there is none that could be read. */
int64_t saved_written(const char *path);

/* The text, while it grows. */
void saved_begin(struct statefile_text *t, int64_t now);
void saved_add(struct statefile_text *t, const struct saved_verdict *v);
void saved_end(struct statefile_text *t);

#endif
