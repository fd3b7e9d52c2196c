/*
 * zonefile_lb: the LB and POLICY lines of a zone (spec 3) -> its services, and
 * what may not stand beside them.
 *
 * Lines come in any order, so services are gathered in a table by owner until
 * the file's end. Whether a record may stand beside a service can't be told
 * before all services are known: zonefile reads the file a second time for
 * that, so no record has to be remembered.
 */
#ifndef FAIRLEAD_ZONEFILE_LB_H
#define FAIRLEAD_ZONEFILE_LB_H

#include "conf.h"
#include "service.h"
#include "zonelex.h"

/* An LB or POLICY line. Pointers are good during the call only, but report.file, which outlives the table. */
struct zone_line {
	const uint8_t *owner; size_t owner_len;   /* wire form, lower case */
	bool has_ttl;
	uint32_t ttl;
	const struct zone_token *ttl_token;       /* when has_ttl */
	const struct zone_token *type_token;
	const struct zone_token *tokens; size_t count; /* behind the type */
	const uint8_t *origin;                    /* $ORIGIN: completes host names */
	struct zone_report report;
};

/* What the file says of one owner. */
struct zone_service {
	struct service *service;       /* its policy is set at the end */
	unsigned lb_lines;             /* also the wrong ones */
	unsigned ttl_line;             /* where its TTL was given; 0: nowhere */
	bool has_host;                 /* a member's target is a host name */
	unsigned rto_line, rto_column; /* where its rto= stands; 0: it has none */
	const char *policy_file;       /* NULL: no POLICY line */
	unsigned policy_line, policy_column;
	const struct policy *policy;   /* one of conf's, or NULL: service->own_policy */
};

struct zone_services;

/* `origin` (wire form, lower case) is the zone's; borrowed, like `conf`. NULL: no memory. */
struct zone_services *zone_services_new(const struct conf *conf, const uint8_t *origin);
/* Frees also the services that were not handed out. */
void zone_services_free(struct zone_services *zs);

/* Take one line in; errors go to line->report. */
void zone_services_lb(struct zone_services *zs, const struct zone_line *line);
void zone_services_policy(struct zone_services *zs, const struct zone_line *line);

size_t zone_services_count(const struct zone_services *zs);

/* After the last line: what only the whole file tells (POLICY without LB). Readies zone_services_beside. */
void zone_services_finish(struct zone_services *zs, struct errs *errs);

/* In the second pass, each record: reports it if it can't stand beside (or above) a service. */
void zone_services_beside(struct zone_services *zs, const uint8_t *owner, size_t owner_len, uint16_t type,
                          const struct zone_token *type_token, const struct zone_report *report);

/* Settles the policies and hands every service over. False: no memory, and nothing was handed over. */
bool zone_services_deliver(struct zone_services *zs, void (*service)(void *arg, struct service *s), void *arg);

/* zonefile_lb.c: the member that an LB line describes, added to `z`. */
void zone_lb_line(const struct conf *conf, struct zone_service *z, const struct zone_line *line);
/* zonefile_policy.c: the policy that a POLICY line describes, into `z`. */
void zone_policy_line(const struct conf *conf, struct zone_service *z, const struct zone_line *line);
/* A copy of a policy that was written in place. NULL: no memory. */
struct policy *zone_policy_copy(const struct policy *from);

#endif
