#include "exchange_parts.h"

#include <string.h>
#include "../common/log.h"

/* --- observations --- */

/* The zone's place of the observer's site; NULL: none. */
static struct zone_site *heard_of(const struct job *j, const struct observer *who)
{
	const struct conf *c = j->zone->conf;
	for (size_t i = 0; i < c->nsites; i++)
		if (strncmp(c->sites[i].name, who->name, who->site_end) == 0 && !c->sites[i].name[who->site_end])
			return &j->zone->heard[i];
	return NULL;
}

static void note_config(const struct job *j, const struct observer *who, struct zone_site *heard, uint32_t config)
{
	char origin[DNAME_TEXT_MAX];
	uint32_t before = atomic_exchange_explicit(&heard->config, config, memory_order_relaxed), ours = j->zone->config;
	bool differs = config != ours, did = heard->differs;
	heard->differs = differs;
	if (differs == did && (!differs || before == config))
		return;
	if (differs)
		log_warn("a site's configuration differs from ours", "site=%.*s zone=%s config=%08x ours=%08x", (int)who->site_end, who->name,
		         dname_to_text(j->zone->origin, origin), (unsigned)config, (unsigned)ours);
	else
		log_info("a site's configuration is ours again", "site=%.*s zone=%s config=%08x", (int)who->site_end, who->name,
		         dname_to_text(j->zone->origin, origin), (unsigned)config);
}

static void note_heard(struct job *j, const struct observer *who, const struct update_observation *said)
{
	if (!j->heard)
		return;
	atomic_store_explicit(&j->heard->last, j->now, memory_order_relaxed);
	if (said->has & HAS_CONFIG)
		note_config(j, who, j->heard, said->config);
}

/* What others at our site say is told to all sites by us. */
static void pass_on(struct job *j, const struct live_member *l, const struct observer *who)
{
	if (!who->dnsd && atomic_load_explicit(&who->site, memory_order_relaxed) == (int)j->x->gen->conf->own->index)
		exchange_say(j->x, j->zone, l, who);
}

/* What agents say comes from each dnsd of their site, again and again, with their own seq: that is no replay. */
static void note_old(struct job *j, const struct live_member *l, const struct observer *who, const struct update_observation *said)
{
	struct seen s;
	if (who->dnsd || !observe_read(l, who->id, &s) || s.seq != said->seq)
		exchange_note_job(j, EXCHANGE_NOT_NEWER, said->observer);
}

static void set_who(struct job *j, struct observer *who)
{
	if (j->who == who)
		return;
	j->who = who;
	j->heard = who && who->dnsd && !who->own ? heard_of(j, who) : NULL;
}

/* False: it isn't kept. */
static bool take(struct job *j, struct live_member *l, const struct update_observation *said, uint32_t ttl)
{
	struct exchange *x = j->x;
	struct observer *who = j->who;
	if (!who || who->own) {
		exchange_note_job(j, who ? EXCHANGE_OWN_NAME : EXCHANGE_FULL, said->observer);
		return false;
	}
	/* OBSERVE_FOR_EVER is our own word only. */
	switch (monitor_take(x->monitor, l, who, said, ttl < INT32_MAX ? ttl : INT32_MAX)) {
	case OBSERVE_OLD:
		note_old(j, l, who, said);
		return false;
	case OBSERVE_FAILED:
		exchange_note_job(j, EXCHANGE_FULL, "out of memory");
		return false;
	default:
		exchange_count_one(EXCHANGE_TAKEN);
		note_heard(j, who, said);
		pass_on(j, l, who);
		return true;
	}
}

/* Only what is said often and by rote: a dnsd's word without numbers that are others each time. */
static void learn(struct job *j, struct live_member *l, const struct update_glance *g)
{
	if (!j->who->dnsd)
		return;
	const struct phrase *f = phrases_find(j->x->phrases, g);
	if (!f)
		f = phrases_add(j->x->phrases, g, j->who);
	if (f)
		observe_set_phrase(l, j->who, f->id);
}

void exchange_take_said(struct job *j, const struct update_record *r, const struct update_owner *o, const struct update_glance *g)
{
	struct update_observation said;
	struct exchange *x = j->x;
	struct live_member *l = live_find(x->live, o->service, o->label);
	if (!l || !update_observation_read(&said, r->rdata, r->len, &j->why)) {
		exchange_note_job(j, EXCHANGE_UNKNOWN, o->label);
		return;
	}
	if (!j->who || strcmp(j->who->name, said.observer) != 0)
		set_who(j, observe_who(observe_of(x), said.observer, &j->why));
	if (take(j, l, &said, r->ttl) && g)
		learn(j, l, g);
}

/* --- the same again --- */

bool exchange_glance(struct job *j, struct update *u, struct said *s)
{
	struct exchange *x = j->x;
	struct update at = *u;
	struct update_glance g;
	const struct phrase *f = j->phrase;
	if (j->tsig.key->role != KEY_ROLE_SITE || !update_glance(&at, f ? f->bytes : NULL, f ? f->len : 0, &g))
		return false;
	s->live = owners_find(x->owners, &j->walk, j->zone, g.owner, g.owner_len);
	if (!f || g.phrase_len != f->len || g.has_rtt != f->has_rtt || memcmp(g.phrase, f->bytes, f->len) != 0)
		f = phrases_find(x->phrases, &g);
	if (!s->live || !f || !exchange_may_write_as(j, f->who->name))
		return false;
	const struct live_member *ahead = owners_ahead(x->owners, &j->walk, 2);
	if (ahead)
		observe_prefetch(ahead, f->who);
	j->phrase = s->phrase = f;
	s->repeat = (struct observe_repeat){ f->id, g.ttl < INT32_MAX ? g.ttl : INT32_MAX, g.rtt_us, g.has_rtt, g.seq };
	*u = at;
	return true;
}

void exchange_take_again(struct job *j, const struct said *s)
{
	const struct phrase *f = s->phrase;
	set_who(j, f->who);
	if (monitor_take_again(j->x->monitor, s->live, f->who, &s->repeat, j->now)) {
		exchange_count_one(EXCHANGE_TAKEN);
		note_heard(j, f->who, &f->said);
		return;
	}
	struct update_observation said = f->said;
	said.has |= HAS_SEQ | (f->has_rtt ? HAS_RTT : 0);
	said.seq = s->repeat.seq;
	if (f->has_rtt)
		said.rtt_us = s->repeat.rtt_us;
	if (take(j, s->live, &said, s->repeat.ttl))
		observe_set_phrase(s->live, f->who, f->id);
}

/* --- withdrawn --- */

/* Only the signer's own: observers of the sites that sign with this key. */
void exchange_delete_said(struct job *j, const struct update_record *r, const struct update_owner *o)
{
	struct exchange *x = j->x;
	struct live_member *l = live_find(x->live, o->service, o->label);
	struct update_observation said = { .state = VERDICT_UNKNOWN };
	const char *why;
	if (!l || (r->action == UPDATE_DELETE_ONE && !update_observation_read(&said, r->rdata, r->len, &why)))
		return;
	for (size_t i = 0; i < observe_count(observe_of(x)); i++) {
		const struct observer *who = observe_at(observe_of(x), i);
		bool meant = r->action == UPDATE_DELETE_SET || strcmp(said.observer, who->name) == 0;
		if (who->own || !meant || !exchange_is_site_of(x->gen->conf, j->tsig.key, who->name, who->site_end))
			continue;
		monitor_forget(x->monitor, l, observe_who(observe_of(x), who->name, &why));
	}
}
