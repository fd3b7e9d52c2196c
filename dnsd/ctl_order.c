/* drain, down, up, clear: orders (spec 6) as UPDATE messages signed with a key of role admin, and waiting until they are through. */
#include "ctl_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../common/loop.h"
#include "../common/tsig.h"
#include "generation.h"
#include "rr.h"

/* How long --wait waits without --timeout: seconds. */
#define WAIT_SECONDS 3600
/* Fewer late connections a second than this are none: health checks and port scans come, too. */
#define TAIL_NONE_MILLI 50
/* Forwarders report each exchange.interval; without a word for so many of them there is none that reports. */
#define REPORT_INTERVALS 5
/* A zone's orders in one message. */
#define MESSAGE_MAX 65000

struct order {
	struct ctl *ctl;
	const struct site *site;
	const struct lb *lb;            /* NULL: all of the site's members */
	bool clear;
	struct update_admin what;
	const struct key *key;
};

static bool concerns(const struct order *o, const struct lb *lb, size_t member)
{
	return (!o->lb || o->lb == lb) && lb->service->members[member].site == (int)o->site->index;
}

static bool concerns_service(const struct order *o, const struct lb *lb)
{
	for (size_t m = 0; m < lb->service->nmembers; m++)
		if (concerns(o, lb, m))
			return true;
	return false;
}

/* --- what is ordered --- */

/* "30m", "2h", or RFC 3339. False: told. */
static bool read_until(const char *text, int64_t *out)
{
	static const struct { char unit; int64_t seconds; } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char *end;
	if (*text == '+')
		text++;
	long n = strtol(text, &end, 10);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (end == text || end[0] != units[i].unit || end[1] || n <= 0 || n > 1000000)
			continue;
		*out = (int64_t)time(NULL) + n * units[i].seconds;
		return true;
	}
	if (update_time_read(text, out)) {
		if (*out > (int64_t)time(NULL))
			return true;
		ctl_fail(CTL_USAGE, "--until: %s is over", text);
		return false;
	}
	ctl_fail(CTL_USAGE, "--until: \"%s\" is neither a time as 2026-11-22T10:00:00Z nor a span as 30m, 2h or 1d", text);
	return false;
}

static const struct key *find_key(const struct ctl *c)
{
	const struct conf *conf = c->conf;
	for (size_t i = 0; i < conf->nkeys; i++)
		if (c->key ? strcmp(conf->keys[i].name, c->key) == 0 : conf->keys[i].role == KEY_ROLE_ADMIN)
			return &conf->keys[i];
	if (c->key)
		ctl_fail(CTL_USAGE, "there is no key \"%s\"", c->key);
	else
		ctl_fail(CTL_USAGE, "no key has role = \"admin\": orders need one");
	return NULL;
}

static enum ctl_status prepare(struct order *o)
{
	struct ctl *c = o->ctl;
	if (!ctl_conf(c))
		return CTL_REFUSED;
	if (!(o->site = ctl_site(c, c->words[0])))
		return CTL_USAGE;
	if (c->until && !read_until(c->until, &o->what.until))
		return CTL_USAGE;
	if (c->note && strlen(c->note) > UPDATE_TEXT_MAX)
		return ctl_fail(CTL_USAGE, "--note: more than %d bytes", UPDATE_TEXT_MAX);
	if (c->note)
		strcpy(o->what.note, c->note);
	if (!(o->key = find_key(c)))
		return CTL_USAGE;
	if (!ctl_generation(c))
		return CTL_REFUSED;
	o->site = conf_site(c->conf, c->words[0]);
	if (c->nwords < 2)
		return CTL_OK;
	if (!(o->lb = ctl_service(c, c->words[1])))
		return CTL_USAGE;
	if (!concerns_service(o, o->lb))
		return ctl_fail(CTL_USAGE, "%s has no member at %s", c->words[1], o->site->name);
	return CTL_OK;
}

/* --- messages --- */

static bool put_owner(const struct order *o, struct update_writer *u, const uint8_t *owner)
{
	static const char force[] = "\x09" "force=yes"; /* for the receiver only: no part of the order */
	uint8_t rdata[1024 + sizeof force];
	size_t n = o->clear ? 0 : update_admin_write(&o->what, rdata, 1024);
	if (n && o->ctl->force) {
		memcpy(rdata + n, force, sizeof force - 1);
		n += sizeof force - 1;
	}
	return o->clear ? update_delete(u, owner) : n && update_add(u, owner, 0, rdata, n);
}

/* The records for one zone; false: none. */
static bool put_records(const struct order *o, const struct zone *z, struct update_writer *u)
{
	uint8_t owner[DNAME_MAX];
	bool any = false;
	for (size_t i = 0; i < z->nservices; i++) {
		const struct lb *lb = z->services[i];
		for (size_t m = 0; m < lb->service->nmembers; m++) {
			if (!concerns(o, lb, m))
				continue;
			if (!o->lb)
				return update_owner_write(owner, UPDATE_ADMIN_SITE, o->site->name, z->origin) && put_owner(o, u, owner);
			if (update_owner_write(owner, UPDATE_ADMIN_MEMBER, lb->service->members[m].label, lb->service->name))
				any |= put_owner(o, u, owner);
		}
	}
	return any;
}

static enum ctl_status send_zone(const struct order *o, const struct zone *z)
{
	static uint8_t msg[MESSAGE_MAX + TSIG_BYTES_MAX];
	static struct ask_reply reply;
	struct addr servers[CTL_SERVERS_MAX];
	struct update_writer u;
	struct tsig t = { 0 };
	char why[ASK_WHY_MAX], text[DNAME_TEXT_MAX];
	update_begin(&u, msg, MESSAGE_MAX, (uint16_t)(loop_now() >> 8), z->origin);
	if (!put_records(o, z, &u))
		return CTL_OK;
	if (!tsig_begin(&t, o->ctl->gen->keys, o->key))
		return ctl_fail(CTL_REFUSED, "the key %s cannot be used", o->key->name);
	bool ok = ask(servers, ctl_servers(o->ctl, servers), msg, update_end(&u), sizeof msg, &t, &reply, why);
	tsig_end(&t);
	if (!ok)
		return ctl_fail(CTL_UNREACHABLE, "%s: %s", dname_to_text(z->origin, text), why);
	if (reply.rcode != RCODE_NOERROR)
		return ctl_fail(CTL_REFUSED, "%s: %s", dname_to_text(z->origin, text), ask_rcode_text(&reply, why));
	return CTL_OK;
}

static enum ctl_status send_all(const struct order *o)
{
	enum ctl_status status = CTL_OK;
	for (size_t i = 0; i < o->ctl->gen->nzones && status == CTL_OK; i++)
		status = send_zone(o, o->ctl->gen->zones[i]);
	return status;
}

/* --- what follows --- */

/* A service that nobody serves any more is told by name: a site's drain is not refused for it. */
static enum ctl_status tell_if_empty(struct ctl *c, struct lb *lb, void *arg)
{
	static struct member_state states[SERVICE_MEMBERS_MAX];
	const struct order *o = arg;
	char text[DNAME_TEXT_MAX];
	if (!concerns_service(o, lb))
		return CTL_OK;
	enum ctl_status status = ctl_members(c, lb->service, states);
	for (size_t m = 0; m < lb->service->nmembers && status == CTL_OK; m++)
		if (states[m].said.state == VERDICT_UP)
			return CTL_OK;
	if (status == CTL_OK)
		printf("%s: no member is up any more\n", dname_to_text(lb->service->name, text));
	return status;
}

struct tail { const struct order *order; uint64_t milli; unsigned waiting, silent, members; };

static enum ctl_status add_tail(struct ctl *c, struct lb *lb, void *arg)
{
	static struct member_state states[SERVICE_MEMBERS_MAX];
	struct tail *t = arg;
	if (!concerns_service(t->order, lb))
		return CTL_OK;
	enum ctl_status status = ctl_members(c, lb->service, states);
	for (size_t m = 0; m < lb->service->nmembers && status == CTL_OK; m++) {
		const struct update_observation *said = &states[m].said;
		if (!concerns(t->order, lb, m))
			continue;
		t->members++;
		t->waiting += said->state != VERDICT_DRAIN && said->state != VERDICT_DOWN;
		t->silent += !(said->has & HAS_TAIL);
		t->milli += said->has & HAS_TAIL ? said->tail_milli : 0;
	}
	return status;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* Until nobody comes any more to what was ordered out. */
static enum ctl_status wait_for_tail(const struct order *o)
{
	struct ctl *c = o->ctl;
	int64_t start = loop_now(), end = start + loop_seconds(c->timeout > 0 ? c->timeout : WAIT_SECONDS);
	int64_t silent_end = start + REPORT_INTERVALS * loop_seconds(c->conf->exchange.interval);
	uint64_t told = UINT64_MAX;
	for (;;) {
		struct tail t = { .order = o };
		enum ctl_status status = ctl_each_service(c, add_tail, &t);
		if (status != CTL_OK)
			return status;
		if (!t.waiting && !t.silent && t.milli <= TAIL_NONE_MILLI) {
			printf("safe to stop: no client comes to %s any more\n", o->site->name);
			return CTL_OK;
		}
		int64_t now = loop_now();
		if (t.silent && now >= silent_end)
			return ctl_fail(CTL_REFUSED, "no forwarder reports who still comes to %u of %u members: wait at least for the TTL of the answers", t.silent, t.members);
		if (now >= end)
			return ctl_fail(CTL_TIMEOUT, "still %.2f connections a second to %s", (double)t.milli / 1000, o->site->name);
		if (t.milli != told && !t.waiting && !t.silent) {
			printf("tail: %.2f connections a second still come to %s\n", (double)t.milli / 1000, o->site->name);
			fflush(stdout);
		}
		told = t.milli;
		pause_ms(500);
	}
}

static enum ctl_status give(struct order *o)
{
	enum ctl_status status = prepare(o);
	if (status == CTL_OK)
		status = send_all(o);
	if (status == CTL_OK && !o->clear && o->what.set != VERDICT_UP)
		status = ctl_each_service(o->ctl, tell_if_empty, o);
	if (status == CTL_OK && o->ctl->wait)
		status = wait_for_tail(o);
	return status;
}

enum ctl_status ctl_drain(struct ctl *c)
{
	return give(&(struct order){ .ctl = c, .what = { .set = VERDICT_DRAIN } });
}

enum ctl_status ctl_down(struct ctl *c)
{
	return give(&(struct order){ .ctl = c, .what = { .set = VERDICT_DOWN } });
}

enum ctl_status ctl_up(struct ctl *c)
{
	return give(&(struct order){ .ctl = c, .what = { .set = VERDICT_UP } });
}

enum ctl_status ctl_clear(struct ctl *c)
{
	return give(&(struct order){ .ctl = c, .clear = true });
}
