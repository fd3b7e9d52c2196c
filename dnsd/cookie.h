/*
 * cookie: server cookies (RFC 7873) as RFC 9018 wants them, so that all
 * servers behind one address that share a secret know each other's:
 *
 *     client cookie 8 | version 1 | reserved 3 | time 4 | hash 8
 *
 * Pure: secrets and time come in as arguments.
 */
#ifndef FAIRLEAD_COOKIE_H
#define FAIRLEAD_COOKIE_H

#include "../common/addr.h"
#include "../common/cookiefile.h"
#include "edns.h"

enum cookie_state {
	COOKIE_NONE,        /* the query has no such option */
	COOKIE_CLIENT,      /* only the client's half */
	COOKIE_BAD,         /* a server's half that isn't ours, is too old, or belongs to another address */
	COOKIE_GOOD         /* the client has received from us at that address */
};

/*
 * Judges the cookie of a query (`e`) from `client` at `now` (seconds since
 * 1970), and writes the one to answer with: the same while it is young, else a
 * new one made with the first secret. At least one secret is there.
 */
enum cookie_state cookie_judge(const struct cookie_secrets *s, const struct edns *e, const struct addr *client, uint32_t now,
                               uint8_t out[COOKIE_BYTES]);

#endif
