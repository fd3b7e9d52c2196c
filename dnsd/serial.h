/*
 * serial: the arithmetic of zone serials (RFC 1982). Pure.
 */
#ifndef FAIRLEAD_SERIAL_H
#define FAIRLEAD_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/* `a` comes before `b`; false for equal ones and for those half the circle apart, which have no order (section 3.2). */
static inline bool serial_before(uint32_t a, uint32_t b)
{
	return a != b && b - a < 0x80000000u;
}

/*
 * The serial after `last`: the clock's (seconds since 1970) where that is
 * later, so that it grows over a restart, too; congruent to `index` (0 to
 * `sites` - 1) modulo `sites`, so that the primaries of several sites never
 * give the same serial to different zones.
 */
uint32_t serial_next(uint32_t last, uint32_t now, uint32_t index, uint32_t sites);

#endif
