/*
 * folder: the folders `run` and `state`, and the lock that makes sure that one
 * program of one site and instance runs once.
 */
#ifndef FAIRLEAD_FOLDER_H
#define FAIRLEAD_FOLDER_H

#include <stdbool.h>

#define FOLDER_WHY_MAX 256

/*
 * Makes `path` with the folders above it where it is missing. When we are
 * root and `user` isn't "", what was made belongs to that user. False: `why`.
 */
bool folder_make(const char *path, const char *user, char why[FOLDER_WHY_MAX]);

/*
 * Locks PATH/NAME.lock and writes our process id into it. Returns a descriptor
 * to be kept open as long as we run (the lock ends with it, however we end), or
 * -1 with `why`: the file can't be made, or another process (named by its id)
 * has the lock.
 */
int folder_lock(const char *path, const char *name, char why[FOLDER_WHY_MAX]);

#endif
