/*
 * serve: from an accepted connection to what is done for it: asks route
 * (spec 8, cases 1 to 5) and starts that.
 */
#ifndef FAIRLEAD_SERVE_H
#define FAIRLEAD_SERVE_H

#include "session.h"

/* `fd` has been accepted from `client` on listener->conf->listen[dialled]; it is taken over. */
void serve(struct worker *w, struct listener *l, uint16_t dialled, int fd, const struct addr *client);

/* What had to be read before the decision has been read: it is made now. */
void serve_decided(struct session *s);

#endif
