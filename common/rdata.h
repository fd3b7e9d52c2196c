/*
 * rdata: the tokens behind a record's type -> rdata in wire form.
 *
 * ldns knows the types (which fields each has, and how most fields are read);
 * it is called field by field, so that an error has the column of its token.
 * What ldns takes though it is wrong is checked here: numbers that wrap, unknown
 * mnemonics, odd hex digits, wrong SvcParams and more (rdata_field.c). The types
 * of which a zone has millions are made here in place (rdata.c), as ldns costs
 * allocations for each field.
 */
#ifndef FAIRLEAD_RDATA_H
#define FAIRLEAD_RDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "wire.h"
#include "zonelex.h"

#define RDATA_MAX 65535u
/* Text handed to ldns at once: a whole rdata of \DDD escapes. */
#define RDATA_TEXT_MAX (4 * RDATA_MAX + 64)

/* Types that are looked at by number here. */
enum {
	TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28,
	TYPE_SRV = 33, TYPE_DNAME = 39, TYPE_OPT = 41, TYPE_SVCB = 64, TYPE_HTTPS = 65, TYPE_AMTRELAY = 260
};

/* Room for one rdata; large, so it belongs on the heap. */
struct rdata {
	uint8_t bytes[RDATA_MAX];
	size_t len;
	char text[RDATA_TEXT_MAX];  /* scratch: what ldns reads */
};

/* The record whose rdata is being made, and what its fields are made from. */
struct rdata_source {
	uint16_t type;
	const struct zone_token *type_token;
	const struct zone_token *tokens; size_t count;
	const uint8_t *origin;      /* completes relative names; wire form */
	const struct zone_report *report;
};

/* The type that a token names ("MX", "type15"), ignoring case; -1: unknown. */
int rdata_type(const struct zone_token *t);

/* Types that can't stand in a zone: questions (ANY, AXFR), transport (OPT, TSIG), and 0. */
bool rdata_type_is_meta(uint16_t type);

/* Makes out->bytes and out->len. False: exactly one error was reported. */
bool rdata_make(struct rdata *out, const struct rdata_source *source);

/* "1h30m", "3600" (units w d h m s, as BIND takes them) -> seconds. False: malformed; *out over TTL_MAX stands for too large. */
bool rdata_period(const char *text, size_t len, uint64_t *out);

/* The steps that rdata.c and rdata_field.c share. Each reports its error and returns false. */
struct rdata_maker {
	const struct rdata_source *source;
	size_t next;                /* index of the next token */
	struct wire_writer out;
	struct rdata *scratch;
};
/* The next token, which is `what`; NULL: there is none (reported). */
const struct zone_token *rdata_next(struct rdata_maker *m, const char *what);
bool rdata_fail(struct rdata_maker *m, const struct zone_token *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool rdata_put_number(struct rdata_maker *m, const char *what, uint64_t max, size_t bytes);
bool rdata_put_period(struct rdata_maker *m, const char *what, uint64_t max);
bool rdata_put_name(struct rdata_maker *m, const char *what);
bool rdata_put_a(struct rdata_maker *m);
bool rdata_put_aaaa(struct rdata_maker *m);
bool rdata_put_string(struct rdata_maker *m, const char *what);
/* All of the string without a length octet (CAA, URI). */
bool rdata_put_long_string(struct rdata_maker *m, const char *what);

/* rdata_field.c: by ldns's description of the type. */
bool rdata_put_fields(struct rdata_maker *m);
/* rdata_check.c: rdata given as bytes is what its type asks for. Returns NULL, or why not. */
const char *rdata_wrong(uint16_t type, const uint8_t *rdata, size_t len);
/* rdata_check.c: SvcParams in wire form (RFC 9460 sections 2.2, 7 and 8). Returns NULL, or why not. */
const char *rdata_svcparams_wrong(const uint8_t *params, size_t len);

#endif
