/*
 * guard: case 1 of spec 8 in the kernel. While no real server of a listener
 * can be used, what comes from a control or proxy address of a site is refused
 * before anybody accepts it: to the other site the port is closed. A TCP
 * connect fails at once instead of being reset afterwards; a datagram is
 * answered with ICMP, so that the other forwarder goes on to its next
 * candidate instead of waiting.
 *
 *     main thread: sites, closed listeners --> one hash map <-- program (sk_reuseport) <-- packet
 *
 * The program is an eBPF one, attached to each group of listening sockets; the
 * kernel asks it which socket gets a new connection or datagram. It needs
 * CAP_BPF to load, so that is done before rights are dropped; without it the
 * workers do the same after accept (serve.c), a moment later. Main thread only.
 */
#ifndef FAIRLEAD_GUARD_H
#define FAIRLEAD_GUARD_H

#include "setup.h"

struct guard;

/* NULL: the system does not let us (logged), or no memory. */
struct guard *guard_new(void);
void guard_delete(struct guard *g);

/* For the group of listening sockets to which this one belongs. `g` NULL: takes away what a predecessor has left there. */
void guard_attach(const struct guard *g, int fd);

/* What `s` has at the moment: the sites, and the listeners without a server that can be used. `g` may be NULL. */
void guard_refresh(struct guard *g, const struct setup *s);

#endif
