/*
 * preface: the PROXY header in front of a connection from one of the
 * listener's accept_proxy prefixes. It is required, and believed: the client
 * that it names is the session's from then on, and a hop mark, or a client
 * that is a site, makes it case 1.
 *
 * The header is looked at in the kernel's buffer and only taken out of it when
 * it is whole: what the client says behind it stays there for whoever comes next.
 */
#ifndef FAIRLEAD_PREFACE_H
#define FAIRLEAD_PREFACE_H

#include "session.h"

/* Must a connection from here bring a header? */
bool preface_is_wanted(const struct conf_listener *l, const struct addr *client);

/* Reads it, within client_timeout. `then`: what follows. */
void preface_begin(struct session *s, void (*then)(struct session *s));

#endif
