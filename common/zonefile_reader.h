/*
 * zonefile_reader: what the halves of zonefile share: zonefile.c reads files
 * and directives, zonefile_line.c the lines that have an owner and a type.
 */
#ifndef FAIRLEAD_ZONEFILE_READER_H
#define FAIRLEAD_ZONEFILE_READER_H

#include "rdata.h"
#include "zonefile.h"
#include "zonefile_lb.h"
#include "zonelex.h"

/* What $INCLUDE saves and restores: $ORIGIN and the owner that a line without one means. */
struct zone_names {
	uint8_t origin[DNAME_MAX];
	bool origin_inside;            /* of the zone */
	uint8_t owner[DNAME_MAX];
	size_t owner_len;              /* 0: none that is good */
	bool owner_wrong;              /* the last one was an error: lines that lean on it are passed over */
};

struct zone_reader {
	const uint8_t *zone;           /* the zone's origin */
	size_t zone_len;
	const struct zonefile_sink *sink;
	struct errs *errs;
	struct zone_services *services;
	struct zone_file_name *files;  /* of all files, as errors found last still name them */
	bool second_pass;              /* only what stands beside services; all other errors were reported before */
	bool from_text;                /* $INCLUDE is refused */
	uint64_t identity;             /* of the files read in this pass */
	bool changed;                  /* a file was written to while it was read */
	struct zone_names names;
	bool has_default_ttl, has_last_ttl;
	uint32_t default_ttl, last_ttl;
	/* what the zone has to have */
	bool soa, ns;
	struct zone_place soa_place;
	bool unreadable;               /* some line could not be read, so what is missing may stand there */
	/* of the file and the entry in hand */
	struct zone_report report;
	const struct zonelex *lex;
	struct rdata rdata;
};

/* What stands in front of the type in an entry. */
struct zone_head {
	bool has_ttl;
	uint32_t ttl;
	const struct zone_token *ttl_token;
	bool has_class;
};

/* The entry in hand can't be read: remembers that something may be missing. Returns false. */
bool zone_entry_wrong(struct zone_reader *r);

/* 1: `t` is a TTL, taken; 0: something else; -1: a wrong TTL, reported. */
int zone_take_ttl(struct zone_reader *r, struct zone_head *h, const struct zone_token *t);

/* The entry in hand, which is no directive. */
void zone_read_line(struct zone_reader *r);

#endif
