/*
 * dgrampeer: a server over UDP on an event base, whose answers are made by a
 * function: for unit tests in their own process.
 */
#ifndef FAIRLEAD_DGRAMPEER_H
#define FAIRLEAD_DGRAMPEER_H

#include <stddef.h>
#include <stdint.h>
#include "addr.h"

#define DGRAM_MAX 4096

struct event_base;
struct dgrampeer;

/* Writes the answer; returns its length, 0: silence. */
typedef size_t dgram_answer(void *arg, const uint8_t *asked, size_t n, uint8_t answer[DGRAM_MAX]);

/* Listens on a port of 127.0.0.1. NULL: it cannot. */
struct dgrampeer *dgrampeer_new(struct event_base *base, dgram_answer *answer, void *arg);
void dgrampeer_delete(struct dgrampeer *p);
const struct addr *dgrampeer_address(const struct dgrampeer *p);
unsigned dgrampeer_asked(const struct dgrampeer *p);            /* how many datagrams came */
const struct addr *dgrampeer_client(const struct dgrampeer *p); /* the newest one's source */

#endif
