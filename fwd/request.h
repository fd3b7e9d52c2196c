/*
 * request: a client of an http listener that no real server of ours can serve.
 * Its requests are read and answered (30x, 4xx, 503), as many as it sends on
 * the connection; the first one that a redirect cannot answer is relayed with
 * all that follows.
 *
 *     read -> http_parse -> route_request -> redirect_write -> http_skip -> read ...
 *                                         -> dial_peers
 *                                         -> linger (last answer)
 */
#ifndef FAIRLEAD_REQUEST_H
#define FAIRLEAD_REQUEST_H

#include "session.h"

/* `served` false: no peer is to be used either (case 5); every request is answered 503. */
void request_begin(struct session *s, bool served);

#endif
