/* status, watch: sites, services and members as the name server sees them. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ctl_json.h"
#include "ctl_state.h"
#include "generation.h"
#include "rr.h"

/* Between two looks of watch: seconds. */
#define WATCH_SECONDS 1

static struct ask_reply reply;
static struct ask_txt txt;

/* Green for what is well, red for what isn't, on a terminal. Widths are counted without the colours. */
static void put_state(const char *state, bool colours)
{
	bool good = strcmp(state, "up") == 0 || strcmp(state, "heard") == 0;
	bool bad = strcmp(state, "down") == 0 || strcmp(state, "unheard") == 0;
	const char *before = good ? "\033[32m" : bad ? "\033[31m" : "\033[33m";
	printf(" %s%-8s%s", colours ? before : "", state, colours ? "\033[0m" : "");
}

static const char *or_empty(const char *v)
{
	return v ? v : "";
}

/* --- sites --- */

static void json_keys(struct json *j, const struct ask_txt *t)
{
	char key[64];
	for (unsigned i = 0; i < t->n; i++) {
		size_t n = strcspn(t->strings[i], "=");
		if (!t->strings[i][n] || n >= sizeof key)
			continue;
		memcpy(key, t->strings[i], n);
		key[n] = '\0';
		json_text(j, key, t->strings[i] + n + 1);
	}
}

static enum ctl_status show_sites(struct ctl *c, const struct zone *z, struct json *j, bool colours)
{
	uint8_t name[DNAME_MAX];
	char text[DNAME_TEXT_MAX];
	if (!z->nservices || !dname_prepend(name, "_sites", 6, z->origin))
		return CTL_OK; /* nothing to be said of the sites there */
	enum ctl_status status = ctl_ask_txt(c, name, NULL, &reply);
	if (status != CTL_OK)
		return status;
	if (j)
		json_open(j, "sites", '[');
	else
		printf("zone %s\n  %-20s %-8s %-9s %-7s %s\n", dname_to_text(z->origin, text), "SITE", "STATE", "MEMBERS", "AGE", "CONFIG");
	while (ask_next_txt(&reply, &txt)) {
		if (j) {
			json_open(j, NULL, '{');
			json_keys(j, &txt);
			json_close(j, '}');
			continue;
		}
		printf("  %-20s", or_empty(ask_value(&txt, "site")));
		put_state(or_empty(ask_value(&txt, "state")), colours);
		printf(" %-9s %-7s %s\n", or_empty(ask_value(&txt, "members")), or_empty(ask_value(&txt, "age")), or_empty(ask_value(&txt, "config")));
	}
	if (j)
		json_close(j, ']');
	return CTL_OK;
}

/* --- services --- */

static void json_member(struct json *j, const struct ctl *c, const struct member *m, const struct member_state *s)
{
	const struct update_observation *said = &s->said;
	json_open(j, NULL, '{');
	json_text(j, "member", m->label);
	json_text(j, "site", m->site == MEMBER_NO_SITE ? "-" : c->conf->sites[m->site].name);
	json_text(j, "state", s->known ? verdict_name(said->state) : "missing");
	json_text(j, "since", s->since);
	json_text(j, "source", s->source);
	json_text(j, "check", said->check);
	json_text(j, "observers", s->observers);
	if (said->has & HAS_RTT)
		json_number(j, "rtt_ms", said->rtt_us / 1000.0);
	if (said->has & HAS_SESSIONS)
		json_count(j, "sessions", said->sessions);
	if (said->has & HAS_CAPACITY)
		json_count(j, "capacity", said->capacity);
	if (said->has & HAS_LOAD)
		json_number(j, "load", said->load_ppm / 1e6);
	if (said->has & HAS_COST)
		json_number(j, "cost", (double)said->cost_milli / 1e3);
	if (said->has & HAS_WEIGHT)
		json_number(j, "agent", said->percent / 100.0);
	if (said->has & HAS_TAIL)
		json_number(j, "tail", said->tail_milli / 1e3);
	json_close(j, '}');
}

static void print_member(const struct member *m, const struct member_state *s, bool colours)
{
	const struct update_observation *said = &s->said;
	printf("  %-20s", m->label);
	put_state(s->known ? verdict_name(said->state) : "missing", colours);
	printf(" %-20s %-8s %-9s", s->since, s->source, s->observers);
	if (said->has & HAS_SESSIONS)
		printf(" %u", (unsigned)said->sessions);
	if (said->has & HAS_CAPACITY)
		printf("/%u sessions", (unsigned)said->capacity);
	if (said->has & HAS_WEIGHT && said->percent != 100)
		printf(" %u%% of its weight", (unsigned)said->percent);
	if (said->has & HAS_TAIL)
		printf(" tail %.2f/s", said->tail_milli / 1e3);
	printf(" %s\n", said->check);
}

static enum ctl_status show_service(struct ctl *c, const struct lb *lb, struct json *j, bool colours)
{
	static struct member_state states[SERVICE_MEMBERS_MAX];
	const struct service *s = lb->service;
	char text[DNAME_TEXT_MAX];
	enum ctl_status status = ctl_members(c, s, states);
	if (status != CTL_OK)
		return status;
	dname_to_text(s->name, text);
	if (j) {
		json_open(j, NULL, '{');
		json_text(j, "service", text);
		json_open(j, "members", '[');
	} else {
		printf("service %s\n", text);
	}
	for (size_t m = 0; m < s->nmembers; m++) {
		if (j)
			json_member(j, c, &s->members[m], &states[m]);
		else
			print_member(&s->members[m], &states[m], colours);
	}
	if (j) {
		json_close(j, ']');
		json_close(j, '}');
	}
	return CTL_OK;
}

static enum ctl_status show_zone(struct ctl *c, const struct zone *z, const struct lb *only, struct json *j, bool colours)
{
	char text[DNAME_TEXT_MAX];
	enum ctl_status status;
	if (only && only->zone != z)
		return CTL_OK;
	if (j) {
		json_open(j, NULL, '{');
		json_text(j, "zone", dname_to_text(z->origin, text));
	}
	status = only ? CTL_OK : show_sites(c, z, j, colours);
	if (j)
		json_open(j, "services", '[');
	for (size_t i = 0; i < z->nservices && status == CTL_OK; i++)
		if (!only || z->services[i] == only)
			status = show_service(c, z->services[i], j, colours);
	if (j) {
		json_close(j, ']');
		json_close(j, '}');
	}
	return status;
}

static enum ctl_status show(struct ctl *c, bool colours)
{
	struct json json, *j = c->json ? &json : NULL;
	enum ctl_status status = CTL_OK;
	const struct lb *only = NULL;
	if (!ctl_generation(c))
		return CTL_REFUSED;
	if (c->nwords && !(only = ctl_service(c, c->words[0])))
		return CTL_USAGE;
	if (j) {
		json_begin(j, stdout);
		json_open(j, NULL, '[');
	}
	for (size_t i = 0; i < c->gen->nzones && status == CTL_OK; i++)
		status = show_zone(c, c->gen->zones[i], only, j, colours);
	if (j && status == CTL_OK)
		json_close(j, ']');
	return status;
}

enum ctl_status ctl_show_status(struct ctl *c)
{
	return show(c, isatty(STDOUT_FILENO));
}

enum ctl_status ctl_watch(struct ctl *c)
{
	bool colours = isatty(STDOUT_FILENO);
	if (c->json)
		return ctl_fail(CTL_USAGE, "watch has no --json: ask status again and again");
	for (;;) {
		if (colours)
			fputs("\033[H\033[2J", stdout);
		enum ctl_status status = show(c, colours);
		if (status != CTL_OK && status != CTL_UNREACHABLE) /* it may come back */
			return status;
		if (fflush(stdout) != 0)
			return CTL_REFUSED;
		nanosleep(&(struct timespec){ .tv_sec = WATCH_SECONDS }, NULL);
	}
}
