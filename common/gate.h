/*
 * gate: verdicts -> the set of candidates, as far as all clients have it in
 * common (spec 4, health gate). Pure.
 */
#ifndef FAIRLEAD_GATE_H
#define FAIRLEAD_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "service.h"
#include "verdict.h"

/* What is known of one member at one moment. */
struct member_view {
	enum verdict verdict;
	bool in_hold;      /* came back from down less than `hold` ago */
	uint16_t percent;  /* of its weight, as an agent has it; 0: nobody says anything */
};

/* The first candidate set that is not empty (spec 4, health gate). */
enum gate_step { GATE_UP = 1, GATE_UP_ANY, GATE_BACKUP, GATE_FAIL, GATE_NONE };

/* So many members may be copied at once: whoever allocates a gate shorter than it is rounds up to a multiple. */
#define GATE_STRIDE 8

struct gate {
	enum gate_step step;
	uint32_t weight;                        /* of all of them together */
	uint16_t n;
	uint16_t nmore;                         /* a policy that sheds: those that step 2 has besides stand behind */
	uint16_t members[SERVICE_MEMBERS_MAX];  /* indexes into service.members, ascending (each part) */
};

/*
 * The sets as far as all clients have them in common: who is shed depends on
 * the client, so that is select_order's affair.
 *
 * `views` has one entry a member. `exclude_site`: index of a site whose members
 * are no candidates (fwd: its own), or MEMBER_NO_SITE. `may_fail`: step 4 is
 * allowed (dnsd); else the gate ends in GATE_NONE after step 3 (fwd).
 */
void gate_compute(const struct service *s, const struct member_view *views, int exclude_site,
                  bool may_fail, struct gate *out);

#endif
