#include <stdlib.h>
#include <string.h>
#include "../../common/update.h"
#include "unit.h"

static const uint8_t zone[] = "\4gslb\7example\3com";
static const uint8_t www[] = "\3www\4gslb\7example\3com";

/* Rdata of strings given as text, separated by "|". */
static size_t strings(uint8_t *out, const char *text)
{
	size_t at = 0;
	for (;;) {
		size_t n = strcspn(text, "|");
		out[at++] = (uint8_t)n;
		memcpy(out + at, text, n);
		at += n;
		if (!text[n])
			return at;
		text += n + 1;
	}
}

/* The other way round. */
static const char *shown(const uint8_t *rdata, size_t len)
{
	static char text[4096];
	size_t n = 0;
	for (size_t at = 0; at < len; at += rdata[at] + 1u)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", at ? "|" : "", rdata[at], (const char *)rdata + at + 1);
	text[n] = '\0';
	return text;
}

static const char *observation_again(const char *text)
{
	uint8_t in[1024], out[1024];
	struct update_observation o;
	const char *why;
	if (!update_observation_read(&o, in, strings(in, text), &why))
		return why;
	return shown(out, update_observation_write(&o, out, sizeof out));
}

static void observations_there_and_back(void)
{
	static const char *const same[] = {
		"observer=sjc/dnsd.one|state=up|check=L7 status 200|config=9f2c11d0|rtt=3.250|seq=1763805600000000",
		"observer=sjc/dnsd.one|state=up|capacity=70|weight=75%|check=L7 says up 75% maxconn:70|seq=1",
		"observer=sjc/agent|sessions=812|capacity=20000|load=0.040000|cost=1.500",
		"observer=sjc/fwd.a.b|state=drain|local=2/3|forwarded=12.500|tail=0.400|failed=1795382296183216|seq=18446744073709551615",
	};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		CU_ASSERT_STRING_EQUAL(observation_again(same[i]), same[i]);
	CU_ASSERT_STRING_EQUAL(observation_again("seq=7|state=down|observer=a/b|later=1|flag|rtt=2"), "observer=a/b|state=down|rtt=2.000|seq=7");
	CU_ASSERT_STRING_EQUAL(observation_again("observer=a/b|load=1|rtt=1.23456"), "observer=a/b|load=1.000000|rtt=1.234");
	CU_ASSERT_STRING_EQUAL(observation_again("observer=a/b|state=unknown"), "observer=a/b");
	CU_ASSERT_STRING_EQUAL(observation_again("observer=a/b|state=up|weight=0%"), "observer=a/b|state=drain|weight=0%");
	CU_ASSERT_STRING_EQUAL(observation_again("weight=0%|observer=a/b"), "observer=a/b|state=drain|weight=0%");
	CU_ASSERT_STRING_EQUAL(observation_again("observer=a/b|state=down|weight=0%"), "observer=a/b|state=down|weight=0%");
}

static void observations_that_are_wrong(void)
{
	static const struct { const char *text, *why; } rows[] = {
		{ "state=up", "observer= is missing" },
		{ "observer=sjc|state=up", "observer= is not SITE/PROGRAM" },
		{ "observer=/dnsd", "observer= is not SITE/PROGRAM" },
		{ "observer=sjc/", "observer= is not SITE/PROGRAM" },
		{ "observer=sjc/.one", "observer= is not SITE/PROGRAM" },
		{ "observer=sjc/a b", "observer= is not SITE/PROGRAM" },
		{ "observer=a/b|state=Up", "state= is none of up, down, drain, unknown" },
		{ "observer=a/b|rtt=-1", "rtt= is not milliseconds" },
		{ "observer=a/b|rtt=.", "rtt= is not milliseconds" },
		{ "observer=a/b|rtt=1.2.3", "rtt= is not milliseconds" },
		{ "observer=a/b|rtt=", "rtt= is not milliseconds" },
		{ "observer=a/b|sessions=1.5", "sessions= is not a number" },
		{ "observer=a/b|failed=0", "failed= is not a number above 0" },
		{ "observer=a/b|sessions=4294967296", "sessions= is not a number" },
		{ "observer=a/b|load=1.1", "load= is not a number from 0 to 1" },
		{ "observer=a/b|seq=0", "seq= is not a number above 0" },
		{ "observer=a/b|seq=18446744073709551616", "seq= is not a number above 0" },
		{ "observer=a/b|config=123456789", "config= is not hexadecimal" },
		{ "observer=a/b|weight=75", "weight= is not a percentage up to 1000%" },
		{ "observer=a/b|weight=%", "weight= is not a percentage up to 1000%" },
		{ "observer=a/b|weight=1001%", "weight= is not a percentage up to 1000%" },
		{ "observer=a/b|local=1", "local= is not UP/ALL" },
		{ "observer=a/b|cost=1844674407370955161600", "cost= is not a number" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CU_ASSERT_STRING_EQUAL(observation_again(rows[i].text), rows[i].why);
	char text[400] = "observer=a/";
	memset(text + 11, 'b', UPDATE_OBSERVER_MAX - 2);
	CU_ASSERT_STRING_EQUAL(observation_again(text), text);
	text[11 + UPDATE_OBSERVER_MAX - 2] = 'b';
	CU_ASSERT_STRING_EQUAL(observation_again(text), "observer= is not SITE/PROGRAM");
}

static void parts_of_an_observer(void)
{
	struct update_observer o;
	CU_ASSERT_TRUE_FATAL(update_observer_read(&o, "sjc/dnsd.host.example"));
	CU_ASSERT(o.site_len == 3 && memcmp(o.site, "sjc", 3) == 0);
	CU_ASSERT(o.program_len == 4 && memcmp(o.program, "dnsd", 4) == 0);
	CU_ASSERT(o.instance_len == 12 && memcmp(o.instance, "host.example", 12) == 0);
	CU_ASSERT_TRUE_FATAL(update_observer_read(&o, "sjc/agent"));
	CU_ASSERT(o.program_len == 5 && o.instance_len == 0);
}

static const char *admin_again(const char *text)
{
	uint8_t in[2048], out[2048];
	struct update_admin a;
	const char *why;
	if (!update_admin_read(&a, in, strings(in, text), &why))
		return why;
	return shown(out, update_admin_write(&a, out, sizeof out));
}

static void admin_records(void)
{
	CU_ASSERT_STRING_EQUAL(admin_again("set=drain|until=2026-11-22T10:00:00Z|note=a b|by=ops|seq=12"),
	                       "set=drain|until=2026-11-22T10:00:00Z|note=a b|by=ops|seq=12");
	CU_ASSERT_STRING_EQUAL(admin_again("force=yes|set=none"), "set=none");
	CU_ASSERT_STRING_EQUAL(admin_again("set=unknown"), "set= is none of up, down, drain, none");
	CU_ASSERT_STRING_EQUAL(admin_again("set=up|set=Down"), "set= is none of up, down, drain, none");
	CU_ASSERT_STRING_EQUAL(admin_again("note=x"), "set= is missing");
	CU_ASSERT_STRING_EQUAL(admin_again("set=up|force=1"), "force= is neither yes nor no");
	CU_ASSERT_STRING_EQUAL(admin_again("set=up|until=tomorrow"), "until= is not a time as 2026-11-22T10:00:00Z");
}

static void times(void)
{
	static const struct { const char *text; int64_t time; } rows[] = {
		{ "2026-11-22T10:00:00Z", 1795341600 }, { "2026-11-22T11:30:00+01:30", 1795341600 },
		{ "2026-11-22T02:00:00.25-08:00", 1795341600 }, { "2026-11-22t10:00:00z", 1795341600 },
		{ "2024-02-29T00:00:00Z", 1709164800 }, { "2026-12-31T23:59:60Z", 1798761600 },
		{ "2026-11-22 10:00:00Z", -1 }, { "2026-11-22T10:00:00", -1 }, { "2026-13-01T00:00:00Z", -1 },
		{ "2026-02-30T10:00:01Z", -1 }, { "2026-11-22T24:00:00Z", -1 }, { "2026-11-22T10:00:00+0100", -1 }, { "", -1 },
		{ "2026-11-22T10:00:00Zx", -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t t = 0;
		bool good = update_time_read(rows[i].text, &t);
		CU_ASSERT_EQUAL(good, rows[i].time >= 0);
		if (good)
			CU_ASSERT_EQUAL(t, rows[i].time);
	}
}

static void owners_there_and_back(void)
{
	static const enum update_kind kinds[] = { UPDATE_OBSERVATION, UPDATE_ADMIN_MEMBER, UPDATE_ADMIN_SITE };
	for (size_t i = 0; i < 3; i++) {
		uint8_t owner[DNAME_MAX];
		struct update_owner o;
		const uint8_t *below = kinds[i] == UPDATE_ADMIN_SITE ? zone : www;
		CU_ASSERT_NOT_EQUAL_FATAL(update_owner_write(owner, kinds[i], "den", below), 0);
		update_owner_read(&o, owner, zone);
		CU_ASSERT_EQUAL(o.kind, kinds[i]);
		CU_ASSERT_STRING_EQUAL(o.label, "den");
		CU_ASSERT_EQUAL(o.service != NULL, kinds[i] != UPDATE_ADMIN_SITE);
		if (o.service)
			CU_ASSERT_TRUE(dname_equal(o.service, www));
	}
}

static void owners_of_nothing(void)
{
	static const char *const others[] = { "gslb.example.com.", "www.gslb.example.com.", "_health.www.gslb.example.com.",
		"den._explain.www.gslb.example.com.", "den._sites.www.gslb.example.com.", "_sites.gslb.example.com.", "a._health.com." };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		uint8_t name[DNAME_MAX];
		struct update_owner o;
		const char *why;
		CU_ASSERT_NOT_EQUAL_FATAL(dname_from_text(name, others[i], strlen(others[i]), NULL, &why), 0);
		update_owner_read(&o, name, zone);
		CU_ASSERT_EQUAL(o.kind, UPDATE_OTHER);
	}
}

static size_t message(uint8_t *buffer, size_t size, unsigned records)
{
	struct update_writer w;
	uint8_t owner[DNAME_MAX], rdata[64];
	size_t len = strings(rdata, "observer=sjc/dnsd.one|state=up");
	update_owner_write(owner, UPDATE_OBSERVATION, "den", www);
	update_begin(&w, buffer, size, 4711, zone);
	for (unsigned i = 0; i < records; i++)
		if (!update_add(&w, owner, 10 + i, rdata, len))
			break;
	return update_end(&w);
}

static void messages_there_and_back(void)
{
	uint8_t msg[512];
	struct update u;
	struct update_record r;
	const char *why = "";
	size_t len = message(msg, sizeof msg, 3);
	CU_ASSERT_EQUAL_FATAL(update_read(&u, msg, len, &why), UPDATE_OK);
	CU_ASSERT_EQUAL(u.id, 4711);
	CU_ASSERT_TRUE(dname_equal(u.zone, zone));
	unsigned n = 0;
	while (update_next(&u, &r)) {
		CU_ASSERT_EQUAL(r.ttl, 10 + n++);
		CU_ASSERT_EQUAL(r.action, UPDATE_ADD);
		CU_ASSERT_STRING_EQUAL(shown(r.rdata, r.len), "observer=sjc/dnsd.one|state=up");
	}
	CU_ASSERT_EQUAL(n, 3);
	/* none is a message, too: somebody is there */
	CU_ASSERT_EQUAL(update_read(&u, msg, message(msg, sizeof msg, 0), &why), UPDATE_OK);
	CU_ASSERT_FALSE(update_next(&u, &r));
}

static void a_full_message_keeps_what_fits(void)
{
	uint8_t msg[200];
	struct update u;
	const char *why;
	size_t len = message(msg, sizeof msg, 100);
	CU_ASSERT_TRUE(len > 0 && len <= sizeof msg);
	CU_ASSERT_EQUAL(update_read(&u, msg, len, &why), UPDATE_OK);
	CU_ASSERT_TRUE(u.count > 1 && u.count < 10);
	CU_ASSERT_EQUAL(message(msg, 20, 1), 0);
}

/* One record, what is seen of it at a glance: "PHRASE,rtt,seq", or "-". */
static const char *glanced(const char *text, const char *guess)
{
	static char out[1200];
	uint8_t msg[1200], owner[DNAME_MAX], rdata[1024], likely[512];
	struct update_writer w;
	struct update u;
	struct update_glance g;
	char phrase[1024];
	const char *why;
	size_t guess_len = guess ? strings(likely, guess) : 0;
	update_owner_write(owner, UPDATE_OBSERVATION, "den", www);
	update_begin(&w, msg, sizeof msg, 1, zone);
	update_add(&w, owner, 10, rdata, strings(rdata, text));
	if (update_read(&u, msg, update_end(&w), &why) != UPDATE_OK || !update_glance(&u, guess ? likely : NULL, guess_len, &g))
		return "-";
	uint8_t wire[DNAME_MAX + 2];
	CU_ASSERT_EQUAL(update_owner_on_wire(wire, owner, zone), g.owner_len);
	CU_ASSERT(memcmp(wire, g.owner, g.owner_len) == 0 && g.ttl == 10 && u.left == 0);
	strcpy(phrase, shown(g.phrase, g.phrase_len));
	snprintf(out, sizeof out, "%s,%s%u,%llu", phrase, g.has_rtt ? "" : "no ", (unsigned)g.rtt_us, (unsigned long long)g.seq);
	return out;
}

static void at_a_glance(void)
{
	static const struct { const char *text, *wanted; } rows[] = {
		{ "observer=a/dnsd|state=up|rtt=3.250|seq=17", "observer=a/dnsd|state=up,3250,17" },
		{ "observer=a/dnsd|state=up|seq=17", "observer=a/dnsd|state=up,no 0,17" },
		{ "observer=a/dnsd|rtt=1.000|state=up|seq=17", "observer=a/dnsd|rtt=1.000|state=up,no 0,17" },
		{ "observer=a/dnsd|rtt=0.000|seq=9999999999999999999", "observer=a/dnsd,0,9999999999999999999" },
		{ "observer=a/dnsd|rtt=1.00|seq=17", "-" }, { "observer=a/dnsd|rtt=.000|seq=17", "-" }, { "observer=a/dnsd|rtt=1234567.000|seq=17", "-" },
		{ "observer=a/dnsd|seq=0", "-" }, { "observer=a/dnsd|seq=", "-" }, { "observer=a/dnsd|seq=1x", "-" },
		{ "observer=a/dnsd|seq=18446744073709551615", "-" }, { "seq=5|observer=a/dnsd", "-" }, { "observer=a/dnsd", "-" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CU_ASSERT_STRING_EQUAL(glanced(rows[i].text, NULL), rows[i].wanted);
		CU_ASSERT_STRING_EQUAL(glanced(rows[i].text, "observer=a/dnsd|state=up"), rows[i].wanted);
		CU_ASSERT_STRING_EQUAL(glanced(rows[i].text, "observer=a/dnsd"), rows[i].wanted);
	}
}

/* Every way to be cut short, and every way to be changed in one byte, ends somewhere. */
static void broken_messages(void)
{
	uint8_t msg[512], copy[512];
	struct update u;
	struct update_record r;
	const char *why;
	size_t len = message(msg, sizeof msg, 2);
	for (size_t n = 0; n < len; n++)
		CU_ASSERT_EQUAL(update_read(&u, msg, n, &why), UPDATE_FORMERR);
	for (size_t at = 0; at < len; at++) {
		for (unsigned v = 0; v < 256; v++) {
			memcpy(copy, msg, len);
			copy[at] = (uint8_t)v;
			if (update_read(&u, copy, len, &why) == UPDATE_OK)
				while (update_next(&u, &r))
					;
		}
	}
}

struct change { size_t at; uint16_t value; enum update_rcode wanted; };

static void rcodes(void)
{
	uint8_t msg[512];
	struct update u;
	const char *why;
	size_t zone_end = 12 + sizeof zone, record = zone_end + 4 + 4 + 8 + 4 + 2; /* den _health www and the pointer */
	const struct change rows[] = {
		{ 4, 0, UPDATE_FORMERR }, { 4, 2, UPDATE_FORMERR }, { 6, 1, UPDATE_REFUSED }, { 8, 2, UPDATE_FORMERR },
		{ zone_end, 1, UPDATE_FORMERR }, { zone_end + 2, 3, UPDATE_REFUSED },
		{ record, 1, UPDATE_REFUSED }, { record, 255, UPDATE_REFUSED },
		{ record + 2, 3, UPDATE_FORMERR }, { record + 2, 255, UPDATE_FORMERR }, { record + 2, 254, UPDATE_FORMERR },
		{ record + 8, 1, UPDATE_FORMERR },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t len = message(msg, sizeof msg, 1);
		wire_set16(msg + rows[i].at, rows[i].value);
		CU_ASSERT_EQUAL(update_read(&u, msg, len, &why), rows[i].wanted);
	}
	size_t len = message(msg, sizeof msg, 1);
	wire_set16(msg + record - 2, 0xc00c + 5); /* the zone's parent */
	CU_ASSERT_EQUAL(update_read(&u, msg, len, &why), UPDATE_NOTZONE);
}

UNIT_MAIN("update",
	UNIT_TEST(observations_there_and_back),
	UNIT_TEST(observations_that_are_wrong),
	UNIT_TEST(parts_of_an_observer),
	UNIT_TEST(admin_records),
	UNIT_TEST(times),
	UNIT_TEST(owners_there_and_back),
	UNIT_TEST(owners_of_nothing),
	UNIT_TEST(messages_there_and_back),
	UNIT_TEST(at_a_glance),
	UNIT_TEST(a_full_message_keeps_what_fits),
	UNIT_TEST(broken_messages),
	UNIT_TEST(rcodes))
