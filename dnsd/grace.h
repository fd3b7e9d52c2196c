/*
 * grace: what query threads may still look at is given back after a grace
 * period (RCU), all of one turn of the loop together: one wait serves a
 * thousand changes. Control thread only.
 */
#ifndef FAIRLEAD_GRACE_H
#define FAIRLEAD_GRACE_H

struct event_base;
struct grace;

/* NULL: no memory. */
struct grace *grace_new(struct event_base *base);
/* `p`, which nobody can find any more, ends by `end`; without memory after a wait of its own. NULL: nothing. */
void grace_give(struct grace *g, void *p, void (*end)(void *p));
/* When no query thread is left. NULL: nothing. */
void grace_delete(struct grace *g);

#endif
