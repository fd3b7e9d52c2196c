#include "peers_rtt.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "dname.h"
#include "loop.h"
#include "resolve.h"
#include "rtt_record.h"
#include "txt.h"
#include "update.h"

#define CLASS_IN 1
#define TYPE_TXT 16

struct site_rtt {
	struct peers_rtt *rtt;
	const struct site *site;
	char *name;                    /* of SITE._rtt.ORIGIN, text */
	struct rtt_network *list; size_t n;
	int64_t heard;                 /* ns: the last answer */
};

struct peers_rtt {
	struct resolver *resolver;
	const struct conf *conf;
	void (*pass)(void *arg); void *arg;
	bool asking, changed;
	size_t next;                   /* who is asked next, in a round */
	unsigned failed;               /* times that he has been asked in vain in this round */
	bool in_round;
	int64_t round;                 /* ns: when the next one may begin */
	uint64_t seed;
	_Atomic(struct rtt_table *) table;
	size_t count;
	struct site_rtt sites[];       /* all but our own */
};

const struct rtt_table *peers_rtt_table(const struct peers_rtt *r)
{
	return r ? atomic_load_explicit(&r->table, memory_order_acquire) : NULL;
}

/* --- the table --- */

static void forget_old(struct peers_rtt *r, int64_t now)
{
	for (size_t i = 0; i < r->count; i++) {
		struct site_rtt *s = &r->sites[i];

		if (s->n == 0 || now - s->heard < PEERS_RTT_KEEP * NS_PER_SECOND)
			continue;
		s->n = 0;
		r->changed = true;
	}
}

static size_t gather(const struct peers_rtt *r, struct rtt_sample *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < r->sites[i].n; k++)
			out[n++] = (struct rtt_sample){ r->sites[i].list[k].network, (uint32_t)r->sites[i].site->index, r->sites[i].list[k].us };
	return n;
}

/* Without memory the old one stays. */
static void make_table(struct peers_rtt *r)
{
	struct rtt_sample *samples;
	struct rtt_table *table, *old;
	size_t all = 0;

	for (size_t i = 0; i < r->count; i++)
		all += r->sites[i].n;
	samples = calloc(all + 1, sizeof *samples);
	table = samples && all ? rtt_table_new(r->conf->nsites, samples, gather(r, samples), r->seed) : NULL;
	free(samples);
	if (!samples || (all && !table))
		return;
	r->changed = false;
	old = atomic_exchange_explicit(&r->table, table, memory_order_acq_rel);
	if (old && r->pass)
		r->pass(r->arg);
	free(old);
}

/* --- an answer --- */

/* True: a network, which stands in *out. What else is said ("site=sjc") is passed over. */
static bool read_string(const struct ares_txt_ext *txt, struct rtt_network *out)
{
	char text[TXT_STRING_MAX + 1], *value;

	if (txt->length > TXT_STRING_MAX)
		return false;
	memcpy(text, txt->txt, txt->length);
	text[txt->length] = '\0';
	value = strchr(text, '=');
	if (!value)
		return false;
	*value++ = '\0';
	return strchr(text, '/') && rtt_network_read(out, text, value);
}

static void take(struct site_rtt *s, const struct ares_txt_ext *txt)
{
	struct rtt_network *list;
	size_t n = 0;

	for (const struct ares_txt_ext *t = txt; t; t = t->next)
		n++;
	n = n < PEERS_RTT_NETWORKS_MAX ? n : PEERS_RTT_NETWORKS_MAX;
	list = calloc(n + 1, sizeof *list);
	if (!list)
		return;
	size_t room = n;
	for (n = 0; txt && n < room; txt = txt->next)
		n += read_string(txt, &list[n]);
	s->rtt->changed = s->rtt->changed || n != s->n || (n && memcmp(list, s->list, n * sizeof *list) != 0);
	free(s->list);
	s->list = list;
	s->n = n;
	s->heard = loop_now();
}

static void ask(struct peers_rtt *r);

/*
 * Who is answered for makes place for the next; who isn't is asked for again at the next tick, but one whose answers
 * never come (too long for UDP where TCP is shut) must not keep those behind from being asked for.
 */
static void go_on(struct peers_rtt *r, bool answered)
{
	bool done = answered || ++r->failed == PEERS_RTT_TRIES;

	if (done) {
		r->failed = 0;
		r->in_round = ++r->next < r->count;
	}
	if (answered && r->in_round) {
		ask(r);
		return;
	}
	forget_old(r, loop_now());
	if (r->changed)
		make_table(r);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *message, int len)
{
	struct site_rtt *s = arg;
	struct ares_txt_ext *strings = NULL;
	bool answered;

	(void)timeouts;
	s->rtt->asking = false;
	if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
		return;
	if (status == ARES_SUCCESS)
		status = ares_parse_txt_reply_ext(message, len, &strings);
	/* Of a site of which nothing has been measured there is a name, and no data. */
	answered = status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
	if (answered)
		take(s, strings);
	ares_free_data(strings);
	go_on(s->rtt, answered);
}

static void ask(struct peers_rtt *r)
{
	r->asking = true;
	ares_query(resolver_channel(r->resolver), r->sites[r->next].name, CLASS_IN, TYPE_TXT, on_answer, &r->sites[r->next]);
	resolver_started(r->resolver);
}

void peers_rtt_tick(struct peers_rtt *r, int64_t now)
{
	if (!r || r->asking || !r->count || (!r->in_round && now < r->round))
		return;
	if (!r->in_round) {
		r->round = now + loop_seconds(r->conf->exchange.interval * PEERS_RTT_ROUND);
		r->in_round = true;
		r->next = 0;
	}
	ask(r);
}

void peers_rtt_on_pass(struct peers_rtt *r, void (*pass)(void *arg), void *arg)
{
	if (!r)
		return;
	r->pass = pass;
	r->arg = arg;
}

/* --- begin and end --- */

static char *name_of(const struct site *site, const uint8_t *origin)
{
	uint8_t name[DNAME_MAX];
	char text[DNAME_TEXT_MAX];

	/* A name that doesn't fit is in no dnsd, either: what is asked instead has no such strings. */
	return strdup(dname_to_text(update_owner_write(name, UPDATE_RTT, site->name, origin) ? name : origin, text));
}

static bool take_over(struct site_rtt *s, const struct peers_rtt *before)
{
	for (size_t i = 0; before && i < before->count; i++) {
		const struct site_rtt *old = &before->sites[i];

		if (old->n == 0 || strcmp(old->site->name, s->site->name) != 0)
			continue;
		s->list = calloc(old->n, sizeof *s->list);
		if (!s->list)
			return false;
		memcpy(s->list, old->list, old->n * sizeof *s->list);
		s->n = old->n;
		s->heard = old->heard;
	}
	return true;
}

struct peers_rtt *peers_rtt_new(struct resolver *resolver, const struct conf *conf, const uint8_t *origin, const struct peers_rtt *before)
{
	struct peers_rtt *r = calloc(1, sizeof *r + conf->nsites * sizeof *r->sites);
	bool fine = r;

	if (!r)
		return NULL;
	r->resolver = resolver;
	r->conf = conf;
	if (getrandom(&r->seed, sizeof r->seed, GRND_NONBLOCK) != sizeof r->seed)
		r->seed = (uint64_t)loop_now();
	for (size_t i = 0; fine && i < conf->nsites; i++) {
		struct site_rtt *s = &r->sites[r->count];

		if (&conf->sites[i] == conf->own)
			continue;
		r->count++;
		s->rtt = r;
		s->site = &conf->sites[i];
		s->name = name_of(s->site, origin);
		fine = s->name && take_over(s, before);
	}
	if (!fine) {
		peers_rtt_delete(r);
		return NULL;
	}
	make_table(r);
	return r;
}

void peers_rtt_delete(struct peers_rtt *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		free(r->sites[i].name);
		free(r->sites[i].list);
	}
	free(atomic_load(&r->table));
	free(r);
}
