/*
 * A database of places: whatever the bytes are, either tables or an error; and
 * every address has a scope within which its outcome holds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "geo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* MMDB_open doesn't free all that it has of a file whose metadata are damaged. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libmaxminddb";
}

/* The lowest and the highest address of the scope have the same outcome. */
static void look_up(const struct geo *g, enum geo_kind kind, const struct addr *a)
{
	unsigned bits = a->sa.sa_family == AF_INET ? 32 : 128;
	uint8_t scope = 0, bytes[16];
	const struct place *p = geo_find(g, kind, a, &scope);
	struct addr end;

	if (scope > bits || (p && (memchr(p->country, 0, 3) == NULL || memchr(p->continent, 0, 3) == NULL)))
		abort();
	for (int high = 0; high <= 1; high++) {
		memcpy(bytes, addr_bytes(a), bits / 8);
		for (unsigned i = scope; i < bits; i++) {
			uint8_t bit = (uint8_t)(0x80 >> i % 8);
			bytes[i / 8] = (uint8_t)(high ? bytes[i / 8] | bit : bytes[i / 8] & ~bit);
		}
		addr_from_bytes(&end, a->sa.sa_family, bytes, 0);
		if (geo_find(g, kind, &end, NULL) != p)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errs errs;
	char path[64], *file = path;
	int fd = memfd_create("input", MFD_CLOEXEC);
	struct addr a;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	errs_init(&errs);
	struct geo *g = geo_load(&file, 1, NULL, &errs);
	close(fd);
	if ((g != NULL) != (errs.count == 0))
		abort();
	for (size_t i = 0; g && i + 16 <= size && i < 64 * 16; i += 16) {
		for (int k = 0; k < GEO_KINDS; k++) {
			addr_from_bytes(&a, AF_INET, data + i, 0);
			look_up(g, (enum geo_kind)k, &a);
			addr_from_bytes(&a, AF_INET6, data + i, 0);
			look_up(g, (enum geo_kind)k, &a);
		}
	}
	geo_release(g);
	errs_free(&errs);
	return 0;
}
