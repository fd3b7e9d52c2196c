/*
 * inbox: signed UPDATE messages on their way from the threads that receive to
 * the control thread, which has the keys' permissions and the state they
 * change. Rare messages: a lock is no harm here, and queries never take it.
 *
 *     udp, tcp: inbox_offer_* -> queue -> eventfd -> control: exchange
 *     udp:  answered from the control thread through the same socket
 *     tcp:  answer -> back.send -> the client's thread
 *
 * Unsigned ones never get here: whoever has no key costs the control thread
 * nothing. The queue is bounded; TCP has a share of its own, so that a flood
 * of datagrams leaves the peers' connections alone.
 */
#ifndef FAIRLEAD_INBOX_H
#define FAIRLEAD_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/addr.h"

/* A flood of datagrams that look signed costs no more memory than this many of 1472 bytes. */
#define INBOX_UDP_MAX 512
/* Bytes by TCP that wait; fifty peers that send all at once need less. */
#define INBOX_TCP_BYTES_MAX (16 << 20)
/* An answer: header, zone section, OPT with a reason, TSIG. */
#define INBOX_ANSWER_MAX 1400
/* As in a struct msghdr: which local address was asked. */
#define INBOX_CONTROL_MAX 64

struct event_base;
struct msghdr;

/* How an answer goes back to a client of TCP. */
struct inbox_back {
	/* From the control thread; the client may be gone by now. `len` 0: there is no answer. */
	void (*send)(void *thread, void *client, const uint8_t *answer, size_t len);
	void *thread, *client;
};

struct inbox_message {
	struct inbox_message *next;
	struct addr from;
	/* UDP */
	int fd;
	uint8_t control[INBOX_CONTROL_MAX] __attribute__((aligned(8)));
	size_t control_len;
	/* TCP; send NULL: UDP */
	struct inbox_back back;
	size_t len;
	uint8_t bytes[];
};

/* A query of opcode UPDATE. The few instructions that every other one pays. */
static inline bool inbox_is_update(const uint8_t *msg, size_t len)
{
	return len >= 12 && (msg[2] & 0xf8) == 5 << 3;
}

/* Takes every message from now on; `take` owns it (free). Before the threads start. False: no memory or descriptors. */
bool inbox_begin(struct event_base *base, void (*take)(void *arg, struct inbox_message *m), void *arg);
/* After the threads have ended. What still waits is thrown away. */
void inbox_end(void);

/*
 * True: it waits in the queue, or there was no room and it is dropped (UDP:
 * who sent it sends it again). False: it isn't signed, or there is no inbox,
 * or no room (TCP): answer it with an error.
 * `h`: as received, IP_PKTINFO made the answer's (udp.c). One that was cut (MSG_TRUNC) is not let in.
 */
bool inbox_offer_udp(const uint8_t *msg, size_t len, int fd, const struct msghdr *h);
bool inbox_offer_tcp(const uint8_t *msg, size_t len, const struct addr *from, const struct inbox_back *back);

/* Sends the answer to where the message came from (`len` 0: none), and frees the message. */
void inbox_answer(struct inbox_message *m, const uint8_t *answer, size_t len);

#endif
