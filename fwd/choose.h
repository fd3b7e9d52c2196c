/*
 * choose: a connection to an address that several listeners share: its TLS
 * hello is read, and the server name in it decides whose it is. A name that is
 * nobody's, or none, is answered with the alert unrecognized_name (RFC 6066
 * section 3). The hello stays in the kernel's buffer for whoever comes next.
 */
#ifndef FAIRLEAD_CHOOSE_H
#define FAIRLEAD_CHOOSE_H

#include "hello.h"
#include "session.h"

/* Within client_timeout; then serve_chosen. */
void choose_begin(struct session *s);

/*
 * Looks for a whole hello in the kernel's buffer. True: *v is HELLO_WHOLE or
 * HELLO_NOT_TLS. False: it is awaited (the phase's `ready` follows), or the session has ended.
 */
bool choose_hear(struct session *s, struct hello *h, enum hello_verdict *v);

#endif
