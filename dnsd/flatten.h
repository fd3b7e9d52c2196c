/*
 * flatten: a service at a zone's origin whose member is a host name. A CNAME
 * may not stand there (RFC 1034 section 3.6.2), so we resolve the name
 * ourselves, again and again, and answer with its addresses (spec 3).
 * Control thread only.
 */
#ifndef FAIRLEAD_FLATTEN_H
#define FAIRLEAD_FLATTEN_H

#include "lb.h"

struct resolver;
struct flatten;

struct flatten_calls {
	/* The addresses are others now: make and publish a new state. Never from within flatten_new. */
	void (*changed)(void *arg, struct lb *lb);
	void *arg;
};

/* Follows the host names of all members of `lb`. NULL: no memory. */
struct flatten *flatten_new(struct resolver *r, struct lb *lb, const struct flatten_calls *calls);
void flatten_delete(struct flatten *f);

/* Lays out what is known now into a state that isn't published yet. False: no memory. */
bool flatten_fill(const struct flatten *f, struct lb_state *st);

#endif
