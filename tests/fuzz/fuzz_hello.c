/*
 * A TLS hello. What has to hold:
 *     a verdict is the same in pieces and as a whole
 *     a name is one that may stand in a log line
 *     the same message in records of another size says the same
 */
#include <stdlib.h>
#include <string.h>
#include "../../fwd/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* In a block of its own that ends where the bytes do. */
static enum hello_verdict parse(struct hello *h, const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum hello_verdict v;

	require(copy != NULL);
	memcpy(copy, data, size);
	v = hello_parse(h, copy, size);
	free(copy);
	return v;
}

static bool same(const struct hello *a, const struct hello *b)
{
	return strcmp(a->name, b->name) == 0 && a->alpn == b->alpn && a->alpn_http1 == b->alpn_http1;
}

/* Of hellos that one record holds: cut in two. */
static void check_cut(const struct hello *h, const uint8_t *data, size_t size)
{
	static uint8_t cut[HELLO_MAX];
	size_t len = (size_t)data[3] << 8 | data[4], first = len / 2, rest = len - first;
	struct hello again;

	if (size < 5 + len || len < 2 || len + 10 > sizeof cut || parse(&again, data, 5 + len) != HELLO_WHOLE)
		return;
	memcpy(cut, data, 5 + first);
	cut[3] = (uint8_t)(first >> 8), cut[4] = (uint8_t)first;
	memcpy(cut + 5 + first, "\x16\3\1", 3);
	cut[8 + first] = (uint8_t)(rest >> 8), cut[9 + first] = (uint8_t)rest;
	memcpy(cut + 10 + first, data + 5 + first, rest);
	require(parse(&again, cut, 10 + len) == HELLO_WHOLE && same(h, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hello h, part;
	enum hello_verdict v = parse(&h, data, size);

	for (size_t n = 0; n < size; n += 1 + n / 8) {
		enum hello_verdict early = parse(&part, data, n);

		require(early == HELLO_MORE || (early == v && (v != HELLO_WHOLE || same(&part, &h))));
	}
	if (v == HELLO_BAD || v == HELLO_NOT_TLS)
		require(h.why != NULL);
	if (v != HELLO_WHOLE)
		return 0;
	require(strspn(h.name, "abcdefghijklmnopqrstuvwxyz0123456789-_.*") == strlen(h.name) && (h.alpn || !h.alpn_http1));
	check_cut(&h, data, size);
	return 0;
}
