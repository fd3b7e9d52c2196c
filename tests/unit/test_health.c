#include <stdlib.h>
#include <string.h>
#include "../../common/check.h"
#include "../../common/loop.h"
#include "../../dnsd/confhash.h"
#include "../../dnsd/health.h"
#include "unit.h"

#define SIZE 4096

struct bench {
	struct addr targets[64];
	struct site sites[2];
	struct conf conf;
	struct conf_check check;
	const struct conf_check *checks[1];
	struct member members[2];
	struct service service;
	struct policy policy;
	struct live_member live;
	struct health_input in;
};

static void set_up(struct bench *b)
{
	memset(b, 0, sizeof *b);
	addr_parse(&b->targets[0], "203.0.113.10", 0);
	addr_parse(&b->targets[1], "2001:db8:1::10", 0);
	b->sites[0] = (struct site){ .name = "sjc" };
	b->sites[1] = (struct site){ .name = "den", .index = 1 };
	b->conf = (struct conf){ .sites = b->sites, .nsites = 2, .own = &b->sites[1], .checks = &b->check, .nchecks = 1 };
	b->check = (struct conf_check){ .name = "web", .type = CHECK_HTTP, .interval = 1, .fast_interval = .1, .timeout = 1,
	                                .rise = 2, .fall = 3 };
	b->checks[0] = &b->check;
	b->members[0] = (struct member){ .label = "sjc", .targets = b->targets, .ntargets = 2, .weight = 3, .rank = 1,
	                                 .capacity = 20000, .checks = b->checks, .nchecks = 1 };
	b->members[1] = b->members[0];
	strcpy(b->members[1].label, "second");
	b->policy = (struct policy){ .name = "p", .answers = 1 };
	b->service = (struct service){ .name = "\3www\7example", .name_len = 13, .members = b->members, .nmembers = 2,
	                               .policy = &b->policy };
	b->live.verdict = VERDICT_UP;
	b->live.result = RESULT_L7_STATUS;
	b->live.result_detail = 200;
	b->live.since_wall = 1795341600;
	b->live.seen_mono = 1000 * NS_PER_MS;
	b->live.rtt_us = 3249;
	b->in = (struct health_input){ &b->conf, &b->service, 0, &b->live, 1440 * NS_PER_MS };
}

/* The strings of rdata, each in quotes, as dig shows them. */
static const char *shown(const uint8_t *rdata, size_t len)
{
	static char text[2 * SIZE];
	size_t n = 0;
	for (size_t at = 0; at < len;) {
		size_t size = rdata[at++];
		CU_ASSERT_TRUE_FATAL(at + size <= len);
		n += (size_t)snprintf(text + n, sizeof text - n, "%s\"%.*s\"", n ? " " : "", (int)size, (const char *)rdata + at);
		at += size;
	}
	text[n] = '\0';
	return text;
}

static const char *member_text(const struct bench *b)
{
	static uint8_t rdata[SIZE];
	return shown(rdata, health_member_rdata(rdata, sizeof rdata, &b->in));
}

static void a_member_that_is_up(void)
{
	struct bench b;
	set_up(&b);
	CU_ASSERT_STRING_EQUAL(member_text(&b),
		"\"site=sjc\" \"state=up\" \"address=203.0.113.10,2001:db8:1::10\" \"since=2026-11-22T10:00:00Z\" \"source=own\" "
		"\"check=L7 status 200\" \"rtt=3.2\" \"capacity=20000\" \"weight=3\" \"rank=1\" \"age=0.4\" \"observers=1/1\"");
}

static void a_member_that_is_down(void)
{
	struct bench b;
	set_up(&b);
	b.live.verdict = VERDICT_DOWN;
	b.live.result = RESULT_L4_REFUSED;
	b.live.rtt_us = 0;
	b.members[0].capacity = 0;
	CU_ASSERT_STRING_EQUAL(member_text(&b),
		"\"site=sjc\" \"state=down\" \"address=203.0.113.10,2001:db8:1::10\" \"since=2026-11-22T10:00:00Z\" \"source=own\" "
		"\"check=L4 refused\" \"weight=3\" \"rank=1\" \"age=0.4\" \"observers=0/1\"");
}

static void a_member_of_which_nothing_is_known(void)
{
	struct bench b;
	set_up(&b);
	memset(&b.live, 0, sizeof b.live);
	b.members[0].site = MEMBER_NO_SITE;
	b.members[0].host = (uint8_t *)(uintptr_t)"\3cdn\7example";
	b.members[0].ntargets = 0;
	strcpy(b.members[0].label, "other");
	CU_ASSERT_STRING_EQUAL(member_text(&b),
		"\"site=-\" \"name=other\" \"state=unknown\" \"address=cdn.example.\" \"source=own\" \"check=not checked yet\" "
		"\"capacity=20000\" \"weight=3\" \"rank=1\" \"observers=0/0\"");
}

static void a_member_without_check_and_with_a_name(void)
{
	struct bench b;
	set_up(&b);
	b.live.result = RESULT_UNCHECKED;
	b.live.rtt_us = 0;
	b.in.member = 1;
	CU_ASSERT_STRING_EQUAL(member_text(&b),
		"\"site=sjc\" \"name=second\" \"state=up\" \"address=203.0.113.10,2001:db8:1::10\" \"since=2026-11-22T10:00:00Z\" "
		"\"source=own\" \"check=none\" \"capacity=20000\" \"weight=3\" \"rank=1\" \"observers=1/1\"");
}

/* All of them, none cut in two. */
static void many_addresses(void)
{
	struct bench b;
	set_up(&b);
	for (int i = 0; i < 64; i++) {
		char text[60];
		snprintf(text, sizeof text, "2001:db8:1111:2222:3333:4444:5555:%x", 0x1000 + i);
		addr_parse(&b.targets[i], text, 0);
	}
	b.members[0].ntargets = 64;
	const char *text = member_text(&b);
	for (int i = 0; i < 64; i++) {
		char one[60];
		snprintf(one, sizeof one, "2001:db8:1111:2222:3333:4444:5555:%x", 0x1000 + i);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, one));
	}
	unsigned strings = 0;
	for (const char *p = text; (p = strstr(p, "\"address=2001")) != NULL; p++)
		strings++;
	CU_ASSERT_EQUAL(strings, 11); /* six of 38 characters in each of 255 */
}

static void no_room_is_an_error_and_never_too_much(void)
{
	struct bench b;
	uint8_t whole[SIZE], *exact;
	set_up(&b);
	size_t len = health_member_rdata(whole, sizeof whole, &b.in);
	for (size_t size = 0; size < len; size++) {
		exact = malloc(size ? size : 1); /* the sanitizer sees a byte too many */
		CU_ASSERT_EQUAL(health_member_rdata(exact, size, &b.in), 0);
		free(exact);
	}
	exact = malloc(len);
	CU_ASSERT_EQUAL(health_member_rdata(exact, len, &b.in), len);
	free(exact);
}

static void the_observer(void)
{
	struct bench b;
	uint8_t rdata[SIZE];
	set_up(&b);
	b.live.rtt_us = 28060;
	b.live.result = RESULT_L4_CONNECTED;
	CU_ASSERT_STRING_EQUAL(shown(rdata, health_observer_rdata(rdata, sizeof rdata, &b.in)),
		"\"observer=den\" \"state=up\" \"rtt=28.1\" \"age=0.4\" \"check=L4 connected\"");
}

static void the_sites(void)
{
	uint8_t rdata[SIZE];
	const struct health_site own = { "den", true, 12, 13, 0, 0x9f2c11d0 }, other = { "sjc", false, 0, 13, -1, 0 };
	CU_ASSERT_STRING_EQUAL(shown(rdata, health_site_rdata(rdata, sizeof rdata, &own)),
		"\"site=den\" \"state=heard\" \"members=12/13\" \"age=0.0\" \"config=9f2c11d0\"");
	CU_ASSERT_STRING_EQUAL(shown(rdata, health_site_rdata(rdata, sizeof rdata, &other)),
		"\"site=sjc\" \"state=unheard\" \"members=0/13\"");
	CU_ASSERT_EQUAL(health_site_rdata(rdata, 20, &own), 0);
}

static uint32_t hash_of(const struct bench *b)
{
	const struct service *list[] = { &b->service };
	return confhash(&b->conf, list, 1, 0);
}

static void the_hash_is_of_what_is_said(void)
{
	struct bench a, b;
	set_up(&a);
	set_up(&b);
	CU_ASSERT_EQUAL(hash_of(&a), hash_of(&b));
	b.conf.own = &b.sites[0];   /* another machine */
	b.conf.instance = "x";
	CU_ASSERT_EQUAL(hash_of(&a), hash_of(&b));
	b.sites[0] = (struct site){ .name = "den" };  /* the order in the file */
	b.sites[1] = (struct site){ .name = "sjc", .index = 1 };
	b.members[0].site = b.members[1].site = 1;
	CU_ASSERT_EQUAL(hash_of(&a), hash_of(&b));
}

static void the_hash_sees_differences(void)
{
	struct bench b;
	uint32_t seen[16];
	size_t n = 0;
	set_up(&b);
	seen[n++] = hash_of(&b);
	b.members[0].weight++;
	seen[n++] = hash_of(&b);
	b.check.path = "/healthz";
	seen[n++] = hash_of(&b);
	b.policy.answers = 2;
	seen[n++] = hash_of(&b);
	b.sites[0].has_location = true;
	seen[n++] = hash_of(&b);
	addr_parse(&b.targets[1], "2001:db8:1::11", 0);
	seen[n++] = hash_of(&b);
	b.check.interval = 2;
	seen[n++] = hash_of(&b);
	b.service.nmembers = 1;
	seen[n++] = hash_of(&b);
	seen[n++] = confhash(&b.conf, NULL, 0, 0);
	seen[n++] = confhash(&b.conf, NULL, 0, 1);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			CU_ASSERT_NOT_EQUAL(seen[i], seen[k]);
}

static void services_in_any_order(void)
{
	struct bench a, b;
	set_up(&a);
	set_up(&b);
	b.service.name[1] = 'x';
	const struct service *list[] = { &a.service, &b.service }, *back[] = { &b.service, &a.service };
	CU_ASSERT_EQUAL(confhash(&a.conf, list, 2, 7), confhash(&a.conf, back, 2, 7));
}

UNIT_MAIN("health",
	UNIT_TEST(a_member_that_is_up),
	UNIT_TEST(a_member_that_is_down),
	UNIT_TEST(a_member_of_which_nothing_is_known),
	UNIT_TEST(a_member_without_check_and_with_a_name),
	UNIT_TEST(many_addresses),
	UNIT_TEST(no_room_is_an_error_and_never_too_much),
	UNIT_TEST(the_observer),
	UNIT_TEST(the_sites),
	UNIT_TEST(the_hash_is_of_what_is_said),
	UNIT_TEST(the_hash_sees_differences),
	UNIT_TEST(services_in_any_order))
