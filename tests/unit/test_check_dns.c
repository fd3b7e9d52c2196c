#include <netinet/in.h>
#include <unistd.h>
#include "../peers/dgrampeer.h"
#include "check_case.h"
#include "unit.h"

/* How the name server behaves. */
enum manner { ANSWERS, SILENT, OTHER_ID, OTHER_QUESTION, SHORT, GARBAGE, SECOND_TIME, CUT, LYING_COUNTS };

struct server { enum manner manner; unsigned rcode; const char *address; uint8_t asked[DGRAM_MAX]; size_t len; unsigned times; };

static size_t add_address(uint8_t *out, const char *text)
{
	struct addr a;
	addr_parse(&a, text, 0);
	bool v4 = a.sa.sa_family == AF_INET;
	const uint8_t head[12] = { 0xc0, 12, 0, v4 ? 1 : 28, 0, 1, 0, 0, 0, 30, 0, v4 ? 4 : 16 };
	memcpy(out, head, 12);
	memcpy(out + 12, addr_bytes(&a), v4 ? 4 : 16);
	return v4 ? 16 : 28;
}

static size_t answer(void *arg, const uint8_t *asked, size_t n, uint8_t out[DGRAM_MAX])
{
	struct server *s = arg;
	memcpy(s->asked, asked, n);
	s->len = n;
	memcpy(out, asked, n);
	out[2] = 0x84;
	out[3] = (uint8_t)s->rcode;
	size_t len = n;
	if (s->address) {
		out[7] = 1;
		len += add_address(out + n, s->address);
	}
	switch (s->manner) {
	case ANSWERS: return len;
	case SILENT: return 0;
	case OTHER_ID: out[0] ^= 1; return len;
	case OTHER_QUESTION: out[14] ^= 1; return len;
	case SHORT: return 11;
	case GARBAGE: memset(out + 2, 0xff, 200); return 202;
	case SECOND_TIME: return s->times++ ? len : 0;
	case CUT: out[2] |= 2; return n;
	case LYING_COUNTS: out[6] = 0xff; return len;
	}
	return 0;
}

struct dns_case {
	struct server server;
	uint16_t qtype;
	unsigned rcode;
	const char *want;
	enum check_result result;
	uint32_t detail;
};

static void ask(const struct dns_case *c)
{
	struct bench b;
	struct server s = c->server;
	struct addr want;
	set_up(&b, CHECK_DNS);
	b.conf.query = "www.example.com.";
	b.conf.qtype = c->qtype ? c->qtype : 1;
	b.conf.rcode = c->rcode;
	if (c->want) {
		addr_parse(&want, c->want, 0);
		b.conf.answers = &want;
		b.conf.nanswers = 1;
	}
	struct dgrampeer *peer = dgrampeer_new(b.base, answer, &s);
	b.params.address = *dgrampeer_address(peer);
	addr_parse(&b.params.source, "127.1.2.3", 53);
	begin(&b);
	first_is(&b, c->result, c->detail);
	CU_ASSERT(dgrampeer_asked(peer) >= 1 && addr_same_ip(dgrampeer_client(peer), &b.params.source));
	CU_ASSERT(s.len == 12 + 17 + 4 && memcmp(s.asked + 12, "\3www\7example\3com", 17) == 0);
	CU_ASSERT(s.asked[30] == b.conf.qtype && s.asked[32] == 1 && s.asked[5] == 1);
	check_delete(b.check);
	b.check = NULL;
	dgrampeer_delete(peer);
	tear_down(&b);
}

static void answers(void)
{
	static const struct dns_case cases[] = {
		{ { .address = "192.0.2.1" }, .result = RESULT_L7_RCODE },
		{ { .address = NULL }, .result = RESULT_L7_RCODE }, /* no data, and none was asked for */
		{ { .rcode = 3 }, .rcode = 3, .result = RESULT_L7_RCODE, .detail = 3 },
		{ { .rcode = 2 }, .result = RESULT_L7_BAD_RCODE, .detail = 2 },
		{ { .rcode = 5 }, .result = RESULT_L7_BAD_RCODE, .detail = 5 },
		{ { .rcode = 1 }, .result = RESULT_L7_BAD_RCODE, .detail = 1 },
		{ { .rcode = 0 }, .rcode = 5, .result = RESULT_L7_BAD_RCODE, .detail = 0 },
		{ { .address = "192.0.2.1" }, .want = "192.0.2.1", .result = RESULT_L7_RCODE },
		{ { .address = "192.0.2.1" }, .want = "192.0.2.2", .result = RESULT_L7_ADDRESS },
		{ { .address = NULL }, .want = "192.0.2.2", .result = RESULT_L7_ADDRESS },
		{ { .address = "2001:db8::1" }, .qtype = 28, .want = "2001:db8::1", .result = RESULT_L7_RCODE },
		{ { .address = "2001:db8::1" }, .qtype = 28, .want = "2001:db8::2", .result = RESULT_L7_ADDRESS },
		{ { .manner = SECOND_TIME, .address = "192.0.2.1" }, .result = RESULT_L7_RCODE }, /* a lost datagram is no failure */
		{ { .manner = LYING_COUNTS, .address = "192.0.2.1" }, .want = "192.0.2.1", .result = RESULT_L7_ADDRESS },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ask(&cases[i]);
}

/* What answers no question of ours is not there. */
static void no_answers(void)
{
	static const enum manner manners[] = { SILENT, OTHER_ID, OTHER_QUESTION, SHORT, GARBAGE };
	for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
		const struct dns_case c = { { .manner = manners[i] }, .result = RESULT_L7_TIMEOUT };
		ask(&c);
	}
}

/* A cut answer is asked for over TCP, where nobody listens. */
static void cut_short(void)
{
	const struct dns_case c = { { .manner = CUT }, .result = RESULT_L4_REFUSED };
	ask(&c);
}

static void nobody_there(void)
{
	struct bench b;
	set_up(&b, CHECK_DNS);
	b.conf.query = ".";
	b.conf.qtype = 6;
	addr_parse(&b.params.address, "127.0.0.1", 0);
	struct addr *a = &b.params.address;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof *a;
	CU_ASSERT_FATAL(bind(fd, &a->sa, addr_len(a)) == 0 && getsockname(fd, &a->sa, &len) == 0);
	/* Connected elsewhere, the port is taken and deaf to us: so the kernel refuses. */
	struct addr elsewhere = *a;
	addr_set_port(&elsewhere, 9);
	CU_ASSERT_EQUAL(connect(fd, &elsewhere.sa, addr_len(&elsewhere)), 0);
	begin(&b);
	first_is(&b, RESULT_L4_REFUSED, 0);
	close(fd);
	tear_down(&b);
}

/* Ended by its check in the middle of a query; the channel is used again. */
static void deleted_while_it_waits(void)
{
	struct bench b;
	struct server s = { .manner = SILENT };
	set_up(&b, CHECK_DNS);
	b.conf.query = "x";
	b.conf.qtype = 16;
	struct dgrampeer *peer = dgrampeer_new(b.base, answer, &s);
	b.params.address = *dgrampeer_address(peer);
	begin(&b);
	while (!dgrampeer_asked(peer))
		event_base_loop(b.base, EVLOOP_ONCE);
	check_delete(b.check);
	s.manner = ANSWERS;
	begin(&b);
	first_is(&b, RESULT_L7_RCODE, 0);
	CU_ASSERT_EQUAL(b.ended, 1);
	check_delete(b.check);
	b.check = NULL;
	dgrampeer_delete(peer);
	tear_down(&b);
}

static void the_words(void)
{
	char text[CHECK_RESULT_TEXT_MAX];
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L7_RCODE, 0, text), "L7 rcode NOERROR");
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L7_BAD_RCODE, 5, text), "L7 rcode REFUSED");
	CU_ASSERT_STRING_EQUAL(check_result_text(RESULT_L7_BAD_RCODE, 13, text), "L7 rcode 13");
}

UNIT_MAIN("check_dns",
	UNIT_TEST(answers),
	UNIT_TEST(no_answers),
	UNIT_TEST(cut_short),
	UNIT_TEST(nobody_there),
	UNIT_TEST(deleted_while_it_waits),
	UNIT_TEST(the_words))
