/*
 * ranges: every IPv4 and IPv6 address -> a number, or none. Made once from
 * ranges in ascending order, then never changed.
 *
 *     address   0          10.0.0.0      10.1.0.0      11.0.0.0
 *     key       |            |             |             |
 *     value     none         7             none          4
 *
 * Neighbours always have different values, so a range is all that gives one
 * outcome, and the exact scope of an answer (RFC 7871 section 7.2.1) is read
 * off the two ends of the range: no longer prefix is needed, no shorter one
 * would do. A trie would have to keep that beside each leaf.
 *
 * IPv4 has an index of the upper bits and halves what is left. IPv6 keys
 * are the upper 64 bits under levels of every eighth key (a cache line each);
 * the few /64 that are cut have a slice of their own for the lower 64 bits. A
 * range costs 8 to 12 bytes in IPv4, 13.2 in IPv6.
 */
#ifndef FAIRLEAD_RANGES_H
#define FAIRLEAD_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"

#define RANGES_NONE UINT32_MAX       /* no value */
#define RANGES_VALUE_MAX 0x7fffffffu /* the largest that can be given */

struct ranges;
struct ranges_maker;

/* NULL: no memory. */
struct ranges_maker *ranges_maker_new(void);

/*
 * From this address on, up to the next one that is given for its family, the
 * value holds. Ascending; of two for one address the later counts. Whatever
 * goes wrong (no memory, too many) is told by ranges_make.
 */
void ranges_from4(struct ranges_maker *m, uint32_t address, uint32_t value);
void ranges_from6(struct ranges_maker *m, uint64_t high, uint64_t low, uint32_t value);

/*
 * The same for an IPv6 range in which the 32 bits behind the first `length`
 * (0..96) are an IPv4 address, whose value holds: 2002::/16, ::ffff:0:0/96.
 * After all of IPv4.
 */
void ranges_from6_as4(struct ranges_maker *m, uint64_t high, uint64_t low, unsigned length);

/* Ends and frees the maker. NULL: no memory, or more ranges than 2^31. */
struct ranges *ranges_make(struct ranges_maker *m);
void ranges_free(struct ranges *r);

/*
 * The value at `a`, or RANGES_NONE (also for an address of no family).
 * *scope (NULL: nobody asks) is raised to the length of the shortest prefix of
 * `a` within which all have this outcome.
 */
uint32_t ranges_find(const struct ranges *r, const struct addr *a, uint8_t *scope);

/* Addresses that are looked up together. */
#define RANGES_AHEAD_MAX 64

/*
 * What look-ups of these `n` addresses (RANGES_AHEAD_MAX at most) are about to
 * read is brought into the cache: for all of them at a time, so that they wait
 * for memory once and not one after the other. Fills `values` with what they
 * will find. Costs half as much as the look-ups, without the waiting.
 */
void ranges_ahead(const struct ranges *r, const struct addr *a, size_t n, uint32_t *values);

/* Bytes of memory that it takes, and how many ranges it has. */
size_t ranges_bytes(const struct ranges *r);
size_t ranges_count(const struct ranges *r);

#endif
