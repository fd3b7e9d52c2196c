/* Serials, versions and transfers without sockets: states are published as control does, messages are read back with ldns. */
#include <event2/event.h>
#include <fcntl.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <urcu-qsbr.h>
#include "../../common/conf.h"
#include "../../common/errs.h"
#include "../../common/tsig.h"
#include "../../dnsd/generation.h"
#include "../../dnsd/lb.h"
#include "../../dnsd/moving.h"
#include "../../dnsd/serial.h"
#include "../../dnsd/transfer.h"
#include "unit.h"

static const char zone_text[] =
	"$ORIGIN z.example.\n$TTL 3600\n@ SOA ns h 5 3600 600 604800 30\n NS ns\nns A 192.0.2.53\n"
	"www LB s 192.0.2.1,2001:db8::1 check=none\n LB t 192.0.2.2 check=none\n"
	"one LB s 192.0.2.3 name=x check=none\n LB t 192.0.2.3 check=none\n" /* the same address twice */
	"defined LB s 192.0.2.4 check=none\ns.defined TXT \"its own\"\n"
	"cdn LB - far.example. check=none rank=2\n LB s 192.0.2.5 check=none backup\n"
	"*.app LB s 192.0.2.6 check=none\n";
static const char conf_text[] =
	"site = \"t\"; user = \"\"; state = \".\";\n"
	"sites = ( { name = \"s\"; control = [ \"127.0.0.53@53\" ]; key = \"k\"; }, { name = \"t\"; control = [ \"127.0.0.54@53\" ]; key = \"k\"; },\n"
	"          { name = \"u\"; control = [ \"127.0.0.55@53\" ]; key = \"k\"; } );\n"
	"keys = ( { name = \"k\"; secret = \"MDEyMzQ1Njc4OWFiY2RlZg==\"; }, { name = \"x\"; role = \"transfer\"; secret = \"MDEyMzQ1Njc4OWFiY2RlZg==\"; } );\n"
	"dns = { listen = [ \"127.0.0.1@53\" ]; zones = \".\"; transfer_to = [ \"192.0.2.0/24\", \"k\" ]; };\n";

static char folder[] = "/tmp/fairlead-transfer.XXXXXX";
static struct event_base *base;
static struct movings *movings;
static struct generation *gen;
static struct tsig no_tsig;
static struct addr known;
static unsigned issued;
static uint8_t message[65535];

/* ---- serials ---- */

static void serials_only_grow(void)
{
	static const struct { uint32_t last, now, index, sites, want; } cases[] = {
		{ 5, 1000, 0, 1, 1000 }, { 1000, 1000, 0, 1, 1001 }, { 5000, 1000, 0, 1, 5001 },
		{ 5, 1000, 2, 3, 1001 }, { 1001, 1001, 2, 3, 1004 }, { 1004, 1001, 0, 3, 1005 },
		{ 0xffffffff, 0, 0, 1, 0 }, { 0xfffffffe, 5, 3, 7, 10 }, { 0xfffffffd, 0xfffffffd, 6, 7, 6 },
		{ 2026112201, 1795360000, 1, 2, 2026112203 }, { 3000000000u, 100, 0, 1, 100 }, /* half the circle: 100 is later */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t s = serial_next(cases[i].last, cases[i].now, cases[i].index, cases[i].sites);
		CU_ASSERT_EQUAL(s, cases[i].want);
		CU_ASSERT(serial_before(cases[i].last, s));
		CU_ASSERT(!serial_before(s, cases[i].last));
	}
	CU_ASSERT(!serial_before(7, 7) && !serial_before(0, 0x80000000u) && !serial_before(0x80000000u, 0));
	/* several primaries never meet */
	for (uint32_t a = 0; a < 5; a++)
		for (uint32_t last = 1000; last < 1100; last++)
			CU_ASSERT_EQUAL(serial_next(last, 1050, a, 5) % 5, a);
}

/* ---- a server without sockets ---- */

static void put_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CU_ASSERT_FATAL(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static struct generation *load(const char *more)
{
	struct errs errs;
	char zone[4096];
	snprintf(zone, sizeof zone, "%s%s", zone_text, more);
	put_file("z.example.zone", zone);
	put_file("c.conf", conf_text);
	errs_init(&errs);
	struct conf *conf = conf_load("c.conf", &errs);
	struct generation *g = conf ? generation_load(conf, gen, &errs) : NULL;
	errs_print(&errs, stdout);
	CU_ASSERT_FATAL(g != NULL && errs.count == 0);
	errs_free(&errs);
	return g;
}

static struct lb *service(const struct generation *g, const char *name)
{
	for (size_t i = 0; i < g->zones[0]->nservices; i++) {
		char text[DNAME_TEXT_MAX];
		if (strcmp(dname_to_text(g->zones[0]->services[i]->service->name, text), name) == 0)
			return g->zones[0]->services[i];
	}
	CU_FAIL_FATAL("no such service");
	return NULL;
}

static void publish(struct lb *lb, unsigned down, uint32_t ttl)
{
	struct member_view views[SERVICE_MEMBERS_MAX];
	struct gate gate;
	for (size_t i = 0; i < lb->service->nmembers; i++)
		views[i] = (struct member_view){ .verdict = down >> i & 1 ? VERDICT_DOWN : VERDICT_UP };
	gate_compute(lb->service, views, MEMBER_NO_SITE, true, &gate);
	struct lb_state *st = lb_state_new(&gate);
	CU_ASSERT_FATAL(st != NULL);
	st->ttl = ttl;
	st->ready = true;
	st->down[0] = (uint8_t)down;
	lb_state_delete(atomic_exchange(&lb->state, st));
	moving_touch(lb);
}

static void publish_all(const struct generation *g)
{
	for (size_t i = 0; i < g->zones[0]->nservices; i++)
		publish(g->zones[0]->services[i], 0, 30);
}

static void on_issued(void *arg, const struct moving *m)
{
	(void)arg;
	(void)m;
	issued++;
}

/* Until the next version is out. */
static void wait_issued(void)
{
	unsigned before = issued;
	while (issued == before)
		CU_ASSERT_FATAL(event_base_loop(base, EVLOOP_ONCE) == 0);
}

static uint32_t serial_now(void)
{
	return atomic_load(&atomic_load(&gen->zones[0]->moving)->serial);
}

static void begin(void)
{
	struct moving_calls calls = { .issued = on_issued };
	CU_ASSERT_FATAL(mkdtemp(folder) != NULL && chdir(folder) == 0);
	addr_parse(&known, "192.0.2.77", 5353);
	base = event_base_new();
	gen = load("");
	movings = movings_new(base, gen->conf, &calls);
	CU_ASSERT_FATAL(movings != NULL && movings_follow(movings, gen));
	/* Not known before every service has a state, but the serial moves from the start. */
	CU_ASSERT(atomic_load(&gen->zones[0]->moving) != NULL);
	CU_ASSERT_EQUAL(serial_now() % 3, 1);
	CU_ASSERT(serial_before(5, serial_now()));
	CU_ASSERT_EQUAL(issued, 0);
}

/* ---- asking ---- */

static size_t question(uint8_t *out, uint16_t type, uint32_t serial)
{
	static const uint8_t name[] = "\1z\7example";
	struct wire_writer w;
	wire_writer_init(&w, out, 512);
	wire_write(&w, "\x42\x42\0\0\0\1\0\0\0\0\0\0", 12);
	out[9] = type == RR_IXFR;
	wire_write(&w, name, sizeof name);
	wire_write16(&w, type);
	wire_write16(&w, CLASS_IN);
	if (type == RR_IXFR) {
		wire_write(&w, "\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0", 14);
		wire_write32(&w, serial);
		wire_write(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	}
	return wire_written(&w);
}

static struct transfer *ask(uint16_t type, uint32_t serial, enum rcode *rcode)
{
	uint8_t q[512];
	size_t n = question(q, type, serial);
	CU_ASSERT(transfer_is_asked(q, n));
	return transfer_begin(gen, q, n, &known, &no_tsig, rcode);
}

/* All records of a transfer in order, one a line, as ldns prints them, read in messages of at most `room` bytes. */
static char *collect(struct transfer *x, size_t room, unsigned *messages)
{
	char *text = calloc(1, 1);
	*messages = 0;
	while (!transfer_is_done(x)) {
		ldns_pkt *p = NULL;
		size_t n = transfer_message(x, message, room);
		CU_ASSERT_FATAL(n > 0 && n <= room);
		CU_ASSERT_EQUAL_FATAL(ldns_wire2pkt(&p, message, n), LDNS_STATUS_OK);
		CU_ASSERT(ldns_pkt_id(p) == 0x4242 && ldns_pkt_qr(p) && ldns_pkt_aa(p));
		for (size_t i = 0; i < ldns_rr_list_rr_count(ldns_pkt_answer(p)); i++) {
			char *line = ldns_rr2str(ldns_rr_list_rr(ldns_pkt_answer(p), i));
			text = realloc(text, strlen(text) + strlen(line) + 1);
			strcat(text, line);
			free(line);
		}
		ldns_pkt_free(p);
		++*messages;
	}
	transfer_end(x);
	return text;
}

static char *transfer(uint16_t type, uint32_t serial, size_t room)
{
	enum rcode rcode;
	unsigned messages;
	struct transfer *x = ask(type, serial, &rcode);
	CU_ASSERT_FATAL(x != NULL);
	return collect(x, room, &messages);
}

static unsigned count(const char *text, const char *line)
{
	unsigned n = 0;
	for (const char *p = text; (p = strstr(p, line)); p += strlen(line))
		n++;
	return n;
}

/* Is a line of the text, once. */
static void has(const char *text, const char *line)
{
	if (count(text, line) != 1)
		printf("\n%u times \"%s\" in\n%s", count(text, line), line, text);
	CU_ASSERT_EQUAL(count(text, line), 1);
}

static void hasnt(const char *text, const char *line)
{
	CU_ASSERT_EQUAL(count(text, line), 0);
}

/* ---- AXFR ---- */

static void nobody_gets_half_a_zone(void)
{
	enum rcode rcode;
	CU_ASSERT(!ask(RR_AXFR, 0, &rcode) && rcode == RCODE_SERVFAIL);
	publish(service(gen, "www.z.example."), 0, 30);
	event_base_loop(base, EVLOOP_NONBLOCK);
	CU_ASSERT(!ask(RR_AXFR, 0, &rcode) && rcode == RCODE_SERVFAIL);
	publish_all(gen);
	wait_issued();
}

static void services_are_their_present_answers(void)
{
	char *t = transfer(RR_AXFR, 0, 65535);
	has(t, "ns.z.example.\t3600\tIN\tA\t192.0.2.53\n");
	has(t, "\nwww.z.example.\t30\tIN\tA\t192.0.2.1\n");
	has(t, "\nwww.z.example.\t30\tIN\tA\t192.0.2.2\n");
	has(t, "\nwww.z.example.\t30\tIN\tAAAA\t2001:db8::1\n");
	has(t, "\ns.www.z.example.\t30\tIN\tA\t192.0.2.1\n");
	has(t, "\nt.www.z.example.\t30\tIN\tA\t192.0.2.2\n");
	has(t, "\none.z.example.\t30\tIN\tA\t192.0.2.3\n");
	has(t, "\nx.one.z.example.\t30\tIN\tA\t192.0.2.3\n");
	has(t, "s.defined.z.example.\t3600\tIN\tTXT\t\"its own\"\n");
	hasnt(t, "\ns.defined.z.example.\t30");
	has(t, "\ncdn.z.example.\t30\tIN\tCNAME\tfar.example.\n");
	has(t, "\nother.cdn.z.example.\t30\tIN\tCNAME\tfar.example.\n");
	has(t, "\ns.cdn.z.example.\t30\tIN\tA\t192.0.2.5\n");
	has(t, "\n*.app.z.example.\t30\tIN\tA\t192.0.2.6\n");
	hasnt(t, "s.*.app");
	hasnt(t, "_health");
	hasnt(t, "_sites");
	CU_ASSERT_EQUAL(count(t, "\tSOA\t"), 2);
	CU_ASSERT(strncmp(t, "z.example.\t3600\tIN\tSOA\tns.z.example. h.z.example. ", 47) == 0);
	free(t);
}

static void small_messages_hold_the_same(void)
{
	enum rcode rcode;
	unsigned messages;
	char *whole = transfer(RR_AXFR, 0, 65535);
	for (size_t room = 120; room < 600; room += 37) {
		char *t = collect(ask(RR_AXFR, 0, &rcode), room, &messages);
		CU_ASSERT_STRING_EQUAL(t, whole);
		CU_ASSERT(messages > 1);
		free(t);
	}
	free(whole);
	/* room for no record at all */
	struct transfer *x = ask(RR_AXFR, 0, &rcode);
	CU_ASSERT_EQUAL(transfer_message(x, message, 60), 0);
	transfer_end(x);
}

static void only_friends(void)
{
	uint8_t q[512];
	enum rcode rcode;
	struct addr stranger;
	size_t n = question(q, RR_AXFR, 0);
	addr_parse(&stranger, "198.51.100.1", 1);
	CU_ASSERT(!transfer_begin(gen, q, n, &stranger, &no_tsig, &rcode) && rcode == RCODE_REFUSED);
	for (size_t i = 0; i < 2; i++) { /* k by name, x by role */
		struct tsig t;
		CU_ASSERT_FATAL(tsig_begin(&t, gen->keys, &gen->conf->keys[i]));
		struct transfer *x = transfer_begin(gen, q, n, &stranger, &t, &rcode);
		CU_ASSERT_FATAL(x != NULL);
		size_t len = transfer_message(x, message, sizeof message);
		CU_ASSERT(len > 0 && message[11] == 1);
		transfer_end(x);
	}
	n = question(q, RR_AXFR, 0);
	q[12 + 1] = 'y'; /* y.example: not ours */
	CU_ASSERT(!transfer_begin(gen, q, n, &known, &no_tsig, &rcode) && rcode == RCODE_NOTAUTH);
	n = question(q, RR_IXFR, 0);
	q[9] = 0;
	CU_ASSERT(!transfer_begin(gen, q, n, &known, &no_tsig, &rcode) && rcode == RCODE_FORMERR);
}

static void so_many_at_once(void)
{
	struct transfer *x[TRANSFERS_MAX];
	enum rcode rcode;
	for (size_t i = 0; i < TRANSFERS_MAX; i++)
		CU_ASSERT_FATAL((x[i] = ask(RR_AXFR, 0, &rcode)) != NULL);
	CU_ASSERT(!ask(RR_AXFR, 0, &rcode) && rcode == RCODE_SERVFAIL);
	transfer_end(x[0]);
	CU_ASSERT_FATAL((x[0] = ask(RR_AXFR, 0, &rcode)) != NULL);
	for (size_t i = 0; i < TRANSFERS_MAX; i++)
		transfer_end(x[i]);
}

/* ---- IXFR ---- */

static uint32_t first;

static void a_change_is_a_difference(void)
{
	first = serial_now();
	publish(service(gen, "www.z.example."), 1, 5);
	wait_issued();
	CU_ASSERT(serial_before(first, serial_now()));
	CU_ASSERT_EQUAL(serial_now() % 3, 1);
	char *t = transfer(RR_IXFR, first, 65535), want[2000];
	int n = snprintf(want, sizeof want, "z.example.\t3600\tIN\tSOA\tns.z.example. h.z.example. %u 3600 600 604800 30\n", serial_now());
	char *soa = strdup(want);
	snprintf(want + n, sizeof want - (size_t)n,
	         "z.example.\t3600\tIN\tSOA\tns.z.example. h.z.example. %u 3600 600 604800 30\n"
	         "s.www.z.example.\t30\tIN\tA\t192.0.2.1\ns.www.z.example.\t30\tIN\tAAAA\t2001:db8::1\nt.www.z.example.\t30\tIN\tA\t192.0.2.2\n"
	         "www.z.example.\t30\tIN\tA\t192.0.2.1\nwww.z.example.\t30\tIN\tA\t192.0.2.2\nwww.z.example.\t30\tIN\tAAAA\t2001:db8::1\n"
	         "%ss.www.z.example.\t5\tIN\tA\t192.0.2.2\nt.www.z.example.\t5\tIN\tA\t192.0.2.2\nwww.z.example.\t5\tIN\tA\t192.0.2.2\n%s", first, soa, soa);
	/* the records' order is that of their bytes: owners by the length octet first */
	CU_ASSERT_EQUAL(strlen(t), strlen(want));
	CU_ASSERT_EQUAL(count(t, "\tSOA\t"), 4);
	for (char *line = strtok(want, "\n"); line; line = strtok(NULL, "\n"))
		CU_ASSERT(strstr(t, line) != NULL);
	free(soa);
	free(t);
	/* nothing newer, and a serial from the future */
	t = transfer(RR_IXFR, serial_now(), 65535);
	CU_ASSERT(count(t, "\n") == 1 && count(t, "\tSOA\t") == 1);
	free(t);
	t = transfer(RR_IXFR, serial_now() + 100, 65535);
	CU_ASSERT_EQUAL(count(t, "\n"), 1);
	free(t);
	/* a serial that we never gave */
	t = transfer(RR_IXFR, first + 1, 65535);
	has(t, "ns.z.example.\t3600\tIN\tA\t192.0.2.53\n");
	free(t);
}

static void several_changes_are_one_difference(void)
{
	publish(service(gen, "one.z.example."), 0, 5);
	wait_issued();
	publish(service(gen, "www.z.example."), 0, 30);
	publish(service(gen, "one.z.example."), 0, 30);
	wait_issued();
	/* all is as it was: a difference without records */
	char *t = transfer(RR_IXFR, first, 65535);
	CU_ASSERT(count(t, "\n") == 4 && count(t, "\tSOA\t") == 4);
	free(t);
	/* a new state with the same answers is no change */
	uint32_t serial = serial_now();
	unsigned before = issued;
	publish(service(gen, "www.z.example."), 0, 30);
	struct timeval enough = { 0, 600000 };
	event_base_loopexit(base, &enough);
	event_base_dispatch(base);
	CU_ASSERT(serial_now() == serial && issued == before);
}

static void only_so_many_are_remembered(void)
{
	const struct zone *z = gen->zones[0];
	const struct zone_version *now = atomic_load(&atomic_load(&z->moving)->current);
	struct zone_version *v = version_next(now, z, now->serial, NULL, 0);
	CU_ASSERT_FATAL(v != NULL && v->ndeltas == now->ndeltas);
	for (uint32_t i = 1; i <= DELTAS_MAX + 10; i++) {
		struct version_change c = { .service = i % 2, .render = render_new(z, z->services[i % 2], atomic_load(&z->services[i % 2]->state)) };
		struct zone_version *next = version_next(v, z, now->serial + i, &c, 1);
		CU_ASSERT_FATAL(next != NULL);
		version_delete(v);
		v = next;
	}
	CU_ASSERT_EQUAL(v->ndeltas, DELTAS_MAX);
	CU_ASSERT_EQUAL(v->deltas[0]->from, now->serial + 10);
	version_delete(v);
}

/* ---- reload ---- */

static void swap(struct generation *next)
{
	publish_all(next);
	CU_ASSERT(movings_follow(movings, next));
	struct generation *old = gen;
	gen = next;
	generation_delete(old);
}

static void reload_without_a_change_keeps_the_serial(void)
{
	uint32_t serial = serial_now();
	swap(load(""));
	CU_ASSERT_EQUAL(serial_now(), serial);
	char *t = transfer(RR_IXFR, first, 65535); /* and what was remembered */
	CU_ASSERT_EQUAL(count(t, "\n"), 4);
	free(t);
}

static void a_transfer_outlives_a_reload(void)
{
	enum rcode rcode;
	unsigned messages;
	struct transfer *x = ask(RR_AXFR, 0, &rcode);
	uint32_t serial = serial_now();
	CU_ASSERT_FATAL(x != NULL && transfer_message(x, message, 120) > 0);
	swap(load("new A 192.0.2.99\n"));
	CU_ASSERT(serial_before(serial, serial_now()));
	char text[20], *t = transfer(RR_IXFR, serial, 65535); /* other records: the whole zone */
	has(t, "new.z.example.\t3600\tIN\tA\t192.0.2.99\n");
	free(t);
	struct timeval grace = { 0, 100000 };
	event_base_loopexit(base, &grace); /* what nobody holds is freed meanwhile */
	event_base_dispatch(base);
	t = collect(x, 120, &messages);
	snprintf(text, sizeof text, " %u ", serial);
	has(t, text); /* the last SOA: the first went with the message above */
	hasnt(t, "192.0.2.99");
	has(t, "\n*.app.z.example.\t30\tIN\tA\t192.0.2.6\n");
	free(t);
}

static void a_restart_goes_on(void)
{
	struct moving_calls calls = { .issued = on_issued };
	uint32_t serial = serial_now();
	movings_delete(movings);
	generation_delete(gen);
	gen = NULL;
	gen = load("");
	movings = movings_new(base, gen->conf, &calls);
	CU_ASSERT_FATAL(movings != NULL && movings_follow(movings, gen));
	CU_ASSERT(serial_before(serial, serial_now()));
}

static void end(void)
{
	movings_delete(movings);
	generation_delete(gen);
	event_base_free(base);
	remove("z.example.zone");
	remove("c.conf");
	remove("dnsd.serials");
	CU_ASSERT(chdir("/") == 0 && rmdir(folder) == 0);
}

UNIT_MAIN("transfer", UNIT_TEST(serials_only_grow), UNIT_TEST(begin), UNIT_TEST(nobody_gets_half_a_zone), UNIT_TEST(services_are_their_present_answers),
	UNIT_TEST(small_messages_hold_the_same), UNIT_TEST(only_friends), UNIT_TEST(so_many_at_once), UNIT_TEST(a_change_is_a_difference),
	UNIT_TEST(several_changes_are_one_difference), UNIT_TEST(only_so_many_are_remembered), UNIT_TEST(reload_without_a_change_keeps_the_serial),
	UNIT_TEST(a_transfer_outlives_a_reload), UNIT_TEST(a_restart_goes_on), UNIT_TEST(end))
