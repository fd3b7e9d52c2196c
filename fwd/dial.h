/*
 * dial: a connection to a local real server or to a peer's member, the next
 * one when the chosen one fails (spec 8, "When the chosen one fails").
 *
 *     connecting --connected--> real server: relay
 *         |  \                  peer: trial --first byte, or the time is up--> relay
 *         |   refused, late           |
 *         +<--- next candidate <------+ FIN or RST in its first moments
 *         |
 *         none left: real servers: `otherwise`;  peers: HTTP 503, TCP reset
 *
 * Nothing of the client is read before a connection stands, so a real server
 * that fails has got nothing, and a request never runs twice. Towards a peer
 * all that is read meanwhile is kept in session.said and said again.
 */
#ifndef FAIRLEAD_DIAL_H
#define FAIRLEAD_DIAL_H

#include "session.h"

/* To a local real server by the pool's balance; when none is left: `otherwise`. */
void dial_local(struct session *s, void (*otherwise)(struct session *s));

/* To the best peer member, with what the client has said so far (session.said) to begin with. */
void dial_peers(struct session *s);

/* What a failed connect means to the server's check. `error`: an errno. */
enum check_result dial_refusal(int error);

#endif
