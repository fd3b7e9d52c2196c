/*
 * update: what sites tell each other (spec 6) as DNS UPDATE messages (RFC
 * 2136), to and from bytes. Pure: no sockets, no clock; signatures are
 * tsig.h's.
 *
 *     header   zone section: the origin, SOA, IN   prerequisites: none
 *     update section: TXT records
 *         LABEL._health.SERVICE   an observation; the TTL is how long it counts
 *         LABEL._admin.SERVICE    an operator's order about one member
 *         SITE._sites.ORIGIN      ... about all of a site's members
 *         SITE._rtt.ORIGIN        how far clients are from a site (rtt_record.h)
 *     additional section: TSIG
 *
 * The rdata of each is strings of key=value.
 */
#ifndef FAIRLEAD_UPDATE_H
#define FAIRLEAD_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "dname.h"
#include "verdict.h"
#include "wire.h"

#define UPDATE_OPCODE 5

/* Longer than any program's, any site's and any instance's name. */
#define UPDATE_OBSERVER_MAX 160
/* What one string of a TXT record holds behind "check=", "note=" or "by=". */
#define UPDATE_TEXT_MAX 249
/* As agents may say (agent_line.h). */
#define UPDATE_PERCENT_MAX 1000

/* --- messages --- */

enum update_rcode { UPDATE_OK = 0, UPDATE_FORMERR = 1, UPDATE_REFUSED = 5, UPDATE_NOTZONE = 10 };

enum update_action {
	UPDATE_ADD,             /* RFC 2136 section 2.5.1 */
	UPDATE_DELETE_SET,      /* sections 2.5.2 and 2.5.3: all that the owner has of type TXT */
	UPDATE_DELETE_ONE       /* section 2.5.4 */
};

struct update {
	uint16_t id;
	uint8_t zone[DNAME_MAX];     /* lower case */
	unsigned count;              /* records of the update section */
	struct wire_reader records;  /* where the next one is */
	unsigned left;
};

struct update_record {
	uint8_t owner[DNAME_MAX];    /* lower case */
	enum update_action action;
	uint32_t ttl;                /* seconds */
	const uint8_t *rdata;        /* of a TXT record, strings checked; in the message */
	size_t len;                  /* 0 for UPDATE_DELETE_SET */
};

/*
 * Looks at the whole message but for what stands behind the update section.
 * UPDATE_OK, or the rcode to answer with and *why (static): prerequisites and
 * types other than TXT are REFUSED, an owner outside the zone is NOTZONE.
 */
enum update_rcode update_read(struct update *u, const uint8_t *msg, size_t len, const char **why);

/* The records one after the other; false: no more. Good as long as the message is. */
bool update_next(struct update *u, struct update_record *r);

/* Both in one, for who reads a message once only: its head, and then each record with all that update_read looks at (u->left says how many). */
enum update_rcode update_read_head(struct update *u, const uint8_t *msg, size_t len, const char **why);
enum update_rcode update_take(struct update *u, struct update_record *r, const char **why);

/* What an owner names. */
enum update_kind { UPDATE_OBSERVATION, UPDATE_ADMIN_MEMBER, UPDATE_ADMIN_SITE, UPDATE_RTT, UPDATE_OTHER };

struct update_owner {
	enum update_kind kind;
	char label[LABEL_MAX + 1];   /* the member's, or the site's name */
	const uint8_t *service;      /* in the owner; NULL for a site */
};

/* `owner` is in or below `zone`, both in lower case. */
void update_owner_read(struct update_owner *o, const uint8_t *owner, const uint8_t *zone);
/* LABEL._health.SERVICE, LABEL._admin.SERVICE, SITE._sites.ORIGIN or SITE._rtt.ORIGIN with the origin as `service`. 0: too long. */
size_t update_owner_write(uint8_t out[DNAME_MAX], enum update_kind kind, const char *label, const uint8_t *service);

/* --- writing a message --- */

struct update_writer { struct wire_writer w; unsigned count; const uint8_t *zone; };

/* `zone` is borrowed. */
void update_begin(struct update_writer *u, void *buffer, size_t size, uint16_t id, const uint8_t *zone);
/* Adds TXT at `owner`, which is in the zone. False: no room, and nothing was added. */
bool update_add(struct update_writer *u, const uint8_t *owner, uint32_t ttl, const uint8_t *rdata, size_t len);
/* Deletes all TXT at `owner` (RFC 2136 section 2.5.2). False: no room, likewise. */
bool update_delete(struct update_writer *u, const uint8_t *owner);
/* The message's length, without TSIG; 0: not even its head had room. */
size_t update_end(struct update_writer *u);

/* --- observations --- */

enum update_has {
	HAS_RTT = 1, HAS_SESSIONS = 2, HAS_CAPACITY = 4, HAS_LOAD = 8, HAS_COST = 16, HAS_SEQ = 32, HAS_CONFIG = 64,
	HAS_LOCAL = 128, HAS_FORWARDED = 256, HAS_TAIL = 512, HAS_WEIGHT = 1024, HAS_FAILED = 2048
};

struct update_observation {
	char observer[UPDATE_OBSERVER_MAX + 1];
	enum verdict state;          /* VERDICT_UNKNOWN: it says nothing of it, only numbers */
	unsigned has;                /* enum update_has */
	uint32_t rtt_us;
	uint32_t sessions, capacity;
	uint32_t load_ppm;           /* millionths, at most a million */
	uint64_t cost_milli;         /* thousandths */
	uint64_t seq;
	uint32_t config;             /* confhash of the observer's configuration and zone */
	uint32_t local_up, local_all;/* the forwarder's real servers */
	uint32_t forwarded_milli;    /* thousandths of a connection a second that it sent elsewhere */
	uint32_t percent;            /* weight=75%: of its weight, as an agent has it */
	uint64_t failed;             /* down since, a clock in microseconds, and to be cleared by an operator (failback = "manual") */
	uint32_t tail_milli;         /* ... that still came while the member was down or drained */
	char check[UPDATE_TEXT_MAX + 1]; /* the last result in words; "": not given */
};

/* Keys that it doesn't know are passed over. False: *why (static) says which key is wrong or missing. */
bool update_observation_read(struct update_observation *o, const uint8_t *rdata, size_t len, const char **why);
/* Returns the length, 0 when it doesn't fit. */
size_t update_observation_write(const struct update_observation *o, uint8_t *rdata, size_t size);

/* "sjc/dnsd.one": the site, the program and the instance ("" without), each within `name`. False: not of this form. */
struct update_observer { const char *site, *program, *instance; size_t site_len, program_len, instance_len; };
bool update_observer_read(struct update_observer *o, const char *name);

/*
 * A record as our own programs write it, seen without reading it: TXT to be
 * added, its owner's last bytes a pointer to the zone, its last strings rtt=
 * and seq=, which are all that differs while an observer says the same again.
 * What stands before them is its phrase.
 */
struct update_glance {
	const uint8_t *owner; size_t owner_len;   /* as on the wire, the pointer included; in the message */
	const uint8_t *phrase; size_t phrase_len; /* whole strings; likewise */
	uint32_t ttl;
	bool has_rtt;                             /* else rtt_us is 0 */
	uint32_t rtt_us;
	uint64_t seq;
};

/*
 * The next record of `u`, which is taken then. False: it isn't of this form,
 * and nothing is taken. `guess`: a phrase that is likely (NULL: none). What is
 * said is update_observation_read of the phrase, and then rtt and seq.
 */
bool update_glance(struct update *u, const uint8_t *guess, size_t guess_len, struct update_glance *g);
/* The owner as update_add writes it in `zone`, which the name is in: how many bytes. */
size_t update_owner_on_wire(uint8_t out[DNAME_MAX + 2], const uint8_t *owner, const uint8_t *zone);

/* --- admin records --- */

struct update_admin {
	enum verdict set;            /* up, down, drain; VERDICT_UNKNOWN: none, the tombstone of a deleted one */
	int64_t until;               /* seconds since 1970; 0: without end */
	uint64_t seq;                /* 0: not stamped yet */
	bool force;
	char note[UPDATE_TEXT_MAX + 1], by[UPDATE_TEXT_MAX + 1];
};

bool update_admin_read(struct update_admin *a, const uint8_t *rdata, size_t len, const char **why);
size_t update_admin_write(const struct update_admin *a, uint8_t *rdata, size_t size);

/* RFC 3339, "2026-11-22T10:00:00Z" or with an offset, into seconds since 1970. False: not of this form. */
bool update_time_read(const char *text, int64_t *out);

#endif
