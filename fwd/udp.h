/*
 * udp: relays of datagrams. UDP has no accept: a datagram of a client that
 * has no session yet begins one (a flow), decided by the same table of cases
 * as a connection, and what the server or peer says goes back from the address
 * that the client asked.
 *
 *     listening socket --batch--> flows (flows.h) --batch a flow--> the flow's own socket
 *            ^                                                              |
 *            +----------- gathered over all flows of a wake-up <------------+
 *
 *     udp.c          sockets; client to server
 *     udp_reply.c    server to client
 *     udp_flow.c     whose datagram it is; a flow's beginning, limits
 *     udp_dial.c     candidates: real servers, peers; failures
 *     udp_life.c     what a flow has, time-outs, its end
 *     udp_message.c  ancillary data, sending
 *
 * Each flow has a connected socket: a port of its own tells its replies apart
 * (two flows towards one server can't share one), the kernel tells refusals
 * to the right one, and a port that is forgotten is not given to the next
 * client, who would get what came late for the last. A flow belongs to the
 * worker whose listening socket the kernel chose for the client.
 */
#ifndef FAIRLEAD_UDP_H
#define FAIRLEAD_UDP_H

#include "listen.h"
#include "worker.h"

/*
 * As listen_switch. Sockets whose address `s` doesn't want any more stay for
 * the flows that they have, which need them to answer from; new clients are
 * dropped there. `s` NULL: so do all, and flows end once they are quiet.
 */
void udp_switch(struct worker *w, struct listen_table *t, struct setup *s);

/* Ends all flows. */
void udp_end_all(struct worker *w, enum end why);

/* Closes the sockets and frees. Without flows. */
void udp_worker_stop(struct worker *w);

#endif
