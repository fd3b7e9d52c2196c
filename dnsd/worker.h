/*
 * worker: the threads that answer. A UDP thread owns one socket (dns.threads of
 * them for each address) and waits in the call that receives: two system calls
 * a batch, and nothing else to look after. One more thread serves TCP on
 * libevent, so no stream client, however slow or many, shares a thread with
 * datagrams.
 *
 * They see the state through one pointer (RCU, QSBR flavour): a thread is
 * online while it answers a batch, and offline while it waits.
 */
#ifndef FAIRLEAD_WORKER_H
#define FAIRLEAD_WORKER_H

#include "generation.h"
#include "respond.h"

struct udp_thread;
struct tcp_thread;

/*
 * Each takes over its descriptors. NULL with `why` (SOCK_WHY_MAX) set when the
 * thread can't be made; the descriptors are the caller's then. *_stop ends
 * and joins the thread and closes its sockets.
 */
struct udp_thread *udp_start(int fd, const struct addr *addr, unsigned number, char *why);
void udp_stop(struct udp_thread *t);
const struct dns_counters *udp_counters(const struct udp_thread *t);

struct tcp_thread *tcp_start(const int *fds, size_t count, char *why);
void tcp_stop(struct tcp_thread *t);
const struct dns_counters *tcp_counters(const struct tcp_thread *t);

#endif
