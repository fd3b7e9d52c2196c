/*
 * site: the places where services run and the keys they sign with. Immutable
 * once loaded (conf_load); freed with its struct conf.
 */
#ifndef FAIRLEAD_SITE_H
#define FAIRLEAD_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "place.h"

#define SITE_NAME_MAX 58 /* with "down-" in front it is still one label */

enum key_algorithm { KEY_HMAC_SHA1, KEY_HMAC_SHA224, KEY_HMAC_SHA256, KEY_HMAC_SHA384, KEY_HMAC_SHA512 };
enum key_role { KEY_ROLE_SITE, KEY_ROLE_ADMIN, KEY_ROLE_TRANSFER };

struct key {
	char *name;
	enum key_algorithm algorithm;
	enum key_role role;
	uint8_t *secret;
	size_t secret_len;
};

struct site {
	char *name;
	size_t index;                                  /* in conf.sites */
	struct addr *control; size_t ncontrol;         /* as the others see them */
	struct addr *control_bind; size_t ncontrol_bind;
	struct addr *proxy_ip; size_t nproxy_ip;       /* port 0 */
	struct addr *proxy_bind; size_t nproxy_bind;
	bool has_location;
	double latitude, longitude;
	struct place place;                            /* the same, as a direction; when there is a location */
	const struct key *key;
};

#endif
