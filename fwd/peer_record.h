/*
 * peer_record: one TXT record of _health.SERVICE (spec 5), string by string:
 *     "site=den" "state=up" "source=home" ...
 * Pure. Keys that the forwarder has no use for, or that a later version
 * brings, are passed over.
 */
#ifndef FAIRLEAD_PEER_RECORD_H
#define FAIRLEAD_PEER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include "dname.h"
#include "select.h"
#include "verdict.h"

struct peer_record {
	char label[LABEL_MAX + 1];  /* of the member: `name`, else `site`; "": neither was there */
	bool has_state;
	enum verdict state;
	bool by_admin;              /* source=admin: an operator's word */
	struct member_numbers numbers; /* what it says of them; no use_ppm */
	uint16_t percent;           /* agent=75%: of its weight, as an agent has it; 0: nobody says anything */
	bool has_shed;
	uint32_t shed;              /* of its clients, millionths */
	bool named;                 /* `name` was there (peer_record.c only) */
};

void peer_record_init(struct peer_record *r);
/* One "key=value"; `len` bytes, no NUL needed. */
void peer_record_add(struct peer_record *r, const void *string, size_t len);

#endif
