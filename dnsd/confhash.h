/*
 * confhash: one number of all that has to be equal at every site (spec 5,
 * _sites): sites, checks, policies, and the services of a zone. What is a
 * machine's own (listeners, threads, paths, secrets) is left out.
 */
#ifndef FAIRLEAD_CONFHASH_H
#define FAIRLEAD_CONFHASH_H

#include <stddef.h>
#include <stdint.h>
#include "../common/conf.h"
#include "../common/service.h"

/*
 * The order of sites, checks, policies and services does not matter; that of
 * rules and members does. `records`: the caller's number for the zone's
 * standard records, 0 without. Never 0.
 */
uint32_t confhash(const struct conf *conf, const struct service *const *services, size_t n, uint64_t records);

#endif
