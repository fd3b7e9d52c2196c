/*
 * failwatch: how long after an event does a service show it?
 * Notes the present answer, causes the event (kills a process, so that its
 * listening socket closes, or runs a command), and asks until the answer is
 * another one. Over DNS (-n) the set of answer records is compared, over HTTP
 * (-H) the body of "/". Prints changed_ms=..., -1 when nothing changed in time.
 */
#include "bench.h"
#include "dnsmsg.h"
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_WAIT_NS 100000000
#define STEADY_ASKS 20
#define HASH_START 1469598103934665603ull

static struct dnsmsg query;
static int dns_fd = -1;
static struct sockaddr_in http_to;

static uint64_t hash(const uint8_t *p, size_t n)
{
	uint64_t h = HASH_START;
	while (n--)
		h = (h ^ *p++) * 1099511628211ull;
	return h;
}

static int skip_name(const uint8_t *p, int at, int len)
{
	while (at < len && p[at]) {
		if ((p[at] & 0xc0) == 0xc0)
			return at + 2;
		at += p[at] + 1;
	}
	return at + 1;
}

/* The answer section without TTLs and order, and the rcode. */
static uint64_t hash_answer(const uint8_t *p, int len)
{
	int records = p[6] << 8 | p[7], at = skip_name(p, 12, len) + 4;
	uint64_t sum = HASH_START + (p[3] & 15);
	for (int i = 0; i < records; i++) {
		at = skip_name(p, at, len);
		if (at + 10 > len)
			break;
		int size = p[at + 8] << 8 | p[at + 9];
		if (at + 10 + size > len)
			break;
		sum += hash(p + at + 10, (size_t)size);
		at += 10 + size;
	}
	return sum;
}

/* 0: no answer. */
static uint64_t ask_dns(void)
{
	static uint16_t id;
	uint8_t b[4096];
	struct pollfd pfd = { .fd = dns_fd, .events = POLLIN };
	id++;
	query.wire[0] = (uint8_t)(id >> 8);
	query.wire[1] = (uint8_t)id;
	if (send(dns_fd, query.wire, query.len, 0) < 0)
		return 0;
	for (uint64_t end = now_ns() + ANSWER_WAIT_NS; now_ns() < end;) {
		if (poll(&pfd, 1, 20) <= 0)
			continue;
		int n = (int)recv(dns_fd, b, sizeof b, 0);
		if (n >= 12 && (b[0] << 8 | b[1]) == id)
			return hash_answer(b, n);
	}
	return 0;
}

static uint64_t ask_http(void)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	char b[4096];
	size_t n = 0;
	struct timeval tv = { 0, 200000 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	if (!connect(fd, (struct sockaddr *)&http_to, sizeof http_to) && write(fd, get, sizeof get - 1) > 0)
		for (ssize_t r; n < sizeof b && (r = read(fd, b + n, sizeof b - n)) > 0;)
			n += (size_t)r;
	close(fd);
	const char *body = n ? memmem(b, n, "\r\n\r\n", 4) : NULL;
	return body ? hash((const uint8_t *)body, (size_t)(b + n - body)) : 0;
}

static uint64_t steady_answer(uint64_t (*asked)(void))
{
	uint64_t was = 0, h;
	for (int i = 0; i < 50 && !was; i++) {
		was = asked();
		usleep(20000);
	}
	if (!was)
		die("no answer to begin with");
	for (int i = 0; i < STEADY_ASKS; i++) {
		if ((h = asked()) && h != was)
			die("the answer is not steady");
		usleep(5000);
	}
	return was;
}

static void cause(pid_t victim, const char *command)
{
	if (victim) {
		if (kill(victim, SIGKILL))
			die("cannot kill %d", (int)victim);
	} else if (!fork()) {
		execl("/bin/bash", "bash", "-c", command, (char *)NULL);
		_exit(127);
	}
}

static int watch(uint64_t (*asked)(void), uint64_t was, double wait, useconds_t pause, pid_t victim, const char *command)
{
	uint64_t start = now_ns(), worst = 0, h = was;
	unsigned asks = 0, silent = 0;
	cause(victim, command);
	while ((h == was || !h) && now_ns() - start < (uint64_t)(wait * 1e9)) {
		usleep(asks++ ? pause : 0);
		uint64_t begun = now_ns();
		h = asked();
		if (now_ns() - begun > worst)
			worst = now_ns() - begun;
		silent += !h;
	}
	bool changed = h && h != was;
	printf("changed_ms=%.1f polls=%u unanswered=%u slowest_ms=%.1f\n", changed ? (double)(now_ns() - start) / 1e6 : -1,
	       asks, silent, (double)worst / 1e6);
	return !changed;
}

int main(int argc, char **argv)
{
	const char *ip = "127.0.0.1", *name = "lb0.gslb.test", *type = "A", *command = NULL;
	int port = 53, c;
	useconds_t pause = 1000;
	pid_t victim = 0;
	double wait = 10;
	bool http = false;
	while ((c = getopt(argc, argv, "a:p:n:t:i:k:x:w:H:")) != -1)
		switch (c) {
		case 'a': ip = optarg; break;
		case 'p': port = atoi(optarg); break;
		case 'n': name = optarg; break;
		case 't': type = optarg; break;
		case 'i': pause = (useconds_t)atoi(optarg); break;
		case 'k': victim = (pid_t)atoi(optarg); break;
		case 'x': command = optarg; break;
		case 'w': wait = atof(optarg); break;
		case 'H': http_to = addr4_port(optarg); http = true; break;
		default: die("usage: failwatch [-a address -p port -n name -t type | -H address:port] [-i pause us] [-w seconds] -k pid | -x command");
		}
	if (!http) {
		struct sockaddr_in to = addr4(ip, port);
		dnsmsg_query(&query, name, type, DNSMSG_PLAIN, 0);
		dns_fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (connect(dns_fd, (struct sockaddr *)&to, sizeof to))
			die("cannot connect to %s", ip);
	}
	if (!victim && !command)
		die("-k or -x is wanted");
	uint64_t (*asked)(void) = http ? ask_http : ask_dns;
	return watch(asked, steady_answer(asked), wait, pause, victim, command);
}
