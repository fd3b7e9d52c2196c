/*
 * version: a zone as it is transferred, at one serial: the records of its file
 * and, for each service, the records that stand for its answers of that
 * moment. Never changed once it is published, so a transfer that takes an hour
 * still sends one consistent zone.
 *
 *     zone_version -> page -> 256 renders   (pages without a change are shared with the version before)
 *                  -> zone                  (pinned: a reload leaves it in memory as long as it is sent)
 *                  -> deltas                (what changed since the serials before, for IXFR)
 *
 * Who may do what: the control thread makes, publishes and frees versions, and
 * all counts but one are its own. `users` is atomic: any thread that sees a
 * published version (inside an RCU read) may take a hold and keep it beyond,
 * and gives it back whenever it is done. A version that isn't published any
 * more is freed after a grace period, once nobody holds it.
 */
#ifndef FAIRLEAD_VERSION_H
#define FAIRLEAD_VERSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "render.h"

struct zone;

/* Changes that are remembered for IXFR. A secondary that is further behind gets the whole zone. */
#define DELTAS_MAX 128
/* Services in all of them together: each keeps its old records in memory. */
#define DELTA_ITEMS_MAX 65536
#define PAGE_RENDERS 256

struct page { unsigned refs; struct render *renders[PAGE_RENDERS]; };

struct delta_item { size_t service; struct render *old; };

/* What differs between the version of serial `from` and the next one. */
struct delta {
	unsigned refs;
	uint32_t from;
	size_t n;
	struct delta_item items[];
};

struct zone_version {
	_Atomic(unsigned) users;     /* transfers */
	uint32_t serial;
	const struct zone *zone;
	size_t npages;
	struct page **pages;
	unsigned ndeltas;
	struct delta *deltas[DELTAS_MAX]; /* oldest first, each beginning where the one before ended; the last ends here */
	bool unseen;                 /* control thread: a grace period has passed since it was replaced */
	struct zone_version *next;   /* control thread: of those that wait to be freed */
};

static inline struct render *version_render(const struct zone_version *v, size_t service)
{
	return v->pages[service / PAGE_RENDERS]->renders[service % PAGE_RENDERS];
}

/* With a render for each service, taken over from `renders` whatever happens. `zone` is the caller's to pin. NULL: no memory. */
struct zone_version *version_new(const struct zone *zone, uint32_t serial, struct render **renders);

/* A service with other records than in the version before; `render` is taken over whatever happens. */
struct version_change { size_t service; struct render *render; };

/*
 * The version after `old`, that remembers the changes. `zone`: old->zone, or
 * one read anew with the same records and services. With old's serial (n is 0
 * then) it is old as seen from the new zone. NULL: no memory.
 */
struct zone_version *version_next(const struct zone_version *old, const struct zone *zone, uint32_t serial,
                                  const struct version_change *changes, size_t n);

/* Frees it: nobody sees or holds it any more. The zone's pin is the caller's to give back. */
void version_delete(struct zone_version *v);

#endif
