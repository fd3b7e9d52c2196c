/* What networks are made of: for network.c, which looks up, and network_file.c, which reads. */
#ifndef FAIRLEAD_NETWORK_PARTS_H
#define FAIRLEAD_NETWORK_PARTS_H

#include "network.h"
#include "ranges.h"

struct networks {
	struct ranges *ranges;     /* address -> offset in `lists` */
	uint16_t *lists;           /* a network_sites each, one behind the other */
	size_t prefixes, bytes;    /* lines; memory of `lists` */
};

#endif
