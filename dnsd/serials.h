/*
 * serials: up to which serial each zone's have been given, in the state folder,
 * so that none goes back over a restart even where they ran ahead of the clock
 * (many changes, or a file that counts by date). Text, a line a zone:
 *
 *     fairlead-serials 1
 *     gslb.example.com. 1795350000
 *     end
 *
 * What is written is ahead of what was given, so that the file is written now
 * and then, not at each change; by a thread, since a disk may take its time.
 * Control thread only.
 */
#ifndef FAIRLEAD_SERIALS_H
#define FAIRLEAD_SERIALS_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct serials;

/* Reads what is there; a file that can't be used is said and counts as none. NULL: no memory. */
struct serials *serials_new(struct event_base *base, const char *folder);
/* Writes what is unwritten. */
void serials_delete(struct serials *s);

/* What was reserved for a zone (wire form, lower case) by an earlier run or this one. */
bool serials_find(const struct serials *s, const uint8_t *origin, uint32_t *last);

/* `serial` is given; returns up to which others may be without asking again. They go in steps of `step`. */
uint32_t serials_reserve(struct serials *s, const uint8_t *origin, uint32_t serial, uint32_t step);

#endif
