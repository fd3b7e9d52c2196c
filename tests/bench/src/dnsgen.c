/*
 * dnsgen: DNS load over UDP from one core, which it keeps busy all the time.
 *   -w N     closed loop: N queries outstanding (saturation)
 *   -r RATE  open loop: RATE queries a second, evenly paced (latency, loss)
 * Each query has a slot; its ID is the slot number in the low bits and a
 * counter above, so an answer finds its slot and a late one is known as such.
 * Prints one line of key=value.
 */
#include "bench.h"
#include "dnsmsg.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 64
#define ANSWER_MAX 4096
#define SLOTS_MAX 32768         /* IDs have 16 bits: at least one stays for the counter */
#define SCAN_NS 10000000        /* how often overdue slots are looked for */
#define PACE_BACKLOG 2048       /* after a stall of our own: no endless burst */
#define SEND_TRIES 1000

struct slot { uint64_t sent; uint16_t id; bool busy; };

struct counts { uint64_t sent, received, lost, stale, noerror, answered, nxdomain, other, bytes; };

struct options {
	const char *address, *file, *source;
	int port, core;
	unsigned window;
	enum dnsmsg_edns edns;
	bool raw;
	double seconds, warm, rate, timeout;
	uint64_t max_answers;
	struct pids server, helper;
};

static struct options opt = {
	.address = "127.0.0.1", .port = 53, .core = -1, .window = 128, .edns = DNSMSG_EDNS,
	.seconds = 3, .warm = 0.5, .timeout = 0.2,
};
static int fd;
static struct dnsmsg *queries;
static size_t nqueries, next_query;
static struct slot slots[SLOTS_MAX];
static unsigned nslots, next_slot, free_slots[SLOTS_MAX], nfree;
static struct counts count;
static struct hist latency;

static uint8_t out_bytes[BATCH][DNSMSG_MAX], in_bytes[BATCH][ANSWER_MAX];
static struct iovec out_iov[BATCH], in_iov[BATCH];
static struct mmsghdr out[BATCH], in[BATCH];

static void usage(void)
{
	die("usage: dnsgen -a address -p port -q file [-w window | -r rate] [-t seconds] [-u warm-up] [-N answers]\n"
	    "       [-P pids] [-X helper pids] [-c core] [-E 0|1|2|3: none, EDNS, client subnet in 10/8, anywhere] [-T timeout] [-S source] [-R: reflector]");
}

static void parse_options(int argc, char **argv)
{
	int c;
	while ((c = getopt(argc, argv, "a:p:q:t:u:w:r:N:P:X:c:E:T:S:R")) != -1)
		switch (c) {
		case 'a': opt.address = optarg; break;
		case 'p': opt.port = atoi(optarg); break;
		case 'q': opt.file = optarg; break;
		case 't': opt.seconds = atof(optarg); break;
		case 'u': opt.warm = atof(optarg); break;
		case 'w': opt.window = (unsigned)atoi(optarg); break;
		case 'r': opt.rate = atof(optarg); break;
		case 'N': opt.max_answers = strtoull(optarg, NULL, 10); break;
		case 'P': pids_parse(&opt.server, optarg); break;
		case 'X': pids_parse(&opt.helper, optarg); break;
		case 'c': opt.core = atoi(optarg); break;
		case 'E': opt.edns = (enum dnsmsg_edns)atoi(optarg); break;
		case 'T': opt.timeout = atof(optarg); break;
		case 'S': opt.source = optarg; break;
		case 'R': opt.raw = true; break;
		default: usage();
		}
	if (!opt.file || opt.window < 1 || opt.window > SLOTS_MAX)
		usage();
}

static void open_socket(void)
{
	int size = 4 << 20;
	struct sockaddr_in to = addr4(opt.address, opt.port);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	if (opt.source) {
		struct sockaddr_in from = addr4(opt.source, 0);
		if (bind(fd, (struct sockaddr *)&from, sizeof from))
			die("cannot bind to %s", opt.source);
	}
	if (connect(fd, (struct sockaddr *)&to, sizeof to))
		die("cannot connect to %s", opt.address);
}

static void prepare(void)
{
	for (unsigned i = 0; i < BATCH; i++) {
		out_iov[i].iov_base = out_bytes[i];
		in_iov[i] = (struct iovec){ in_bytes[i], ANSWER_MAX };
		out[i].msg_hdr.msg_iov = &out_iov[i];
		in[i].msg_hdr.msg_iov = &in_iov[i];
		out[i].msg_hdr.msg_iovlen = in[i].msg_hdr.msg_iovlen = 1;
	}
	nslots = SLOTS_MAX;
	if (opt.rate > 0)
		return;
	for (nslots = 1; nslots < opt.window; nslots <<= 1)
		;
	for (unsigned i = 0; i < opt.window; i++)
		free_slots[nfree++] = i;
}

static unsigned take_slot(void)
{
	if (opt.rate <= 0)
		return free_slots[--nfree];
	unsigned s = next_slot++ & (nslots - 1);
	if (slots[s].busy)
		count.lost++;
	return s;
}

static void put_query(unsigned i, uint64_t now)
{
	struct dnsmsg *q = &queries[next_query];
	unsigned s = take_slot(), mask = nslots - 1;
	if (++next_query == nqueries)
		next_query = 0;
	slots[s].id = (uint16_t)(((slots[s].id + nslots) & ~mask) | s);
	slots[s].busy = true;
	slots[s].sent = now;
	memcpy(out_bytes[i], q->wire, q->len);
	out_bytes[i][0] = (uint8_t)(slots[s].id >> 8);
	out_bytes[i][1] = (uint8_t)slots[s].id;
	out_iov[i].iov_len = q->len;
}

/* What the kernel does not take even after many tries counts as sent, and later as lost. */
static void send_queries(unsigned want, uint64_t now)
{
	for (unsigned i = 0; i < want; i++)
		put_query(i, now);
	unsigned done = 0;
	for (int tries = 0; done < want && tries < SEND_TRIES; tries++) {
		int n = sendmmsg(fd, out + done, want - done, 0);
		if (n > 0)
			done += (unsigned)n;
		else if (errno != EAGAIN && errno != ECONNREFUSED && errno != EINTR && errno != ENOBUFS)
			die("sendmmsg");
	}
	count.sent += want;
}

static void take_answer(const uint8_t *p, unsigned len, uint64_t now)
{
	uint16_t id = (uint16_t)(p[0] << 8 | p[1]);
	struct slot *s = &slots[id & (nslots - 1)];
	if (len < 12) {
		count.other++;
		return;
	}
	if (!s->busy || s->id != id) {
		count.stale++;
		return;
	}
	s->busy = false;
	if (opt.rate <= 0)
		free_slots[nfree++] = id & (nslots - 1);
	hist_add(&latency, now - s->sent);
	count.received++;
	count.bytes += len;
	if (opt.raw)
		return;
	switch (p[3] & 15) {
	case 0: count.noerror++; count.answered += (p[6] | p[7]) != 0; break;
	case 3: count.nxdomain++; break;
	default: count.other++;
	}
}

static void receive_answers(void)
{
	int n = recvmmsg(fd, in, BATCH, MSG_DONTWAIT, NULL);
	uint64_t now = n > 0 ? now_ns() : 0;
	for (int i = 0; i < n; i++)
		take_answer(in_bytes[i], in[i].msg_len, now);
}

/* Closed loop only: a query without an answer gives its place to another one. */
static void free_overdue(uint64_t now, uint64_t timeout)
{
	for (unsigned i = 0; i < nslots; i++)
		if (slots[i].busy && now - slots[i].sent > timeout) {
			slots[i].busy = false;
			free_slots[nfree++] = i;
			count.lost++;
		}
}

static unsigned due(uint64_t start, uint64_t now, uint64_t *paced)
{
	if (opt.rate <= 0)
		return nfree < BATCH ? nfree : BATCH;
	uint64_t total = (uint64_t)((double)(now - start) * opt.rate / 1e9);
	if (total - *paced > PACE_BACKLOG)
		*paced = total - PACE_BACKLOG;
	unsigned want = total - *paced < BATCH ? (unsigned)(total - *paced) : BATCH;
	*paced += want;
	return want;
}

/* Sends and receives until `seconds` are over (or max_answers have come). */
static void run(double seconds)
{
	uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), scan = start, paced = 0, now;
	uint64_t timeout = (uint64_t)(opt.timeout * 1e9);
	while ((now = now_ns()) < end && !(opt.max_answers && count.received >= opt.max_answers)) {
		unsigned want = due(start, now, &paced);
		if (want)
			send_queries(want, now);
		receive_answers();
		if (opt.rate <= 0 && now >= scan) {
			scan = now + SCAN_NS;
			free_overdue(now, timeout);
		}
	}
}

/* Open loop: what comes within the time-out after the end is late, not lost. */
static void collect_late(void)
{
	uint64_t end = now_ns() + (uint64_t)(opt.timeout * 1e9), open = 0;
	while (now_ns() < end)
		receive_answers();
	for (unsigned i = 0; i < nslots; i++)
		open += slots[i].busy;
	uint64_t missing = count.sent > count.received ? count.sent - count.received : 0;
	count.lost = missing > open ? missing : open;
}

static void report(const struct edge *from, const struct edge *to)
{
	double got = count.received ? (double)count.received : 1, wall = (double)(to->time - from->time) / 1e9;
	printf("qps=%.0f sent=%lu recv=%lu lost=%lu loss_pct=%.3f noerror=%lu answered=%lu nxdomain=%lu other=%lu stale=%lu"
	       " p50_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f avg_bytes=%.0f srv_cpu_ns_per_ans=%.0f",
	       got / wall, count.sent, count.received, count.lost,
	       count.sent ? 100.0 * (double)count.lost / (double)count.sent : 0, count.noerror, count.answered,
	       count.nxdomain, count.other, count.stale, hist_us(&latency, .5), hist_us(&latency, .99),
	       hist_us(&latency, .999), (double)latency.max / 1e3, (double)count.bytes / got,
	       (double)(to->server - from->server) / got);
	edge_print(from, to);
}

int main(int argc, char **argv)
{
	struct edge from, to;
	parse_options(argc, argv);
	queries = dnsmsg_load(opt.file, opt.edns, &nqueries);
	pin_core(opt.core);
	open_socket();
	prepare();
	if (opt.warm > 0) {
		run(opt.warm);
		memset(&count, 0, sizeof count);
		memset(&latency, 0, sizeof latency);
	}
	edge_take(&from, &opt.server, &opt.helper);
	run(opt.seconds);
	edge_take(&to, &opt.server, &opt.helper);
	if (opt.rate > 0)
		collect_late();
	report(&from, &to);
	return 0;
}
