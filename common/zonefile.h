/*
 * zonefile: a zone-style file (spec 3) -> its records in wire form and its
 * services.
 *
 *     zonelex -> zonefile_line -+-> rdata ----------> sink.record, as it is read
 *     (tokens)  (owner, TTL,    |
 *                class, type)   +-> zonefile_lb ----> sink.service, at the end
 *
 * Records are handed out as they are read, so a million of them need no
 * memory here (0.1 us each). Whoever receives them keeps nothing of a zone with
 * errors. A file with services is read twice: what may stand beside a service
 * can only be told when all are known.
 */
#ifndef FAIRLEAD_ZONEFILE_H
#define FAIRLEAD_ZONEFILE_H

#include "conf.h"
#include "errs.h"
#include "service.h"

struct zone_place { const char *file; unsigned line, column; };

/* One record. Pointers are good during the call only. */
struct zone_record {
	const uint8_t *owner; size_t owner_len;  /* wire form, lower case */
	uint16_t type;
	uint32_t ttl;
	const uint8_t *rdata; uint16_t rdata_len; /* uncompressed; names in it keep their case */
	struct zone_place place;
};

struct zonefile_sink {
	/* A standard record. May report errors of its own. NULL: records are checked and thrown away (fwd). */
	void (*record)(void *arg, const struct zone_record *r, struct errs *errs);
	/* A whole service, after the file's end; the receiver owns it now. Not called when the file had errors. */
	void (*service)(void *arg, struct service *s);
	void *arg;
};

/*
 * Reads the zone `origin` (wire form, lower case) from `file`. Errors: in
 * `errs`. Returns true when there was none. Checked here: syntax, ranges, one
 * SOA at the origin, at least one NS there, owners inside the zone, no CNAME at
 * the origin, what stands beside services or hides them, members' labels,
 * references to sites, checks and policies of `conf`; and that the file didn't
 * change meanwhile. Left to whoever keeps the records, as only the whole zone
 * tells: CNAME and other data, duplicates, and two TTLs in one RRset (mended to
 * the lower one, RFC 2181 section 5.2, with a warning logged).
 */
bool zonefile_read(const char *file, const uint8_t *origin, const struct conf *conf,
                   const struct zonefile_sink *sink, struct errs *errs);

/* The same from `len` bytes of memory; `name` stands in errors. $INCLUDE is an error here. */
bool zonefile_read_text(const char *name, const void *text, size_t len, const uint8_t *origin, const struct conf *conf,
                        const struct zonefile_sink *sink, struct errs *errs);

/*
 * The zones of a folder: every NAME.zone is the zone NAME. Calls `each` in the
 * order of names. An unreadable folder or a file name that is no domain name is
 * an error in `errs`; returns the number of zones.
 */
size_t zonefile_each(const char *folder, struct errs *errs,
                     void (*each)(void *arg, const char *file, const uint8_t *origin), void *arg);

#endif
