/*
 * mmdb: writes MaxMind DBs for tests: prefixes with records in the form of
 * GeoIP2-City and GeoLite2-ASN. Of two prefixes the longer counts, whichever
 * came first.
 */
#ifndef FAIRLEAD_TESTS_MMDB_H
#define FAIRLEAD_TESTS_MMDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../common/addr.h"

struct mmdb;

struct mmdb_record {
	const char *country, *continent; /* NULL: left out */
	bool located;
	double latitude, longitude;
	uint32_t asn;                    /* 0: left out */
	const char *city;                /* names in several languages: only to have a record of usual size; NULL: none */
};

/* `version` 4 or 6; `bits` of a record in the tree: 24, 28 or 32. Out of memory ends the program. */
struct mmdb *mmdb_new(unsigned version, unsigned bits);
/* Gives back the number of a record for mmdb_add. */
uint32_t mmdb_record(struct mmdb *m, const struct mmdb_record *r);
/* Insert the shorter prefixes first. */
void mmdb_add(struct mmdb *m, const struct prefix *p, uint32_t record);
/* ::ffff:0:0/96, 2001::/32 and 2002::/16 lead to the IPv4 addresses, as MaxMind's own do. After all mmdb_add. */
void mmdb_alias(struct mmdb *m);
/* The file's bytes; the caller frees. */
uint8_t *mmdb_bytes(struct mmdb *m, size_t *len);
bool mmdb_write(struct mmdb *m, const char *file);
void mmdb_free(struct mmdb *m);

#endif
