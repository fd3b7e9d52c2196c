#include "wire.h"

#include "dname.h"

static size_t fail(struct wire_reader *r)
{
	r->failed = true;
	return 0;
}

size_t wire_read_name(struct wire_reader *r, uint8_t out[255])
{
	const uint8_t *p = r->at, *after = NULL, *barrier = r->at;
	size_t used = 0;

	if (r->failed)
		return 0;
	for (;;) {
		if (p >= r->end)
			return fail(r);
		unsigned n = *p;
		if (n == 0)
			break;
		if (n >= 0xc0) {
			if (r->end - p < 2)
				return fail(r);
			const uint8_t *to = r->start + (wire_get16(p) & 0x3fff);
			/* Each jump must land before the place where this stretch began: no loop, no forward reference. */
			if (to >= barrier)
				return fail(r);
			if (!after)
				after = p + 2;
			p = barrier = to;
			continue;
		}
		if (n > LABEL_MAX || used + n + 2 > DNAME_MAX || (size_t)(r->end - p) < n + 1)
			return fail(r);
		memcpy(out + used, p, n + 1);
		used += n + 1;
		p += n + 1;
	}
	out[used++] = 0;
	r->at = after ? after : p + 1;
	return used;
}
