/*
 * rdata_maker: the steps of which rdata is made. Each takes the next token or
 * tokens and appends what they say in wire form; it reports its error and
 * returns false. `what` names the field in that error.
 */
#ifndef FAIRLEAD_RDATA_MAKER_H
#define FAIRLEAD_RDATA_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rdata_type.h"
#include "wire.h"
#include "zonelex.h"

#define RDATA_MAX 65535u
/* Text handed to ldns at once: a whole rdata of \DDD escapes. */
#define RDATA_TEXT_MAX (4 * RDATA_MAX + 64)

#define TTL_MAX 2147483647u /* RFC 2181 section 8 */

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

struct rdata_maker {
	const struct rdata_source *source;
	size_t next;                /* index of the next token */
	struct wire_writer out;
	struct rdata *scratch;
};

bool rdata_fail(struct rdata_maker *m, const struct zone_token *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The next token; NULL: there is none (reported). */
const struct zone_token *rdata_next(struct rdata_maker *m, const char *what);
/* The same, and it may not be in quotes. */
const struct zone_token *rdata_next_word(struct rdata_maker *m, const char *what);

bool rdata_put_number(struct rdata_maker *m, const char *what, uint64_t max, size_t bytes);
bool rdata_put_period(struct rdata_maker *m, const char *what, uint64_t max);
bool rdata_put_name(struct rdata_maker *m, const char *what);
bool rdata_put_a(struct rdata_maker *m);
bool rdata_put_aaaa(struct rdata_maker *m);
bool rdata_put_string(struct rdata_maker *m, const char *what);
/* All of the string without a length octet (CAA, URI). */
bool rdata_put_long_string(struct rdata_maker *m, const char *what);

/* "1h30m", "3600" (units w d h m s, as BIND takes them) -> seconds. False: malformed; *out over TTL_MAX stands for too large. */
bool rdata_period(const char *text, size_t len, uint64_t *out);

/* What a hex digit stands for; -1: it is none. */
int rdata_hex_digit(char c);

#endif
