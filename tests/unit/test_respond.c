/* The way of a query without sockets: a zone from a file, messages in, messages out, read back with ldns. */
#include <fcntl.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../common/conf.h"
#include "../../common/errs.h"
#include "../../common/live.h"
#include "../../dnsd/respond.h"
#include "../../dnsd/generation.h"
#include "../../dnsd/zone_build.h"
#include "unit.h"

static const char zone_text[] =
	"$ORIGIN gslb.example.com.\n"
	"$TTL 3600\n"
	"@ SOA ns1 hostmaster 7 3600 600 604800 30\n"
	" NS ns1\n"
	" NS ns.elsewhere.net.\n"
	"ns1 A 192.0.2.53\n"
	"static A 192.0.2.1\n"
	" A 192.0.2.2\n"
	" TXT \"a text\"\n"
	"mx MX 10 mail.gslb.example.com.\n"
	"alias CNAME static\n"
	"chain1 CNAME chain2\n"
	"chain2 CNAME alias\n"
	"out CNAME www.elsewhere.net.\n"
	"loop1 CNAME loop2\n"
	"loop2 CNAME loop1\n"
	"dangling CNAME nothing\n"
	"to-lb CNAME www\n"
	"to-sub CNAME host.sub\n"
	"a.b.ent A 192.0.2.3\n"
	"*.wild A 192.0.2.4\n"
	"host.wild TXT \"here\"\n"
	"*.walias CNAME static\n"
	"sub NS ns.sub\n"
	" NS ns1\n"
	" DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000\n"
	"ns.sub A 192.0.2.60\n"
	" AAAA 2001:db8::60\n"
	"dn DNAME target.elsewhere.net.\n"
	"din DNAME wild\n"
	"www LB sjc 203.0.113.10,2001:db8:1::10 check=none\n"
	" LB den 198.51.100.10 check=none\n"
	" TXT \"beside\"\n"
	" POLICY rank\n"
	"*.app LB sjc 203.0.113.30 check=none\n"
	"four LB sjc 192.0.2.11 name=a weight=10 check=none\n LB sjc 192.0.2.12 name=b weight=20 check=none\n"
	" LB den 192.0.2.13 name=c weight=30 check=none\n LB den 192.0.2.14 name=d weight=0 check=none\n"
	"cdn LB - fallback.cdn.example.net. check=none\n";

static const char conf_text[] =
	"site = \"sjc\"; user = \"\";\n"
	"sites = ( { name = \"sjc\"; control = [ \"127.1.0.53@53\" ]; key = \"k\"; }, { name = \"den\"; control = [ \"127.2.0.53@53\" ]; key = \"k\"; } );\n"
	"keys = ( { name = \"k\"; secret = \"MDEyMzQ1Njc4OWFiY2RlZg==\"; } );\n"
	"dns = { listen = [ \"127.0.0.1@53\" ]; zones = \".\"; };\n";

static struct generation *gen;
static struct responder *responder;
static struct live *live;
static uint8_t msg[65535 + ZONE_NAME_SLACK];

/* A state as control publishes it: the gate of `down` members, a TTL, ready. */
static void publish(struct lb *lb, unsigned down, bool ready)
{
	struct member_view views[SERVICE_MEMBERS_MAX];
	struct gate gate;
	for (size_t i = 0; i < lb->service->nmembers; i++)
		views[i] = (struct member_view){ .verdict = down >> i & 1 ? VERDICT_DOWN : VERDICT_UP };
	gate_compute(lb->service, views, MEMBER_NO_SITE, true, &gate);
	struct lb_state *st = lb_state_new(&gate);
	CU_ASSERT_FATAL(st != NULL);
	st->ttl = 30;
	st->ready = ready;
	st->down[0] = (uint8_t)down;
	lb_state_delete(atomic_exchange(&lb->state, st));
}

static struct lb *service(const char *name)
{
	for (size_t i = 0; i < gen->zones[0]->nservices; i++) {
		char text[DNAME_TEXT_MAX];
		if (strcmp(dname_to_text(gen->zones[0]->services[i]->service->name, text), name) == 0)
			return gen->zones[0]->services[i];
	}
	CU_FAIL_FATAL("no such service");
	return NULL;
}

static void put_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CU_ASSERT_FATAL(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void load(void)
{
	char folder[] = "/tmp/fairlead-respond.XXXXXX", zone[100], file[100];
	struct errs errs;
	CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
	snprintf(zone, sizeof zone, "%s/gslb.example.com.zone", folder);
	snprintf(file, sizeof file, "%s/fairlead.conf", folder);
	put_file(zone, zone_text);
	put_file(file, conf_text);
	errs_init(&errs);
	struct conf *conf = conf_load(file, &errs);
	gen = conf ? generation_load(conf, NULL, &errs) : NULL;
	errs_print(&errs, stdout);
	CU_ASSERT_EQUAL_FATAL(errs.count, 0);
	CU_ASSERT_FATAL(gen != NULL && gen->nzones == 1);
	errs_free(&errs);
	remove(zone);
	remove(file);
	rmdir(folder);
	live = live_new();
	for (size_t i = 0; i < gen->zones[0]->nservices; i++) {
		struct lb *lb = gen->zones[0]->services[i];
		publish(lb, 0, true);
		for (size_t m = 0; m < lb->service->nmembers; m++) {
			lb->members[m].live = live_get(live, lb->service, &lb->service->members[m]);
			atomic_store(&lb->members[m].live->verdict, VERDICT_UP);
		}
	}
	responder = malloc(sizeof *responder);
	responder_init(responder, 1);
}

static size_t ask_bytes(const char *name, ldns_rr_type type, size_t edns, bool tcp)
{
	ldns_pkt *q = ldns_pkt_query_new(ldns_dname_new_frm_str(name), type, LDNS_RR_CLASS_IN, LDNS_RD);
	uint8_t *wire = NULL;
	size_t len = 0;
	struct addr client;
	ldns_pkt_set_id(q, 0x4242);
	if (edns)
		ldns_pkt_set_edns_udp_size(q, (uint16_t)edns);
	CU_ASSERT_FATAL(ldns_pkt2wire(&wire, q, &len) == LDNS_STATUS_OK);
	memcpy(msg, wire, len);
	free(wire);
	ldns_pkt_free(q);
	addr_parse(&client, "127.0.0.1", 4242);
	return respond(responder, gen, msg, len, tcp ? 65535 : 1472, &client, tcp);
}

static ldns_pkt *ask(const char *name, ldns_rr_type type)
{
	ldns_pkt *a = NULL;
	size_t len = ask_bytes(name, type, 1232, false);
	CU_ASSERT_FATAL(len != 0 && ldns_wire2pkt(&a, msg, len) == LDNS_STATUS_OK);
	CU_ASSERT(ldns_pkt_id(a) == 0x4242 && ldns_pkt_qr(a) && ldns_pkt_rd(a) && !ldns_pkt_ra(a));
	return a;
}

/* Sections as text, without TTL columns' tabs being of interest: each record "owner ttl type rdata;", sections split by '|'. */
static const char *text_of(const char *name, ldns_rr_type type)
{
	static char out[8192];
	ldns_pkt *a = ask(name, type);
	ldns_rr_list *sections[] = { ldns_pkt_answer(a), ldns_pkt_authority(a), ldns_pkt_additional(a) };
	size_t n = (size_t)snprintf(out, sizeof out, "%d%s", ldns_pkt_get_rcode(a), ldns_pkt_aa(a) ? " aa" : "");
	for (size_t s = 0; s < 3; s++) {
		n += (size_t)snprintf(out + n, sizeof out - n, "|");
		for (size_t i = 0; i < ldns_rr_list_rr_count(sections[s]); i++) {
			char *rr = ldns_rr2str(ldns_rr_list_rr(sections[s], i));
			for (char *p = rr; *p; p++)
				*p = *p == '\t' ? ' ' : *p == '\n' ? ';' : *p;
			n += (size_t)snprintf(out + n, sizeof out - n, "%s", rr);
			free(rr);
		}
	}
	ldns_pkt_free(a);
	return out;
}

#define SOA(ttl) "gslb.example.com. " ttl " IN SOA ns1.gslb.example.com. hostmaster.gslb.example.com. 7 3600 600 604800 30;"

static void answers_as_the_rfcs_say(void)
{
	static const struct { const char *name; ldns_rr_type type; const char *want; } cases[] = {
		{ "static.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|static.gslb.example.com. 3600 IN A 192.0.2.1;static.gslb.example.com. 3600 IN A 192.0.2.2;||" },
		{ "StAtIc.gslb.example.com.", LDNS_RR_TYPE_TXT, "0 aa|StAtIc.gslb.example.com. 3600 IN TXT \"a text\";||" },
		{ "static.gslb.example.com.", LDNS_RR_TYPE_AAAA, "0 aa||" SOA("30") "|" },
		{ "nothing.gslb.example.com.", LDNS_RR_TYPE_A, "3 aa||" SOA("30") "|" },
		{ "a.b.c.d.e.f.nothing.gslb.example.com.", LDNS_RR_TYPE_A, "3 aa||" SOA("30") "|" },
		{ "gslb.example.com.", LDNS_RR_TYPE_SOA, "0 aa|" SOA("3600") "||" },
		{ "gslb.example.com.", LDNS_RR_TYPE_NS, "0 aa|gslb.example.com. 3600 IN NS ns1.gslb.example.com.;gslb.example.com. 3600 IN NS ns.elsewhere.net.;||" },
		{ "mx.gslb.example.com.", LDNS_RR_TYPE_MX, "0 aa|mx.gslb.example.com. 3600 IN MX 10 mail.gslb.example.com.;||" },
		{ "ent.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa||" SOA("30") "|" },
		{ "x.ent.gslb.example.com.", LDNS_RR_TYPE_A, "3 aa||" SOA("30") "|" },
		{ "a.b.ent.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|a.b.ent.gslb.example.com. 3600 IN A 192.0.2.3;||" },
		{ "alias.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|alias.gslb.example.com. 3600 IN CNAME static.gslb.example.com.;"
			"static.gslb.example.com. 3600 IN A 192.0.2.1;static.gslb.example.com. 3600 IN A 192.0.2.2;||" },
		{ "alias.gslb.example.com.", LDNS_RR_TYPE_CNAME, "0 aa|alias.gslb.example.com. 3600 IN CNAME static.gslb.example.com.;||" },
		{ "chain1.gslb.example.com.", LDNS_RR_TYPE_TXT, "0 aa|chain1.gslb.example.com. 3600 IN CNAME chain2.gslb.example.com.;"
			"chain2.gslb.example.com. 3600 IN CNAME alias.gslb.example.com.;alias.gslb.example.com. 3600 IN CNAME static.gslb.example.com.;"
			"static.gslb.example.com. 3600 IN TXT \"a text\";||" },
		{ "alias.gslb.example.com.", LDNS_RR_TYPE_AAAA, "0 aa|alias.gslb.example.com. 3600 IN CNAME static.gslb.example.com.;|" SOA("30") "|" },
		{ "out.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|out.gslb.example.com. 3600 IN CNAME www.elsewhere.net.;||" },
		{ "loop1.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|loop1.gslb.example.com. 3600 IN CNAME loop2.gslb.example.com.;loop2.gslb.example.com. 3600 IN CNAME loop1.gslb.example.com.;||" },
		{ "dangling.gslb.example.com.", LDNS_RR_TYPE_A, "3 aa|dangling.gslb.example.com. 3600 IN CNAME nothing.gslb.example.com.;|" SOA("30") "|" },
		{ "x.wild.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|x.wild.gslb.example.com. 3600 IN A 192.0.2.4;||" },
		{ "x.y.wild.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|x.y.wild.gslb.example.com. 3600 IN A 192.0.2.4;||" },
		{ "x.wild.gslb.example.com.", LDNS_RR_TYPE_TXT, "0 aa||" SOA("30") "|" },
		{ "host.wild.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa||" SOA("30") "|" },
		{ "x.host.wild.gslb.example.com.", LDNS_RR_TYPE_A, "3 aa||" SOA("30") "|" },
		{ "*.wild.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|*.wild.gslb.example.com. 3600 IN A 192.0.2.4;||" },
		{ "wild.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa||" SOA("30") "|" },
		{ "x.walias.gslb.example.com.", LDNS_RR_TYPE_TXT, "0 aa|x.walias.gslb.example.com. 3600 IN CNAME static.gslb.example.com.;static.gslb.example.com. 3600 IN TXT \"a text\";||" },
		{ "sub.gslb.example.com.", LDNS_RR_TYPE_A, "0||sub.gslb.example.com. 3600 IN NS ns.sub.gslb.example.com.;sub.gslb.example.com. 3600 IN NS ns1.gslb.example.com.;|"
			"ns.sub.gslb.example.com. 3600 IN A 192.0.2.60;ns.sub.gslb.example.com. 3600 IN AAAA 2001:db8::60;ns1.gslb.example.com. 3600 IN A 192.0.2.53;" },
		{ "ns.sub.gslb.example.com.", LDNS_RR_TYPE_A, "0||sub.gslb.example.com. 3600 IN NS ns.sub.gslb.example.com.;sub.gslb.example.com. 3600 IN NS ns1.gslb.example.com.;|"
			"ns.sub.gslb.example.com. 3600 IN A 192.0.2.60;ns.sub.gslb.example.com. 3600 IN AAAA 2001:db8::60;ns1.gslb.example.com. 3600 IN A 192.0.2.53;" },
		{ "sub.gslb.example.com.", LDNS_RR_TYPE_DS, "0 aa|sub.gslb.example.com. 3600 IN DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000;||" },
		{ "to-sub.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|to-sub.gslb.example.com. 3600 IN CNAME host.sub.gslb.example.com.;|"
			"sub.gslb.example.com. 3600 IN NS ns.sub.gslb.example.com.;sub.gslb.example.com. 3600 IN NS ns1.gslb.example.com.;|"
			"ns.sub.gslb.example.com. 3600 IN A 192.0.2.60;ns.sub.gslb.example.com. 3600 IN AAAA 2001:db8::60;ns1.gslb.example.com. 3600 IN A 192.0.2.53;" },
		{ "a.b.dn.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|dn.gslb.example.com. 3600 IN DNAME target.elsewhere.net.;a.b.dn.gslb.example.com. 3600 IN CNAME a.b.target.elsewhere.net.;||" },
		{ "dn.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa||" SOA("30") "|" },
		{ "x.din.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|din.gslb.example.com. 3600 IN DNAME wild.gslb.example.com.;x.din.gslb.example.com. 3600 IN CNAME x.wild.gslb.example.com.;"
			"x.wild.gslb.example.com. 3600 IN A 192.0.2.4;||" },
		{ "example.com.", LDNS_RR_TYPE_A, "5|||" },
		{ ".", LDNS_RR_TYPE_NS, "5|||" },
		{ "static.gslb.example.com.", LDNS_RR_TYPE_AXFR, "5|||" },
		{ "static.gslb.example.com.", LDNS_RR_TYPE_MAILB, "4|||" },
		{ "static.gslb.example.com.", LDNS_RR_TYPE_ANY, "0 aa|static.gslb.example.com. 3600 IN TXT \"a text\";||" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = text_of(cases[i].name, cases[i].type);
		if (strcmp(got, cases[i].want))
			printf("\n%s type %d\n want %s\n got  %s\n", cases[i].name, cases[i].type, cases[i].want, got);
		CU_ASSERT_STRING_EQUAL(got, cases[i].want);
	}
}

static void answers_services(void)
{
	static const struct { const char *name; ldns_rr_type type; const char *want; } cases[] = {
		{ "www.gslb.example.com.", LDNS_RR_TYPE_AAAA, "0 aa|www.gslb.example.com. 30 IN AAAA 2001:db8:1::10;||" },
		{ "www.gslb.example.com.", LDNS_RR_TYPE_TXT, "0 aa|www.gslb.example.com. 3600 IN TXT \"beside\";||" },
		{ "www.gslb.example.com.", LDNS_RR_TYPE_MX, "0 aa||" SOA("30") "|" },
		{ "sjc.www.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|sjc.www.gslb.example.com. 30 IN A 203.0.113.10;||" },
		{ "den.www.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|den.www.gslb.example.com. 30 IN A 198.51.100.10;||" },
		{ "den.www.gslb.example.com.", LDNS_RR_TYPE_AAAA, "0 aa||" SOA("30") "|" },
		{ "fra.www.gslb.example.com.", LDNS_RR_TYPE_A, "3 aa||" SOA("30") "|" },
		{ "foo.app.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|foo.app.gslb.example.com. 30 IN A 203.0.113.30;||" },
		{ "sjc.foo.app.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|sjc.foo.app.gslb.example.com. 30 IN A 203.0.113.30;||" },
		{ "app.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa||" SOA("30") "|" },
		{ "cdn.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|cdn.gslb.example.com. 30 IN CNAME fallback.cdn.example.net.;||" },
		{ "cdn.gslb.example.com.", LDNS_RR_TYPE_MX, "0 aa|cdn.gslb.example.com. 30 IN CNAME fallback.cdn.example.net.;||" },
		{ "other.cdn.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|other.cdn.gslb.example.com. 30 IN CNAME fallback.cdn.example.net.;||" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CU_ASSERT_STRING_EQUAL(text_of(cases[i].name, cases[i].type), cases[i].want);

	struct lb *www = service("www.gslb.example.com.");
	publish(www, 1, true);
	CU_ASSERT_STRING_EQUAL(text_of("www.gslb.example.com.", LDNS_RR_TYPE_A), "0 aa|www.gslb.example.com. 30 IN A 198.51.100.10;||");
	CU_ASSERT_STRING_EQUAL(text_of("sjc.www.gslb.example.com.", LDNS_RR_TYPE_A), "0 aa|sjc.www.gslb.example.com. 30 IN A 198.51.100.10;||");
	CU_ASSERT_STRING_EQUAL(text_of("to-lb.gslb.example.com.", LDNS_RR_TYPE_A),
		"0 aa|to-lb.gslb.example.com. 3600 IN CNAME www.gslb.example.com.;www.gslb.example.com. 30 IN A 198.51.100.10;||");
	/* A family alone never leads past the gate: den has no AAAA. */
	CU_ASSERT_STRING_EQUAL(text_of("www.gslb.example.com.", LDNS_RR_TYPE_AAAA), "0 aa||" SOA("30") "|");
	publish(www, 0, false);
	CU_ASSERT_STRING_EQUAL(text_of("www.gslb.example.com.", LDNS_RR_TYPE_A), "2|||");
	CU_ASSERT_STRING_EQUAL(text_of("to-lb.gslb.example.com.", LDNS_RR_TYPE_A), "2|||");
	publish(www, 0, true);
}

/* Weights are kept over many queries; weight 0 is answered only when nothing else is left. */
static void draws_by_weight(void)
{
	unsigned seen[4] = { 0 };
	for (unsigned i = 0; i < 60000; i++) {
		size_t n = ask_bytes("four.gslb.example.com.", LDNS_RR_TYPE_A, 0, false);
		CU_ASSERT_FATAL(n > 4 && msg[n - 1] >= 11 && msg[n - 1] <= 14);
		seen[msg[n - 1] - 11]++;
	}
	CU_ASSERT(seen[0] > 9500 && seen[0] < 10500);
	CU_ASSERT(seen[1] > 19400 && seen[1] < 20600);
	CU_ASSERT(seen[2] > 29300 && seen[2] < 30700);
	CU_ASSERT_EQUAL(seen[3], 0);
	publish(service("four.gslb.example.com."), 7, true);
	CU_ASSERT_STRING_EQUAL(text_of("four.gslb.example.com.", LDNS_RR_TYPE_A), "0 aa|four.gslb.example.com. 30 IN A 192.0.2.14;||");
	publish(service("four.gslb.example.com."), 0, true);
}

/* Every name from every truncation and flip of a query: an answer within its bounds, or none; ASan watches. */
static void mangled_queries_stay_in_bounds(void)
{
	uint8_t query[600];
	struct addr client;
	uint64_t state = 42;
	size_t len = ask_bytes("www.gslb.example.com.", LDNS_RR_TYPE_A, 0, false) - 16;
	memcpy(query, msg, len);
	query[2] = 1;
	query[7] = 0;
	addr_parse(&client, "127.0.0.1", 4242);
	for (unsigned i = 0; i < 200000; i++) {
		memcpy(msg, query, len);
		for (unsigned k = (unsigned)(select_random(&state) % 4); k < 4; k++)
			msg[select_random(&state) % len] = (uint8_t)select_random(&state);
		size_t n = respond(responder, gen, msg, select_random(&state) % (len + 1), 1472, &client, false);
		CU_ASSERT(n <= UDP_EDNS_MAX);
	}
}

static const char *txt_of(const char *name)
{
	static char out[4096];
	snprintf(out, sizeof out, "%s", text_of(name, LDNS_RR_TYPE_TXT));
	return out;
}

static void tells_health(void)
{
	const char *two = txt_of("_health.www.gslb.example.com.");
	CU_ASSERT(strstr(two, "0 aa|_health.www.gslb.example.com. 0 IN TXT \"site=sjc\" \"state=up\" \"address=203.0.113.10,2001:db8:1::10\"") == two);
	CU_ASSERT(strstr(two, "\"site=den\" \"state=up\" \"address=198.51.100.10\"") != NULL);
	CU_ASSERT(strstr(txt_of("sjc._health.www.gslb.example.com."), "\"observer=sjc\" \"state=up\"") != NULL);
	CU_ASSERT(strstr(txt_of("_health.foo.app.gslb.example.com."), "|_health.foo.app.gslb.example.com. 0 IN TXT \"site=sjc\" \"state=up\"") != NULL);
	CU_ASSERT(strstr(txt_of("sjc._health.foo.app.gslb.example.com."), "\"observer=sjc\" \"state=up\"") != NULL);
	CU_ASSERT(strstr(txt_of("_health.*.app.gslb.example.com."), "\"site=sjc\"") != NULL);
	const char *sites = txt_of("_sites.gslb.example.com.");
	CU_ASSERT(strstr(sites, "\"site=sjc\" \"state=heard\" \"members=4/4\"") != NULL);
	CU_ASSERT(strstr(sites, "\"site=den\" \"state=unheard\"") != NULL);
	CU_ASSERT_STRING_EQUAL(text_of("_health.www.gslb.example.com.", LDNS_RR_TYPE_A), "0 aa||" SOA("0") "|");
}

/* Who isn't in dns.health_from (here: loopback and the sites) is told so. */
static void keeps_health_from_strangers(void)
{
	struct addr stranger;
	static const char *const names[] = { "_health.www.gslb.example.com.", "sjc._health.www.gslb.example.com.", "_sites.gslb.example.com.", "_health.x.app.gslb.example.com." };
	addr_parse(&stranger, "198.51.100.77", 4242);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		ldns_pkt *q = ldns_pkt_query_new(ldns_dname_new_frm_str(names[i]), LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_IN, 0);
		uint8_t *wire = NULL;
		size_t len = 0;
		ldns_pkt_set_edns_udp_size(q, 1232);
		CU_ASSERT_FATAL(ldns_pkt2wire(&wire, q, &len) == LDNS_STATUS_OK);
		memcpy(msg, wire, len);
		free(wire);
		ldns_pkt_free(q);
		size_t n = respond(responder, gen, msg, len, 1472, &stranger, false);
		CU_ASSERT_EQUAL(msg[3] & 15, RCODE_REFUSED);
		CU_ASSERT_EQUAL(wire_get16(msg + 6), 0);
		/* OPT with the extended error 18 (RFC 8914) */
		CU_ASSERT(n > len && wire_get16(msg + len) == 15 && wire_get16(msg + len + 4) == EDE_PROHIBITED);
	}
}

static void unload(void)
{
	for (size_t i = 0; i < gen->zones[0]->nservices; i++)
		for (size_t m = 0; m < gen->zones[0]->services[i]->service->nmembers; m++)
			live_put(live, gen->zones[0]->services[i]->members[m].live);
	live_delete(live);
	generation_delete(gen);
	free(responder);
}

UNIT_MAIN("respond", UNIT_TEST(load), UNIT_TEST(answers_as_the_rfcs_say), UNIT_TEST(answers_services), UNIT_TEST(draws_by_weight), UNIT_TEST(tells_health), UNIT_TEST(keeps_health_from_strangers),
	UNIT_TEST(mangled_queries_stay_in_bounds),
	UNIT_TEST(unload))
