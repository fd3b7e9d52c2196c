/*
 * rtt_sample: how far away a session's client is, as TCP has measured it
 * anyway (TCP_INFO), once a session: when it ends, or when it has lived for a
 * while. Off the way of its bytes.
 */
#ifndef FAIRLEAD_RTT_SAMPLE_H
#define FAIRLEAD_RTT_SAMPLE_H

#include "session.h"

void rtt_sample(struct session *s);

#endif
