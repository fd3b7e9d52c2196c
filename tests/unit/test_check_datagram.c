#include <unistd.h>
#include "../peers/dgrampeer.h"
#include "check_case.h"
#include "sock.h"
#include "unit.h"

/* --- udp --- */

struct reply { const char *text; size_t n; };

static size_t say(void *arg, const uint8_t *asked, size_t n, uint8_t answer[DGRAM_MAX])
{
	const struct reply *r = arg;
	if (n != 5 || memcmp(asked, "ping\n", 5) != 0)
		return 0;
	memset(answer, 'x', DGRAM_MAX);
	if (r->text)
		memcpy(answer, r->text, strlen(r->text));
	return r->n;
}

static void datagrams(void)
{
	static const struct { struct reply reply; const char *expect; enum check_result result; } cases[] = {
		{ { "pong", 4 }, NULL, RESULT_L7_OK },
		{ { "pong", 4 }, "^pong$", RESULT_L7_OK },
		{ { "pong!", 5 }, "^pong$", RESULT_L7_EXPECT },
		{ { "no", 4 }, "^pong", RESULT_L7_EXPECT },
		{ { "pong", DGRAM_MAX }, "^pong", RESULT_L7_OK },
		{ { NULL, 0 }, NULL, RESULT_L7_TIMEOUT },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b;
		struct reply r = cases[i].reply;
		set_up(&b, CHECK_UDP);
		b.conf.timeout = 0.3;
		b.conf.send = "ping\n";
		b.conf.send_len = 5;
		if (cases[i].expect)
			expect_regex(&b, cases[i].expect);
		struct dgrampeer *peer = dgrampeer_new(b.base, say, &r);
		b.params.address = *dgrampeer_address(peer);
		addr_parse(&b.params.source, "127.1.2.3", 53);
		begin(&b);
		first_is(&b, cases[i].result, 0);
		CU_ASSERT(addr_same_ip(dgrampeer_client(peer), &b.params.source) && addr_port(dgrampeer_client(peer)) != 53);
		check_delete(b.check);
		b.check = NULL;
		dgrampeer_delete(peer);
		tear_down(&b);
	}
}

/* ICMP says that nobody listens, and the kernel tells us. */
static void a_port_that_nobody_has(void)
{
	struct bench b;
	struct reply r = { NULL, 0 };
	set_up(&b, CHECK_UDP);
	b.conf.send = "ping\n";
	b.conf.send_len = 5;
	struct dgrampeer *peer = dgrampeer_new(b.base, say, &r);
	b.params.address = *dgrampeer_address(peer);
	dgrampeer_delete(peer);
	begin(&b);
	first_is(&b, RESULT_L4_REFUSED, 0);
	tear_down(&b);
}

/* --- icmp --- */

static void echoes_of(const char *address)
{
	struct bench b;
	set_up(&b, CHECK_ICMP);
	addr_parse(&b.params.address, address, 80); /* the port of a service is of no account */
	begin(&b);
	first_is(&b, RESULT_L3_ECHO, 0);
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 3));
	CU_ASSERT_EQUAL(checker_counts(b.checker)->results[RESULT_L3_ECHO], b.ended);
	tear_down(&b);
}

static void echoes(void)
{
	if (!sock_may_ping(false) && !sock_may_ping(true)) {
		puts("\n  not permitted here, so not tried");
		return;
	}
	echoes_of("127.0.0.1");
	echoes_of("127.9.8.7");
	if (access("/proc/net/if_inet6", R_OK) == 0)
		echoes_of("::1");
}

/* Many at the same time: everybody gets his own. */
static void echoes_of_many(void)
{
	struct bench b[20];
	if (!sock_may_ping(false) && !sock_may_ping(true))
		return;
	set_up(&b[0], CHECK_ICMP);
	for (int i = 1; i < 20; i++) {
		b[i] = b[0];
		b[i].params.conf = &b[i].conf;
	}
	for (int i = 0; i < 20; i++) {
		addr_parse(&b[i].params.address, "127.0.0.1", 0);
		begin(&b[i]);
	}
	for (int i = 0; i < 20; i++) {
		CU_ASSERT_TRUE(turn_until(b[0].base, &b[i].ended, 2));
		CU_ASSERT(b[i].results[0] == RESULT_L3_ECHO && b[i].results[1] == RESULT_L3_ECHO);
	}
	for (int i = 1; i < 20; i++)
		check_delete(b[i].check);
	tear_down(&b[0]);
}

UNIT_MAIN("check_datagram",
	UNIT_TEST(datagrams),
	UNIT_TEST(a_port_that_nobody_has),
	UNIT_TEST(echoes),
	UNIT_TEST(echoes_of_many))
