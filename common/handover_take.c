#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "handover.h"
#include "handover_parts.h"

/* The predecessor's main thread is busy for as long as a reload takes, not longer. */
#define ANSWER_SECONDS 10

static enum handover_result fail(char *why, const char *what)
{
	snprintf(why, HANDOVER_WHY_MAX, "cannot take over: %s", what);
	return HANDOVER_FAILED;
}

/* --- whom we ask --- */

static enum handover_result call(const char *run, const char *name, int *fd, char *why)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	if (snprintf(a.sun_path, sizeof a.sun_path, "%s/%s.sock", run, name) >= (int)sizeof a.sun_path)
		return fail(why, "the path of run and instance is too long");
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return fail(why, strerror(errno));
	setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(*fd, (struct sockaddr *)&a, sizeof a) == 0)
		return HANDOVER_TAKEN;
	int e = errno;
	close(*fd);
	*fd = -1;
	return e == ENOENT || e == ECONNREFUSED ? HANDOVER_NOBODY : fail(why, strerror(e));
}

/* Root, we, or the user that our kind becomes. */
static bool is_trusted(int fd, const char *user, pid_t *pid)
{
	struct ucred who;
	socklen_t n = sizeof who;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
		return false;
	*pid = who.pid;
	const struct passwd *p = *user ? getpwnam(user) : NULL;
	return who.uid == 0 || who.uid == geteuid() || (p && p->pw_uid == who.uid);
}

/* --- what comes --- */

static void take_fds(struct handover_taken *t, const struct msghdr *m, size_t max)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (t->n < max)
				t->fds[t->n++] = fd;
			else
				close(fd);
		}
	}
}

/* NULL: a part came; *total is how many descriptors there will be. */
static const char *receive_part(struct handover_taken *t, size_t *total)
{
	struct handover_part part;
	union { struct cmsghdr head; char bytes[CMSG_SPACE(HANDOVER_PART_MAX * sizeof(int))]; } control;
	struct iovec io = { &part, sizeof part };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(t->connection, &m, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return strerror(errno);
	size_t before = t->n;
	take_fds(t, &m, HANDOVER_MAX);
	if (n == 0)
		return "the running process has hung up: its log says why";
	if (n != (ssize_t)sizeof part || part.magic != HANDOVER_MAGIC || !part.total || part.total > HANDOVER_MAX)
		return "the running process speaks another language";
	if (m.msg_flags & MSG_CTRUNC || t->n - before != part.count)
		return "descriptors were lost on the way: is RLIMIT_NOFILE large enough?";
	*total = part.total;
	return NULL;
}

static const char *receive_all(struct handover_taken *t)
{
	size_t total = 1;
	const char *problem = NULL;
	while (!problem && t->n < total)
		problem = receive_part(t, &total);
	return problem;
}

/* The first one is the lock's. */
static void split_lock(struct handover_taken *t)
{
	t->lock = t->fds[0];
	t->fds[0] = -1;
}

enum handover_result handover_take(const char *run, const char *name, const char *user, struct handover_taken *t,
                                   char why[HANDOVER_WHY_MAX])
{
	*t = (struct handover_taken){ .connection = -1, .lock = -1 };
	enum handover_result r = call(run, name, &t->connection, why);
	if (r != HANDOVER_TAKEN)
		return r;
	const char *problem = NULL;
	t->fds = calloc(HANDOVER_MAX, sizeof *t->fds);
	if (!t->fds)
		problem = "out of memory";
	else if (!is_trusted(t->connection, user, &t->predecessor))
		problem = "the running process is another user's";
	else if (send(t->connection, HANDOVER_TAKE, strlen(HANDOVER_TAKE), MSG_NOSIGNAL) < 0)
		problem = strerror(errno);
	else
		problem = receive_all(t);
	if (!problem) {
		split_lock(t);
		return HANDOVER_TAKEN;
	}
	fail(why, problem);
	handover_forget(t);
	return HANDOVER_FAILED;
}

/* --- what becomes of them --- */

static bool is_socket(int fd, int type, const struct addr *address)
{
	struct addr own = { .sa.sa_family = AF_UNSPEC };
	socklen_t n = sizeof own, m = sizeof(int);
	int kind = 0, listening = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &m) < 0 || kind != type || getsockname(fd, &own.sa, &n) < 0)
		return false;
	m = sizeof listening;
	if (type == SOCK_STREAM && (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &m) < 0 || !listening))
		return false;
	return addr_equal(&own, address);
}

size_t handover_pick(struct handover_taken *t, int type, const struct addr *address, int *fds, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n && n < max; i++) {
		if (t->fds[i] < 0 || !is_socket(t->fds[i], type, address))
			continue;
		fds[n++] = t->fds[i];
		t->fds[i] = -1;
	}
	return n;
}

void handover_ready(struct handover_taken *t)
{
	/* The name is for people; that it can't be written changes nothing. */
	if (t->lock >= 0 && (ftruncate(t->lock, 0) < 0 || lseek(t->lock, 0, SEEK_SET) < 0 || dprintf(t->lock, "%ld\n", (long)getpid()) < 0))
		(void)errno;
	if (t->connection >= 0 && send(t->connection, HANDOVER_READY, strlen(HANDOVER_READY), MSG_NOSIGNAL) < 0)
		(void)errno; /* it has ended: there is nobody to tell */
	handover_forget(t);
}

void handover_forget(struct handover_taken *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->fds[i] >= 0)
			close(t->fds[i]);
	free(t->fds);
	if (t->connection >= 0)
		close(t->connection);
	*t = (struct handover_taken){ .connection = -1, .lock = -1 };
}
