#include "rdata_special.h"

#include <string.h>

/* "12", "12.5", "12.50" -> the number times 10^decimals; more decimals than that are refused. */
static bool fixed_point(const char *text, size_t len, unsigned decimals, uint64_t max, uint64_t *out)
{
	const char *dot = memchr(text, '.', len);
	size_t whole = dot ? (size_t)(dot - text) : len, behind = dot ? len - whole - 1 : 0;
	uint64_t n = 0, fraction = 0;
	if (!zone_number(text, whole, UINT32_MAX, &n) || behind > decimals)
		return false;
	if (dot && !zone_number(dot + 1, behind, UINT32_MAX, &fraction))
		return false;
	for (unsigned i = 0; i < decimals; i++)
		n *= 10;
	for (; behind < decimals; behind++)
		fraction *= 10;
	*out = n + fraction;
	return *out <= max;
}

/* degrees [minutes [seconds]] and one of two letters -> thousandths of a second of arc, 2^31 is 0. */
static bool put_angle(struct rdata_maker *m, const char *what, uint64_t max_degrees, char plus, char minus)
{
	static const uint64_t scale[] = { 3600000, 60000, 1 };
	const uint64_t max[] = { max_degrees, 59, 59999 };
	char show[ZONE_SHOW_MAX];
	uint64_t angle = 0, n;
	for (unsigned i = 0; i <= 3; i++) {
		const struct zone_token *t = rdata_next(m, what);
		if (!t)
			return false;
		char letter = t->len == 1 && !t->quoted ? (char)(t->text[0] & ~0x20) : 0;
		if (i && (letter == plus || letter == minus)) {
			if (angle > max_degrees * 3600000)
				return rdata_fail(m, t, "%s is more than %u degrees", what, (unsigned)max_degrees);
			wire_write32(&m->out, (uint32_t)(letter == plus ? (1ull << 31) + angle : (1ull << 31) - angle));
			return true;
		}
		if (i == 3 || t->quoted || !fixed_point(t->text, t->len, i == 2 ? 3 : 0, max[i], &n))
			return rdata_fail(m, t, "%s must be DEGREES [MINUTES [SECONDS]] %c|%c, not \"%s\" here", what, plus, minus, zone_show(t, show));
		angle += n * scale[i];
	}
	return false;
}

/* "10m", "10.50" -> centimetres. */
static bool centimetres(const struct zone_token *t, size_t skip, uint64_t max, uint64_t *out)
{
	size_t len = t->len;
	if (len && (t->text[len - 1] | 0x20) == 'm')
		len--;
	return !t->quoted && len > skip && fixed_point(t->text + skip, len - skip, 2, max, out);
}

/* Size and precisions: a digit and a power of ten (RFC 1876 section 2). */
static bool length_code(struct rdata_maker *m, uint8_t *out)
{
	char show[ZONE_SHOW_MAX];
	uint64_t n;
	uint8_t exponent = 0;
	if (m->next >= m->source->count)
		return true;
	const struct zone_token *t = &m->source->tokens[m->next++];
	if (!centimetres(t, 0, 9000000000ull, &n))
		return rdata_fail(m, t, "must be metres from 0 to 90000000.00, not \"%s\"", zone_show(t, show));
	for (; n >= 10; n /= 10)
		exponent++;
	*out = (uint8_t)(n << 4 | exponent);
	return true;
}

bool rdata_put_loc(struct rdata_maker *m)
{
	char show[ZONE_SHOW_MAX];
	uint64_t altitude;
	uint8_t codes[3] = { 0x12, 0x16, 0x13 }; /* 1 m, 10 km, 10 m */
	uint8_t *head = wire_room(&m->out, 4);
	if (!put_angle(m, "the latitude", 90, 'N', 'S') || !put_angle(m, "the longitude", 180, 'E', 'W'))
		return false;
	const struct zone_token *t = rdata_next(m, "the altitude");
	if (!t)
		return false;
	bool below = t->len && t->text[0] == '-';
	if (!centimetres(t, below, below ? 10000000 : 4284967295u, &altitude))
		return rdata_fail(m, t, "the altitude must be metres from -100000.00 to 42849672.95, not \"%s\"", zone_show(t, show));
	wire_write32(&m->out, (uint32_t)(below ? 10000000 - altitude : 10000000 + altitude));
	for (size_t i = 0; i < 3; i++)
		if (!length_code(m, &codes[i]))
			return false;
	if (head) {
		head[0] = 0; /* version */
		memcpy(head + 1, codes, 3);
	}
	return true;
}
