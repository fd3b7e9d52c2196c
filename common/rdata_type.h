/*
 * rdata_type: the types of records by name and number.
 */
#ifndef FAIRLEAD_RDATA_TYPE_H
#define FAIRLEAD_RDATA_TYPE_H

#include <stdbool.h>
#include <stdint.h>
#include "zonelex.h"

/* Types that are looked at by number here. */
enum {
	TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28,
	TYPE_SRV = 33, TYPE_DNAME = 39, TYPE_OPT = 41, TYPE_SVCB = 64, TYPE_HTTPS = 65, TYPE_AMTRELAY = 260
};

/* The type that a token names ("MX", "type15"), ignoring case; -1: unknown. */
int rdata_type(const struct zone_token *t);

/* Types that can't stand in a zone: questions (ANY, AXFR), transport (OPT, TSIG), and 0. */
bool rdata_type_is_meta(uint16_t type);

#endif
