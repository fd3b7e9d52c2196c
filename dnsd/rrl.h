/*
 * rrl: response rate limiting by client network and class of answer, so that
 * nobody can make us flood a third party with forged queries. One table for all
 * threads, of a fixed size, without locks: a bucket is one word.
 */
#ifndef FAIRLEAD_RRL_H
#define FAIRLEAD_RRL_H

#include <stdbool.h>
#include <stdint.h>
#include "../common/addr.h"
#include "rr.h"

struct rrl;

/* Apart, as a flood of one kind shall not take the answers of another kind away. */
enum rrl_class { RRL_ANSWER, RRL_NXDOMAIN, RRL_ERROR };

static inline enum rrl_class rrl_class_of(enum rcode rcode)
{
	return rcode == RCODE_NOERROR ? RRL_ANSWER : rcode == RCODE_NXDOMAIN ? RRL_NXDOMAIN : RRL_ERROR;
}

/* `seed`: nobody outside may know which networks share a bucket. NULL: no memory. */
struct rrl *rrl_new(uint64_t seed);
void rrl_delete(struct rrl *t);

/*
 * Takes one answer to a network at `now_ns` (monotonic). A network that was
 * silent for a second has `per_second` of them at once; after that one each
 * 1/`per_second` seconds. False: it has had its share. Any thread.
 */
bool rrl_take(struct rrl *t, const struct prefix *network, enum rrl_class class, unsigned per_second, int64_t now_ns);

#endif
