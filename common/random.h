/*
 * random: numbers drawn without a system call, and the same ones again from
 * the same state.
 */
#ifndef FAIRLEAD_RANDOM_H
#define FAIRLEAD_RANDOM_H

#include <stdint.h>

/* 64 well-mixed bits from a state that the caller keeps (splitmix64). */
static inline uint64_t random64(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

#endif
