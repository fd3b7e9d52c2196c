/* How ranges lie in memory: for ranges.c, which looks up, and ranges_make.c, which makes them. */
#ifndef FAIRLEAD_RANGES_PARTS_H
#define FAIRLEAD_RANGES_PARTS_H

#include "ranges.h"

/* Keys of one cache line: what a step of the search looks at. */
#define FAN 8
/* 8^11 keys are more than there can be. */
#define LEVELS_MAX 11

/* Bits of the index of IPv4: about one range a slot, so that halving touches one line; 4 MiB at most. */
#define INDEX_BITS_MIN 8
#define INDEX_BITS_MAX 20

/* Values beside those that were given: which 32 bits are an IPv4 address, and which slice has the rest. */
#define AS4 0xffffff00u
#define SLICE 0x80000000u
#define SLICES_MAX (AS4 - SLICE)

/* A /64 in which not all have the same value. */
struct slice {
	uint32_t start;    /* of its keys in `low` */
	uint32_t first;    /* the value before the first of them */
};

/* From which address on which value holds: side by side, since whoever reads the one wants the other. */
struct pair { uint32_t key, value; };

struct ranges {
	struct pair *pairs4;
	uint32_t n4;
	uint32_t *first4;                /* by the upper bits: the range in which the lowest such address lies; behind them the last */
	unsigned shift4;                 /* bits that this index leaves away */
	uint64_t *levels[LEVELS_MAX];    /* [0]: the keys; [l + 1]: every eighth of [l], padded */
	unsigned nlevels;
	uint32_t *values6;
	uint32_t n6;
	uint64_t *low; uint32_t *low_values;
	struct slice *slices;            /* and one more, which ends the last */
	uint32_t nlow, nslices;
};

#endif
