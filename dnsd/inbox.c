#include "inbox.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../common/log.h"
#include "../common/wire.h"
#include "exchange_reason.h"
#include "rr.h"

/* Taken in one go before the other events of the control thread have their turn. */
#define BATCH 256

static struct {
	pthread_mutex_t lock;
	struct inbox_message *first, **last;
	size_t udp, tcp_bytes;         /* waiting */
	struct event *event;           /* NULL: closed */
	void (*take)(void *arg, struct inbox_message *m);
	void *arg;
} inbox = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* --- who may come in --- */

/* The last record is a TSIG. Without any additional record nothing is looked at. */
static bool is_signed(const uint8_t *msg, size_t len)
{
	struct wire_reader r;
	uint16_t type = 0;
	if (wire_get16(msg + 10) == 0)
		return false;
	wire_reader_init(&r, msg, len);
	wire_read(&r, 12);
	for (unsigned i = wire_get16(msg + 4); i && !r.failed; i--) {
		wire_skip_name(&r);
		wire_read(&r, 4);
	}
	unsigned records = (unsigned)wire_get16(msg + 6) + wire_get16(msg + 8) + wire_get16(msg + 10);
	for (; records && !r.failed; records--) {
		wire_skip_name(&r);
		type = wire_read16(&r);
		wire_read(&r, 6);
		wire_read(&r, wire_read16(&r));
	}
	return !r.failed && type == RR_TSIG && wire_left(&r) == 0;
}

static struct inbox_message *message_new(const uint8_t *msg, size_t len)
{
	struct inbox_message *m = malloc(sizeof *m + len);
	if (!m)
		return NULL;
	memset(m, 0, sizeof *m);
	m->len = len;
	memcpy(m->bytes, msg, len);
	return m;
}

/* False: no room. */
static bool put(struct inbox_message *m)
{
	uint64_t one = 1;
	pthread_mutex_lock(&inbox.lock);
	bool room = inbox.event && (m->back.send ? inbox.tcp_bytes + m->len <= INBOX_TCP_BYTES_MAX : inbox.udp < INBOX_UDP_MAX);
	bool was_empty = !inbox.first;
	if (room) {
		*inbox.last = m;
		inbox.last = &m->next;
		inbox.udp += !m->back.send;
		inbox.tcp_bytes += m->back.send ? m->len : 0;
		if (was_empty && write(event_get_fd(inbox.event), &one, sizeof one) < 0)
			log_error("cannot wake a thread", "thread=control error=\"%s\"", strerror(errno));
	}
	pthread_mutex_unlock(&inbox.lock);
	if (!room) {
		exchange_count_one(EXCHANGE_NO_ROOM);
		free(m);
	}
	return room;
}

/* Of what is not let in somebody should know. */
static bool let_in(const uint8_t *msg, size_t len, bool cut)
{
	bool good = !cut && is_signed(msg, len);
	if (!good)
		exchange_count_one(cut ? EXCHANGE_TOO_LONG : EXCHANGE_UNSIGNED);
	return good;
}

bool inbox_offer_udp(const uint8_t *msg, size_t len, int fd, const struct msghdr *h)
{
	if (!let_in(msg, len, h->msg_flags & MSG_TRUNC))
		return false;
	struct inbox_message *m = message_new(msg, len);
	if (!m)
		return true;
	m->fd = fd;
	memcpy(&m->from, h->msg_name, h->msg_namelen < sizeof m->from ? h->msg_namelen : sizeof m->from);
	if (h->msg_control && h->msg_controllen <= sizeof m->control) {
		memcpy(m->control, h->msg_control, h->msg_controllen);
		m->control_len = h->msg_controllen;
	}
	put(m);
	return true;
}

bool inbox_offer_tcp(const uint8_t *msg, size_t len, const struct addr *from, const struct inbox_back *back)
{
	struct inbox_message *m = let_in(msg, len, false) ? message_new(msg, len) : NULL;
	if (!m)
		return false;
	m->from = *from;
	m->back = *back;
	return put(m);
}

/* --- control thread --- */

static struct inbox_message *get(void)
{
	pthread_mutex_lock(&inbox.lock);
	struct inbox_message *m = inbox.first;
	if (m) {
		inbox.first = m->next;
		if (!inbox.first)
			inbox.last = &inbox.first;
		inbox.udp -= !m->back.send;
		inbox.tcp_bytes -= m->back.send ? m->len : 0;
	}
	pthread_mutex_unlock(&inbox.lock);
	return m;
}

static void on_messages(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;
	(void)what;
	(void)arg;
	if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
		log_error("cannot read an eventfd", "error=\"%s\"", strerror(errno));
	for (unsigned i = 0; i < BATCH; i++) {
		struct inbox_message *m = get();
		if (!m)
			return;
		inbox.take(inbox.arg, m);
	}
	event_active(inbox.event, EV_READ, 1);
}

bool inbox_begin(struct event_base *base, void (*take)(void *arg, struct inbox_message *m), void *arg)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return false;
	inbox.take = take;
	inbox.arg = arg;
	inbox.first = NULL;
	inbox.last = &inbox.first;
	inbox.udp = inbox.tcp_bytes = 0;
	inbox.event = event_new(base, fd, EV_READ | EV_PERSIST, on_messages, NULL);
	if (inbox.event && event_add(inbox.event, NULL) == 0)
		return true;
	close(fd);
	return false;
}

void inbox_end(void)
{
	struct inbox_message *m;
	if (!inbox.event)
		return;
	while ((m = get()))
		free(m);
	int fd = event_get_fd(inbox.event);
	event_free(inbox.event);
	inbox.event = NULL;
	close(fd);
}

static void answer_udp(const struct inbox_message *m, const uint8_t *answer, size_t len)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)answer, .iov_len = len };
	struct msghdr h = { .msg_name = (void *)(uintptr_t)&m->from, .msg_namelen = addr_len(&m->from), .msg_iov = &iov, .msg_iovlen = 1 };
	if (m->control_len) {
		h.msg_control = (void *)(uintptr_t)m->control;
		h.msg_controllen = m->control_len;
	}
	/* As with any answer by UDP: who doesn't get it asks again. */
	if (len && sendmsg(m->fd, &h, MSG_DONTWAIT) < 0)
		log_debug("an answer could not be sent", "error=\"%s\"", strerror(errno));
}

void inbox_answer(struct inbox_message *m, const uint8_t *answer, size_t len)
{
	if (m->back.send)
		m->back.send(m->back.thread, m->back.client, answer, len);
	else
		answer_udp(m, answer, len);
	free(m);
}
