/*
 * linger: the last answer goes out and the connection is closed in a way that
 * lets it arrive. A close with unread bytes of the client makes the kernel
 * send RST, which can overtake the answer: so writing is shut down first, and
 * what the client still says is thrown away for a moment (RFC 9112 section 9.6).
 */
#ifndef FAIRLEAD_LINGER_H
#define FAIRLEAD_LINGER_H

#include "session.h"

/* Answers an HTTP client with this status (http.h) and ends the session as `why`. Its server half is dropped. */
void linger_reply(struct session *s, unsigned status, enum end why);

/* Ends the session as `why` once all that is pending for the client is out. */
void linger_begin(struct session *s, enum end why);

#endif
