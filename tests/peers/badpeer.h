/*
 * badpeer: a server that does one thing wrong (or right), on an event base:
 * for unit tests in their own process.
 */
#ifndef FAIRLEAD_BADPEER_H
#define FAIRLEAD_BADPEER_H

#include <stddef.h>
#include <stdint.h>
#include "addr.h"

struct event_base;

enum badpeer_mode {
	PEER_SILENT,      /* accepts and says nothing */
	PEER_RESET,       /* accepts and resets at once */
	PEER_CLOSE,       /* accepts and closes at once */
	PEER_SAY,         /* says its text right after accept, then nothing */
	PEER_REPLY,       /* says its text after the first bytes from the client, then closes */
	PEER_REPLY_RESET, /* the same, then resets */
	PEER_REPLY_KEEP,  /* the same, then nothing */
	PEER_TRICKLE,     /* after the first bytes from the client: its text, a byte each 20 ms, over and over */
	PEER_ENDLESS,     /* after the first bytes from the client: its text, then "x" for ever */
	PEER_SAY_TRICKLE, /* from accept on: its text, a byte each 20 ms, over and over */
	PEER_SAY_ENDLESS, /* from accept on: its text, then "x" for ever */
	PEER_GREET_CLOSE, /* says its text right after accept, and closes at the first bytes from the client */
	PEER_MODES
};


#define PEER_HEARD_MAX 2048

struct badpeer;

/* Listens on `a` (port 0: the system chooses). `text` is copied; NULL: "". NULL: it cannot. */
struct badpeer *badpeer_new(struct event_base *base, const struct addr *a, enum badpeer_mode mode, const char *text);
void badpeer_set(struct badpeer *p, enum badpeer_mode mode, const char *text); /* from the next accept on */
void badpeer_delete(struct badpeer *p);                /* closes everything: its port refuses from now on */
const struct addr *badpeer_address(const struct badpeer *p);
unsigned badpeer_accepted(const struct badpeer *p);
const char *badpeer_heard(const struct badpeer *p);    /* the first bytes of the newest client that spoke, as a string */
const struct addr *badpeer_client(const struct badpeer *p); /* the newest client's address */

/* An address on which nobody listens, and nobody else will while the descriptor is open. */
int badpeer_refusing(struct addr *a);

#endif
