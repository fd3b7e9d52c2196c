#include "ranges_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- look-up ---- */

/* `bits` (1..128) or less: no need to raise. */
static void raise_scope(uint8_t *scope, unsigned bits)
{
	if (bits > *scope)
		*scope = (uint8_t)bits;
}

/* Bits that `x` must keep so as not to reach `other`, which it isn't. */
static unsigned apart32(uint32_t x, uint32_t other)
{
	return (unsigned)__builtin_clz(x ^ other) + 1;
}

static unsigned apart64(uint64_t x, uint64_t other)
{
	return (unsigned)__builtin_clzll(x ^ other) + 1;
}

/* The range of an IPv4 address. */
static uint32_t at4(const struct ranges *r, uint32_t x)
{
	uint32_t slot = x >> r->shift4, at = r->first4[slot], n = r->first4[slot + 1] - at + 1;

	while (n > 1) {
		uint32_t half = n / 2;

		at = r->pairs4[at + half].key <= x ? at + half : at;
		n -= half;
	}
	return at;
}

static uint32_t find4(const struct ranges *r, uint32_t x, unsigned offset, uint8_t *scope)
{
	uint32_t at = at4(r, x);

	if (scope) {
		if (at > 0)
			raise_scope(scope, offset + apart32(x, r->pairs4[at].key - 1));
		if (at + 1 < r->n4)
			raise_scope(scope, offset + apart32(x, r->pairs4[at + 1].key));
	}
	return r->pairs4[at].value;
}

static uint32_t find_low(const struct ranges *r, const struct slice *s, uint64_t x, uint8_t *scope)
{
	uint32_t at = s[0].start, end = s[1].start; /* becomes the first key above x */

	while (at < end) {
		uint32_t middle = at + (end - at) / 2;

		if (r->low[middle] <= x)
			at = middle + 1;
		else
			end = middle;
	}
	if (scope) {
		if (at > s[0].start)
			raise_scope(scope, 64 + apart64(x, r->low[at - 1] - 1));
		if (at < s[1].start)
			raise_scope(scope, 64 + apart64(x, r->low[at]));
	}
	return at == s[0].start ? s[0].first : r->low_values[at - 1];
}

/* The last of the eight keys that is not above x; the first never is. */
static uint32_t step(const uint64_t *k, uint64_t x)
{
	uint32_t i = k[4] <= x ? 4 : 0;

	i += k[i + 2] <= x ? 2 : 0;
	return i + (k[i + 1] <= x);
}

static uint32_t find_high(const struct ranges *r, uint64_t x)
{
	uint32_t at = 0;

	/* The padding is UINT64_MAX, too. */
	if (x == UINT64_MAX)
		return r->n6 - 1;
	for (unsigned l = r->nlevels; l-- > 0;)
		at = at * FAN + step(r->levels[l] + (size_t)at * FAN, x);
	return at;
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? v : __builtin_bswap64(v);
}

/* The 32 bits behind the first `length` (0..96). */
static uint32_t bits_at(uint64_t high, uint64_t low, unsigned length)
{
	if (length <= 32)
		return (uint32_t)(high >> (32 - length));
	if (length < 64)
		return (uint32_t)(high << (length - 32) | low >> (96 - length));
	return (uint32_t)(low >> (96 - length));
}

static void raise_high(const struct ranges *r, uint32_t at, uint64_t x, uint8_t *scope)
{
	if (at > 0)
		raise_scope(scope, apart64(x, r->levels[0][at] - 1));
	if (at + 1 < r->n6)
		raise_scope(scope, apart64(x, r->levels[0][at + 1]));
}

static uint32_t find6(const struct ranges *r, const uint8_t *bytes, uint8_t *scope)
{
	uint64_t high = load64(bytes), low = load64(bytes + 8);
	uint32_t at = find_high(r, high), value = r->values6[at];

	if (value >= SLICE && value < AS4)
		value = find_low(r, &r->slices[value - SLICE], low, scope);
	else if (scope)
		raise_high(r, at, high, scope);
	if (value >= AS4 && value != RANGES_NONE)
		return find4(r, bits_at(high, low, value - AS4), value - AS4, scope);
	return value;
}

uint32_t ranges_find(const struct ranges *r, const struct addr *a, uint8_t *scope)
{
	if (a->sa.sa_family == AF_INET)
		return find4(r, ntohl(a->in4.sin_addr.s_addr), 0, scope);
	return a->sa.sa_family == AF_INET6 ? find6(r, a->in6.sin6_addr.s6_addr, scope) : RANGES_NONE;
}

/* ---- look-ups of many ---- */

static void ahead4(const struct ranges *r, const struct addr *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].sa.sa_family == AF_INET)
			__builtin_prefetch(&r->first4[ntohl(a[i].in4.sin_addr.s_addr) >> r->shift4]);
	for (size_t i = 0; i < n; i++)
		if (a[i].sa.sa_family == AF_INET)
			__builtin_prefetch(&r->pairs4[r->first4[ntohl(a[i].in4.sin_addr.s_addr) >> r->shift4]]);
}

/* Level by level; the values that belong to a line of keys are half a line. */
static void ahead6(const struct ranges *r, const struct addr *a, size_t n)
{
	uint32_t at[RANGES_AHEAD_MAX] = { 0 };

	for (unsigned l = r->nlevels; l-- > 1;)
		for (size_t i = 0; i < n; i++) {
			uint64_t x = a[i].sa.sa_family == AF_INET6 ? load64(a[i].in6.sin6_addr.s6_addr) : UINT64_MAX;

			if (x == UINT64_MAX)
				continue; /* find_high has another way for it */
			at[i] = at[i] * FAN + step(r->levels[l] + (size_t)at[i] * FAN, x);
			__builtin_prefetch(r->levels[l - 1] + (size_t)at[i] * FAN);
			if (l == 1)
				__builtin_prefetch(r->values6 + (size_t)at[i] * FAN);
		}
}

void ranges_ahead(const struct ranges *r, const struct addr *a, size_t n, uint32_t *values)
{
	bool any6 = false;

	for (size_t i = 0; i < n; i++)
		any6 |= a[i].sa.sa_family == AF_INET6;
	ahead4(r, a, n);
	if (any6)
		ahead6(r, a, n);
	for (size_t i = 0; i < n; i++)
		values[i] = ranges_find(r, &a[i], NULL);
}

size_t ranges_bytes(const struct ranges *r)
{
	size_t keys6 = 0;

	for (size_t l = 0, n = r->n6; l < r->nlevels; l++, n = (n + FAN - 1) / FAN)
		keys6 += (n + FAN - 1) / FAN * FAN * sizeof(uint64_t);
	return sizeof *r + r->n4 * (size_t)8 + (((size_t)1 << (32 - r->shift4)) + 1) * sizeof(uint32_t) + keys6 + r->n6 * (size_t)4 + r->nlow * (size_t)12
		+ (r->nslices + (size_t)1) * sizeof(struct slice);
}

size_t ranges_count(const struct ranges *r)
{
	return (size_t)r->n4 + r->n6 + r->nlow;
}

void ranges_free(struct ranges *r)
{
	if (!r)
		return;
	free(r->pairs4);
	free(r->first4);
	for (unsigned l = 0; l < r->nlevels; l++)
		free(r->levels[l]);
	free(r->values6);
	free(r->low);
	free(r->low_values);
	free(r->slices);
	free(r);
}
