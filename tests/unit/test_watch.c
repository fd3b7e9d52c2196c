#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../peers/badpeer.h"
#include "resolve.h"
#include "turn.h"
#include "unit.h"
#include "watch.h"

#define MS NS_PER_MS

/* A member of one service at site 0, our own, with up to three targets and two checks. */
struct bench {
	struct event_base *base;
	struct resolver *resolver;
	struct checker *checker;
	struct addr control[2];
	struct site site;
	struct conf conf;
	struct conf_check checks[2];
	const struct conf_check *check_list[2];
	struct addr targets[3];
	struct member member;
	struct service service;
	struct watch *watch;
	struct badpeer *peers[3];
	unsigned reports, changes;
	struct watch_report last, change;
	struct addr last_address;
};

static void on_report(void *arg, struct watch *w, const struct watch_report *r)
{
	struct bench *b = arg;
	(void)w;
	b->reports++;
	b->last = *r;
	if (r->address)
		b->last_address = *r->address;
	if (r->state != r->before) {
		b->changes++;
		b->change = *r;
	}
}

static const struct conf_check quick = {
	.name = "c", .type = CHECK_TCP, .interval = 0.1, .fast_interval = 0.02, .timeout = 0.3, .rise = 2, .fall = 2,
};

static void set_up(struct bench *b)
{
	const char *why;
	memset(b, 0, sizeof *b);
	b->base = loop_base_new();
	b->resolver = resolver_new(b->base, NULL, &why);
	b->checker = checker_new(b->base, b->resolver);
	addr_parse(&b->control[0], "127.1.1.1", 53);
	b->site = (struct site){ .name = "sjc", .control_bind = b->control, .ncontrol_bind = 1 };
	b->conf = (struct conf){ .own = &b->site, .sites = &b->site, .nsites = 1 };
	b->checks[0] = b->checks[1] = quick;
	b->check_list[0] = &b->checks[0];
	b->check_list[1] = &b->checks[1];
	b->member = (struct member){ .label = "sjc", .checks = b->check_list, .nchecks = 1, .targets = b->targets };
	memcpy(b->service.name, "\3www\7example\3com", 17);
	b->service.name_len = 17;
	b->service.members = &b->member;
	b->service.nmembers = 1;
}

/* The peers of a member share a port on several addresses: 127.0.0.1, 127.0.0.2, ... */
static void add_peer(struct bench *b, enum badpeer_mode mode, const char *text)
{
	char address[20];
	size_t i = b->member.ntargets++;
	snprintf(address, sizeof address, "127.0.0.%zu", i + 1);
	addr_parse(&b->targets[i], address, 0);
	struct addr listen = b->targets[i];
	addr_set_port(&listen, b->member.port);
	b->peers[i] = badpeer_new(b->base, &listen, mode, text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->peers[i]);
	b->member.port = addr_port(badpeer_address(b->peers[i]));
}

static void begin(struct bench *b)
{
	const struct watch_sink sink = { on_report, b };
	b->reports = b->changes = 0;
	b->watch = watch_new_member(b->checker, &b->conf, &b->service, &b->member, &sink);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->watch);
	CU_ASSERT_EQUAL(b->reports, 0);
}

static void tear_down(struct bench *b)
{
	watch_delete(b->watch);
	for (int i = 0; i < 3; i++)
		badpeer_delete(b->peers[i]);
	checker_delete(b->checker);
	resolver_delete(b->resolver);
	event_base_free(b->base);
}

static void becomes(struct bench *b, enum verdict state)
{
	CU_ASSERT_TRUE_FATAL(turn_until(b->base, &b->changes, b->changes + 1));
	CU_ASSERT_EQUAL(b->change.state, state);
	CU_ASSERT_EQUAL(watch_state(b->watch), state);
}

static void one_address_up_and_down(void)
{
	struct bench b;
	set_up(&b);
	add_peer(&b, PEER_SAY, "hello");
	begin(&b);
	CU_ASSERT_EQUAL(watch_state(b.watch), VERDICT_UNKNOWN);
	becomes(&b, VERDICT_UP);
	CU_ASSERT_TRUE(b.change.first);
	CU_ASSERT_EQUAL(b.change.before, VERDICT_UNKNOWN);
	CU_ASSERT_EQUAL(b.change.result, RESULT_L4_CONNECTED);
	CU_ASSERT_PTR_EQUAL(b.change.check, &b.checks[0]);
	CU_ASSERT_TRUE(b.change.rtt_us > 0);
	CU_ASSERT_TRUE(addr_same_ip(badpeer_client(b.peers[0]), &b.control[0])); /* from our control address */
	badpeer_delete(b.peers[0]);
	b.peers[0] = NULL;
	becomes(&b, VERDICT_DOWN);
	CU_ASSERT_FALSE(b.change.first);
	CU_ASSERT_EQUAL(b.change.before, VERDICT_UP);
	CU_ASSERT_EQUAL(b.change.result, RESULT_L4_REFUSED);
	CU_ASSERT_TRUE(b.change.lasted > 0);
	tear_down(&b);
}

static void all_addresses_have_to_pass(void)
{
	struct bench b;
	set_up(&b);
	add_peer(&b, PEER_SAY, "hello");
	add_peer(&b, PEER_SAY, "hello");
	begin(&b);
	becomes(&b, VERDICT_UP);
	CU_ASSERT_TRUE(badpeer_accepted(b.peers[0]) > 0 && badpeer_accepted(b.peers[1]) > 0);
	badpeer_set(b.peers[1], PEER_RESET, NULL);
	becomes(&b, VERDICT_DOWN);
	CU_ASSERT_EQUAL(b.change.result, RESULT_L4_RESET);
	CU_ASSERT_TRUE(addr_same_ip(&b.last_address, &b.targets[1]));
	/* The good one goes on passing; what is shown stays the bad one. */
	CU_ASSERT_TRUE(turn_until(b.base, &b.reports, b.reports + 4));
	CU_ASSERT_EQUAL(b.last.result, RESULT_L4_RESET);
	badpeer_set(b.peers[1], PEER_SAY, "hello");
	becomes(&b, VERDICT_UP);
	tear_down(&b);
}

static void any_address_is_enough_if_said(void)
{
	struct bench b;
	set_up(&b);
	b.checks[0].need_any = true;
	add_peer(&b, PEER_RESET, NULL);
	add_peer(&b, PEER_SAY, "hello");
	begin(&b);
	becomes(&b, VERDICT_UP);
	CU_ASSERT_TRUE(turn_until(b.base, &b.reports, b.reports + 4));
	CU_ASSERT_EQUAL(watch_state(b.watch), VERDICT_UP);
	badpeer_set(b.peers[1], PEER_CLOSE, NULL);
	becomes(&b, VERDICT_DOWN);
	tear_down(&b);
}

/* Drain is less than up and more than down. */
static void agents_can_drain(void)
{
	struct bench b;
	set_up(&b);
	b.checks[0].type = CHECK_AGENT;
	add_peer(&b, PEER_SAY, "up\n");
	add_peer(&b, PEER_SAY, "up\n");
	begin(&b);
	becomes(&b, VERDICT_UP);
	badpeer_set(b.peers[1], PEER_SAY, "drain\n");
	becomes(&b, VERDICT_DRAIN);
	CU_ASSERT_EQUAL(b.change.result, RESULT_L7_SAYS_DRAIN);
	CU_ASSERT_TRUE(addr_same_ip(&b.last_address, &b.targets[1]));
	badpeer_set(b.peers[0], PEER_SAY, "down\n");
	becomes(&b, VERDICT_DOWN);
	CU_ASSERT_EQUAL(b.change.result, RESULT_L7_SAYS_DOWN);
	badpeer_set(b.peers[0], PEER_SAY, "up\n");
	becomes(&b, VERDICT_DRAIN);
	badpeer_set(b.peers[1], PEER_SAY, "ready\n");
	becomes(&b, VERDICT_UP);
	tear_down(&b);
	set_up(&b);
	b.checks[0].type = CHECK_AGENT;
	b.checks[0].need_any = true;
	add_peer(&b, PEER_SAY, "drain\n");
	add_peer(&b, PEER_SAY, "down\n");
	begin(&b);
	becomes(&b, VERDICT_DRAIN);
	badpeer_set(b.peers[1], PEER_SAY, "up\n");
	becomes(&b, VERDICT_UP);
	badpeer_set(b.peers[1], PEER_SAY, "down\n");
	becomes(&b, VERDICT_DRAIN);
	badpeer_set(b.peers[0], PEER_SAY, "stopped\n");
	becomes(&b, VERDICT_DOWN);
	tear_down(&b);
}

static void all_checks_have_to_pass(void)
{
	struct bench b;
	set_up(&b);
	b.member.nchecks = 2;
	b.checks[1].type = CHECK_HTTP;
	add_peer(&b, PEER_REPLY, "HTTP/1.1 200 OK\r\n\r\n");
	begin(&b);
	becomes(&b, VERDICT_UP);
	CU_ASSERT_PTR_NOT_NULL(strstr(badpeer_heard(b.peers[0]), "\r\nHost: www.example.com:"));
	badpeer_set(b.peers[0], PEER_REPLY, "HTTP/1.1 503 No\r\n\r\n");
	becomes(&b, VERDICT_DOWN);
	CU_ASSERT_PTR_EQUAL(b.change.check, &b.checks[1]);
	CU_ASSERT_EQUAL(b.change.result, RESULT_L7_BAD_STATUS);
	CU_ASSERT_EQUAL(b.change.detail, 503);
	tear_down(&b);
}

static void no_check_is_always_up(void)
{
	struct bench b;
	set_up(&b);
	b.member.nchecks = 0;
	addr_parse(&b.targets[0], "127.0.0.1", 0);
	b.member.ntargets = 1;
	begin(&b);
	CU_ASSERT_EQUAL(watch_state(b.watch), VERDICT_UP);
	CU_ASSERT_TRUE(watch_update_member(b.watch, &b.conf, &b.service, &b.member));
	watch_delete(b.watch);
	b.member.nchecks = 1; /* a check of type none is none */
	b.checks[0].type = CHECK_NONE;
	begin(&b);
	CU_ASSERT_EQUAL(watch_state(b.watch), VERDICT_UP);
	tear_down(&b);
}

static void which_port(void)
{
	struct bench b;
	set_up(&b);
	add_peer(&b, PEER_SAY, "hello");
	b.checks[0].port = 9;              /* not this one: the LB line has a port */
	begin(&b);
	becomes(&b, VERDICT_UP);
	watch_delete(b.watch);
	b.member.check_port = b.member.port;
	b.member.port = 9;                 /* nor this one */
	begin(&b);
	becomes(&b, VERDICT_UP);
	watch_delete(b.watch);
	b.checks[0].port = b.member.check_port;
	b.member.check_port = b.member.port = 0;
	begin(&b);
	becomes(&b, VERDICT_UP);
	tear_down(&b);
}

/* The home site probes `inside`; the others probe the target. */
static void inside_is_for_the_home_site(void)
{
	struct bench b;
	set_up(&b);
	add_peer(&b, PEER_SAY, "hello");
	b.member.inside = b.targets[0];
	b.member.has_inside = true;
	addr_parse(&b.targets[0], "127.0.0.9", 0);
	begin(&b);
	becomes(&b, VERDICT_UP);
	watch_delete(b.watch);
	b.member.site = 1;
	begin(&b);
	becomes(&b, VERDICT_DOWN);
	CU_ASSERT_TRUE(addr_same_ip(&b.last_address, &b.targets[0]));
	tear_down(&b);
}

static void a_reload_that_changes_nothing_changes_nothing(void)
{
	struct bench b;
	set_up(&b);
	add_peer(&b, PEER_SAY, "hello");
	begin(&b);
	becomes(&b, VERDICT_UP);
	badpeer_set(b.peers[0], PEER_RESET, NULL);
	while (b.last.result != RESULT_L4_RESET)
		CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.reports, b.reports + 1));
	struct conf_check check = b.checks[0];
	const struct conf_check *list[] = { &check };
	struct member member = b.member;
	struct conf conf = b.conf;
	member.checks = list;
	memset(&b.checks[0], 0xff, sizeof b.checks[0]); /* the old generation is gone after the update */
	b.checks[0] = check;
	CU_ASSERT_TRUE(watch_update_member(b.watch, &conf, &b.service, &member));
	memset(&b.checks[0], 0xff, sizeof b.checks[0]);
	memset(&b.member, 0xff, sizeof b.member.label);
	becomes(&b, VERDICT_DOWN);          /* the first failure still counted: one more was enough */
	CU_ASSERT_PTR_EQUAL(b.change.check, &check);
	tear_down(&b);
}

static void what_is_a_change(void)
{
	struct bench b;
	set_up(&b);
	add_peer(&b, PEER_SAY, "hello");
	begin(&b);
	struct member m = b.member, last;
	struct addr other[2] = { b.targets[0], b.targets[0] };
	m.targets = other;
	m.ntargets = 2; /* twice the same is the same */
	last = m;
	last.targets = (struct addr[]){ b.targets[0], b.targets[0] };
	CU_ASSERT_TRUE(watch_update_member(b.watch, &b.conf, &b.service, &last));
	addr_parse(&other[1], "127.0.0.7", 0);
	CU_ASSERT_FALSE(watch_update_member(b.watch, &b.conf, &b.service, &m));
	m = b.member;
	m.check_port = 7;
	CU_ASSERT_FALSE(watch_update_member(b.watch, &b.conf, &b.service, &m));
	m = b.member;
	last = b.member;
	last.weight = 7; /* no probe sees that */
	CU_ASSERT_TRUE(watch_update_member(b.watch, &b.conf, &b.service, &last));
	struct conf_check check = b.checks[0];
	const struct conf_check *list[] = { &check };
	check.fall = 7;
	m = b.member;
	m.checks = list;
	CU_ASSERT_FALSE(watch_update_member(b.watch, &b.conf, &b.service, &m));
	struct addr control;
	struct site site = b.site;
	struct conf conf = b.conf;
	addr_parse(&control, "127.1.1.2", 53);
	site.control_bind = &control;
	conf.own = &site;
	CU_ASSERT_FALSE(watch_update_member(b.watch, &conf, &b.service, &b.member));
	tear_down(&b);
}

/* --- host names; "localhost" is resolved without anybody's help (RFC 6761) --- */

static void a_host_name_is_resolved(void)
{
	struct bench b;
	set_up(&b);
	add_peer(&b, PEER_SAY, "hello");
	b.member.ntargets = 0;
	b.member.host = (uint8_t *)(uintptr_t)"\11localhost";
	b.checks[0].need_any = true; /* ::1 has no listener */
	begin(&b);
	becomes(&b, VERDICT_UP);
	CU_ASSERT_TRUE(watch_update_member(b.watch, &b.conf, &b.service, &b.member));
	tear_down(&b);
}

/* A name server of ours that nobody answers for: refused, so that the outcome comes at once. */
static void a_name_without_answer_is_down(void)
{
	struct bench b;
	const char *why;
	struct addr server;
	set_up(&b);
	addr_parse(&server, "127.0.0.1", 0);
	int fd = badpeer_refusing(&server);
	const struct resolver_options options = { .servers = &server, .nservers = 1, .timeout_ms = 100, .tries = 1 };
	resolver_delete(b.resolver);
	checker_delete(b.checker);
	b.resolver = resolver_new(b.base, &options, &why);
	b.checker = checker_new(b.base, b.resolver);
	b.member.host = (uint8_t *)(uintptr_t)"\4gone\7example";
	begin(&b);
	becomes(&b, VERDICT_DOWN);
	CU_ASSERT_EQUAL(b.change.result, RESULT_L3_RESOLVE);
	CU_ASSERT_PTR_NULL(b.change.address);
	watch_delete(b.watch); /* while the next try may be under way */
	checker_delete(b.checker);
	b.checker = checker_new(b.base, NULL);
	begin(&b);
	CU_ASSERT_EQUAL(watch_state(b.watch), VERDICT_DOWN); /* no resolver at all */
	close(fd);
	tear_down(&b);
}

/* --- real servers --- */

static void begin_server(struct bench *b, const struct conf_check *check, const struct addr *address)
{
	const struct watch_sink sink = { on_report, b };
	b->watch = watch_new_server(b->checker, check, &(struct watch_server){ address, &b->control[0], "www.example.com", NULL }, &sink);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->watch);
}

static void a_real_server_that_failed_comes_back_by_its_check(void)
{
	struct bench b;
	set_up(&b);
	add_peer(&b, PEER_SAY, "hello");
	b.checks[0].port = 9; /* the server's own port is probed */
	begin_server(&b, &b.checks[0], badpeer_address(b.peers[0]));
	becomes(&b, VERDICT_UP);
	CU_ASSERT_TRUE(addr_same_ip(badpeer_client(b.peers[0]), &b.control[0]));
	unsigned reports = b.reports;
	watch_failed(b.watch, RESULT_L4_REFUSED);
	CU_ASSERT_EQUAL(b.reports, reports);
	CU_ASSERT_EQUAL(watch_state(b.watch), VERDICT_DOWN);
	becomes(&b, VERDICT_UP);
	CU_ASSERT_TRUE(b.reports >= reports + 2); /* rise */
	CU_ASSERT_FALSE(b.change.first);
	tear_down(&b);
}

static void a_real_server_without_check_comes_back_by_itself(void)
{
	struct bench b;
	set_up(&b);
	struct addr a;
	addr_parse(&a, "127.0.0.1", 80);
	begin_server(&b, NULL, &a);
	CU_ASSERT_EQUAL(watch_state(b.watch), VERDICT_UP);
	int64_t now = loop_now();
	watch_failed(b.watch, RESULT_L4_REFUSED);
	CU_ASSERT_EQUAL(watch_state(b.watch), VERDICT_DOWN);
	becomes(&b, VERDICT_UP);
	CU_ASSERT_TRUE(loop_now() - now > (WATCH_OUT_SECONDS * 1000 - 20) * MS);
	CU_ASSERT_EQUAL(b.change.result, RESULT_UNCHECKED);
	tear_down(&b);
}

static void a_real_server_after_a_reload(void)
{
	struct bench b;
	set_up(&b);
	struct addr a, other;
	addr_parse(&a, "127.0.0.1", 80);
	addr_parse(&other, "127.0.0.1", 81);
	begin_server(&b, &b.checks[0], &a);
	CU_ASSERT_TRUE(watch_update_server(b.watch, &b.checks[1], &(struct watch_server){ &a, &b.control[0], "www.example.com", NULL }));
	CU_ASSERT_FALSE(watch_update_server(b.watch, &b.checks[1], &(struct watch_server){ &other, &b.control[0], "www.example.com", NULL }));
	CU_ASSERT_FALSE(watch_update_server(b.watch, &b.checks[1], &(struct watch_server){ &a, NULL, "www.example.com", NULL }));
	CU_ASSERT_FALSE(watch_update_server(b.watch, &b.checks[1], &(struct watch_server){ &a, &b.control[0], "other.example.com", NULL }));
	CU_ASSERT_FALSE(watch_update_server(b.watch, NULL, &(struct watch_server){ &a, &b.control[0], "www.example.com", NULL }));
	tear_down(&b);
}

UNIT_MAIN("watch",
	UNIT_TEST(one_address_up_and_down),
	UNIT_TEST(all_addresses_have_to_pass),
	UNIT_TEST(agents_can_drain),
	UNIT_TEST(any_address_is_enough_if_said),
	UNIT_TEST(all_checks_have_to_pass),
	UNIT_TEST(no_check_is_always_up),
	UNIT_TEST(which_port),
	UNIT_TEST(inside_is_for_the_home_site),
	UNIT_TEST(a_reload_that_changes_nothing_changes_nothing),
	UNIT_TEST(what_is_a_change),
	UNIT_TEST(a_host_name_is_resolved),
	UNIT_TEST(a_name_without_answer_is_down),
	UNIT_TEST(a_real_server_that_failed_comes_back_by_its_check),
	UNIT_TEST(a_real_server_without_check_comes_back_by_itself),
	UNIT_TEST(a_real_server_after_a_reload))
