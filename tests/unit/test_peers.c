/* peers: asking a dnsd made here, on loopback, which answers as each test wants; and the choice that follows. */
#include "unit.h"
#include <arpa/inet.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../fwd/peer_record.h"
#include "../../fwd/peers.h"
#include "random.h"
#include "select.h"
#include "wire.h"

#define ARRAY(a) (sizeof(a) / sizeof *(a))
/* Nothing takes this long but a failure. */
#define PATIENCE 20

/* --- a dnsd of our own --- */

enum mood { ANSWERS, MUTE, SERVFAILS, TRUNCATES, BABBLES, KNOWS_NOTHING };

struct dnsd {
	int udp, tcp;
	struct event *udp_event, *tcp_event, *client_event;
	struct addr address;
	enum mood mood;
	const char *const *records;    /* strings of a record separated by spaces; NULL ends */
	const char *const *rtt[2];     /* the same for _rtt names, of den and of fra */
	unsigned asked_rtt;
	bool rtt_fails_of_den;         /* SERVFAIL for that one name */
	unsigned asked, asked_tcp;
	uint8_t name[DNAME_MAX];       /* that was asked for last */
	uint16_t edns_size;
};

static size_t write_record(struct wire_writer *w, const char *record)
{
	uint8_t *length, *start;

	wire_write16(w, 0xc00c);
	wire_write16(w, 16);
	wire_write16(w, 1);
	wire_write32(w, 0);
	length = wire_room(w, 2);
	start = w->at;
	while (*record) {
		size_t n = strcspn(record, " ");

		wire_write8(w, (uint8_t)n);
		wire_write(w, record, n);
		record += n + (record[n] == ' ');
	}
	wire_set16(length, (uint16_t)(w->at - start));
	return 1;
}

/* An answer to the question in `in`, as the mood is. Returns its length; 0: none. */
static size_t reply(struct dnsd *d, const uint8_t *in, size_t len, bool tcp, uint8_t *out, size_t size)
{
	struct wire_reader r;
	struct wire_writer w;
	size_t name_len, records = 0;
	const char *const *list = d->records;
	bool fails = d->mood == SERVFAILS;
	bool truncate = d->mood == TRUNCATES && !tcp;

	wire_reader_init(&r, in, len);
	wire_read(&r, 12);
	name_len = wire_read_name(&r, d->name);
	wire_read(&r, 4 + 1 + 2); /* type, class, and of OPT the root and its type */
	d->edns_size = wire_read16(&r);
	if (r.failed || d->mood == MUTE)
		return 0;
	if (memcmp(d->name + 1 + d->name[0], "\4_rtt", 5) == 0) {
		list = d->rtt[d->name[1] == 'f'];
		d->asked_rtt++;
		fails = fails || (d->rtt_fails_of_den && d->name[1] == 'd');
	}
	wire_writer_init(&w, out, size);
	wire_write16(&w, wire_get16(in));
	wire_write16(&w, (uint16_t)(0x8400 | (truncate ? 0x200 : 0) | (fails ? 2 : d->mood == KNOWS_NOTHING ? 3 : 0)));
	wire_write16(&w, 1);
	wire_write(&w, "\0\0\0\0\0\0", 6);
	wire_write(&w, in + 12, name_len + 4);
	if (d->mood == BABBLES)
		wire_write(&w, "\xc0\x0c\0\x10\0\x01\0\0\0\0\0\x20\x40 too short", 24), records = 1;
	else if (!truncate && !fails && d->mood != KNOWS_NOTHING)
		for (; list && list[records]; records++)
			write_record(&w, list[records]);
	wire_set16(out + 6, (uint16_t)records);
	return w.failed ? 0 : wire_written(&w);
}

static void on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct dnsd *d = arg;
	struct addr from;
	socklen_t from_len = sizeof from;
	uint8_t in[2000], out[4096];
	ssize_t n = recvfrom(fd, in, sizeof in, 0, &from.sa, &from_len);
	size_t len;

	(void)what;
	if (n < 17)
		return;
	d->asked++;
	len = reply(d, in, (size_t)n, false, out, sizeof out);
	if (len)
		CU_ASSERT(sendto(fd, out, len, 0, &from.sa, from_len) == (ssize_t)len);
}

static void on_tcp_query(evutil_socket_t fd, short what, void *arg)
{
	struct dnsd *d = arg;
	uint8_t in[2000], out[4098];
	ssize_t n = recv(fd, in, sizeof in, 0);

	(void)what;
	if (n > 2) {
		size_t len = reply(d, in + 2, (size_t)n - 2, true, out + 2, sizeof out - 2);

		d->asked_tcp++;
		wire_set16(out, (uint16_t)len);
		CU_ASSERT(send(fd, out, len + 2, MSG_NOSIGNAL) == (ssize_t)len + 2);
		return;
	}
	event_free(d->client_event);
	d->client_event = NULL;
	close(fd);
}

static void on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct dnsd *d = arg;
	int client = accept(fd, NULL, NULL);

	(void)what;
	CU_ASSERT_FATAL(client >= 0 && !d->client_event);
	d->client_event = event_new(event_get_base(d->tcp_event), client, EV_READ | EV_PERSIST, on_tcp_query, d);
	event_add(d->client_event, NULL);
}

static void dnsd_start(struct dnsd *d, struct event_base *base)
{
	socklen_t len = sizeof d->address;

	memset(d, 0, sizeof *d);
	d->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* TCP first: of its ports more are taken. */
	d->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	addr_parse(&d->address, "127.0.0.1", 0);
	CU_ASSERT_FATAL(bind(d->tcp, &d->address.sa, sizeof d->address.in4) == 0 && listen(d->tcp, 5) == 0);
	getsockname(d->tcp, &d->address.sa, &len);
	CU_ASSERT_FATAL(bind(d->udp, &d->address.sa, sizeof d->address.in4) == 0);
	d->udp_event = event_new(base, d->udp, EV_READ | EV_PERSIST, on_udp, d);
	d->tcp_event = event_new(base, d->tcp, EV_READ | EV_PERSIST, on_tcp, d);
	event_add(d->udp_event, NULL);
	event_add(d->tcp_event, NULL);
}

static void dnsd_stop(struct dnsd *d)
{
	if (d->client_event) {
		close(event_get_fd(d->client_event));
		event_free(d->client_event);
	}
	event_free(d->udp_event);
	event_free(d->tcp_event);
	close(d->udp);
	close(d->tcp);
}

/* --- two sites and a CDN --- */

enum { OWN, DEN, FRA, CDN, SPARE, MEMBERS }; /* SPARE: backup at a fourth site */

struct fixture {
	struct event_base *base;
	struct dnsd dnsd[2];
	struct addr servers[2];
	struct site sites[4];
	struct conf conf;
	struct policy policy;
	struct rule rule;
	struct service service;
	struct member members[MEMBERS];
	struct addr target, client;
	struct peers *peers;
	struct peers_service *ps;
};

static void fixture_init(struct fixture *f)
{
	static const uint8_t name[] = "\3www\4gslb\7example\3com";
	static const char *const labels[] = { "sjc", "den", "fra", "other", "spare" };

	memset(f, 0, sizeof *f);
	f->base = event_base_new();
	for (int i = 0; i < 2; i++) {
		dnsd_start(&f->dnsd[i], f->base);
		f->servers[i] = f->dnsd[i].address;
	}
	for (size_t i = 0; i < 4; i++) {
		f->sites[i].index = i;
		f->sites[i].name = (char *)(uintptr_t)labels[i == 3 ? SPARE : i];
	}
	f->service.origin = f->service.name + 4;
	f->conf.sites = f->sites, f->conf.nsites = 4, f->conf.own = &f->sites[0];
	f->conf.forward.dnsd = f->servers, f->conf.forward.ndnsd = 2;
	f->conf.exchange.interval = 0.15;
	addr_parse(&f->target, "198.51.100.10", 0);
	addr_parse(&f->client, "192.0.2.200", 4711);
	memcpy(f->service.name, name, sizeof name);
	f->service.name_len = sizeof name;
	f->service.policy = &f->policy;
	f->policy.answers = 1;
	f->policy.rules = &f->rule, f->policy.nrules = 1;
	f->rule.metrics[0] = METRIC_RANK, f->rule.nmetrics = 1; /* a fixed order, so that it can be told */
	f->service.members = f->members, f->service.nmembers = MEMBERS;
	for (int i = 0; i < MEMBERS; i++) {
		member_set_label(&f->members[i], labels[i]);
		f->members[i].site = i == CDN ? MEMBER_NO_SITE : i == SPARE ? 3 : i;
		f->members[i].weight = 1;
		f->members[i].rank = (uint8_t)(i + 1);
		f->members[i].targets = &f->target, f->members[i].ntargets = 1;
		f->members[i].backup = i == SPARE;
	}
}

static struct peers *peers_of(struct fixture *f, const struct peers *before)
{
	const struct service *services[] = { &f->service };
	char why[PEERS_WHY_MAX];
	struct peers *p = peers_new(f->base, &f->conf, services, 1, before, why);

	CU_ASSERT_FATAL(p != NULL);
	return p;
}

static void fixture_ready(struct fixture *f)
{
	f->peers = peers_of(f, NULL);
	f->ps = peers_find(f->peers, f->service.name);
	CU_ASSERT_FATAL(f->ps && peers_service_of(f->ps) == &f->service);
}

static void fixture_end(struct fixture *f)
{
	peers_delete(f->peers);
	dnsd_stop(&f->dnsd[0]);
	dnsd_stop(&f->dnsd[1]);
	event_base_free(f->base);
}

/* The order of choice as letters: s d f c b. */
static const char *choice(struct fixture *f, bool for_redirect)
{
	static char text[MEMBERS + 1];
	uint16_t members[MEMBERS];
	size_t n = peers_choose(f->ps, &f->client, 1, for_redirect, members, MEMBERS);

	for (size_t i = 0; i < n; i++)
		text[i] = "sdfcb"[members[i]];
	text[n] = '\0';
	CU_ASSERT_EQUAL(peers_usable(f->ps, for_redirect), n > 0);
	return text;
}

static void give_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* Runs the loop until the condition holds; a test that waits in vain fails. */
#define WAIT_FOR(f, condition) \
	do { \
		bool late = false; \
		struct event *alarm_ = evtimer_new((f)->base, give_up, &late); \
		event_add(alarm_, &(struct timeval){ .tv_sec = PATIENCE }); \
		while (!late && !(condition)) \
			event_base_loop((f)->base, EVLOOP_ONCE); \
		event_free(alarm_); \
		CU_ASSERT(!late); \
	} while (0)

static bool chosen(struct fixture *f, bool for_redirect, const char *want) { return strcmp(choice(f, for_redirect), want) == 0; }

/* --- tests --- */

static void test_before_the_first_answer(void)
{
	struct fixture f;
	uint16_t one;

	fixture_init(&f);
	f.dnsd[0].mood = f.dnsd[1].mood = MUTE;
	fixture_ready(&f);
	CU_ASSERT_FALSE(peers_known(f.ps));
	CU_ASSERT_STRING_EQUAL(choice(&f, false), "dfb");
	CU_ASSERT_STRING_EQUAL(choice(&f, true), "dfcb");
	CU_ASSERT_FALSE(peers_own_set_down(f.ps));
	CU_ASSERT(peers_choose(f.ps, &f.client, 1, false, &one, 1) == 1 && one == DEN);
	CU_ASSERT(peers_choose(f.ps, &f.client, 1, false, &one, 0) == 0);
	CU_ASSERT_PTR_NULL(peers_find(f.peers, (const uint8_t *)"\4mail"));
	fixture_end(&f);
}

static void test_question(void)
{
	static const char *const records[] = { "site=den state=up", NULL };
	struct fixture f;
	char text[DNAME_TEXT_MAX];

	fixture_init(&f);
	f.conf.exchange.interval = 0.9; /* time for the first server to answer, or the second would be asked */
	f.dnsd[0].records = records;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	CU_ASSERT_STRING_EQUAL(dname_to_text(f.dnsd[0].name, text), "_health.www.gslb.example.com.");
	CU_ASSERT_EQUAL(f.dnsd[0].edns_size, 1232);
	CU_ASSERT_EQUAL(f.dnsd[1].asked, 0);
	WAIT_FOR(&f, f.dnsd[0].asked >= 3); /* each interval */
	fixture_end(&f);
}

static void test_wildcard_question(void)
{
	static const char *const records[] = { "site=den state=up", NULL };
	struct fixture f;
	char text[DNAME_TEXT_MAX];

	fixture_init(&f);
	memcpy(f.service.name, "\1*\3app\7example\3com", 19);
	f.service.name_len = 19;
	f.service.wildcard = true;
	f.dnsd[0].records = records;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	CU_ASSERT_STRING_EQUAL(dname_to_text(f.dnsd[0].name, text), "_health.*.app.example.com.");
	fixture_end(&f);
}

static void test_states(void)
{
	static const struct { const char *records[6]; const char *relay, *redirect; bool own_set_down; } cases[] = {
		{ { "site=sjc state=up", "site=den state=up", "site=fra state=up", "site=- name=other state=up", "site=x name=spare state=up" }, "df", "dfc", false },
		{ { "site=den state=down", "site=fra state=up" }, "f", "f", false },
		/* of `other` nothing is known: behind those that are up, so only when there are none */
		{ { "site=den state=down", "site=fra state=drain" }, "b", "c", false },
		{ { "site=den state=down", "site=fra state=down", "name=other site=- state=down" }, "b", "b", false },
		{ { "site=den state=down", "site=fra state=down", "name=other site=- state=down", "name=spare state=down" }, "", "", false },
		{ { "site=den state=drain", "site=fra state=drain", "name=other state=drain", "name=spare state=drain" }, "", "", false },
		{ { "site=sjc state=down source=home", "site=fra state=up" }, "f", "f", false },
		{ { "site=sjc state=down source=admin", "site=fra state=up" }, "f", "f", true },
		{ { "site=sjc state=drain source=admin", "site=fra state=up" }, "f", "f", false },
		{ { "site=sjc state=up source=admin", "site=fra state=up" }, "f", "f", false },
		{ { "site=nowhere state=down", "state=down", "site= state=down", "site=fra state=up" }, "f", "f", false },
		{ { "site=den", "site=den state=sideways", "site=fra state=up" }, "f", "f", false },
		{ { "site=den state=up", "site=den state=unknown", "site=fra state=unknown" }, "d", "d", false },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct fixture f;

		fixture_init(&f);
		f.dnsd[0].records = cases[i].records;
		fixture_ready(&f);
		WAIT_FOR(&f, peers_known(f.ps));
		CU_ASSERT_STRING_EQUAL(choice(&f, false), cases[i].relay);
		CU_ASSERT_STRING_EQUAL(choice(&f, true), cases[i].redirect);
		CU_ASSERT_EQUAL(peers_own_set_down(f.ps), cases[i].own_set_down);
		fixture_end(&f);
	}
}

static void test_changes_are_seen(void)
{
	static const char *const both[] = { "site=den state=up", "site=fra state=up", NULL }, *const den_down[] = { "site=den state=down", "site=fra state=up", NULL };
	struct fixture f;

	fixture_init(&f);
	f.dnsd[0].records = both;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	CU_ASSERT(chosen(&f, false, "df"));
	f.dnsd[0].records = den_down;
	WAIT_FOR(&f, chosen(&f, false, "f"));
	f.dnsd[0].records = both;
	WAIT_FOR(&f, chosen(&f, false, "df")); /* dns.hold is 0 here */
	fixture_end(&f);
}

/* Back from down it is not used while another is up, and is when the hold has ended, though all dnsds have gone mute. */
static void test_hold(void)
{
	static const char *const both[] = { "site=den state=up", "site=fra state=up", NULL }, *const den_down[] = { "site=den state=down", "site=fra state=up", NULL },
		*const fra_down[] = { "site=den state=up", "site=fra state=down", NULL };
	struct fixture f;
	unsigned asked;

	fixture_init(&f);
	f.conf.dns.hold = 3600;
	f.dnsd[0].records = den_down;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	f.dnsd[0].records = both;
	asked = f.dnsd[0].asked;
	WAIT_FOR(&f, f.dnsd[0].asked >= asked + 3); /* seen up twice, and still in hold */
	CU_ASSERT(chosen(&f, false, "f"));
	f.dnsd[0].records = fra_down;
	WAIT_FOR(&f, chosen(&f, false, "d"));
	fixture_end(&f);

	fixture_init(&f);
	f.conf.dns.hold = 2;
	f.dnsd[0].records = den_down;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	f.dnsd[0].records = both;
	asked = f.dnsd[0].asked;
	WAIT_FOR(&f, f.dnsd[0].asked >= asked + 2);
	f.dnsd[0].mood = f.dnsd[1].mood = MUTE;
	CU_ASSERT(chosen(&f, false, "f"));
	WAIT_FOR(&f, chosen(&f, false, "df"));
	fixture_end(&f);
}

/* With no answer, or none that makes sense, the last state stays. */
static void test_last_state_stays(void)
{
	static const enum mood moods[] = { MUTE, SERVFAILS, BABBLES, KNOWS_NOTHING };
	static const char *const den_down[] = { "site=den state=down", "site=fra state=up", NULL };

	for (size_t i = 0; i < ARRAY(moods); i++) {
		struct fixture f;
		unsigned asked;

		fixture_init(&f);
		f.dnsd[0].records = den_down;
		fixture_ready(&f);
		WAIT_FOR(&f, peers_known(f.ps));
		f.dnsd[0].mood = f.dnsd[1].mood = moods[i];
		asked = f.dnsd[0].asked;
		WAIT_FOR(&f, f.dnsd[0].asked >= asked + 3);
		CU_ASSERT(chosen(&f, false, "f"));
		CU_ASSERT(peers_known(f.ps));
		fixture_end(&f);
	}
}

static void test_next_dnsd_when_one_is_mute(void)
{
	static const enum mood moods[] = { MUTE, SERVFAILS };
	static const char *const den_down[] = { "site=den state=down", "site=fra state=up", NULL };

	for (size_t i = 0; i < ARRAY(moods); i++) {
		struct fixture f;

		fixture_init(&f);
		f.dnsd[0].mood = moods[i];
		f.dnsd[1].records = den_down;
		fixture_ready(&f);
		WAIT_FOR(&f, peers_known(f.ps));
		CU_ASSERT(f.dnsd[0].asked > 0 && f.dnsd[1].asked > 0);
		CU_ASSERT(chosen(&f, false, "f"));
		fixture_end(&f);
	}
}

static void test_truncated_goes_to_tcp(void)
{
	static const char *const den_down[] = { "site=den state=down", "site=fra state=up", NULL };
	struct fixture f;

	fixture_init(&f);
	f.conf.exchange.interval = 1;
	f.dnsd[0].mood = TRUNCATES;
	f.dnsd[0].records = den_down;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	CU_ASSERT(f.dnsd[0].asked_tcp == 1 && f.dnsd[1].asked == 0);
	CU_ASSERT(chosen(&f, false, "f"));
	fixture_end(&f);
}

static void test_reload_takes_over(void)
{
	static const char *const records[] = { "site=den state=down", "site=sjc state=down source=admin", "site=fra state=up", NULL };
	struct fixture f;
	struct service other, fresh;
	struct member swapped[MEMBERS];
	struct peers *after;

	fixture_init(&f);
	f.dnsd[0].records = records;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	f.dnsd[0].mood = f.dnsd[1].mood = MUTE;
	/* The members stand in another order now. */
	other = f.service;
	memcpy(swapped, f.members, sizeof swapped);
	swapped[DEN] = f.members[FRA], swapped[FRA] = f.members[DEN];
	other.members = swapped;
	fresh = f.service;
	fresh.name[1] = 'x';
	after = peers_new(f.base, &f.conf, (const struct service *[]){ &other, &fresh }, 2, f.peers, (char[PEERS_WHY_MAX]){ 0 });
	CU_ASSERT_FATAL(after != NULL);
	peers_delete(f.peers);
	f.peers = after;
	f.ps = peers_find(after, other.name);
	CU_ASSERT(peers_known(f.ps) && peers_own_set_down(f.ps));
	CU_ASSERT(chosen(&f, false, "d")); /* which is fra */
	f.ps = peers_find(after, fresh.name);
	CU_ASSERT(f.ps && !peers_known(f.ps)); /* a new service */
	fixture_end(&f);
}

static void test_stop(void)
{
	static const char *const den_down[] = { "site=den state=down", "site=fra state=up", NULL };
	struct fixture f;
	int events;

	fixture_init(&f);
	events = event_base_get_num_events(f.base, EVENT_BASE_COUNT_ADDED);
	f.dnsd[0].records = den_down;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	f.dnsd[0].mood = f.dnsd[1].mood = MUTE;
	WAIT_FOR(&f, f.dnsd[0].asked >= 2); /* a question is under way */
	CU_ASSERT(event_base_get_num_events(f.base, EVENT_BASE_COUNT_ADDED) > events);
	peers_stop(f.peers);
	CU_ASSERT_EQUAL(event_base_get_num_events(f.base, EVENT_BASE_COUNT_ADDED), events); /* nothing is left that could ask */
	CU_ASSERT(chosen(&f, false, "f"));
	fixture_end(&f);
}

/* The choice takes turns, and looks at the client. */
static void test_metrics(void)
{
	struct fixture f;
	uint16_t a, b;
	struct addr mapped;

	fixture_init(&f);
	f.dnsd[0].mood = f.dnsd[1].mood = MUTE;
	f.rule.metrics[0] = METRIC_ROUNDROBIN;
	fixture_ready(&f);
	for (int i = 0; i < 4; i++) {
		CU_ASSERT(peers_choose(f.ps, &f.client, 1, false, &a, 1) == 1 && peers_choose(f.ps, &f.client, 1, false, &b, 1) == 1);
		CU_ASSERT(a != b);
	}
	f.rule.metrics[0] = METRIC_HASH;
	addr_parse(&mapped, "::ffff:192.0.2.1", 0); /* the network of f.client, as an IPv6 socket tells it */
	for (uint64_t random = 0; random < 100; random++) {
		CU_ASSERT(peers_choose(f.ps, &f.client, random, false, &a, 1) == 1 && peers_choose(f.ps, &mapped, random + 1, false, &b, 1) == 1);
		CU_ASSERT_EQUAL(a, b);
	}
	fixture_end(&f);
}

static void test_records(void)
{
	static const struct { const char *strings[6]; const char *label; int state; bool by_admin; } cases[] = {
		{ { "site=sjc", "state=up" }, "sjc", VERDICT_UP, false }, { { "site=sjc", "name=sjc-2", "state=down" }, "sjc-2", VERDICT_DOWN, false },
		{ { "name=sjc-2", "site=sjc", "state=drain" }, "sjc-2", VERDICT_DRAIN, false }, { { "state=unknown", "site=a" }, "a", VERDICT_UNKNOWN, false },
		{ { "site=a", "state=down", "source=admin" }, "a", VERDICT_DOWN, true }, { { "site=a", "state=down", "source=administrator" }, "a", VERDICT_DOWN, false },
		{ { "site=a", "state=UP" }, "a", -1, false }, { { "site=a", "state=" }, "a", -1, false }, { { "site=a", "state" }, "a", -1, false }, { { "site=a", "state=upp" }, "a", -1, false },
		{ { "states=up", "site=a" }, "a", -1, false }, { { "", "=", "=up", "site=a", "address=192.0.2.1,2001:db8::1", "check=L7 status 200" }, "a", -1, false },
		{ { "state=up" }, "", VERDICT_UP, false }, { { "site=0123456789012345678901234567890123456789012345678901234567890123", "state=up" }, "", VERDICT_UP, false },
		{ { "site=012345678901234567890123456789012345678901234567890123456789012", "state=up" }, "012345678901234567890123456789012345678901234567890123456789012", VERDICT_UP, false },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct peer_record r;

		peer_record_init(&r);
		for (size_t k = 0; k < 6 && cases[i].strings[k]; k++) {
			/* Exactly as long as it is, without NUL. */
			size_t len = strlen(cases[i].strings[k]);
			char *string = malloc(len ? len : 1);

			memcpy(string, cases[i].strings[k], len);
			peer_record_add(&r, string, len);
			free(string);
		}
		CU_ASSERT_STRING_EQUAL(r.label, cases[i].label);
		CU_ASSERT_EQUAL(r.has_state, cases[i].state >= 0);
		CU_ASSERT(!r.has_state || (int)r.state == cases[i].state);
		CU_ASSERT_EQUAL(r.by_admin, cases[i].by_admin);
	}
	struct peer_record r;
	peer_record_init(&r);
	peer_record_add(&r, "site=a\0b", 8);
	CU_ASSERT_STRING_EQUAL(r.label, "");
}

/* The nearest to the client's network first; of what a dnsd doesn't say nothing is known; what it has said stays while it is mute. */
static void test_rtt(void)
{
	static const char *const records[] = { "site=den state=up", "site=fra state=up", NULL },
		*const far[] = { "site=den 192.0.2.0/24=50.5 198.51.100.0/24=1", "site=den 203.0.113.0/24=2 nonsense 192.0.2.1/24=1 10.0.0.0/8=-3", NULL },
		*const near[] = { "site=fra 192.0.2.0/24=5", NULL }, *const nothing[] = { NULL };
	struct fixture f;
	struct peers *after;
	unsigned asked;

	fixture_init(&f);
	f.conf.dns.networks4 = 24;
	f.dnsd[0].records = records;
	f.dnsd[0].rtt[0] = far;
	f.dnsd[0].rtt[1] = near;
	f.rule.metrics[0] = METRIC_RTT, f.rule.metrics[1] = METRIC_RANK, f.rule.nmetrics = 2;
	fixture_ready(&f);
	WAIT_FOR(&f, chosen(&f, false, "fd"));
	addr_parse(&f.client, "198.51.100.77", 1); /* of fra nothing is known: as good as the other one, and the rank decides */
	CU_ASSERT(chosen(&f, false, "df"));
	addr_parse(&f.client, "192.0.2.1", 1);
	asked = f.dnsd[0].asked_rtt;
	f.dnsd[0].rtt[0] = near;
	f.dnsd[0].rtt[1] = far;
	WAIT_FOR(&f, f.dnsd[0].asked_rtt >= asked + 2); /* the next round */
	WAIT_FOR(&f, chosen(&f, false, "df"));
	f.dnsd[0].mood = f.dnsd[1].mood = MUTE;
	asked = f.dnsd[0].asked;
	after = peers_of(&f, f.peers); /* a reload takes it over */
	peers_delete(f.peers);
	f.peers = after;
	f.ps = peers_find(after, f.service.name);
	f.members[DEN].rank = 9;
	WAIT_FOR(&f, f.dnsd[0].asked >= asked + 2);
	CU_ASSERT(chosen(&f, false, "df"));
	/* A site is unmeasured again: nothing is known of it, and the rank decides. */
	f.dnsd[0].rtt[0] = f.dnsd[0].rtt[1] = nothing;
	f.dnsd[0].mood = KNOWS_NOTHING;
	WAIT_FOR(&f, chosen(&f, false, "fd"));
	fixture_end(&f);
}

/* A site for which nobody answers keeps none behind it from being asked for. */
static void test_rtt_of_one_fails(void)
{
	static const char *const records[] = { "site=den state=up", "site=fra state=up", NULL },
		*const far[] = { "site=den 192.0.2.0/24=50.5", NULL }, *const near[] = { "site=fra 192.0.2.0/24=5", NULL };
	struct fixture f;
	unsigned asked;

	fixture_init(&f);
	f.conf.dns.networks4 = 24;
	for (int i = 0; i < 2; i++) {
		f.dnsd[i].records = records;
		f.dnsd[i].rtt[0] = far;
		f.dnsd[i].rtt[1] = near;
	}
	f.rule.metrics[0] = METRIC_RTT, f.rule.metrics[1] = METRIC_RANK, f.rule.nmetrics = 2;
	fixture_ready(&f);
	WAIT_FOR(&f, chosen(&f, false, "fd"));
	f.dnsd[0].rtt_fails_of_den = f.dnsd[1].rtt_fails_of_den = true;
	asked = f.dnsd[0].asked_rtt;
	WAIT_FOR(&f, f.dnsd[0].asked_rtt >= asked + 3); /* of another round, whatever the rest of this one is */
	for (int i = 0; i < 2; i++)
		f.dnsd[i].rtt[1] = &near[1]; /* nothing any more */
	WAIT_FOR(&f, chosen(&f, false, "df"));
	fixture_end(&f);
}

/* Nobody who doesn't go by it asks for it. */
static void test_rtt_is_asked_when_needed(void)
{
	static const char *const records[] = { "site=den state=up", "site=fra state=up", NULL };
	struct fixture f;

	fixture_init(&f);
	f.dnsd[0].records = records;
	fixture_ready(&f);
	WAIT_FOR(&f, f.dnsd[0].asked >= 5);
	CU_ASSERT_EQUAL(f.dnsd[0].asked_rtt + f.dnsd[1].asked_rtt, 0);
	fixture_end(&f);
}

/* What agents leave of a weight counts; it is another the moment they say so. */
static void test_share_of_weight(void)
{
	static const char *const tenth[] = { "site=den state=up agent=10%", "site=fra state=up", NULL }, *const whole[] = { "site=den state=up agent=100%", "site=fra state=up", NULL },
		*const gone[] = { "site=den state=up", "site=fra state=up agent=200%", NULL };
	static const struct { const char *const *records; unsigned from, to; } cases[] = { { tenth, 50, 150 }, { whole, 420, 580 }, { gone, 260, 410 } };
	struct fixture f;

	fixture_init(&f);
	f.rule.metrics[0] = METRIC_WEIGHTED;
	f.dnsd[0].records = cases[0].records;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	for (size_t i = 0; i < ARRAY(cases); i++) {
		unsigned asked = f.dnsd[0].asked, den = 0;
		uint16_t first;
		uint64_t state = 1;

		f.dnsd[0].records = cases[i].records;
		WAIT_FOR(&f, f.dnsd[0].asked >= asked + 2);
		for (unsigned k = 0; k < 1000; k++)
			den += peers_choose(f.ps, &f.client, random64(&state), false, &first, 1) == 1 && first == DEN;
		CU_ASSERT(den >= cases[i].from && den <= cases[i].to);
	}
	fixture_end(&f);
}

/* Shed is whom the answers shed: all, none, or half of the networks, by the same hash. */
static void test_shed(void)
{
	static const char *const all[] = { "site=den state=up shed=1.00 sessions=5", "site=fra state=up", NULL }, *const none[] = { "site=den state=up shed=0.00", "site=fra state=up", NULL },
		*const half[] = { "site=den state=up shed=0.5", "site=fra state=up", NULL };
	static const struct { const char *const *records; unsigned from, to; } cases[] = { { all, 0, 0 }, { none, 256, 256 }, { half, 96, 160 } };
	struct fixture f;

	fixture_init(&f);
	f.policy.shed_from = 800000, f.policy.shed_to = 950000;
	f.conf.dns.networks4 = 24;
	f.dnsd[0].records = cases[0].records;
	fixture_ready(&f);
	WAIT_FOR(&f, peers_known(f.ps));
	for (size_t i = 0; i < ARRAY(cases); i++) {
		unsigned asked = f.dnsd[0].asked, den = 0;
		uint16_t first;

		f.dnsd[0].records = cases[i].records;
		WAIT_FOR(&f, f.dnsd[0].asked >= asked + 2);
		for (unsigned k = 0; k < 256; k++) {
			const uint8_t bytes[] = { 198, 51, (uint8_t)k, 1 };

			addr_from_bytes(&f.client, AF_INET, bytes, 0);
			den += peers_choose(f.ps, &f.client, 1, false, &first, 1) == 1 && first == DEN;
		}
		CU_ASSERT(den >= cases[i].from && den <= cases[i].to);
	}
	fixture_end(&f);
}

/* The numbers of a record, in the units of the selector. */
static void test_record_numbers(void)
{
	static const char *const strings[] = { "rtt=3.2", "sessions=812", "capacity=99999999999", "load=0.04", "cost=7.5" };
	static const char *const none[] = { "rtt=", "sessions=-1", "load=.5", "cost=1.2.3", "capacity=1000000000000000000000", "load=a", "cost=1e3" };
	static const struct { const char *text; uint16_t percent; int shed; } shares[] = {
		{ "agent=75%", 75, -1 }, { "agent=1000%", 1000, -1 }, { "agent=0%", 1, -1 }, { "agent=1001%", 0, -1 }, { "agent=75", 0, -1 }, { "agent=%", 0, -1 }, { "agent=-1%", 0, -1 },
		{ "shed=0.25", 0, 250000 }, { "shed=1.00", 0, 1000000 }, { "shed=0.00", 0, 0 }, { "shed=1.01", 0, -1 }, { "shed=x", 0, -1 }, { "shed=", 0, -1 },
	};
	struct peer_record r;

	peer_record_init(&r);
	for (size_t i = 0; i < ARRAY(none); i++)
		peer_record_add(&r, none[i], strlen(none[i]));
	CU_ASSERT_EQUAL(r.numbers.known, 0);
	for (size_t i = 0; i < ARRAY(strings); i++) {
		CU_ASSERT_FALSE(r.numbers.known >> i & 1);
		peer_record_add(&r, strings[i], strlen(strings[i]));
		CU_ASSERT_EQUAL(r.numbers.known, (1u << (i + 1)) - 1);
	}
	CU_ASSERT(r.numbers.response_us == 3200 && r.numbers.sessions == 812 && r.numbers.capacity == UINT32_MAX);
	CU_ASSERT(r.numbers.load_ppm == 40000 && r.numbers.cost_milli == 7500);
	CU_ASSERT(r.percent == 0 && !r.has_shed);
	for (size_t i = 0; i < ARRAY(shares); i++) {
		peer_record_init(&r);
		peer_record_add(&r, shares[i].text, strlen(shares[i].text));
		CU_ASSERT_EQUAL(r.percent, shares[i].percent);
		CU_ASSERT_EQUAL(r.has_shed ? (int)r.shed : -1, shares[i].shed);
	}
}

UNIT_MAIN("peers",
	UNIT_TEST(test_before_the_first_answer),
	UNIT_TEST(test_question),
	UNIT_TEST(test_wildcard_question),
	UNIT_TEST(test_states),
	UNIT_TEST(test_changes_are_seen),
	UNIT_TEST(test_hold),
	UNIT_TEST(test_last_state_stays),
	UNIT_TEST(test_next_dnsd_when_one_is_mute),
	UNIT_TEST(test_truncated_goes_to_tcp),
	UNIT_TEST(test_reload_takes_over),
	UNIT_TEST(test_stop),
	UNIT_TEST(test_metrics),
	UNIT_TEST(test_records),
	UNIT_TEST(test_record_numbers),
	UNIT_TEST(test_rtt),
	UNIT_TEST(test_rtt_of_one_fails),
	UNIT_TEST(test_rtt_is_asked_when_needed),
	UNIT_TEST(test_share_of_weight),
	UNIT_TEST(test_shed))
