#include "dname.h"

#include <string.h>

static inline uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* One character of a label at *text, escapes resolved. Returns it, or -1 for a bad escape. */
static int unescape(const char **text, const char *end)
{
	const char *p = *text;
	if (*p != '\\') {
		*text = p + 1;
		return (uint8_t)*p;
	}
	if (++p == end)
		return -1;
	if (*p < '0' || *p > '9') {
		*text = p + 1;
		return (uint8_t)*p;
	}
	int n = 0;
	for (int i = 0; i < 3; i++, p++) {
		if (p == end || *p < '0' || *p > '9')
			return -1;
		n = n * 10 + (*p - '0');
	}
	*text = p;
	return n > 255 ? -1 : n;
}

static size_t fail(const char **why, const char *text)
{
	*why = text;
	return 0;
}

size_t dname_from_text(uint8_t out[DNAME_MAX], const char *text, size_t len, const uint8_t *origin, const char **why)
{
	const char *p = text, *end = text + len;
	size_t used = 0, label = 0; /* label: index of the length octet being filled */
	bool absolute = false;

	if (len == 0)
		return fail(why, "empty name");
	if (len == 1 && *p == '.') {
		out[0] = 0;
		return 1;
	}
	if (len == 1 && *p == '@') {
		if (!origin)
			return fail(why, "@ without an origin");
		memcpy(out, origin, dname_len(origin));
		return dname_len(origin);
	}
	used = 1;
	while (p < end) {
		if (*p == '.') {
			if (used - label - 1 == 0)
				return fail(why, "empty label in name");
			out[label] = (uint8_t)(used - label - 1);
			label = used++;
			absolute = ++p == end;
			continue;
		}
		int c = unescape(&p, end);
		if (c < 0)
			return fail(why, "bad escape in name");
		if (used - label - 1 == LABEL_MAX)
			return fail(why, "label longer than 63 bytes");
		if (used >= DNAME_MAX - 1)
			return fail(why, "name longer than 255 bytes");
		out[used++] = (uint8_t)c;
	}
	if (absolute) {
		out[label] = 0;
		return used;
	}
	out[label] = (uint8_t)(used - label - 1);
	if (!origin)
		return fail(why, "name without a final dot, and no origin");
	size_t tail = dname_len(origin);
	if (used + tail > DNAME_MAX)
		return fail(why, "name longer than 255 bytes with its origin");
	memcpy(out + used, origin, tail);
	return used + tail;
}

const char *dname_to_text(const uint8_t *name, char out[DNAME_TEXT_MAX])
{
	char *o = out;
	if (!*name)
		*o++ = '.';
	for (; *name; name += *name + 1) {
		for (unsigned i = 1; i <= *name; i++) {
			uint8_t c = name[i];
			if (c == '.' || c == '\\' || c == '"' || c == ';' || c == '(' || c == ')' || c == '@' || c == '$') {
				*o++ = '\\';
				*o++ = (char)c;
			} else if (c > 0x20 && c < 0x7f) {
				*o++ = (char)c;
			} else {
				*o++ = '\\';
				*o++ = (char)('0' + c / 100);
				*o++ = (char)('0' + c / 10 % 10);
				*o++ = (char)('0' + c % 10);
			}
		}
		*o++ = '.';
	}
	*o = 0;
	return out;
}

size_t dname_len(const uint8_t *name)
{
	const uint8_t *p = name;
	while (*p)
		p += *p + 1;
	return (size_t)(p - name) + 1;
}

unsigned dname_labels(const uint8_t *name)
{
	unsigned n = 0;
	for (; *name; name += *name + 1)
		n++;
	return n;
}

bool dname_valid(const uint8_t *name, size_t len)
{
	size_t at = 0;
	if (len == 0 || len > DNAME_MAX)
		return false;
	while (at < len && name[at]) {
		if (name[at] > LABEL_MAX)
			return false;
		at += name[at] + 1u;
	}
	return at == len - 1;
}

void dname_lower(uint8_t *out, const uint8_t *name, size_t len)
{
	/* Length octets are at most 63, below 'A': the whole name can be folded byte by byte. */
	for (size_t i = 0; i < len; i++)
		out[i] = lower(name[i]);
}

bool dname_equal(const uint8_t *a, const uint8_t *b)
{
	for (;;) {
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		unsigned n = *a;
		for (unsigned i = 1; i <= n; i++)
			if (lower(a[i]) != lower(b[i]))
				return false;
		a += n + 1;
		b += n + 1;
	}
}

bool dname_equal_sized(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	if (a_len != b_len)
		return false;
	/* Length octets are folded, too: they stay what they are. */
	while (a_len > 0 && lower(a[a_len - 1]) == lower(b[a_len - 1]))
		a_len--;
	return a_len == 0;
}

bool dname_is_wildcard(const uint8_t *name)
{
	return name[0] == 1 && name[1] == '*';
}

const uint8_t *dname_skip(const uint8_t *name, unsigned labels)
{
	while (labels-- && *name)
		name += *name + 1;
	return name;
}

bool dname_is_below_or_equal(const uint8_t *name, const uint8_t *ancestor)
{
	unsigned n = dname_labels(name), a = dname_labels(ancestor);
	return n >= a && dname_equal(dname_skip(name, n - a), ancestor);
}

size_t dname_prepend(uint8_t out[DNAME_MAX], const void *label, size_t len, const uint8_t *name)
{
	size_t tail = dname_len(name);
	if (len == 0 || len > LABEL_MAX || 1 + len + tail > DNAME_MAX)
		return 0;
	memmove(out + 1 + len, name, tail);
	out[0] = (uint8_t)len;
	memcpy(out + 1, label, len);
	return 1 + len + tail;
}
