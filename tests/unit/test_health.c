#include <event2/event.h>
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
	b->live.source = SOURCE_OWN;
	b->live.votes = 1 << 16 | 1;
	b->in = (struct health_input){ .conf = &b->conf, .service = &b->service, .live = &b->live, .now = 1440 * NS_PER_MS };
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
		"\"check=L7 status 200\" \"rtt=3.249\" \"capacity=20000\" \"weight=3\" \"rank=1\" \"age=0.4\" \"observers=1/1\"");
}

static void a_member_that_is_down(void)
{
	struct bench b;
	set_up(&b);
	b.live.verdict = VERDICT_DOWN;
	b.live.votes = 1;
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
		"\"site=-\" \"name=other\" \"state=unknown\" \"address=cdn.example.\" \"source=none\" \"check=not checked yet\" "
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

/* Half of the networks, as the selector takes it; nothing where the policy doesn't shed, or nobody knows how busy it is. */
static void what_is_shed(void)
{
	struct bench b;
	struct member_numbers n = { .known = NUMBER_USE, .use_ppm = 875000 };
	set_up(&b);
	b.in.numbers = &n;
	CU_ASSERT_PTR_NULL(strstr(member_text(&b), "shed="));
	b.policy.shed_from = 800000;
	b.policy.shed_to = 950000;
	CU_ASSERT_PTR_NOT_NULL(strstr(member_text(&b), "\"observers=1/1\" \"shed=0.50\""));
	n.use_ppm = 800001;
	CU_ASSERT_PTR_NOT_NULL(strstr(member_text(&b), "\"shed=0.000006\""));
	n.use_ppm = 2000000;
	CU_ASSERT_PTR_NOT_NULL(strstr(member_text(&b), "\"shed=1.00\""));
	n.known = 0;
	CU_ASSERT_PTR_NULL(strstr(member_text(&b), "shed="));
	b.in.numbers = NULL;
	CU_ASSERT_PTR_NULL(strstr(member_text(&b), "shed="));
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

/* With an exchange: we are den, the member is sjc's. The clock is the real one. */
struct exchange { struct bench b; struct event_base *base; struct observe *observe; };

static void retire(void *arg, void *p)
{
	(void)arg;
	free(p);
}

static void heard(void *arg, const struct observer *o, bool is_heard)
{
	(void)arg;
	(void)o;
	(void)is_heard;
}

static void set_up_exchange(struct exchange *x)
{
	const struct observe_calls calls = { retire, heard, NULL };
	set_up(&x->b);
	x->b.conf.instance = "one";
	x->b.conf.exchange.interval = 1;
	x->base = loop_base_new();
	x->observe = observe_new(x->base, &x->b.conf, &calls);
	CU_ASSERT_PTR_NOT_NULL_FATAL(x->observe);
}

static void tear_down_exchange(struct exchange *x)
{
	free(x->b.live.observed);
	observe_delete(x->observe);
	event_base_free(x->base);
}

static enum observe_result says(struct exchange *x, const char *strings, int64_t now)
{
	struct update_observation o;
	uint8_t rdata[SIZE];
	const char *why = "";
	size_t len = 0;
	for (const char *p = strings; *p; p += strcspn(p, "|"), p += *p == '|') {
		size_t n = strcspn(p, "|");
		rdata[len++] = (uint8_t)n;
		memcpy(rdata + len, p, n);
		len += n;
	}
	CU_ASSERT_TRUE_FATAL(update_observation_read(&o, rdata, len, &why));
	struct observer *who = observe_who(x->observe, o.observer, &why);
	bool own = who == observe_own(x->observe);
	enum observe_result r = observe_put(x->observe, &x->b.live, who, &o, own ? OBSERVE_FOR_EVER : 10, now);
	if (r != OBSERVE_OLD)
		observe_note_heard(x->observe, who, now);
	return r;
}

static const char *observers_text(const struct exchange *x)
{
	static char text[2 * SIZE];
	uint8_t rdata[SIZE];
	struct seen seen;
	text[0] = '\0';
	for (size_t slot = 0; health_next_seen(&x->b.in, &slot, &seen);) {
		strcat(text, shown(rdata, health_observer_rdata(rdata, sizeof rdata, &x->b.in, &seen)));
		strcat(text, "\n");
	}
	return text;
}

static void observers(void)
{
	struct exchange x;
	uint8_t rdata[SIZE];
	int64_t now = 1040 * NS_PER_MS;
	set_up_exchange(&x);
	CU_ASSERT_STRING_EQUAL(shown(rdata, health_observer_rdata(rdata, sizeof rdata, &x.b.in, NULL)),
		"\"observer=den\" \"state=up\" \"rtt=3.249\" \"age=0.4\" \"check=L7 status 200\"");
	says(&x, "observer=den/dnsd.one|state=up", now);
	says(&x, "observer=sjc/dnsd.a|state=down|rtt=28.06|check=L4 refused|seq=5", now);
	says(&x, "observer=sjc/fwd.a|sessions=7|seq=5", now);
	CU_ASSERT_STRING_EQUAL(observers_text(&x),
		"\"observer=den\" \"state=up\" \"rtt=3.249\" \"age=0.4\" \"check=L7 status 200\"\n"
		"\"observer=sjc\" \"state=down\" \"rtt=28.06\" \"age=0.4\" \"check=L4 refused\"\n"
		"\"observer=sjc/fwd\" \"state=unknown\" \"age=0.4\" \"sessions=7\"\n");
	says(&x, "observer=sjc/dnsd.b|state=up|seq=5", now);
	CU_ASSERT_PTR_NOT_NULL(strstr(observers_text(&x), "\"observer=sjc/dnsd.a\" \"state=down\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(observers_text(&x), "\"observer=sjc/dnsd.b\" \"state=up\""));
	tear_down_exchange(&x);
}

/* check and age are the home's while it is the home's word, ours when it is silent; the forwarders' numbers are added up. */
static void whose_words(void)
{
	struct exchange x;
	int64_t now = 1040 * NS_PER_MS;
	set_up_exchange(&x);
	x.b.live.verdict = VERDICT_DOWN;
	x.b.live.source = SOURCE_HOME;
	x.b.live.votes = 1 << 16 | 2;
	says(&x, "observer=den/dnsd.one|state=up", now);
	says(&x, "observer=sjc/dnsd.a|state=down|check=L4 refused|seq=5", now + 300 * NS_PER_MS);
	says(&x, "observer=sjc/fwd.a|sessions=7|capacity=10|local=2/3|forwarded=1.5|tail=0.25|seq=5", now);
	says(&x, "observer=sjc/fwd.b|sessions=8|capacity=10|local=1/1|seq=5", now);
	says(&x, "observer=sjc/agent|sessions=99|load=0.042|cost=3|weight=40%|seq=5", now);
	CU_ASSERT_STRING_EQUAL(member_text(&x.b),
		"\"site=sjc\" \"state=down\" \"address=203.0.113.10,2001:db8:1::10\" \"since=2026-11-22T10:00:00Z\" \"source=home\" "
		"\"check=L4 refused\" \"rtt=3.249\" \"sessions=15\" \"capacity=20\" \"load=0.042\" \"cost=3.0\" \"weight=3\" \"agent=40%\" \"rank=1\" \"age=0.1\" "
		"\"observers=1/2\" \"local=3/4\" \"forwarded=1.5\" \"tail=0.3\"");
	x.b.live.verdict = VERDICT_UP;
	x.b.live.source = SOURCE_MAJORITY;
	x.b.in.now = now + 4 * NS_PER_SECOND;
	CU_ASSERT_PTR_NOT_NULL(strstr(member_text(&x.b), "\"check=L7 status 200\""));
	CU_ASSERT_PTR_NULL(strstr(member_text(&x.b), "tail="));
	tear_down_exchange(&x);
}

/* A forwarder takes the time from here, so it is what our own choice takes: ours, else the home site's, to the microsecond; never another site's. */
static void whose_time(void)
{
	struct exchange x;
	int64_t now = 1040 * NS_PER_MS;
	set_up_exchange(&x);
	x.b.live.rtt_us = 2030;
	CU_ASSERT_PTR_NOT_NULL(strstr(member_text(&x.b), "\"rtt=2.03\""));
	x.b.live.rtt_us = 1;
	CU_ASSERT_PTR_NOT_NULL(strstr(member_text(&x.b), "\"rtt=0.001\""));
	x.b.live.rtt_us = 1000;
	CU_ASSERT_PTR_NOT_NULL(strstr(member_text(&x.b), "\"rtt=1.0\""));
	x.b.live.rtt_us = 0;
	says(&x, "observer=fra/dnsd.a|state=up|rtt=28.06|check=L4 connected|seq=5", now);
	CU_ASSERT_PTR_NOT_NULL(strstr(member_text(&x.b), "\"check=L4 connected\""));
	CU_ASSERT_PTR_NULL(strstr(member_text(&x.b), "rtt="));
	CU_ASSERT_PTR_NOT_NULL(strstr(observers_text(&x), "\"observer=fra\" \"state=up\" \"rtt=28.06\""));
	says(&x, "observer=sjc/dnsd.a|state=up|rtt=0.456|seq=5", now);
	CU_ASSERT_PTR_NOT_NULL(strstr(member_text(&x.b), "\"rtt=0.456\""));
	tear_down_exchange(&x);
}

static void the_sites(void)
{
	uint8_t rdata[SIZE];
	const struct health_site other = { .name = "sjc", .heard = false, .all = 13, .age = -1 };
	struct health_site own = { .name = "den", .heard = true, .up = 12, .all = 13, .config = 0x9f2c11d0 };
	CU_ASSERT_STRING_EQUAL(shown(rdata, health_site_rdata(rdata, sizeof rdata, &own)),
		"\"site=den\" \"state=heard\" \"members=12/13\" \"age=0.0\" \"config=9f2c11d0\"");
	CU_ASSERT_STRING_EQUAL(shown(rdata, health_site_rdata(rdata, sizeof rdata, &other)),
		"\"site=sjc\" \"state=unheard\" \"members=0/13\"");
	CU_ASSERT_EQUAL(health_site_rdata(rdata, 20, &own), 0);
	own.counts[EXCHANGE_TAKEN] = 1000;
	own.counts[EXCHANGE_NOT_NEWER] = 2;
	own.counts[EXCHANGE_BADSIG] = 1;
	CU_ASSERT_STRING_EQUAL(shown(rdata, health_site_rdata(rdata, sizeof rdata, &own)),
		"\"site=den\" \"state=heard\" \"members=12/13\" \"age=0.0\" \"config=9f2c11d0\" \"refused=3\" \"not-newer=2\" \"badsig=1\"");
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
	uint32_t seen[24];
	struct rule rule = { .nmetrics = 0 };
	uint16_t letters = rule_letters("US");
	size_t n = 0;
	set_up(&b);
	seen[n++] = hash_of(&b);
	b.members[0].weight++;
	seen[n++] = hash_of(&b);
	b.check.path = "/healthz";
	seen[n++] = hash_of(&b);
	b.policy.answers = 2;
	seen[n++] = hash_of(&b);
	b.policy.shed_to = 900000;
	seen[n++] = hash_of(&b);
	b.policy.failback_manual = true;
	seen[n++] = hash_of(&b);
	b.policy.rules = &rule;
	b.policy.nrules = 1;
	seen[n++] = hash_of(&b);
	rule.countries = &letters;
	rule.ncountries = 1;
	seen[n++] = hash_of(&b);
	rule.has_hours = true;
	seen[n++] = hash_of(&b);
	rule.days = RULE_MONDAY;
	seen[n++] = hash_of(&b);
	rule.zone_name = "Europe/Berlin";
	seen[n++] = hash_of(&b);
	b.sites[0].has_location = true;
	seen[n++] = hash_of(&b);
	addr_parse(&b.targets[1], "2001:db8:1::11", 0);
	seen[n++] = hash_of(&b);
	b.check.interval = 2;
	seen[n++] = hash_of(&b);
	b.check.min_days = 7;
	seen[n++] = hash_of(&b);
	b.check.query = "www.example.";
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
	UNIT_TEST(what_is_shed), UNIT_TEST(many_addresses),
	UNIT_TEST(no_room_is_an_error_and_never_too_much),
	UNIT_TEST(observers),
	UNIT_TEST(whose_words),
	UNIT_TEST(whose_time),
	UNIT_TEST(the_sites),
	UNIT_TEST(the_hash_is_of_what_is_said),
	UNIT_TEST(the_hash_sees_differences),
	UNIT_TEST(services_in_any_order))
