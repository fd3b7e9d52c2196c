/*
 * choose: a connection to an address that several listeners share: its TLS
 * hello is read, and the server name in it decides whose it is. A name that is
 * nobody's, or none, is answered with the alert unrecognized_name (RFC 6066
 * section 3). The hello stays in the kernel's buffer for whoever comes next.
 */
#ifndef FAIRLEAD_CHOOSE_H
#define FAIRLEAD_CHOOSE_H

#include "session.h"

/* Within client_timeout. `chosen`: s->listener is the right one. */
void choose_begin(struct session *s, void (*chosen)(struct session *s));

#endif
