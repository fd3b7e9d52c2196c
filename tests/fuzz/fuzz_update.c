/* A whole UPDATE message, and the strings of its records as observations and as admin records. */
#include <stdint.h>
#include <stdlib.h>
#include "../../common/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood is written, and understood again. */
static void there_and_back(const struct update_record *r)
{
	uint8_t rdata[4096];
	struct update_observation o;
	struct update_admin a;
	const char *why;
	size_t n;
	if (update_observation_read(&o, r->rdata, r->len, &why)) {
		n = update_observation_write(&o, rdata, sizeof rdata);
		if (!n || !update_observation_read(&o, rdata, n, &why))
			abort();
	}
	if (update_admin_read(&a, r->rdata, r->len, &why)) {
		n = update_admin_write(&a, rdata, sizeof rdata);
		if (!n || !update_admin_read(&a, rdata, n, &why))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct update u;
	struct update_record r;
	struct update_owner owner;
	const char *why;
	if (update_read(&u, data, size, &why) != UPDATE_OK)
		return 0;
	while (update_next(&u, &r)) {
		update_owner_read(&owner, r.owner, u.zone);
		if (r.action != UPDATE_DELETE_SET)
			there_and_back(&r);
	}
	return 0;
}
