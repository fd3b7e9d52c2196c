/* fairlead.conf as it should be: what the structs hold, includes, files and their modes, and large files. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "unit.h"

static const char minimal[] =
	"user = \"\"; site = \"a\";\n"
	"sites = ( { name = \"a\"; control = [ \"192.0.2.1@53\" ]; key = \"k\"; } );\n"
	"keys = ( { name = \"k\"; secret = \"c2VjcmV0\"; } );\n";

static char folder[] = "/tmp/fairlead-test-XXXXXX";

/* FOLDER/NAME; kept until the next call but seven. */
static const char *in_folder(const char *name)
{
	static char names[8][256];
	static unsigned turn;
	char *out = names[turn++ % 8];
	snprintf(out, 256, "%s/%s", folder, name);
	return out;
}

static const char *write_file(const char *name, mode_t mode, const char *fmt, ...)
{
	const char *path = in_folder(name);
	unlink(path);
	FILE *f = fopen(path, "w");
	va_list ap;
	va_start(ap, fmt);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	vfprintf(f, fmt, ap);
	va_end(ap);
	CU_ASSERT_EQUAL(fclose(f), 0);
	CU_ASSERT_EQUAL(chmod(path, mode), 0);
	return path;
}

/* Loads FOLDER/NAME; the errors, if any, must be `want` (with $ for the folder). */
static struct conf *load_file(const char *name, const char *want)
{
	struct errs errs;
	char *said = NULL, *wanted = NULL;
	size_t len;
	errs_init(&errs);
	struct conf *c = conf_load(in_folder(name), &errs);
	FILE *to = open_memstream(&said, &len);
	errs_print(&errs, to);
	fclose(to);
	to = open_memstream(&wanted, &len);
	for (; *want; want++)
		*want == '$' ? fputs(folder, to) : fputc(*want, to);
	fclose(to);
	CU_ASSERT_STRING_EQUAL(said, wanted);
	if (strcmp(said, wanted) != 0)
		printf("\n--- said:\n%s--- and not:\n%s", said, wanted);
	CU_ASSERT_EQUAL(c == NULL, errs.count != 0);
	errs_free(&errs);
	free(said);
	free(wanted);
	return c;
}

static void load_and_free(const char *name, const char *want) { conf_free(load_file(name, want)); }

/* A text that must be accepted. */
static struct conf *load_good(const char *text)
{
	struct errs errs;
	errs_init(&errs);
	struct conf *c = conf_load_text("good.conf", text, strlen(text), &errs);
	errs_print(&errs, stdout);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	errs_free(&errs);
	return c;
}

static bool is_addr(const struct addr *a, const char *text)
{
	char out[ADDR_TEXT_MAX];
	return strcmp(addr_port(a) ? addr_text_at(a, out) : addr_text(a, out), text) == 0;
}

/* ---- values ---- */

/* The example of the specification, with what this version has. */
static const char example[] =
	"site = \"sjc\";\n"
	"user = \"\";\n"
	"sites = (\n"
	"  { name = \"sjc\"; control = [ \"192.0.2.53@53\", \"2001:db8:1::53@53\" ]; proxy_ip = [ \"192.0.2.9\", \"2001:db8:1::9\" ]; location = ( 37.34, -121.89 ); key = \"sjc\"; },\n"
	"  { name = \"den\"; control = [ \"198.51.100.53@53\" ]; control_bind = ( \"10.9.0.1@5353\" ); proxy_ip = [ \"198.51.100.9\" ]; proxy_bind = [ \"10.9.0.2\" ];\n"
	"    location = ( 40, -104.99 ); key = \"Den.\"; }\n"
	");\n"
	"keys = (\n"
	"  { name = \"sjc\"; algorithm = \"hmac-sha512\"; secret = \"c2VjcmV0IQ==\"; },\n"
	"  { name = \"den\"; secret = \"c2VjcmV0\"; },\n"
	"  { name = \"ops.example.\"; secret = \"c2VjcmU=\"; role = \"admin\"; }\n"
	");\n"
	"dns = { listen = [ \"0.0.0.0@53\", \"::@53\" ]; zones = \"zones\"; hold = 2; health_from = [ \"10.0.0.0/8\" ]; };\n"
	"checks = (\n"
	"  { name = \"web\"; type = \"http\"; path = \"/healthz\"; host = \"WWW.example.com\"; status = \"200-399\"; body = \"rege[x]\"; interval = 1.0;\n"
	"    headers = [ \"X-Check: 1\", \"Accept: */*\" ]; method = \"GET\"; },\n"
	"  { name = \"pop\"; type = \"tcp\"; interval = 2; send = \"QUIT\\r\\n\\\\x00\\\\\\\\\"; expect = \"^\\+OK\"; port = 110; need = \"any\"; rise = 5; fall = 4; timeout = 0.5; fast_interval = 0.2; },\n"
	"  { name = \"fast\"; type = \"tcp\"; interval = 0.05; },\n"
	"  { name = \"list\"; type = \"http\"; status = ( 200, \"301-302, 304\" ); },\n"
	"  { name = \"up\"; type = \"none\"; }\n"
	");\n"
	"policies = (\n"
	"  { name = \"nearest\"; answers = 2; fail = \"closed\"; failback = \"auto\";\n"
	"    rules = ( { from = [ \"10.0.0.0/8\", \"2001:db8::/32\" ]; metrics = [ \"local\" ]; },\n"
	"              { sites = [ \"den\", \"sjc\" ]; metrics = [ \"rank\", \"weighted\" ]; },\n"
	"              { metrics = ( \"hash\" ); } ); },\n"
	"  { name = \"plain\"; }\n"
	");\n"
	"exchange = { interval = 0.5; decide = \"own\"; probe = \"all\"; };\n"
	"forward = {\n"
	"  drain_timeout = 7.5;\n"
	"  listeners = (\n"
	"    { service = \"WWW.gslb.example.com.\"; listen = [ \"203.0.113.10@80\", \"2001:db8::10@80\" ]; protocol = \"http\"; check = \"web\"; balance = \"leastconn\"; capacity = 20000;\n"
	"      servers = ( { address = \"10.0.0.11@8080\"; weight = 2; }, { address = \"10.0.0.12@8080\"; } ); hosts = [ \"Www.Example.com.\", \"[2001:DB8::1]\" ];\n"
	"      redirect = { status = 307; to = \"{site}.example.com\"; scheme = \"https\"; port = 8443; }; },\n"
	"    { service = \"mail.gslb.example.com\"; listen = [ \"203.0.113.25@110\" ]; protocol = \"tcp\"; check = \"none\"; servers = ( { address = \"10.0.0.21@110\"; } ); }\n"
	"  );\n"
	"};\n";

static void sites_and_keys(void)
{
	struct conf *c = load_good(example);
	CU_ASSERT_EQUAL(c->nsites, 2);
	CU_ASSERT_PTR_EQUAL(c->own, &c->sites[0]);
	CU_ASSERT_EQUAL(c->sites[1].index, 1);
	CU_ASSERT_STRING_EQUAL(c->user, "");
	CU_ASSERT_STRING_EQUAL(c->run, "/run/fairlead");
	CU_ASSERT_STRING_EQUAL(c->state, "/var/lib/fairlead");
	CU_ASSERT(c->instance[0] != '\0');
	const struct site *s = conf_site(c, "sjc"), *d = conf_site(c, "den");
	CU_ASSERT_PTR_NULL(conf_site(c, "fra"));
	CU_ASSERT_EQUAL(s->ncontrol, 2);
	CU_ASSERT(is_addr(&s->control[1], "2001:db8:1::53@53"));
	CU_ASSERT_EQUAL(s->ncontrol_bind, 2);
	CU_ASSERT(is_addr(&s->control_bind[0], "192.0.2.53@53"));
	CU_ASSERT(is_addr(&s->proxy_bind[1], "2001:db8:1::9"));
	CU_ASSERT(s->has_location);
	CU_ASSERT_DOUBLE_EQUAL(s->longitude, -121.89, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(d->latitude, 40, 0);
	CU_ASSERT_EQUAL(d->ncontrol_bind, 1);
	CU_ASSERT(is_addr(&d->control_bind[0], "10.9.0.1@5353"));
	CU_ASSERT(is_addr(&d->proxy_bind[0], "10.9.0.2"));
	CU_ASSERT_PTR_EQUAL(d->key, &c->keys[1]);
	CU_ASSERT_EQUAL(c->keys[0].algorithm, KEY_HMAC_SHA512);
	CU_ASSERT_EQUAL(c->keys[0].secret_len, 7);
	CU_ASSERT(memcmp(c->keys[0].secret, "secret!", 7) == 0);
	CU_ASSERT_EQUAL(c->keys[1].algorithm, KEY_HMAC_SHA256);
	CU_ASSERT_EQUAL(c->keys[2].role, KEY_ROLE_ADMIN);
	CU_ASSERT_EQUAL(c->keys[2].secret_len, 5);
	CU_ASSERT_STRING_EQUAL(c->keys[2].name, "ops.example");
	CU_ASSERT(is_addr(conf_probe_source(c, AF_INET6), "2001:db8:1::53@53"));
	conf_free(c);
}

static void dns_and_checks(void)
{
	struct conf *c = load_good(example);
	CU_ASSERT(c->has_dns);
	CU_ASSERT_EQUAL(c->dns.nlisten, 2);
	CU_ASSERT_STRING_EQUAL(c->dns.zones, "zones");
	CU_ASSERT(c->dns.ttl == 30 && c->dns.ttl_min == 5 && c->dns.ttl_calm == 60 && c->dns.answers == 1 && c->dns.threads == 0);
	CU_ASSERT_EQUAL(c->dns.fail, FAIL_OPEN);
	CU_ASSERT_DOUBLE_EQUAL(c->dns.hold, 2, 0);
	CU_ASSERT_EQUAL(c->dns.nhealth_from, 1);
	const struct conf_check *w = conf_check_by_name(c, "web"), *p = conf_check_by_name(c, "pop"), *l = conf_check_by_name(c, "list");
	CU_ASSERT_PTR_NULL(conf_check_by_name(c, "none"));
	CU_ASSERT(w->type == CHECK_HTTP && w->interval == 1 && w->fast_interval == 0.1 && w->timeout == 1 && w->rise == 2 && w->fall == 3);
	CU_ASSERT(w->port == 0 && !w->need_any && !w->has_expect && w->has_body);
	CU_ASSERT_STRING_EQUAL(w->host, "www.example.com");
	CU_ASSERT(w->nstatus == 1 && w->status[0].first == 200 && w->status[0].last == 399);
	CU_ASSERT_EQUAL(regexec(&w->body, "a regex", 0, NULL, 0), 0);
	CU_ASSERT_NOT_EQUAL(regexec(&w->body, "rege", 0, NULL, 0), 0);
	CU_ASSERT_EQUAL(w->nheaders, 2);
	CU_ASSERT_STRING_EQUAL(w->headers[1], "Accept: */*");
	CU_ASSERT(p->need_any && p->port == 110 && p->rise == 5 && p->fall == 4 && p->timeout == 0.5 && p->fast_interval == 0.2);
	CU_ASSERT_EQUAL(p->send_len, 8);
	CU_ASSERT(memcmp(p->send, "QUIT\r\n\0\\", 8) == 0);
	CU_ASSERT_STRING_EQUAL(p->expect_text, "^\\+OK"); /* the backslash begins no escape of libconfig */
	CU_ASSERT_EQUAL(regexec(&p->expect, "+OK ready", 0, NULL, 0), 0);
	CU_ASSERT_DOUBLE_EQUAL(conf_check_by_name(c, "fast")->fast_interval, 0.05, 0); /* at most interval */
	CU_ASSERT(l->nstatus == 3 && l->status[0].last == 200 && l->status[1].first == 301 && l->status[2].last == 304);
	CU_ASSERT_STRING_EQUAL(l->method, "GET");
	CU_ASSERT_STRING_EQUAL(l->path, "/");
	CU_ASSERT_PTR_NULL(l->host);
	CU_ASSERT_EQUAL(conf_check_by_name(c, "up")->type, CHECK_NONE);
	conf_free(c);
}

/* Certificates are read with the file, from its folder; nothing asks for them again. */
static void checks_with_keys_of_their_own(void)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\n"
		"MIIBMjCB2KADAgECAgEBMAoGCCqGSM49BAMCMAwxCjAIBgNVBAMMAXgwHhcNMjYw\n";
	char text[1024];
	snprintf(text, sizeof text, "%schecks = ( { name = \"s\"; type = \"tls\"; sni = \"WWW.example.com\"; verify = false; min_days = 14; alpn = ( \"h2\", \"http/1.1\" ); },\n"
	         "{ name = \"p\"; type = \"pop3\"; tls = true; }, { name = \"i\"; type = \"imap\"; starttls = true; }, { name = \"m\"; type = \"smtp\"; port = 2525; tls = true; },\n"
	         "{ name = \"h\"; type = \"http\"; tls = true; },\n"
	         "{ name = \"d\"; type = \"dns\"; query = \"x.example\"; qtype = \"aaaa\"; address = [ \"2001:db8::1\" ]; },\n"
	         "{ name = \"e\"; type = \"dns\"; query = \".\"; rcode = \"REFUSED\"; },\n"
	         "{ name = \"x\"; type = \"exec\"; command = [ \"/bin/sh\", \"-c\", \"echo up\" ]; } );\n", minimal);
	struct conf *c = load_good(text);
	const struct conf_check *s = conf_check_by_name(c, "s"), *p = conf_check_by_name(c, "p"), *i = conf_check_by_name(c, "i");
	CU_ASSERT(s->tls && !s->verify && s->min_days == 14 && s->nalpn == 2 && !s->ca);
	CU_ASSERT_STRING_EQUAL(s->sni, "www.example.com");
	CU_ASSERT_STRING_EQUAL(s->alpn[1], "http/1.1");
	CU_ASSERT(p->tls && p->verify && !p->starttls && p->min_days == 0 && !p->sni);
	CU_ASSERT(!i->tls && i->starttls && i->verify);
	CU_ASSERT(conf_check_port(s) == 443 && conf_check_port(p) == 995 && conf_check_port(i) == 143);
	CU_ASSERT(conf_check_port(conf_check_by_name(c, "m")) == 2525 && conf_check_port(conf_check_by_name(c, "h")) == 443);
	const struct conf_check *d = conf_check_by_name(c, "d"), *e = conf_check_by_name(c, "e");
	CU_ASSERT(d->qtype == 28 && d->rcode == 0 && d->nanswers == 1 && is_addr(&d->answers[0], "2001:db8::1"));
	CU_ASSERT(e->qtype == 1 && e->rcode == 5 && e->nanswers == 0 && conf_check_port(e) == 53);
	CU_ASSERT_STRING_EQUAL(d->query, "x.example");
	const struct conf_check *x = conf_check_by_name(c, "x");
	CU_ASSERT_EQUAL_FATAL(x->ncommand, 3);
	CU_ASSERT_STRING_EQUAL(x->command[0], "/bin/sh");
	CU_ASSERT_STRING_EQUAL(x->command[2], "echo up");
	conf_free(c);
	char path[sizeof folder + 16];
	snprintf(path, sizeof path, "%s/x.ca", folder);
	FILE *f = fopen(path, "we");
	CU_ASSERT_FATAL(f && fputs(pem, f) >= 0 && fclose(f) == 0);
	struct errs errs;
	errs_init(&errs);
	snprintf(text, sizeof text, "%schecks = ( { name = \"s\"; type = \"tls\"; ca = \"%s\"; } );\n", minimal, path);
	CU_ASSERT_PTR_NULL(conf_load_text("t.conf", text, strlen(text), &errs));
	CU_ASSERT(errs.count == 1);
	errs_free(&errs);
}

static void policies(void)
{
	struct conf *c = load_good(example);
	const struct policy *n = conf_policy(c, "nearest"), *p = conf_policy(c, "plain");
	CU_ASSERT(n->answers == 2 && n->fail == FAIL_CLOSED && n->nrules == 3);
	CU_ASSERT(n->rules[0].nfrom == 2 && n->rules[0].from[1].length == 32 && n->rules[0].nsites == 0);
	CU_ASSERT(n->rules[0].nmetrics == 1 && n->rules[0].metrics[0] == METRIC_LOCAL);
	CU_ASSERT(n->rules[1].nsites == 2 && n->rules[1].sites[0] == 1 && n->rules[1].sites[1] == 0);
	CU_ASSERT(n->rules[1].nmetrics == 2 && n->rules[1].metrics[1] == METRIC_WEIGHTED);
	CU_ASSERT(p->answers == 1 && p->fail == FAIL_OPEN && p->nrules == 0);
	CU_ASSERT(c->default_policy.answers == 1 && c->default_policy.nrules == 0);
	conf_free(c);
}

static void listeners(void)
{
	struct conf *c = load_good(example);
	const struct conf_listener *w = &c->forward.listeners[0], *m = &c->forward.listeners[1];
	CU_ASSERT(c->has_forward && c->forward.nlisteners == 2 && c->forward.drain_timeout == 7.5);
	CU_ASSERT(c->forward.ndnsd == 2 && is_addr(&c->forward.dnsd[0], "192.0.2.53@53"));
	CU_ASSERT_DOUBLE_EQUAL(c->exchange.interval, 0.5, 0);
	CU_ASSERT(memcmp(w->service, "\3www\4gslb\7example\3com", 22) == 0);
	CU_ASSERT_STRING_EQUAL(m->service_text, "mail.gslb.example.com.");
	CU_ASSERT(w->nlisten == 2 && w->protocol == FWD_HTTP && w->balance == BALANCE_LEASTCONN && w->capacity == 20000);
	CU_ASSERT(w->nservers == 2 && w->servers[0].weight == 2 && w->servers[1].weight == 1 && is_addr(&w->servers[1].address, "10.0.0.12@8080"));
	CU_ASSERT_PTR_EQUAL(w->check, conf_check_by_name(c, "web"));
	CU_ASSERT(w->redirect.to == REDIRECT_TEMPLATE && w->redirect.status == 307 && w->redirect.port == 8443);
	CU_ASSERT_STRING_EQUAL(w->redirect.to_template, "{site}.example.com");
	CU_ASSERT_STRING_EQUAL(w->redirect.scheme, "https");
	CU_ASSERT_STRING_EQUAL(w->hosts[0], "www.example.com");
	CU_ASSERT_STRING_EQUAL(w->hosts[1], "[2001:db8::1]");
	CU_ASSERT(w->connect_timeout == 1 && w->idle_timeout == 300 && w->client_timeout == 10 && w->max_sessions == 100000);
	CU_ASSERT(m->redirect.to == REDIRECT_NAME && m->redirect.status == 302 && m->redirect.port == 0 && !m->redirect.scheme);
	CU_ASSERT(m->protocol == FWD_TCP && m->balance == BALANCE_ROUNDROBIN && m->capacity == 0 && !m->check);
	unsigned line = 1;
	for (const char *q = example; q < strstr(example, "{ service = \"WWW"); q++)
		line += *q == '\n';
	CU_ASSERT_EQUAL(w->line, line);
	conf_free(c);
}

static void minimal_is_enough(void)
{
	struct conf *c = load_good(minimal);
	CU_ASSERT(!c->has_dns && !c->has_forward);
	CU_ASSERT(c->exchange.interval == 1 && c->forward.drain_timeout == 30 && c->dns.ttl == 30);
	CU_ASSERT(c->dns.nhealth_from == 4); /* loopback twice, control and control_bind */
	CU_ASSERT_PTR_NULL(conf_probe_source(c, AF_INET6));
	conf_free(c);
}

static void defaults_follow_other_keys(void)
{
	char text[1024];
	snprintf(text, sizeof text, "%sdns = { listen = [ \"192.0.2.1@53\" ]; ttl = 2.0; answers = 0x3; fail = \"backup\"; };\n"
	         "policies = ( { name = \"p\"; } );\n", minimal);
	struct conf *c = load_good(text);
	CU_ASSERT(c->dns.ttl == 2 && c->dns.ttl_min == 2);
	CU_ASSERT(c->policies[0].answers == 3 && c->policies[0].fail == FAIL_BACKUP);
	CU_ASSERT(c->default_policy.answers == 3 && c->default_policy.fail == FAIL_BACKUP);
	conf_free(c);
}

/* Comments, strings side by side, ":" for "=", commas behind settings and last elements. */
static void odd_but_good_syntax(void)
{
	struct conf *c = load_good(
		"// x\n# y \" {\n/* z\n * ( */ user : \"\", site = \"a\" instance = \"in\" /* ; */ \"st\" # }\n\"an\" \"ce\\x31\"\n"
		"sites = ( { name = \"a\"; control = ( \"192.0.2.1@53\", ); key = \"k\" } , )\n"
		"keys = ( { name = \"k\" secret = \"c2VjcmV0\" } )\nrun = \"/a\n\\tb\"; state = \"C:\\dir\\\\\";dns={listen=[\"192.0.2.1@53\"];ttl=+7;hold=.5;ttl_min=7L;};");
	CU_ASSERT_STRING_EQUAL(c->instance, "instance1");
	CU_ASSERT_STRING_EQUAL(c->run, "/a\n\tb");
	CU_ASSERT_STRING_EQUAL(c->state, "C:\\dir\\");
	CU_ASSERT(c->dns.ttl == 7 && c->dns.hold == 0.5 && c->dns.ttl_min == 7);
	conf_free(c);
}

static void metrics_and_check_types(void)
{
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		CU_ASSERT_EQUAL(metric_by_name(metric_name((enum metric)m)), (enum metric)m);
	CU_ASSERT_EQUAL(metric_by_name("Rank"), METRIC_COUNT);
	CU_ASSERT(check_default_port(CHECK_HTTP) == 80 && check_default_port(CHECK_POP3) == 110 && check_default_port(CHECK_TCP) == 0);
	for (int t = 0; t <= CHECK_NONE; t++)
		CU_ASSERT(check_is_built((enum check_type)t));
	CU_ASSERT_STRING_EQUAL(check_type_name(CHECK_EXEC), "exec");
}

/* ---- files ---- */

static void paths_are_relative_to_the_file(void)
{
	write_file("p.conf", 0600, "%srun = \"r\"; state = \"/s\"; dns = { listen = [ \"192.0.2.1@53\" ]; };\n", minimal);
	struct conf *c = load_file("p.conf", "");
	if (c) {
		CU_ASSERT_STRING_EQUAL(c->run, in_folder("r"));
		CU_ASSERT_STRING_EQUAL(c->state, "/s");
		CU_ASSERT_STRING_EQUAL(c->dns.zones, in_folder("zones"));
	}
	conf_free(c);
	load_and_free("missing.conf", "$/missing.conf: cannot be read: No such file or directory\n");
	load_and_free(".", "$/.: cannot be read: not a regular file\n");
	CU_ASSERT_EQUAL(mkfifo(in_folder("fifo"), 0600), 0);
	load_and_free("fifo", "$/fifo: cannot be read: not a regular file\n");
}

static void includes(void)
{
	CU_ASSERT_EQUAL(mkdir(in_folder("sub"), 0755), 0);
	write_file("main.conf", 0600, "# 1\n  @include \"sub/one.conf\"\nrun = 5;\n");
	write_file("sub/one.conf", 0600, "%s\n@include \"two.conf\"\n  # 6\nfour = 4;", minimal);
	write_file("sub/two.conf", 0600, "dns = {\n listen = [ \"192.0.2.1@53\" ];\n\n ttl = \"x\";\n};");
	load_and_free("main.conf", "$/sub/two.conf:4: dns.ttl: must be a number\n$/sub/one.conf:7: unknown key \"four\"\n"
	                           "$/main.conf:3: run: must be a text in \"...\"\n");
	/* the same line number in two files, one behind the other */
	write_file("main.conf", 0600, "run = 5;\n@include \"sub/two.conf\"\n%s", minimal);
	write_file("sub/two.conf", 0600, "state = 5;");
	load_and_free("main.conf", "$/main.conf:1: run: must be a text in \"...\"\n$/sub/two.conf:1: state: must be a text in \"...\"\n");
	/* part of a group, and keys that meet another file's */
	write_file("sub/two.conf", 0600, "ttl = 5;\nttl = 6;\n");
	write_file("sub/one.conf", 0600, "%s", minimal);
	write_file("main.conf", 0600, "@include \"sub/one.conf\"\ndns = { listen = [ \"192.0.2.1@53\" ]; hold = 1;\n@include \"sub/two.conf\"\nhold = 5; };\nuser = \"\";\n");
	load_and_free("main.conf", "$/sub/two.conf:2: \"ttl\" is set twice, first in line 1\n$/main.conf:4: \"hold\" is set twice, first in line 2\n"
	                           "$/main.conf:5: \"user\" is set twice, first at $/sub/one.conf:1\n");
}

static void includes_in_circles(void)
{
	write_file("a.conf", 0600, "%s@include \"b.conf\"\n", minimal);
	write_file("b.conf", 0600, "\n@include \"./a.conf\"\n");
	load_and_free("a.conf", "$/b.conf:2: @include \"$/./a.conf\": it is being read already (a loop of includes)\n");
	char name[32];
	for (unsigned i = 0; i < 12; i++) {
		snprintf(name, sizeof name, "deep%u.conf", i);
		write_file(name, 0600, "@include \"deep%u.conf\"\n%s", i + 1, i == 0 ? minimal : "");
	}
	load_and_free("deep0.conf", "$/deep9.conf:1: @include \"$/deep10.conf\": includes are nested too deep\n");
	/* ten levels, each including the next a hundred times, must end soon */
	for (unsigned i = 0; i < 9; i++) {
		snprintf(name, sizeof name, "wide%u.conf", i);
		const char *path = write_file(name, 0600, "%s", i == 0 ? minimal : "");
		FILE *f = fopen(path, "a");
		for (unsigned j = 0; j < 100; j++)
			fprintf(f, "@include \"wide%u.conf\"\n", i + 1);
		fclose(f);
	}
	write_file("wide9.conf", 0600, "\n");
	struct errs errs;
	errs_init(&errs);
	CU_ASSERT_PTR_NULL(conf_load(in_folder("wide0.conf"), &errs));
	CU_ASSERT_PTR_NOT_NULL(strstr(errs.text[0], "too many files"));
	errs_free(&errs);
}

static void unclosed_in_an_included_file(void)
{
	write_file("main.conf", 0600, "%s@include \"u.conf\"\nrun = \"/x\";\n", minimal);
	write_file("u.conf", 0600, "\ndns = {\n listen = [\n");
	load_and_free("main.conf", "$/u.conf:3: a value must stand after a bracket or a comma, not run\n$/u.conf:3: this `[' is never closed\n");
	write_file("u.conf", 0600, "\ninstance = \"x\n");
	load_and_free("main.conf", "$/u.conf:2: this string is never closed\n");
}

static void modes_of_files_with_secrets(void)
{
	write_file("open.conf", 0644, "\n%s", minimal);
	load_and_free("open.conf", "$/open.conf:4: keys[].secret: others can read or write $/open.conf, which holds a secret: chmod o-rwx it\n");
	write_file("open.conf", 0602, "%s", minimal);
	load_and_free("open.conf", "$/open.conf:3: keys[].secret: others can read or write $/open.conf, which holds a secret: chmod o-rwx it\n");
	write_file("open.conf", 0660, "%s", minimal);
	load_and_free("open.conf", "");
	/* the included file holds it, or the key file */
	write_file("outer.conf", 0644, "@include \"open.conf\"\n");
	load_and_free("outer.conf", "");
	chmod(in_folder("open.conf"), 0664);
	load_and_free("outer.conf", "$/open.conf:3: keys[].secret: others can read or write $/open.conf, which holds a secret: chmod o-rwx it\n");
	write_file("k.key", 0604, "key \"k\" { algorithm hmac-sha384; secret \"c2VjcmV0\"; };\n");
	write_file("with.conf", 0644, "user = \"\"; site = \"a\";\nsites = ( { name = \"a\"; control = [ \"192.0.2.1@53\" ]; key = \"k\"; } );\n"
	                              "keys = ( { name = \"k\";\nsecret_file = \"k.key\"; } );\n");
	load_and_free("with.conf", "$/with.conf:4: keys[].secret_file: others can read or write $/k.key, which holds a secret: chmod o-rwx it\n");
	chmod(in_folder("k.key"), 0640);
	struct conf *c = load_file("with.conf", "");
	CU_ASSERT(c && c->keys[0].algorithm == KEY_HMAC_SHA384 && c->keys[0].secret_len == 6);
	conf_free(c);
}

static void key_files_that_are_none(void)
{
	static const char with[] = "user = \"\"; site = \"a\";\nsites = ( { name = \"a\"; control = [ \"192.0.2.1@53\" ]; key = \"k\"; } );\n"
	                           "keys = ( { name = \"k\"; %s\nsecret_file = \"k.key\"; } );\n";
	write_file("with.conf", 0600, with, "");
	write_file("k.key", 0600, "# one\nkey \"k\" {\n\talgorithm hmac-md5;\n\tsecret \"c2VjcmV0\";\n};\n");
	load_and_free("with.conf", "$/k.key:3: the algorithm is none of hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512\n");
	write_file("k.key", 0600, "key \"other\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };\n");
	load_and_free("with.conf", "$/with.conf:4: keys[].secret_file: the key in it is called \"other\", not \"k\"\n");
	write_file("k.key", 0600, "key \"K.\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };\n");
	load_and_free("with.conf", "");
	write_file("with.conf", 0600, with, "algorithm = \"hmac-sha1\";");
	load_and_free("with.conf", "$/with.conf:3: keys[].algorithm: the key in it is for hmac-sha256, not hmac-sha1\n");
	unlink(in_folder("k.key"));
	load_and_free("with.conf", "$/with.conf:4: keys[].secret_file: $/k.key cannot be read: No such file or directory\n");
}

/* The query path's keys, and what holds without them. */
static void keys_of_the_query_path(void)
{
	static const char head[] = "user = \"\"; site = \"a\";\nsites = ( { name = \"a\"; control = [ \"192.0.2.1@53\" ]; key = \"k\"; } );\n"
	                           "keys = ( { name = \"k\"; secret = \"c2VjcmV0\"; } );\n";
	write_file("q.conf", 0600, "%sdns = { listen = [ \"192.0.2.1@53\" ]; };\n", head);
	struct conf *c = load_file("q.conf", "");
	CU_ASSERT_FATAL(c != NULL);
	CU_ASSERT(c->dns.ecs && c->dns.networks4 == 24 && c->dns.networks6 == 56 && c->dns.cookies && !c->dns.cookie_secrets.n);
	CU_ASSERT(c->dns.responses_per_second == 0 && c->dns.slip == 2 && c->dns.nrate_exempt == 0);
	CU_ASSERT_STRING_EQUAL(c->dns.identity, "a");
	conf_free(c);
	write_file("q.conf", 0600, "%sdns = { listen = [ \"192.0.2.1@53\" ]; ecs = false; networks4 = 16; networks6 = 48; cookies = false; cookie_secret_file = \"cookies\";\n"
	                           "responses_per_second = 7; slip = 0; rate_exempt = [ \"10.0.0.0/8\" ]; identity = \"none\"; };\n"
	                           "policies = ( { name = \"p\"; rules = ( { from = [ \"10.128.0.0/9\", \"10.0.0.0/9\", \"10.1.0.0/16\" ]; metrics = [ \"hash\" ]; } ); } );\n", head);
	write_file("cookies", 0600, "# two\n\n E5e973e5a6b2a43f48e7dc849e37bfcf\t\r\n445536bcd2513298075a5d379663c962");
	c = load_file("q.conf", "");
	CU_ASSERT_FATAL(c != NULL);
	CU_ASSERT(!c->dns.ecs && c->dns.networks4 == 16 && c->dns.networks6 == 48 && !c->dns.cookies && c->dns.cookie_secrets.n == 2);
	CU_ASSERT(c->dns.cookie_secrets.bytes[0][0] == 0xe5 && c->dns.cookie_secrets.bytes[1][15] == 0x62);
	CU_ASSERT(c->dns.responses_per_second == 7 && c->dns.slip == 0 && c->dns.nrate_exempt == 1 && !c->dns.identity);
	CU_ASSERT(c->policies[0].rules[0].nfrom == 1 && c->policies[0].rules[0].from[0].length == 8);
	conf_free(c);
	static const struct { const char *text, *errors; } bad[] = {
		{ "", "$/cookies: has no secret in it\n" },
		{ "# e5e973e5a6b2a43f48e7dc849e37bfcf\n", "$/cookies: has no secret in it\n" },
		{ "e5e973e5a6b2a43f48e7dc849e37bfcf\ne5e973e5a6b2a43f48e7dc849e37bfc\n", "$/cookies:2: is not a secret of 32 hexadecimal digits\n" },
		{ "\ne5e973e5a6b2a43f48e7dc849e37bfcf0\n", "$/cookies:2: is not a secret of 32 hexadecimal digits\n" },
		{ "e5e973e5a6b2a43f48e7dc849e37bfcg\n", "$/cookies:1: is not a secret of 32 hexadecimal digits\n" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		write_file("cookies", 0600, "%s", bad[i].text);
		load_and_free("q.conf", bad[i].errors);
	}
	static const char line[] = "e5e973e5a6b2a43f48e7dc849e37bfcf\n";
	write_file("cookies", 0644, "e5e973e5a6b2a43f48e7dc849e37bfcf\n");
	load_and_free("q.conf", "$/q.conf:4: dns.cookie_secret_file: others can read or write $/cookies, which holds a secret: chmod o-rwx it\n");
	write_file("cookies", 0600, "%s%s%s%s%s", line, line, line, line, line);
	load_and_free("q.conf", "$/cookies:5: more than 4 secrets\n");
	unlink(in_folder("cookies"));
}

/* Who starts us as root must name a user, and he must be able to read what a reload reads. */
static void the_user_to_drop_to(void)
{
	static const char rest[] = "site = \"a\";\nsites = ( { name = \"a\"; control = [ \"192.0.2.1@53\" ]; key = \"k\"; } );\n"
	                           "keys = ( { name = \"k\"; secret_file = \"k.key\"; } );\n";
	if (geteuid() != 0)
		return;
	write_file("k.key", 0600, "key \"k\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };\n");
	write_file("u.conf", 0644, "user = \"no-such-user\";\n%s", rest);
	load_and_free("u.conf", "$/u.conf:1: user: there is no user \"no-such-user\" to drop to: make one, or set user = \"\" to stay root\n");
	write_file("u.conf", 0644, "user = \"nobody\";\n%s", rest);
	chmod(folder, 0755);
	load_and_free("u.conf", "$/u.conf:4: $/k.key: user \"nobody\" could not read this at a reload, as the mode of $/k.key does not let him: chgrp and chmod it\n");
	chmod(in_folder("u.conf"), 0600);
	CU_ASSERT_EQUAL(chown(in_folder("u.conf"), (uid_t)-1, 65534), 0);
	CU_ASSERT_EQUAL(chown(in_folder("k.key"), 65534, (gid_t)-1), 0);
	load_and_free("u.conf", "$/u.conf: $/u.conf: user \"nobody\" could not read this at a reload, as the mode of $/u.conf does not let him: chgrp and chmod it\n");
	chmod(in_folder("u.conf"), 0640);
	load_and_free("u.conf", "");
	chmod(folder, 0700);
	load_and_free("u.conf", "$/u.conf: $/u.conf: user \"nobody\" could not read this at a reload, as the mode of $/ does not let him: chgrp and chmod it\n"
	                        "$/u.conf:4: $/k.key: user \"nobody\" could not read this at a reload, as the mode of $/ does not let him: chgrp and chmod it\n");
	chmod(folder, 0755);
}

/* ---- large files ---- */

static double cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU seconds to load `n` times `entry` (with %u) in a list or group between `before` and `after`. */
static double time_of(unsigned n, const char *before, const char *entry, const char *after, size_t *count)
{
	char *text = NULL, number[16];
	size_t len;
	struct errs errs;
	FILE *to = open_memstream(&text, &len);
	fprintf(to, "%s%s", minimal, before);
	for (unsigned i = 0; i < n; i++) {
		snprintf(number, sizeof number, "%u", i);
		for (const char *p = entry; *p; p++)
			*p == '%' ? fputs(number, to) : fputc(*p, to);
	}
	fputs(after, to);
	fclose(to);
	errs_init(&errs);
	double start = cpu_seconds();
	struct conf *c = conf_load_text("large.conf", text, len, &errs);
	double took = cpu_seconds() - start;
	*count = c ? c->nchecks + c->npolicies + c->forward.nlisteners : errs.count;
	conf_free(c);
	errs_free(&errs);
	free(text);
	return took;
}

/* Under valgrind everything is some fifty times slower: there less is enough. */
static unsigned shrink(void)
{
	const char *wrap = getenv("FAIRLEAD_WRAP");
	return wrap && *wrap ? 20 : 1;
}

/*
 * Four times as much may take no more than some eight times as long (quadratic:
 * sixteen); what is quick anyway counts as linear. `more`: what is counted
 * besides n groups or errors.
 */
static void want_linear(unsigned n, int more, const char *before, const char *entry, const char *after)
{
	size_t count;
	n /= shrink();
	double a = time_of(n / 4, before, entry, after, &count), b = time_of(n, before, entry, after, &count);
	bool good = count == (size_t)((int)n + more) && (b < 0.2 || b < 8 * a);
	CU_ASSERT(good);
	if (!good)
		printf("\n%s: %u: %.3f s, %u: %.3f s, %zu\n", entry, n / 4, a, n, b, count);
}

static void large_files_take_linear_time(void)
{
	want_linear(100000, 0, "checks = (\n", "{ name = \"c%\"; type = \"tcp\"; },\n", ");");
	want_linear(100000, -1, "checks = (\n", "{ name = \"c\"; type = \"tcp\"; },\n", ");"); /* all but the first are errors */
	want_linear(10000, 0, "", "key% = 1;\n", ""); /* unknown ones, in one group */
	want_linear(50000, 0, "policies = (\n", "{ name = \"p%\"; rules = ( { sites = [ \"a\" ]; metrics = [ \"rank\" ]; } ); },", ");");
	want_linear(50000, -1, "forward = { listeners = (\n", "{ service = \"a\"; protocol = \"tcp\"; listen = [ \"192.0.2.9@80\" ]; },", "); };");
	want_linear(10000, 1, "checks = ( { name = \"x\"; type = \"tcp\"; } ); forward = { listeners = (\n",
	            "{ service = \"a\"; protocol = \"tcp\"; listen = [ \"2001:db8::%@80\" ]; check = \"x\"; },", "); };");
}

static void every_cut_of_the_example_is_safe(void)
{
	/* In the last bracket's place the file is whole but for ";" */
	size_t whole = strlen(example) - 3;
	for (size_t n = 0; n <= whole; n += shrink()) {
		struct errs errs;
		errs_init(&errs);
		char *text = malloc(n ? n : 1);
		memcpy(text, example, n);
		struct conf *c = conf_load_text("cut.conf", text, n, &errs);
		/* Behind the last required setting, keys = ( ... ), without its ";\n", only optional ones are missing. */
		bool may_be_whole = n >= (size_t)(strstr(example, ";\ndns = {") - example);
		CU_ASSERT((c == NULL) == (errs.count != 0));
		CU_ASSERT(c == NULL || may_be_whole);
		conf_free(c);
		errs_free(&errs);
		free(text);
	}
}

static int make_folder(void) { return mkdtemp(folder) ? chmod(folder, 0755) : -1; }

int main(void)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(sites_and_keys), UNIT_TEST(dns_and_checks), UNIT_TEST(checks_with_keys_of_their_own), UNIT_TEST(policies), UNIT_TEST(listeners),
		UNIT_TEST(minimal_is_enough), UNIT_TEST(defaults_follow_other_keys), UNIT_TEST(odd_but_good_syntax),
		UNIT_TEST(metrics_and_check_types), UNIT_TEST(paths_are_relative_to_the_file), UNIT_TEST(includes),
		UNIT_TEST(includes_in_circles), UNIT_TEST(unclosed_in_an_included_file), UNIT_TEST(modes_of_files_with_secrets),
		UNIT_TEST(key_files_that_are_none), UNIT_TEST(keys_of_the_query_path), UNIT_TEST(the_user_to_drop_to), UNIT_TEST(large_files_take_linear_time),
		UNIT_TEST(every_cut_of_the_example_is_safe),
	};
	if (make_folder() != 0) {
		perror(folder);
		return 2;
	}
	int status = unit_run("conf", tests, sizeof tests / sizeof *tests);
	char command[sizeof folder + 16];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command) != 0 ? 2 : status;
}
