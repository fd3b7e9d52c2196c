#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>
#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu-qsbr.h>
#include "../common/addr.h"
#include "../common/log.h"
#include "../common/sock.h"

/* Datagrams taken by one system call. 64 bring its cost below 40 ns each; more only add latency. */
#define BATCH 64
/* A batch with so many is worth looking for the next at once. */
#define WELL_FILLED 8
/* Full batches of one socket before the others of the thread have their turn. */
#define ROUNDS_MAX 8
/* A query is short, an answer at most UDP_EDNS_MAX. Longer datagrams are cut by the kernel and fail to parse. */
#define PACKET_MAX 1472
/* in_pktinfo or in6_pktinfo with its header */
#define CONTROL_MAX 64

_Atomic(struct generation *) current_generation;

struct packet {
	struct addr from;
	uint8_t control[CONTROL_MAX] __attribute__((aligned(8)));
	uint8_t bytes[PACKET_MAX + ZONE_NAME_SLACK];
};

struct udp_socket {
	int fd;
	bool any;                 /* bound to 0.0.0.0 or ::, so each packet says which address was asked */
};

struct udp_thread {
	pthread_t id;
	unsigned number;
	_Atomic(bool) stop;
	int wake;                 /* eventfd: something to look at */
	size_t count;
	struct udp_socket *sockets;
	struct pollfd *poll;
	struct responder responder;
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_iov[BATCH], out_iov[BATCH];
	struct packet packets[BATCH];
};

/*
 * Without the C library's wrappers: they are cancellation points of threads
 * and cost 45 instructions each, with one query a call as much as finding it.
 */
static inline int receive_some(int fd, struct mmsghdr *m)
{
	return (int)syscall(SYS_recvmmsg, fd, m, BATCH, MSG_DONTWAIT, NULL);
}

static inline int send_some(int fd, struct mmsghdr *m, size_t count)
{
	return (int)syscall(SYS_sendmmsg, fd, m, count, MSG_DONTWAIT);
}

static void prepare_receive(struct udp_thread *t, bool any, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct msghdr *m = &t->in[i].msg_hdr;
		m->msg_namelen = sizeof t->packets[i].from;
		m->msg_control = any ? t->packets[i].control : NULL;
		m->msg_controllen = any ? CONTROL_MAX : 0;
	}
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

/* Answers `count` received packets; what there is to send stands in t->out. Returns how many. */
static size_t answer_batch(struct udp_thread *t, const struct udp_socket *s, size_t count)
{
	const struct generation *gen = atomic_load_explicit(&current_generation, memory_order_acquire);
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		struct packet *p = &t->packets[i];
		/* From port 0 nobody can be answered, and trying stalls all behind it in sendmmsg. */
		if (p->from.in4.sin_port == 0)
			continue;
		size_t len = respond(&t->responder, gen, p->bytes, t->in[i].msg_len, PACKET_MAX, &p->from, false);
		if (!len)
			continue;
		struct msghdr *m = &t->out[n].msg_hdr;
		t->out_iov[n] = (struct iovec){ .iov_base = p->bytes, .iov_len = len };
		m->msg_name = &p->from;
		m->msg_namelen = t->in[i].msg_hdr.msg_namelen;
		m->msg_control = t->in[i].msg_hdr.msg_control;
		m->msg_controllen = s->any ? t->in[i].msg_hdr.msg_controllen : 0;
		if (s->any)
			source_as_asked(m);
		n++;
	}
	return n;
}

/* An error of sendmmsg concerns its first message only: that one is given up, the others go on. */
static void send_batch(struct udp_thread *t, int fd, size_t count)
{
	for (size_t sent = 0; sent < count;) {
		int n = send_some(fd, t->out + sent, count - sent);
		if (n > 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			sent++;
	}
}

/*
 * Takes what is there, batch after batch while they are well filled: then there
 * is more, and asking poll first would be a call for nothing. A socket of
 * several gives way after ROUNDS_MAX batches.
 */
static void drain(struct udp_thread *t, const struct udp_socket *s)
{
	for (unsigned round = 0; round < ROUNDS_MAX || t->count == 1; round++) {
		int n = receive_some(s->fd, t->in);
		if (n <= 0)
			return;
		send_batch(t, s->fd, answer_batch(t, s, (size_t)n));
		prepare_receive(t, s->any, (size_t)n);
		rcu_quiescent_state();
		if (n < WELL_FILLED || atomic_load_explicit(&t->stop, memory_order_relaxed))
			return;
	}
}

static void *udp_main(void *arg)
{
	struct udp_thread *t = arg;
	char name[16];
	snprintf(name, sizeof name, "udp%u", t->number);
	pthread_setname_np(pthread_self(), name);
	rcu_register_thread();
	bool any_set = t->sockets[0].any;
	prepare_receive(t, any_set, BATCH);
	while (!t->stop) {
		rcu_thread_offline();
		int n = poll(t->poll, t->count + 1, -1);
		rcu_thread_online();
		if (n < 0 && errno != EINTR)
			log_error("poll failed", "thread=%s error=\"%s\"", name, strerror(errno));
		for (size_t i = 0; n > 0 && i < t->count; i++) {
			if (!t->poll[i].revents)
				continue;
			if (t->sockets[i].any != any_set) {
				any_set = t->sockets[i].any;
				prepare_receive(t, any_set, BATCH);
			}
			drain(t, &t->sockets[i]);
		}
	}
	rcu_unregister_thread();
	return NULL;
}

static void udp_free(struct udp_thread *t)
{
	for (size_t i = 0; i < t->count; i++)
		close(t->sockets[i].fd);
	if (t->wake >= 0)
		close(t->wake);
	free(t->sockets);
	free(t->poll);
	free(t);
}

static void lay_out(struct udp_thread *t)
{
	for (size_t i = 0; i < BATCH; i++) {
		t->in_iov[i] = (struct iovec){ .iov_base = t->packets[i].bytes, .iov_len = PACKET_MAX };
		t->in[i].msg_hdr = (struct msghdr){ .msg_name = &t->packets[i].from, .msg_iov = &t->in_iov[i], .msg_iovlen = 1 };
		t->out[i].msg_hdr = (struct msghdr){ .msg_iov = &t->out_iov[i], .msg_iovlen = 1 };
	}
}

struct udp_thread *udp_start(const int *fds, const struct addr *addrs, size_t count, unsigned number, char *why)
{
	struct udp_thread *t = calloc(1, sizeof *t);
	uint64_t seed = 0;
	if (t) {
		t->sockets = calloc(count, sizeof *t->sockets);
		t->poll = calloc(count + 1, sizeof *t->poll);
		t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	if (!t || !t->sockets || !t->poll || t->wake < 0 || getrandom(&seed, sizeof seed, 0) != sizeof seed) {
		snprintf(why, SOCK_WHY_MAX, "UDP thread %u: %s", number, strerror(errno));
		if (t)
			udp_free(t);
		return NULL;
	}
	t->number = number;
	t->count = count;
	for (size_t i = 0; i < count; i++) {
		t->sockets[i] = (struct udp_socket){ .fd = fds[i], .any = addr_is_any(&addrs[i]) };
		t->poll[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	}
	t->poll[count] = (struct pollfd){ .fd = t->wake, .events = POLLIN };
	responder_init(&t->responder, seed);
	lay_out(t);
	int e = pthread_create(&t->id, NULL, udp_main, t);
	if (e) {
		snprintf(why, SOCK_WHY_MAX, "UDP thread %u: %s", number, strerror(e));
		udp_free(t);
		return NULL;
	}
	return t;
}

void udp_stop(struct udp_thread *t)
{
	if (!t)
		return;
	uint64_t one = 1;
	t->stop = true;
	if (write(t->wake, &one, sizeof one) < 0)
		log_error("cannot wake a thread", "thread=udp%u error=\"%s\"", t->number, strerror(errno));
	pthread_join(t->id, NULL);
	udp_free(t);
}

const struct dns_counters *udp_counters(const struct udp_thread *t)
{
	return &t->responder.counters;
}
