#include "confhash.h"

#include <string.h>

/* FNV-1a, 64 bits: for seeing drift, not for keeping anybody out. */
#define HASH_BEGIN 0xcbf29ce484222325u
#define HASH_STEP 0x100000001b3u

/* Two texts in a row differ from the same letters cut elsewhere, since lengths are added, too. */
static uint64_t add(uint64_t h, const void *data, size_t n)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * HASH_STEP;
	return (h ^ n) * HASH_STEP;
}

static uint64_t add_number(uint64_t h, uint64_t v)
{
	uint8_t bytes[8];
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(v >> (8 * i));
	return add(h, bytes, sizeof bytes);
}

static uint64_t add_text(uint64_t h, const char *text)
{
	return text ? add(h, text, strlen(text)) : add_number(h, 0);
}

/* In microseconds: finer differences make none. */
static uint64_t add_real(uint64_t h, double v)
{
	return add_number(h, (uint64_t)(int64_t)(v * 1e6 + (v < 0 ? -0.5 : 0.5)));
}

static uint64_t add_addr(uint64_t h, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	return add_text(h, addr_text_at(a, text));
}

static uint64_t add_addrs(uint64_t h, const struct addr *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = add_addr(h, &list[i]);
	return add_number(h, n);
}

static uint64_t of_site(const struct site *s)
{
	uint64_t h = add_text(HASH_BEGIN, s->name);
	h = add_addrs(h, s->control, s->ncontrol);
	h = add_addrs(h, s->proxy_ip, s->nproxy_ip);
	h = add_text(h, s->key ? s->key->name : NULL);
	return s->has_location ? add_real(add_real(h, s->latitude), s->longitude) : h;
}

static uint64_t add_texts(uint64_t h, char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = add_text(h, list[i]);
	return add_number(h, n);
}

/* What the types have that speak TLS, dns and exec. */
static uint64_t add_further(uint64_t h, const struct conf_check *c)
{
	h = add_number(add_number(add_number(h, c->tls), c->starttls), c->verify);
	h = add_number(add_text(add_text(h, c->sni), c->ca), c->min_days);
	h = add_texts(h, c->alpn, c->nalpn);
	h = add_number(add_number(add_text(h, c->query), c->qtype), c->rcode);
	h = add_addrs(h, c->answers, c->nanswers);
	return add_texts(h, c->command, c->ncommand);
}

static uint64_t of_check(const struct conf_check *c)
{
	uint64_t h = add_number(add_text(HASH_BEGIN, c->name), (uint64_t)c->type);
	h = add_real(add_real(add_real(h, c->interval), c->fast_interval), c->timeout);
	h = add_number(add_number(add_number(h, c->rise), c->fall), c->port);
	h = add_number(h, c->need_any);
	h = c->send ? add(h, c->send, c->send_len) : add_number(h, 0);
	h = add_text(h, c->has_expect ? c->expect_text : NULL);
	h = add_text(add_text(add_text(h, c->path), c->host), c->method);
	for (size_t i = 0; i < c->nstatus; i++)
		h = add_number(add_number(h, c->status[i].first), c->status[i].last);
	h = add_text(h, c->has_body ? c->body_text : NULL);
	for (size_t i = 0; i < c->nheaders; i++)
		h = add_text(h, c->headers[i]);
	return add_further(h, c);
}

/* Sites by name: their numbers depend on the order in the file. */
static uint64_t add_rule(uint64_t h, const struct rule *r, const struct conf *conf)
{
	char text[ADDR_TEXT_MAX];
	for (size_t i = 0; i < r->nfrom; i++)
		h = add_text(h, prefix_text(&r->from[i], text));
	for (size_t i = 0; i < r->nsites; i++)
		h = add_text(h, r->sites[i] < conf->nsites ? conf->sites[r->sites[i]].name : NULL);
	for (size_t i = 0; i < r->nmetrics; i++)
		h = add_text(h, metric_name(r->metrics[i]));
	for (size_t i = 0; i < r->ncountries; i++)
		h = add_number(h, r->countries[i]);
	for (size_t i = 0; i < r->ncontinents; i++)
		h = add_number(h, r->continents[i]);
	for (size_t i = 0; i < r->nasns; i++)
		h = add_number(h, r->asns[i]);
	h = add_number(add_number(add_number(h, r->ncountries), r->ncontinents), r->nasns);
	h = add_number(add_number(add_number(h, r->has_hours), r->begin), r->end);
	h = add_text(add_number(h, r->days), r->zone_name);
	return add_number(add_number(add_number(h, r->nfrom), r->nsites), r->nmetrics);
}

static uint64_t of_policy(const struct policy *p, const struct conf *conf)
{
	uint64_t h = add_number(add_number(add_text(HASH_BEGIN, p->name), p->answers), (uint64_t)p->fail);
	h = add_number(add_number(add_number(h, p->failback_manual), p->shed_from), p->shed_to);
	for (size_t i = 0; i < p->nrules; i++)
		h = add_rule(h, &p->rules[i], conf);
	return h;
}

static uint64_t add_member(uint64_t h, const struct member *m, const struct conf *conf)
{
	h = add_text(add_text(h, m->label), m->site >= 0 ? conf->sites[m->site].name : NULL);
	h = add_addrs(h, m->targets, m->ntargets);
	h = m->host ? add(h, m->host, dname_len(m->host)) : add_number(h, 0);
	for (size_t i = 0; i < m->nchecks; i++)
		h = add_text(h, m->checks[i]->name);
	h = add_number(add_number(add_number(h, m->nchecks), m->check_port), m->port);
	h = add_number(add_number(add_number(h, m->weight), m->rank), m->capacity);
	h = add_number(h, m->backup);
	return m->has_inside ? add_addr(h, &m->inside) : add_number(h, 0);
}

static uint64_t of_service(const struct service *s, const struct conf *conf)
{
	uint64_t h = add(HASH_BEGIN, s->name, s->name_len);
	h = add_real(add_number(add_number(h, s->has_ttl), s->ttl), s->rto);
	h = add_number(h, s->policy ? of_policy(s->policy, conf) : 0);
	for (size_t i = 0; i < s->nmembers; i++)
		h = add_member(h, &s->members[i], conf);
	return h;
}

/* Parts whose order does not matter are added up, each well mixed before. */
static uint64_t mixed(uint64_t h)
{
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 33;
}

uint32_t confhash(const struct conf *conf, const struct service *const *services, size_t n, uint64_t records)
{
	const struct conf_dns *d = &conf->dns;
	uint64_t sum = mixed(add_number(HASH_BEGIN, records));
	uint64_t dns = add_number(add_number(add_number(HASH_BEGIN, d->ttl), d->ttl_min), d->ttl_calm);
	sum += mixed(add_real(add_number(add_number(dns, d->answers), (uint64_t)d->fail), d->hold));
	for (size_t i = 0; i < conf->nsites; i++)
		sum += mixed(of_site(&conf->sites[i]));
	for (size_t i = 0; i < conf->nchecks; i++)
		sum += mixed(of_check(&conf->checks[i]));
	for (size_t i = 0; i < conf->npolicies; i++)
		sum += mixed(of_policy(&conf->policies[i], conf));
	for (size_t i = 0; i < n; i++)
		sum += mixed(of_service(services[i], conf));
	uint32_t folded = (uint32_t)(sum ^ sum >> 32);
	return folded ? folded : 1;
}
