/*
 * tcpload: TCP client load from one core, which it keeps busy.
 *   -m short  -k K at a time, each: connect, 100 bytes out, -n bytes back, close, again
 *   -m ping   -k K kept connections, question and answer again and again
 *   -m bulk   -k K connections, read as fast as they give
 *   -m idle   opens -k K, one question and answer each, prints "ready", holds them until SIGTERM
 * Prints one line of key=value.
 */
#include "bench.h"
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256
#define IDLE_STEP 200           /* connections opened ahead of their answers */
#define IDLE_OPEN_NS 30000000000u
#define IDLE_HOLD_S 120

enum mode { MODE_SHORT, MODE_PING, MODE_BULK, MODE_IDLE };

struct conn { int fd; bool connected; size_t got; uint64_t since; };

static const char *mode_names[] = { "short", "ping", "bulk", "idle" };
static enum mode mode;
static struct sockaddr_in to;
static unsigned nconns = 32;
static size_t reply = 128;
static double seconds = 3, warm = 0.5;
static struct pids server, helper;
static int core = -1, poller;
static struct conn *conns;
static uint64_t done, fails, bytes;
static struct hist latency;
static char question[100], answer[1 << 20];
static volatile sig_atomic_t quit;

static void on_term(int sig)
{
	(void)sig;
	quit = 1;
}

static void open_conn(unsigned i)
{
	struct conn *c = &conns[i];
	struct epoll_event e = { .events = EPOLLOUT, .data.u32 = i };
	int one = 1;
	*c = (struct conn){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .since = now_ns() };
	if (c->fd < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)
		die("connect");
	if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e))
		die("epoll_ctl");
}

static void end_conn(unsigned i, bool failed)
{
	fails += failed;
	close(conns[i].fd);
	conns[i].fd = -1;
	if (mode != MODE_IDLE)
		open_conn(i);
}

static void ask(unsigned i, uint64_t now)
{
	struct conn *c = &conns[i];
	c->got = 0;
	if (mode == MODE_PING)
		c->since = now;
	if (write(c->fd, question, sizeof question) < 0)
		end_conn(i, true);
}

static void on_connected(unsigned i, uint32_t events)
{
	struct conn *c = &conns[i];
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };
	int err = 0;
	socklen_t len = sizeof err;
	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err || (events & EPOLLERR)) {
		end_conn(i, true);
		return;
	}
	epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e);
	c->connected = true;
	ask(i, now_ns());
}

static void on_event(unsigned i, uint32_t events)
{
	struct conn *c = &conns[i];
	if (!c->connected) {
		on_connected(i, events);
		return;
	}
	ssize_t n = read(c->fd, answer, sizeof answer);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		end_conn(i, true);
		return;
	}
	c->got += (size_t)n;
	bytes += (uint64_t)n;
	if (mode == MODE_BULK || c->got < reply)
		return;
	uint64_t now = now_ns();
	hist_add(&latency, now - c->since);
	done++;
	if (mode == MODE_SHORT)
		end_conn(i, false);
	else if (mode == MODE_PING)
		ask(i, now);
}

static void events_once(int wait_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(poller, events, EVENTS, wait_ms);
	for (int i = 0; i < n; i++)
		on_event(events[i].data.u32, events[i].events);
}

static void hold_idle(void)
{
	unsigned opened = 0;
	uint64_t end = now_ns() + IDLE_OPEN_NS;
	while (done + fails < nconns && now_ns() < end && !quit) {
		while (opened < nconns && opened - done - fails < IDLE_STEP)
			open_conn(opened++);
		events_once(100);
	}
	printf("ready conns=%lu fails=%lu\n", done, fails);
	fflush(stdout);
	for (int i = 0; i < IDLE_HOLD_S * 20 && !quit; i++)
		usleep(50000);
}

static void run_for(double s)
{
	uint64_t end = now_ns() + (uint64_t)(s * 1e9);
	while (now_ns() < end && !quit)
		events_once(mode == MODE_BULK ? 10 : 0);
}

static void report(const struct edge *from, const struct edge *end)
{
	double wall = (double)(end->time - from->time) / 1e9, cpu = (double)(end->server - from->server);
	double gb = (double)bytes / 1e9;
	printf("rate=%.0f done=%lu fails=%lu p50_us=%.1f p99_us=%.1f max_us=%.1f GBps=%.3f cpu_ns_per_op=%.0f cpu_s_per_GB=%.3f",
	       (double)done / wall, done, fails, hist_us(&latency, .5), hist_us(&latency, .99), (double)latency.max / 1e3,
	       gb / wall, done ? cpu / (double)done : 0, bytes ? cpu / 1e9 / gb : 0);
	edge_print(from, end);
}

static void parse_options(int argc, char **argv)
{
	const char *name = "short", *target = NULL;
	int c;
	while ((c = getopt(argc, argv, "d:m:k:n:t:u:P:X:c:")) != -1)
		switch (c) {
		case 'd': target = optarg; break;
		case 'm': name = optarg; break;
		case 'k': nconns = (unsigned)atoi(optarg); break;
		case 'n': reply = (size_t)atol(optarg); break;
		case 't': seconds = atof(optarg); break;
		case 'u': warm = atof(optarg); break;
		case 'P': pids_parse(&server, optarg); break;
		case 'X': pids_parse(&helper, optarg); break;
		case 'c': core = atoi(optarg); break;
		default: target = NULL; goto usage;
		}
	for (mode = MODE_SHORT; mode <= MODE_IDLE && strcmp(mode_names[mode], name); mode++)
		;
usage:
	if (!target || mode > MODE_IDLE)
		die("usage: tcpload -d address:port -m short|ping|bulk|idle [-k connections] [-n reply bytes] [-t seconds] [-u warm-up]\n"
		    "       [-P pids] [-X helper pids] [-c core]");
	to = addr4_port(target);
}

int main(int argc, char **argv)
{
	struct edge from, end;
	parse_options(argc, argv);
	pin_core(core);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_term);
	memset(question, 'q', sizeof question);
	poller = epoll_create1(0);
	conns = calloc(nconns, sizeof *conns);
	if (!conns)
		die("out of memory");
	if (mode == MODE_IDLE) {
		hold_idle();
		return 0;
	}
	for (unsigned i = 0; i < nconns; i++)
		open_conn(i);
	run_for(warm);
	done = fails = bytes = 0;
	memset(&latency, 0, sizeof latency);
	edge_take(&from, &server, &helper);
	run_for(seconds);
	edge_take(&end, &server, &helper);
	report(&from, &end);
	return 0;
}
