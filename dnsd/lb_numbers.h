/*
 * lb_numbers: the numbers of a service's members as the query threads see
 * them: one array, immutable, behind a pointer of its own beside lb_state.
 * Numbers change with every check and every report, verdicts hardly ever: so
 * neither waits for the other, a choice sees one moment's numbers of all
 * members in consecutive memory, and services whose policy doesn't ask for
 * numbers have none. Control thread.
 */
#ifndef FAIRLEAD_LB_NUMBERS_H
#define FAIRLEAD_LB_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>
#include "lb.h"

/*
 * Before the first lb_numbers_publish of a service, once its members' records
 * are there: what is kept in them for shedding, which a reload doesn't forget.
 * False: no memory.
 */
bool lb_numbers_prepare(struct lb *lb);

/* It comes into force: its members' records know whether somebody asks for numbers, and forget how busy they were if nobody sheds by it any more. */
void lb_numbers_adopt(const struct lb *lb);

/*
 * Gathers what is known at `now` (ns, CLOCK_MONOTONIC) and, where it differs
 * from what is published, publishes it; *old is what was (to be freed after a
 * grace period) or NULL. False: no memory, the old numbers stay.
 */
bool lb_numbers_publish(struct lb *lb, int64_t now, struct member_numbers **old);

/* They may be others soon though nobody says anything more: shedding follows its own answers. */
bool lb_numbers_are_moving(const struct lb *lb);

#endif
