/*
 * zone: the names of one zone, laid out for answering. Built once by one
 * thread (zone_build), then read-only for all.
 *
 *     slots: open-addressed hash of whole names     arena: one growing block
 *     +-----+-----+                                 +------+--------+------+--
 *     | tag | ref | ------------------------------> | node | rrset  | node | ...
 *     +-----+-----+                                 +------+--------+------+--
 *
 * Every node above an existing one exists too (empty non-terminals), so the
 * closest encloser of a missing name is its longest suffix that is found.
 * A node keeps its name without the zone's origin; an RRset keeps its records
 * in wire form with a pointer to the question (offset 12) as the owner, so the
 * usual answer is one memcpy. References are arena offsets in units of 8 bytes:
 * 4 bytes each, and the arena may move while it grows.
 */
#ifndef FAIRLEAD_ZONE_H
#define FAIRLEAD_ZONE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "../common/dname.h"
#include "rr.h"

struct conf;
struct lb;
struct moving;

/* Bytes behind a name that may be read (and are ignored), since it is worked on 16 at a time. */
#define ZONE_NAME_SLACK 16

/* A name in lower case and where its labels are; made once a query. */
struct zone_name {
	uint8_t wire[DNAME_MAX + 1 + ZONE_NAME_SLACK] __attribute__((aligned(16)));
	uint8_t len;                        /* bytes with the zero octet */
	uint8_t labels;                     /* without the root */
	uint8_t start[DNAME_LABELS_MAX + 1];/* start[i]: offset of label i from the left; start[labels]: of the root */
};

/* Offset of the suffix that has `labels` labels. */
static inline size_t zone_name_at(const struct zone_name *n, unsigned labels)
{
	return n->start[n->labels - labels];
}

enum node_kind {
	NODE_PLAIN,          /* records only, or an empty non-terminal */
	NODE_SERVICE,        /* records and the addresses of a service */
	NODE_MEMBER,         /* LABEL.SERVICE */
	NODE_HEALTH,         /* _health.SERVICE */
	NODE_HEALTH_MEMBER,  /* LABEL._health.SERVICE */
	NODE_SITES,          /* _sites.ORIGIN */
	NODE_ADMIN,          /* LABEL._admin.SERVICE */
	NODE_ADMIN_SITE,     /* SITE._sites.ORIGIN; `member` is the site's number */
	NODE_RTT,            /* SITE._rtt.ORIGIN, likewise */
	NODE_EXPLAIN         /* _explain.SERVICE; names below it are down-SITE, each once more what is assumed */
};

enum node_flag {
	NODE_CUT = 1,            /* NS here, not the origin: a delegation */
	NODE_BELOW_CUT = 2,      /* glue, or hidden by a delegation or DNAME above */
	NODE_HAS_WILDCARD = 4,   /* "*" exists right below */
	NODE_CNAME = 8,
	NODE_DNAME = 16
};

struct node {
	uint32_t rrsets;         /* reference of the first; 0: none */
	uint32_t service;        /* index into zone.services */
	uint16_t member;         /* index, for the kinds that name a member */
	uint8_t kind;            /* enum node_kind */
	uint8_t flags;           /* enum node_flag */
	uint8_t name_len;        /* without the origin's part: 0 for the origin itself */
	uint8_t name[];          /* lower case, no final zero octet */
};

/* `service` is one. */
static inline bool zone_has_service(const struct node *n)
{
	return n->kind != NODE_PLAIN && n->kind != NODE_SITES && n->kind != NODE_ADMIN_SITE && n->kind != NODE_RTT;
}

struct rrset {
	uint32_t next;           /* reference; 0: the last */
	uint32_t ttl;            /* as in every record of `wire` */
	uint16_t type;
	uint16_t count;
	uint16_t len;            /* bytes of `wire` in use */
	uint16_t room;           /* bytes of `wire` there are */
	uint8_t wire[];          /* count times: C00C type class ttl rdlength rdata (names uncompressed) */
};

struct zone_slot { uint32_t tag, ref; };

/*
 * A record laid out once, whose compression pointers to the zone's origin are
 * filled in when it is known where in the question that stands.
 */
struct zone_soa {
	uint8_t wire[2 * DNAME_MAX + 34];
	uint16_t len;
	uint16_t pointers[3];          /* offsets of the pointers: the owner, and those of the names below the origin */
	uint8_t npointers;
};

/* What a site's dnsds have said of this zone lately. The control thread writes, any reads. */
struct zone_site {
	_Atomic(int64_t) last;         /* ns, CLOCK_MONOTONIC; 0: nothing yet */
	_Atomic(uint32_t) config;      /* their confhash; 0: not known */
	bool differs;                  /* from ours, as has been told; control thread only */
};

struct zone {
	uint8_t origin[DNAME_MAX + 9]; /* lower case */
	uint8_t origin_len, origin_labels, max_labels;
	uint64_t hash;                 /* of the origin */
	struct zone_slot *slots;
	unsigned shift;                /* slot index = hash >> shift */
	size_t nslots, nnodes, ncuts, nrecords;
	uint8_t *arena;
	size_t used, size;             /* bytes */
	const struct node *apex;
	const struct rrset *soa;       /* as it is */
	struct zone_soa negative;      /* the SOA record of negative answers, laid out */
	uint32_t negative_ttl;         /* min(SOA TTL, MINIMUM) (RFC 2308 section 5) */
	uint32_t serial;
	uint32_t config;               /* confhash of it and of the configuration it was read with */
	uint64_t records_hash;         /* of all records, in whatever order they stand */
	struct lb **services; size_t nservices; /* owned */
	const struct conf *conf;       /* what its services were read with; borrowed, see generation.c */
	struct zone_site *heard;       /* as conf->sites */
	unsigned refs;                 /* generations that hold it; control thread */
	unsigned pins;                 /* versions of it that may still be sent (version.h); control thread */
	_Atomic(struct moving *) moving; /* its serial and what is transferred (moving.h); NULL: the file's, and nobody may */
};

static inline const struct node *zone_node(const struct zone *z, uint32_t ref)
{
	return (const struct node *)(const void *)(z->arena + (size_t)ref * 8);
}

static inline const struct rrset *zone_rrset(const struct zone *z, uint32_t ref)
{
	return ref ? (const struct rrset *)(const void *)(z->arena + (size_t)ref * 8) : NULL;
}

/* Picks the process's hash seed, so that nobody outside can aim at one slot. Call once before anything else here. */
void zone_hash_seed(uint64_t seed);
/* Of a name in lower case; ZONE_NAME_SLACK bytes behind it must be readable. */
uint64_t zone_name_hash(const uint8_t *name, size_t len);
/* The suffix of `n` that has `labels` labels is the origin of the zone. */
bool zone_is_origin_of(const struct zone *z, const struct zone_name *n, unsigned labels);

/*
 * Fills `n` from the name at `name`, any case, of which at most `max` bytes may
 * be looked at; ZONE_NAME_SLACK more must be readable, whatever they are.
 * Returns the name's length, or 0 when it isn't a whole uncompressed name.
 */
size_t zone_name_read(struct zone_name *n, const uint8_t *name, size_t max);
/* The same from a valid name of `len` bytes that may end where memory ends. */
void zone_name_set(struct zone_name *n, const uint8_t *name, size_t len);

/* The node of the suffix of `n` that has `labels` labels (at least the origin's), or NULL. */
const struct node *zone_find(const struct zone *z, const struct zone_name *n, unsigned labels);
/*
 * The node of the longest suffix of `n` that exists and has at most `most`
 * labels (at least the origin's, which exists); *labels: how many it has.
 */
const struct node *zone_closest(const struct zone *z, const struct zone_name *n, unsigned most, unsigned *labels);
/*
 * The topmost delegation or DNAME at or above the existing suffix that has
 * `labels` labels; *at: its labels. NULL: none.
 */
const struct node *zone_topmost_cut(const struct zone *z, const struct zone_name *n, unsigned labels, unsigned *at);

/* The node "*" below the node of that suffix, or NULL. */
const struct node *zone_find_wildcard(const struct zone *z, const struct zone_name *n, unsigned labels);

/* The RRset of a type at a node, or NULL. */
static inline const struct rrset *zone_type(const struct zone *z, const struct node *n, uint16_t type)
{
	const struct rrset *r = zone_rrset(z, n->rrsets);
	while (r && r->type != type)
		r = zone_rrset(z, r->next);
	return r;
}

void zone_delete(struct zone *z);

/* For building (zone_build.c). */
struct node *zone_insert(struct zone *z, const struct zone_name *n, unsigned labels); /* finds or makes it and all above; NULL: no memory */
bool zone_reserve(struct zone *z, size_t bytes);
uint32_t zone_alloc(struct zone *z, size_t bytes); /* reference, 0: no memory; pointers into the arena are void afterwards */

#endif
