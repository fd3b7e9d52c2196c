/*
 * health: what can be asked about members and sites (spec 5), as the rdata of
 * one TXT record: key=value strings, each behind its length. Called from query
 * threads: no allocation, no locks; reads what is immutable and the atomics of
 * live. Time comes in as an argument.
 *
 * Each function writes at most `size` bytes to `out` and returns how many, or
 * 0 when they do not fit.
 */
#ifndef FAIRLEAD_HEALTH_H
#define FAIRLEAD_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/conf.h"
#include "../common/live.h"
#include "../common/select.h"
#include "../common/service.h"
#include "exchange_reason.h"
#include "observe.h"

struct health_input {
	const struct conf *conf;
	const struct service *service;
	size_t member;                  /* index into service->members */
	const struct live_member *live; /* of that member */
	const struct member_numbers *numbers; /* what is chosen by; NULL: nobody asks for numbers */
	int64_t now;                    /* ns, CLOCK_MONOTONIC */
};

/*
 * _health.SERVICE: one member. More addresses than one string holds (255
 * bytes) stand in further strings of the same key. What nobody has reported
 * (sessions, load) is left out, as is what no check has measured (rtt, age).
 * All that a choice goes by stands there as exactly as the choice takes it,
 * since our site's forwarders choose by it.
 * check and age are those of an observer who says what the verdict says, the
 * home site's first; rtt is our own if we have one, else the home site's:
 * another site's is the way from there, and stands in its own record only.
 */
size_t health_member_rdata(uint8_t *out, size_t size, const struct health_input *in);

/* LABEL._health.SERVICE: what one observer says of it. `s` NULL: nobody has seen anything yet; then what is believed, as our word. */
size_t health_observer_rdata(uint8_t *out, size_t size, const struct health_input *in, const struct seen *s);

/* The first observation from `slot` on whose time is not over. False: no more. *slot: behind it. */
bool health_next_seen(const struct health_input *in, size_t *slot, struct seen *out);

/* _sites.ORIGIN: one site. */
struct health_site {
	const char *name;
	bool heard;                     /* true for our own */
	uint32_t up, all;               /* its members in the zone: with the verdict up, and all */
	int64_t age;                    /* ns since it was heard; negative: never, left out */
	uint32_t config;                /* confhash; 0: not known, left out */
	uint64_t counts[EXCHANGE_REASONS]; /* of what it was sent by UPDATE, by reason; what it took is left out, and what is 0 */
};

size_t health_site_rdata(uint8_t *out, size_t size, const struct health_site *s);

#endif
