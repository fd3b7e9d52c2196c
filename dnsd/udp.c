#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
/* Going online and offline in place, not by a call: its header allows that to everybody, they are below ten lines. */
#define _LGPL_SOURCE
#include <urcu-qsbr.h>
#include "../common/addr.h"
#include "../common/log.h"
#include "../common/sock.h"
#include "ahead.h"
#include "generation.h"
#include "inbox.h"

/* Datagrams taken by one system call. 64 bring its cost below 40 ns each; more only add latency. */
#define BATCH 64
_Static_assert(BATCH <= RANGES_AHEAD_MAX, "a batch is looked up ahead as a whole");
/* A query is short, an answer at most UDP_EDNS_MAX. Longer datagrams are cut by the kernel and fail to parse. */
#define PACKET_MAX 1472
/* in_pktinfo or in6_pktinfo with its header */
#define CONTROL_MAX 64

struct packet {
	struct addr from;
	uint8_t control[CONTROL_MAX] __attribute__((aligned(8)));
	uint8_t bytes[PACKET_MAX + ZONE_NAME_SLACK];
};

struct udp_thread {
	pthread_t id;
	unsigned number;
	_Atomic(bool) stop;
	int fd;
	bool any;                 /* bound to 0.0.0.0 or ::, so each packet says which address was asked */
	struct responder responder;
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	struct packet packets[BATCH];
};

/*
 * Waits for one datagram and takes what else is there. Without the C library's
 * wrappers: they are cancellation points of threads and cost 45 instructions
 * each, with one query a call half as much as answering it.
 */
static inline int receive_some(struct udp_thread *t)
{
	return (int)syscall(SYS_recvmmsg, t->fd, t->messages, BATCH, MSG_WAITFORONE, NULL);
}

static inline int send_some(int fd, struct mmsghdr *m, size_t count)
{
	return (int)syscall(SYS_sendmmsg, fd, m, count, MSG_DONTWAIT);
}

/* What receiving changes in the headers. */
static inline void prepare_receive(struct udp_thread *t, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		t->iov[i].iov_len = PACKET_MAX;
		t->messages[i].msg_hdr.msg_namelen = sizeof t->packets[i].from;
		if (t->any)
			t->messages[i].msg_hdr.msg_controllen = CONTROL_MAX;
	}
}

static void lay_out(struct udp_thread *t)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct packet *p = &t->packets[i];
		t->iov[i].iov_base = p->bytes;
		t->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &p->from, .msg_iov = &t->iov[i], .msg_iovlen = 1, .msg_control = t->any ? p->control : NULL,
		};
	}
	prepare_receive(t, BATCH);
}

/*
 * The answer must leave from the address that was asked. The packet's control
 * data says which; sent back it picks the source. The interface index must
 * not be: the way back may be another one (only link-local addresses need it).
 */
static void source_as_asked(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *p = (struct in_pktinfo *)(void *)CMSG_DATA(c);
			p->ipi_spec_dst = p->ipi_addr;
			p->ipi_ifindex = 0;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *p = (struct in6_pktinfo *)(void *)CMSG_DATA(c);
			if (!IN6_IS_ADDR_LINKLOCAL(&p->ipi6_addr))
				p->ipi6_ifindex = 0;
		}
	}
}

/* An UPDATE that is signed goes to the control thread, which answers it. False: it is to be answered here. */
__attribute__((noinline))
static bool pass_update(struct udp_thread *t, size_t i)
{
	struct msghdr *h = &t->messages[i].msg_hdr;
	if (t->any)
		source_as_asked(h);
	return inbox_offer_udp(t->packets[i].bytes, t->messages[i].msg_len, t->fd, h);
}

/* Some services look at tables of clients: what the batch will need of them comes all at once. */
__attribute__((noinline))
static void look_ahead(const struct udp_thread *t, const struct generation *gen, size_t count)
{
	struct ahead ahead;
	ahead.n = 0;
	for (size_t i = 0; i < count; i++)
		ahead_note(&ahead, t->packets[i].bytes, t->messages[i].msg_len);
	ahead_look(&ahead, gen);
}

/*
 * Answers `count` received packets in place: what was received is what is
 * sent. Those without an answer are closed up; the headers behind them then
 * stand elsewhere than they were laid out. Returns how many are to be sent.
 */
static size_t answer_batch(struct udp_thread *t, size_t count)
{
	const struct generation *gen = atomic_load_explicit(&current_generation, memory_order_acquire);
	size_t n = 0;
	if (gen->asks_tables)
		look_ahead(t, gen, count);
	for (size_t i = 0; i < count; i++) {
		struct packet *p = &t->packets[i];
		/* From port 0 nobody can be answered, and trying stalls all behind it in sendmmsg. */
		size_t len = p->from.in4.sin_port == 0 || (inbox_is_update(p->bytes, t->messages[i].msg_len) && pass_update(t, i)) ? 0
			: respond(&t->responder, gen, p->bytes, t->messages[i].msg_len, PACKET_MAX, &p->from, false);
		if (!len)
			continue;
		t->iov[i].iov_len = len;
		if (n != i)
			t->messages[n] = t->messages[i];
		if (t->any)
			source_as_asked(&t->messages[n].msg_hdr);
		n++;
	}
	return n;
}

/* An error of sendmmsg concerns its first message only: that one is given up, the others go on. */
static void send_batch(struct udp_thread *t, size_t count)
{
	for (size_t sent = 0; sent < count;) {
		int n = send_some(t->fd, t->messages + sent, count - sent);
		if (n > 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			sent++;
	}
}

/* Nothing was received. An error that stays must not make us spin. */
static void receive_failed(const struct udp_thread *t)
{
	static const struct timespec moment = { 0, 10000000 };
	if (errno == EINTR)
		return;
	log_error("receiving failed", "thread=udp%u error=\"%s\"", t->number, strerror(errno));
	nanosleep(&moment, NULL);
}

static void *udp_main(void *arg)
{
	struct udp_thread *t = arg;
	char name[16];
	snprintf(name, sizeof name, "udp%u", t->number);
	pthread_setname_np(pthread_self(), name);
	rcu_register_thread();
	for (;;) {
		rcu_thread_offline();
		int n = receive_some(t);
		rcu_thread_online();
		if (atomic_load_explicit(&t->stop, memory_order_relaxed))
			break;
		if (n <= 0) {
			receive_failed(t);
			continue;
		}
		size_t answers = answer_batch(t, (size_t)n);
		send_batch(t, answers);
		if (answers == (size_t)n)
			prepare_receive(t, answers);
		else
			lay_out(t);
	}
	rcu_unregister_thread();
	return NULL;
}

struct udp_thread *udp_start(int fd, const struct addr *addr, unsigned number, char *why)
{
	struct udp_thread *t = calloc(1, sizeof *t);
	uint64_t seed = 0;
	int flags = fcntl(fd, F_GETFL), e = ENOMEM;
	if (t) {
		t->number = number;
		t->fd = fd;
		t->any = addr_is_any(addr);
		e = 0;
		/* The thread has nothing to do but to wait in this call. */
		if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 || getrandom(&seed, sizeof seed, 0) != sizeof seed)
			e = errno;
	}
	if (!e) {
		responder_init(&t->responder, seed);
		lay_out(t);
		e = pthread_create(&t->id, NULL, udp_main, t);
	}
	if (!e)
		return t;
	snprintf(why, SOCK_WHY_MAX, "UDP thread %u: %s", number, strerror(e));
	free(t);
	return NULL;
}

void udp_stop(struct udp_thread *t)
{
	if (!t)
		return;
	t->stop = true;
	/* Wakes who waits in it, and from now on it gives empty messages at once; that an unconnected socket says ENOTCONN doesn't matter. */
	shutdown(t->fd, SHUT_RD);
	pthread_join(t->id, NULL);
	close(t->fd);
	free(t);
}

const struct dns_counters *udp_counters(const struct udp_thread *t)
{
	return &t->responder.counters;
}
