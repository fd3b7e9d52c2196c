#include "explain.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "../common/conf.h"
#include "../common/network.h"
#include "../common/place.h"
#include "lb.h"
#include "../common/txt.h"

/* A member's label, and what is said of it. */
#define ELEMENT_MAX 160
/*
 * Bytes of one list of members: with the most members, the longest labels and
 * the most metrics the records still fit into one message, 3 lists of the gate and 3 of each metric.
 */
#define GATE_LIST_MAX 3500
#define METRIC_LIST_MAX 700

static const struct service *service_of(const struct explain *e)
{
	return e->lb->service;
}

static const char *label_of(const struct explain *e, uint16_t member)
{
	return service_of(e)->members[member].label;
}

/* --- who asks, and which rule --- */

static void put_client(struct txt *t, const struct explain *e)
{
	char text[ADDR_TEXT_MAX];
	txt_put(t, "client=%s", e->has_client ? prefix_text(&e->client, text) : "none");
}

/* Thousandths of a degree as text, without floating point formats: "-104.990". */
static void put_location(struct txt *t, const struct place *p)
{
	static const double degrees = 57.295779513082320876798;
	int latitude = (int)lround(atan2((double)p->z, hypot((double)p->x, (double)p->y)) * degrees * 1000);
	int longitude = (int)lround(atan2((double)p->y, (double)p->x) * degrees * 1000);
	int lat = latitude < 0 ? -latitude : latitude, lon = longitude < 0 ? -longitude : longitude;
	txt_put(t, "location=%s%d.%03d,%s%d.%03d", latitude < 0 ? "-" : "", lat / 1000, lat % 1000, longitude < 0 ? "-" : "", lon / 1000, lon % 1000);
}

/* What was looked up of the client; what nobody asked for isn't there. */
static void put_place(struct txt *t, const struct explain *e)
{
	const struct select_trace *s = &e->trace;
	if (s->country && s->country->country[0])
		txt_put(t, "country=%s", s->country->country);
	if (s->continent && s->continent->continent[0])
		txt_put(t, "continent=%s", s->continent->continent);
	if (s->asn && s->asn->asn)
		txt_put(t, "asn=%u", (unsigned)s->asn->asn);
	if (s->location && s->location->located)
		put_location(t, s->location);
}

/* A network's own order of sites, as networks.conf has it. */
static void put_networks(struct txt *t, const struct explain *e)
{
	struct txt_list list;
	if (!e->trace.sites)
		return;
	txt_list_begin(&list, t, "network");
	for (size_t i = 0; i < e->trace.sites->n; i++)
		txt_list_add(&list, ',', e->lb->conf->sites[e->trace.sites->sites[i]].name);
	txt_list_end(&list, false);
}

static void put_down(struct txt *t, const struct explain *e)
{
	struct txt_list list;
	txt_list_begin(&list, t, "down");
	for (unsigned i = 0; i < e->ndown; i++)
		txt_list_add(&list, ',', e->lb->conf->sites[e->down[i]].name);
	txt_list_end(&list, false);
}

/* A policy that is written in place has its metrics for a name. */
static void put_policy(struct txt *t, const struct explain *e)
{
	const struct policy *p = service_of(e)->policy;
	struct txt_list list;
	if (p->name) {
		txt_put(t, "policy=%.*s", TXT_STRING_MAX - 7, p->name);
		return;
	}
	txt_list_begin(&list, t, "policy");
	for (size_t i = 0; p->nrules && i < p->rules[0].nmetrics; i++)
		txt_list_add(&list, ' ', metric_name(p->rules[0].metrics[i]));
	txt_list_end(&list, true);
}

/* "skipped=1:from,2:hours"; behind the 64th "..." */
static void put_rule(struct txt *t, const struct explain *e)
{
	struct txt_list list;
	char text[ELEMENT_MAX];
	if (e->trace.rule >= 0)
		txt_put(t, "rule=%d", e->trace.rule + 1);
	else
		txt_put(t, "rule=none");
	txt_list_begin(&list, t, "skipped");
	for (unsigned i = 0; i < e->trace.nrules; i++) {
		if (e->trace.rules[i] == TRACE_USED)
			continue;
		snprintf(text, sizeof text, "%u:%s", i + 1, trace_skip_name((enum trace_skip)e->trace.rules[i]));
		txt_list_add(&list, ',', text);
	}
	if (e->trace.rule >= TRACE_RULES_MAX || (e->trace.rule < 0 && service_of(e)->policy->nrules > TRACE_RULES_MAX))
		txt_list_add(&list, ',', "...");
	txt_list_end(&list, false);
}

static void put_head(struct txt *t, const struct explain *e)
{
	char name[DNAME_TEXT_MAX];
	txt_put(t, "service=%.*s", TXT_STRING_MAX - 8, dname_to_text(service_of(e)->name, name));
	put_client(t, e);
	put_place(t, e);
	put_networks(t, e);
	put_down(t, e);
	put_policy(t, e);
	put_rule(t, e);
}

/* --- the gate --- */

static const char *gate_name(enum gate_step step)
{
	switch (step) {
	case GATE_UP: return "up";
	case GATE_UP_ANY: return "up-any";
	case GATE_BACKUP: return "backup";
	case GATE_FAIL: return "fail";
	default: return "none";
	}
}

static const char *fail_name(enum fail_mode m)
{
	return m == FAIL_OPEN ? "open" : m == FAIL_BACKUP ? "backup" : "closed";
}

static bool passed_gate(const struct explain *e, size_t member)
{
	return e->trace.out[member] == TRACE_IN || e->trace.out[member] == TRACE_OUT_RULE;
}

static bool all_labels(const struct explain *e, size_t member)
{
	(void)e;
	(void)member;
	return true;
}

static bool passed_rule(const struct explain *e, size_t member)
{
	return e->trace.out[member] == TRACE_IN;
}

static void put_labels(struct txt *t, const struct explain *e, const char *key, bool (*is_one)(const struct explain *e, size_t member))
{
	struct txt_list list;
	txt_list_begin_limited(&list, t, key, GATE_LIST_MAX);
	for (uint16_t m = 0; m < service_of(e)->nmembers; m++)
		if (is_one(e, m))
			txt_list_add(&list, ',', label_of(e, m));
	txt_list_end(&list, true);
}

/* "why=fra:down" */
static void put_reasons(struct txt *t, const struct explain *e, bool of_rule)
{
	struct txt_list list;
	char text[ELEMENT_MAX];
	txt_list_begin_limited(&list, t, "why", GATE_LIST_MAX);
	for (uint16_t m = 0; m < service_of(e)->nmembers; m++) {
		if (e->trace.out[m] == TRACE_IN || (e->trace.out[m] == TRACE_OUT_RULE) != of_rule)
			continue;
		snprintf(text, sizeof text, "%s:%s", label_of(e, m), trace_out_name((enum trace_out)e->trace.out[m]));
		txt_list_add(&list, ',', text);
	}
	txt_list_end(&list, false);
}

/* For how many clients' networks a busy member is left out: "shed=fra:73%". */
static void put_shed(struct txt *t, const struct explain *e)
{
	struct txt_list list;
	char text[ELEMENT_MAX];
	if (!policy_sheds(service_of(e)->policy))
		return;
	txt_list_begin_limited(&list, t, "shed", GATE_LIST_MAX);
	for (uint16_t m = 0; m < service_of(e)->nmembers; m++) {
		if (!e->trace.shed_ppm[m])
			continue;
		snprintf(text, sizeof text, "%s:%u%%", label_of(e, m), (unsigned)(e->trace.shed_ppm[m] + 5000) / 10000);
		txt_list_add(&list, ',', text);
	}
	txt_list_end(&list, false);
}

static void put_gate(struct txt *t, const struct explain *e)
{
	txt_put(t, "gate=%s", gate_name(e->trace.step));
	if (e->trace.step >= GATE_FAIL)
		txt_put(t, "fail=%s", fail_name(service_of(e)->policy->fail));
	put_labels(t, e, "in", all_labels);
	put_labels(t, e, "out", passed_gate);
	put_reasons(t, e, false);
	put_shed(t, e);
}

/* --- the rule's sites --- */

static bool has_sites(const struct explain *e)
{
	return e->trace.rule >= 0 && service_of(e)->policy->rules[e->trace.rule].nsites > 0;
}

static void put_sites(struct txt *t, const struct explain *e)
{
	const struct rule *r = &service_of(e)->policy->rules[e->trace.rule];
	struct txt_list list;
	txt_list_begin(&list, t, "sites");
	for (size_t i = 0; i < r->nsites; i++)
		txt_list_add(&list, ',', e->lb->conf->sites[r->sites[i]].name);
	txt_list_end(&list, true);
	put_labels(t, e, "out", passed_rule);
	put_reasons(t, e, true);
}

/* --- metrics --- */

static void tenths(char *out, size_t size, int64_t value, unsigned unit, const char *suffix)
{
	int64_t v = value < 0 ? -value : value;
	snprintf(out, size, "%s%lld.%lld%s", value < 0 ? "-" : "", (long long)(v / unit), (long long)(v % unit * 10 / unit), suffix);
}

/* What a metric goes by, as people say it. */
static void value_text(char *out, size_t size, enum metric m, int64_t v)
{
	/* leastconn: a member of weight 0 comes behind all others, however few sessions it has */
	if (v == TRACE_UNKNOWN || (m == METRIC_LEASTCONN && v > INT64_MAX / 8)) {
		snprintf(out, size, v == TRACE_UNKNOWN ? "?" : "last");
		return;
	}
	switch (m) {
	case METRIC_LOCAL: case METRIC_REMOTE: snprintf(out, size, "%s", v ? "no" : "yes"); break;
	case METRIC_NETWORK: snprintf(out, size, "%lld", (long long)v + 1); break;
	case METRIC_GEO: snprintf(out, size, "%lldkm", (long long)(v + 500) / 1000); break;
	case METRIC_RTT: case METRIC_RESPONSE: tenths(out, size, v, 1000, "ms"); break;
	case METRIC_LEASTCONN: tenths(out, size, v, 1000000, ""); break;
	case METRIC_COST: tenths(out, size, v, 1000, ""); break;
	case METRIC_CAPACITY: snprintf(out, size, "%lld%%", (long long)v / 10000); break;
	case METRIC_LOAD: snprintf(out, size, "%lld.%02lld", (long long)v / 1000000, (long long)v / 10000 % 100); break;
	default: snprintf(out, size, "%lld", (long long)v);
	}
}

unsigned explain_hundredths(const struct explain *e, uint16_t member)
{
	return service_of(e)->members[member].weight * (e->percent[member] ? e->percent[member] : 100u);
}

static void weight_text(char *out, size_t size, const struct explain *e, uint16_t member)
{
	unsigned hundredths = explain_hundredths(e, member);
	if (hundredths % 100)
		snprintf(out, size, "%u.%02u", hundredths / 100, hundredths % 100);
	else
		snprintf(out, size, "%u", hundredths / 100);
}

static bool has_values(enum metric m)
{
	return m != METRIC_RANDOM && m != METRIC_ROUNDROBIN;
}

/* "tiers=den,sjc/fra": whom the metric finds alike; not where it finds nobody so. */
static void put_tiers(struct txt *t, const struct explain *e, const struct trace_metric *m)
{
	struct txt_list list;
	unsigned n = e->trace.ncandidates;
	if (n < 2 || m->tier[n - 1] == n - 1)
		return;
	txt_list_begin_limited(&list, t, "tiers", METRIC_LIST_MAX);
	for (unsigned i = 0; i < n; i++)
		txt_list_add(&list, i && m->tier[i] != m->tier[i - 1] ? '/' : ',', label_of(e, m->order[i]));
	txt_list_end(&list, false);
}

static void put_metric(struct txt *t, const struct explain *e, const struct trace_metric *m)
{
	struct txt_list list;
	char value[40], text[ELEMENT_MAX];
	txt_put(t, "metric=%s", metric_name(m->metric));
	txt_list_begin_limited(&list, t, "order", METRIC_LIST_MAX);
	for (unsigned i = 0; i < e->trace.ncandidates; i++)
		txt_list_add(&list, ',', label_of(e, m->order[i]));
	txt_list_end(&list, true);
	put_tiers(t, e, m);
	txt_list_begin_limited(&list, t, "why", METRIC_LIST_MAX);
	for (unsigned i = 0; has_values(m->metric) && i < e->trace.ncandidates; i++) {
		if (m->metric == METRIC_WEIGHTED || m->metric == METRIC_HASH)
			weight_text(value, sizeof value, e, m->order[i]);
		else
			value_text(value, sizeof value, m->metric, m->value[m->order[i]]);
		snprintf(text, sizeof text, "%s:%s", label_of(e, m->order[i]), value);
		txt_list_add(&list, ',', text);
	}
	txt_list_end(&list, false);
}

/* --- the answer --- */

static void put_members(struct txt *t, const struct explain *e, const char *key, const uint16_t *members, unsigned n)
{
	struct txt_list list;
	txt_list_begin(&list, t, key);
	for (unsigned i = 0; i < n; i++)
		txt_list_add(&list, ',', label_of(e, members[i]));
	if (!n)
		txt_list_add(&list, ',', "none");
	txt_list_end(&list, true);
}

static void put_answer(struct txt *t, const struct explain *e)
{
	bool only_aaaa = !e->na && e->naaaa;
	const uint16_t *first = only_aaaa ? e->aaaa : e->a;
	unsigned n = only_aaaa ? e->naaaa : e->na;
	put_members(t, e, "answer", first, n);
	if (e->host)
		txt_put(t, "type=CNAME");
	else if (only_aaaa)
		txt_put(t, "type=AAAA");
	else if (e->lb->any_aaaa && (e->naaaa != n || memcmp(e->aaaa, first, n * sizeof *first) != 0))
		put_members(t, e, "ipv6", e->aaaa, e->naaaa);
	txt_put(t, "ttl=%u", (unsigned)e->ttl);
	txt_put(t, "scope=%u", e->scope);
}

unsigned explain_count(const struct explain *e)
{
	return 3 + has_sites(e) + e->trace.nmetrics;
}

size_t explain_rdata(const struct explain *e, unsigned step, uint8_t *out, size_t size)
{
	unsigned metric = step - 2 - has_sites(e);
	struct txt t;
	txt_begin(&t, out, size);
	txt_put(&t, "step=%02u", step);
	if (step == 0)
		put_head(&t, e);
	else if (step == 1)
		put_gate(&t, e);
	else if (step == 2 && has_sites(e))
		put_sites(&t, e);
	else if (metric < e->trace.nmetrics)
		put_metric(&t, e, &e->trace.metrics[metric]);
	else
		put_answer(&t, e);
	return txt_end(&t);
}
