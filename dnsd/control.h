/*
 * control: the thread that changes what the query threads see. It owns the
 * checks and their verdicts (monitor), turns a change of verdict into a
 * published lb_state, and a reload into a published generation.
 *
 *     SIGHUP -> loader thread: conf_load, generation_load -> adopt -> publish
 *     check -> monitor -> verdict changed -> gate -> publish
 */
#ifndef FAIRLEAD_CONTROL_H
#define FAIRLEAD_CONTROL_H

#include "generation.h"

struct event_base;
struct control;

/*
 * Takes `gen` (the first generation) and publishes it; checks begin. `file`
 * is read again at a reload. NULL: no memory.
 */
struct control *control_new(struct event_base *base, const char *file, struct generation *gen);

/* Reads configuration and zones again, in a thread of its own; a request during a reload leads to one more. */
void control_reload(struct control *c);

/* After the query threads have ended: saves verdicts, frees everything. */
void control_delete(struct control *c);

#endif
