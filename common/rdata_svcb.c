#include "rdata_special.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MANDATORY, KEY_ALPN, KEY_NO_DEFAULT_ALPN, KEY_PORT, KEY_IPV4HINT, KEY_ECH, KEY_IPV6HINT };

/* One parameter in wire form (key, length, value), owned by its rdf, and where it stands. */
struct param {
	const struct zone_token *token;
	ldns_rdf *rdf;
	uint16_t key;
};

static int by_key(const void *a, const void *b)
{
	const struct param *x = a, *y = b;
	return x->key != y->key ? (x->key > y->key) - (x->key < y->key) : (x->token > y->token) - (x->token < y->token);
}

/* The value of key=value or key="value" as it is written. */
static const char *value_of(const struct zone_token *t, size_t *len)
{
	const char *value = memchr(t->text, '=', t->len);
	if (!value) {
		*len = 0;
		return t->text + t->len;
	}
	value++;
	*len = (size_t)(t->text + t->len - value);
	if (*len >= 2 && value[0] == '"') {
		value++;
		*len -= 2;
	}
	return value;
}

static size_t items_in(const char *value, size_t len)
{
	size_t n = 1;
	for (size_t i = 0; i < len; i++)
		n += value[i] == ',';
	return n;
}

/* What ldns mends silently, wraps, or writes past its own buffer for. Returns NULL, or why not. */
static const char *value_wrong(const struct param *p)
{
	size_t len, longest = 0, run = 0;
	uint64_t port;
	const char *value = value_of(p->token, &len);
	for (size_t i = 0; i < len; i++) {
		run = value[i] == ',' ? 0 : run + 1;
		longest = run > longest ? run : longest;
	}
	if (p->key == KEY_PORT && !zone_number(value, len, 65535, &port))
		return "port must be a number from 0 to 65535";
	if (p->key == KEY_MANDATORY && p->rdf && items_in(value, len) != (ldns_rdf_size(p->rdf) - 4) / 2)
		return "a key stands twice in mandatory";
	if ((p->key == KEY_IPV6HINT || p->key == KEY_IPV4HINT) && longest > 45)
		return "not an address";
	return NULL;
}

/* The number that ldns has for a parameter's key: it reads the bare key, which is harmless. -1: unknown. */
static int key_of(struct rdata_maker *m, const struct zone_token *t)
{
	const char *equals = memchr(t->text, '=', t->len);
	size_t len = equals ? (size_t)(equals - t->text) : t->len;
	if (len == 0 || len > 32)
		return -1;
	memcpy(m->scratch->text, t->text, len);
	m->scratch->text[len] = 0;
	if (strspn(m->scratch->text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return -1;
	ldns_rdf *rdf = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_SVCPARAMS, m->scratch->text);
	int key = rdf && ldns_rdf_size(rdf) >= 4 ? wire_get16(ldns_rdf_data(rdf)) : -1;
	ldns_rdf_deep_free(rdf);
	return key;
}

static bool read_param(struct rdata_maker *m, struct param *p)
{
	const struct zone_token *t = p->token;
	char show[ZONE_SHOW_MAX];
	if (t->quoted || t->len >= RDATA_MAX) /* a longer value would not fit; ldns would wrap its length */
		return rdata_fail(m, t, "must be key=value or key: \"%s\"", zone_show(t, show));
	int key = key_of(m, t);
	if (key < 0)
		return rdata_fail(m, t, "unknown key in \"%s\"", zone_show(t, show));
	p->key = (uint16_t)key;
	const char *why = value_wrong(p);
	if (why)
		return rdata_fail(m, t, "%s: \"%s\"", why, zone_show(t, show));
	memcpy(m->scratch->text, t->text, t->len);
	m->scratch->text[t->len] = 0;
	p->rdf = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_SVCPARAMS, m->scratch->text);
	if (!p->rdf || ldns_rdf_size(p->rdf) < 4 || wire_get16(ldns_rdf_data(p->rdf) + 2) + 4u != ldns_rdf_size(p->rdf))
		return rdata_fail(m, t, "not a valid parameter: \"%s\"", zone_show(t, show));
	why = value_wrong(p);
	return !why || rdata_fail(m, t, "%s: \"%s\"", why, zone_show(t, show));
}

static bool put_sorted(struct rdata_maker *m, struct param *params, size_t count)
{
	qsort(params, count, sizeof *params, by_key);
	uint8_t *start = m->out.at;
	for (size_t i = 0; i < count; i++) {
		if (i && params[i].key == params[i - 1].key)
			return rdata_fail(m, params[i].token, "this key stands twice");
		wire_write(&m->out, ldns_rdf_data(params[i].rdf), ldns_rdf_size(params[i].rdf));
	}
	if (m->out.failed)
		return true; /* the caller looks at it */
	const char *why = rdata_svcparams_wrong(start, (size_t)(m->out.at - start));
	return !why || rdata_fail(m, params[0].token, "%s", why);
}

bool rdata_put_svcparams(struct rdata_maker *m)
{
	const struct rdata_source *s = m->source;
	size_t count = s->count - m->next, read = 0;
	struct param *params = calloc(count, sizeof *params);
	bool ok = params != NULL;
	if (!ok)
		rdata_fail(m, s->type_token, "no memory");
	if (ok && wire_get16(m->out.start) == 0)
		ok = rdata_fail(m, &s->tokens[m->next], "priority 0 is an alias, which takes no parameters");
	for (; ok && read < count; read++) {
		params[read].token = &s->tokens[m->next++];
		ok = read_param(m, &params[read]);
	}
	ok = ok && put_sorted(m, params, count);
	for (size_t i = 0; i < read; i++)
		ldns_rdf_deep_free(params[i].rdf);
	free(params);
	return ok;
}

/* The value of one parameter by itself. */
static const char *param_wrong(uint16_t key, const uint8_t *value, size_t len)
{
	switch (key) {
	case KEY_MANDATORY:
		return len == 0 || len % 2 ? "mandatory needs a list of keys" : NULL;
	case KEY_ALPN:
		for (size_t i = 0; i < len; i += value[i] + 1u)
			if (value[i] == 0 || i + value[i] >= len)
				return "alpn needs a list of protocols";
		return len ? NULL : "alpn needs a list of protocols";
	case KEY_NO_DEFAULT_ALPN:
		return len ? "no-default-alpn takes no value" : NULL;
	case KEY_PORT:
		return len != 2 ? "port must be a number from 0 to 65535" : NULL;
	case KEY_IPV4HINT:
		return len == 0 || len % 4 ? "ipv4hint needs IPv4 addresses" : NULL;
	case KEY_ECH:
		return len == 0 ? "ech needs a value" : NULL;
	case KEY_IPV6HINT:
		return len == 0 || len % 16 ? "ipv6hint needs IPv6 addresses" : NULL;
	}
	return NULL;
}

static const uint8_t *find_param(const uint8_t *params, size_t len, uint16_t key)
{
	for (size_t i = 0; i < len; i += 4u + wire_get16(params + i + 2))
		if (wire_get16(params + i) == key)
			return params + i;
	return NULL;
}

static const char *mandatory_wrong(const uint8_t *params, size_t len)
{
	int before = 0; /* also refuses key 0, mandatory itself */
	size_t listed = wire_get16(params + 2);
	for (size_t i = 4; i < 4 + listed; i += 2) {
		int key = wire_get16(params + i);
		if (key <= before)
			return "mandatory must list other keys than itself, each once, in ascending order";
		if (!find_param(params, len, (uint16_t)key))
			return "a key in mandatory is missing";
		before = key;
	}
	return NULL;
}

const char *rdata_svcparams_wrong(const uint8_t *params, size_t len)
{
	int before = -1;
	for (size_t i = 0; i < len;) {
		if (len - i < 4 || len - i - 4 < wire_get16(params + i + 2))
			return "a parameter is cut off";
		uint16_t key = wire_get16(params + i), size = wire_get16(params + i + 2);
		const char *why = param_wrong(key, params + i + 4, size);
		if (why)
			return why;
		if (key <= before)
			return "keys must ascend, each once";
		before = key;
		i += 4u + size;
	}
	if (find_param(params, len, KEY_NO_DEFAULT_ALPN) && !find_param(params, len, KEY_ALPN))
		return "no-default-alpn needs alpn";
	return len && wire_get16(params) == KEY_MANDATORY ? mandatory_wrong(params, len) : NULL;
}
