#include "link.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "sock.h"
#include "wire.h"

/* Between attempts: the first soon, since most ends are restarts, then rarely, since UDP reaches a peer that came back anyway. */
#define RETRY_MIN (100 * NS_PER_MS)
#define RETRY_MAX (2 * NS_PER_SECOND)
/* A peer that doesn't read gets nothing more: what is in its way is old by then. */
#define OUTPUT_MAX (1 << 20)

struct link {
	struct event_base *base;
	char *site;
	const char *whom;
	struct addr to, from;
	int64_t silence;
	int udp;                       /* connected; -1: not possible at present */
	struct event udp_event;
	struct bufferevent *tcp;       /* NULL: no connection */
	struct event connecting;       /* of a descriptor that is not connected yet */
	int connecting_fd;             /* -1: none */
	struct event retry;
	int64_t wait;                  /* ns: until the next attempt */
	bool told_lost, told_up;
	uint64_t unanswered;           /* sent by this connection */
	int64_t asked_at;              /* ns: since when there is something unanswered */
	int last_rcode;
	struct link_counts counts;
};

static void begin_connect(struct link *l);

/* A line about it: BEFORE the peer AFTER. `detail` stands behind. */
static void say(const struct link *l, enum log_level level, const char *before, const char *after, const char *detail)
{
	char text[ADDR_TEXT_MAX], msg[80];
	snprintf(msg, sizeof msg, "%s%s%s", before, l->whom, after);
	log_event(level, msg, "site=%s address=%s%s", l->site, addr_text_at(&l->to, text), detail);
}

static void after(struct event *e, int64_t ns)
{
	const struct timeval tv = { .tv_sec = (time_t)(ns / NS_PER_SECOND), .tv_usec = (suseconds_t)(ns % NS_PER_SECOND / 1000) };
	event_add(e, &tv);
}

/* --- the connection --- */

/* What the socket takes at once: last words, when we end in the same moment. */
static void flush(struct link *l)
{
	struct evbuffer *out = bufferevent_get_output(l->tcp);
	evbuffer_unfreeze(out, 1);
	if (evbuffer_get_length(out))
		evbuffer_write(out, bufferevent_getfd(l->tcp));
}

static void close_all(struct link *l)
{
	if (l->tcp)
		bufferevent_free(l->tcp);
	l->tcp = NULL;
	if (l->connecting_fd >= 0) {
		event_del(&l->connecting);
		close(l->connecting_fd);
	}
	l->connecting_fd = -1;
	event_del(&l->retry);
}

static void lose(struct link *l, const char *why)
{
	char detail[SOCK_WHY_MAX + 16];
	bool was_up = l->tcp != NULL;
	close_all(l);
	snprintf(detail, sizeof detail, " why=\"%.*s\"", SOCK_WHY_MAX, why);
	if (was_up || !l->told_lost)
		say(l, LOG_LEVEL_WARN, "connection to ", " lost", detail);
	l->told_lost = true;
	l->wait = was_up ? RETRY_MIN : l->wait * 2 > RETRY_MAX ? RETRY_MAX : l->wait * 2;
	after(&l->retry, l->wait);
}

/* The peer's own time-out of an idle connection is no news. */
static void end_quietly(struct link *l)
{
	close_all(l);
	l->wait = RETRY_MIN;
	after(&l->retry, l->wait);
}

static void note_rcode(struct link *l, const uint8_t *msg, size_t len)
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE" };
	char detail[32];
	if (len < 12)
		return;
	int rcode = msg[3] & 15;
	l->counts.answers++;
	l->counts.refused += rcode != 0;
	if (rcode == l->last_rcode)
		return;
	const char *name = (size_t)rcode < sizeof names / sizeof *names ? names[rcode] : "unknown";
	snprintf(detail, sizeof detail, " rcode=%s", name);
	if (rcode)
		say(l, LOG_LEVEL_WARN, "", " refuses what we tell it", detail);
	else if (l->last_rcode > 0)
		say(l, LOG_LEVEL_INFO, "", " takes what we tell it again", "");
	l->last_rcode = rcode;
}

static void on_read(struct bufferevent *b, void *arg)
{
	struct link *l = arg;
	struct evbuffer *in = bufferevent_get_input(b);
	for (;;) {
		uint8_t head[2 + 12];
		if (evbuffer_copyout(in, head, sizeof head) < (ssize_t)sizeof head)
			return;
		size_t n = wire_get16(head);
		if (evbuffer_get_length(in) < n + 2)
			return;
		note_rcode(l, head + 2, n);
		evbuffer_drain(in, n + 2);
		if (l->unanswered)
			l->unanswered--;
		l->asked_at = loop_now();
		l->wait = RETRY_MIN;
	}
}

static void on_event(struct bufferevent *b, short what, void *arg)
{
	struct link *l = arg;
	(void)b;
	if (what & BEV_EVENT_EOF && l->unanswered == 0)
		end_quietly(l);
	else
		lose(l, what & BEV_EVENT_EOF ? "closed by the peer" : strerror(EVUTIL_SOCKET_ERROR()));
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	int e = what & EV_TIMEOUT ? ETIMEDOUT : sock_error(fd);
	if (!e) {
		l->tcp = bufferevent_socket_new(l->base, fd, BEV_OPT_CLOSE_ON_FREE);
		e = l->tcp ? 0 : ENOMEM;
	}
	if (e) {
		lose(l, strerror(e));
		return;
	}
	l->connecting_fd = -1;
	l->unanswered = 0;
	bufferevent_setcb(l->tcp, on_read, NULL, on_event, l);
	bufferevent_enable(l->tcp, EV_READ | EV_WRITE);
	if (l->told_lost || !l->told_up)
		say(l, LOG_LEVEL_INFO, "connected to ", "", "");
	l->told_lost = false;
	l->told_up = true;
}

static void begin_connect(struct link *l)
{
	char why[SOCK_WHY_MAX];
	const struct timeval tv = { .tv_sec = (time_t)(l->silence / NS_PER_SECOND), .tv_usec = (suseconds_t)(l->silence % NS_PER_SECOND / 1000) };
	int fd = sock_connect_tcp(&l->to, l->from.sa.sa_family == AF_UNSPEC ? NULL : &l->from, why);
	if (fd < 0) {
		lose(l, why);
		return;
	}
	l->connecting_fd = fd;
	event_assign(&l->connecting, l->base, fd, EV_WRITE, on_connected, l);
	event_add(&l->connecting, &tv);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	begin_connect(arg);
}

/* --- datagrams --- */

static void on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	uint8_t msg[2048];
	ssize_t n;
	(void)what;
	while ((n = recv(fd, msg, sizeof msg, MSG_DONTWAIT)) >= 0)
		note_rcode(l, msg, (size_t)n);
}

static void open_udp(struct link *l)
{
	char why[SOCK_WHY_MAX];
	l->udp = sock_connect_udp(&l->to, l->from.sa.sa_family == AF_UNSPEC ? NULL : &l->from, why);
	if (l->udp < 0)
		return;
	event_assign(&l->udp_event, l->base, l->udp, EV_READ | EV_PERSIST, on_udp, l);
	event_add(&l->udp_event, NULL);
}

static void send_udp(struct link *l, const uint8_t *msg, size_t len)
{
	if (l->udp < 0)
		open_udp(l);
	/* A refusal of the datagram before comes back here once; this one is sent by the second call. */
	bool sent = l->udp >= 0 && (send(l->udp, msg, len, MSG_DONTWAIT) >= 0 || send(l->udp, msg, len, MSG_DONTWAIT) >= 0);
	if (sent)
		l->counts.udp++;
	else
		l->counts.dropped++;
}

/* --- sending --- */

static void send_tcp(struct link *l, const uint8_t *msg, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(l->tcp);
	uint8_t head[2];
	if (evbuffer_get_length(out) > OUTPUT_MAX) {
		l->counts.dropped++;
		return;
	}
	wire_set16(head, (uint16_t)len);
	evbuffer_expand(out, len + 2);
	evbuffer_add(out, head, 2);
	evbuffer_add(out, msg, len);
	if (l->unanswered++ == 0)
		l->asked_at = loop_now();
	l->counts.tcp++;
}

bool link_is_up(const struct link *l)
{
	return l->tcp != NULL;
}

bool link_is_refused(const struct link *l)
{
	return l->last_rcode > 0;
}

void link_send(struct link *l, const uint8_t *msg, size_t len)
{
	if (l->tcp && l->unanswered && loop_now() - l->asked_at > l->silence)
		lose(l, "no answers");
	if (l->tcp)
		send_tcp(l, msg, len);
	else if (len <= LINK_UDP_MAX)
		send_udp(l, msg, len);
	else
		l->counts.dropped++;
}

/* --- begin and end --- */

struct link *link_new(struct event_base *base, const char *whom, const char *site, const struct addr *to, const struct addr *from, int64_t silence)
{
	struct link *l = calloc(1, sizeof *l);
	if (!l || !(l->site = strdup(site))) {
		free(l);
		return NULL;
	}
	l->base = base;
	l->whom = whom;
	l->to = *to;
	l->from = *from;
	l->silence = silence;
	l->udp = l->connecting_fd = -1;
	l->wait = RETRY_MIN / 2;
	evtimer_assign(&l->retry, base, on_retry, l);
	after(&l->retry, 0);
	return l;
}

void link_delete(struct link *l)
{
	if (!l)
		return;
	if (l->tcp)
		flush(l);
	close_all(l);
	if (l->udp >= 0) {
		event_del(&l->udp_event);
		close(l->udp);
	}
	free(l->site);
	free(l);
}

bool link_is(const struct link *l, const char *site, const struct addr *to, const struct addr *from)
{
	return strcmp(l->site, site) == 0 && addr_equal(&l->to, to) && addr_equal(&l->from, from);
}

const struct link_counts *link_counts(const struct link *l)
{
	return &l->counts;
}
