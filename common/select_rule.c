#include "select_parts.h"

#include "metrics.h"
#include "timezone.h"

#define MINUTES_A_DAY (24 * 60)

static bool covers_client(const struct rule *r, const struct select_client *client)
{
	for (size_t i = 0; i < r->nfrom; i++)
		if (prefix_covers(&r->from[i], &client->address))
			return true;
	return false;
}

/*
 * Within which prefix of the client the rule's `from` says what it says. The
 * list is disjoint and merged (conf), so a hit is decided by one prefix, and
 * a miss by the first bit that differs from the nearest.
 */
static void scope_of_from(const struct rule *r, const struct select_client *client, uint8_t *scope)
{
	for (size_t i = 0; i < r->nfrom; i++) {
		if (r->from[i].family != client->address.sa.sa_family)
			continue;
		unsigned bits = prefix_common(&r->from[i], &client->address);
		if (bits < r->from[i].length)
			bits++;
		else
			i = r->nfrom - 1;
		if (bits > *scope)
			*scope = (uint8_t)bits;
	}
}

static bool is_from(const struct rule *r, const struct select_input *in)
{
	if (in->scope)
		scope_of_from(r, in->client, in->scope);
	return covers_client(r, in->client);
}

static bool has_letters(const uint16_t *list, size_t n, const char *letters)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == rule_letters(letters))
			return true;
	return false;
}

static bool has_number(const uint32_t *list, size_t n, uint32_t number)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == number)
			return true;
	return false;
}

/* Somebody of whom nothing is known is in no country. */
static enum trace_skip skip_by_place(const struct rule *r, const struct select_input *in, struct select_looks *looks)
{
	const struct place *p;

	if (r->nasns && !((p = select_place(looks, in, GEO_ASN)) && has_number(r->asns, r->nasns, p->asn)))
		return TRACE_SKIP_ASN;
	if (r->ncontinents && !((p = select_place(looks, in, GEO_CONTINENT)) && has_letters(r->continents, r->ncontinents, p->continent)))
		return TRACE_SKIP_CONTINENT;
	if (r->ncountries && !((p = select_place(looks, in, GEO_COUNTRY)) && has_letters(r->countries, r->ncountries, p->country)))
		return TRACE_SKIP_COUNTRY;
	return TRACE_USED;
}

static bool is_within(const struct rule *r, unsigned minute)
{
	if (r->begin < r->end)
		return minute >= r->begin && minute < r->end;
	return minute >= r->begin || minute < r->end;
}

static enum trace_skip skip_by_time(const struct rule *r, int64_t now)
{
	struct timezone_moment t = timezone_moment(r->zone, now);

	if (r->has_hours && !is_within(r, t.minute))
		return TRACE_SKIP_HOURS;
	return r->days && !(r->days >> t.day & 1) ? TRACE_SKIP_DAYS : TRACE_USED;
}

static bool has_site(const struct rule *r, int site)
{
	for (size_t i = 0; i < r->nsites; i++)
		if (site != MEMBER_NO_SITE && r->sites[i] == (uint64_t)site)
			return true;
	return false;
}

static bool has_candidate(const struct rule *r, const struct select_input *in, const uint16_t *members, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has_site(r, in->service->members[members[i]].site))
			return true;
	return false;
}

/* What doesn't look at the client comes first: then an answer holds for more of them. */
enum trace_skip select_rule_skip(const struct rule *r, const struct select_input *in, struct select_looks *looks,
                                 const uint16_t *members, size_t n)
{
	if (r->has_hours || r->days) {
		enum trace_skip why = skip_by_time(r, in->now);

		if (why)
			return why;
	}
	if (r->nsites && !has_candidate(r, in, members, n))
		return TRACE_SKIP_SITES;
	if (r->nfrom && !is_from(r, in))
		return TRACE_SKIP_FROM;
	return r->nasns || r->ncontinents || r->ncountries ? skip_by_place(r, in, looks) : TRACE_USED;
}

size_t select_rule_members(const struct rule *r, const struct select_input *in, uint16_t *members, size_t n)
{
	size_t left = 0;

	if (!r->nsites)
		return n;
	for (size_t i = 0; i < n; i++)
		if (has_site(r, in->service->members[members[i]].site))
			members[left++] = members[i];
	return left;
}

const struct rule *select_rule(const struct select_input *in, struct select_looks *looks, uint16_t *members, size_t *n)
{
	const struct policy *p = in->service->policy;

	for (size_t i = 0; i < p->nrules; i++) {
		if (select_rule_skip(&p->rules[i], in, looks, members, *n) != TRACE_USED)
			continue;
		*n = select_rule_members(&p->rules[i], in, members, *n);
		return &p->rules[i];
	}
	return NULL;
}

size_t select_columns(const struct rule *r, enum metric *total)
{
	size_t n = 0;

	*total = METRIC_WEIGHTED;
	while (r && n < r->nmetrics && !metric_is_total(r->metrics[n]))
		n++;
	if (r && n < r->nmetrics)
		*total = r->metrics[n];
	return n;
}
