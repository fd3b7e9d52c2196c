#include "serial.h"

uint32_t serial_next(uint32_t last, uint32_t now, uint32_t index, uint32_t sites)
{
	uint32_t least = last + 1;
	if (serial_before(least, now))
		least = now;
	uint32_t up = (index + sites - least % sites) % sites;
	/* Past 2^32 it begins again: `index` is the first of its kind there. */
	return least + up < least ? index : least + up;
}
