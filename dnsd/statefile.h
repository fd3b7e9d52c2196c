/*
 * statefile: text files in the state folder: read whole, made in memory,
 * written beside, synced and renamed, so that there is always a whole one.
 * What stands in them is saved.h's (verdicts), serials.h's and admin_file.h's.
 */
#ifndef FAIRLEAD_STATEFILE_H
#define FAIRLEAD_STATEFILE_H

#include <stdbool.h>
#include <stddef.h>

/* The whole file with a zero behind it; the caller frees. NULL: *why (static) says it, NULL when there is none. */
char *statefile_read(const char *path, const char **why);

/* The text to be written, while it grows; all zero at first. Without memory `failed` stays, and no more is added. */
struct statefile_text { char *text; size_t len, room; bool failed; };

void statefile_add(struct statefile_text *t, const char *bytes, size_t n);
/* At most a line. */
__attribute__((format(printf, 2, 3)))
void statefile_put(struct statefile_text *t, const char *fmt, ...);
void statefile_free(struct statefile_text *t);

/* To a temporary file beside, synced, renamed. 0, or an errno. */
int statefile_write(const char *path, const struct statefile_text *t);

/*
 * The same in a thread of its own, since a disk may take its time: nobody
 * else waits. One write at a time.
 */
struct statefile_job;

/* Takes the contents of `t`. NULL: it cannot begin (`t` is as before). */
struct statefile_job *statefile_write_begin(const char *path, struct statefile_text *t);
/* True: it has ended, with *error 0 or an errno, and the job is gone. `wait`: until it has. */
bool statefile_write_ended(struct statefile_job *job, bool wait, int *error);

#endif
