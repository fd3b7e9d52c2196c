/*
 * saved: the verdicts in the state folder, so that a restart answers at once.
 * Text, a line a member:
 *
 *     fairlead-verdicts 1 1763805600              seconds since 1970, when it was written
 *     www.gslb.example.com. sjc up 1763800000     since when
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

struct saved_verdict {
	const uint8_t *service;   /* wire form, lower case */
	const char *label;
	enum verdict verdict;     /* up, down or drain */
	int64_t since;            /* seconds since 1970 */
};

/*
 * Reads `path`, and calls `each` for every member once the whole file has been
 * found good and not older than `max_age` seconds at `now` (seconds since
 * 1970). Returns how many members; 0: nothing to use, `why` (static text, NULL
 * when there is no file) says it.
 */
size_t saved_read(const char *path, int64_t now, int64_t max_age,
                  void (*each)(void *arg, const struct saved_verdict *v), void *arg, const char **why);

/* The whole file with a zero behind it; the caller frees. NULL: *why (static) says it, NULL when there is none. */
char *saved_read_file(const char *path, const char **why);

/* The text to be written, while it grows. */
struct saved_text { char *text; size_t len, room; bool failed; };

void saved_begin(struct saved_text *t, int64_t now);
void saved_add(struct saved_text *t, const struct saved_verdict *v);
void saved_end(struct saved_text *t);
void saved_free(struct saved_text *t);

/* To a temporary file beside, synced, renamed. 0, or an errno. */
int saved_write(const char *path, const struct saved_text *t);

/*
 * The same in a thread of its own, since a disk may take its time: nobody
 * else waits. One write at a time.
 */
struct saved_job;

/* Takes the contents of `t`. NULL: it cannot begin (`t` is as before). */
struct saved_job *saved_write_begin(const char *path, struct saved_text *t);
/* True: it has ended, with *error 0 or an errno, and the job is gone. `wait`: until it has. */
bool saved_write_ended(struct saved_job *job, bool wait, int *error);

#endif
