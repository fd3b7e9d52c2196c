/*
 * front: listeners that share an address. Which of them a connection is for,
 * the server name in its TLS hello says, so all of them speak TLS first
 * (protocol tls; http with a certificate). A listener of protocol tls that
 * has `hosts` has a front for itself.
 *
 *     listening socket -> front (a listener without servers) -> choose.c -> one of its ways
 *
 * Until that is known the session counts as the front's.
 */
#ifndef FAIRLEAD_FRONT_H
#define FAIRLEAD_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "errs.h"

struct listener;
struct setup;

struct way { struct listener *listener; uint16_t dialled; };

struct front {
	struct names *names;        /* server name -> index into `ways` */
	struct way *ways; size_t n;
};

/* Makes setup.fronts of the listeners, which are complete. `check_only`: reports errors, and no more. */
void fronts_make(struct setup *s, bool check_only, struct errs *errs);
void fronts_free(struct setup *s);

#endif
