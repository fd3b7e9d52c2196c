/*
 * hear: a TLS hello as it lies in the kernel's buffer, where it stays for
 * whoever comes next.
 */
#ifndef FAIRLEAD_HEAR_H
#define FAIRLEAD_HEAR_H

#include "hello.h"
#include "session.h"

/*
 * Looks for a whole hello in the kernel's buffer. True: *v is HELLO_WHOLE or
 * HELLO_NOT_TLS. False: it is awaited (the phase's `ready` follows), or the session has ended.
 */
bool hear_hello(struct session *s, struct hello *h, enum hello_verdict *v);

#endif
