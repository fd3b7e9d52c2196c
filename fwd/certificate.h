/*
 * certificate: certificate and key of an http listener (PEM files), and what
 * OpenSSL makes of them: a context for clients, with defaults as Mozilla's
 * "intermediate" (TLS 1.2 and 1.3, forward secrecy and authenticated ciphers
 * only), and one for connections to members at other sites.
 *
 * Sessions are resumed by tickets (tickets.h), with the certificate that they began with.
 */
#ifndef FAIRLEAD_CERTIFICATE_H
#define FAIRLEAD_CERTIFICATE_H

#include <stdbool.h>
#include "conf.h"
#include "service.h"

#define CERTIFICATE_WHY_MAX 400

struct certificate;
struct ssl_st; /* OpenSSL's SSL */

/*
 * NULL: `why` (CERTIFICATE_WHY_MAX bytes): a file that can't be read, a key
 * that others can read, or that is another certificate's.
 */
struct certificate *certificate_load(const struct conf_tls *files, char *why);
void certificate_free(struct certificate *c);

/* Logs what clients will not like: names of the service that it does not cover; that it has ended, or not begun. */
void certificate_warn(const struct certificate *c, const struct conf_listener *l, const struct service *s);

/* Would a client that wants this server name (lower case, no final dot) be content with it, at this moment? Any thread. */
bool certificate_suits(const struct certificate *c, const char *name);

/* TLS, for tls_attach: as the server; or as the client of a server that has to have a certificate for `name`. NULL: no memory. */
struct ssl_st *certificate_accept(const struct certificate *c);
struct ssl_st *certificate_connect(const struct certificate *c, const char *name);

#endif
