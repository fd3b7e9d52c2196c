#include "rtt_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rtt.h"
#include "txt.h"

static size_t put_networks(struct txt *p, const struct rtt_network *networks, size_t n)
{
	char text[ADDR_TEXT_MAX];
	for (size_t i = 0; i < n; i++)
		txt_put(p, "%s=%u.%03u", prefix_text(&networks[i].network, text), (unsigned)(networks[i].us / 1000), (unsigned)(networks[i].us % 1000));
	return txt_end(p);
}

size_t rtt_record_write(const struct rtt_record *r, uint8_t *rdata, size_t size)
{
	struct txt p;
	txt_begin(&p, rdata, size);
	txt_put(&p, "observer=%s", r->observer);
	if (r->seq)
		txt_put(&p, "seq=%" PRIu64, r->seq);
	return put_networks(&p, r->networks, r->n);
}

size_t rtt_record_show(const char *site, const struct rtt_network *networks, size_t n, uint8_t *rdata, size_t size)
{
	struct txt p;
	txt_begin(&p, rdata, size);
	txt_put(&p, "site=%s", site);
	return put_networks(&p, networks, n);
}

/* Milliseconds with at most three decimals, into microseconds. */
static bool read_ms(const char *text, uint32_t *us)
{
	static const unsigned scale[] = { 1000, 100, 10, 1 };
	uint64_t v = 0;
	unsigned decimals = 0;
	const char *c = text;
	for (; *c >= '0' && *c <= '9' && v <= RTT_US_MAX; c++)
		v = v * 10 + (uint64_t)(*c - '0');
	if (c == text)
		return false;
	if (*c == '.')
		for (c++; *c >= '0' && *c <= '9' && decimals < 3; c++, decimals++)
			v = v * 10 + (uint64_t)(*c - '0');
	v *= scale[decimals];
	*us = (uint32_t)v;
	return !*c && v >= RTT_US_MIN && v <= RTT_US_MAX;
}

bool rtt_network_read(struct rtt_network *n, const char *network, const char *milliseconds)
{
	return prefix_parse(&n->network, network) && read_ms(milliseconds, &n->us);
}

static bool read_seq(const char *text, uint64_t *seq)
{
	char *end;
	if (*text < '0' || *text > '9' || strlen(text) > 19)
		return false;
	*seq = strtoull(text, &end, 10);
	return !*end && *seq;
}

static bool take(struct rtt_record *r, const char *key, const char *value, const char **why)
{
	struct update_observer parts;
	if (strcmp(key, "observer") == 0) {
		*why = "observer= is not SITE/PROGRAM";
		bool ok = strlen(value) <= UPDATE_OBSERVER_MAX && update_observer_read(&parts, value);
		memset(r->observer, 0, sizeof r->observer); /* of one named before, nothing stays */
		if (ok)
			strcpy(r->observer, value);
		return ok;
	}
	if (strcmp(key, "seq") == 0) {
		*why = "seq= is not a number above 0";
		return read_seq(value, &r->seq);
	}
	if (!strchr(key, '/'))
		return true;
	*why = "too many networks in one record";
	if (r->n == RTT_RECORD_MAX)
		return false;
	*why = "not NETWORK/LENGTH=MILLISECONDS";
	return rtt_network_read(&r->networks[r->n++], key, value);
}

bool rtt_record_read(struct rtt_record *r, const uint8_t *rdata, size_t len, const char **why)
{
	struct txt_reader strings = { rdata, rdata + len };
	char text[TXT_STRING_MAX + 1], *value;
	memset(r, 0, sizeof *r);
	while (txt_next(&strings, text, &value))
		if (value && !take(r, text, value, why))
			return false;
	*why = "observer= is missing";
	return r->observer[0] != '\0';
}
