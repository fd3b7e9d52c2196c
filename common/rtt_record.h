/*
 * rtt_record: how the forwarders' round trips stand in a TXT record at
 * SITE._rtt.ORIGIN (spec 6's way, spec 8's matter):
 *
 *     "observer=sjc/fwd.one" "seq=1732269600000000" "198.51.100.0/24=28.1" "2001:db8:1::/56=3.25"
 *
 * milliseconds; the record's TTL is how long they count. Each record has a seq
 * of its own, and replaces nothing but older numbers of its networks. Pure.
 */
#ifndef FAIRLEAD_RTT_RECORD_H
#define FAIRLEAD_RTT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "update.h"

/* So that a record fits into a datagram of 1232 bytes with all that stands around it. */
#define RTT_RECORD_WRITTEN 24
/* More networks in one record are malformed. */
#define RTT_RECORD_MAX 64

struct rtt_network { struct prefix network; uint32_t us; };

struct rtt_record {
	char observer[UPDATE_OBSERVER_MAX + 1];
	uint64_t seq;                /* 0: none given */
	unsigned n;
	struct rtt_network networks[RTT_RECORD_MAX];
};

/* One network: "198.51.100.0/24" and "28.1". False: it isn't. */
bool rtt_network_read(struct rtt_network *n, const char *network, const char *milliseconds);
/* Returns the length, 0 when it doesn't fit. */
size_t rtt_record_write(const struct rtt_record *r, uint8_t *rdata, size_t size);
/* What is known of them all, for people who ask: "site=sjc" and the networks. Likewise. */
size_t rtt_record_show(const char *site, const struct rtt_network *networks, size_t n, uint8_t *rdata, size_t size);
/* `rdata`: whole strings (update_next has looked). Keys that it doesn't know are passed over. False: *why (static). */
bool rtt_record_read(struct rtt_record *r, const uint8_t *rdata, size_t len, const char **why);

#endif
