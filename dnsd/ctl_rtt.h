/*
 * ctl_rtt: what the forwarders have measured (SITE._rtt.ORIGIN), for policies
 * that go by it.
 */
#ifndef FAIRLEAD_CTL_RTT_H
#define FAIRLEAD_CTL_RTT_H

#include "ctl.h"
#include "generation.h"

/* Asks for it, if a policy of `g` goes by it; the name server has the zones of `asked`. */
enum ctl_status ctl_ask_rtt(struct ctl *c, struct generation *g, const struct generation *asked);

#endif
