/*
 * control: the main thread: holds the setup in force and those that sessions
 * still use, reloads, stops. What it does at a signal stands here; how workers
 * carry it out, in crew.h.
 */
#ifndef FAIRLEAD_FWD_CONTROL_H
#define FAIRLEAD_FWD_CONTROL_H

#include <stdbool.h>
#include "errs.h"

#define CONTROL_WHY_MAX 256

struct control;

/* What a start reads, and nothing begun. NULL: reasons in `errs` (for the user), or no memory. */
struct control *control_new(const char *file, struct errs *errs);

/*
 * Binds, drops privileges, starts checks and threads. With `replace` the
 * sockets are taken over from a running process, which is let go once we
 * know what there is to know. False: `why`; control_delete is still due.
 */
bool control_start(struct control *c, bool replace, char why[CONTROL_WHY_MAX]);

/* Until it is told to stop and has drained. */
void control_run(struct control *c);

void control_delete(struct control *c);

/* -t: reads everything that a start would read. True: nothing is wrong. */
bool control_test(const char *file, struct errs *errs);

#endif
