/*
 * places: what the fuzz targets of tables by address share: the input as a
 * file, and addresses at the ends of a scope, which have the same outcome.
 */
#ifndef FAIRLEAD_FUZZ_PLACES_H
#define FAIRLEAD_FUZZ_PLACES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "addr.h"

#define INPUT_PATH_MAX 64

/* A file of these bytes, to be closed; its name is in `path`. */
static inline int input_file(const uint8_t *data, size_t size, char path[INPUT_PATH_MAX])
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, INPUT_PATH_MAX, "/proc/self/fd/%d", fd);
	return fd;
}

/* The lowest or the highest address that has the first `scope` bits of `a`, which has as many. */
static inline struct addr scope_end(const struct addr *a, unsigned scope, bool high)
{
	unsigned bits = a->sa.sa_family == AF_INET ? 32 : 128;
	uint8_t bytes[16];
	struct addr end;

	if (scope > bits)
		abort();
	memcpy(bytes, addr_bytes(a), bits / 8);
	for (unsigned i = scope; i < bits; i++) {
		uint8_t bit = (uint8_t)(0x80 >> i % 8);
		bytes[i / 8] = (uint8_t)(high ? bytes[i / 8] | bit : bytes[i / 8] & ~bit);
	}
	addr_from_bytes(&end, a->sa.sa_family, bytes, 0);
	return end;
}

/* Calls `look_up` with addresses of both families that the input has, in pieces of 16 bytes. */
static inline void each_address(const uint8_t *data, size_t size, void (*look_up)(const void *table, const struct addr *a), const void *table)
{
	struct addr a;

	for (size_t i = 0; i + 16 <= size && i < 64 * 16; i += 16) {
		addr_from_bytes(&a, AF_INET, data + i, 0);
		look_up(table, &a);
		addr_from_bytes(&a, AF_INET6, data + i, 0);
		look_up(table, &a);
	}
}

#endif
