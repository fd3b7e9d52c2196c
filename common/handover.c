#include "handover.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "handover_parts.h"
#include "log.h"
#include "loop.h"

/* A successor that is not ready by then will never be: it reads its configuration before it asks. */
#define READY_SECONDS 60

struct handover {
	struct event_base *base;
	struct handover_calls calls;
	char path[PATH_MAX];
	int lock;
	int listener, connection;   /* -1: none */
	pid_t successor;
	struct event on_listener, on_connection;
	bool passed;                /* the name is the successor's */
};

/* --- one successor --- */

static void hang_up(struct handover *h)
{
	if (h->connection < 0)
		return;
	event_del(&h->on_connection);
	close(h->connection);
	h->connection = -1;
}

static bool send_part(int fd, size_t total, const int *fds, size_t n)
{
	struct handover_part part = { .magic = HANDOVER_MAGIC, .total = (uint16_t)total, .count = (uint16_t)n };
	union { struct cmsghdr head; char bytes[CMSG_SPACE(HANDOVER_PART_MAX * sizeof(int))]; } control;
	struct iovec io = { &part, sizeof part };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	memset(&control, 0, sizeof control);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	return sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)sizeof part;
}

static bool send_sockets(struct handover *h)
{
	int *fds = calloc(HANDOVER_MAX, sizeof *fds);
	if (!fds)
		return false;
	fds[0] = h->lock;
	size_t n = 1 + h->calls.sockets(h->calls.arg, fds + 1, HANDOVER_MAX - 1);
	bool ok = true;
	for (size_t at = 0; ok && at < n; at += HANDOVER_PART_MAX)
		ok = send_part(h->connection, n, fds + at, n - at < HANDOVER_PART_MAX ? n - at : HANDOVER_PART_MAX);
	free(fds);
	if (h->calls.sent)
		h->calls.sent(h->calls.arg);
	return ok;
}

static void give_up(struct handover *h, const char *why)
{
	log_warn("not replaced, we go on", "by=%ld why=\"%s\"", (long)h->successor, why);
	hang_up(h);
	if (h->calls.kept)
		h->calls.kept(h->calls.arg);
}

static void pass_on(struct handover *h)
{
	pid_t successor = h->successor;
	h->passed = true;
	hang_up(h);
	event_del(&h->on_listener);
	close(h->listener);
	h->listener = -1;
	h->calls.done(h->calls.arg, successor);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct handover *h = arg;
	char word[HANDOVER_WORD_MAX + 1];
	if (what & EV_TIMEOUT) {
		give_up(h, "it was not ready in time");
		return;
	}
	ssize_t n = recv(fd, word, sizeof word - 1, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	word[n > 0 ? n : 0] = '\0';
	if (strcmp(word, HANDOVER_TAKE) == 0) {
		if (send_sockets(h))
			log_info("a successor has our sockets", "process=%ld", (long)h->successor);
		else
			give_up(h, strerror(errno));
	} else if (strcmp(word, HANDOVER_READY) == 0) {
		pass_on(h);
	} else {
		give_up(h, n > 0 ? "it speaks another language" : "it has ended");
	}
}

static void on_listener(evutil_socket_t fd, short what, void *arg)
{
	struct handover *h = arg;
	static const struct timeval patience = { .tv_sec = READY_SECONDS };
	(void)what;
	int c = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (c < 0)
		return;
	struct ucred who = { .uid = (uid_t)-1 };
	socklen_t n = sizeof who;
	bool ours = getsockopt(c, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == 0 || who.uid == geteuid());
	if (!ours || h->connection >= 0) {
		log_warn("a successor is turned away", "process=%ld user=%ld why=\"%s\"", (long)who.pid, (long)who.uid,
		         ours ? "another one is under way" : "another user's");
		close(c);
		return;
	}
	h->connection = c;
	h->successor = who.pid;
	event_assign(&h->on_connection, h->base, c, EV_READ | EV_PERSIST, on_connection, h);
	event_add(&h->on_connection, &patience);
}

/* --- begin and end --- */

/* Bound beside and renamed: whoever asks meets the one before or us, never nobody. */
static bool bind_name(struct handover *h)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char beside[PATH_MAX + 8];
	if (snprintf(beside, sizeof beside, "%s.new", h->path) >= (int)sizeof a.sun_path) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(a.sun_path, beside);
	unlink(beside);
	mode_t before = umask(0177);
	bool ok = bind(h->listener, (struct sockaddr *)&a, sizeof a) == 0;
	umask(before);
	return ok && listen(h->listener, 4) == 0 && rename(beside, h->path) == 0;
}

struct handover *handover_offer(struct event_base *base, const char *run, const char *name, int lock,
                                const struct handover_calls *calls, char why[HANDOVER_WHY_MAX])
{
	struct handover *h = calloc(1, sizeof *h);
	if (!h) {
		snprintf(why, HANDOVER_WHY_MAX, "out of memory");
		return NULL;
	}
	h->base = base;
	h->calls = *calls;
	h->lock = lock;
	h->connection = -1;
	h->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool fits = snprintf(h->path, sizeof h->path, "%s/%s.sock", run, name) < (int)sizeof h->path;
	if (fits && h->listener >= 0 && bind_name(h)) {
		event_assign(&h->on_listener, base, h->listener, EV_READ | EV_PERSIST, on_listener, h);
		event_add(&h->on_listener, NULL);
		return h;
	}
	snprintf(why, HANDOVER_WHY_MAX, "%.180s: %s", h->path, strerror(errno));
	if (h->listener >= 0)
		close(h->listener);
	free(h);
	return NULL;
}

void handover_delete(struct handover *h)
{
	if (!h)
		return;
	hang_up(h);
	if (h->listener >= 0) {
		event_del(&h->on_listener);
		close(h->listener);
	}
	if (!h->passed)
		unlink(h->path);
	free(h);
}
