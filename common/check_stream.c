/*
 * A probe over one TCP connection. The descriptor has one edge-triggered event
 * from its first moment to its last (two calls of epoll_ctl a probe), so
 * whoever is told of readiness reads and writes until the kernel has no more.
 */
#include "check_kind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sock.h"

enum check_result stream_result_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return RESULT_L4_REFUSED;
	case ETIMEDOUT:
		return RESULT_L4_TIMEOUT;
	case ECONNRESET:
	case EPIPE:
		return RESULT_L4_RESET;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case ENONET:
		return RESULT_L4_UNREACHABLE;
	default:
		return RESULT_L4_ERROR;
	}
}

static void end_by_errno(struct check *k, int error)
{
	enum check_result result = stream_result_of(error);
	check_end(k, result, result == RESULT_L4_ERROR ? (uint32_t)error : 0, check_took(k));
}

static ssize_t send_some(struct check *k)
{
	struct stream *s = &k->stream;
	return s->ssl ? secure_send(k, s->out, s->out_left) : send(s->fd, s->out, s->out_left, MSG_NOSIGNAL);
}

/* A failed send is not an end: what the server said before it went may still be read. */
static void send_rest(struct check *k)
{
	struct stream *s = &k->stream;
	while (s->out_left > 0) {
		ssize_t n = send_some(k);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				s->out_left = 0;
			return;
		}
		s->out += n;
		s->out_left -= (size_t)n;
	}
}

/* True: the handshake is done. False: it goes on, or the probe has ended. */
static bool shake(struct check *k)
{
	enum check_result result;
	uint32_t detail;
	switch (secure_shake(k, &result, &detail)) {
	case SECURE_WAITS:
		return false;
	case SECURE_FAILED:
		check_end(k, result, detail, check_took(k));
		return false;
	case SECURE_DONE:
		break;
	}
	k->stream.stage = STREAM_OPEN;
	k->stream.heard = true;
	k->talk->connected(k);
	return k->running;
}

static ssize_t receive_some(struct check *k)
{
	uint8_t *scratch = k->checker->scratch;
	return k->stream.ssl ? secure_recv(k, scratch, CHECK_SCRATCH) : recv(k->stream.fd, scratch, CHECK_SCRATCH, 0);
}

/* Until nothing is there, or the kind has ended the probe, which every kind does after a bounded number of bytes. */
static void carry_on(struct check *k)
{
	struct stream *s = &k->stream;
	while (k->running) {
		if (s->stage == STREAM_SHAKING && !shake(k))
			return;
		if (s->out_left)
			send_rest(k);
		ssize_t n = receive_some(k);
		if (n > 0) {
			s->heard = true;
			k->talk->data(k, k->checker->scratch, (size_t)n);
		} else if (n == 0) {
			k->talk->closed(k, false);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			k->talk->closed(k, true);
		}
	}
}

bool stream_secure(struct check *k)
{
	if (!secure_begin(k)) {
		check_postpone(k, "no memory for TLS");
		return false;
	}
	k->stream.stage = STREAM_SHAKING;
	return true;
}

/* A new connection takes some dozen bytes at once; when it doesn't, it has failed, and reading will meet that. */
static void say_preface(const struct check *k)
{
	ssize_t n = send(k->stream.fd, k->preface->text, k->preface->len, MSG_NOSIGNAL);
	(void)n;
}

/* False: it failed, and the probe has ended. */
static bool note_connected(struct check *k)
{
	int error = sock_error(k->stream.fd);
	if (error) {
		end_by_errno(k, error);
		return false;
	}
	k->stream.connect_time = check_took(k);
	if (k->preface)
		say_preface(k);
	if (k->conf->tls)
		return stream_secure(k);
	k->stream.stage = STREAM_OPEN;
	k->talk->connected(k);
	return k->running;
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	struct check *k = arg;
	(void)fd;
	if (k->stream.stage == STREAM_CONNECTING && !note_connected(k))
		return;
	if (what & EV_READ || k->stream.ssl)
		carry_on(k);
	else if (k->stream.out_left)
		send_rest(k);
}

void stream_say(struct check *k, const char *text, size_t n)
{
	k->stream.out = text;
	k->stream.out_left = n;
}

enum check_result stream_silence(const struct check *k)
{
	static const enum check_result meanings[] = { RESULT_L4_TIMEOUT, RESULT_L6_TIMEOUT, RESULT_L7_TIMEOUT };
	return meanings[k->stream.stage];
}

void stream_start(struct check *k, const struct stream_talk *talk)
{
	char why[SOCK_WHY_MAX];
	struct stream *s = &k->stream;
	*s = (struct stream){ .fd = -1 };
	k->talk = talk;
	s->fd = sock_connect_tcp(&k->address, k->source.sa.sa_family == AF_UNSPEC ? NULL : &k->source, why);
	if (s->fd < 0) {
		if (check_is_our_lack(errno))
			check_postpone(k, why);
		else
			end_by_errno(k, errno);
		return;
	}
	event_assign(&s->io, k->checker->base, s->fd, EV_READ | EV_WRITE | EV_ET | EV_PERSIST, on_io, k);
	if (event_add(&s->io, NULL) < 0)
		check_postpone(k, "no memory for an event");
}

/* By RST: ten thousand probes a second would else leave as many sockets in TIME_WAIT for a minute. */
void stream_stop(struct check *k)
{
	if (k->stream.fd < 0)
		return;
	event_del(&k->stream.io);
	secure_end(k);
	sock_reset(k->stream.fd);
	k->stream.fd = -1;
	free(k->collected);
	k->collected = NULL;
	k->ncollected = 0;
}

bool stream_collect(struct check *k, const uint8_t *p, size_t n, size_t max)
{
	bool fits = n <= max - k->ncollected;
	size_t take = fits ? n : max - k->ncollected;
	uint8_t *bigger = realloc(k->collected, k->ncollected + take + 1);
	if (!bigger)
		return false;
	k->collected = bigger;
	memcpy(k->collected + k->ncollected, p, take);
	k->ncollected += take;
	k->collected[k->ncollected] = '\0'; /* regexec is told the length; its watchers look for an end */
	return fits && k->ncollected < max;
}
