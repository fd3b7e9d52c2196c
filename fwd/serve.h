/*
 * serve: from an accepted connection to what is done for it: asks route
 * (spec 8, cases 1 to 5) and starts that.
 */
#ifndef FAIRLEAD_SERVE_H
#define FAIRLEAD_SERVE_H

#include "route.h"
#include "session.h"

/* A place for one more session of this client's network. False: it has client_sessions already. */
bool serve_place(struct worker *w, const struct listener *l, const struct addr *client, struct crowd_place *place);

/* What is done for a client of this listener, as all stands at the moment. `server_up`: a real server can be used. */
enum route serve_route(const struct listener *l, bool from_site, bool server_up);

/* `fd` has been accepted from `client` on listener->conf->listen[dialled]; it is taken over. */
void serve(struct worker *w, struct listener *l, uint16_t dialled, int fd, const struct addr *client);

#endif
