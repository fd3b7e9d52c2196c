/*
 * relays: thousands of relays at once, most of them idle, the others busy with
 * bytes that are all looked at, some of these read slowly.
 *   -l IP:PORT  the server: echoes, and reads no more of a connection than it has written back
 *   -d IP:PORT  the clients: -i idle ones, -b busy ones of which -s read slowly, for -t seconds;
 *               -p PID is the forwarder, whose memory and descriptors are told
 * Prints one line of key=value, and fails when anything was lost.
 */
#include "bench.h"
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 512
#define BLOCK (64 << 10)
#define WINDOW (128 << 10)      /* said, and not heard yet */
#define SLOW_READ 2048          /* a slow reader takes this much... */
#define SLOW_EVERY_NS 100000000u /* ...so often, and says all that it can */
#define OPEN_STEP 200           /* connections opened ahead of their answers */
#define SILENCE_NS 30000000000u /* nothing more comes, though something was said: lost */
#define GONE_NS 20000000000u
#define PATTERN 65521           /* a prime: no block boundary falls on its end again and again */

struct conn {
	int fd;
	bool slow, wants_out;
	uint64_t said, heard, next_read;
	uint8_t *rest; size_t len;  /* server: read, not written back */
};

static struct sockaddr_in to;
static unsigned nidle, nbusy, nslow;
static double seconds = 60;
static int poller, forwarder;
static struct conn *conns;
static uint8_t pattern[PATTERN + BLOCK], block[BLOCK];
static uint64_t lost;

static void make_pattern(void)
{
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof pattern; i++) {
		x = x * 1664525 + 1013904223;
		pattern[i] = i < PATTERN ? (uint8_t)(x >> 24) : pattern[i - PATTERN];
	}
}

/* What connection `i` says from its `at`th byte on: BLOCK bytes. */
static const uint8_t *words(unsigned i, uint64_t at)
{
	return pattern + (at + i * 131u) % PATTERN;
}

static void watch(struct conn *c, unsigned i, int op, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u32 = i };
	if (epoll_ctl(poller, op, c->fd, &e))
		die("epoll_ctl");
}

/* --- the forwarder --- */

static long status_kib(const char *key)
{
	char path[64], line[128];
	long kib = -1;
	snprintf(path, sizeof path, "/proc/%d/status", forwarder);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtol(line + strlen(key) + 1, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static long descriptors(void)
{
	char path[64];
	long n = -2; /* . and .. */
	snprintf(path, sizeof path, "/proc/%d/fd", forwarder);
	DIR *d = opendir(path);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* --- server --- */

static void answer(struct conn *c, unsigned i)
{
	ssize_t n;
	if (!c->len) {
		n = read(c->fd, block, sizeof block);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			goto end;
		c->len = (size_t)n;
		if (!(c->rest = malloc(c->len)))
			die("no memory");
		memcpy(c->rest, block, c->len);
	}
	n = write(c->fd, c->rest, c->len);
	if (n < 0 && errno != EAGAIN)
		goto end;
	if (n > 0)
		memmove(c->rest, c->rest + n, c->len -= (size_t)n);
	if (c->wants_out != (c->len > 0))
		watch(c, i, EPOLL_CTL_MOD, c->len ? EPOLLOUT : EPOLLIN);
	c->wants_out = c->len > 0;
	if (c->len)
		return;
	free(c->rest);
	c->rest = NULL;
	return;
end:
	free(c->rest);
	close(c->fd);
	*c = (struct conn){ .fd = -1 };
}

static void serve(rlim_t most)
{
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct epoll_event events[EVENTS];
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&to, sizeof to) || listen(listener, 65535))
		die("cannot listen");
	conns = calloc(most, sizeof *conns);
	watch(&(struct conn){ .fd = listener }, (unsigned)listener, EPOLL_CTL_ADD, EPOLLIN);
	alarm(BENCH_LIFETIME);
	for (;;) {
		int fd, n = epoll_wait(poller, events, EVENTS, -1);
		for (int k = 0; k < n; k++) {
			if (events[k].data.u32 != (uint32_t)listener) {
				answer(&conns[events[k].data.u32], events[k].data.u32);
				continue;
			}
			while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
				conns[fd].fd = fd;
				watch(&conns[fd], (unsigned)fd, EPOLL_CTL_ADD, EPOLLIN);
			}
		}
	}
}

/* --- clients --- */

static void lose(struct conn *c, const char *why)
{
	if (lost++ < 5)
		fprintf(stderr, "relay %td: %s after %llu bytes\n", c - conns, why, (unsigned long long)c->heard);
	close(c->fd);
	c->fd = -1;
}

/* Connections first..first+n-1, each heard of once. */
static void open_all(unsigned first, unsigned n)
{
	int one = 1;
	char byte;
	for (unsigned i = first; i < first + n; i++) {
		struct conn *c = &conns[i];
		c->fd = socket(AF_INET, SOCK_STREAM, 0);
		if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) || write(c->fd, words(i, 0), 1) != 1)
			die("relay %u", i);
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		c->said = 1;
		if ((i - first) % OPEN_STEP != OPEN_STEP - 1 && i != first + n - 1)
			continue;
		for (unsigned k = i - (i - first) % OPEN_STEP; k <= i; k++) {
			if (read(conns[k].fd, &byte, 1) != 1 || byte != (char)*words(k, 0))
				die("relay %u is not served", k);
			conns[k].heard = 1;
		}
	}
}

static void speak(struct conn *c, unsigned i)
{
	bool more = true;
	while (more && (c->slow || c->said - c->heard < WINDOW)) {
		ssize_t n = send(c->fd, words(i, c->said), BLOCK / 4, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN) {
			lose(c, strerror(errno));
			return;
		}
		more = n == BLOCK / 4;
		c->said += n > 0 ? (uint64_t)n : 0;
	}
	if (c->wants_out != !more)
		watch(c, i, EPOLL_CTL_MOD, (c->slow ? 0 : EPOLLIN) | (more ? 0 : EPOLLOUT));
	c->wants_out = !more;
}

static void hear(struct conn *c, unsigned i, size_t most)
{
	ssize_t n = recv(c->fd, block, most, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		lose(c, n ? strerror(errno) : "end");
	else if (c->heard + (uint64_t)n > c->said || memcmp(block, words(i, c->heard), (size_t)n) != 0)
		lose(c, "other bytes");
	else
		c->heard += (uint64_t)n;
}

static void hear_slow(uint64_t now)
{
	for (unsigned i = nidle; i < nidle + nslow; i++) {
		struct conn *c = &conns[i];
		if (c->fd < 0 || now < c->next_read)
			continue;
		c->next_read = now + SLOW_EVERY_NS;
		hear(c, i, SLOW_READ);
	}
}

/* A minute of it; returns how much the forwarder's memory has grown after its first quarter, in KiB. */
static long talk(uint64_t until, long *busy_kib, long *fds)
{
	struct epoll_event events[EVENTS];
	uint64_t quarter = now_ns() + (until - now_ns()) / 4, now;
	for (unsigned i = nidle; i < nidle + nbusy; i++) {
		conns[i].slow = i < nidle + nslow;
		watch(&conns[i], i, EPOLL_CTL_ADD, conns[i].slow ? 0 : EPOLLIN);
		speak(&conns[i], i);
	}
	while ((now = now_ns()) < until) {
		int n = epoll_wait(poller, events, EVENTS, 10);
		for (int k = 0; k < n; k++) {
			unsigned i = events[k].data.u32;
			struct conn *c = &conns[i];
			if (c->fd >= 0 && (events[k].events & EPOLLIN) && !c->slow)
				hear(c, i, sizeof block);
			if (c->fd >= 0 && (events[k].events & (EPOLLERR | EPOLLHUP)))
				lose(c, "reset");
			if (c->fd >= 0)
				speak(c, i);
		}
		hear_slow(now);
		if (quarter && now > quarter) {
			*busy_kib = status_kib("VmRSS");
			*fds = descriptors();
			quarter = 0;
		}
	}
	return status_kib("VmRSS") - *busy_kib;
}

/* All that was said has to be heard; slow ones are in a hurry now. */
static void hear_the_rest(void)
{
	bool more = true;
	for (unsigned i = nidle; i < nidle + nbusy; i++)
		conns[i].next_read = now_ns();
	while (more) {
		uint64_t now = now_ns();
		more = false;
		for (unsigned i = nidle; i < nidle + nbusy; i++) {
			struct conn *c = &conns[i];
			uint64_t before = c->heard;
			if (c->fd >= 0 && c->heard < c->said)
				hear(c, i, sizeof block);
			if (c->heard != before)
				c->next_read = now; /* when it was heard last */
			else if (c->fd >= 0 && c->heard < c->said && now - c->next_read > SILENCE_NS)
				lose(c, "silence");
			more |= c->fd >= 0 && c->heard < c->said;
		}
		usleep(1000);
	}
}

static void ask_idle(void)
{
	for (unsigned i = 0; i < nidle; i++)
		if (write(conns[i].fd, words(i, 1), 1) == 1)
			conns[i].said++;
	for (unsigned i = 0; i < nidle; i++) {
		struct timeval limit = { .tv_sec = 10 };
		setsockopt(conns[i].fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		if (read(conns[i].fd, block, 1) != 1 || *block != *words(i, 1))
			lose(&conns[i], "an idle one is gone");
	}
}

/* The descriptors that the forwarder has left when all are closed. */
static long close_all(long before)
{
	for (unsigned i = 0; i < nidle + nbusy; i++)
		if (conns[i].fd >= 0)
			close(conns[i].fd);
	uint64_t until = now_ns() + GONE_NS;
	while (descriptors() > before && now_ns() < until)
		usleep(100000);
	return descriptors();
}

static int load(void)
{
	long fds[4], kib[3], grown;
	uint64_t bytes = 0, slowest = UINT64_MAX;
	conns = calloc(nidle + nbusy, sizeof *conns);
	fds[0] = descriptors();
	kib[0] = status_kib("VmRSS");
	open_all(0, nidle);
	fds[1] = descriptors();
	kib[1] = status_kib("VmRSS");
	open_all(nidle, nbusy);
	grown = talk(now_ns() + (uint64_t)(seconds * 1e9), &kib[2], &fds[2]);
	for (unsigned i = nidle; i < nidle + nbusy; i++) {
		bytes += conns[i].heard;
		slowest = !conns[i].slow && conns[i].heard < slowest ? conns[i].heard : slowest;
	}
	hear_the_rest();
	ask_idle();
	fds[3] = close_all(fds[0]);
	printf("idle=%u busy=%u slow=%u seconds=%g lost=%llu GB=%.2f least_MB=%.2f idle_bytes=%.0f busy_bytes=%.0f grown_kib=%ld peak_kib=%ld "
	       "fds_before=%ld fds_idle=%ld fds_busy=%ld fds_after=%ld\n", nidle, nbusy, nslow, seconds, (unsigned long long)lost,
	       (double)bytes / 1e9, (double)slowest / 1e6, nidle ? (double)(kib[1] - kib[0]) * 1024 / nidle : 0,
	       nbusy ? (double)(kib[2] - kib[1]) * 1024 / nbusy : 0, grown, status_kib("VmHWM"), fds[0], fds[1], fds[2], fds[3]);
	return lost != 0;
}

int main(int argc, char **argv)
{
	struct rlimit r;
	int o, core = -1;
	bool server = false;
	while ((o = getopt(argc, argv, "l:d:i:b:s:t:p:c:")) != -1) {
		switch (o) {
		case 'l': server = true; to = addr4_port(optarg); break;
		case 'd': to = addr4_port(optarg); break;
		case 'i': nidle = (unsigned)atoi(optarg); break;
		case 'b': nbusy = (unsigned)atoi(optarg); break;
		case 's': nslow = (unsigned)atoi(optarg); break;
		case 't': seconds = atof(optarg); break;
		case 'p': forwarder = atoi(optarg); break;
		case 'c': core = atoi(optarg); break;
		default: die("usage: see the top of relays.c");
		}
	}
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	pin_core(core);
	poller = epoll_create1(0);
	make_pattern();
	if (server)
		serve(r.rlim_cur);
	return load();
}
