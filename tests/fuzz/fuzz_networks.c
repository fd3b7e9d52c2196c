/*
 * networks.conf: whatever the bytes are, either a table or errors; and in a
 * table every address has a scope within which its outcome holds.
 */
#include "network.h"
#include "places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct site sites[] = { { .name = "sjc" }, { .name = "den" }, { .name = "a" } };

static void look_up(const void *t, const struct addr *a)
{
	uint8_t scope = 0;
	const struct network_sites *s = networks_find(t, a, &scope);

	if (s && (s->n == 0 || s->n > 3))
		abort();
	for (int high = 0; high <= 1; high++) {
		struct addr end = scope_end(a, scope, high);

		if (networks_find(t, &end, NULL) != s)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errs errs;
	char path[INPUT_PATH_MAX];
	int fd = input_file(data, size, path);

	errs_init(&errs);
	struct networks *t = networks_load(path, sites, 3, &errs);
	close(fd);
	if ((t != NULL) != (errs.count == 0))
		abort();
	if (t)
		each_address(data, size, look_up, t);
	networks_free(t);
	errs_free(&errs);
	return 0;
}
