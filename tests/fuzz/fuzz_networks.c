/*
 * networks.conf: whatever the bytes are, either a table or errors; and in a
 * table every address has a scope within which its outcome holds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct site sites[] = { { .name = "sjc" }, { .name = "den" }, { .name = "a" } };

/* The lowest and the highest address of the scope have the same outcome. */
static void look_up(const struct networks *t, const struct addr *a)
{
	unsigned bits = a->sa.sa_family == AF_INET ? 32 : 128;
	uint8_t scope = 0, bytes[16];
	const struct network_sites *s = networks_find(t, a, &scope);
	struct addr end;

	if (scope > bits || (s && (s->n == 0 || s->n > 3)))
		abort();
	for (int high = 0; high <= 1; high++) {
		memcpy(bytes, addr_bytes(a), bits / 8);
		for (unsigned i = scope; i < bits; i++) {
			uint8_t bit = (uint8_t)(0x80 >> i % 8);
			bytes[i / 8] = (uint8_t)(high ? bytes[i / 8] | bit : bytes[i / 8] & ~bit);
		}
		addr_from_bytes(&end, a->sa.sa_family, bytes, 0);
		if (networks_find(t, &end, NULL) != s)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errs errs;
	char path[64];
	int fd = memfd_create("networks", MFD_CLOEXEC);
	struct addr a;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	errs_init(&errs);
	struct networks *t = networks_load(path, sites, 3, &errs);
	close(fd);
	if ((t != NULL) != (errs.count == 0))
		abort();
	for (size_t i = 0; t && i + 16 <= size && i < 64 * 16; i += 16) {
		addr_from_bytes(&a, AF_INET, data + i, 0);
		look_up(t, &a);
		addr_from_bytes(&a, AF_INET6, data + i, 0);
		look_up(t, &a);
	}
	networks_free(t);
	errs_free(&errs);
	return 0;
}
