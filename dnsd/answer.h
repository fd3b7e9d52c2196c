/*
 * answer: decides which RRsets stand in which section. No bytes are written
 * here, nothing is allocated, and what is decided points into the generation,
 * the query and the answer itself.
 */
#ifndef FAIRLEAD_ANSWER_H
#define FAIRLEAD_ANSWER_H

#include "lb.h"
#include "query.h"
#include "zone.h"

struct explain;
struct generation;

/* CNAMEs that are followed inside a zone; a longer chain ends there and the resolver goes on by itself. */
#define CHAIN_MAX 12
/* DNAMEs that are followed, likewise: each makes a name that has to be kept. */
#define SYNTHESIS_MAX 6
/* Name servers of a delegation whose glue is looked up; with more the answer is marked as truncated. */
#define GLUE_NS_MAX 64
/* Items of all sections: a delegation with glue (NS, and 2 a name server) behind a chain is the most. */
#define ANSWER_ITEMS (1 + 2 * GLUE_NS_MAX + CHAIN_MAX + 2 * SYNTHESIS_MAX)
/* HTTPS and SVCB: records whose targets are looked up, and aliases that are followed (each with an addition of its own). */
#define SVCB_TARGETS_MAX 8
#define SVCB_ALIASES_MAX 1

enum item_kind {
	ITEM_RRSET,          /* a set of the zone */
	ITEM_NEGATIVE_SOA,   /* the SOA with the TTL of negative answers */
	ITEM_MEMBERS,        /* addresses of chosen members */
	ITEM_HOST,           /* CNAME to a member's host name */
	ITEM_SYNTHESIS,      /* the CNAME that a DNAME makes (RFC 6672 section 3.1) */
	ITEM_CHAOS,          /* TXT of class CHAOS */
	ITEM_HEALTH,         /* TXT made now: all members of a service */
	ITEM_HEALTH_MEMBER,  /* ... one member, by observer */
	ITEM_SITES,          /* ... the sites */
	ITEM_ADMIN,          /* ... an operator's order */
	ITEM_RTT,            /* ... round trips to a site */
	ITEM_EXPLAIN         /* ... the steps of one decision */
};

/* Items stand in this order. Of the optional ones what doesn't fit is left away; without any of the others the answer is truncated. */
enum section { ANSWER, AUTHORITY, ADDITIONAL, OPTIONAL };

/*
 * The owner of an item's records: a name of the zone without the origin's
 * part. NULL: the question's name, which costs 2 bytes.
 */
struct owner { const uint8_t *name; uint8_t len; };

struct item {
	enum item_kind kind;
	uint8_t section;              /* enum section */
	struct owner owner;
	const struct rrset *set;
	const struct lb *lb;
	uint32_t ttl;                 /* of ITEM_MEMBERS, ITEM_HOST, ITEM_NEGATIVE_SOA, ITEM_SYNTHESIS */
	uint16_t type;                /* of ITEM_MEMBERS: RR_A or RR_AAAA */
	const struct lb_records *records[ANSWERS_MAX]; /* of the chosen members */
	uint8_t nmembers;
	uint16_t member;              /* the one that a host or health item is about */
	const uint8_t *target;        /* of ITEM_SYNTHESIS; of ITEM_ADMIN two octets of length and the rdata */
	union {
		const char *text;             /* of ITEM_CHAOS, at most 255 bytes */
		const struct explain *explain; /* of ITEM_EXPLAIN */
		const struct rtt_table *rtt;  /* of ITEM_RTT; `member` is the site's number */
	};
};

struct answer {
	enum rcode rcode;
	enum ede ede;
	const char *ede_text;         /* NULL: none */
	bool authoritative;
	const struct zone *zone;      /* NULL: none of ours */
	unsigned nitems;
	struct item items[ANSWER_ITEMS];
	struct zone_name current;     /* the name at which a CNAME chain stands */
	uint8_t synthesized[SYNTHESIS_MAX][DNAME_MAX]; /* the names that DNAMEs made */
	uint8_t synthesized_len[SYNTHESIS_MAX];
	unsigned nsynthesized;
	bool glue_missing;            /* more name servers than GLUE_NS_MAX */
};

/* What is known of the asker and the moment; the same answer for the same inputs. */
struct answer_input {
	const struct generation *gen;
	const struct addr *client;    /* who sent it */
	struct edns_reply *reply;     /* `subnet`: for whom it is sent; `scope` is raised to the bits of it that were looked at. NULL: not said */
	uint64_t random;
	uint32_t *turns;              /* how often each place (lb.turn) was asked for, TURN_PLACES of them, the thread's own; NULL: `turn` says it */
	uint64_t turn;
	int64_t now;                  /* seconds since 1970; 0: whoever needs it looks at the clock, without a system call */
	struct explain *explain;      /* room for a decision that is explained, the thread's own; NULL: none is */
};

void answer_decide(struct answer *a, const struct query *q, const struct answer_input *in);

#endif
