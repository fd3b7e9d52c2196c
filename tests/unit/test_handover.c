/* Sockets and lock go to a successor; whoever speaks another language, or ends too early, changes nothing. */
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "folder.h"
#include "handover.h"
#include "handover_parts.h"
#include "loop.h"
#include "sock.h"
#include "unit.h"

static char folder[] = "/tmp/fl.handover.XXXXXX";
static char why[HANDOVER_WHY_MAX];

/* --- a predecessor made for the test: answers "take" with these bytes and descriptors, then hangs up --- */

static struct { int listener; const void *bytes; size_t len; int fds[4]; size_t nfds; } fake;

static void *answer(void *arg)
{
	char word[32], control[CMSG_SPACE(4 * sizeof(int))] = "";
	struct iovec io = { (void *)(uintptr_t)fake.bytes, fake.len };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	int c = accept(fake.listener, NULL, NULL);
	(void)arg;
	if (recv(c, word, sizeof word, 0) > 0 && fake.bytes) {
		if (fake.nfds) {
			m.msg_control = control;
			m.msg_controllen = CMSG_SPACE(fake.nfds * sizeof(int));
			struct cmsghdr *h = CMSG_FIRSTHDR(&m);
			*h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(fake.nfds * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
			memcpy(CMSG_DATA(h), fake.fds, fake.nfds * sizeof(int));
		}
		if (sendmsg(c, &m, MSG_NOSIGNAL) < 0)
			perror("sendmsg");
	}
	close(c);
	return NULL;
}

static enum handover_result ask_fake(const void *bytes, size_t len, size_t nfds)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct handover_taken t;
	pthread_t thread;
	snprintf(a.sun_path, sizeof a.sun_path, "%s/fake.sock", folder);
	unlink(a.sun_path);
	fake.listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	fake.bytes = bytes;
	fake.len = len;
	fake.nfds = nfds;
	for (size_t i = 0; i < nfds; i++)
		fake.fds[i] = 0;
	CU_ASSERT_EQUAL_FATAL(bind(fake.listener, (struct sockaddr *)&a, sizeof a), 0);
	CU_ASSERT_EQUAL_FATAL(listen(fake.listener, 1), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, answer, NULL), 0);
	enum handover_result r = handover_take(folder, "fake", "", &t, why);
	pthread_join(thread, NULL);
	close(fake.listener);
	handover_forget(&t);
	if (r == HANDOVER_TAKEN)
		close(t.lock);
	return r;
}

static void strangers(void)
{
	const struct handover_part good = { HANDOVER_MAGIC, 2, 2 }, more = { HANDOVER_MAGIC, 3, 3 }, other = { 0x12345678, 2, 2 },
	                           none = { HANDOVER_MAGIC, 0, 0 }, most = { HANDOVER_MAGIC, UINT16_MAX, 2 }, half = { HANDOVER_MAGIC, 4, 2 };
	struct handover_taken t;
	CU_ASSERT_EQUAL(handover_take(folder, "nobody", "", &t, why), HANDOVER_NOBODY);
	CU_ASSERT_EQUAL(ask_fake(NULL, 0, 0), HANDOVER_FAILED);
	CU_ASSERT_STRING_EQUAL(why, "cannot take over: the running process has hung up: its log says why");
	/* its socket's name is left over, and nobody listens there */
	CU_ASSERT_EQUAL(handover_take(folder, "fake", "", &t, why), HANDOVER_NOBODY);
	CU_ASSERT_EQUAL(ask_fake(&good, sizeof good, 2), HANDOVER_TAKEN);
	CU_ASSERT_EQUAL(ask_fake(&good, sizeof good - 1, 2), HANDOVER_FAILED);
	CU_ASSERT_EQUAL(ask_fake(&other, sizeof other, 2), HANDOVER_FAILED);
	CU_ASSERT_EQUAL(ask_fake(&none, sizeof none, 2), HANDOVER_FAILED);
	CU_ASSERT_EQUAL(ask_fake(&most, sizeof most, 2), HANDOVER_FAILED);
	CU_ASSERT_EQUAL(ask_fake(&more, sizeof more, 2), HANDOVER_FAILED);
	CU_ASSERT_EQUAL(ask_fake(&good, sizeof good, 0), HANDOVER_FAILED);
	CU_ASSERT_EQUAL(ask_fake(&half, sizeof half, 2), HANDOVER_FAILED);
	CU_ASSERT_EQUAL(handover_take("/tmp/a/path/that/is/longer/than/a/unix/socket/may/have/as/its/name/which/is/a/hundred/and/eight/characters", "x", "", &t, why),
	                HANDOVER_FAILED);
}

/* --- the real one, in a thread of its own --- */

static struct event_base *base;
static int sockets[3];
static bool done;
static unsigned sent, sent_was;

static size_t give(void *arg, int *fds, size_t max)
{
	(void)arg;
	CU_ASSERT_FATAL(max >= 3);
	memcpy(fds, sockets, sizeof sockets);
	sent_was = sent;
	return 3;
}

static void on_sent(void *arg)
{
	(void)arg;
	sent++;
}

static void on_done(void *arg, pid_t successor)
{
	(void)arg;
	CU_ASSERT_EQUAL(successor, getpid());
	done = true;
	event_base_loopbreak(base);
}

static void *run(void *arg)
{
	(void)arg;
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

static int is_locked(void)
{
	char text[FOLDER_WHY_MAX];
	int fd = folder_lock(folder, "real", text);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static void passed_on(void)
{
	const struct handover_calls calls = { .sockets = give, .sent = on_sent, .done = on_done };
	struct handover_taken t;
	struct addr a, b;
	struct stat st;
	pthread_t thread;
	char path[200];
	int fds[4], lock = folder_lock(folder, "real", why);
	CU_ASSERT_FATAL(lock >= 0);
	addr_parse(&a, "127.0.0.1", 0);
	CU_ASSERT_EQUAL_FATAL(sock_listen_tcp(&a, sockets, 1, 10, why), 0);
	CU_ASSERT_EQUAL_FATAL(sock_listen_udp(&a, sockets + 1, 1, why), 0);
	sockets[2] = dup(sockets[0]);
	socklen_t n = sizeof a;
	getsockname(sockets[0], &a.sa, &n);
	n = sizeof b;
	getsockname(sockets[1], &b.sa, &n);
	base = loop_base_new();
	struct handover *h = handover_offer(base, folder, "real", lock, &calls, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	snprintf(path, sizeof path, "%s/real.sock", folder);
	CU_ASSERT(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run, NULL), 0);

	/* one that takes and ends; one that is turned away meanwhile; then one that gets ready */
	struct handover_taken second;
	CU_ASSERT_EQUAL_FATAL(handover_take(folder, "real", "", &t, why), HANDOVER_TAKEN);
	CU_ASSERT_EQUAL(handover_take(folder, "real", "", &second, why), HANDOVER_FAILED);
	close(t.lock);
	handover_forget(&t);
	CU_ASSERT_TRUE(is_locked());
	enum handover_result r;
	while ((r = handover_take(folder, "real", "", &t, why)) == HANDOVER_FAILED) /* until it has noticed the end of the first */
		usleep(10000);
	CU_ASSERT_EQUAL_FATAL(r, HANDOVER_TAKEN);
	CU_ASSERT_EQUAL(t.predecessor, getpid());
	CU_ASSERT_EQUAL(handover_pick(&t, SOCK_STREAM, &b, fds, 4), 0);
	CU_ASSERT_EQUAL(handover_pick(&t, SOCK_DGRAM, &b, fds, 4), 1);
	close(fds[0]);
	CU_ASSERT_EQUAL(handover_pick(&t, SOCK_STREAM, &a, fds, 1), 1);
	close(fds[0]);
	CU_ASSERT_EQUAL(handover_pick(&t, SOCK_STREAM, &a, fds, 4), 1);
	CU_ASSERT_EQUAL(handover_pick(&t, SOCK_STREAM, &a, fds + 1, 3), 0);
	CU_ASSERT_FALSE(done);
	int taken_lock = t.lock;
	handover_ready(&t);
	pthread_join(thread, NULL);
	CU_ASSERT_TRUE(done);
	CU_ASSERT_EQUAL(sent, 2); /* each time, right after they were asked for */
	CU_ASSERT_EQUAL(sent_was, 1);

	/* the lock is the successor's now, and so is the name */
	close(lock);
	CU_ASSERT_TRUE(is_locked());
	handover_delete(h);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	close(taken_lock);
	CU_ASSERT_FALSE(is_locked());
	close(fds[0]);
	for (size_t i = 0; i < 3; i++)
		close(sockets[i]);
	event_base_free(base);
}

static void clean_up(void)
{
	char command[200];
	snprintf(command, sizeof command, "rm -f %s/*.sock %s/*.lock && rmdir %s", folder, folder, folder);
	CU_ASSERT_EQUAL(system(command), 0);
}

static void make_folder(void)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

UNIT_MAIN("handover", UNIT_TEST(make_folder), UNIT_TEST(strangers), UNIT_TEST(passed_on), UNIT_TEST(clean_up))
