/*
 * mesh: a mesh of sites around one real fairlead-dnsd, which is the first of
 * them. This program is all the others: each tells it every interval what the
 * exchange has a site tell (its own members, and of all others the share that
 * is due), over a connection of its own, signed; and each takes what it tells.
 *
 *     mesh -a ADDRESS -p PORT -s SITES -m MEMBERS -t SECONDS [-l TRIALS] [-P PIDS] [-c CORE]
 *
 * Site i has the control address ADDRESS + i; the configuration and zone that
 * fit are what `mesh -w FOLDER` writes. Service sK has a member xI at each
 * site. Everything is told with another seq and another round trip each time.
 *
 * Then changes: in the midst of that stream site i says that one of its
 * members is down, and it is timed until the receiver's answer differs ("in");
 * an agent at the receiver's site says so of one of its members, and it is
 * timed until the last of the sites was told ("out").
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../../../common/tsig.h"
#include "../../../common/update.h"
#include "bench.h"

#define SITES_MAX 200
#define TTL 10                    /* exchange.ttl; everything is told within half of it */
#define ROUNDS (TTL / 2)
#define NS 1000000000ull
#define TSIG_ROOM 200
#define MESSAGE_ROOM (65535 - TSIG_ROOM)
#define IN_ROOM (1 << 18)
#define LATE_NS (5 * NS)

struct peer {
	int to;                   /* our connection to the receiver */
	int listener, from;       /* its connection to us; -1: none yet */
	uint8_t *in; size_t in_len;
	uint64_t told;            /* ns: when the change was told to it */
	struct update_writer w;
	uint64_t seq;
	uint8_t message[2 + 65535];
};

static struct peer sites[SITES_MAX];
static unsigned nsites = 50, members = 10000, port = 5300, message_room = 59800;
static struct in_addr first;
static const uint8_t zone[] = "\4mesh";
static uint8_t secret[32];
static struct key key = { .name = "k", .algorithm = KEY_HMAC_SHA256, .role = KEY_ROLE_SITE, .secret = secret, .secret_len = sizeof secret };
static struct tsig_ring *ring;
static uint64_t records, messages, heard;

static uint64_t wall_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static struct sockaddr_in place(unsigned site)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	a.sin_addr.s_addr = htonl(ntohl(first.s_addr) + site);
	return a;
}

/* ---- what the receiver is to be configured with ---- */

static FILE *create(const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	if (!f)
		die("%s", path);
	fchmod(fileno(f), 0600);
	return f;
}

static void write_files(const char *folder)
{
	char text[INET_ADDRSTRLEN], zones[4096];
	struct sockaddr_in a = place(0);
	FILE *f = create(folder, "mesh.conf");
	inet_ntop(AF_INET, &a.sin_addr, text, sizeof text);
	fprintf(f, "site = \"x0\"; instance = \"one\"; user = \"\"; run = \"run\"; state = \"state\";\nsites = (\n");
	for (unsigned i = 0; i < nsites; i++) {
		struct sockaddr_in s = place(i);
		char where[INET_ADDRSTRLEN];
		inet_ntop(AF_INET, &s.sin_addr, where, sizeof where);
		fprintf(f, "  { name = \"x%u\"; control = [ \"%s@%u\" ]; key = \"k\"; }%s\n", i, where, port, i + 1 < nsites ? "," : "");
	}
	fprintf(f, ");\nkeys = ({ name = \"k\"; secret = \"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=\"; });\n"
		"dns = { listen = [ \"%s@%u\" ]; zones = \"zones\"; threads = 1; };\nexchange = { ttl = %u; };\n", text, port + 1, TTL);
	fclose(f);
	snprintf(zones, sizeof zones, "%s/zones", folder);
	if (mkdir(zones, 0700) && errno != EEXIST)
		die("%s", zones);
	f = create(zones, "mesh.zone");
	fprintf(f, "$TTL 60\n@ SOA n h 1 2 3 4 5\n NS n\nn A %s\n", text);
	for (unsigned k = 0; k < members / nsites; k++)
		for (unsigned i = 0; i < nsites; i++)
			fprintf(f, "s%u LB x%u 10.%u.%u.%u check=none\n", k, i, 1 + k / 250, k % 250, i + 1);
	fclose(f);
}

/* ---- what we tell ---- */

static void begin(struct peer *s)
{
	static uint16_t id;
	uint64_t now = wall_us();
	s->seq = now > s->seq ? now : s->seq + 1;
	update_begin(&s->w, s->message + 2, message_room, id++, zone);
}

static void send_all(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
		if (k < 0)
			die("send");
		p += k;
		n -= (size_t)k;
	}
}

static void end(struct peer *s)
{
	struct tsig t;
	size_t n = update_end(&s->w);
	if (s->w.count) {
		if (!tsig_begin(&t, ring, &key))
			die("tsig");
		n = tsig_sign(&t, s->message + 2, n, 65535, (int64_t)time(NULL));
		tsig_end(&t);
		wire_set16(s->message, (uint16_t)n);
		send_all(s->to, s->message, n + 2);
		records += s->w.count;
		messages++;
	}
	begin(s);
}

static size_t compose(const struct peer *s, const char *who, unsigned at, enum verdict v, uint8_t *owner, uint8_t *rdata, size_t size)
{
	uint8_t service[DNAME_MAX];
	char label[16];
	int n = snprintf((char *)service + 1, 16, "s%u", at / nsites);
	service[0] = (uint8_t)n;
	memcpy(service + 1 + n, zone, sizeof zone);
	snprintf(label, sizeof label, "x%u", at % nsites);
	update_owner_write(owner, UPDATE_OBSERVATION, label, service);
	struct update_observation o = { .state = v, .has = HAS_RTT | HAS_SEQ, .rtt_us = 1000 + (uint32_t)(s->seq % 5000), .seq = s->seq, .check = "L7 status 200" };
	snprintf(o.observer, sizeof o.observer, "%s", who);
	return update_observation_write(&o, rdata, size);
}

static void tell(unsigned site, const char *who, unsigned at, enum verdict v)
{
	struct peer *s = &sites[site];
	uint8_t owner[DNAME_MAX], rdata[600];
	size_t n = compose(s, who, at, v, owner, rdata, sizeof rdata);
	if (update_add(&s->w, owner, TTL, rdata, n))
		return;
	end(s);
	n = compose(s, who, at, v, owner, rdata, sizeof rdata);
	update_add(&s->w, owner, TTL, rdata, n);
}

static void tell_round(unsigned site, unsigned round)
{
	char who[32];
	snprintf(who, sizeof who, "x%u/dnsd.one", site);
	for (unsigned at = 0; at < members; at++)
		if (at % nsites == site)
			tell(site, who, at, VERDICT_UP);
	end(&sites[site]);
	for (unsigned at = 0; at < members; at++)
		if (at % nsites != site && at % ROUNDS == round % ROUNDS)
			tell(site, who, at, VERDICT_UP);
	end(&sites[site]);
}

/* ---- what we are told ---- */

static uint8_t wanted[DNAME_MAX];  /* an owner in whose record "state=down" is looked for */
static bool looking;

static void look_for_change(struct peer *s, const uint8_t *msg, size_t len)
{
	struct update u;
	struct update_record r;
	const char *why;
	if (!looking || s->told || update_read(&u, msg, len, &why) != UPDATE_OK)
		return;
	while (update_next(&u, &r))
		if (dname_equal(r.owner, wanted) && memmem(r.rdata, r.len, "agent", 5) && memmem(r.rdata, r.len, "state=down", 10))
			s->told = now_ns();
}

/* An answer is its header: that is all that the sender looks at. */
static void take_messages(struct peer *s)
{
	size_t at = 0;
	while (s->in_len - at >= 2 && s->in_len - at - 2 >= wire_get16(s->in + at)) {
		uint8_t answer[14] = { 0, 12 };
		size_t n = wire_get16(s->in + at);
		memcpy(answer + 2, s->in + at + 2, 2);
		answer[4] = 0x80 | UPDATE_OPCODE << 3;
		send(s->from, answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
		heard++;
		look_for_change(s, s->in + at + 2, n);
		at += 2 + n;
	}
	memmove(s->in, s->in + at, s->in_len - at);
	s->in_len -= at;
}

static void drain(struct peer *s)
{
	uint8_t thrown[65536];
	ssize_t n;
	if (s->from < 0)
		s->from = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);
	while (s->from >= 0 && (n = recv(s->from, s->in + s->in_len, IN_ROOM - s->in_len, MSG_DONTWAIT)) > 0) {
		s->in_len += (size_t)n;
		take_messages(s);
	}
	while (recv(s->to, thrown, sizeof thrown, MSG_DONTWAIT) > 0)
		;
}

static void drain_all(void)
{
	for (unsigned i = 1; i < nsites; i++)
		drain(&sites[i]);
}

static void set_up(void)
{
	ring = tsig_ring_new(&key, 1);
	for (unsigned i = 1; i < nsites; i++) {
		struct peer *s = &sites[i];
		struct sockaddr_in to = place(0), own = place(i);
		int one = 1;
		s->from = -1;
		s->in = malloc(IN_ROOM);
		s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		if (!s->in || bind(s->listener, (void *)&own, sizeof own) || listen(s->listener, 16))
			die("listen, site %u", i);
		s->to = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(s->to, (void *)&to, sizeof to))
			die("connect, site %u", i);
		begin(s);
	}
}

/* ---- the stream ---- */

/* Each site has its moment of the interval. `until`: ns. */
static unsigned turn, round_now;
static uint64_t stream_begin;
static void stream(uint64_t until)
{
	for (;;) {
		uint64_t due = stream_begin + round_now * NS + turn * NS / nsites, now = now_ns();
		if (due > until && now >= until)
			return;
		if (now < due) {
			uint64_t wait = (due < until ? due : until) - now;
			drain_all();
			usleep((useconds_t)((wait < NS / 1000 ? wait : NS / 1000) / 1000 + 1));
			continue;
		}
		if (turn)
			tell_round(turn, round_now);
		drain_all();
		if (++turn == nsites) {
			turn = 0;
			round_now++;
		}
	}
}

/* ---- changes ---- */

/* xI.sK.mesh. A, by UDP; true: the answer is that member's own address. */
static bool answers_with(int fd, unsigned at)
{
	static uint16_t id;
	uint8_t q[128], a[512], own[4] = { 10, (uint8_t)(1 + at / nsites / 250), (uint8_t)(at / nsites % 250), (uint8_t)(at % nsites + 1) };
	struct wire_writer w;
	char text[16];
	wire_writer_init(&w, q, sizeof q);
	wire_write16(&w, ++id);
	wire_write(&w, "\0\0\0\1\0\0\0\0\0\0", 10);
	int n = snprintf(text, sizeof text, "x%u", at % nsites);
	wire_write8(&w, (uint8_t)n);
	wire_write(&w, text, (size_t)n);
	n = snprintf(text, sizeof text, "s%u", at / nsites);
	wire_write8(&w, (uint8_t)n);
	wire_write(&w, text, (size_t)n);
	wire_write(&w, zone, sizeof zone);
	wire_write(&w, "\0\1\0\1", 4);
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		send(fd, q, wire_written(&w), 0);
		if (poll(&p, 1, 200) > 0) {
			ssize_t got = recv(fd, a, sizeof a, 0);
			if (got > 12 && wire_get16(a) == id && wire_get16(a + 6))
				return memcmp(a + got - 4, own, 4) == 0;
		}
	}
}

/* ns until the receiver's answer has followed; LATE_NS: it hasn't. */
static uint64_t change_in(int fd, unsigned at, enum verdict v)
{
	char who[32];
	unsigned site = at % nsites;
	snprintf(who, sizeof who, "x%u/dnsd.one", site);
	uint64_t from = now_ns();
	begin(&sites[site]);
	tell(site, who, at, v);
	end(&sites[site]);
	while (answers_with(fd, at) != (v == VERDICT_UP)) {
		if (now_ns() - from > LATE_NS)
			return LATE_NS;
		drain_all();
		usleep(100);
	}
	return now_ns() - from;
}

/* ns until the last site was told what an agent at the receiver's site says. */
static uint64_t change_out(unsigned at)
{
	uint8_t rdata[600];
	uint64_t from = now_ns(), last = 0;
	struct peer *s = &sites[1 + at % (nsites - 1)];
	begin(s);
	for (unsigned i = 1; i < nsites; i++)
		sites[i].told = 0;
	compose(s, "x0/agent", at, VERDICT_DOWN, wanted, rdata, sizeof rdata);
	looking = true;
	tell((unsigned)(s - sites), "x0/agent", at, VERDICT_DOWN);
	end(s);
	for (unsigned got = 0; got < nsites - 1;) {
		drain_all();
		got = 0;
		for (unsigned i = 1; i < nsites; i++) {
			got += sites[i].told != 0;
			last = sites[i].told > last ? sites[i].told : last;
		}
		if (now_ns() - from > LATE_NS)
			last = from + LATE_NS, got = nsites;
		usleep(50);
	}
	looking = false;
	return last - from;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void print_ms(const char *what, uint64_t *v, size_t n)
{
	qsort(v, n, sizeof *v, by_value);
	printf(" %s_ms=%.2f %s_p99_ms=%.2f %s_worst_ms=%.2f", what, (double)v[n / 2] / 1e6, what, (double)v[n * 99 / 100] / 1e6,
	       what, (double)v[n - 1] / 1e6);
}

/* At random moments of the stream, each time another member. */
static void changes(unsigned trials)
{
	uint64_t *in = calloc(trials, sizeof *in), *out = calloc(trials, sizeof *out);
	struct sockaddr_in dns = place(0);
	dns.sin_port = htons((uint16_t)(port + 1));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (!in || !out || connect(fd, (void *)&dns, sizeof dns))
		die("changes");
	for (unsigned i = 0; i < trials; i++) {
		unsigned at = (unsigned)random() % members, site = at % nsites;
		stream(now_ns() + (uint64_t)random() % (NS / 10));
		out[i] = change_out(at - site);
		at += site == 0;
		in[i] = change_in(fd, at, VERDICT_DOWN);
		change_in(fd, at, VERDICT_UP);
	}
	print_ms("in", in, trials);
	print_ms("out", out, trials);
	free(in);
	free(out);
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned seconds = 5, trials = 0;
	struct pids pids = { 0 }, none = { 0 };
	struct edge from, to;
	const char *folder = NULL;
	int o, core = -1;
	memset(secret, 'a', sizeof secret);
	inet_pton(AF_INET, "127.9.0.1", &first);
	while ((o = getopt(argc, argv, "a:p:s:m:b:t:l:P:c:w:")) != -1) {
		switch (o) {
		case 'a': if (!inet_pton(AF_INET, optarg, &first)) die("%s", optarg); break;
		case 'p': port = (unsigned)atoi(optarg); break;
		case 's': nsites = (unsigned)atoi(optarg); break;
		case 'm': members = (unsigned)atoi(optarg); break;
		case 'b': message_room = (unsigned)atoi(optarg); break;
		case 't': seconds = (unsigned)atoi(optarg); break;
		case 'l': trials = (unsigned)atoi(optarg); break;
		case 'P': pids_parse(&pids, optarg); break;
		case 'c': core = atoi(optarg); break;
		case 'w': folder = optarg; break;
		default: return 2;
		}
	}
	if (nsites < 2 || nsites > SITES_MAX || nsites > 250 || members < nsites || message_room < 512 || message_room > MESSAGE_ROOM)
		die("2 to %u sites, at least a member each, messages of 512 to %u bytes", SITES_MAX, MESSAGE_ROOM);
	members -= members % nsites;
	if (folder) {
		write_files(folder);
		return 0;
	}
	pin_core(core);
	set_up();
	stream_begin = now_ns();
	stream(stream_begin + (ROUNDS + 2) * NS);  /* until everything is known */
	uint64_t was = records, was_messages = messages;
	edge_take(&from, &pids, &none);
	stream(now_ns() + seconds * NS);
	edge_take(&to, &pids, &none);
	double took = (double)(to.time - from.time) / 1e9, cpu = (double)(to.server - from.server);
	printf("records=%.0f messages=%.0f heard=%.0f ns_per_record=%.0f", (double)(records - was) / took, (double)(messages - was_messages) / took, (double)heard,
	       cpu / (double)(records - was));
	if (trials)
		changes(trials);
	edge_print(&from, &to);
	return 0;
}
