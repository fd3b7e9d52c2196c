/*
 * live: the changing numbers of each member. A record is found by (service
 * name, member label), so it outlives a reload: what was known stays known.
 *
 * The rule that makes it safe: the control thread alone writes, any thread
 * reads; every field that others read is one atomic; records are freed only
 * after a grace period of all readers (generations hold them, see dnsd).
 */
#ifndef FAIRLEAD_LIVE_H
#define FAIRLEAD_LIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "service.h"
#include "verdict.h"

struct observed;
struct shed_state;

struct live_member {
	_Atomic(uint32_t) verdict;      /* enum verdict */
	_Atomic(uint32_t) result;       /* enum check_result of the last probe (check.h) */
	_Atomic(uint32_t) result_detail;/* HTTP status, ... by result */
	_Atomic(int64_t) since_wall;    /* of the verdict: seconds since 1970 */
	_Atomic(int64_t) changed_mono;  /* ns, CLOCK_MONOTONIC: last change of verdict after the first; 0: none */
	_Atomic(int64_t) came_back_mono;/* ns: last change from down to anything else; 0: none */
	_Atomic(int64_t) seen_mono;     /* ns: when the last observation was made; 0: never */
	_Atomic(uint32_t) rtt_us;       /* smoothed response time of the check; 0: unknown */
	_Atomic(uint32_t) rounds;       /* finished probe rounds; 0: nothing known yet */
	_Atomic(uint32_t) source;       /* enum verdict_source: whose word the verdict is */
	_Atomic(uint32_t) votes;        /* voices that say up << 16 | voices that count */
	_Atomic(struct observed *) observed; /* dnsd: what each observer said (observe.h); freed with the record */
	/* control thread only */
	bool asks_numbers;              /* dnsd: somebody chooses by its numbers */
	size_t nobserved;               /* dnsd: slots of `observed`, known without touching it */
	void *watched;                  /* dnsd: whoever watches it (monitor) */
	uint64_t failed;                /* dnsd: when it went down, a clock in microseconds; 0: not, or it was cleared since (failback) */
	struct shed_state *shed;        /* dnsd: how busy it is, where a policy sheds by it (shed.h); NULL: nobody has asked. Freed with the record */
	bool waits;                     /* dnsd: ours, up by what is seen, and drained until it is cleared: so we tell it as drained (failback) */
	unsigned refs;
	struct live_member *next;
	uint8_t service[DNAME_MAX];
	char label[LABEL_MAX + 1];
};

struct live; /* the registry: control thread only */

struct live *live_new(void);
/* Frees every record, whoever still holds it. */
void live_delete(struct live *l);
/* The record, without taking a reference; NULL: there is none. `service` in wire form, lower case. */
struct live_member *live_find(const struct live *l, const uint8_t *service, const char *label);
/* Finds or makes the record of a member and takes a reference; NULL: no memory. */
struct live_member *live_get(struct live *l, const struct service *s, const struct member *m);
/* Gives a reference back; the last one frees the record. */
void live_put(struct live *l, struct live_member *m);

#endif
