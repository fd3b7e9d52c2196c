/*
 * rtt_sample: how far away a session's client is, as TCP has measured it
 * anyway (TCP_INFO), once a session: when it ends, or when it has lived for a
 * while. Off the way of its bytes.
 */
#ifndef FAIRLEAD_RTT_SAMPLE_H
#define FAIRLEAD_RTT_SAMPLE_H

#include <stdbool.h>
#include "conf.h"
#include "rtt_ring.h"

/* Puts the round trip of the connection `fd` to `client` into the ring, as one to its network. False: no room, nothing was tried. */
bool rtt_sample(struct rtt_ring *ring, const struct conf_dns *dns, int fd, const struct addr *client);

#endif
