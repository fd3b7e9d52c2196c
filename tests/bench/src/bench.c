#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void die(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (%s)\n", strerror(saved));
	exit(1);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	if (clock_gettime(id, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

struct sockaddr_in addr4(const char *ip, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	if (inet_pton(AF_INET, ip, &a.sin_addr) != 1)
		die("not an IPv4 address: %s", ip);
	return a;
}

struct sockaddr_in addr4_port(const char *text)
{
	char ip[INET_ADDRSTRLEN];
	const char *colon = strchr(text, ':');
	if (!colon || (size_t)(colon - text) >= sizeof ip)
		die("not address:port: %s", text);
	memcpy(ip, text, (size_t)(colon - text));
	ip[colon - text] = '\0';
	return addr4(ip, atoi(colon + 1));
}

int tcp_listen(const char *ip, int port)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = addr4(ip, port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 65535))
		die("cannot listen on %s:%d", ip, port);
	return fd;
}

void pin_core(int core)
{
	cpu_set_t set;
	if (core < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)core, &set);
	if (sched_setaffinity(0, sizeof set, &set))
		die("cannot bind to core %d", core);
}

static unsigned hist_index(uint64_t v)
{
	if (v < (1u << HIST_SUB))
		return (unsigned)v;
	unsigned e = 63 - (unsigned)__builtin_clzll(v);
	return ((e - HIST_SUB + 1) << HIST_SUB) + (unsigned)((v >> (e - HIST_SUB)) & ((1u << HIST_SUB) - 1));
}

static uint64_t hist_value(unsigned i)
{
	if (i < (1u << HIST_SUB))
		return i;
	unsigned e = (i >> HIST_SUB) + HIST_SUB - 1;
	return (1ull << e) + ((uint64_t)(i & ((1u << HIST_SUB) - 1)) << (e - HIST_SUB));
}

void hist_add(struct hist *h, uint64_t ns)
{
	h->count++;
	if (ns > h->max)
		h->max = ns;
	h->bucket[hist_index(ns)]++;
}

double hist_us(const struct hist *h, double q)
{
	uint64_t want = (uint64_t)(q * (double)h->count), seen = 0;
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		if ((seen += h->bucket[i]) > want)
			return (double)hist_value(i) / 1e3;
	return (double)h->max / 1e3;
}

void pids_parse(struct pids *p, const char *list)
{
	char *end;
	while (*list && p->count < PIDS_MAX) {
		p->pid[p->count++] = (pid_t)strtol(list, &end, 10);
		list = *end == ',' ? end + 1 : "";
	}
}

uint64_t pids_cpu(const struct pids *p)
{
	uint64_t sum = 0;
	clockid_t id;
	for (int i = 0; i < p->count; i++)
		if (!clock_getcpuclockid(p->pid[i], &id))
			sum += clock_ns(id);
	return sum;
}

/* Time of all cores in ms (USER_HZ is 100): busy is all but idle, iowait and steal. */
static void machine_ms(uint64_t *busy, uint64_t *steal)
{
	unsigned long long v[8] = {0};
	FILE *f = fopen("/proc/stat", "r");
	if (f) {
		if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu",
		           v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7) != 8)
			memset(v, 0, sizeof v);
		fclose(f);
	}
	*busy = (v[0] + v[1] + v[2] + v[5] + v[6]) * 10;
	*steal = v[7] * 10;
}

void edge_take(struct edge *e, const struct pids *server, const struct pids *helper)
{
	e->time = now_ns();
	e->server = pids_cpu(server);
	e->helper = pids_cpu(helper);
	e->self = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	machine_ms(&e->busy, &e->steal);
}

void edge_print(const struct edge *from, const struct edge *to)
{
	double wall = (double)(to->time - from->time);
	double server = (double)(to->server - from->server), self = (double)(to->self - from->self);
	double helper = (double)(to->helper - from->helper);
	double foreign = (double)(to->busy - from->busy) * 1e6 - server - self - helper;
	printf(" srv_util_pct=%.1f gen_util_pct=%.1f steal_pct=%.1f foreign_pct=%.1f\n", 100 * server / wall,
	       100 * self / wall, 1e8 * (double)(to->steal - from->steal) / wall, 100 * foreign / wall);
}
