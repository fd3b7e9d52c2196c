/*
 * _explain over random services, verdicts and clients: it names the members
 * that the answer has, in their order, with its TTL and scope; and with
 * down-SITE those that the answer has once the site is down. Both ways are asked
 * as clients ask, with the same draw.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../common/conf.h"
#include "../../common/errs.h"
#include "../../common/random.h"
#include "../../dnsd/generation.h"
#include "../../dnsd/respond.h"
#include "unit.h"

#define SITES 5
#define SERVICES 60
#define CLIENTS 40
#define ZONE ".gslb.example.com."

static const char *const site_names[SITES] = { "sjc", "den", "fra", "nrt", "gru" };

static struct generation *gen;
static struct responder *responder;
static uint8_t msg[65535 + ZONE_NAME_SLACK];
static uint64_t state = 20261122;

static unsigned draw(unsigned n)
{
	return (unsigned)((random64(&state) >> 32) % n);
}

/* --- a random world --- */

static void add_rule(FILE *f)
{
	fputs("{ ", f);
	if (draw(2))
		fprintf(f, "from = [ \"10.%u.0.0/%u\", \"2001:db8:%u::/48\" ]; ", draw(4) * 64, draw(2) ? 10u : 16u, draw(8));
	if (draw(3) == 0)
		fprintf(f, "sites = [ \"%s\", \"%s\" ]; ", site_names[draw(2)], site_names[2 + draw(3)]);
	bool used[METRIC_COUNT] = { false };
	fputs("metrics = [ ", f);
	for (unsigned n = 1 + draw(3), first = 1; n--; first = 0) {
		enum metric m;
		do
			m = (enum metric)draw(METRIC_COUNT);
		while (used[m] || m == METRIC_NETWORK);
		used[m] = true;
		fprintf(f, "%s\"%s\"", first ? "" : ", ", metric_name(m));
	}
	fputs(" ]; }", f);
}

static void write_conf(const char *file)
{
	FILE *f = fopen(file, "w");
	CU_ASSERT_FATAL(f != NULL && fchmod(fileno(f), 0600) == 0);
	fputs("site = \"sjc\"; user = \"\";\nsites = (\n", f);
	for (unsigned i = 0; i < SITES; i++)
		fprintf(f, "{ name = \"%s\"; control = [ \"127.%u.0.53@53\" ]; location = ( %u, %u ); key = \"k\"; }%s\n", site_names[i], i + 1,
		        i * 10, i * 30, i + 1 < SITES ? "," : ");");
	fputs("keys = ( { name = \"k\"; secret = \"MDEyMzQ1Njc4OWFiY2RlZg==\"; } );\n"
	      "dns = { listen = [ \"127.0.0.1@53\" ]; zones = \".\"; };\ngeo = { networks = \"networks.conf\"; };\npolicies = (\n", f);
	fputs("{ name = \"most\"; rules = ( { sites = [ \"sjc\", \"den\", \"fra\", \"nrt\", \"gru\" ]; metrics = [ \"hash\"", f);
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		if (m != METRIC_HASH)
			fprintf(f, ", \"%s\"", metric_name((enum metric)m));
	fputs(" ]; } ); },\n", f);
	for (unsigned i = 0; i < SERVICES; i++) {
		static const char *const fails[] = { "open", "backup", "closed" };
		fprintf(f, "{ name = \"p%u\"; answers = %u; fail = \"%s\"; %srules = ( ", i, 1 + draw(3), fails[draw(3)],
		        draw(3) ? "" : "shed = ( 0.5, 0.9 ); ");
		for (unsigned n = 1 + draw(3); n--;) {
			add_rule(f);
			fputs(n ? ", " : "", f);
		}
		fprintf(f, " ); }%s\n", i + 1 < SERVICES ? "," : ");");
	}
	CU_ASSERT_FATAL(fclose(f) == 0);
}

static void write_networks(const char *file)
{
	FILE *f = fopen(file, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	for (unsigned i = 0; i < 100; i++)
		fprintf(f, "10.%u.%u.0/24 %s,%s\n", i * 5 % 256, i * 7 % 256, site_names[draw(2)], site_names[2 + draw(3)]);
	fputs("10.128.0.0/10 gru,nrt\n10.0.0.0/8 den\n2001:db8:5::/48 fra,sjc\n", f);
	CU_ASSERT_FATAL(fclose(f) == 0);
}

/* Each member's address says its place: the last octet is its index. */
static void add_member(FILE *f, unsigned service, unsigned m)
{
	unsigned families = 1 + draw(3);
	const char *site = draw(8) ? site_names[draw(SITES)] : "-";
	fprintf(f, " LB %s ", site);
	if (draw(12) == 0)
		fprintf(f, "h%u.example.net.", m);
	else
		fprintf(f, families == 3 ? "192.0.2.%u,2001:db8::%x" : families == 2 ? "2001:db8::%x" : "192.0.2.%u", m + 1, m + 1);
	fprintf(f, " name=m%u check=none weight=%u rank=%u%s\n", m, draw(4), 1 + draw(3), draw(6) ? "" : " backup");
	(void)service;
}

static void write_zone(const char *file)
{
	FILE *f = fopen(file, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs("$ORIGIN gslb.example.com.\n$TTL 3600\n@ SOA ns1 hostmaster 7 3600 600 604800 30\n NS ns1\nns1 A 192.0.2.53\n", f);
	for (unsigned i = 0; i < SERVICES; i++) {
		fprintf(f, i % 5 == 4 ? "*.s%u" : "s%u", i);
		for (unsigned m = 0, n = 1 + draw(9); m < n; m++)
			add_member(f, i, m);
		if (draw(6))
			fprintf(f, " POLICY p%u\n", i);
	}
	for (unsigned m = 0; m < SERVICE_MEMBERS_MAX; m++)
		fprintf(f, "%s LB %s 203.0.113.%u name=%058u check=none\n", m ? "" : "most", site_names[m % SITES], m % 250 + 1, m);
	fputs(" POLICY most\nconn LB sjc 192.0.2.1 check=none weight=3\n LB den 192.0.2.2 check=none weight=4\n LB fra 192.0.2.3 check=none weight=65535\n"
	      " LB nrt 192.0.2.4 check=none weight=0\n POLICY leastconn\n", f);
	CU_ASSERT_FATAL(fclose(f) == 0);
}

static void load(void)
{
	char folder[] = "/tmp/fairlead-explain.XXXXXX", zone[100], file[100], networks[100];
	struct errs errs;
	CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
	snprintf(zone, sizeof zone, "%s/gslb.example.com.zone", folder);
	snprintf(file, sizeof file, "%s/fairlead.conf", folder);
	write_conf(file);
	write_zone(zone);
	snprintf(networks, sizeof networks, "%s/networks.conf", folder);
	write_networks(networks);
	errs_init(&errs);
	struct conf *conf = conf_load(file, &errs);
	gen = conf ? generation_load(conf, NULL, &errs) : NULL;
	errs_print(&errs, stdout);
	CU_ASSERT_EQUAL_FATAL(errs.count, 0);
	errs_free(&errs);
	remove(zone);
	remove(file);
	remove(networks);
	rmdir(folder);
	responder = malloc(sizeof *responder);
	CU_ASSERT_PTR_NOT_NULL_FATAL(responder);
	responder_init(responder, 1);
}

static void publish(struct lb *lb, struct member_view *views)
{
	struct gate gate;
	struct service *weighed = lb_weigh(lb->service, views);
	gate_compute(weighed ? weighed : lb->service, views, MEMBER_NO_SITE, true, &gate);
	struct lb_state *st = lb_state_new(&gate);
	CU_ASSERT_FATAL(st != NULL && lb_state_keep_views(st, views, lb->service->nmembers));
	st->weighed = weighed;
	st->ttl = 17;
	st->ready = true;
	lb_state_delete(atomic_exchange(&lb->state, st));
}

static void draw_views(const struct lb *lb, struct member_view *views)
{
	static const enum verdict often[] = { VERDICT_UP, VERDICT_UP, VERDICT_UP, VERDICT_DOWN, VERDICT_DRAIN, VERDICT_UNKNOWN };
	unsigned kind = draw(4);
	for (size_t m = 0; m < lb->service->nmembers; m++)
		views[m] = (struct member_view){ .verdict = kind == 0 ? VERDICT_DOWN : often[draw(6)], .in_hold = draw(5) == 0 };
}

/* What is known of members, of some of them and of some things. */
static void draw_numbers(struct lb *lb)
{
	struct member_numbers *n = calloc(lb->service->nmembers, sizeof *n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	for (size_t m = 0; m < lb->service->nmembers; m++)
		n[m] = (struct member_numbers){ .known = draw(64), .response_us = 1 + draw(50000), .sessions = draw(1000), .capacity = 1 + draw(1000),
		                                .load_ppm = draw(1000000), .use_ppm = draw(1100000), .cost_milli = draw(5000) };
	free(atomic_exchange(&lb->numbers, n));
}

/* --- asking --- */

struct client { bool v6; uint8_t address[16]; uint8_t bits; };

static void draw_client(struct client *c)
{
	*c = (struct client){ .v6 = draw(3) == 0 };
	c->bits = c->v6 ? 56 : 24;
	c->address[0] = c->v6 ? 0x20 : 10;
	c->address[1] = (uint8_t)(c->v6 ? 1 : draw(256));
	if (c->v6) {
		c->address[2] = 0x0d;
		c->address[3] = 0xb8;
		c->address[5] = (uint8_t)draw(10);
	} else {
		c->address[2] = (uint8_t)draw(256);
	}
}

/* One query, with the draw that `random` stands for. Returns the answer's length. */
static size_t ask(const char *name, uint16_t type, const struct client *c, uint64_t random)
{
	static const uint8_t root[1];
	struct wire_writer w;
	struct addr from;
	uint8_t wire[DNAME_MAX];
	const char *why;
	size_t n = dname_from_text(wire, name, strlen(name), root, &why);
	wire_writer_init(&w, msg, 600);
	wire_write(&w, "\x42\x42\1\0\0\1\0\0\0\0\0\1", 12);
	wire_write(&w, wire, n);
	wire_write16(&w, type);
	wire_write16(&w, 1);
	wire_write(&w, "\0\0\51\4\320\0\0\0\0", 9);
	unsigned bytes = (c->bits + 7u) / 8;
	wire_write16(&w, (uint16_t)(8 + bytes));
	wire_write16(&w, 8);
	wire_write16(&w, (uint16_t)(4 + bytes));
	wire_write16(&w, c->v6 ? 2 : 1);
	wire_write8(&w, c->bits);
	wire_write8(&w, 0);
	wire_write(&w, c->address, bytes);
	addr_parse(&from, "127.0.0.1", 4242);
	responder->random = random;
	for (size_t i = 0; i < TURN_PLACES; i++)
		responder->turns[i] = (uint32_t)random;
	return respond(responder, gen, msg, wire_written(&w), 65535, &from, true);
}

/* What an answer says, as explain says it. */
struct said { char members[400], type[8]; unsigned ttl, scope; bool any; };

static void add_label(struct said *s, unsigned member)
{
	size_t n = strlen(s->members);
	snprintf(s->members + n, sizeof s->members - n, "%sm%u", n ? "," : "", member);
}

static const uint8_t *skip_name(const uint8_t *p)
{
	while (*p && *p < 0xc0)
		p += *p + 1;
	return *p ? p + 2 : p + 1;
}

static void read_scope(const uint8_t *p, size_t n, struct said *s)
{
	for (size_t at = 0; at + 4 <= n; at += 4u + wire_get16(p + at + 2))
		if (wire_get16(p + at) == 8)
			s->scope = p[at + 7];
}

static void read_answer(size_t len, struct said *s)
{
	memset(s, 0, sizeof *s);
	CU_ASSERT_FATAL(len > 12);
	unsigned answers = wire_get16(msg + 6), all = answers + wire_get16(msg + 8) + wire_get16(msg + 10);
	const uint8_t *p = skip_name(msg + 12) + 4;
	for (unsigned i = 0; i < all; i++) {
		p = skip_name(p);
		uint16_t type = wire_get16(p), n = wire_get16(p + 8);
		const uint8_t *rdata = p + 10;
		if (i < answers) {
			s->any = true;
			s->ttl = wire_get32(p + 4);
			strcpy(s->type, type == RR_CNAME ? "CNAME" : type == RR_A ? "A" : "AAAA");
			add_label(s, type == RR_CNAME ? (unsigned)atoi((const char *)rdata + 2) : rdata[n - 1] - 1u);
		} else if (type == RR_OPT) {
			read_scope(rdata, n, s);
		}
		p = rdata + n;
	}
	if (!s->any)
		strcpy(s->members, "none");
}

/* The last record of an explanation. */
struct told { char answer[400], ipv6[400], type[8]; unsigned ttl, scope; };

static void take_string(struct told *t, const char *text)
{
	sscanf(text, "answer=%399s", t->answer);
	sscanf(text, "ipv6=%399s", t->ipv6);
	sscanf(text, "type=%7s", t->type);
	sscanf(text, "ttl=%u", &t->ttl);
	sscanf(text, "scope=%u", &t->scope);
}

static void read_explain(size_t len, struct told *t)
{
	memset(t, 0, sizeof *t);
	CU_ASSERT_FATAL(len > 12 && (msg[3] & 15) == 0);
	unsigned answers = wire_get16(msg + 6);
	const uint8_t *p = skip_name(msg + 12) + 4;
	CU_ASSERT_FATAL(answers >= 3);
	for (unsigned i = 0; i < answers; i++) {
		p = skip_name(p) + 10;
		uint16_t n = wire_get16(p - 2);
		for (const uint8_t *s = p; s < p + n; s += *s + 1) {
			char text[256];
			memcpy(text, s + 1, *s);
			text[*s] = '\0';
			if (s == p) {
				char step[20];
				snprintf(step, sizeof step, "step=%02u", i);
				CU_ASSERT_STRING_EQUAL(text, step);
			}
			if (i == answers - 1)
				take_string(t, text);
		}
		CU_ASSERT_EQUAL(wire_get32(p - 6), 0);
		p += n;
	}
}

/* --- the property --- */

static void name_of(const struct lb *lb, const char *before, char out[DNAME_TEXT_MAX])
{
	char text[DNAME_TEXT_MAX];
	dname_to_text(lb->service->name, text);
	snprintf(out, DNAME_TEXT_MAX, "%s%s%s", before, lb->service->wildcard ? "any" : "", text + lb->service->wildcard);
}

/* `t` is what was told of what is answered now. */
static void compare(const struct lb *lb, const struct told *t, const struct client *c, uint64_t random)
{
	char name[DNAME_TEXT_MAX];
	struct said a, aaaa;
	name_of(lb, "", name);
	read_answer(ask(name, RR_A, c, random), &a);
	read_answer(ask(name, RR_AAAA, c, random), &aaaa);
	const struct said *first = strcmp(t->type, "AAAA") == 0 ? &aaaa : &a;
	const char *six = t->ipv6[0] ? t->ipv6 : strcmp(t->type, "") == 0 && lb->any_aaaa ? t->answer : strcmp(t->type, "CNAME") == 0 ? t->answer : NULL;
	if (strcmp(t->answer, first->members) || (six && strcmp(six, aaaa.members)) || (first->any && t->ttl != first->ttl))
		printf("\n%s: told %s %s %s ttl %u, answered A %s, AAAA %s, ttl %u\n", name, t->answer, t->type, t->ipv6, t->ttl, a.members, aaaa.members, a.ttl);
	CU_ASSERT_STRING_EQUAL(t->answer, first->members);
	if (six)
		CU_ASSERT_STRING_EQUAL(six, aaaa.members);
	if (first->any) {
		CU_ASSERT_EQUAL(t->ttl, first->ttl);
		CU_ASSERT_EQUAL(strcmp(t->type, "CNAME") == 0, strcmp(first->type, "CNAME") == 0);
	}
	if (lb->any_a)
		CU_ASSERT_EQUAL(t->scope, a.scope);
}

static void explains_its_answers(void)
{
	char name[DNAME_TEXT_MAX];
	struct member_view views[SERVICE_MEMBERS_MAX];
	struct client c;
	struct told t;
	load();
	for (size_t i = 0; i < SERVICES; i++) {
		struct lb *lb = gen->zones[0]->services[i];
		for (unsigned k = 0; k < CLIENTS; k++) {
			uint64_t random = random64(&state);
			draw_views(lb, views);
			draw_numbers(lb);
			publish(lb, views);
			draw_client(&c);
			name_of(lb, "_explain.", name);
			read_explain(ask(name, RR_TXT, &c, random), &t);
			compare(lb, &t, &c, random);
		}
	}
}

/* What is told of a loss beforehand is what is answered once it has happened. */
static void rehearses_losses(void)
{
	char name[DNAME_TEXT_MAX], before[100];
	struct member_view views[SERVICE_MEMBERS_MAX];
	struct client c;
	struct told t;
	for (size_t i = 0; i < SERVICES; i++) {
		struct lb *lb = gen->zones[0]->services[i];
		for (unsigned k = 0; k < CLIENTS; k++) {
			uint64_t random = random64(&state);
			unsigned one = draw(SITES), two = draw(SITES);
			draw_views(lb, views);
			draw_numbers(lb);
			publish(lb, views);
			draw_client(&c);
			snprintf(before, sizeof before, "down-%s.down-%s._explain.", site_names[one], site_names[two]);
			name_of(lb, before, name);
			read_explain(ask(name, RR_TXT, &c, random), &t);
			for (size_t m = 0; m < lb->service->nmembers; m++)
				if (lb->service->members[m].site == (int)one || lb->service->members[m].site == (int)two)
					views[m] = (struct member_view){ .verdict = VERDICT_DOWN };
			publish(lb, views);
			compare(lb, &t, &c, random);
		}
	}
}

/* The most members with the longest labels: what is told of them is cut, and said to be, but it is told. */
static void tells_the_most(void)
{
	struct member_view views[SERVICE_MEMBERS_MAX];
	struct client c;
	struct told t;
	struct lb *lb = gen->zones[0]->services[SERVICES];
	CU_ASSERT_EQUAL_FATAL(lb->service->nmembers, SERVICE_MEMBERS_MAX);
	for (size_t m = 0; m < SERVICE_MEMBERS_MAX; m++)
		views[m] = (struct member_view){ .verdict = m % 2 ? VERDICT_UP : VERDICT_DOWN };
	draw_numbers(lb);
	publish(lb, views);
	draw_client(&c);
	size_t len = ask("_explain.most.gslb.example.com.", RR_TXT, &c, 1);
	CU_ASSERT_EQUAL(msg[2] & DNS_TC, 0);
	CU_ASSERT_PTR_NOT_NULL(memmem(msg, len, ",...", 4));
	read_explain(len, &t);
	CU_ASSERT_EQUAL(strlen(t.answer), SITE_NAME_MAX);
}

/* What it says of sessions is for each unit of the LB lines' weights, whatever agents say of others. */
static void tells_sessions_by_weight(void)
{
	static const struct { uint16_t percent[4]; bool down; const char *why; } cases[] = {
		{ { 0 }, false, "why=fra:1.0,sjc:2.6,den:3.5" },
		{ { 0, 100, 0, 0 }, false, "why=fra:1.0,sjc:2.6,den:3.5" },
		{ { 0, 50, 0, 0 }, false, "why=fra:1.0,sjc:2.6,den:7.0" },
		{ { 100, 1, 0, 0 }, false, "why=fra:1.0,sjc:2.6,den:350.0" },
		{ { 100, 99, 30, 99 }, false, "why=sjc:2.6,fra:3.3,den:3.5" },
		/* All are assumed down, and so taken as if they were up. */
		{ { 100, 99, 30, 99 }, true, "why=sjc:2.6,fra:3.3,den:3.5,nrt:last" },
	};
	struct lb *lb = gen->zones[0]->services[SERVICES + 1];
	struct client c = { .bits = 24, .address = { 10 } };
	struct member_numbers *n = calloc(4, sizeof *n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	CU_ASSERT_EQUAL_FATAL(lb->service->nmembers, 4);
	const uint32_t sessions[4] = { 8, 14, 65535, 1 };
	for (size_t m = 0; m < 4; m++)
		n[m] = (struct member_numbers){ .known = NUMBER_SESSIONS, .sessions = sessions[m] };
	free(atomic_exchange(&lb->numbers, n));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct member_view views[4];
		for (size_t m = 0; m < 4; m++)
			views[m] = (struct member_view){ .verdict = VERDICT_UP, .percent = cases[i].percent[m] };
		publish(lb, views);
		size_t len = ask(cases[i].down ? "down-sjc.down-den.down-fra.down-nrt._explain.conn.gslb.example.com." : "_explain.conn.gslb.example.com.",
		                 RR_TXT, &c, 1);
		CU_ASSERT_PTR_NOT_NULL(memmem(msg, len, cases[i].why, strlen(cases[i].why)));
		if (!memmem(msg, len, cases[i].why, strlen(cases[i].why)))
			printf("\n    %zu: not %s", i, cases[i].why);
	}
}

static void free_all(void)
{
	generation_delete(gen);
	free(responder);
}

UNIT_MAIN("explain", UNIT_TEST(explains_its_answers), UNIT_TEST(rehearses_losses), UNIT_TEST(tells_the_most),
	UNIT_TEST(tells_sessions_by_weight), UNIT_TEST(free_all))
