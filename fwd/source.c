#include "source.h"

size_t source_pick(const struct site *own, int family, size_t nth, const struct addr **out)
{
	const struct addr *lists[] = { own->proxy_bind, own->control_bind };
	size_t counts[] = { own->nproxy_bind, own->ncontrol_bind };
	for (size_t k = 0; k < 2; k++) {
		size_t n = 0;
		for (size_t i = 0; i < counts[k]; i++)
			n += lists[k][i].sa.sa_family == family;
		size_t skip = n ? nth % n : 0;
		for (size_t i = 0; n && i < counts[k]; i++)
			if (lists[k][i].sa.sa_family == family && skip-- == 0) {
				*out = &lists[k][i];
				return n;
			}
	}
	return 0;
}
