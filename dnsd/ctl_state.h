/*
 * ctl_state: what the name server says of a service's members (_health TXT).
 */
#ifndef FAIRLEAD_CTL_STATE_H
#define FAIRLEAD_CTL_STATE_H

#include "../common/update.h"
#include "ctl.h"
#include "lb.h"

/* Of one member. What the record doesn't say is "" or not in `said.has`. */
struct member_state {
	bool known;                      /* there was a record of it */
	struct update_observation said;  /* state, check, and the numbers with their `has` */
	char since[32], source[16], age[16], observers[24];
};

/* Asks for all members; `out` has SERVICE_MEMBERS_MAX places. Anything but CTL_OK has been told. */
enum ctl_status ctl_members(const struct ctl *c, const struct service *s, struct member_state *out);

#endif
