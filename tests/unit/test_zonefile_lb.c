#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "unit.h"
#include "zone_case.h"

/* A service as text: "NAME[ ttl=N] policy=P" and a line a member. */
static char *service_text(const struct service *s)
{
	char *text = NULL, name[DNAME_TEXT_MAX], address[ADDR_TEXT_MAX];
	size_t len;
	FILE *f = open_memstream(&text, &len);
	fprintf(f, "%s%s%s", dname_to_text(s->name, name), s->wildcard ? " wildcard" : "", s->at_origin ? " origin" : "");
	if (s->has_ttl)
		fprintf(f, " ttl=%u", s->ttl);
	const struct policy *p = s->policy;
	fprintf(f, " policy=%s", p->name ? p->name : p == s->own_policy ? "own" : "?");
	for (size_t i = 0; p == s->own_policy && i < p->rules[0].nmetrics; i++)
		fprintf(f, ",%s", metric_name(p->rules[0].metrics[i]));
	for (size_t i = 0; i < s->nmembers; i++) {
		const struct member *m = &s->members[i];
		fprintf(f, "\n%s@%s", m->label, m->site == MEMBER_NO_SITE ? "-" : case_conf()->sites[m->site].name);
		for (size_t k = 0; k < m->ntargets; k++)
			fprintf(f, " %s", addr_text_at(&m->targets[k], address));
		if (m->host)
			fprintf(f, " %s", dname_to_text(m->host, name));
		for (size_t k = 0; k < m->nchecks; k++)
			fprintf(f, " check=%s", m->checks[k]->name);
		fprintf(f, " %u,%u w%u r%u c%u%s line %u", m->check_port, m->port, m->weight, m->rank, m->capacity, m->backup ? " backup" : "", m->line);
		if (m->has_inside)
			fprintf(f, " inside=%s", addr_text(&m->inside, address));
	}
	fprintf(f, "\n");
	fclose(f);
	return text;
}

/* The services of a zone that is right, as text. */
static void expect_services(const char *lines, const char *want)
{
	struct zone_case c;
	char got[8192] = "";
	case_expect(&c, lines, "");
	for (size_t i = 0; i < c.nservices; i++) {
		char *text = service_text(c.services[i]);
		strncat(got, text, sizeof got - strlen(got) - 1);
		CU_ASSERT_STRING_EQUAL(c.services[i]->file, "z");
		CU_ASSERT_TRUE(dname_equal(c.services[i]->origin, CASE_ORIGIN));
		CU_ASSERT_EQUAL(c.services[i]->name_len, dname_len(c.services[i]->name));
		free(text);
	}
	CU_ASSERT_STRING_EQUAL(got, want);
	if (strcmp(got, want) != 0)
		printf("\n--- from:\n%s\n--- wanted:\n%s--- got:\n%s", lines, want, got);
	case_free(&c);
}

static void plain(void)
{
	expect_services("www LB sjc 203.0.113.10", "www.example.com. policy=weighted\nsjc@sjc 203.0.113.10@0 0,0 w1 r1 c0 line 3\n");
	expect_services("WWW 60 IN lb sjc 203.0.113.10,2001:DB8::10 check=web weight=3\n IN 60 LB den 198.51.100.10 capacity=5000\n",
	                "www.example.com. ttl=60 policy=weighted\nsjc@sjc 203.0.113.10@0 2001:db8::10@0 check=web 0,0 w3 r1 c0 line 3\n"
	                "den@den 198.51.100.10@0 0,0 w1 r1 c5000 line 4\n");
}

static void every_option(void)
{
	expect_services("www LB sjc 192.0.2.1 ( check=web,alive check_port=81 port=8080 weight=65535 ; half\n  rank=255 capacity=4294967295\n name=Big-1 inside=10.0.0.1 backup )",
	                "www.example.com. policy=weighted\nbig-1@sjc 192.0.2.1@0 check=web check=alive 81,8080 w65535 r255 c4294967295 backup line 3 inside=10.0.0.1\n");
	expect_services("www LB - 192.0.2.1 check=none weight=0 rank=1 port=1\n", "www.example.com. policy=weighted\nother@- 192.0.2.1@0 0,1 w0 r1 c0 line 3\n");
	expect_services("www LB sjc 192.0.2.1 check=\"web\" name=\"a\"\n", "www.example.com. policy=weighted\na@sjc 192.0.2.1@0 check=web 0,0 w1 r1 c0 line 3\n");
	expect_services("www LB sjc 192.0.2.1 inside=fd00::1 check=tcp port=25\n", "www.example.com. policy=weighted\nsjc@sjc 192.0.2.1@0 check=tcp 0,25 w1 r1 c0 line 3 inside=fd00::1\n");
}

static void labels(void)
{
	expect_services("www LB sjc 192.0.2.1\n LB sjc 192.0.2.2 name=sjc2\n LB - 192.0.2.3\n LB - 192.0.2.4 name=cdn\n",
	                "www.example.com. policy=weighted\nsjc@sjc 192.0.2.1@0 0,0 w1 r1 c0 line 3\nsjc2@sjc 192.0.2.2@0 0,0 w1 r1 c0 line 4\n"
	                "other@- 192.0.2.3@0 0,0 w1 r1 c0 line 5\ncdn@- 192.0.2.4@0 0,0 w1 r1 c0 line 6\n");
}

static void host_names(void)
{
	expect_services("cdn LB sjc 192.0.2.1\n LB - Fallback.CDN.example.net. backup\n",
	                "cdn.example.com. policy=weighted\nsjc@sjc 192.0.2.1@0 0,0 w1 r1 c0 line 3\nother@- fallback.cdn.example.net. 0,0 w1 r1 c0 backup line 4\n");
	/* Relative ones belong to $ORIGIN; at the zone's origin anything may stand beside. */
	expect_services("$ORIGIN sub\ncdn LB - there\n$ORIGIN example.com.\n@ LB - a.example.net.\n TXT x\n",
	                "cdn.sub.example.com. policy=weighted\nother@- there.sub.example.com. 0,0 w1 r1 c0 line 4\n"
	                "example.com. origin policy=weighted\nother@- a.example.net. 0,0 w1 r1 c0 line 6\n");
}

static void places(void)
{
	/* Lines of one service may stand apart, and a wildcard is one. */
	expect_services("*.app LB sjc 192.0.2.1\nwww LB sjc 192.0.2.1\n*.app LB den 192.0.2.2\n",
	                "*.app.example.com. wildcard policy=weighted\nsjc@sjc 192.0.2.1@0 0,0 w1 r1 c0 line 3\nden@den 192.0.2.2@0 0,0 w1 r1 c0 line 5\n"
	                "www.example.com. policy=weighted\nsjc@sjc 192.0.2.1@0 0,0 w1 r1 c0 line 4\n");
	/* $TTL is for records only; the last owner holds across kinds of lines. */
	expect_services("$TTL 999\nwww TXT x\n LB sjc 192.0.2.1\n POLICY rank\n MX 10 a\n",
	                "www.example.com. policy=own,rank\nsjc@sjc 192.0.2.1@0 0,0 w1 r1 c0 line 5\n");
	expect_services("www 0 LB sjc 192.0.2.1", "www.example.com. ttl=0 policy=weighted\nsjc@sjc 192.0.2.1@0 0,0 w1 r1 c0 line 3\n");
}

#define MEMBER(line) "sjc@sjc 192.0.2.1@0 0,0 w1 r1 c0 line " #line "\n"

static void policies(void)
{
	expect_services("a LB sjc 192.0.2.1\n POLICY nearest\nb POLICY rank weighted\nb LB sjc 192.0.2.1\nc LB sjc 192.0.2.1\n",
	                "a.example.com. policy=nearest\n" MEMBER(3) "b.example.com. policy=own,rank,weighted\n" MEMBER(6) "c.example.com. policy=weighted\n" MEMBER(7));
	/* The origin's is the zone's, also for a service there. */
	expect_services("a LB sjc 192.0.2.1\n@ POLICY nearest\nb LB sjc 192.0.2.1\n POLICY hash\n",
	                "a.example.com. policy=nearest\n" MEMBER(3) "b.example.com. policy=own,hash\n" MEMBER(5));
	expect_services("@ POLICY local random\n LB sjc 192.0.2.1\na LB sjc 192.0.2.1\nb LB sjc 192.0.2.1\n policy nearest\n",
	                "example.com. origin policy=own,local,random\n" MEMBER(4) "a.example.com. policy=own,local,random\n" MEMBER(5) "b.example.com. policy=nearest\n" MEMBER(6));
	/* A zone's policy without any service is no harm. */
	expect_services("@ POLICY roundrobin\n", "");
}

/* In place: a policy has the configuration's answers and fail. */
static void policy_defaults(void)
{
	struct zone_case c;
	case_expect(&c, "a LB sjc 192.0.2.1\n POLICY remote\n", "");
	CU_ASSERT_EQUAL_FATAL(c.nservices, 1);
	const struct policy *p = c.services[0]->policy;
	CU_ASSERT_EQUAL(p->answers, case_conf()->default_policy.answers);
	CU_ASSERT_EQUAL(p->fail, case_conf()->default_policy.fail);
	CU_ASSERT_EQUAL(p->nrules, 1);
	CU_ASSERT_EQUAL(p->rules[0].nfrom, 0);
	case_free(&c);
}

#define WWW "www LB sjc 192.0.2.1 "

static const struct error_case member_errors[] = {
	{ "www LB", "z:3:5: LB needs a site (or -) and a target\n" },
	{ "www LB sjc", "z:3:5: LB needs a site (or -) and a target\n" },
	{ "www LB lax 192.0.2.1", "z:3:8: unknown site \"lax\"\n" },
	{ "www LB \"sjc\" 192.0.2.1", "z:3:9: quotes can't stand here\n" },
	{ "www LB sjc 192.0.2", "z:3:12: \"192.0.2\" is no address\n" },
	{ "www LB sjc 192.0.2.1,192.0.2.999", "z:3:22: \"192.0.2.999\" is no address\n" },
	{ "www LB sjc 192.0.2.1,,192.0.2.2", "z:3:22: an empty part in a list\n" },
	{ "www LB sjc 192.0.2.1,", "z:3:22: an empty part in a list\n" },
	{ "www LB sjc 2001:db8::g", "z:3:12: \"2001:db8::g\" is no address\n" },
	{ "www LB sjc 192.0.2.1,2001:db8::1,192.0.2.1", "z:3:34: this address stands twice\n" },
	{ "www LB sjc 0.0.0.0", "z:3:12: 0.0.0.0 is no address of a server\n" },
	{ "www LB sjc 192.0.2.1,::ffff:192.0.2.2", "z:3:22: ::ffff:192.0.2.2 is IPv4 written as IPv6: write 192.0.2.2\n" },
	{ "www LB sjc ::", "z:3:12: :: is no address of a server\n" },
	{ "www LB sjc 192.0.2.1,host.example.net.", "z:3:22: a host name can't stand in a list: \"host.example.net.\"\n" },
	{ "www LB sjc host.example.net.,192.0.2.1", "z:3:12: a host name can't stand in a list: \"host.example.net.\"\n" },
	{ "www LB sjc a..b", "z:3:12: empty label in name: \"a..b\"\n" },
	{ "www LB - www", "z:3:10: the service names itself\n" },
	{ "www LB - WWW.example.com.", "z:3:10: the service names itself\n" },
	{ WWW "check=nosuch", "z:3:28: unknown check \"nosuch\"\n" },
	{ WWW "check=web,nosuch,alive", "z:3:32: unknown check \"nosuch\"\n" },
	{ WWW "check=web,web", "z:3:32: this check stands twice\n" },
	{ WWW "check=none,web", "z:3:33: none stands alone\n" },
	{ WWW "check=web,none", "z:3:32: none stands alone\n" },
	{ WWW "check=", "z:3:22: check needs a value: KEY=VALUE\n" },
	{ WWW "check", "z:3:22: check needs a value: KEY=VALUE\n" },
	{ WWW "check=\"\"", "z:3:22: check needs a value: KEY=VALUE\n" },
	{ WWW "check=web,", "z:3:32: an empty part in a list\n" },
	{ WWW "check=tcp", "z:3:22: check \"tcp\" has no port: give port= or check_port=\n" },
	{ WWW "port=0", "z:3:27: must be a number from 1 to 65535, not \"0\"\n" },
	{ WWW "port=65536", "z:3:27: must be a number from 1 to 65535, not \"65536\"\n" },
	{ WWW "port=http", "z:3:27: must be a number from 1 to 65535, not \"http\"\n" },
	{ WWW "check_port=-1", "z:3:33: must be a number from 1 to 65535, not \"-1\"\n" },
	{ WWW "weight=65536", "z:3:29: must be a number from 0 to 65535, not \"65536\"\n" },
	{ WWW "weight=1.5", "z:3:29: must be a number from 0 to 65535, not \"1.5\"\n" },
	{ WWW "rank=0", "z:3:27: must be a number from 1 to 255, not \"0\"\n" },
	{ WWW "rank=256", "z:3:27: must be a number from 1 to 255, not \"256\"\n" },
	{ WWW "capacity=0", "z:3:31: must be a number from 1 to 4294967295, not \"0\"\n" },
	{ WWW "capacity=4294967296", "z:3:31: must be a number from 1 to 4294967295, not \"4294967296\"\n" },
	{ WWW "name=den", "z:3:27: \"den\" is a site's name\n" },
	{ WWW "name=SJC", "z:3:27: \"sjc\" is a site's name\n" },
	{ WWW "name=a_b", "z:3:27: a label is made of letters, digits and inner hyphens, at most 58\n" },
	{ WWW "name=-a", "z:3:27: a label is made of letters, digits and inner hyphens, at most 58\n" },
	{ WWW "name=a.b", "z:3:27: a label is made of letters, digits and inner hyphens, at most 58\n" },
	{ WWW "name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "z:3:27: a label is made of letters, digits and inner hyphens, at most 58\n" },
	{ WWW "inside=host", "z:3:29: \"host\" is no address\n" },
	{ WWW "inside=10.0.0.1,10.0.0.2", "z:3:29: \"10.0.0.1,10.0.0.2\" is no address\n" },
	{ "www LB - 192.0.2.1 inside=10.0.0.1", "z:3:20: inside= is what the home site probes: a member at no site has none\n" },
	{ WWW "rto=15", "z:3:22: rto=15 cannot be promised: no member has a check\n" },
	{ WWW "rto=0", "z:3:26: must be seconds, above 0 and at most 86400, not \"0\"\n" },
	{ WWW "rto=1e3", "z:3:26: must be seconds, above 0 and at most 86400, not \"1e3\"\n" },
	{ WWW "check=web\n LB den 192.0.2.2 check=web rto=99", "z:4:29: rto= is the service's: it belongs on its first LB line (line 3)\n" },
	{ WWW "check=web rto=36", "z:3:32: rto=36 cannot be kept: 36.55 s = 4.05 (detection by check \"web\") + 2.5 (2.5 x exchange.interval) + 30 (TTL)\n" },
	{ "www 5 LB sjc 192.0.2.1 rto=11.5 check=web\n LB den 192.0.2.2",
	  "z:3:24: rto=11.5 cannot be kept: 11.55 s = 4.05 (detection by check \"web\") + 2.5 (2.5 x exchange.interval) + 5 (TTL)\n" },
	{ "www 5 LB sjc 192.0.2.1 rto=11.55 check=web\n LB den 192.0.2.2", "" },
	{ WWW "backup=yes", "z:3:22: backup takes no value\n" },
	{ WWW "backup backup", "z:3:29: backup stands twice\n" },
	{ WWW "weight=1 weight=1", "z:3:31: weight stands twice\n" },
	{ WWW "Weight=1", "z:3:22: unknown key in \"Weight=1\"\n" },
	{ WWW "wait=1", "z:3:22: unknown key in \"wait=1\"\n" },
	{ WWW "192.0.2.2", "z:3:22: unknown flag \"192.0.2.2\"\n" },
	{ WWW "\"backup\"", "z:3:23: quotes can't stand here\n" },
	/* All errors of a line are told. */
	{ "www LB lax 192.0.2 check=x weight=y inside=z bad", "z:3:8: unknown site \"lax\"\nz:3:12: \"192.0.2\" is no address\nz:3:26: unknown check \"x\"\n"
	  "z:3:35: must be a number from 0 to 65535, not \"y\"\nz:3:44: \"z\" is no address\nz:3:46: unknown flag \"bad\"\n" },
	{ "www CH LB sjc 192.0.2.1", "z:3:5: class \"CH\": only IN is served\n" },
};

static void wrong_members(void)
{
	CASE_EXPECT_ALL(member_errors);
}

static const struct error_case service_errors[] = {
	{ WWW "\n LB sjc 192.0.2.2", "z:4:5: the service has a member \"sjc\" already (line 3): give this one a name=\n" },
	{ WWW "name=x\n LB den 192.0.2.2 name=x", "z:4:19: the service has a member \"x\" already (line 3): give this one a name=\n" },
	{ "www LB - 192.0.2.1\n LB - 192.0.2.2", "z:4:5: the service has a member \"other\" already (line 3): give this one a name=\n" },
	{ "www LB - 192.0.2.1\n LB sjc 192.0.2.2 name=other", "z:4:19: the service has a member \"other\" already (line 3): give this one a name=\n" },
	{ "www 60 LB sjc 192.0.2.1\n LB den 192.0.2.2\n 61 LB - 192.0.2.3\n 1m LB - 192.0.2.3 name=x", "z:5:2: this service has another TTL, 60, in line 3\n" },
	/* Beside records, whatever the order. */
	{ WWW "\n A 192.0.2.9", "z:4:2: no address or CNAME may stand beside LB (z line 3)\n" },
	{ "www A 192.0.2.9\n" WWW "\n", "z:3:5: no address or CNAME may stand beside LB (z line 4)\n" },
	{ "www AAAA ::1\nwww TXT x\n" WWW "\nWWW CNAME a", "z:3:5: no address or CNAME may stand beside LB (z line 5)\nz:6:5: no address or CNAME may stand beside LB (z line 5)\n" },
	{ "@ LB sjc 192.0.2.1\n@ A 192.0.2.9", "z:4:3: no address or CNAME may stand beside LB (z line 3)\n" },
	{ "*.a LB sjc 192.0.2.1\n*.a A 192.0.2.9", "z:4:5: no address or CNAME may stand beside LB (z line 3)\n" },
	{ "www TXT x\n" WWW "\n MX 10 a\n LOC 1 N 1 E 1\na.www A 192.0.2.1\nsjc.www A 192.0.2.2\n", "" },
	{ "*.a LB sjc 192.0.2.1\nb.a A 192.0.2.9\na A 192.0.2.9", "" },
	{ "www TXT x\nwww LB - a.example.net.", "z:3:5: no record may stand beside LB with a host name as target (z line 4)\n" },
	{ WWW "\n LB - a.example.net.\n HTTPS 1 .", "z:5:2: no record may stand beside LB with a host name as target (z line 3)\n" },
	{ "@ LB - a.example.net.\n A 192.0.2.1", "z:4:2: no address or CNAME may stand beside LB (z line 3)\n" },
	{ "@ LB - a.example.net.\n TXT x", "" },
	/* Cuts. */
	{ "www NS ns\n" WWW "\n", "z:3:5: the delegation hides the service www.example.com. (z line 4)\n" },
	{ "a.b.www LB sjc 192.0.2.1\nb.www NS ns", "z:4:7: the delegation hides the service a.b.www.example.com. (z line 3)\n" },
	{ "www NS ns\na.b.www LB sjc 192.0.2.1", "z:3:5: the delegation hides the service a.b.www.example.com. (z line 4)\n" },
	{ WWW "\na.www NS ns\nb NS ns\n@ NS ns2", "" },
	{ "@ LB sjc 192.0.2.1\nb NS ns", "" },
	{ "www DNAME x.\na.www LB sjc 192.0.2.1", "z:3:5: the DNAME hides the service a.www.example.com. (z line 4)\n" },
	{ WWW "\n DNAME x.", "" },
	{ "@ DNAME x.\n" WWW "\n", "z:3:3: the DNAME hides the service www.example.com. (z line 4)\n" },
	{ "@ DNAME x.\n@ LB sjc 192.0.2.1\n", "" },
	/* A member that is wrong doesn't make its records right. */
	{ "www LB lax 192.0.2.1\n A 192.0.2.9\n POLICY nearest", "z:3:8: unknown site \"lax\"\nz:4:2: no address or CNAME may stand beside LB (z line 3)\n" },
};

static void wrong_services(void)
{
	CASE_EXPECT_ALL(service_errors);
}

static const struct error_case policy_errors[] = {
	{ WWW "\n POLICY", "z:4:2: POLICY needs a policy's name, or metrics\n" },
	{ WWW "\n POLICY nosuch", "z:4:9: \"nosuch\" is neither a policy nor a metric\n" },
	{ WWW "\n POLICY rank nosuch", "z:4:14: \"nosuch\" is no metric\n" },
	{ WWW "\n POLICY nearest rank", "z:4:9: \"nearest\" is a policy, which stands alone\n" },
	{ WWW "\n POLICY rank weighted rank", "z:4:23: \"rank\" stands twice\n" },
	{ WWW "\n POLICY \"rank\"", "z:4:10: \"rank\" is neither a policy nor a metric\n" },
	{ WWW "\n 60 POLICY rank", "z:4:2: POLICY takes no TTL\n" },
	{ WWW "\n POLICY rank\n POLICY hash", "z:5:2: a second POLICY for this name; the first is in z line 4\n" },
	{ "www TXT x\n POLICY rank", "z:4:2: POLICY for a name without LB\n" },
	{ "@ POLICY rank\n POLICY hash\n", "z:4:2: a second POLICY for this name; the first is in z line 3\n" },
};

static void wrong_policies(void)
{
	CASE_EXPECT_ALL(policy_errors);
}

/* The bounds of service.h, each reached and each passed by one. */
static void bounds(void)
{
	struct zone_case c;
	char *text = NULL;
	size_t len;
	for (unsigned over = 0; over < 2; over++) {
		FILE *f = open_memstream(&text, &len);
		fputs(CASE_HEAD, f);
		for (unsigned i = 0; i < SERVICE_MEMBERS_MAX + over; i++)
			fprintf(f, "www LB sjc 10.0.%u.%u name=m%u\n", i >> 8, i & 255, i);
		fclose(f);
		case_read(&c, text, len);
		CU_ASSERT_EQUAL(c.ok, !over);
		CU_ASSERT(over || (c.nservices == 1 && c.services[0]->nmembers == SERVICE_MEMBERS_MAX && strcmp(c.services[0]->members[255].label, "m255") == 0));
		case_free(&c);
		free(text);

		f = open_memstream(&text, &len);
		fputs(CASE_HEAD "www LB sjc ", f);
		for (unsigned i = 0; i < MEMBER_TARGETS_MAX + over; i++)
			fprintf(f, "%s10.0.0.%u", i ? "," : "", i + 1);
		fclose(f);
		case_read(&c, text, len);
		CU_ASSERT_EQUAL(c.ok, !over);
		case_free(&c);
		free(text);
	}
}

/* LABEL._health.SERVICE has to be a name. */
static void long_name(void)
{
	char lines[512], label[64];
	struct zone_case c;
	memset(label, 'a', 63);
	label[63] = 0;
	/* 13 (example.com.) + 3 x 64 = 205; "x._health." takes 10; 40 are left. */
	for (int n = 38; n <= 40; n++) {
		snprintf(lines, sizeof lines, "%.*s.%s.%s.%s LB sjc 192.0.2.1 name=x", n, label, label, label, label);
		case_expect(&c, lines, n < 40 ? "" : "z:3:251: the service's name is too long for LABEL._health.SERVICE\n");
		case_free(&c);
	}
}

/* Thousands of services: found, in order, and told apart. */
static void many(void)
{
	char *text = NULL, want[32];
	size_t len;
	struct zone_case c;
	FILE *f = open_memstream(&text, &len);
	fputs(CASE_HEAD, f);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 2000; i++)
			fprintf(f, "s%u.t%u LB %s 10.0.0.1\n", i, i % 7, round ? "den" : "sjc");
	fclose(f);
	case_read(&c, text, len);
	CU_ASSERT_TRUE(c.ok);
	CU_ASSERT_EQUAL_FATAL(c.nservices, 2000);
	for (unsigned i = 0; i < 2000; i++) {
		int n = snprintf(want, sizeof want, "s%u", i);
		CU_ASSERT(c.services[i]->name[0] == n && memcmp(c.services[i]->name + 1, want, (size_t)n) == 0 && c.services[i]->nmembers == 2);
	}
	case_free(&c);
	free(text);
}

/* Services of a zone with an error are not handed out. */
static void nothing_of_a_wrong_zone(void)
{
	struct zone_case c;
	case_expect(&c, WWW "\nb A x\n", "z:4:5: \"x\" is no IPv4 address\n");
	CU_ASSERT_EQUAL(c.nservices, 0);
	case_free(&c);
}

UNIT_MAIN("zonefile_lb", UNIT_TEST(plain), UNIT_TEST(every_option), UNIT_TEST(labels), UNIT_TEST(host_names), UNIT_TEST(places),
          UNIT_TEST(policies), UNIT_TEST(policy_defaults), UNIT_TEST(wrong_members), UNIT_TEST(wrong_services), UNIT_TEST(wrong_policies),
          UNIT_TEST(bounds), UNIT_TEST(long_name), UNIT_TEST(many), UNIT_TEST(nothing_of_a_wrong_zone))
