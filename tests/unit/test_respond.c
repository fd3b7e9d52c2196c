/* The way of a query without sockets: a zone from a file, messages in, messages out, read back with ldns. */
#include <fcntl.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../common/conf.h"
#include "../../common/errs.h"
#include "../../common/live.h"
#include "../../common/random.h"
#include "../../dnsd/cookie.h"
#include "../../dnsd/respond.h"
#include "../../dnsd/rrl.h"
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
	"dn2 DNAME din\n"
	"dnself DNAME dnself\n"
	"loop3 DNAME loop4\n"
	"loop4 DNAME loop3\n"
	"www LB sjc 203.0.113.10,2001:db8:1::10 check=none\n"
	" LB den 198.51.100.10 check=none\n"
	" TXT \"beside\"\n"
	" POLICY rank\n"
	"*.app LB sjc 203.0.113.30 check=none\n"
	"four LB sjc 192.0.2.11 name=a weight=10 check=none\n LB sjc 192.0.2.12 name=b weight=20 check=none\n"
	" LB den 192.0.2.13 name=c weight=30 check=none\n LB den 192.0.2.14 name=d weight=0 check=none\n"
	"six LB sjc 2001:db8:1::66 name=six check=none\n LB den 192.0.2.66 name=four check=none\n POLICY rank\n"
	"cdn LB - fallback.cdn.example.net. check=none\n"
	"near LB sjc 192.0.2.21 check=none\n LB den 192.0.2.22 check=none\n POLICY near\n"
	"www HTTPS 1 . alpn=h2\n"
	"svc HTTPS 1 static alpn=h2\n HTTPS 2 www alpn=h3\n HTTPS 3 www\n HTTPS 4 out.elsewhere.net.\n HTTPS 5 nothing\n HTTPS 6 sjc.www\n"
	"self SVCB 1 . alpn=h2\n SVCB 2 self\n A 192.0.2.70\n AAAA 2001:db8::70\n"
	"apex HTTPS 0 svc\n"
	"lbalias HTTPS 0 www\n"
	"gone HTTPS 0 .\n"
	"round HTTPS 0 round\n"
	"viaalias HTTPS 1 alias\n"
	"viacut HTTPS 1 host.sub\n"
	"viawild HTTPS 1 x.y.app\n HTTPS 2 sjc.z.app\n HTTPS 3 any.wild\n"
	"viacdn HTTPS 1 cdn\n"
	"*.hw HTTPS 1 .\n A 192.0.2.71\n"
	"cut2 NS ns.cut2\n NS ns.sub\n NS ns1\n NS ns.elsewhere.net.\n"
	"ns.cut2 A 192.0.2.61\n";

static const char conf_text[] =
	"site = \"sjc\"; user = \"\";\n"
	"sites = ( { name = \"sjc\"; control = [ \"127.1.0.53@53\" ]; key = \"k\"; }, { name = \"den\"; control = [ \"127.2.0.53@53\" ]; key = \"k\"; } );\n"
	"keys = ( { name = \"k\"; secret = \"MDEyMzQ1Njc4OWFiY2RlZg==\"; } );\n"
	"dns = { listen = [ \"127.0.0.1@53\" ]; zones = \".\"; networks4 = 20; networks6 = 48; rate_exempt = [ \"10.9.0.0/16\" ]; responses_per_second = 5; };\n"
	"policies = ( { name = \"near\"; rules = ( { from = [ \"10.1.0.0/16\", \"2001:db8:5::/48\" ]; sites = [ \"den\" ]; metrics = [ \"rank\" ]; }, { from = [ \"10.2.0.0/17\" ]; metrics = [ \"hash\" ]; },\n"
	"  { metrics = [ \"local\" ]; } ); } );\n";

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
		{ "x.dn2.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|dn2.gslb.example.com. 3600 IN DNAME din.gslb.example.com.;x.dn2.gslb.example.com. 3600 IN CNAME x.din.gslb.example.com.;"
			"din.gslb.example.com. 3600 IN DNAME wild.gslb.example.com.;x.din.gslb.example.com. 3600 IN CNAME x.wild.gslb.example.com.;x.wild.gslb.example.com. 3600 IN A 192.0.2.4;||" },
		{ "x.dnself.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|dnself.gslb.example.com. 3600 IN DNAME dnself.gslb.example.com.;x.dnself.gslb.example.com. 3600 IN CNAME x.dnself.gslb.example.com.;||" },
		{ "a.loop3.gslb.example.com.", LDNS_RR_TYPE_A, "0 aa|loop3.gslb.example.com. 3600 IN DNAME loop4.gslb.example.com.;a.loop3.gslb.example.com. 3600 IN CNAME a.loop4.gslb.example.com.;"
			"loop4.gslb.example.com. 3600 IN DNAME loop3.gslb.example.com.;a.loop4.gslb.example.com. 3600 IN CNAME a.loop3.gslb.example.com.;||" },
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

	/* ANY: a family that somebody has who isn't asked for says nothing of who is. */
	CU_ASSERT_STRING_EQUAL(text_of("six.six.gslb.example.com.", LDNS_RR_TYPE_ANY), "0 aa|six.six.gslb.example.com. 30 IN AAAA 2001:db8:1::66;||");
	CU_ASSERT_STRING_EQUAL(text_of("four.six.gslb.example.com.", LDNS_RR_TYPE_ANY), "0 aa|four.six.gslb.example.com. 30 IN A 192.0.2.66;||");
	CU_ASSERT_STRING_EQUAL(text_of("six.gslb.example.com.", LDNS_RR_TYPE_ANY), "0 aa|six.gslb.example.com. 30 IN A 192.0.2.66;||");
	struct lb *six = service("six.gslb.example.com.");
	publish(six, 2, true);
	CU_ASSERT_STRING_EQUAL(text_of("six.gslb.example.com.", LDNS_RR_TYPE_ANY), "0 aa|six.gslb.example.com. 30 IN AAAA 2001:db8:1::66;||");
	publish(six, 0, true);

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
		for (unsigned k = (unsigned)(random64(&state) % 4); k < 4; k++)
			msg[random64(&state) % len] = (uint8_t)random64(&state);
		size_t n = respond(responder, gen, msg, random64(&state) % (len + 1), 1472, &client, false);
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
	CU_ASSERT(strstr(sites, "\"site=sjc\" \"state=heard\" \"members=6/6\"") != NULL);
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

/* ---- addresses with HTTPS and SVCB (RFC 9460 section 4.1) ---- */

#define WWW4 "www.gslb.example.com. 30 IN A 203.0.113.10;"
#define WWW6 "www.gslb.example.com. 30 IN AAAA 2001:db8:1::10;"

static void brings_addresses_with_https(void)
{
	static const struct { const char *name; ldns_rr_type type; const char *additional; } cases[] = {
		{ "www.gslb.example.com.", LDNS_RR_TYPE_HTTPS, WWW4 WWW6 },
		{ "svc.gslb.example.com.", LDNS_RR_TYPE_HTTPS, "static.gslb.example.com. 3600 IN A 192.0.2.1;static.gslb.example.com. 3600 IN A 192.0.2.2;" WWW4 WWW6
			"sjc.www.gslb.example.com. 30 IN A 203.0.113.10;sjc.www.gslb.example.com. 30 IN AAAA 2001:db8:1::10;" },
		{ "self.gslb.example.com.", LDNS_RR_TYPE_SVCB, "self.gslb.example.com. 3600 IN A 192.0.2.70;self.gslb.example.com. 3600 IN AAAA 2001:db8::70;" },
		{ "lbalias.gslb.example.com.", LDNS_RR_TYPE_HTTPS, "www.gslb.example.com. 3600 IN HTTPS 1 . alpn=h2;" WWW4 WWW6 },
		{ "gone.gslb.example.com.", LDNS_RR_TYPE_HTTPS, "" },
		{ "round.gslb.example.com.", LDNS_RR_TYPE_HTTPS, "" },
		{ "viaalias.gslb.example.com.", LDNS_RR_TYPE_HTTPS, "" },
		{ "viacut.gslb.example.com.", LDNS_RR_TYPE_HTTPS, "" },
		{ "viacdn.gslb.example.com.", LDNS_RR_TYPE_HTTPS, "" },
		{ "viawild.gslb.example.com.", LDNS_RR_TYPE_HTTPS, "x.y.app.gslb.example.com. 30 IN A 203.0.113.30;sjc.z.app.gslb.example.com. 30 IN A 203.0.113.30;any.wild.gslb.example.com. 3600 IN A 192.0.2.4;" },
		{ "a.b.hw.gslb.example.com.", LDNS_RR_TYPE_HTTPS, "a.b.hw.gslb.example.com. 3600 IN A 192.0.2.71;" },
		{ "mx.gslb.example.com.", LDNS_RR_TYPE_MX, "" },
		{ "www.gslb.example.com.", LDNS_RR_TYPE_A, "" },
	};
	publish(service("www.gslb.example.com."), 2, true);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = text_of(cases[i].name, cases[i].type);
		CU_ASSERT_STRING_EQUAL(strrchr(got, '|') + 1, cases[i].additional);
		if (strcmp(strrchr(got, '|') + 1, cases[i].additional) != 0)
			printf("\n%s: %s\n", cases[i].name, got);
	}
	/* an alias brings the records that it leads to, and theirs */
	const char *alias = strrchr(text_of("apex.gslb.example.com.", LDNS_RR_TYPE_HTTPS), '|');
	CU_ASSERT(strstr(alias, "svc.gslb.example.com. 3600 IN HTTPS 2 www.gslb.example.com. alpn=h3;") && strstr(alias, WWW4) && strstr(alias, "static.gslb.example.com. 3600 IN A 192.0.2.1;"));
	/* what has no answer now brings none, and hurts nobody */
	publish(service("www.gslb.example.com."), 0, false);
	CU_ASSERT_STRING_EQUAL(text_of("www.gslb.example.com.", LDNS_RR_TYPE_HTTPS), "0 aa|www.gslb.example.com. 3600 IN HTTPS 1 . alpn=h2;||");
	publish(service("www.gslb.example.com."), 1, true);
	CU_ASSERT(strstr(text_of("www.gslb.example.com.", LDNS_RR_TYPE_HTTPS), "|www.gslb.example.com. 30 IN A 198.51.100.10;") != NULL);
	publish(service("www.gslb.example.com."), 0, true);
}

/* Of what is extra as much as fits, and no TC for the rest; glue below the cut is not extra. */
static void leaves_extras_away(void)
{
	size_t whole = ask_bytes("svc.gslb.example.com.", LDNS_RR_TYPE_HTTPS, 1232, false);
	unsigned additional = wire_get16(msg + 10);
	CU_ASSERT(whole > 200 && additional == 7 && !(msg[2] & DNS_TC)); /* and OPT */
	struct health_moment now = { 0, 0 };
	for (size_t limit = whole; limit >= 60; limit--) {
		ask_bytes("svc.gslb.example.com.", LDNS_RR_TYPE_HTTPS, 1232, false);
		size_t n = encode_answer(msg, limit, &responder->query, &responder->answer, &now);
		CU_ASSERT(n <= limit);
		CU_ASSERT_EQUAL(!!(msg[2] & DNS_TC), wire_get16(msg + 6) == 0);
		CU_ASSERT(wire_get16(msg + 10) <= additional);
		additional = wire_get16(msg + 10);
	}
	CU_ASSERT_EQUAL(additional, 1);
	CU_ASSERT_STRING_EQUAL(strrchr(text_of("x.cut2.gslb.example.com.", LDNS_RR_TYPE_A), '|'),
		"|ns.cut2.gslb.example.com. 3600 IN A 192.0.2.61;ns.sub.gslb.example.com. 3600 IN A 192.0.2.60;ns.sub.gslb.example.com. 3600 IN AAAA 2001:db8::60;ns1.gslb.example.com. 3600 IN A 192.0.2.53;");
	whole = ask_bytes("x.cut2.gslb.example.com.", LDNS_RR_TYPE_A, 1232, false);
	for (size_t limit = whole; limit >= 80; limit--) {
		ask_bytes("x.cut2.gslb.example.com.", LDNS_RR_TYPE_A, 1232, false);
		encode_answer(msg, limit, &responder->query, &responder->answer, &now);
		CU_ASSERT_EQUAL(!!(msg[2] & DNS_TC), wire_get16(msg + 8) == 0 || wire_get16(msg + 10) < 2);
	}
}

/* ---- options ---- */

/* A query by hand: the name's wire form, and options behind it. */
static size_t ask_wire(const char *name, size_t name_len, uint16_t type, uint16_t class, const void *options, size_t options_len, const char *client, bool tcp)
{
	struct addr a;
	uint8_t *p = msg;
	static const uint8_t head[] = { 0x42, 0x42, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1 };
	memcpy(p, head, 12);
	p[5] = name_len != 0;
	p += 12;
	if (name_len) {
		memcpy(p, name, name_len);
		p += name_len;
		wire_set16(p, type);
		wire_set16(p + 2, class);
		p += 4;
	}
	static const uint8_t opt[] = { 0, 0, 41, 4, 0xd0, 0, 0, 0, 0 };
	memcpy(p, opt, sizeof opt);
	wire_set16(p + 9, (uint16_t)options_len);
	if (options_len)
		memcpy(p + 11, options, options_len);
	CU_ASSERT_FATAL(addr_parse(&a, client, 4242));
	return respond(responder, gen, msg, (size_t)(p + 11 - msg) + options_len, tcp ? 65535 : 1472, &a, tcp);
}

#define NAME(wire) wire, sizeof wire
#define NEAR NAME("\4near\4gslb\7example\3com")
#define STATIC NAME("\6static\4gslb\7example\3com")

/* The data of an option in the answer, whose OPT must be the last record; NULL: not there. */
static const uint8_t *option_of(size_t len, uint16_t code, size_t *size)
{
	ldns_pkt *a = NULL;
	static uint8_t data[600];
	CU_ASSERT_FATAL(ldns_wire2pkt(&a, msg, len) == LDNS_STATUS_OK);
	ldns_rdf *rdf = ldns_pkt_edns_data(a);
	const uint8_t *found = NULL;
	size_t n = rdf ? ldns_rdf_size(rdf) : 0;
	if (n)
		memcpy(data, ldns_rdf_data(rdf), n);
	for (size_t at = 0; at + 4 <= n; at += 4u + wire_get16(data + at + 2)) {
		if (wire_get16(data + at) != code)
			continue;
		CU_ASSERT(found == NULL);
		found = data + at + 4;
		*size = wire_get16(data + at + 2);
	}
	ldns_pkt_free(a);
	return found;
}

/* The first A record's last byte behind a question of NEAR. */
static uint8_t near_answer(void)
{
	return msg[12 + sizeof "\4near\4gslb\7example\3com" + 4 + RR_HEAD + 3];
}

static void answers_client_subnets(void)
{
	static const struct { uint8_t option[24]; size_t len; uint8_t scope, answer; } cases[] = {
		{ { 0, 8, 0, 7, 0, 1, 24, 0, 10, 1, 2 }, 11, 16, 22 },           /* the first rule hits */
		{ { 0, 8, 0, 6, 0, 1, 16, 0, 10, 1 }, 10, 16, 22 },
		{ { 0, 8, 0, 7, 0, 1, 24, 0, 10, 0, 2 }, 11, 16, 21 },           /* 10.0/16 and 10.1/16 part at the last bit; 10.2 lies further */
		{ { 0, 8, 0, 7, 0, 1, 24, 0, 10, 2, 0x80 }, 11, 17, 21 },        /* beside the second */
		{ { 0, 8, 0, 7, 0, 1, 24, 0, 10, 2, 1 }, 11, 20, 0 },            /* hash: the network */
		{ { 0, 8, 0, 5, 0, 1, 8, 0, 192 }, 9, 1, 21 },
		{ { 0, 8, 0, 10, 0, 2, 48, 0, 0x20, 1, 0xd, 0xb8, 0, 5 }, 14, 48, 22 },
		{ { 0, 8, 0, 10, 0, 2, 48, 0, 0x20, 1, 0xd, 0xb8, 0, 4 }, 14, 48, 21 },
		{ { 0, 8, 0, 4, 0, 1, 0, 0 }, 8, 0, 21 },                        /* nobody: not the resolver, whom the first rule would take */
		{ { 0, 8, 0, 4, 0, 0, 0, 0 }, 8, 0, 21 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t size, n = ask_wire(NEAR, RR_A, CLASS_IN, cases[i].option, cases[i].len, "10.1.0.1", false);
		uint8_t want[24];
		memcpy(want, cases[i].option + 4, cases[i].len - 4);
		want[3] = cases[i].scope;
		const uint8_t *got = option_of(n, 8, &size);
		CU_ASSERT_FATAL(got != NULL);
		CU_ASSERT(size == cases[i].len - 4 && memcmp(got, want, size) == 0);
		CU_ASSERT(!cases[i].answer || near_answer() == cases[i].answer);
	}
	/* what nobody's address decided, and what isn't there */
	static const uint8_t subnet[] = { 0, 8, 0, 7, 0, 1, 24, 0, 10, 1, 2 };
	static const struct { const char *name; size_t len; } plain[] = { { STATIC }, { NAME("\7nothing\4gslb\7example\3com") }, { NAME("\1x\3sub\4gslb\7example\3com") }, { NAME("\4four\4gslb\7example\3com") }, { NAME("\7foreign\3net") } };
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		size_t size, n = ask_wire(plain[i].name, plain[i].len, RR_A, CLASS_IN, subnet, sizeof subnet, "10.1.0.1", false);
		const uint8_t *got = option_of(n, 8, &size);
		CU_ASSERT(got && size == 7 && got[3] == 0);
	}
	/* without one: the resolver is the client, and the option never comes back */
	size_t size, n = ask_wire(NEAR, RR_A, CLASS_IN, NULL, 0, "10.1.0.1", false);
	CU_ASSERT(near_answer() == 22 && option_of(n, 8, &size) == NULL);
	/* who may see health is who sends, not for whom */
	static const uint8_t loopback[] = { 0, 8, 0, 8, 0, 1, 32, 0, 127, 0, 0, 1 };
	ask_wire(NAME("\7_health\4near\4gslb\7example\3com"), RR_TXT, CLASS_IN, loopback, sizeof loopback, "10.1.0.1", false);
	CU_ASSERT_EQUAL(msg[3] & 15, RCODE_REFUSED);
	static const uint8_t bad[] = { 0, 8, 0, 7, 0, 1, 24, 1, 10, 1, 2 };
	n = ask_wire(NEAR, RR_A, CLASS_IN, bad, sizeof bad, "10.1.0.1", false);
	CU_ASSERT((msg[3] & 15) == RCODE_FORMERR && option_of(n, 8, &size) == NULL);
	gen->conf->dns.ecs = false;
	n = ask_wire(NEAR, RR_A, CLASS_IN, subnet, sizeof subnet, "10.2.128.1", false);
	CU_ASSERT(near_answer() == 21 && option_of(n, 8, &size) == NULL);
	gen->conf->dns.ecs = true;
}

static void tells_its_identity(void)
{
	static const uint8_t nsid[] = { 0, 3, 0, 0 };
	size_t size, n = ask_wire(STATIC, RR_A, CLASS_IN, nsid, sizeof nsid, "10.1.0.1", false);
	const uint8_t *got = option_of(n, 3, &size);
	CU_ASSERT(got && size == 3 && memcmp(got, "sjc", 3) == 0);
	n = ask_wire(STATIC, RR_A, CLASS_IN, NULL, 0, "10.1.0.1", false);
	CU_ASSERT(option_of(n, 3, &size) == NULL);
	static const struct { const char *name; size_t len; uint16_t type; const char *text; enum rcode rcode; } cases[] = {
		{ NAME("\2iD\6server"), RR_TXT, "sjc", RCODE_NOERROR }, { NAME("\10hostname\4bind"), RR_TXT, "sjc", RCODE_NOERROR }, { NAME("\2id\6server"), RR_ANY, "sjc", RCODE_NOERROR },
		{ NAME("\7version\4bind"), RR_TXT, "fairlead ", RCODE_NOERROR }, { NAME("\7VERSION\6server"), RR_TXT, "fairlead ", RCODE_NOERROR },
		{ NAME("\2id\6server"), RR_A, NULL, RCODE_NOERROR }, { NAME("\7authors\4bind"), RR_TXT, NULL, RCODE_REFUSED }, { NAME("\6static\4gslb\7example\3com"), RR_A, NULL, RCODE_REFUSED },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		n = ask_wire(cases[i].name, cases[i].len, cases[i].type, CLASS_CHAOS, NULL, 0, "10.1.0.1", false);
		const uint8_t *record = msg + 12 + cases[i].len + 4;
		CU_ASSERT_EQUAL(msg[3] & 15, cases[i].rcode);
		CU_ASSERT_EQUAL(wire_get16(msg + 6), cases[i].text != NULL);
		if (cases[i].text)
			CU_ASSERT(n > 40 && wire_get16(record + 2) == RR_TXT && wire_get16(record + 4) == CLASS_CHAOS && wire_get32(record + 6) == 0
				&& memcmp(record + 13, cases[i].text, strlen(cases[i].text)) == 0 && wire_get16(record + 10) == record[12] + 1);
	}
	char *identity = gen->conf->dns.identity;
	gen->conf->dns.identity = NULL;
	n = ask_wire(STATIC, RR_A, CLASS_IN, nsid, sizeof nsid, "10.1.0.1", false);
	CU_ASSERT(option_of(n, 3, &size) == NULL);
	ask_wire(NAME("\7version\4bind"), RR_TXT, CLASS_CHAOS, NULL, 0, "10.1.0.1", false);
	CU_ASSERT_EQUAL(msg[3] & 15, RCODE_REFUSED);
	gen->conf->dns.identity = identity;
}

static const struct cookie_secrets secrets = { .n = 1, .bytes = { { 1, 2, 3 } } };
static const uint8_t client_cookie[] = { 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };

/* The option that a client with a good cookie sends. */
static size_t learn_cookie(uint8_t option[28], const char *client)
{
	size_t size, n = ask_wire(STATIC, RR_A, CLASS_IN, client_cookie, sizeof client_cookie, client, true);
	const uint8_t *got = option_of(n, 10, &size);
	CU_ASSERT_FATAL(got != NULL && size == COOKIE_BYTES && memcmp(got, client_cookie + 4, 8) == 0);
	memcpy(option, "\0\12\0\30", 4);
	memcpy(option + 4, got, COOKIE_BYTES);
	return 28;
}

static unsigned full_rcode(size_t len)
{
	ldns_pkt *a = NULL;
	CU_ASSERT_FATAL(ldns_wire2pkt(&a, msg, len) == LDNS_STATUS_OK);
	unsigned rcode = (unsigned)ldns_pkt_edns_extended_rcode(a) << 4 | (unsigned)ldns_pkt_get_rcode(a);
	ldns_pkt_free(a);
	return rcode;
}

static void gives_cookies(void)
{
	uint8_t good[28];
	size_t size;
	size_t n = ask_wire(STATIC, RR_A, CLASS_IN, client_cookie, sizeof client_cookie, "10.1.0.1", false);
	CU_ASSERT(option_of(n, 10, &size) == NULL); /* switched off */
	n = ask_wire("", 0, 0, 0, client_cookie, sizeof client_cookie, "10.1.0.1", false);
	CU_ASSERT_EQUAL(full_rcode(n), RCODE_FORMERR);
	gen->cookies = &secrets;
	learn_cookie(good, "10.1.0.1");
	n = ask_wire(STATIC, RR_A, CLASS_IN, good, sizeof good, "10.1.0.1", false);
	const uint8_t *got = option_of(n, 10, &size);
	CU_ASSERT(got && memcmp(got, good + 4, COOKIE_BYTES) == 0 && wire_get16(msg + 6) == 2);
	/* a bad one is answered, with a good one */
	good[27] ^= 1;
	n = ask_wire(STATIC, RR_A, CLASS_IN, good, sizeof good, "10.1.0.1", false);
	good[27] ^= 1;
	got = option_of(n, 10, &size);
	CU_ASSERT(got && memcmp(got, good + 4, COOKIE_BYTES - 8) == 0 && wire_get16(msg + 6) == 2 && full_rcode(n) == RCODE_NOERROR);
	/* RFC 7873 section 5.4: no question */
	n = ask_wire("", 0, 0, 0, client_cookie, sizeof client_cookie, "10.1.0.1", false);
	CU_ASSERT(full_rcode(n) == RCODE_NOERROR && wire_get16(msg + 4) == 0 && option_of(n, 10, &size));
	n = ask_wire("", 0, 0, 0, good, sizeof good, "10.1.0.1", false);
	CU_ASSERT(full_rcode(n) == RCODE_NOERROR && option_of(n, 10, &size));
	n = ask_wire("", 0, 0, 0, good, sizeof good, "10.1.0.2", false);
	CU_ASSERT(full_rcode(n) == RCODE_BADCOOKIE && option_of(n, 10, &size));
	n = ask_wire("", 0, 0, 0, NULL, 0, "10.1.0.1", false);
	CU_ASSERT(full_rcode(n) == RCODE_FORMERR);
	gen->cookies = NULL;
}

/* Answers and those that are told to come again, of `n` queries. */
struct counted { unsigned answered, slipped, silent; };

static struct counted flood(unsigned n, const char *client, const void *options, size_t len, bool tcp, enum rcode slip_rcode)
{
	struct counted c = { 0, 0, 0 };
	while (n--) {
		size_t size = ask_wire(STATIC, RR_A, CLASS_IN, options, len, client, tcp);
		if (!size)
			c.silent++;
		else if (wire_get16(msg + 6) == 2)
			c.answered++;
		else if (slip_rcode ? full_rcode(size) == slip_rcode : (msg[2] & DNS_TC) && wire_get16(msg + 6) == 0)
			c.slipped++;
	}
	return c;
}

static void limits_answers(void)
{
	uint8_t good[28];
	struct counted c;
	gen->rrl = rrl_new(9);
	gen->cookies = &secrets;
	/* a flood within a moment: what passes is a second's share, and what time brings meanwhile */
	c = flood(400, "10.1.0.1", NULL, 0, false, RCODE_NOERROR);
	CU_ASSERT(c.answered >= 5 && c.answered <= 10 && c.slipped > 130 && c.slipped < 270 && c.answered + c.slipped + c.silent == 400);
	c = flood(100, "10.1.15.255", NULL, 0, false, RCODE_NOERROR); /* the same network of 20 bits */
	CU_ASSERT(c.answered <= 3);
	CU_ASSERT_EQUAL(flood(100, "10.1.0.1", NULL, 0, true, RCODE_NOERROR).answered, 100); /* TCP */
	CU_ASSERT_EQUAL(flood(100, "10.9.0.1", NULL, 0, false, RCODE_NOERROR).answered, 100); /* exempt */
	learn_cookie(good, "10.1.0.1");
	CU_ASSERT_EQUAL(flood(100, "10.1.0.1", good, sizeof good, false, RCODE_NOERROR).answered, 100);
	c = flood(400, "10.1.0.1", client_cookie, sizeof client_cookie, false, RCODE_BADCOOKIE);
	CU_ASSERT(c.answered <= 3 && c.slipped > 130 && c.silent > 130);
	gen->conf->dns.slip = 1;
	c = flood(100, "10.1.0.1", NULL, 0, false, RCODE_NOERROR);
	CU_ASSERT(c.silent == 0 && c.slipped >= 97);
	gen->conf->dns.slip = 0;
	c = flood(100, "10.1.0.1", NULL, 0, false, RCODE_NOERROR);
	CU_ASSERT(c.slipped == 0 && c.silent >= 97);
	/* errors that the parser makes count as well */
	unsigned errors = 0;
	for (unsigned i = 0; i < 100; i++)
		errors += ask_wire("\377", 2, RR_A, CLASS_IN, NULL, 0, "10.1.0.1", false) != 0;
	CU_ASSERT(errors >= 5 && errors <= 8);
	CU_ASSERT(atomic_load(&responder->counters.limited) > 1000 && atomic_load(&responder->counters.slipped) > 300);
	rrl_delete(gen->rrl);
	gen->rrl = NULL;
	gen->cookies = NULL;
	gen->conf->dns.slip = 2;
}

/* Every option at once on the longest name: an answer within 512 bytes, cut where there was no room. */
static void fits_with_all_options(void)
{
	uint8_t name[256] = { 0 }, options[60] = { 0, 3, 0, 0, 0, 8, 0, 20, 0, 2, 128 };
	size_t len = 0;
	char identity[101];
	for (; len < 192; len += 64) {
		name[len] = 63;
		memset(name + len + 1, 'x', 63);
	}
	name[len] = 61;
	memset(name + len + 1, 'y', 61);
	len += 63;
	CU_ASSERT_EQUAL_FATAL(len, 255);
	memset(identity, 'i', 100);
	identity[100] = 0;
	memcpy(options + 28, client_cookie, sizeof client_cookie);
	char *kept = gen->conf->dns.identity;
	gen->conf->dns.identity = identity;
	gen->cookies = &secrets;
	size_t n = ask_wire((const char *)name, len, RR_A, CLASS_IN, options, 40, "10.1.0.1", false);
	CU_ASSERT(n > 400 && n <= 512 && (msg[3] & 15) == RCODE_REFUSED);
	gen->conf->dns.identity = kept;
	gen->cookies = NULL;
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

UNIT_MAIN("respond", UNIT_TEST(load), UNIT_TEST(answers_as_the_rfcs_say), UNIT_TEST(answers_services), UNIT_TEST(draws_by_weight), UNIT_TEST(brings_addresses_with_https), UNIT_TEST(leaves_extras_away), UNIT_TEST(answers_client_subnets), UNIT_TEST(tells_its_identity),
	UNIT_TEST(gives_cookies), UNIT_TEST(limits_answers), UNIT_TEST(fits_with_all_options), UNIT_TEST(tells_health), UNIT_TEST(keeps_health_from_strangers),
	UNIT_TEST(mangled_queries_stay_in_bounds),
	UNIT_TEST(unload))
