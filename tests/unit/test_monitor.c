#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../common/check.h"
#include "../../dnsd/monitor.h"
#include "../peers/badpeer.h"
#include "turn.h"
#include "unit.h"

#define MS NS_PER_MS

/* Service 0 has members sjc and den, on peers 0 and 1; service 1 has one, without check. */
struct bench {
	char folder[64];
	struct event_base *base;
	struct checker *checker;
	struct live *live;
	struct monitor *monitor;
	struct conf conf;
	struct site sites[2];
	struct conf_check check;
	const struct conf_check *check_list[1];
	struct addr targets[2], third;
	struct member members[2], alone;
	struct policy policy;
	uint64_t cleared;
	struct service services[2];
	struct badpeer *peers[2];
	unsigned changes[2];
};

static void on_changed(void *arg, const struct service *s)
{
	struct bench *b = arg;
	b->changes[s->name[1] == 'w' ? 0 : 1]++;
}

static void add_peer(struct bench *b, size_t i, enum badpeer_mode mode)
{
	addr_parse(&b->targets[i], i ? "127.0.0.2" : "127.0.0.1", 0);
	b->peers[i] = badpeer_new(b->base, &b->targets[i], mode, "hello");
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->peers[i]);
	b->members[i].check_port = addr_port(badpeer_address(b->peers[i]));
}

static void fill_services(struct bench *b)
{
	for (int i = 0; i < 2; i++)
		b->members[i] = (struct member){ .label = "sjc", .site = i, .checks = b->check_list, .nchecks = 1,
		                                 .targets = &b->targets[i], .ntargets = 1, .weight = 1 };
	strcpy(b->members[1].label, "den");
	addr_parse(&b->third, "127.0.0.3", 0);
	b->alone = (struct member){ .label = "sjc", .targets = &b->third, .ntargets = 1 };
	memcpy(b->services[0].name, "\3www\7example", 13);
	memcpy(b->services[1].name, "\3alo\7example", 13);
	b->services[0].members = b->members;
	b->services[0].nmembers = 2;
	b->services[1].members = &b->alone;
	b->services[1].nmembers = 1;
	b->services[0].name_len = b->services[1].name_len = 13;
	b->services[0].policy = b->services[1].policy = &b->policy;
}

static uint64_t on_cleared(void *arg, const struct service *s, const struct member *m)
{
	struct bench *b = arg;
	(void)s;
	(void)m;
	return b->cleared;
}

static void make_monitor(struct bench *b)
{
	const struct monitor_calls calls = { .changed = on_changed, .cleared = on_cleared, .arg = b };
	b->live = live_new();
	b->monitor = monitor_new(b->base, b->checker, &b->conf, b->live, &calls);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->monitor);
}

static void set_up(struct bench *b, enum badpeer_mode sjc, enum badpeer_mode den)
{
	memset(b, 0, sizeof *b);
	turn_reset();
	strcpy(b->folder, "/tmp/fairlead-monitor-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(b->folder));
	b->base = loop_base_new();
	b->checker = checker_new(b->base, NULL);
	b->sites[0].name = "sjc";
	b->sites[1].name = "den";
	b->sites[1].index = 1;
	b->conf = (struct conf){ .state = b->folder, .sites = b->sites, .nsites = 2, .own = &b->sites[0] };
	b->conf.dns.hold = 0.3;
	b->conf.dns.ttl_calm = 1;
	b->check = (struct conf_check){ .name = "c", .type = CHECK_TCP, .interval = 0.1, .fast_interval = 0.02,
	                                .timeout = 0.3, .rise = 2, .fall = 2 };
	b->check_list[0] = &b->check;
	fill_services(b);
	add_peer(b, 0, sjc);
	add_peer(b, 1, den);
	make_monitor(b);
}

static bool set_services(struct bench *b, size_t first, size_t n)
{
	struct monitor_service list[2];
	unsigned before = b->changes[0] + b->changes[1];
	for (size_t i = 0; i < n; i++)
		list[i] = (struct monitor_service){ &b->services[first + i], &b->conf };
	bool fine = monitor_set_services(b->monitor, list, n, &b->conf);
	CU_ASSERT_EQUAL(b->changes[0] + b->changes[1], before);
	return fine;
}

static void tear_down(struct bench *b)
{
	char path[100];
	monitor_delete(b->monitor);
	live_delete(b->live);
	CU_ASSERT_EQUAL(checker_counts(b->checker)->running, 0);
	checker_delete(b->checker);
	badpeer_delete(b->peers[0]);
	badpeer_delete(b->peers[1]);
	event_base_free(b->base);
	snprintf(path, sizeof path, "%s/dnsd.verdicts", b->folder);
	unlink(path);
	snprintf(path, sizeof path, "%s/dnsd.failback", b->folder);
	unlink(path);
	CU_ASSERT_EQUAL(rmdir(b->folder), 0);
}

/* A process that ends and one that begins. */
static void restart(struct bench *b)
{
	monitor_delete(b->monitor);
	live_delete(b->live);
	make_monitor(b);
}

static struct member_view view(const struct bench *b, size_t member)
{
	struct member_view views[2];
	monitor_view(b->monitor, &b->services[0], views);
	return views[member];
}

static void until_verdict(struct bench *b, size_t member, enum verdict v)
{
	while (view(b, member).verdict != v)
		CU_ASSERT_TRUE_FATAL(turn_until(b->base, &b->changes[0], b->changes[0] + 1));
}

static struct live_member *live_of(struct bench *b, size_t member)
{
	return live_find(b->live, b->services[0].name, b->members[member].label);
}

static void ready_after_the_first_round(void)
{
	struct bench b;
	set_up(&b, PEER_SAY, PEER_RESET);
	CU_ASSERT_TRUE(set_services(&b, 0, 2));
	CU_ASSERT_FALSE(monitor_ready(b.monitor, &b.services[0]));
	CU_ASSERT_TRUE(monitor_ready(b.monitor, &b.services[1])); /* no check: known from the first moment */
	while (!monitor_ready(b.monitor, &b.services[0]))
		CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.changes[0], b.changes[0] + 1));
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_UP);
	CU_ASSERT_EQUAL(view(&b, 1).verdict, VERDICT_DOWN);
	CU_ASSERT_EQUAL(atomic_load(&live_of(&b, 1)->result), RESULT_L4_RESET);
	CU_ASSERT_TRUE(atomic_load(&live_of(&b, 0)->rtt_us) > 0);
	CU_ASSERT_EQUAL(b.changes[1], 0);
	tear_down(&b);
}

static void a_first_verdict_is_no_comeback(void)
{
	struct bench b;
	set_up(&b, PEER_SAY, PEER_SAY);
	set_services(&b, 0, 1);
	until_verdict(&b, 0, VERDICT_UP);
	CU_ASSERT_FALSE(view(&b, 0).in_hold);
	CU_ASSERT_FALSE(monitor_restless(b.monitor, &b.services[0]));
	CU_ASSERT_EQUAL(atomic_load(&live_of(&b, 0)->changed_mono), 0);
	CU_ASSERT_NOT_EQUAL(atomic_load(&live_of(&b, 0)->since_wall), 0);
	tear_down(&b);
}

/* Each ends with a call of its own, so that gate and TTL follow. */
static void hold_and_unrest_begin_and_end(void)
{
	struct bench b;
	set_up(&b, PEER_RESET, PEER_SAY);
	set_services(&b, 0, 1);
	until_verdict(&b, 0, VERDICT_DOWN);
	until_verdict(&b, 1, VERDICT_UP);
	badpeer_set(b.peers[0], PEER_SAY, "hello");
	until_verdict(&b, 0, VERDICT_UP);
	int64_t back = atomic_load(&live_of(&b, 0)->came_back_mono);
	CU_ASSERT_TRUE(view(&b, 0).in_hold);
	CU_ASSERT_FALSE(view(&b, 1).in_hold);
	CU_ASSERT_TRUE(monitor_restless(b.monitor, &b.services[0]));
	unsigned changes = b.changes[0];
	CU_ASSERT_TRUE(turn_until(b.base, &b.changes[0], changes + 1));
	CU_ASSERT_FALSE(view(&b, 0).in_hold);
	CU_ASSERT_TRUE(loop_now() - back >= 290 * MS && turn_within(back, loop_now(), 350 * MS));
	CU_ASSERT_TRUE(monitor_restless(b.monitor, &b.services[0]));
	CU_ASSERT_TRUE(turn_until(b.base, &b.changes[0], changes + 2));
	CU_ASSERT_FALSE(monitor_restless(b.monitor, &b.services[0]));
	CU_ASSERT_TRUE(loop_now() - back >= 990 * MS && turn_within(back, loop_now(), 1050 * MS));
	tear_down(&b);
}

static void going_down_is_no_hold(void)
{
	struct bench b;
	set_up(&b, PEER_SAY, PEER_SAY);
	set_services(&b, 0, 1);
	until_verdict(&b, 0, VERDICT_UP);
	badpeer_set(b.peers[0], PEER_CLOSE, NULL);
	until_verdict(&b, 0, VERDICT_DOWN);
	CU_ASSERT_FALSE(view(&b, 0).in_hold);
	CU_ASSERT_TRUE(monitor_restless(b.monitor, &b.services[0]));
	tear_down(&b);
}

/* A check that takes longer than the wait: what is not known by then is unknown. */
static void the_wait_ends(void)
{
	struct bench b;
	set_up(&b, PEER_SAY, PEER_REPLY);
	b.check.timeout = 10;
	b.check.has_expect = regcomp(&b.check.expect, "hello", REG_EXTENDED | REG_NOSUB) == 0; /* den waits for us to speak */
	int64_t begun = loop_now();
	set_services(&b, 0, 1);
	until_verdict(&b, 0, VERDICT_UP);
	CU_ASSERT_FALSE(monitor_ready(b.monitor, &b.services[0]));
	CU_ASSERT_TRUE(turn_until(b.base, &b.changes[0], b.changes[0] + 1));
	CU_ASSERT_TRUE(monitor_ready(b.monitor, &b.services[0]));
	CU_ASSERT_EQUAL(view(&b, 1).verdict, VERDICT_UNKNOWN);
	CU_ASSERT_TRUE(loop_now() - begun >= 2990 * MS && turn_within(begun, loop_now(), 3100 * MS));
	tear_down(&b);
	regfree(&b.check.expect);
}

static void a_reload_keeps_what_is_known(void)
{
	struct bench b, after;
	set_up(&b, PEER_SAY, PEER_RESET);
	set_services(&b, 0, 2);
	until_verdict(&b, 1, VERDICT_DOWN);
	until_verdict(&b, 0, VERDICT_UP);
	uint32_t rounds = atomic_load(&live_of(&b, 0)->rounds);
	struct live_member *live = live_of(&b, 0);
	uint64_t probes = checker_counts(b.checker)->started;
	after = b; /* the model of the new generation, with members the other way round */
	after.members[0] = b.members[1];
	after.members[1] = b.members[0];
	after.services[0].members = after.members;
	after.services[1].members = &after.alone;
	const struct monitor_service list[] = { { &after.services[1], &after.conf }, { &after.services[0], &after.conf } };
	CU_ASSERT_TRUE(monitor_set_services(b.monitor, list, 2, &after.conf));
	CU_ASSERT_TRUE(monitor_ready(b.monitor, &after.services[0]));
	struct member_view views[2];
	monitor_view(b.monitor, &after.services[0], views);
	CU_ASSERT_EQUAL(views[0].verdict, VERDICT_DOWN);
	CU_ASSERT_EQUAL(views[1].verdict, VERDICT_UP);
	CU_ASSERT_PTR_EQUAL(live_of(&b, 0), live);
	CU_ASSERT_EQUAL(atomic_load(&live->rounds), rounds);
	CU_ASSERT_EQUAL(checker_counts(b.checker)->started, probes); /* nothing begins anew */
	memset(b.members, 0xff, sizeof b.members); /* the old generation is gone */
	badpeer_set(b.peers[0], PEER_CLOSE, NULL);
	do {
		CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.changes[0], b.changes[0] + 1));
		monitor_view(b.monitor, &after.services[0], views);
	} while (views[1].verdict != VERDICT_DOWN);
	tear_down(&b);
}

static void members_come_and_go(void)
{
	struct bench b;
	set_up(&b, PEER_SAY, PEER_SAY);
	b.services[0].nmembers = 1;
	set_services(&b, 0, 1);
	until_verdict(&b, 0, VERDICT_UP);
	struct service more = b.services[0];
	more.nmembers = 2;
	const struct monitor_service list = { &more, &b.conf };
	CU_ASSERT_TRUE(monitor_set_services(b.monitor, &list, 1, &b.conf));
	CU_ASSERT_TRUE(monitor_ready(b.monitor, &more)); /* it goes on answering */
	CU_ASSERT_EQUAL(badpeer_accepted(b.peers[1]), 0);
	struct member_view views[2];
	do {
		CU_ASSERT_TRUE_FATAL(turn_until(b.base, &b.changes[0], b.changes[0] + 1));
		monitor_view(b.monitor, &more, views);
	} while (views[1].verdict != VERDICT_UP);
	CU_ASSERT_FALSE(views[1].in_hold);
	set_services(&b, 1, 1); /* the whole service goes */
	CU_ASSERT_PTR_NULL(live_of(&b, 0));
	CU_ASSERT_FALSE(monitor_ready(b.monitor, &more));
	unsigned accepted = badpeer_accepted(b.peers[0]);
	turn_for(b.base, 300);
	CU_ASSERT_EQUAL(badpeer_accepted(b.peers[0]), accepted);
	tear_down(&b);
}

/* Other parameters: a new watch, but until it has spoken the old verdict stays. */
static void a_changed_check_keeps_the_verdict_until_it_knows_better(void)
{
	struct bench b;
	set_up(&b, PEER_SAY, PEER_SAY);
	set_services(&b, 0, 1);
	until_verdict(&b, 0, VERDICT_UP);
	until_verdict(&b, 1, VERDICT_UP);
	struct member members[2] = { b.members[0], b.members[1] };
	struct service changed = b.services[0];
	changed.members = members;
	members[0].check_port = 1; /* nobody there */
	const struct monitor_service list = { &changed, &b.conf };
	CU_ASSERT_TRUE(monitor_set_services(b.monitor, &list, 1, &b.conf));
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_UP);
	until_verdict(&b, 0, VERDICT_DOWN);
	CU_ASSERT_TRUE(monitor_restless(b.monitor, &changed)); /* that is a change */
	CU_ASSERT_EQUAL(view(&b, 1).verdict, VERDICT_UP);
	tear_down(&b);
}

/* Two zones that overlap by mistake. */
static void one_name_twice(void)
{
	struct bench b;
	set_up(&b, PEER_SAY, PEER_SAY);
	const struct monitor_service list[] = { { &b.services[0], &b.conf }, { &b.services[0], &b.conf } };
	for (int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(monitor_set_services(b.monitor, list, 2, &b.conf));
	until_verdict(&b, 0, VERDICT_UP);
	CU_ASSERT_TRUE(monitor_set_services(b.monitor, list, 1, &b.conf));
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_UP);
	CU_ASSERT_TRUE(monitor_set_services(b.monitor, list, 0, &b.conf));
	tear_down(&b);
}

static void saved_verdicts_answer_at_once(void)
{
	struct bench b;
	set_up(&b, PEER_RESET, PEER_SAY);
	set_services(&b, 0, 2);
	until_verdict(&b, 0, VERDICT_DOWN);
	until_verdict(&b, 1, VERDICT_UP);
	int64_t since = 1700000000;
	atomic_store(&live_of(&b, 0)->since_wall, since);
	restart(&b);
	set_services(&b, 0, 2);
	CU_ASSERT_TRUE(monitor_ready(b.monitor, &b.services[0]));
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_DOWN);
	CU_ASSERT_EQUAL(view(&b, 1).verdict, VERDICT_UP);
	CU_ASSERT_EQUAL(atomic_load(&live_of(&b, 0)->since_wall), since);
	/* The first result of this process decides alone, and is no comeback. */
	badpeer_set(b.peers[0], PEER_SAY, "hello");
	until_verdict(&b, 0, VERDICT_UP);
	CU_ASSERT_FALSE(view(&b, 0).in_hold);
	CU_ASSERT_FALSE(monitor_restless(b.monitor, &b.services[0]));
	tear_down(&b);
}

/* failback = "manual": drained until an order says otherwise that is later than the failure, over restarts, too. */
static void a_failed_member_waits_to_be_cleared(void)
{
	struct bench b;
	set_up(&b, PEER_RESET, PEER_SAY);
	b.policy.failback_manual = true;
	set_services(&b, 0, 2);
	until_verdict(&b, 0, VERDICT_DOWN);
	uint64_t failed = live_of(&b, 0)->failed;
	CU_ASSERT_NOT_EQUAL(failed, 0);
	b.cleared = failed - 1; /* an old order: of another time */
	badpeer_set(b.peers[0], PEER_SAY, "hello");
	until_verdict(&b, 0, VERDICT_DRAIN);
	CU_ASSERT_EQUAL(atomic_load(&live_of(&b, 0)->source), SOURCE_FAILBACK);
	CU_ASSERT_EQUAL(view(&b, 1).verdict, VERDICT_UP);
	restart(&b);
	set_services(&b, 0, 2);
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_DRAIN);
	CU_ASSERT_EQUAL(live_of(&b, 0)->failed, failed);
	while (!atomic_load(&live_of(&b, 0)->rounds))
		event_base_loop(b.base, EVLOOP_ONCE);
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_DRAIN);
	b.cleared = failed + 1;
	monitor_judge_service(b.monitor, &b.services[0]);
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_UP);
	restart(&b);
	b.cleared = 0;
	set_services(&b, 0, 2);
	until_verdict(&b, 0, VERDICT_UP);
	CU_ASSERT_EQUAL(live_of(&b, 0)->failed, 0);
	tear_down(&b);
}

static bool waits_on_disk(const struct bench *b)
{
	char path[100], text[1000] = "";
	snprintf(path, sizeof path, "%s/dnsd.failback", b->folder);
	FILE *f = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_TRUE(fread(text, 1, sizeof text - 1, f) > 0);
	fclose(f);
	return strstr(text, "www.example. ") != NULL;
}

/* manual -> auto -> manual: what failed before waits no more, in memory, on the disk, and by what is told to others. */
static void another_policy_clears(void)
{
	struct bench b;
	set_up(&b, PEER_RESET, PEER_SAY);
	b.policy.failback_manual = true;
	set_services(&b, 0, 2);
	until_verdict(&b, 0, VERDICT_DOWN);
	badpeer_set(b.peers[0], PEER_SAY, "hello");
	until_verdict(&b, 0, VERDICT_DRAIN);
	monitor_delete(b.monitor);
	live_delete(b.live);
	CU_ASSERT_TRUE(waits_on_disk(&b));
	make_monitor(&b);
	set_services(&b, 0, 2);
	until_verdict(&b, 0, VERDICT_DRAIN);
	while (!atomic_load(&live_of(&b, 0)->rounds))
		event_base_loop(b.base, EVLOOP_ONCE);
	CU_ASSERT_TRUE(live_of(&b, 0)->waits && live_of(&b, 0)->failed);
	b.policy.failback_manual = false;
	set_services(&b, 0, 2);
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_UP);
	CU_ASSERT_FALSE(live_of(&b, 0)->waits);
	CU_ASSERT_EQUAL(live_of(&b, 0)->failed, 0);
	b.policy.failback_manual = true;
	set_services(&b, 0, 2);
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_UP);
	monitor_delete(b.monitor);
	live_delete(b.live);
	CU_ASSERT_FALSE(waits_on_disk(&b));
	make_monitor(&b);
	set_services(&b, 0, 2);
	CU_ASSERT_EQUAL(live_of(&b, 0)->failed, 0);
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_UP);
	/* What fails from now on does. */
	badpeer_set(b.peers[0], PEER_CLOSE, NULL);
	until_verdict(&b, 0, VERDICT_DOWN);
	badpeer_set(b.peers[0], PEER_SAY, "hello");
	until_verdict(&b, 0, VERDICT_DRAIN);
	tear_down(&b);
}

static enum verdict told(struct bench *b, size_t member, const char *observer, uint64_t failed)
{
	static uint64_t seq;
	const char *why;
	struct update_observation said = { .state = VERDICT_UP, .has = HAS_SEQ | (failed ? HAS_FAILED : 0), .seq = ++seq, .failed = failed };
	struct observer *who = observe_who(monitor_observe(b->monitor), observer, &why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(who);
	CU_ASSERT(monitor_take(b->monitor, live_of(b, member), who, &said, 60) <= OBSERVE_CHANGED);
	return view(b, member).verdict;
}

/* The home of a member believes what another name server has seen before it came back, and nothing later. */
static void a_failure_while_nobody_was_at_home(void)
{
	struct bench b;
	uint64_t before = observe_stamp(0);
	set_up(&b, PEER_SAY, PEER_SAY);
	b.policy.failback_manual = true;
	set_services(&b, 0, 2);
	until_verdict(&b, 0, VERDICT_UP);
	until_verdict(&b, 1, VERDICT_UP);
	CU_ASSERT_EQUAL(told(&b, 0, "den/dnsd.a", observe_stamp(0)), VERDICT_UP);
	CU_ASSERT_EQUAL(told(&b, 0, "den/agent", before), VERDICT_UP);
	CU_ASSERT_EQUAL(told(&b, 1, "den/dnsd.a", before), VERDICT_UP);
	CU_ASSERT_FALSE(live_of(&b, 0)->waits);
	CU_ASSERT_EQUAL(told(&b, 0, "den/dnsd.a", before), VERDICT_DRAIN);
	CU_ASSERT(live_of(&b, 0)->waits && live_of(&b, 0)->failed == before);
	CU_ASSERT_EQUAL(atomic_load(&live_of(&b, 0)->source), SOURCE_FAILBACK);
	b.cleared = before + 1;
	monitor_judge_service(b.monitor, &b.services[0]);
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_UP);
	CU_ASSERT_FALSE(live_of(&b, 0)->waits);
	CU_ASSERT_EQUAL(told(&b, 0, "den/dnsd.a", before), VERDICT_UP);
	/* Of what was before it went away it knows better, too. */
	b.cleared = 0;
	while ((uint64_t)time(NULL) * 1000000 <= before) /* the file's clock counts seconds, and they begin some milliseconds late */
		event_base_loop(b.base, EVLOOP_ONCE);
	monitor_delete(b.monitor);
	live_delete(b.live);
	uint64_t away = observe_stamp(0);
	make_monitor(&b);
	set_services(&b, 0, 2);
	while (!atomic_load(&live_of(&b, 0)->rounds))
		event_base_loop(b.base, EVLOOP_ONCE);
	CU_ASSERT_EQUAL(told(&b, 0, "den/dnsd.a", before), VERDICT_UP);
	CU_ASSERT_EQUAL(told(&b, 0, "den/dnsd.a", away), VERDICT_DRAIN);
	/* Only where the policy says so. */
	b.policy.failback_manual = false;
	monitor_judge_service(b.monitor, &b.services[0]);
	CU_ASSERT_EQUAL(view(&b, 0).verdict, VERDICT_UP);
	CU_ASSERT_FALSE(live_of(&b, 0)->waits);
	CU_ASSERT_EQUAL(told(&b, 0, "den/dnsd.b", away + 1), VERDICT_UP);
	tear_down(&b);
}

static void verdicts_are_saved_while_it_runs(void)
{
	struct bench b;
	char path[100];
	struct stat st;
	set_up(&b, PEER_SAY, PEER_SAY);
	snprintf(path, sizeof path, "%s/dnsd.verdicts", b.folder);
	set_services(&b, 0, 1);
	int64_t end = loop_now() + 10 * NS_PER_SECOND;
	while (stat(path, &st) < 0 && loop_now() < end)
		event_base_loop(b.base, EVLOOP_ONCE);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_TRUE(st.st_size > 0);
	tear_down(&b);
}

static void a_folder_that_is_not_there(void)
{
	struct bench b;
	set_up(&b, PEER_SAY, PEER_SAY);
	monitor_delete(b.monitor);
	live_delete(b.live);
	b.conf.state = "/nonexistent/fairlead";
	make_monitor(&b);
	set_services(&b, 0, 1);
	until_verdict(&b, 0, VERDICT_UP); /* goes on */
	tear_down(&b);
}

static void moments(void)
{
	CU_ASSERT_EQUAL(monitor_earlier(0, 0, 100, 50), 0);      /* never happened */
	CU_ASSERT_EQUAL(monitor_earlier(0, 10, 100, 50), 110);
	CU_ASSERT_EQUAL(monitor_earlier(0, 10, 100, 110), 0);    /* over */
	CU_ASSERT_EQUAL(monitor_earlier(105, 10, 100, 50), 105);
	CU_ASSERT_EQUAL(monitor_earlier(120, 10, 100, 50), 110);
	CU_ASSERT_TRUE(monitor_in_hold(10, 100, 109));
	CU_ASSERT_FALSE(monitor_in_hold(10, 100, 110));
	CU_ASSERT_FALSE(monitor_in_hold(0, 100, 50));
}

/*
 * By a clock of its own, in steps of 10 ms: `a` (the better by rank) flaps
 * `flaps` times within a minute, each time down and then, perhaps by way of
 * drain, up again. How often the gate's first set changes until all is quiet.
 */
static unsigned changes_of_flaps(unsigned flaps, int64_t hold, bool drains)
{
	struct member members[2] = { { .label = "a", .weight = 1, .rank = 1 }, { .label = "b", .weight = 1, .rank = 1 } };
	const struct policy none = { .answers = 1 };
	const struct service s = { .members = members, .nmembers = 2, .policy = &none };
	const int64_t period = 60 * NS_PER_SECOND / flaps, begin = NS_PER_SECOND;
	enum verdict v = VERDICT_UP;
	int64_t came_back = 0;
	unsigned changes = 0;
	uint16_t before = 2;
	for (int64_t t = 0; t < 60 * NS_PER_SECOND + 3 * hold; t += 10 * NS_PER_MS) {
		int64_t in_flap = t % period;
		enum verdict next = t / period >= flaps ? VERDICT_UP : in_flap < period / 2 ? VERDICT_DOWN : in_flap < period * 3 / 4 && drains ? VERDICT_DRAIN : VERDICT_UP;
		came_back = monitor_came_back(came_back, v, next, begin + t);
		v = next;
		const struct member_view views[2] = { { .verdict = v, .in_hold = monitor_in_hold(came_back, hold, begin + t) }, { .verdict = VERDICT_UP } };
		struct gate gate;
		gate_compute(&s, views, MEMBER_NO_SITE, true, &gate);
		changes += gate.n != before;
		before = gate.n;
	}
	return changes;
}

static void flaps_change_answers_twice(void)
{
	CU_ASSERT_EQUAL(changes_of_flaps(20, 10 * NS_PER_SECOND, false), 2);
	CU_ASSERT_EQUAL(changes_of_flaps(20, 10 * NS_PER_SECOND, true), 2);
	CU_ASSERT_EQUAL(changes_of_flaps(20, 0, false), 40);
	CU_ASSERT_EQUAL(changes_of_flaps(20, NS_PER_SECOND, false), 40); /* less than a member is up each time: of no use */
}

/* Drain is not down: who comes from there isn't held. */
static void who_comes_back(void)
{
	CU_ASSERT_EQUAL(monitor_came_back(5, VERDICT_DOWN, VERDICT_UP, 9), 9);
	CU_ASSERT_EQUAL(monitor_came_back(5, VERDICT_DOWN, VERDICT_DRAIN, 9), 9);
	CU_ASSERT_EQUAL(monitor_came_back(5, VERDICT_DRAIN, VERDICT_UP, 9), 5);
	CU_ASSERT_EQUAL(monitor_came_back(0, VERDICT_UNKNOWN, VERDICT_UP, 9), 0);
	CU_ASSERT_EQUAL(monitor_came_back(0, VERDICT_UP, VERDICT_DOWN, 9), 0);
	CU_ASSERT_EQUAL(monitor_came_back(0, VERDICT_UP, VERDICT_DRAIN, 9), 0);
}

UNIT_MAIN("monitor",
	UNIT_TEST(flaps_change_answers_twice),
	UNIT_TEST(who_comes_back),
	UNIT_TEST(ready_after_the_first_round),
	UNIT_TEST(a_first_verdict_is_no_comeback),
	UNIT_TEST(hold_and_unrest_begin_and_end),
	UNIT_TEST(going_down_is_no_hold),
	UNIT_TEST(the_wait_ends),
	UNIT_TEST(a_reload_keeps_what_is_known),
	UNIT_TEST(members_come_and_go),
	UNIT_TEST(a_changed_check_keeps_the_verdict_until_it_knows_better),
	UNIT_TEST(one_name_twice),
	UNIT_TEST(saved_verdicts_answer_at_once),
	UNIT_TEST(a_failed_member_waits_to_be_cleared),
	UNIT_TEST(another_policy_clears),
	UNIT_TEST(a_failure_while_nobody_was_at_home),
	UNIT_TEST(verdicts_are_saved_while_it_runs),
	UNIT_TEST(a_folder_that_is_not_there),
	UNIT_TEST(moments))
