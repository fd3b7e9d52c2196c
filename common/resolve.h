/*
 * resolve: c-ares on libevent. One event a descriptor of c-ares, one timer.
 * All calls and callbacks on the thread of the event base.
 */
#ifndef FAIRLEAD_RESOLVE_H
#define FAIRLEAD_RESOLVE_H

#include <ares.h>
#include <stdbool.h>
#include <stddef.h>
#include "addr.h"

struct event_base;
struct resolver;

struct resolver_options {
	const struct addr *servers; size_t nservers; /* none: the system's (resolv.conf) */
	int timeout_ms;   /* of the first try; c-ares doubles it at each further one. 0: 1000 */
	int tries;        /* 0: 2 */
	bool bare;        /* for the caller's own messages: no EDNS is added, and an answer of any rcode is an answer */
};

/* `options` NULL: all defaults. NULL: `why` (static text) says what failed. */
struct resolver *resolver_new(struct event_base *base, const struct resolver_options *options, const char **why);
/* Queries under way end with ARES_EDESTRUCTION; names must have been given back before. */
void resolver_delete(struct resolver *r);

/* For queries of the caller's own (ares_query, ...): call resolver_started after each one, so that its timer runs. */
ares_channel resolver_channel(struct resolver *r);
void resolver_started(struct resolver *r);

/* From now on ask this server (`from`: the source, its port is ignored; AF_UNSPEC: any). Only while no query is under way. False: no memory. */
bool resolver_set_server(struct resolver *r, const struct addr *server, const struct addr *from);

/* --- a host name whose addresses are wanted for ever --- */

/* Bounds for the TTL of an answer, and the pause after a failure: seconds. */
#define RESOLVE_TTL_MIN 1
#define RESOLVE_TTL_MAX 300
#define RESOLVE_RETRY 2
/* More addresses of one name are left out. */
#define RESOLVE_ADDRESSES_MAX 64

enum resolve_outcome {
	RESOLVE_OK,
	RESOLVE_NO_ADDRESS,  /* the name does not exist or has none: an answer */
	RESOLVE_NO_ANSWER    /* nobody answered, or with an error: nothing is known */
};

struct resolved_name;

struct resolve_sink {
	/* After each round; `addresses` (port 0, both families, ordered by bytes, none twice) are good during the call.
	   It may not give the name back. */
	void (*resolved)(void *arg, enum resolve_outcome outcome, const struct addr *addresses, size_t n);
	void *arg;
};

/* Resolves `name` (whole, as text; a final dot may stand there) now and again whenever its TTL ends. Never calls back from within. NULL: no memory. */
struct resolved_name *resolve_follow(struct resolver *r, const char *name, const struct resolve_sink *sink);
void resolve_unfollow(struct resolved_name *n);

#endif
