#include "rdata_maker.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "dname.h"

/* Above all that a caller takes, and far from wrapping when multiplied by a week. */
#define PERIOD_END (1ull << 40)

bool rdata_period(const char *text, size_t len, uint64_t *out)
{
	static const char units[] = "wdhms";
	static const uint32_t seconds[] = { 604800, 86400, 3600, 60, 1 };
	uint64_t total = 0, n;
	size_t i = 0;
	if (zone_number(text, len, PERIOD_END, out))
		return true;
	while (i < len) {
		size_t digits = i;
		while (digits < len && text[digits] >= '0' && text[digits] <= '9')
			digits++;
		/* A bare number stands alone: "1h30" is malformed, as in BIND. */
		const char *unit = digits == len && i == 0 ? "s" : memchr(units, digits < len ? text[digits] | 0x20 : 0, sizeof units - 1);
		if (digits == i || !unit)
			return false;
		if (!zone_number(text + i, digits - i, PERIOD_END, &n))
			n = PERIOD_END;
		total += n * seconds[digits == len ? 4 : unit - units];
		total = total > PERIOD_END ? PERIOD_END : total;
		i = digits + 1;
	}
	*out = total;
	return len > 0;
}

bool rdata_fail(struct rdata_maker *m, const struct zone_token *at, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	zone_report_at(m->source->report, at, 0, "%s", text);
	return false;
}

const struct zone_token *rdata_next(struct rdata_maker *m, const char *what)
{
	const struct rdata_source *s = m->source;
	if (m->next < s->count)
		return &s->tokens[m->next++];
	rdata_fail(m, s->type_token, "%.*s needs %s, but the record ends before it", (int)s->type_token->len, s->type_token->text, what);
	return NULL;
}

const struct zone_token *rdata_next_word(struct rdata_maker *m, const char *what)
{
	const struct zone_token *t = rdata_next(m, what);
	if (t && (t->quoted || t->quote_inside)) {
		rdata_fail(m, t, "%s can't be in quotes", what);
		return NULL;
	}
	return t;
}

bool rdata_put_number(struct rdata_maker *m, const char *what, uint64_t max, size_t bytes)
{
	char show[ZONE_SHOW_MAX];
	uint64_t n;
	const struct zone_token *t = rdata_next_word(m, what);
	if (!t)
		return false;
	if (!zone_number(t->text, t->len, max, &n))
		return rdata_fail(m, t, "%s must be a number from 0 to %llu, not \"%s\"", what, (unsigned long long)max, zone_show(t, show));
	while (bytes--)
		wire_write8(&m->out, (uint8_t)(n >> 8 * bytes));
	return true;
}

bool rdata_put_period(struct rdata_maker *m, const char *what, uint64_t max)
{
	char show[ZONE_SHOW_MAX];
	uint64_t n;
	const struct zone_token *t = rdata_next_word(m, what);
	if (!t)
		return false;
	if (!rdata_period(t->text, t->len, &n))
		return rdata_fail(m, t, "%s must be a time like 3600 or 1h30m, not \"%s\"", what, zone_show(t, show));
	if (n > max)
		return rdata_fail(m, t, "%s is more than %llu seconds: \"%s\"", what, (unsigned long long)max, zone_show(t, show));
	wire_write32(&m->out, (uint32_t)n);
	return true;
}

bool rdata_put_name(struct rdata_maker *m, const char *what)
{
	char show[ZONE_SHOW_MAX];
	const char *why;
	const struct zone_token *t = rdata_next_word(m, what);
	uint8_t *room = wire_room(&m->out, DNAME_MAX);
	if (!t)
		return false;
	if (!room)
		return rdata_fail(m, t, "rdata is longer than %u bytes", RDATA_MAX);
	size_t len = dname_from_text(room, t->text, t->len, m->source->origin, &why);
	if (len == 0)
		return rdata_fail(m, t, "%s: %s: \"%s\"", what, why, zone_show(t, show));
	m->out.at = room + len;
	return true;
}

int rdata_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four numbers up to 255 without leading zeros, as inet_pton has it. */
static bool parse_ipv4(const char *p, const char *end, uint32_t *out)
{
	uint32_t address = 0;
	for (unsigned part = 0; part < 4; part++) {
		const char *start = p;
		uint32_t n = 0, digit;
		while (p < end && p - start < 3 && (digit = (uint32_t)(uint8_t)*p - '0') <= 9) {
			n = n * 10 + digit;
			p++;
		}
		if (p == start || n > 255 || (*start == '0' && p - start > 1))
			return false;
		address = address << 8 | n;
		if (part < 3 && (p == end || *p++ != '.'))
			return false;
	}
	*out = address;
	return p == end;
}

bool rdata_put_a(struct rdata_maker *m)
{
	char show[ZONE_SHOW_MAX];
	uint32_t address;
	const struct zone_token *t = rdata_next_word(m, "an IPv4 address");
	if (!t)
		return false;
	if (!parse_ipv4(t->text, t->text + t->len, &address))
		return rdata_fail(m, t, "\"%s\" is no IPv4 address", zone_show(t, show));
	wire_write32(&m->out, address);
	return true;
}

bool rdata_put_aaaa(struct rdata_maker *m)
{
	char show[ZONE_SHOW_MAX], text[INET6_ADDRSTRLEN];
	uint8_t address[16];
	const struct zone_token *t = rdata_next_word(m, "an IPv6 address");
	if (!t)
		return false;
	if (t->len < sizeof text) {
		memcpy(text, t->text, t->len);
		text[t->len] = 0;
		if (inet_pton(AF_INET6, text, address) == 1) {
			wire_write(&m->out, address, sizeof address);
			return true;
		}
	}
	return rdata_fail(m, t, "\"%s\" is no IPv6 address", zone_show(t, show));
}

/* The bytes of a token, escapes resolved, behind out->at. */
static bool put_unescaped(struct rdata_maker *m, const struct zone_token *t)
{
	const char *p = t->text, *end = p + t->len;
	while (p < end) {
		uint64_t c = (uint8_t)*p;
		if (*p++ == '\\') {
			c = (uint8_t)*p; /* the lexer saw to it that something follows */
			if (c < '0' || c > '9')
				p++;
			else if (end - p >= 3 && zone_number(p, 3, 255, &c))
				p += 3;
			else
				return zone_report_at(m->source->report, t, (size_t)(p - 1 - t->text), "bad escape: \\DDD takes 000 to 255"), false;
		}
		wire_write8(&m->out, (uint8_t)c);
	}
	return true;
}

bool rdata_put_long_string(struct rdata_maker *m, const char *what)
{
	const struct zone_token *t = rdata_next(m, what);
	if (!t)
		return false;
	if (t->quote_inside)
		return rdata_fail(m, t, "a quote inside of %s: put all of it in quotes, or write \\\"", what);
	return put_unescaped(m, t);
}

bool rdata_put_string(struct rdata_maker *m, const char *what)
{
	uint8_t *length = wire_room(&m->out, 1);
	if (!rdata_put_long_string(m, what))
		return false;
	const struct zone_token *t = &m->source->tokens[m->next - 1];
	if (!length || m->out.failed)
		return rdata_fail(m, t, "rdata is longer than %u bytes", RDATA_MAX);
	size_t len = (size_t)(m->out.at - length) - 1;
	if (len > 255)
		return rdata_fail(m, t, "string has %zu bytes, more than 255", len);
	*length = (uint8_t)len;
	return true;
}
