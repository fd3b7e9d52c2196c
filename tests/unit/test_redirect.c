/* redirect: where requests are sent, which must not be redirected, and that no request gets a word into HOST. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "../../fwd/http_date.h"
#include "../../fwd/redirect.h"

#define ARRAY(a) (sizeof(a) / sizeof *(a))
#define TAIL "\r\nCache-Control: no-store\r\nContent-Length: 0\r\n"

/* Two sites, sjc (our own) and den, a second member at den and a CDN; a listener on two addresses. */
struct fixture {
	struct site sites[2];
	struct conf conf;
	struct conf_listener listener;
	struct addr listen[2];
	struct service service;
	struct member members[4];
	struct addr targets[5];
	char *hosts[3];
	struct addr dialled;
	struct redirect *redirect;
};

static void fixture_init(struct fixture *f)
{
	static const uint8_t name[] = "\3www\4gslb\7example\3com", cdn[] = "\3Cdn\7example\3net";
	static const char *const labels[] = { "sjc", "den", "den-2", "cdn" };

	memset(f, 0, sizeof *f);
	f->sites[0].name = "sjc";
	f->sites[1].name = "den";
	f->conf.sites = f->sites, f->conf.nsites = 2, f->conf.own = &f->sites[0];
	addr_parse(&f->listen[0], "203.0.113.10", 80);
	addr_parse(&f->listen[1], "2001:db8:1::10", 8080);
	f->listener = (struct conf_listener){ .listen = f->listen, .nlisten = 2, .redirect = { .to = REDIRECT_NAME, .status = 302 } };
	memcpy(f->service.name, name, sizeof name);
	f->service.name_len = sizeof name;
	f->service.members = f->members, f->service.nmembers = 4;
	for (int i = 0; i < 4; i++) {
		member_set_label(&f->members[i], labels[i]);
		f->members[i].site = i < 2 ? i : i == 2 ? 1 : MEMBER_NO_SITE;
	}
	addr_parse(&f->targets[0], "203.0.113.10", 0);
	addr_parse(&f->targets[1], "198.51.100.10", 0);
	addr_parse(&f->targets[2], "2001:db8:2::10", 0);
	addr_parse(&f->targets[3], "2001:db8:2::11", 0);
	f->members[0].targets = &f->targets[0], f->members[0].ntargets = 1;
	f->members[1].targets = &f->targets[1], f->members[1].ntargets = 2;
	f->members[2].targets = &f->targets[3], f->members[2].ntargets = 1;
	f->members[3].host = (uint8_t *)(uintptr_t)cdn;
	f->listener.hosts = f->hosts;
	f->dialled = f->listen[0];
}

static void fixture_ready(struct fixture *f)
{
	char why[REDIRECT_WHY_MAX] = "";

	f->redirect = redirect_new(&f->conf, &f->listener, &f->service, why);
	CU_ASSERT_FATAL(f->redirect != NULL);
}

static void fixture_end(struct fixture *f) { redirect_delete(f->redirect); }

static void parse(struct http_head *h, const char *text)
{
	http_head_init(h);
	CU_ASSERT_EQUAL_FATAL(http_parse(h, text, strlen(text)), HTTP_HEAD);
}

/* The answer as a string; "" when there is none. */
static const char *answer(struct fixture *f, const char *request, uint16_t member, bool close, char out[REDIRECT_REPLY_MAX + 1])
{
	struct http_head h;

	parse(&h, request);
	out[redirect_write(f->redirect, &h, request, &(struct redirect_reply){ member, &f->dialled, close, NULL }, out, REDIRECT_REPLY_MAX)] = '\0';
	return out;
}

static void test_date(void)
{
	static const char want[] = "HTTP/1.1 302 Found\r\nLocation: http://den.www.gslb.example.com/\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT" TAIL "\r\n",
	                  request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture f;
	struct http_head h;
	struct http_date date = { .at = 0 };
	char out[REDIRECT_REPLY_MAX + 1];

	fixture_init(&f);
	fixture_ready(&f);
	parse(&h, request);
	out[redirect_write(f.redirect, &h, request, &(struct redirect_reply){ 1, &f.dialled, false, http_date(&date, 784111777) },
	                   out, REDIRECT_REPLY_MAX)] = '\0';
	CU_ASSERT_STRING_EQUAL(out, want);
	fixture_end(&f);
}

static void test_whole_answers(void)
{
	static const struct { const char *request; uint16_t member; bool close; const char *want; } cases[] = {
		{ "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", 1, false, "HTTP/1.1 302 Found\r\nLocation: http://den.www.gslb.example.com/a?b=c" TAIL "\r\n" },
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 3, true, "HTTP/1.1 302 Found\r\nLocation: http://cdn.www.gslb.example.com/" TAIL "Connection: close\r\n\r\n" },
		{ "HEAD / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", 1, false, "HTTP/1.1 302 Found\r\nLocation: http://den.www.gslb.example.com/" TAIL "Connection: keep-alive\r\n\r\n" },
		{ "POST / HTTP/1.1\r\nHost: x\r\n\r\n", 1, false, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://den.www.gslb.example.com/" TAIL "\r\n" },
	};
	struct fixture f;
	char out[REDIRECT_REPLY_MAX + 1];

	fixture_init(&f);
	fixture_ready(&f);
	for (size_t i = 0; i < ARRAY(cases); i++)
		CU_ASSERT_STRING_EQUAL(answer(&f, cases[i].request, cases[i].member, cases[i].close, out), cases[i].want);
	fixture_end(&f);
}

/* The value of Location, or "" */
static const char *location(struct fixture *f, const char *request, uint16_t member, char out[REDIRECT_REPLY_MAX + 1])
{
	char *at, *end;

	answer(f, request, member, false, out);
	at = strstr(out, "\r\nLocation: ");
	if (!at)
		return "";
	at += 12;
	end = strstr(at, "\r\n");
	CU_ASSERT_FATAL(end != NULL);
	CU_ASSERT_STRING_EQUAL(end, TAIL "\r\n"); /* nothing was smuggled in behind it */
	*end = '\0';
	return at;
}

static void test_targets(void)
{
	/* Sent as target, expected behind the host. */
	static const char *const cases[][2] = {
		{ "/", "/" }, { "/a/b;c=d?e=f&g=%20%c3%a4%", "/a/b;c=d?e=f&g=%20%c3%a4%" }, { "/?a[]=1&b=(2)'!*,:@$~", "/?a[]=1&b=(2)'!*,:@$~" },
		{ "//evil.example/x", "//evil.example/x" }, { "/../../x", "/../../x" }, { "/@evil.example", "/@evil.example" },
		{ "/\\evil.example", "/%5Cevil.example" }, { "/a\"b<c>d^e`f{g|h}i#j", "/a%22b%3Cc%3Ed%5Ee%60f%7Bg%7Ch%7Di%23j" },
		{ "/\xc3\xa4\xff", "/%C3%A4%FF" }, { "/%0d%0aSet-Cookie:x", "/%0d%0aSet-Cookie:x" },
		{ "http://other.example/p?q", "/p?q" }, { "http://other.example:99", "/" }, { "HTTPS://other.example?q", "/?q" }, { "http://other#f", "/%23f" },
	};
	struct fixture f;
	char out[REDIRECT_REPLY_MAX + 1], request[200], want[200];

	fixture_init(&f);
	fixture_ready(&f);
	for (size_t i = 0; i < ARRAY(cases); i++) {
		snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: other.example\r\n\r\n", cases[i][0]);
		snprintf(want, sizeof want, "http://den.www.gslb.example.com%s", cases[i][1]);
		CU_ASSERT_STRING_EQUAL(location(&f, request, 1, out), want);
	}
	fixture_end(&f);
}

static void test_longest(void)
{
	struct fixture f;
	char out[REDIRECT_REPLY_MAX + 1];
	static char request[HTTP_HEAD_MAX];
	struct http_head h;
	size_t n;

	fixture_init(&f);
	fixture_ready(&f);
	n = (size_t)sprintf(request, "POST /");
	memset(request + n, 0xff, HTTP_TARGET_MAX - 1);
	strcpy(request + n + HTTP_TARGET_MAX - 1, " HTTP/1.1\r\nHost: x\r\n\r\n");
	parse(&h, request);
	n = redirect_write(f.redirect, &h, request, &(struct redirect_reply){ 1, &f.dialled, true, NULL }, out, REDIRECT_REPLY_MAX);
	CU_ASSERT(n > 3 * (HTTP_TARGET_MAX - 1) && n < REDIRECT_REPLY_MAX);
	CU_ASSERT_EQUAL(redirect_write(f.redirect, &h, request, &(struct redirect_reply){ 1, &f.dialled, true, NULL }, out, n - 1), 0);
	CU_ASSERT_EQUAL(redirect_write(f.redirect, &h, request, &(struct redirect_reply){ 1, &f.dialled, true, NULL }, out, n), n);
	fixture_end(&f);
}

/* HOST and PORT by configuration, LB line and the address that was dialled. */
static void test_hosts_and_ports(void)
{
	static const struct {
		enum redirect_to to;
		const char *template, *scheme;
		uint16_t port, member_port;
		int dialled;              /* 0: IPv4 port 80, 1: IPv6 port 8080 */
		uint16_t member;
		const char *want;
	} cases[] = {
		{ REDIRECT_NAME, NULL, NULL, 0, 0, 0, 1, "http://den.www.gslb.example.com/" },
		{ REDIRECT_NAME, NULL, NULL, 0, 0, 0, 2, "http://den-2.www.gslb.example.com/" },
		{ REDIRECT_NAME, NULL, NULL, 0, 0, 1, 1, "http://den.www.gslb.example.com:8080/" },
		{ REDIRECT_NAME, NULL, NULL, 0, 81, 1, 1, "http://den.www.gslb.example.com:81/" },
		{ REDIRECT_NAME, NULL, NULL, 0, 80, 1, 1, "http://den.www.gslb.example.com/" },
		{ REDIRECT_NAME, NULL, NULL, 82, 81, 0, 1, "http://den.www.gslb.example.com:82/" },
		{ REDIRECT_NAME, NULL, NULL, 80, 81, 1, 1, "http://den.www.gslb.example.com/" },
		{ REDIRECT_NAME, NULL, NULL, 65535, 0, 0, 1, "http://den.www.gslb.example.com:65535/" },
		{ REDIRECT_NAME, NULL, "https", 0, 0, 0, 1, "https://den.www.gslb.example.com/" },
		{ REDIRECT_NAME, NULL, "https", 0, 443, 0, 1, "https://den.www.gslb.example.com/" },
		{ REDIRECT_NAME, NULL, "https", 0, 8443, 0, 1, "https://den.www.gslb.example.com:8443/" },
		{ REDIRECT_NAME, NULL, "https", 80, 0, 0, 1, "https://den.www.gslb.example.com:80/" },
		{ REDIRECT_NAME, NULL, "http", 0, 0, 1, 1, "http://den.www.gslb.example.com:8080/" },
		{ REDIRECT_ADDRESS, NULL, NULL, 0, 0, 0, 1, "http://198.51.100.10/" },
		{ REDIRECT_ADDRESS, NULL, NULL, 0, 0, 1, 1, "http://[2001:db8:2::10]:8080/" },
		{ REDIRECT_ADDRESS, NULL, NULL, 0, 0, 0, 2, "http://[2001:db8:2::11]/" },
		{ REDIRECT_ADDRESS, NULL, NULL, 0, 0, 0, 3, "http://cdn.example.net/" },
		{ REDIRECT_TEMPLATE, "{site}.Example.com", NULL, 0, 0, 0, 1, "http://den.example.com/" },
		{ REDIRECT_TEMPLATE, "{site}.example.com", NULL, 0, 0, 0, 2, "http://den.example.com/" },
		{ REDIRECT_TEMPLATE, "{site}.example.com", NULL, 0, 0, 0, 3, "http://cdn.example.com/" },
		{ REDIRECT_TEMPLATE, "a{site}{site}b.example.com", NULL, 0, 0, 0, 1, "http://adendenb.example.com/" },
		{ REDIRECT_NONE, NULL, NULL, 0, 0, 0, 1, "" },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct fixture f;
		char out[REDIRECT_REPLY_MAX + 1];

		fixture_init(&f);
		f.listener.redirect = (struct conf_redirect){ .to = cases[i].to, .to_template = (char *)(uintptr_t)cases[i].template,
			.scheme = (char *)(uintptr_t)cases[i].scheme, .port = cases[i].port, .status = 302 };
		f.members[cases[i].member].port = cases[i].member_port;
		f.dialled = f.listen[cases[i].dialled];
		fixture_ready(&f);
		CU_ASSERT_STRING_EQUAL(location(&f, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", cases[i].member, out), cases[i].want);
		CU_ASSERT_EQUAL(redirect_can_name(f.redirect, cases[i].member), *cases[i].want != '\0');
		fixture_end(&f);
	}
}

static void test_status(void)
{
	static const struct { unsigned configured; const char *method; unsigned want; } cases[] = {
		{ 301, "GET", 301 }, { 301, "HEAD", 301 }, { 301, "POST", 308 }, { 301, "DELETE", 308 }, { 302, "GET", 302 }, { 302, "HEAD", 302 }, { 302, "POST", 307 },
		{ 302, "OPTIONS", 307 }, { 303, "POST", 303 }, { 303, "GET", 303 }, { 307, "GET", 307 }, { 307, "POST", 307 }, { 308, "GET", 308 }, { 308, "PUT", 308 },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct fixture f;
		struct http_head h;
		char request[100], out[REDIRECT_REPLY_MAX + 1], want[40];

		fixture_init(&f);
		f.listener.redirect.status = cases[i].configured;
		fixture_ready(&f);
		snprintf(request, sizeof request, "%s / HTTP/1.1\r\nHost: x\r\n\r\n", cases[i].method);
		parse(&h, request);
		CU_ASSERT_EQUAL(redirect_status(f.redirect, &h), cases[i].want);
		snprintf(want, sizeof want, "HTTP/1.1 %u ", cases[i].want);
		CU_ASSERT(!strncmp(answer(&f, request, 1, false, out), want, strlen(want)));
		fixture_end(&f);
	}
}

static enum redirect_check check(struct fixture *f, const char *host)
{
	char request[1000];
	struct http_head h;

	snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
	parse(&h, request);
	return redirect_check(f->redirect, &h, request, &f->dialled);
}

#define SEND REDIRECT_CHECK_SEND
#define RELAY REDIRECT_CHECK_RELAY
#define WRONG REDIRECT_CHECK_MISDIRECTED

static void test_loop_guard(void)
{
	static const struct { enum redirect_to to; const char *host; enum redirect_check want; } cases[] = {
		{ REDIRECT_NAME, "www.gslb.example.com", SEND }, { REDIRECT_NAME, "www.example.com", SEND }, { REDIRECT_NAME, "", SEND },
		{ REDIRECT_NAME, "sjc.www.gslb.example.com", RELAY }, { REDIRECT_NAME, "den.www.gslb.example.com", RELAY }, { REDIRECT_NAME, "DEN-2.WWW.gslb.example.com", RELAY },
		{ REDIRECT_NAME, "cdn.www.gslb.example.com:8080", RELAY }, { REDIRECT_NAME, "den.www.gslb.example.com.", RELAY }, { REDIRECT_NAME, "cdn.example.net", RELAY },
		{ REDIRECT_NAME, "fra.www.gslb.example.com", SEND }, { REDIRECT_NAME, "xden.www.gslb.example.com", SEND }, { REDIRECT_NAME, "den.www.gslb.example.co", SEND },
		/* addresses of the listener, and of members */
		{ REDIRECT_NAME, "203.0.113.10", RELAY }, { REDIRECT_NAME, "203.0.113.10:80", RELAY }, { REDIRECT_NAME, "[2001:db8:1::10]:8080", RELAY },
		{ REDIRECT_NAME, "[2001:0DB8:1:0:0:0:0:10]", RELAY }, { REDIRECT_NAME, "[::ffff:203.0.113.10]", RELAY }, { REDIRECT_NAME, "198.51.100.10", RELAY },
		{ REDIRECT_NAME, "203.0.113.11", SEND }, { REDIRECT_NAME, "[2001:db8:1::11]", SEND }, { REDIRECT_NAME, "www1", SEND },
		{ REDIRECT_ADDRESS, "den.www.gslb.example.com", RELAY }, { REDIRECT_ADDRESS, "198.51.100.10:81", RELAY }, { REDIRECT_ADDRESS, "[2001:db8:2::11]", RELAY },
		{ REDIRECT_ADDRESS, "www.example.com", SEND },
		{ REDIRECT_TEMPLATE, "den.example.com", RELAY }, { REDIRECT_TEMPLATE, "SJC.example.com", RELAY }, { REDIRECT_TEMPLATE, "cdn.example.com", RELAY },
		{ REDIRECT_TEMPLATE, "den.www.gslb.example.com", RELAY }, { REDIRECT_TEMPLATE, "www.example.com", SEND },
		{ REDIRECT_NONE, "www.example.com", RELAY },
	};
	char template[] = "{site}.example.com";

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct fixture f;
		enum redirect_check got;

		fixture_init(&f);
		f.listener.redirect.to = cases[i].to;
		f.listener.redirect.to_template = cases[i].to == REDIRECT_TEMPLATE ? template : NULL;
		fixture_ready(&f);
		got = check(&f, cases[i].host);
		CU_ASSERT_EQUAL(got, cases[i].want);
		if (got != cases[i].want)
			printf("\n    %s: %d", cases[i].host, got);
		fixture_end(&f);
	}
}

/* A listener on a wildcard address knows its own by what was dialled. */
static void test_dialled_address(void)
{
	struct fixture f;

	fixture_init(&f);
	addr_parse(&f.listen[0], "0.0.0.0", 80);
	f.members[0].ntargets = 0;
	fixture_ready(&f);
	addr_parse(&f.dialled, "192.0.2.77", 80);
	CU_ASSERT_EQUAL(check(&f, "192.0.2.77"), RELAY);
	CU_ASSERT_EQUAL(check(&f, "192.0.2.78"), SEND);
	fixture_end(&f);
}

/* The absolute form's authority is the Host that counts. */
static void test_absolute_form_is_guarded(void)
{
	static const char guarded[] = "GET http://den.www.gslb.example.com/ HTTP/1.1\r\nHost: x\r\n\r\n",
	                  free_[] = "GET http://x/ HTTP/1.1\r\nHost: den.www.gslb.example.com\r\n\r\n", star[] = "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture f;
	struct http_head h;
	char out[REDIRECT_REPLY_MAX];

	fixture_init(&f);
	fixture_ready(&f);
	parse(&h, guarded);
	CU_ASSERT_EQUAL(redirect_check(f.redirect, &h, guarded, &f.dialled), RELAY);
	parse(&h, free_);
	CU_ASSERT_EQUAL(redirect_check(f.redirect, &h, free_, NULL), SEND);
	parse(&h, star);
	CU_ASSERT_EQUAL(redirect_check(f.redirect, &h, star, &f.dialled), RELAY);
	CU_ASSERT_EQUAL(redirect_write(f.redirect, &h, star, &(struct redirect_reply){ 1, &f.dialled, true, NULL }, out, sizeof out), 0);
	fixture_end(&f);
}

static void test_hosts_limit(void)
{
	static const struct { enum redirect_to to; const char *host; enum redirect_check want; } cases[] = {
		{ REDIRECT_NAME, "www.example.com", SEND }, { REDIRECT_NAME, "WWW.Example.com.:80", SEND }, { REDIRECT_NAME, "example.com", SEND },
		{ REDIRECT_NAME, "www.example.org", WRONG }, { REDIRECT_NAME, "", WRONG }, { REDIRECT_NAME, "203.0.113.10", WRONG }, { REDIRECT_NAME, "198.51.100.10", WRONG },
		/* where we send people ourselves */
		{ REDIRECT_NAME, "sjc.www.gslb.example.com", RELAY }, { REDIRECT_ADDRESS, "203.0.113.10", RELAY }, { REDIRECT_ADDRESS, "192.0.2.1", WRONG },
		{ REDIRECT_NONE, "www.example.com", RELAY }, { REDIRECT_NONE, "www.example.org", WRONG },
		{ REDIRECT_NAME, "[2001:db8:9::1]", SEND }, { REDIRECT_NAME, "[2001:DB8:9:0::0001]:80", SEND }, { REDIRECT_NAME, "[2001:db8:9::2]", WRONG },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct fixture f;

		fixture_init(&f);
		f.hosts[0] = (char *)(uintptr_t) "www.example.com";
		f.hosts[1] = (char *)(uintptr_t) "example.com";
		f.hosts[2] = (char *)(uintptr_t) "[2001:db8:9:0::1]";
		f.listener.nhosts = 3;
		f.listener.redirect.to = cases[i].to;
		fixture_ready(&f);
		CU_ASSERT_EQUAL(check(&f, cases[i].host), cases[i].want);
		fixture_end(&f);
	}
}

/* A listener with a certificate was asked by https; which server names are not redirected again. */
static void test_https(void)
{
	static const struct { const char *scheme; uint16_t dialled; const char *location; } cases[] = {
		{ NULL, 443, "https://den.www.gslb.example.com/x\r\n" }, { NULL, 8443, "https://den.www.gslb.example.com:8443/x\r\n" },
		{ "https", 8443, "https://den.www.gslb.example.com:8443/x\r\n" }, { "http", 8443, "http://den.www.gslb.example.com/x\r\n" },
	};
	char file[] = "f", out[REDIRECT_REPLY_MAX + 1];
	struct fixture f;

	for (size_t i = 0; i < ARRAY(cases); i++) {
		fixture_init(&f);
		f.listener.tls.certificate = file;
		f.listener.redirect.scheme = (char *)(uintptr_t)cases[i].scheme;
		addr_set_port(&f.dialled, cases[i].dialled);
		fixture_ready(&f);
		CU_ASSERT_PTR_NOT_NULL(strstr(answer(&f, "GET /x HTTP/1.1\r\nHost: www.gslb.example.com\r\n\r\n", 1, false, out), cases[i].location));
		CU_ASSERT(redirect_leads_to(f.redirect, "den.www.gslb.example.com") && redirect_leads_to(f.redirect, "sjc.www.gslb.example.com"));
		CU_ASSERT(!redirect_leads_to(f.redirect, "www.gslb.example.com") && !redirect_leads_to(f.redirect, ""));
		fixture_end(&f);
	}
	fixture_init(&f);
	f.listener.redirect.to = REDIRECT_NONE;
	fixture_ready(&f);
	CU_ASSERT(redirect_leads_to(f.redirect, "www.gslb.example.com"));
	fixture_end(&f);
}

static void test_long_host(void)
{
	struct fixture f;
	char host[700];

	memset(host, 'a', sizeof host - 1);
	host[sizeof host - 1] = '\0';
	fixture_init(&f);
	fixture_ready(&f);
	CU_ASSERT_EQUAL(check(&f, host), SEND); /* HOST in Location is ours */
	fixture_end(&f);
	f.hosts[0] = (char *)(uintptr_t) "x";
	f.listener.nhosts = 1;
	fixture_ready(&f);
	CU_ASSERT_EQUAL(check(&f, host), WRONG);
	fixture_end(&f);
}

/* The name that the client meant is known from its request alone, and HOST never comes from that. */
static void test_wildcard_service_relays(void)
{
	static const uint8_t name[] = "\1*\3app\7example\3com";
	struct fixture f;
	char out[REDIRECT_REPLY_MAX + 1];

	fixture_init(&f);
	memcpy(f.service.name, name, sizeof name);
	f.service.name_len = sizeof name;
	f.service.wildcard = true;
	fixture_ready(&f);
	CU_ASSERT_EQUAL(check(&f, "foo.app.example.com"), RELAY);
	CU_ASSERT_FALSE(redirect_can_name(f.redirect, 1));
	CU_ASSERT_STRING_EQUAL(answer(&f, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1, false, out), "");
	fixture_end(&f);
}

/* Names that are good in DNS but not in a URL aren't redirected to. */
static void test_unfit_names(void)
{
	struct fixture f;

	fixture_init(&f);
	f.service.name[1] = ' ';
	fixture_ready(&f);
	CU_ASSERT_FALSE(redirect_can_name(f.redirect, 1));
	fixture_end(&f);
	/* to = "address", and there is none */
	fixture_init(&f);
	f.listener.redirect.to = REDIRECT_ADDRESS;
	f.members[1].ntargets = 0;
	fixture_ready(&f);
	CU_ASSERT_FALSE(redirect_can_name(f.redirect, 1));
	CU_ASSERT_TRUE(redirect_can_name(f.redirect, 2));
	fixture_end(&f);
}

static void test_bad_templates(void)
{
	static const char *const bad[] = { "", "{site}.example.com/x", "{site}:80", "{Site}.example.com", "user@{site}", "a b", ".{site}", "{site}." };

	for (size_t i = 0; i < ARRAY(bad); i++) {
		struct fixture f;
		char why[REDIRECT_WHY_MAX] = "";

		fixture_init(&f);
		f.listener.redirect.to = REDIRECT_TEMPLATE;
		f.listener.redirect.to_template = (char *)(uintptr_t)bad[i];
		CU_ASSERT(redirect_new(&f.conf, &f.listener, &f.service, why) == NULL);
		CU_ASSERT(strstr(why, "redirect.to") != NULL);
	}
}

UNIT_MAIN("redirect",
	UNIT_TEST(test_date),
	UNIT_TEST(test_whole_answers),
	UNIT_TEST(test_targets),
	UNIT_TEST(test_longest),
	UNIT_TEST(test_hosts_and_ports),
	UNIT_TEST(test_status),
	UNIT_TEST(test_loop_guard),
	UNIT_TEST(test_dialled_address),
	UNIT_TEST(test_absolute_form_is_guarded),
	UNIT_TEST(test_hosts_limit),
	UNIT_TEST(test_https), UNIT_TEST(test_long_host),
	UNIT_TEST(test_wildcard_service_relays),
	UNIT_TEST(test_unfit_names),
	UNIT_TEST(test_bad_templates))
