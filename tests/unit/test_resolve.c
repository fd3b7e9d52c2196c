#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../common/resolve.h"
#include "turn.h"
#include "unit.h"

/* A name server on a loopback port: one A record, or none. */
struct server {
	int fd;
	struct addr address;
	struct event *event;
	unsigned queries;
	unsigned rcode;          /* 0, 2 (SERVFAIL), 3 (NXDOMAIN) */
	bool silent;
	uint8_t last_byte;       /* of 192.0.2.x; 0: no record */
	uint32_t ttl;
};

static size_t reply_to(const struct server *s, uint8_t *msg, size_t len)
{
	const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, (uint8_t)s->ttl, 0, 4, 192, 0, 2, s->last_byte };
	size_t at = 12;
	while (at < len && msg[at])
		at += msg[at] + 1u;
	bool is_a = msg[at + 2] == 1;
	at += 5;
	msg[2] = 0x84;
	msg[3] = (uint8_t)s->rcode;
	memset(msg + 6, 0, 6);
	if (!is_a || !s->last_byte)
		return at;
	msg[7] = 1;
	memcpy(msg + at, record, sizeof record);
	return at + sizeof record;
}

static void on_query(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	uint8_t msg[1500];
	struct addr from;
	socklen_t from_len = sizeof from;
	(void)what;
	ssize_t n = recvfrom(fd, msg, 512, 0, &from.sa, &from_len);
	if (n < 12)
		return;
	s->queries++;
	if (!s->silent)
		sendto(fd, msg, reply_to(s, msg, (size_t)n), 0, &from.sa, from_len);
}

struct bench {
	struct event_base *base;
	struct resolver *resolver;
	struct server server;
	unsigned rounds;
	enum resolve_outcome outcome;
	struct addr addresses[4];
	size_t n;
};

static void on_resolved(void *arg, enum resolve_outcome outcome, const struct addr *addresses, size_t n)
{
	struct bench *b = arg;
	b->rounds++;
	b->outcome = outcome;
	b->n = n;
	memcpy(b->addresses, addresses, (n < 4 ? n : 4) * sizeof *addresses);
}

static void set_up(struct bench *b)
{
	const char *why;
	socklen_t len = sizeof b->server.address;
	memset(b, 0, sizeof *b);
	b->base = loop_base_new();
	addr_parse(&b->server.address, "127.0.0.1", 0);
	b->server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	bind(b->server.fd, &b->server.address.sa, addr_len(&b->server.address));
	getsockname(b->server.fd, &b->server.address.sa, &len);
	b->server.ttl = 60;
	b->server.event = event_new(b->base, b->server.fd, EV_READ | EV_PERSIST, on_query, &b->server);
	event_add(b->server.event, NULL);
	const struct resolver_options o = { .servers = &b->server.address, .nservers = 1, .timeout_ms = 100, .tries = 2 };
	b->resolver = resolver_new(b->base, &o, &why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->resolver);
}

static void tear_down(struct bench *b)
{
	resolver_delete(b->resolver);
	event_free(b->server.event);
	close(b->server.fd);
	event_base_free(b->base);
}

static struct resolved_name *follow(struct bench *b, const char *name)
{
	const struct resolve_sink sink = { on_resolved, b };
	struct resolved_name *n = resolve_follow(b->resolver, name, &sink);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	CU_ASSERT_EQUAL(b->rounds, 0);
	return n;
}

static void an_answer_and_the_next_after_its_ttl(void)
{
	struct bench b;
	struct addr expected;
	set_up(&b);
	b.server.last_byte = 7;
	b.server.ttl = 1;
	int64_t begun = loop_now();
	struct resolved_name *n = follow(&b, "www.example.com.");
	CU_ASSERT_TRUE(turn_until(b.base, &b.rounds, 1));
	CU_ASSERT_EQUAL(b.outcome, RESOLVE_OK);
	CU_ASSERT_EQUAL(b.n, 1);
	addr_parse(&expected, "192.0.2.7", 0);
	CU_ASSERT_TRUE(addr_equal(&b.addresses[0], &expected));
	b.server.last_byte = 8;
	CU_ASSERT_TRUE(turn_until(b.base, &b.rounds, 2));
	addr_parse(&expected, "192.0.2.8", 0);
	CU_ASSERT_TRUE(addr_equal(&b.addresses[0], &expected));
	CU_ASSERT_TRUE(loop_now() - begun >= 900 * NS_PER_MS);
	resolve_unfollow(n);
	tear_down(&b);
}

static void what_no_means(void)
{
	static const struct { unsigned rcode; enum resolve_outcome outcome; } cases[] = {
		{ 0, RESOLVE_NO_ADDRESS }, { 3, RESOLVE_NO_ADDRESS }, { 2, RESOLVE_NO_ANSWER },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b;
		set_up(&b);
		b.server.rcode = cases[i].rcode;
		struct resolved_name *n = follow(&b, "www.example.com.");
		CU_ASSERT_TRUE(turn_until(b.base, &b.rounds, 1));
		CU_ASSERT_EQUAL(b.outcome, cases[i].outcome);
		CU_ASSERT_EQUAL(b.n, 0);
		resolve_unfollow(n);
		tear_down(&b);
	}
}

/* Two tries of 100 and 200 ms; the loop turns meanwhile. */
static void silence_ends_by_itself(void)
{
	struct bench b;
	set_up(&b);
	b.server.silent = true;
	int64_t begun = loop_now();
	struct resolved_name *n = follow(&b, "www.example.com.");
	CU_ASSERT_TRUE(turn_until(b.base, &b.rounds, 1));
	CU_ASSERT_EQUAL(b.outcome, RESOLVE_NO_ANSWER);
	CU_ASSERT_TRUE(turn_within(begun, loop_now(), 1500 * NS_PER_MS));
	CU_ASSERT_TRUE(b.server.queries >= 2);
	resolve_unfollow(n);
	tear_down(&b);
}

static void given_back_while_it_asks(void)
{
	struct bench b;
	set_up(&b);
	b.server.silent = true;
	struct resolved_name *n = follow(&b, "www.example.com.");
	CU_ASSERT_TRUE(turn_until(b.base, &b.server.queries, 1));
	resolve_unfollow(n);
	turn_for(b.base, 400); /* the query ends; nobody is told */
	CU_ASSERT_EQUAL(b.rounds, 0);
	n = follow(&b, "www.example.com.");
	CU_ASSERT_TRUE(turn_until(b.base, &b.server.queries, b.server.queries + 1));
	resolve_unfollow(n);
	tear_down(&b); /* with a query under way */
}

static void the_hosts_file_counts(void)
{
	struct bench b;
	set_up(&b);
	struct resolved_name *n = follow(&b, "localhost.");
	CU_ASSERT_TRUE(turn_until(b.base, &b.rounds, 1));
	CU_ASSERT_EQUAL(b.outcome, RESOLVE_OK);
	for (size_t i = 0; i < b.n; i++)
		CU_ASSERT_TRUE(addr_is_loopback(&b.addresses[i]));
	resolve_unfollow(n);
	tear_down(&b);
}

static void on_txt(void *arg, int status, int timeouts, unsigned char *reply, int len)
{
	unsigned *done = arg;
	(void)timeouts;
	(void)reply;
	(void)len;
	CU_ASSERT_EQUAL(status, ARES_ENODATA);
	(*done)++;
}

static void queries_of_ones_own(void)
{
	struct bench b;
	unsigned done = 0;
	set_up(&b);
	ares_query(resolver_channel(b.resolver), "_health.www.example.com", 1, 16, on_txt, &done);
	resolver_started(b.resolver);
	CU_ASSERT_TRUE(turn_until(b.base, &done, 1));
	tear_down(&b);
}

UNIT_MAIN("resolve",
	UNIT_TEST(an_answer_and_the_next_after_its_ttl),
	UNIT_TEST(what_no_means),
	UNIT_TEST(silence_ends_by_itself),
	UNIT_TEST(given_back_while_it_asks),
	UNIT_TEST(the_hosts_file_counts),
	UNIT_TEST(queries_of_ones_own))
