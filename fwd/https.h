/*
 * https: a client of an http listener with a certificate, when no real server
 * of ours can serve it. While one can, its bytes are relayed as they come, and
 * the servers do TLS themselves (spec 8, case 2); the certificate is for
 * redirects. What is not redirected is carried to the other site best as it
 * came, too, so that is decided by the hello, before anything is decrypted:
 *
 *     hello --no redirect will do, or our certificate would not do--> dial_peers (as it comes)
 *       |
 *     handshake --> request (request.h), where what must be relayed after all
 *                   is encrypted anew towards the other site (dial.c)
 */
#ifndef FAIRLEAD_HTTPS_H
#define FAIRLEAD_HTTPS_H

#include "session.h"

/* As request_begin. Hello and handshake have to be done within client_timeout. */
void https_begin(struct session *s, bool served);

#endif
