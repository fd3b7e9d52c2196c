/*
 * tlspeer: a TLS server on an event base, with a certificate as good or bad
 * as a test wants it: for unit tests in their own process.
 */
#ifndef FAIRLEAD_TLSPEER_H
#define FAIRLEAD_TLSPEER_H

#include <stdbool.h>
#include "addr.h"

struct event_base;
struct tlspeer;

struct tlspeer_options {
	const char *name;     /* of the certificate: a host name or an address */
	int days;             /* until it ends; negative: it has ended */
	bool self_signed;     /* else by the peer's CA */
	const char *alpn;     /* the one protocol it knows; NULL: none */
	const char *greeting; /* said before TLS; NULL: TLS from the first byte */
	const char *go;       /* the answer to what comes then, and TLS begins; NULL: TLS does not begin */
	const char *first;    /* said once TLS stands; NULL: nothing */
	const char *reply;    /* said to what comes then, and the connection is closed; NULL: silence */
};

/* Listens on 127.0.0.1. NULL: it cannot. */
struct tlspeer *tlspeer_new(struct event_base *base, const struct tlspeer_options *o);
void tlspeer_delete(struct tlspeer *p);
const struct addr *tlspeer_address(const struct tlspeer *p);
const char *tlspeer_ca(const struct tlspeer *p);     /* PEM: the CA; of a self-signed one itself */
const char *tlspeer_sni(const struct tlspeer *p);    /* of the newest client that sent one */
const char *tlspeer_heard(const struct tlspeer *p);  /* all that came outside and inside TLS, from all clients, as a string */

#endif
