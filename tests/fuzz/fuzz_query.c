/*
 * The way of a query, from bytes to bytes, against a small zone with one of
 * everything. First byte of the input: bit 0 TCP, bits 1-2 which client,
 * bit 3 a rate limit that is soon reached.
 */
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../common/conf.h"
#include "../../common/errs.h"
#include "../../dnsd/cookie.h"
#include "../../dnsd/generation.h"
#include "../../dnsd/moving.h"
#include "../../dnsd/respond.h"
#include "../../dnsd/rrl.h"

static const char zone_text[] =
	"$ORIGIN z.\n$TTL 60\n"
	"@ SOA n h 1 2 3 4 5\n NS n\nn A 192.0.2.1\n"
	"a CNAME b\nb CNAME c\nc CNAME a\nx CNAME www\n"
	"*.w A 192.0.2.2\nt.w TXT t\nd DNAME w\ne DNAME e.e.e.e.e.e.e.e\n"
	"sub NS n.sub\n NS n\nn.sub A 192.0.2.3\n AAAA ::1\n"
	"m MX 1 m\n MX 2 n.sub\ns SRV 1 2 3 n\n"
	"www LB s 192.0.2.10,2001:db8::1 check=none\n LB r 192.0.2.11 check=none\n POLICY rank hash\n"
	"h HTTPS 1 . alpn=h2\n HTTPS 0 g\n A 192.0.2.20\ng HTTPS 1 www\n HTTPS 2 x.app\n HTTPS 3 s.www port=1\n HTTPS 4 t.w\n SVCB 0 h\n"
	"near LB s 192.0.2.13 check=none\n LB r ::2 check=none\n POLICY p\n"
	"*.app LB s 192.0.2.12 check=none\ncdn LB - h.example. check=none\n";
static const char conf_text[] =
	"site = \"s\"; user = \"\"; state = \"/nonexistent\";\n"
	"sites = ( { name = \"s\"; control = [ \"127.0.0.53@53\" ]; key = \"k\"; }, { name = \"r\"; control = [ \"127.0.0.54@53\" ]; key = \"k\"; } );\n"
	"keys = ( { name = \"k\"; secret = \"MDEyMzQ1Njc4OWFiY2RlZg==\"; } );\n"
	"dns = { listen = [ \"127.0.0.1@53\" ]; zones = \".\"; answers = 2; transfer_to = [ \"127.0.0.0/8\", \"::1\" ]; responses_per_second = 1; };\n"
	"policies = ( { name = \"p\"; rules = ( { from = [ \"10.0.0.0/8\", \"2001:db8::/33\" ]; sites = [ \"r\" ]; metrics = [ \"rank\" ]; }, { metrics = [ \"hash\" ]; } ); } );\n";

static const struct cookie_secrets secrets = { .n = 2, .bytes = { { 1 }, { 2 } } };
static struct rrl *rrl;

static struct generation *gen;
static struct live *live;
static struct responder *responder;
static uint8_t msg[65535 + ZONE_NAME_SLACK];

static void put_file(const char *folder, const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) < 0)
		abort();
}

/* All up: verdicts are monitor's affair. */
static void publish(struct lb *lb)
{
	struct member_view views[SERVICE_MEMBERS_MAX] = { { .verdict = VERDICT_UP }, { .verdict = VERDICT_UP } };
	struct gate gate;
	gate_compute(lb->service, views, MEMBER_NO_SITE, true, &gate);
	struct lb_state *st = lb_state_new(&gate);
	if (!st)
		abort();
	st->ttl = 30;
	st->ready = true;
	atomic_store(&lb->state, st);
	for (size_t i = 0; i < lb->service->nmembers; i++)
		if (!(lb->members[i].live = live_get(live, lb->service, &lb->service->members[i])))
			abort();
}

static void on_issued(void *arg, const struct moving *m)
{
	(void)arg;
	(void)m;
}

static void set_up(void)
{
	char folder[] = "/tmp/fairlead-fuzz.XXXXXX", path[200];
	struct errs errs;
	if (!mkdtemp(folder))
		abort();
	put_file(folder, "z.zone", zone_text);
	put_file(folder, "c.conf", conf_text);
	snprintf(path, sizeof path, "%s/c.conf", folder);
	errs_init(&errs);
	struct conf *conf = conf_load(path, &errs);
	gen = conf ? generation_load(conf, NULL, &errs) : NULL;
	errs_print(&errs, stderr);
	if (!gen || errs.count)
		abort();
	errs_free(&errs);
	remove(path);
	snprintf(path, sizeof path, "%s/z.zone", folder);
	remove(path);
	rmdir(folder);
	gen->cookies = &secrets;
	rrl = rrl_new(1);
	if (!rrl)
		abort();
	live = live_new();
	if (!live)
		abort();
	for (size_t i = 0; i < gen->zones[0]->nservices; i++)
		publish(gen->zones[0]->services[i]);
	/* So there is something to transfer; nothing is written, for its event loop never runs. */
	struct moving_calls calls = { .issued = on_issued };
	struct movings *movings = movings_new(event_base_new(), gen->conf, &calls);
	if (!movings || !movings_follow(movings, gen) || !atomic_load(&atomic_load(&gen->zones[0]->moving)->current))
		abort();
	responder = malloc(sizeof *responder);
	if (!responder)
		abort();
	responder_init(responder, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const clients[] = { "127.0.0.1", "198.51.100.7", "2001:db8::7", "::1" };
	struct addr client;
	if (!gen)
		set_up();
	if (!size || size - 1 > 65535)
		return 0;
	bool tcp = data[0] & 1;
	memcpy(msg, data + 1, size - 1);
	addr_parse(&client, clients[data[0] >> 1 & 3], 4242);
	gen->rrl = data[0] & 8 ? rrl : NULL;
	size_t n = respond(responder, gen, msg, size - 1, tcp ? 65535 : 1472, &client, tcp);
	/* No answer to a response, none longer than allowed, and every answer is one. */
	if (n && (n < DNS_HEADER || !(msg[2] & DNS_QR) || (size > 3 && (data[3] & DNS_QR)) || (!tcp && n > UDP_EDNS_MAX)))
		abort();
	return 0;
}
