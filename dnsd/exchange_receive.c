#include "exchange_parts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../common/log.h"
#include "../common/loop.h"
#include "lb.h"
#include "rr.h"

/* --- answers --- */

/* The zone section's length; 0: there is none to repeat. */
static size_t zone_section(const uint8_t *msg, size_t len)
{
	struct wire_reader r;
	uint8_t name[DNAME_MAX];
	wire_reader_init(&r, msg, len);
	wire_read(&r, 12);
	if (wire_get16(msg + 4) != 1 || !wire_read_name(&r, name))
		return 0;
	wire_read(&r, 4);
	return r.failed ? 0 : (size_t)(r.at - msg) - 12;
}

/* Why, for people: an OPT with an extended error (RFC 8914). */
static void write_ede(struct wire_writer *w, uint16_t code, const char *text)
{
	size_t n = strlen(text);
	wire_write8(w, 0);
	wire_write16(w, RR_OPT);
	wire_write16(w, LINK_UDP_MAX);
	wire_write32(w, 0);
	wire_write16(w, (uint16_t)(6 + n));
	wire_write16(w, 15);
	wire_write16(w, (uint16_t)(2 + n));
	wire_write16(w, code);
	wire_write(w, text, n);
}

static void answer(struct inbox_message *m, struct tsig *t, unsigned rcode, const char *why)
{
	uint8_t out[INBOX_ANSWER_MAX];
	struct wire_writer w;
	size_t zone = zone_section(m->bytes, m->len);
	wire_writer_init(&w, out, sizeof out);
	wire_write(&w, m->bytes, 12);
	wire_write(&w, m->bytes + 12, zone);
	out[2] = (uint8_t)(0x80 | UPDATE_OPCODE << 3);
	out[3] = (uint8_t)rcode;
	memset(out + 4, 0, 8);
	out[5] = zone > 0;
	if (why) {
		write_ede(&w, EDE_PROHIBITED, why);
		out[11] = 1;
	}
	size_t len = w.failed ? 0 : wire_written(&w);
	if (len && t)
		len = tsig_sign(t, out, len, sizeof out, (int64_t)time(NULL));
	inbox_answer(m, out, len);
}

/* --- who may write what --- */

static bool refuse(struct job *j, const char *why)
{
	j->why = why;
	return false;
}

static const struct service *find_service(const struct zone *z, const uint8_t *name)
{
	for (size_t i = 0; i < z->nservices; i++)
		if (dname_equal(z->services[i]->service->name, name))
			return z->services[i]->service;
	return NULL;
}

static const struct member *find_member(const struct service *s, const char *label)
{
	for (size_t i = 0; s && i < s->nmembers; i++)
		if (strcmp(s->members[i].label, label) == 0)
			return &s->members[i];
	return NULL;
}

static bool is_up(const struct exchange *x, const struct service *s, const struct member *m)
{
	const struct live_member *l = live_find(x->live, s->name, m->label);
	return l && atomic_load_explicit(&l->verdict, memory_order_relaxed) == VERDICT_UP;
}

/* It is up, and nobody else of its service is. */
static bool is_last(const struct exchange *x, const struct service *s, const struct member *m)
{
	if (!is_up(x, s, m))
		return false;
	for (size_t i = 0; i < s->nmembers; i++)
		if (&s->members[i] != m && is_up(x, s, &s->members[i]))
			return false;
	return true;
}

static bool check_operator(struct job *j, const struct update_record *r, const struct update_owner *o)
{
	struct update_admin order = { .set = VERDICT_UNKNOWN };
	const struct service *s = o->service ? find_service(j->zone, o->service) : NULL;
	const struct member *m = find_member(s, o->label);
	if (o->kind == UPDATE_OBSERVATION || o->kind == UPDATE_RTT)
		return refuse(j, "observations are written with a site's key");
	if (o->kind == UPDATE_ADMIN_MEMBER && !m)
		return refuse(j, "no such member");
	if (o->kind == UPDATE_ADMIN_SITE && !conf_site(j->x->gen->conf, o->label))
		return refuse(j, "no such site");
	if (r->action == UPDATE_ADD && !update_admin_read(&order, r->rdata, r->len, &j->why))
		return false;
	bool takes_out = order.set == VERDICT_DRAIN || order.set == VERDICT_DOWN;
	if (m && takes_out && !order.force && is_last(j->x, s, m))
		return refuse(j, "last member");
	return true;
}

static bool check_site(struct job *j, const struct update_record *r, const struct update_owner *o)
{
	struct update_observation said;
	struct update_admin order;
	if (o->kind == UPDATE_RTT)
		return exchange_check_rtt(j, r, o);
	if (o->kind != UPDATE_OBSERVATION) {
		if (r->action != UPDATE_ADD)
			return refuse(j, "orders are deleted with an admin key");
		if (!update_admin_read(&order, r->rdata, r->len, &j->why))
			return false;
		return (order.seq && order.by[0]) || refuse(j, "orders are given with an admin key");
	}
	if (r->action != UPDATE_ADD)
		return true;
	if (!update_observation_read(&said, r->rdata, r->len, &j->why))
		return false;
	return exchange_may_write_as(j, said.observer) || refuse(j, "observer= is not of the key's site");
}

static bool is_permitted(struct job *j, const struct update_record *r, const struct update_owner *o)
{
	if (o->kind == UPDATE_OTHER)
		return refuse(j, "only _health and _admin names may be written");
	switch (j->tsig.key->role) {
	case KEY_ROLE_SITE: return check_site(j, r, o);
	case KEY_ROLE_ADMIN: return check_operator(j, r, o);
	default: return refuse(j, "the key's role does not allow it");
	}
}

/* --- orders --- */

static void judge_anew(struct job *j, const struct update_owner *o)
{
	const struct service *s = o->service ? find_service(j->zone, o->service) : NULL;
	if (s)
		monitor_judge_service(j->x->monitor, s);
	else
		monitor_judge_all(j->x->monitor);
}

static void log_order(const struct job *j, const struct update_record *r, const struct update_admin *a)
{
	char owner[DNAME_TEXT_MAX], from[ADDR_TEXT_MAX], until[LOOP_TIME_TEXT_MAX] = "-";
	if (a->until)
		loop_time_text(a->until, until);
	log_info(a->set == VERDICT_UNKNOWN ? "order withdrawn" : "order", "owner=%s set=%s until=%s by=%s note=\"%s\" from=%s key=%s",
	         dname_to_text(r->owner, owner), a->set == VERDICT_UNKNOWN ? "none" : verdict_name(a->set), until, a->by, a->note,
	         addr_text_at(&j->message->from, from), j->tsig.key->name);
}

static void put_order(struct job *j, const struct update_record *r, const struct update_owner *o, const struct update_admin *order)
{
	switch (admin_put(j->x->admin, r->owner, order)) {
	case ADMIN_OLD:
		return; /* every full send brings it again */
	case ADMIN_FULL:
		exchange_note_job(j, EXCHANGE_FULL, "orders");
		return;
	case ADMIN_TAKEN:
		exchange_note_job(j, EXCHANGE_TAKEN, NULL);
		j->ordered = j->tsig.key->role == KEY_ROLE_ADMIN;
		log_order(j, r, order);
		judge_anew(j, o);
		exchange_say_order(j->x, j->zone, r->owner);
	}
}

/* Deleting clears members, too, that were down where failback is manual: then there need be no order to delete. */
static bool may_clear(const struct job *j, const struct update_owner *o)
{
	const struct service *s = o->service ? find_service(j->zone, o->service) : NULL;
	return o->kind == UPDATE_ADMIN_SITE || (s && s->policy->failback_manual);
}

static void apply_order(struct job *j, const struct update_record *r, const struct update_owner *o)
{
	struct update_admin order = { .set = VERDICT_UNKNOWN };
	const struct update_admin *before = admin_find(j->x->admin, r->owner);
	if (r->action == UPDATE_ADD && !update_admin_read(&order, r->rdata, r->len, &j->why))
		return;
	if (r->action != UPDATE_ADD && (!before || before->set == VERDICT_UNKNOWN) && !may_clear(j, o))
		return; /* there is nothing to delete */
	if (j->tsig.key->role == KEY_ROLE_ADMIN) {
		order.seq = observe_stamp(before ? before->seq : 0);
		strncpy(order.by, j->tsig.key->name, UPDATE_TEXT_MAX);
	}
	put_order(j, r, o, &order);
}

/* --- messages --- */

static unsigned fail(struct job *j, enum exchange_reason reason, unsigned rcode)
{
	exchange_note_job(j, reason, j->why);
	return rcode;
}

static unsigned fail_update(struct job *j, enum update_rcode rcode)
{
	return fail(j, rcode == UPDATE_REFUSED ? EXCHANGE_REFUSED : rcode == UPDATE_NOTZONE ? EXCHANGE_NOT_ZONE : EXCHANGE_MALFORMED, rcode);
}

/*
 * The first time through: whatever is wrong with a record, the whole message
 * is refused. Malformed ones come first, wherever they stand.
 */
static unsigned examine(struct job *j, struct update u)
{
	struct said *s = j->x->said;
	struct update_record r;
	struct update_owner o;
	const char *refused = NULL;
	unsigned known = 0;
	for (; u.left; s++) {
		s->at = u.records.at;
		if (!refused && exchange_glance(j, &u, s)) {
			known++;
			continue;
		}
		s->live = NULL;
		enum update_rcode rcode = update_take(&u, &r, &j->why);
		if (rcode != UPDATE_OK)
			return fail_update(j, rcode);
		update_owner_read(&o, r.owner, j->zone->origin);
		known += o.kind != UPDATE_OBSERVATION || live_find(j->x->live, o.service, o.label);
		if (!refused && !is_permitted(j, &r, &o))
			refused = j->why;
	}
	/* A peer may know members that we don't know yet; who names no other at all has mistaken a name. */
	j->why = refused ? refused : "no such member";
	return refused || (u.count && !known) ? fail(j, EXCHANGE_REFUSED, RCODE_REFUSED) : RCODE_NOERROR;
}

static void apply_one(struct job *j, struct update u)
{
	struct update again = u;
	struct update_glance g;
	struct update_record r;
	struct update_owner o;
	if (!update_next(&u, &r))
		return;
	update_owner_read(&o, r.owner, j->zone->origin);
	if (o.kind == UPDATE_RTT)
		exchange_take_rtt(j, &r, &o);
	else if (o.kind != UPDATE_OBSERVATION)
		apply_order(j, &r, &o);
	else if (r.action == UPDATE_ADD)
		exchange_take_said(j, &r, &o, update_glance(&again, NULL, 0, &g) ? &g : NULL);
	else
		exchange_delete_said(j, &r, &o);
}

static void apply(struct job *j, struct update u)
{
	for (const struct said *s = j->x->said; u.left; s++, u.left--) {
		u.records.at = s->at;
		if (s->live)
			exchange_take_again(j, s);
		else
			apply_one(j, u);
	}
	j->why = NULL;
}

static unsigned handle(struct job *j)
{
	struct update u;
	struct exchange *x = j->x;
	enum update_rcode rcode = update_read_head(&u, j->message->bytes, j->message->len, &j->why);
	j->zone = rcode == UPDATE_OK && x->monitor ? generation_zone_at(x->gen, u.zone) : NULL;
	if (rcode == UPDATE_OK && !j->zone)
		rcode = update_read(&u, j->message->bytes, j->message->len, &j->why);
	if (rcode != UPDATE_OK)
		return fail_update(j, rcode);
	if (!j->zone)
		return fail(j, EXCHANGE_NOT_ZONE, RCODE_NOTAUTH);
	phrases_tidy(x->phrases);
	unsigned answer = u.count <= RECORDS_MAX ? examine(j, u) : fail(j, EXCHANGE_MALFORMED, RCODE_FORMERR);
	if (answer == RCODE_NOERROR)
		apply(j, u);
	return answer;
}

static enum exchange_reason reason_of(enum tsig_error e)
{
	switch (e) {
	case TSIG_BADKEY: return EXCHANGE_BADKEY;
	case TSIG_BADTIME: return EXCHANGE_BADTIME;
	case TSIG_BADTRUNC: return EXCHANGE_BADTRUNC;
	default: return EXCHANGE_BADSIG;
	}
}

/* An order is confirmed when it would survive the end of this process. */
static bool wait_for_disk(struct job *j)
{
	struct exchange *x = j->x;
	struct waiting *w = j->ordered && x->nwaiting < WAITING_MAX ? malloc(sizeof *w) : NULL;
	if (!w)
		return false;
	*w = (struct waiting){ .next = x->waiting, .message = j->message, .tsig = j->tsig, .mark = admin_mark(x->admin) };
	x->waiting = w;
	x->nwaiting++;
	return true;
}

void exchange_note_saved(struct exchange *x, uint64_t mark, bool good)
{
	for (struct waiting **p = &x->waiting; *p;) {
		struct waiting *w = *p;
		if (w->mark > mark) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		x->nwaiting--;
		answer(w->message, &w->tsig, good ? RCODE_NOERROR : RCODE_SERVFAIL, good ? NULL : "in force, but it cannot be saved");
		tsig_end(&w->tsig);
		free(w);
	}
}

static void take_good(struct job *j)
{
	unsigned rcode = handle(j);
	if (rcode == RCODE_NOERROR && wait_for_disk(j))
		return;
	answer(j->message, &j->tsig, rcode, rcode == RCODE_REFUSED ? j->why : NULL);
	tsig_end(&j->tsig);
}

void exchange_receive(void *arg, struct inbox_message *m)
{
	struct exchange *x = arg;
	struct job j = { .x = x, .message = m, .now = loop_now() };
	enum tsig_found found = x->gen ? tsig_take(&j.tsig, x->gen->keys, m->bytes, &m->len, (int64_t)time(NULL)) : TSIG_ABSENT;
	switch (found) {
	case TSIG_GOOD:
		take_good(&j);
		break;
	case TSIG_BAD:
		exchange_note_job(&j, reason_of(j.tsig.error), NULL);
		answer(m, &j.tsig, RCODE_NOTAUTH, NULL);
		tsig_end(&j.tsig);
		break;
	case TSIG_MALFORMED:
		exchange_note(x, EXCHANGE_MALFORMED, &m->from, NULL, "TSIG");
		answer(m, NULL, RCODE_FORMERR, NULL);
		break;
	case TSIG_ABSENT:
		answer(m, NULL, RCODE_REFUSED, NULL);
		break;
	}
}
