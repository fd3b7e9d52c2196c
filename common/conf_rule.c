/* Keys of policies and their rules: whom a rule is for, and what it goes by. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf_fill.h"
#include "conf_hint.h"
#include "timezone.h"

/* ---- metrics ---- */

static const char *metric_at(const void *unused, size_t i)
{
	(void)unused;
	return metric_name((enum metric)i);
}

static bool add_metric(const struct conf_at *at, const config_setting_t *s, struct rule *r)
{
	char hint[96];
	const char *name = conf_string(at, s);
	if (!name)
		return false;
	enum metric m = metric_by_name(name);
	if (m == METRIC_COUNT)
		return conf_fail(at, s, "\"%s\" is not a metric%s", name, conf_hint(hint, name, METRIC_COUNT, metric_at, NULL));
	for (size_t i = 0; i < r->nmetrics; i++)
		if (r->metrics[i] == m)
			return conf_fail(at, s, "\"%s\" stands here twice", name);
	r->metrics[r->nmetrics++] = m;
	return true;
}

_Static_assert(RULE_METRICS_MAX >= METRIC_COUNT, "a rule holds every metric once");

bool conf_set_metrics(const struct conf_at *at, void *object)
{
	size_t n;
	if (!conf_list(at, &n))
		return false;
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok &= add_metric(at, conf_element(at, i), object);
	return ok;
}

/* ---- sites ---- */

bool conf_set_rule_sites(const struct conf_at *at, void *object)
{
	struct rule *r = object;
	size_t n;
	if (!conf_list(at, &n) || !(r->sites = conf_alloc(at, n, sizeof *r->sites)))
		return false;
	r->nsites = n;
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok &= conf_refer(at, conf_element(at, i), REF_SITE_INDEX, &r->sites[i]);
	return ok;
}

void conf_clear_rule_sites(void *object)
{
	free(((struct rule *)object)->sites);
}

/* ---- country, continent, asn ---- */

/* ISO 3166-1, also those that it leaves to everybody (AA, QM to QZ, XA to XZ with Kosovo's XK, ZZ): another would never match anybody. */
static bool is_country(const char c[2])
{
	static const char codes[] =
		"ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ"
		"CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFR"
		"GAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZ"
		"LALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOM"
		"PAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZ"
		"TCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";
	for (size_t i = 0; i + 1 < sizeof codes; i += 2)
		if (codes[i] == c[0] && codes[i + 1] == c[1])
			return true;
	return c[0] == 'X' || (c[0] == 'Q' && c[1] >= 'M') || (c[0] == c[1] && (c[0] == 'A' || c[0] == 'Z'));
}

/* What people mean by codes that are none. */
static const char *country_hint(const char *upper)
{
	return strcmp(upper, "UK") == 0 ? " (the United Kingdom is GB)" : strcmp(upper, "EU") == 0 ? " (Europe is a continent)" : "";
}

/* Codes of geo databases are in capitals; what people write need not be. */
static bool read_letters(const struct conf_at *at, const config_setting_t *s, const char *const *known, uint16_t *out)
{
	const char *text = conf_string(at, s);
	char upper[3] = "";
	if (!text)
		return false;
	if (strlen(text) != 2 || !isalpha((unsigned char)text[0]) || !isalpha((unsigned char)text[1]))
		return conf_fail(at, s, "\"%s\" is not a code of two letters", text);
	for (size_t i = 0; i < 2; i++)
		upper[i] = (char)toupper((unsigned char)text[i]);
	for (size_t i = 0; known && strcmp(known[i], upper) != 0; i++)
		if (!known[i + 1])
			return conf_fail(at, s, "\"%s\" is none of AF, AN, AS, EU, NA, OC, SA", text);
	if (!known && !is_country(upper))
		return conf_fail(at, s, "\"%s\" is no country of ISO 3166-1%s", text, country_hint(upper));
	*out = rule_letters(upper);
	return true;
}

static bool set_letters(const struct conf_at *at, const char *const *known, uint16_t **list, size_t *count)
{
	size_t n;
	if (!conf_list(at, &n) || !(*list = conf_alloc(at, n, sizeof **list)))
		return false;
	*count = n;
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok &= read_letters(at, conf_element(at, i), known, &(*list)[i]);
	return ok;
}

bool conf_set_country(const struct conf_at *at, void *object)
{
	struct rule *r = object;
	return set_letters(at, NULL, &r->countries, &r->ncountries);
}

bool conf_set_continent(const struct conf_at *at, void *object)
{
	static const char *const known[] = { "AF", "AN", "AS", "EU", "NA", "OC", "SA", NULL };
	struct rule *r = object;
	return set_letters(at, known, &r->continents, &r->ncontinents);
}

bool conf_set_asn(const struct conf_at *at, void *object)
{
	struct rule *r = object;
	size_t n;
	if (!conf_list(at, &n) || !(r->asns = conf_alloc(at, n, sizeof *r->asns)))
		return false;
	r->nasns = n;
	bool ok = true;
	for (size_t i = 0; i < n; i++) {
		long long number;
		bool good = conf_integer(at, conf_element(at, i), &number);
		if (good)
			r->asns[i] = (uint32_t)number;
		ok &= good;
	}
	return ok;
}

void conf_clear_country(void *object)
{
	free(((struct rule *)object)->countries);
}

void conf_clear_continent(void *object)
{
	free(((struct rule *)object)->continents);
}

void conf_clear_asn(void *object)
{
	free(((struct rule *)object)->asns);
}

/* ---- hours, days, timezone ---- */

/* "HH:MM", up to 24:00, as minutes; moves on. False: not of this form. */
static bool read_clock(const char **p, uint16_t *out)
{
	const char *t = *p;
	for (size_t i = 0; i < 5; i++)
		if (i == 2 ? t[i] != ':' : !isdigit((unsigned char)t[i]))
			return false;
	unsigned hour = (unsigned)(t[0] - '0') * 10 + (unsigned)(t[1] - '0'), minute = (unsigned)(t[3] - '0') * 10 + (unsigned)(t[4] - '0');
	*out = (uint16_t)(hour * 60 + minute);
	*p = t + 5;
	return minute < 60 && hour * 60 + minute <= 24 * 60;
}

bool conf_set_hours(const struct conf_at *at, void *object)
{
	struct rule *r = object;
	const char *text = conf_string(at, at->setting), *p = text;
	if (!text)
		return false;
	if (!read_clock(&p, &r->begin) || *p++ != '-' || !read_clock(&p, &r->end) || *p)
		return conf_fail(at, at->setting, "\"%s\" is not of the form \"HH:MM-HH:MM\"", text);
	if (r->begin == r->end || r->begin == 24 * 60)
		return conf_fail(at, at->setting, "\"%s\" is no time at all", text);
	r->has_hours = true;
	return true;
}

/* 0 Monday .. 6 Sunday; 7: none. */
static unsigned read_day(const char **p)
{
	static const char names[][4] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	unsigned day = 0;
	while (day < 7 && strncmp(*p, names[day], 3) != 0)
		day++;
	if (day < 7)
		*p += 3;
	return day;
}

/* "fri", "mon-fri", "sat-mon": moves on. */
static bool read_days(const char **p, uint8_t *days)
{
	unsigned first = read_day(p), last = first;
	if (**p == '-') {
		(*p)++;
		last = read_day(p);
	}
	if (first == 7 || last == 7)
		return false;
	for (unsigned d = first;; d = (d + 1) % 7) {
		*days |= (uint8_t)(RULE_MONDAY << d);
		if (d == last)
			return true;
	}
}

bool conf_set_days(const struct conf_at *at, void *object)
{
	struct rule *r = object;
	const char *text = conf_string(at, at->setting), *p = text;
	if (!text)
		return false;
	bool ok;
	do
		ok = read_days(&p, &r->days);
	while (ok && *p == ',' && *++p);
	if (!ok || *p || p[-1] == ',')
		return conf_fail(at, at->setting, "\"%s\" is not made of days (mon tue wed thu fri sat sun), as in \"mon-fri\" or \"sat,sun\"", text);
	return true;
}

bool conf_set_timezone(const struct conf_at *at, void *object)
{
	struct rule *r = object;
	const char *text = at->setting ? conf_string(at, at->setting) : NULL, *why;
	if (!text)
		return !at->setting;
	if (strcmp(text, "UTC") == 0)
		return true; /* without any database */
	if (!(r->zone_name = strdup(text)))
		return conf_fail(at, at->setting, "out of memory");
	r->zone = timezone_load(TIMEZONE_FOLDER, text, &why);
	return r->zone || conf_fail(at, at->setting, "\"%s\" %s", text, why);
}

void conf_clear_timezone(void *object)
{
	struct rule *r = object;
	free(r->zone);
	free(r->zone_name);
}

/* ---- shed ---- */

bool conf_set_shed(const struct conf_at *at, void *object)
{
	struct policy *p = object;
	double mark[2];
	size_t n;
	if (!conf_list(at, &n))
		return false;
	if (n != 2)
		return conf_fail(at, at->setting, "must be two marks, as in ( 0.80, 0.95 )");
	for (size_t i = 0; i < 2; i++)
		if (!conf_number(at, conf_element(at, i), &mark[i]))
			return false;
	p->shed_from = (uint32_t)(mark[0] * 1e6 + 0.5);
	p->shed_to = (uint32_t)(mark[1] * 1e6 + 0.5);
	if (p->shed_from < p->shed_to)
		return true;
	p->shed_to = 0;
	return conf_fail(at, at->setting, "the second mark must be more than the first");
}
