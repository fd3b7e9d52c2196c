/*
 * A PROXY header. What has to hold:
 *     a verdict is the same in pieces and as a whole
 *     what was read, written by us, reads the same
 */
#include <stdlib.h>
#include <string.h>
#include "../../fwd/proxyproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_rewritten(const struct proxy_header *h, enum proxy_send version)
{
	uint8_t out[PROXY_WRITE_MAX];
	struct proxy_header again;
	size_t len = proxy_write(out, version, h->told ? &h->source : NULL, h->told ? &h->destination : NULL, "site");

	require(len <= sizeof out && proxy_parse(&again, out, len) == PROXY_WHOLE && again.len == len && again.told == h->told);
	require(again.hop == (version == PROXY_SEND_V2));
	require(!h->told || (addr_equal(&again.source, &h->source) && addr_equal(&again.destination, &h->destination)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header h, part;
	enum proxy_verdict v = proxy_parse(&h, data, size);

	for (size_t n = 0; n < size && n < 300; n++) {
		enum proxy_verdict early = proxy_parse(&part, data, n);

		require(early == PROXY_MORE || early == v);
		require(early != PROXY_WHOLE || (part.len == h.len && part.told == h.told && part.hop == h.hop));
	}
	require(v == PROXY_BAD ? h.why != NULL : true);
	if (v != PROXY_WHOLE)
		return 0;
	require(h.len > 0 && h.len <= size && h.len <= PROXY_HEADER_MAX);
	check_rewritten(&h, PROXY_SEND_V1);
	check_rewritten(&h, PROXY_SEND_V2);
	return 0;
}
