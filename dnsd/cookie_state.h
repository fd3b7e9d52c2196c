/*
 * cookie_state: the cookie secret of a server that is given none: made once,
 * kept in the state folder, so that cookies outlive a restart.
 */
#ifndef FAIRLEAD_COOKIE_STATE_H
#define FAIRLEAD_COOKIE_STATE_H

#include <stdbool.h>
#include "../common/cookiefile.h"

#define COOKIE_STATE_FILE "cookie-secret"
#define COOKIE_STATE_WHY_MAX 256

/*
 * Reads FOLDER/cookie-secret, or makes it, readable by its owner only. False:
 * it can be neither read nor made, `why` says so, and the secret is a random
 * one that nobody has kept (n is 0 when there are no random numbers either).
 */
bool cookie_state_load(const char *folder, struct cookie_secrets *out, char why[COOKIE_STATE_WHY_MAX]);

#endif
