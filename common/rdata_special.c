#include "rdata_special.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The next token as a NUL-terminated text of less than `size` bytes; longer ones become "", which nothing takes. */
static const struct zone_token *next_text(struct rdata_maker *m, const char *what, char *out, size_t size)
{
	const struct zone_token *t = rdata_next(m, what);
	if (t)
		snprintf(out, size, "%.*s", t->len < size && !t->quoted ? (int)t->len : 0, t->text);
	return t;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* 14 digits -> seconds since 1970 modulo 2^32 (serial arithmetic holds beyond 2106). */
static bool parse_date(const char *text, uint32_t *out)
{
	unsigned year, month, day, hour, minute, second;
	if (strspn(text, "0123456789") != 14 ||
	    sscanf(text, "%4u%2u%2u%2u%2u%2u", &year, &month, &day, &hour, &minute, &second) != 6)
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	struct tm tm = { .tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day,
		.tm_hour = (int)hour, .tm_min = (int)minute, .tm_sec = (int)second };
	*out = (uint32_t)timegm(&tm);
	return true;
}

bool rdata_put_time(struct rdata_maker *m, const char *what)
{
	char text[20], show[ZONE_SHOW_MAX];
	uint64_t seconds;
	uint32_t date;
	const struct zone_token *t = next_text(m, what, text, sizeof text);
	if (!t)
		return false;
	if (parse_date(text, &date))
		seconds = date;
	else if (strlen(text) == 14 || !zone_number(text, strlen(text), UINT32_MAX, &seconds))
		return rdata_fail(m, t, "%s must be a time as YYYYMMDDHHmmSS or in seconds, not \"%s\"", what, zone_show(t, show));
	wire_write32(&m->out, (uint32_t)seconds);
	return true;
}

bool rdata_put_bitmap(struct rdata_maker *m)
{
	uint8_t bits[8192] = { 0 };
	char show[ZONE_SHOW_MAX];
	for (; m->next < m->source->count; m->next++) {
		const struct zone_token *t = &m->source->tokens[m->next];
		int type = rdata_type(t);
		if (type < 0)
			return rdata_fail(m, t, "unknown type \"%s\"", zone_show(t, show));
		bits[type / 8] |= (uint8_t)(0x80 >> type % 8);
	}
	for (size_t window = 0; window < 256; window++) {
		size_t len = 32;
		while (len && !bits[window * 32 + len - 1])
			len--;
		if (len) {
			wire_write8(&m->out, (uint8_t)window);
			wire_write8(&m->out, (uint8_t)len);
			wire_write(&m->out, bits + window * 32, len);
		}
	}
	return true;
}

bool rdata_put_salt(struct rdata_maker *m)
{
	const struct zone_token *t = rdata_next(m, "a salt, or -");
	if (!t)
		return false;
	size_t len = t->len == 1 && t->text[0] == '-' ? 0 : t->len;
	bool valid = !t->quoted && t->len && len % 2 == 0 && len <= 510;
	for (size_t i = 0; valid && i < len; i++)
		valid = rdata_hex_digit(t->text[i]) >= 0;
	if (!valid)
		return rdata_fail(m, t, "the salt must be - or an even number of hex digits, at most 510");
	wire_write8(&m->out, (uint8_t)(len / 2));
	for (size_t i = 0; i < len; i += 2)
		wire_write8(&m->out, (uint8_t)(rdata_hex_digit(t->text[i]) << 4 | rdata_hex_digit(t->text[i + 1])));
	return true;
}

/* RFC 4648 section 7, without padding. */
bool rdata_put_base32(struct rdata_maker *m)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	const struct zone_token *t = rdata_next(m, "a hash in base32hex");
	if (!t)
		return false;
	size_t len = t->len * 5 / 8;
	unsigned held = 0, bits = 0, rest = t->len % 8;
	bool valid = !t->quoted && len >= 1 && len <= 255 && rest != 1 && rest != 3 && rest != 6;
	wire_write8(&m->out, (uint8_t)len);
	for (size_t i = 0; valid && i < t->len; i++) {
		char c = t->text[i];
		const char *at = c ? strchr(digits, c >= 'A' && c <= 'V' ? c | 0x20 : c) : NULL;
		valid = at != NULL;
		held = (held << 5 | (unsigned)(at ? at - digits : 0)) & 0xfff;
		bits += 5;
		if (bits >= 8)
			wire_write8(&m->out, (uint8_t)(held >> (bits -= 8)));
	}
	return valid || rdata_fail(m, t, "the next hashed owner must be base32hex without padding");
}

/* [!]family:address/prefix; zero octets at the address's end are left out. */
bool rdata_put_apl(struct rdata_maker *m)
{
	char text[64], show[ZONE_SHOW_MAX];
	uint8_t address[16];
	uint64_t prefix = 0;
	const struct zone_token *t = next_text(m, "an address prefix", text, sizeof text);
	if (!t)
		return false;
	bool negated = text[0] == '!';
	char *family = text + negated, *slash = strchr(text, '/');
	bool v6 = strncmp(family, "2:", 2) == 0, valid = (v6 || strncmp(family, "1:", 2) == 0) && slash;
	if (valid) {
		*slash = 0;
		valid = inet_pton(v6 ? AF_INET6 : AF_INET, family + 2, address) == 1 &&
		        zone_number(slash + 1, strlen(slash + 1), v6 ? 128 : 32, &prefix);
	}
	if (!valid)
		return rdata_fail(m, t, "must be [!]1:IPV4/LENGTH or [!]2:IPV6/LENGTH, not \"%s\"", zone_show(t, show));
	size_t len = v6 ? 16 : 4;
	while (len && address[len - 1] == 0)
		len--;
	wire_write16(&m->out, v6 ? 2 : 1);
	wire_write8(&m->out, (uint8_t)prefix);
	wire_write8(&m->out, (uint8_t)(len | (negated ? 0x80 : 0)));
	wire_write(&m->out, address, len);
	return true;
}

bool rdata_put_nsap(struct rdata_maker *m)
{
	char show[ZONE_SHOW_MAX];
	const struct zone_token *t = rdata_next(m, "an address");
	int high = -1;
	bool any = false; /* dots alone are nothing */
	if (!t)
		return false;
	bool valid = t->len > 2 && !t->quoted && t->text[0] == '0' && (t->text[1] | 0x20) == 'x';
	for (size_t i = 2; valid && i < t->len; i++) {
		int digit = rdata_hex_digit(t->text[i]);
		if (t->text[i] == '.')
			continue;
		valid = any = digit >= 0;
		if (high >= 0)
			wire_write8(&m->out, (uint8_t)(high << 4 | digit));
		high = high >= 0 ? -1 : digit;
	}
	return (valid && any && high < 0) || rdata_fail(m, t, "must be 0x and pairs of hex digits, not \"%s\"", zone_show(t, show));
}

/* The gateway of IPSECKEY, the relay of AMTRELAY: what `type` says. */
static bool put_target(struct rdata_maker *m, unsigned type)
{
	switch (type) {
	case 1:
		return rdata_put_a(m);
	case 2:
		return rdata_put_aaaa(m);
	case 3:
		return rdata_put_name(m, "a domain name");
	}
	const struct zone_token *t = rdata_next(m, "a dot");
	return t && ((t->len == 1 && t->text[0] == '.') || rdata_fail(m, t, "must be \".\", as the type is 0"));
}

bool rdata_put_gateway(struct rdata_maker *m)
{
	if (!rdata_put_number(m, "the precedence", 255, 1) || !rdata_put_number(m, "the gateway type", 3, 1))
		return false;
	if (m->out.failed)
		return true; /* the caller looks at it */
	uint8_t type = m->out.at[-1];
	return rdata_put_number(m, "the algorithm", 255, 1) && put_target(m, type);
}

bool rdata_put_relay(struct rdata_maker *m)
{
	if (!rdata_put_number(m, "the precedence", 255, 1) || !rdata_put_number(m, "the D bit", 1, 1) ||
	    !rdata_put_number(m, "the relay type", 3, 1))
		return false;
	uint8_t type = m->out.at[-1];
	m->out.at -= 1;
	m->out.at[-1] = (uint8_t)(m->out.at[-1] << 7 | type);
	return put_target(m, type);
}
