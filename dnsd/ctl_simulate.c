/* simulate: the answers' shares by member and site, from the live state, with sites assumed down. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../common/random.h"
#include "ctl_decide.h"
#include "ctl_json.h"

/* So many draws for a service, at least, keep the error of a share below half a percent. */
#define DRAWS 200000
/* Sessions follow answers in such steps, which damp what would swing, and so often at most. */
#define STEP 0.2
#define ROUNDS 60
/* Nobody's sessions move by more than this part of all any more. */
#define SETTLED 0.001

struct tally {
	const struct lb *lb;
	double asked, unanswered, to_down;      /* queries */
	double share[SERVICE_MEMBERS_MAX];      /* queries, each divided among the members of its answer */
	double sessions;                        /* of all members, as they are reported now */
	bool has_sessions;
	double mean[SERVICE_MEMBERS_MAX];       /* as share, of several rounds together */
	unsigned rounds;
};

struct simulation {
	struct ctl *ctl;
	struct tally **tallies; size_t ntallies; /* in the order of zones and services */
	double elsewhere;                        /* queries for names that are no service's, or have no such addresses */
};

static struct tally *tally_of(const struct simulation *s, const struct lb *lb)
{
	size_t at = 0;
	for (size_t i = 0; i < s->ctl->gen->nzones && s->ctl->gen->zones[i] != lb->zone; i++)
		at += s->ctl->gen->zones[i]->nservices;
	return s->tallies[at + lb->index];
}

static bool make_tallies(struct simulation *s)
{
	const struct generation *g = s->ctl->gen;
	size_t n = 0;
	for (size_t i = 0; i < g->nzones; i++)
		n += g->zones[i]->nservices;
	s->tallies = calloc(n ? n : 1, sizeof(struct tally *));
	for (size_t i = 0; s->tallies && i < g->nzones; i++)
		for (size_t k = 0; k < g->zones[i]->nservices; k++) {
			struct tally *t = calloc(1, sizeof *t);
			if (!t)
				return false;
			t->lb = g->zones[i]->services[k];
			s->tallies[s->ntallies++] = t;
		}
	return s->tallies != NULL;
}

static void free_tallies(struct simulation *s)
{
	for (size_t i = 0; i < s->ntallies; i++)
		free(s->tallies[i]);
	free(s->tallies);
}

static void count(struct simulation *s, const struct decision *d, double weight)
{
	struct tally *t = d->lb ? tally_of(s, d->lb) : NULL;
	bool up = false;
	if (!t) {
		s->elsewhere += weight;
		return;
	}
	t->asked += weight;
	for (unsigned i = 0; i < d->n; i++) {
		t->share[d->members[i]] += weight / d->n;
		up |= decide_verdict(d->lb, d->members[i]) != VERDICT_DOWN;
	}
	if (!d->n)
		t->unanswered += weight;
	else if (!up)
		t->to_down += weight;
}

/* Each line as often as makes the draws enough, each draw a part of its queries. */
static void run(struct simulation *s, struct queries *q)
{
	size_t lines = queries_lines(q), draws = q->each ? 1 : DRAWS / (lines / q->nnames + 1) + 1;
	uint64_t random = 1; /* the same run says the same */
	struct query_line line;
	struct decision d;
	while (queries_next(q, &line))
		for (size_t i = 0; i < draws; i++) {
			decide(s->ctl->gen, &line, random64(&random), line.asked->turn++, &d);
			count(s, &d, (double)line.count / (double)draws);
		}
}

/* --- sessions follow answers, answers follow sessions --- */

static void note_sessions(struct simulation *s)
{
	for (size_t i = 0; i < s->ntallies; i++) {
		struct tally *t = s->tallies[i];
		for (size_t m = 0; m < t->lb->service->nmembers; m++) {
			const struct member_numbers *n = decide_numbers(t->lb, m);
			t->has_sessions |= (n->known & NUMBER_SESSIONS) != 0;
			t->sessions += n->known & NUMBER_SESSIONS ? n->sessions : 0;
		}
	}
}

/* Moves each member's sessions a step towards its share of the answers. Returns the largest step, as a part of all sessions. */
static double follow(struct tally *t)
{
	double largest = 0;
	for (size_t m = 0; m < t->lb->service->nmembers; m++) {
		double now = decide_numbers(t->lb, m)->sessions, step = (t->sessions * t->share[m] / t->asked - now) * STEP;
		decide_set_sessions(t->lb, m, (uint32_t)(now + step + 0.5));
		largest = step < 0 ? (-step > largest ? -step : largest) : step > largest ? step : largest;
	}
	return largest / t->sessions;
}

static void clear(struct tally *t)
{
	t->asked = t->unanswered = t->to_down = 0;
	memset(t->share, 0, sizeof t->share);
}

/* A step for all services whose policies look at numbers. Returns the largest one; 0: nothing moves. */
static double follow_all(struct simulation *s)
{
	double largest = 0;
	for (size_t i = 0; i < s->ntallies; i++) {
		struct tally *t = s->tallies[i];
		if (!t->lb->asks_numbers || !t->has_sessions || t->asked <= 0 || t->sessions < 1)
			continue;
		double step = follow(t);
		largest = step > largest ? step : largest;
	}
	return largest;
}

/* Adds the shares of a round to `mean`; at the last one the mean is what is told. */
static void take_mean(struct tally *t, bool last)
{
	t->rounds++;
	for (size_t m = 0; m < t->lb->service->nmembers && t->asked > 0; m++) {
		t->mean[m] += t->share[m];
		if (last)
			t->share[m] = t->mean[m] / t->rounds;
	}
}

/*
 * Where answers go by sessions, and sessions are reported: round after round
 * until the sessions are where the answers send them. A metric like leastconn
 * sends all to one and then all to another: what swings for ever is told as the
 * mean of the second half.
 */
static void run_until_settled(struct simulation *s, struct queries *q)
{
	for (unsigned round = 1; round <= ROUNDS && follow_all(s) > SETTLED; round++) {
		for (size_t i = 0; i < s->ntallies; i++)
			clear(s->tallies[i]);
		s->elsewhere = 0;
		queries_rewind(q);
		run(s, q);
		for (size_t i = 0; i < s->ntallies && round > ROUNDS / 2; i++)
			take_mean(s->tallies[i], round == ROUNDS);
	}
}

/* --- telling --- */

static double percent(double part, double all)
{
	return all > 0 ? 100 * part / all : 0;
}

struct load { bool known; double sessions, capacity; };

/* What the member would have if sessions followed the answers. */
static struct load load_of(const struct tally *t, size_t m)
{
	const struct member_numbers *n = decide_numbers(t->lb, m);
	struct load l = { .known = t->has_sessions, .capacity = n->known & NUMBER_CAPACITY ? n->capacity : 0 };
	l.sessions = t->asked > 0 ? t->sessions * t->share[m] / t->asked : 0;
	return l;
}

static void tell_member(const struct tally *t, size_t m, struct json *j)
{
	const struct member *member = &t->lb->service->members[m];
	const char *state = verdict_name(decide_verdict(t->lb, m));
	struct load l = load_of(t, m);
	double share = percent(t->share[m], t->asked);
	if (j) {
		json_open(j, NULL, '{');
		json_text(j, "member", member->label);
		json_text(j, "site", member->site == MEMBER_NO_SITE ? "-" : t->lb->conf->sites[member->site].name);
		json_text(j, "state", state);
		json_number(j, "share", share / 100);
		if (l.known)
			json_number(j, "sessions", l.sessions);
		if (l.capacity > 0)
			json_number(j, "capacity", l.capacity);
		json_close(j, '}');
		return;
	}
	printf("  %-20s %-8s %6.2f %%", member->label, state, share);
	if (l.known)
		printf("  %.0f sessions", l.sessions);
	if (l.known && l.capacity > 0)
		printf(" of %.0f, %.0f %%%s", l.capacity, percent(l.sessions, l.capacity), l.sessions > l.capacity ? ": MORE THAN IT HAS" : "");
	printf("\n");
}

static void tell_service(const struct tally *t, struct json *j)
{
	char name[DNAME_TEXT_MAX];
	dname_to_text(t->lb->service->name, name);
	if (j) {
		json_open(j, NULL, '{');
		json_text(j, "service", name);
		json_number(j, "queries", t->asked);
		json_number(j, "unanswered", t->unanswered / t->asked);
		json_number(j, "to_down", t->to_down / t->asked);
		json_open(j, "members", '[');
	} else {
		printf("service %s: %.0f queries\n", name, t->asked);
	}
	for (size_t m = 0; m < t->lb->service->nmembers; m++)
		tell_member(t, m, j);
	if (j) {
		json_close(j, ']');
		json_close(j, '}');
		return;
	}
	if (t->unanswered > 0)
		printf("  NO ANSWER for %.2f %%\n", percent(t->unanswered, t->asked));
	if (t->to_down > 0)
		printf("  UNSERVED, sent to members that are down: %.2f %%\n", percent(t->to_down, t->asked));
}

static void tell_sites(const struct simulation *s, struct json *j)
{
	const struct conf *conf = s->ctl->conf;
	double all = 0;
	for (size_t i = 0; i < s->ntallies; i++)
		all += s->tallies[i]->asked;
	if (j)
		json_open(j, "sites", '[');
	else
		printf("of all queries\n");
	for (size_t site = 0; site < conf->nsites; site++) {
		double share = 0;
		for (size_t i = 0; i < s->ntallies; i++)
			for (size_t m = 0; m < s->tallies[i]->lb->service->nmembers; m++)
				if (s->tallies[i]->lb->service->members[m].site == (int)site)
					share += s->tallies[i]->share[m];
		if (!j) {
			printf("  %-20s %6.2f %%\n", conf->sites[site].name, percent(share, all));
			continue;
		}
		json_open(j, NULL, '{');
		json_text(j, "site", conf->sites[site].name);
		json_number(j, "share", percent(share, all) / 100);
		json_close(j, '}');
	}
	if (j)
		json_close(j, ']');
}

static void tell(const struct simulation *s, const struct queries *q)
{
	struct json json, *j = s->ctl->json ? &json : NULL;
	char text[300];
	queries_text(q, s->ctl, text);
	if (j) {
		json_begin(j, stdout);
		json_open(j, NULL, '{');
		json_text(j, "population", text);
		json_open(j, "down", '[');
		for (size_t i = 0; i < s->ctl->ndown; i++)
			json_text(j, NULL, s->ctl->down[i]);
		json_close(j, ']');
		json_number(j, "elsewhere", s->elsewhere);
		json_open(j, "services", '[');
	} else {
		printf("%s\n", text);
		for (size_t i = 0; i < s->ctl->ndown; i++)
			printf("assumed down: %s\n", s->ctl->down[i]);
	}
	for (size_t i = 0; i < s->ntallies; i++)
		if (s->tallies[i]->asked > 0)
			tell_service(s->tallies[i], j);
	if (j)
		json_close(j, ']');
	tell_sites(s, j);
	if (j)
		json_close(j, '}');
	else if (s->elsewhere > 0)
		printf("%.0f queries were for names of no service, or for a family of addresses that the service hasn't\n", s->elsewhere);
}

enum ctl_status ctl_simulate(struct ctl *c)
{
	struct simulation s = { .ctl = c };
	struct queries q;
	const struct lb *only = NULL;
	if (!ctl_generation(c))
		return CTL_REFUSED;
	for (size_t i = 0; i < c->ndown; i++)
		if (!ctl_site(c, c->down[i]))
			return CTL_USAGE;
	if (c->nwords && !(only = ctl_service(c, c->words[0])))
		return CTL_USAGE;
	enum ctl_status status = decide_from_live(c, c->gen);
	if (status != CTL_OK)
		return status;
	if (!queries_open(&q, c, only))
		return CTL_REFUSED;
	if (make_tallies(&s)) {
		note_sessions(&s);
		run(&s, &q);
		if (!c->still)
			run_until_settled(&s, &q);
		tell(&s, &q);
	} else {
		status = ctl_fail(CTL_REFUSED, "out of memory");
	}
	free_tallies(&s);
	queries_close(&q);
	return status;
}
