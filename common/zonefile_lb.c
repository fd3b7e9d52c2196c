#include "zonefile_lb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest of an address, a site's or check's name; a longer text names none of them. */
#define WORD_MAX 256

/* One LB line on its way to a member. */
/* A day: whoever waits longer needs no promise. Seconds. */
#define RTO_MAX 86400

struct lb {
	const struct conf *conf;
	struct zone_service *z;
	const struct zone_line *line;
	struct member member;
	const struct zone_token *at;   /* the token that is looked at */
	const struct zone_token *label_token, *check_token;
	unsigned given;                /* bit i: options[i] was seen */
	bool checks_none;
	bool wrong;
};

/* An error at `place`, which is inside of lb->at's text (NULL: its start). Returns false. */
__attribute__((format(printf, 3, 4)))
static bool wrong(struct lb *lb, const char *place, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	zone_report_at(&lb->line->report, lb->at, place ? (size_t)(place - lb->at->text) : 0, "%s", text);
	lb->wrong = true;
	return false;
}

static const char *word(const char *text, size_t len, char out[WORD_MAX])
{
	snprintf(out, WORD_MAX, "%.*s", len < WORD_MAX ? (int)len : 0, text);
	return out;
}

/* A growing array of `count` elements: room for one more, doubled whenever a power of two is full. */
static void *grow(void *array, size_t count, size_t element)
{
	return count & (count - 1) ? array : realloc(array, (count ? 2 * count : 1) * element);
}

/* Calls `each` for the parts of a list "a,b,c". */
static void for_parts(struct lb *lb, const char *text, size_t len, bool (*each)(struct lb *, const char *, size_t))
{
	const char *end = text + len;
	for (;;) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t n = (size_t)((comma ? comma : end) - text);
		if (n == 0)
			wrong(lb, text, "an empty part in a list");
		else if (!each(lb, text, n))
			return;
		if (!comma)
			return;
		text = comma + 1;
	}
}

static bool add_address(struct lb *lb, const char *text, const struct addr *a)
{
	struct member *m = &lb->member;
	for (size_t i = 0; i < m->ntargets; i++)
		if (addr_same_ip(&m->targets[i], a))
			return wrong(lb, text, "this address stands twice");
	if (m->ntargets == MEMBER_TARGETS_MAX)
		return wrong(lb, text, "more than %d addresses", MEMBER_TARGETS_MAX);
	struct addr *larger = grow(m->targets, m->ntargets, sizeof *larger);
	if (!larger)
		return wrong(lb, text, "no memory");
	m->targets = larger;
	m->targets[m->ntargets++] = *a;
	return true;
}

static bool set_host(struct lb *lb, const char *text, size_t len)
{
	uint8_t name[DNAME_MAX];
	char show[ZONE_SHOW_MAX];
	const char *why;
	if (lb->member.ntargets || lb->member.host || lb->at->len != len)
		return wrong(lb, text, "a host name can't stand in a list: \"%s\"", zone_show_text(text, len, show));
	size_t n = dname_from_text(name, text, len, lb->line->origin, &why);
	if (n == 0)
		return wrong(lb, text, "%s: \"%s\"", why, zone_show_text(text, len, show));
	dname_lower(name, name, n);
	if (dname_equal(name, lb->line->owner))
		return wrong(lb, text, "the service names itself");
	lb->member.host = malloc(n);
	if (!lb->member.host)
		return wrong(lb, text, "no memory");
	memcpy(lb->member.host, name, n);
	return true;
}

static bool add_target(struct lb *lb, const char *text, size_t len)
{
	char w[WORD_MAX], show[ZONE_SHOW_MAX], mapped[ADDR_TEXT_MAX];
	struct addr a;
	if (addr_parse(&a, word(text, len, w), 0)) {
		if (addr_is_any(&a))
			return wrong(lb, text, "%s is no address of a server", w);
		struct prefix p;
		prefix_of(&p, &a, 32, 128);
		if (prefix_mapped_text(&p, mapped))
			return wrong(lb, text, "%s is IPv4 written as IPv6: write %.*s", w, (int)strcspn(mapped, "/"), mapped);
		return add_address(lb, text, &a);
	}
	if (memchr(text, ':', len) || strspn(w, "0123456789.") == len)
		return wrong(lb, text, "\"%s\" is no address", zone_show_text(text, len, show));
	return set_host(lb, text, len);
}

/* The same form as a site's name, which labels are otherwise. */
static bool label_is_good(const char *label)
{
	size_t len = strlen(label);
	return len && len <= SITE_NAME_MAX && strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
	       label[0] != '-' && label[len - 1] != '-';
}

static bool option_name(struct lb *lb, const char *value, size_t len)
{
	char w[WORD_MAX];
	word(value, len, w);
	for (char *c = w; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 0x20);
	if (!label_is_good(w))
		return wrong(lb, value, "a label is made of letters, digits and inner hyphens, at most %d", SITE_NAME_MAX);
	if (conf_site(lb->conf, w))
		return wrong(lb, value, "\"%s\" is a site's name", w);
	member_set_label(&lb->member, w);
	lb->label_token = lb->at;
	return true;
}

static bool add_check(struct lb *lb, const char *text, size_t len)
{
	char w[WORD_MAX], show[ZONE_SHOW_MAX];
	struct member *m = &lb->member;
	if (lb->checks_none || (strcmp(word(text, len, w), "none") == 0 && m->nchecks))
		return wrong(lb, text, "none stands alone");
	if (strcmp(w, "none") == 0)
		return lb->checks_none = true;
	const struct conf_check *check = conf_check_by_name(lb->conf, w);
	if (!check)
		return wrong(lb, text, "unknown check \"%s\"", zone_show_text(text, len, show));
	for (size_t i = 0; i < m->nchecks; i++)
		if (m->checks[i] == check)
			return wrong(lb, text, "this check stands twice");
	if (m->nchecks == MEMBER_CHECKS_MAX)
		return wrong(lb, text, "more than %d checks", MEMBER_CHECKS_MAX);
	const struct conf_check **larger = grow(m->checks, m->nchecks, sizeof *larger);
	if (!larger)
		return wrong(lb, text, "no memory");
	m->checks = larger;
	m->checks[m->nchecks++] = check;
	return true;
}

static bool option_check(struct lb *lb, const char *value, size_t len)
{
	lb->check_token = lb->at;
	for_parts(lb, value, len, add_check);
	return true;
}

static bool option_number(struct lb *lb, const char *value, size_t len, uint64_t min, uint64_t max, uint64_t *out)
{
	char show[ZONE_SHOW_MAX];
	if (zone_number(value, len, max, out) && *out >= min)
		return true;
	return wrong(lb, value, "must be a number from %llu to %llu, not \"%s\"", (unsigned long long)min,
	             (unsigned long long)max, zone_show_text(value, len, show));
}

static bool option_port(struct lb *lb, const char *value, size_t len)
{
	uint64_t n;
	if (!option_number(lb, value, len, 1, UINT16_MAX, &n))
		return false;
	lb->member.port = (uint16_t)n;
	return true;
}

static bool option_check_port(struct lb *lb, const char *value, size_t len)
{
	uint64_t n;
	if (!option_number(lb, value, len, 1, UINT16_MAX, &n))
		return false;
	lb->member.check_port = (uint16_t)n;
	return true;
}

static bool option_weight(struct lb *lb, const char *value, size_t len)
{
	uint64_t n;
	if (!option_number(lb, value, len, 0, UINT16_MAX, &n))
		return false;
	lb->member.weight = (uint16_t)n;
	return true;
}

static bool option_rank(struct lb *lb, const char *value, size_t len)
{
	uint64_t n;
	if (!option_number(lb, value, len, 1, UINT8_MAX, &n))
		return false;
	lb->member.rank = (uint8_t)n;
	return true;
}

static bool option_capacity(struct lb *lb, const char *value, size_t len)
{
	uint64_t n;
	if (!option_number(lb, value, len, 1, UINT32_MAX, &n))
		return false;
	lb->member.capacity = (uint32_t)n;
	return true;
}

static bool option_inside(struct lb *lb, const char *value, size_t len)
{
	char w[WORD_MAX], show[ZONE_SHOW_MAX];
	if (zone_token_is(&lb->line->tokens[0], "-"))
		return wrong(lb, NULL, "inside= is what the home site probes: a member at no site has none");
	if (!addr_parse(&lb->member.inside, word(value, len, w), 0) || addr_is_any(&lb->member.inside))
		return wrong(lb, value, "\"%s\" is no address", zone_show_text(value, len, show));
	return lb->member.has_inside = true;
}

/* Whether it can be kept is seen when all members are known (zonefile_services.c). */
static bool option_rto(struct lb *lb, const char *value, size_t len)
{
	char w[WORD_MAX], show[ZONE_SHOW_MAX], *end;
	word(value, len, w);
	double v = strtod(w, &end);
	if (!*w || strspn(w, "0123456789.") != strlen(w) || *end || v <= 0 || v > RTO_MAX)
		return wrong(lb, value, "must be seconds, above 0 and at most %d, not \"%s\"", RTO_MAX, zone_show_text(value, len, show));
	if (lb->z->lb_lines > 1)
		return wrong(lb, NULL, "rto= is the service's: it belongs on its first LB line (line %u)", lb->z->service->line);
	lb->z->service->rto = v;
	lb->z->rto_line = lb->at->line;
	lb->z->rto_column = lb->at->column;
	return true;
}

static bool option_backup(struct lb *lb, const char *value, size_t len)
{
	(void)value;
	(void)len;
	return lb->member.backup = true;
}

static const struct {
	const char *name;
	bool flag;                     /* no value */
	bool (*take)(struct lb *lb, const char *value, size_t len);
} options[] = {
	{ "check", false, option_check }, { "check_port", false, option_check_port }, { "port", false, option_port },
	{ "weight", false, option_weight }, { "rank", false, option_rank }, { "capacity", false, option_capacity },
	{ "name", false, option_name }, { "inside", false, option_inside }, { "rto", false, option_rto },
	{ "backup", true, option_backup },
};

/* key=value, key="value" or flag. */
static bool take_option(struct lb *lb)
{
	const struct zone_token *t = lb->at;
	char show[ZONE_SHOW_MAX];
	const char *equals = memchr(t->text, '=', t->len);
	const char *value = equals ? equals + 1 : t->text + t->len;
	size_t key = (size_t)((equals ? equals : value) - t->text), len = (size_t)(t->text + t->len - value), i = 0;
	const size_t end = sizeof options / sizeof *options;
	while (i < end && (strlen(options[i].name) != key || memcmp(options[i].name, t->text, key) != 0))
		i++;
	if (i == end)
		return wrong(lb, NULL, "unknown %s \"%s\"", equals ? "key in" : "flag", zone_show(t, show));
	if (options[i].flag != !equals)
		return wrong(lb, NULL, options[i].flag ? "%s takes no value" : "%s needs a value: KEY=VALUE", options[i].name);
	if (lb->given & 1u << i)
		return wrong(lb, NULL, "%s stands twice", options[i].name);
	lb->given |= 1u << i;
	if (len >= 2 && value[0] == '"' && t->quote_inside) {
		value++;
		len -= 2;
	}
	if (!options[i].flag && len == 0)
		return wrong(lb, NULL, "%s needs a value: KEY=VALUE", options[i].name);
	return options[i].take(lb, value, len);
}

/* "sjc" or "-". */
static bool take_site(struct lb *lb)
{
	char w[WORD_MAX], show[ZONE_SHOW_MAX];
	lb->member.site = MEMBER_NO_SITE;
	if (zone_token_is(lb->at, "-"))
		return true;
	const struct site *site = conf_site(lb->conf, word(lb->at->text, lb->at->len, w));
	if (!site)
		return wrong(lb, NULL, "unknown site \"%s\"", zone_show(lb->at, show));
	lb->member.site = (int)site->index;
	return true;
}

/* Without name=: the site's name, or "other". */
static void settle_label(struct lb *lb)
{
	struct member *m = &lb->member;
	const struct service *s = lb->z->service;
	lb->at = lb->label_token ? lb->label_token : &lb->line->tokens[0];
	if (!m->label[0]) {
		const char *label = m->site == MEMBER_NO_SITE ? "other" : lb->conf->sites[m->site].name;
		if (m->site == MEMBER_NO_SITE && conf_site(lb->conf, label))
			wrong(lb, NULL, "needs name=, as \"other\" is a site here");
		member_set_label(m, label);
	}
	for (size_t i = 0; i < s->nmembers; i++)
		if (strcmp(s->members[i].label, m->label) == 0)
			wrong(lb, NULL, "the service has a member \"%s\" already (line %u): give this one a name=", m->label, s->members[i].line);
	/* LABEL._health.SERVICE is the longest name made of it. */
	if (s->name_len + 1 + strlen(m->label) + 1 + strlen("_health") > DNAME_MAX)
		wrong(lb, NULL, "the service's name is too long for LABEL._health.SERVICE");
}

/* What has to be probed needs a port from somewhere (spec 5, "port"). */
static void settle_port(struct lb *lb)
{
	const struct member *m = &lb->member;
	lb->at = lb->check_token;
	for (size_t i = 0; i < m->nchecks; i++) {
		const struct conf_check *c = m->checks[i];
		bool portless = c->type == CHECK_ICMP || c->type == CHECK_EXEC || c->type == CHECK_NONE;
		if (!portless && !m->check_port && !m->port && !c->port && !check_default_port(c->type))
			wrong(lb, NULL, "check \"%s\" has no port: give port= or check_port=", c->name);
	}
}

static void settle_ttl(struct lb *lb)
{
	const struct zone_line *line = lb->line;
	struct service *s = lb->z->service;
	if (!line->has_ttl)
		return;
	if (s->has_ttl && s->ttl != line->ttl) {
		lb->at = line->ttl_token;
		wrong(lb, NULL, "this service has another TTL, %u, in line %u", s->ttl, lb->z->ttl_line);
		return;
	}
	s->has_ttl = true;
	s->ttl = line->ttl;
	lb->z->ttl_line = line->ttl_token->line;
}

static bool append(struct lb *lb)
{
	struct service *s = lb->z->service;
	if (s->nmembers == SERVICE_MEMBERS_MAX)
		return wrong(lb, NULL, "more than %d members", SERVICE_MEMBERS_MAX);
	struct member *larger = grow(s->members, s->nmembers, sizeof *larger);
	if (!larger)
		return wrong(lb, NULL, "no memory");
	s->members = larger;
	s->members[s->nmembers++] = lb->member;
	lb->z->has_host = lb->z->has_host || lb->member.host;
	return true;
}

static void take_tokens(struct lb *lb)
{
	const struct zone_line *line = lb->line;
	for (size_t i = 0; i < line->count; i++) {
		lb->at = &line->tokens[i];
		if (lb->at->quoted || (i < 2 && lb->at->quote_inside))
			wrong(lb, NULL, "quotes can't stand here");
		else if (i == 0)
			take_site(lb);
		else if (i == 1)
			for_parts(lb, lb->at->text, lb->at->len, add_target);
		else
			take_option(lb);
	}
}

void zone_lb_line(const struct conf *conf, struct zone_service *z, const struct zone_line *line)
{
	struct lb lb = { .conf = conf, .z = z, .line = line, .at = line->type_token,
		.member = { .site = MEMBER_NO_SITE, .weight = 1, .rank = 1, .line = line->type_token->line } };
	z->lb_lines++;
	settle_ttl(&lb);
	if (line->count < 2) {
		lb.at = line->type_token;
		wrong(&lb, NULL, "LB needs a site (or -) and a target");
	} else {
		take_tokens(&lb);
		if (!lb.wrong)
			settle_label(&lb);
		settle_port(&lb);
		lb.at = line->type_token;
	}
	if (lb.wrong || !append(&lb)) {
		free(lb.member.targets);
		free(lb.member.host);
		free(lb.member.checks);
	}
}
