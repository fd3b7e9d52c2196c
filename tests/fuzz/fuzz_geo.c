/*
 * A database of places: whatever the bytes are, either tables or an error; and
 * every address has a scope within which its outcome holds.
 */
#include "geo.h"
#include "places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* MMDB_open doesn't free all that it has of a file whose metadata are damaged. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libmaxminddb";
}

static void look_up_kind(const struct geo *g, enum geo_kind kind, const struct addr *a)
{
	uint8_t scope = 0;
	const struct place *p = geo_find(g, kind, a, &scope);

	if (p && (memchr(p->country, 0, 3) == NULL || memchr(p->continent, 0, 3) == NULL))
		abort();
	for (int high = 0; high <= 1; high++) {
		struct addr end = scope_end(a, scope, high);

		if (geo_find(g, kind, &end, NULL) != p)
			abort();
	}
}

static void look_up(const void *g, const struct addr *a)
{
	for (int k = 0; k < GEO_KINDS; k++)
		look_up_kind(g, (enum geo_kind)k, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errs errs;
	char path[INPUT_PATH_MAX], *file = path;
	int fd = input_file(data, size, path);

	errs_init(&errs);
	struct geo *g = geo_load(&file, 1, NULL, &errs);
	close(fd);
	if ((g != NULL) != (errs.count == 0))
		abort();
	if (g)
		each_address(data, size, look_up, g);
	geo_release(g);
	errs_free(&errs);
	return 0;
}
