/*
 * tickets: the keys of TLS session tickets, for all certificates and threads of
 * the process. Nothing is kept here for a client that left: what it brings back
 * was encrypted by one of these.
 *
 *     |-- key 1 makes --|-- key 1 only opens --|
 *                       |---- key 2 makes -----|-- key 2 only opens --|
 *
 * A key makes tickets for as long as a session may be resumed, and opens them
 * as long again; then it is gone (tickets_forget), and with it whatever could
 * decrypt what was said in sessions of TLS 1.2. Keys are random, survive a
 * reload and pass to a successor (--replace), in memory only: a start has new ones.
 */
#ifndef FAIRLEAD_TICKETS_H
#define FAIRLEAD_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct handover_taken;

/* Sessions of this context are resumed by our tickets, within their time. False: no memory. */
bool tickets_use(struct ssl_ctx_st *context);

/* The clock of keys, which no one sets and two processes share: seconds, CLOCK_BOOTTIME. */
int64_t tickets_now(void);

/* Overwrites keys that open nothing any more. To be called every TICKETS_LOOK seconds, so that they go also where nobody connects. Any thread. */
#define TICKETS_LOOK 60
void tickets_forget(int64_t now);

/* Keys of a predecessor, when it has handed any over, before the first connection; their descriptor is closed. Main thread. */
void tickets_take(struct handover_taken *taken);

/* A descriptor to hand over, which holds the keys of this moment: the caller's, to be closed as soon as it is sent. -1: there is none to be had. */
int tickets_give(void);

#endif
