/*
 * conf_file: names of files, and whole files.
 */
#ifndef FAIRLEAD_CONF_FILE_H
#define FAIRLEAD_CONF_FILE_H

#include <stddef.h>
#include <sys/stat.h>

/* "DIR/PATH", or PATH alone when it is absolute or `dir` is "."; the caller frees. NULL: no memory. */
char *conf_join(const char *dir, const char *path);
/* The folder of a file, "." for a bare name; the caller frees. */
char *conf_folder(const char *file);
/*
 * A whole regular file, NUL-terminated; the caller frees. NULL: not read, *why says why
 * (a static text). `max`: bytes it may have.
 */
char *conf_slurp(const char *file, size_t max, size_t *len, struct stat *st, const char **why);

#endif
