#include <arpa/inet.h>
#include "http_parts.h"

const uint8_t http_byte_classes[256] = {
	['!'] = TOKEN | TARGET | REG_NAME, ['"'] = TARGET, ['#'] = TOKEN | TARGET, ['$'] = TOKEN | TARGET | REG_NAME,
	['%'] = TOKEN | TARGET, ['&'] = TOKEN | TARGET | REG_NAME, ['\''] = TOKEN | TARGET | REG_NAME,
	['('] = TARGET | REG_NAME, [')'] = TARGET | REG_NAME, ['*'] = TOKEN | TARGET | REG_NAME,
	['+'] = TOKEN | TARGET | REG_NAME, [','] = TARGET | REG_NAME, ['-'] = TOKEN | TARGET | REG_NAME,
	['.'] = TOKEN | TARGET | REG_NAME, ['/'] = TARGET, ['0' ... '9'] = TOKEN | TARGET | REG_NAME | HEX | DIGIT,
	[':'] = TARGET, [';'] = TARGET | REG_NAME, ['<'] = TARGET, ['='] = TARGET | REG_NAME, ['>' ... '@'] = TARGET,
	['A' ... 'F'] = TOKEN | TARGET | REG_NAME | HEX, ['G' ... 'Z'] = TOKEN | TARGET | REG_NAME,
	['[' ... ']'] = TARGET, ['^'] = TOKEN | TARGET, ['_'] = TOKEN | TARGET | REG_NAME, ['`'] = TOKEN | TARGET,
	['a' ... 'f'] = TOKEN | TARGET | REG_NAME | HEX, ['g' ... 'z'] = TOKEN | TARGET | REG_NAME,
	['{'] = TARGET, ['|'] = TOKEN | TARGET, ['}'] = TARGET, ['~'] = TOKEN | TARGET | REG_NAME,
	[0x80 ... 0xff] = TARGET,
};

static bool is_ipv6(const char *at, const char *end)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr unused;
	size_t len = (size_t)(end - at);

	if (len >= sizeof text)
		return false;
	memcpy(text, at, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &unused) == 1;
}

/* The end of the host that begins at `at`, NULL: not one. */
static const char *host_end(const char *at, const char *end)
{
	const char *start = at;

	if (at < end && *at == '[') {
		const char *bracket = memchr(at, ']', (size_t)(end - at));

		return bracket && is_ipv6(at + 1, bracket) ? bracket + 1 : NULL;
	}
	for (;;) {
		at = span(at, end, REG_NAME);
		if (at == end || *at != '%')
			return at > start ? at : NULL;
		if (end - at < 3 || !is(at[1], HEX) || !is(at[2], HEX))
			return NULL;
		at += 3;
	}
}

/* Digits alone, at most 65535; none: 0. */
static bool parse_port(const char *at, const char *end, uint16_t *port)
{
	uint32_t value = 0;

	for (; at < end; at++) {
		if (!is(*at, DIGIT))
			return false;
		value = value * 10 + (uint32_t)(*at - '0');
		if (value > UINT16_MAX)
			return false;
	}
	*port = (uint16_t)value;
	return true;
}

bool http_parse_host(struct http_head *h, const char *buf, const char *at, const char *end)
{
	const char *after = host_end(at, end);

	if (!after)
		return false;
	if (after < end && *after != ':')
		return false;
	h->host = span_of(buf, at, after);
	return after == end || parse_port(after + 1, end, &h->port);
}
