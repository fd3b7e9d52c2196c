/*
 * Messages with a TSIG record, as a server and as a client that waits for an
 * answer. First byte of the input: bit 0 which of the two. A key of the ring
 * is the one that the corpus is signed with, at NOW.
 */
#include <stdlib.h>
#include <string.h>
#include "../../common/tsig.h"
#include "../../common/wire.h"
#include "../../dnsd/transfer.h"

#define NOW 1795360000

static uint8_t secret[] = "0123456789abcdef";
static const struct key keys[] = {
	{ .name = (char *)(uintptr_t)"key.example", .algorithm = KEY_HMAC_SHA256, .secret = secret, .secret_len = sizeof secret - 1 },
	{ .name = (char *)(uintptr_t)"k1", .algorithm = KEY_HMAC_SHA1, .secret = secret, .secret_len = sizeof secret - 1 },
};
static struct tsig_ring *ring;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_server(uint8_t *msg, size_t len)
{
	struct tsig t;
	size_t left = len;
	enum tsig_found found = tsig_take(&t, ring, msg, &left, NOW);
	if (found == TSIG_ABSENT || found == TSIG_MALFORMED)
		return;
	/* What was taken off is gone, and the answer to it can be signed. */
	if (left >= len || left < 12 || (found == TSIG_GOOD) != (t.error == TSIG_NOERROR) || (found == TSIG_GOOD && !t.key))
		abort();
	uint8_t *answer = malloc(left + TSIG_BYTES_MAX);
	if (!answer)
		abort();
	memcpy(answer, msg, left);
	size_t n = tsig_sign(&t, answer, left, left + TSIG_BYTES_MAX, NOW);
	if (n != left + tsig_size(&t) - (t.error == TSIG_BADSIG ? t.whole : 0))
		abort();
	free(answer);
	tsig_end(&t);
}

static void as_client(uint8_t *msg, size_t len)
{
	struct tsig t;
	uint8_t request[12 + TSIG_BYTES_MAX] = { 0x12, 0x34 };
	if (!tsig_begin(&t, ring, &keys[0]) || !tsig_sign(&t, request, 12, sizeof request, NOW))
		abort();
	tsig_take_answer(&t, msg, &len, NOW);
	tsig_end(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!ring && !(ring = tsig_ring_new(keys, sizeof keys / sizeof *keys)))
		abort();
	if (!size)
		return 0;
	uint8_t *msg = malloc(size); /* of just this length */
	if (!msg)
		abort();
	memcpy(msg, data + 1, size - 1);
	transfer_is_asked(msg, size - 1);
	(data[0] & 1 ? as_client : as_server)(msg, size - 1);
	free(msg);
	return 0;
}
