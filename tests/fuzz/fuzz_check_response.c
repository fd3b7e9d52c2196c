/* The response to an http check, in two pieces cut anywhere: never a byte too far, and the cut changes nothing. */
#include <stdlib.h>
#include <string.h>
#include "../../common/check_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct body { uint64_t sum; size_t n; };

static bool keep(void *arg, const uint8_t *p, size_t n)
{
	struct body *b = arg;
	for (size_t i = 0; i < n; i++)
		b->sum = b->sum * 31 + p[i];
	b->n += n;
	return true;
}

static enum response_state run(const uint8_t *p, size_t size, size_t cut, struct body *b, uint16_t *status)
{
	const struct response_sink sink = { keep, b };
	struct check_response r;
	memset(b, 0, sizeof *b);
	response_init(&r, false);
	response_feed(&r, p, cut, &sink);
	response_feed(&r, p + cut, size - cut, &sink);
	*status = r.status;
	response_closed(&r);
	return r.state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct body whole, parts;
	uint16_t status, status_of_parts;
	if (size < 2)
		return 0;
	size_t cut = (size_t)(data[0] << 8 | data[1]) % (size - 1);
	uint8_t *copy = malloc(size - 2 ? size - 2 : 1); /* so that a read too far is seen */
	memcpy(copy, data + 2, size - 2);
	enum response_state a = run(copy, size - 2, 0, &whole, &status);
	enum response_state b = run(copy, size - 2, cut < size - 2 ? cut : size - 2, &parts, &status_of_parts);
	if (a != b || whole.sum != parts.sum || whole.n != parts.n || status != status_of_parts || whole.n > size)
		abort();
	free(copy);
	return 0;
}
