/*
 * service: a load-balanced name of a zone and its members (spec 3, LB lines).
 * Immutable once loaded; what changes stands in `live` and in the gate that
 * dnsd publishes beside it.
 */
#ifndef FAIRLEAD_SERVICE_H
#define FAIRLEAD_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "dname.h"
#include "policy.h"

struct conf_check;

/* Bounds every loop over a service's members, so a query's work too. */
#define SERVICE_MEMBERS_MAX 256
/* Bounds the records one member can put into an answer. */
#define MEMBER_TARGETS_MAX 64
#define MEMBER_CHECKS_MAX 8

#define MEMBER_NO_SITE (-1)

struct member {
	char label[LABEL_MAX + 1];      /* lower case */
	uint64_t label_hash;            /* of it: member_set_label */
	int site;                       /* index into conf.sites, or MEMBER_NO_SITE */
	struct addr *targets; size_t ntargets; /* as written, port 0; none when `host` */
	uint8_t *host;                  /* wire form, lower case; NULL: addresses */
	const struct conf_check **checks; size_t nchecks; /* 0: always up; borrowed from conf */
	uint16_t check_port, port;      /* 0: not given */
	uint16_t weight;
	uint8_t rank;
	uint32_t capacity;              /* 0: none */
	bool backup;
	bool has_inside;
	struct addr inside;             /* port 0 */
	unsigned line;                  /* of its LB line, for messages */
};

struct service {
	uint8_t name[DNAME_MAX];        /* wire form, lower case; "*.app..." for a wildcard */
	size_t name_len;
	uint8_t *origin;                /* of its zone, wire form, lower case; owned */
	bool wildcard, at_origin;
	uint32_t ttl;                   /* seconds; 0: none of its own, dns.ttl holds */
	bool has_ttl;
	double rto;                     /* seconds; 0: none */
	const struct policy *policy;    /* never NULL: conf's, or own_policy, or the built-in "weighted" */
	struct policy *own_policy;      /* written in place; owned */
	struct member *members; size_t nmembers;
	char *file; unsigned line;      /* of its first LB line */
	void *holder;                   /* free for whoever holds it (dnsd: its struct lb) */
};

/* Sets label, and its hash, by which members are told apart for `hash` and shedding. At most LABEL_MAX characters. */
void member_set_label(struct member *m, const char *label);

void service_free(struct service *s); /* contents and s */

#endif
