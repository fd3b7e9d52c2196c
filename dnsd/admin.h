/*
 * admin: what operators have ordered (spec 6): members and sites that are to
 * be taken for up, down or drained, whatever is observed. Orders are kept by
 * owner name, the one with the highest seq wins, a deleted one leaves a
 * tombstone, and all of them are in the state folder.
 *
 *     LABEL._admin.SERVICE   one member          SITE._sites.ORIGIN   all of the site's members in the zone
 *
 * Where both exist for a member, the later one (the higher seq) holds.
 *
 * The control thread has them; query threads read an immutable copy (RCU).
 */
#ifndef FAIRLEAD_ADMIN_H
#define FAIRLEAD_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/service.h"
#include "../common/update.h"

/* Every member and every site may have one; a site's key that writes more is stopped. */
#define ADMIN_MAX 100000
/* Tombstones, and orders whose time is over, are forgotten after this. */
#define ADMIN_KEPT_SECONDS (7 * 86400)

struct admin;
struct event_base;

struct admin_calls {
	/* An order's time is over: verdicts may be others. */
	void (*ended)(void *arg);
	/* Everything that was put until `mark` (admin_mark) is on the disk, or can't be written. */
	void (*saved)(void *arg, uint64_t mark, bool good);
	/* Frees `p` after a grace period of the query threads. */
	void (*retire)(void *arg, void *p);
	void *arg;
};

/* Reads what the state folder has. NULL: no memory. */
struct admin *admin_new(struct event_base *base, const char *folder, const struct admin_calls *calls);
/* Waits until all is written. Query threads have ended. */
void admin_delete(struct admin *a);

/* `owner` in wire form, lower case. NULL: none, and no tombstone. */
const struct update_admin *admin_find(const struct admin *a, const uint8_t *owner);

enum admin_result { ADMIN_OLD, ADMIN_TAKEN, ADMIN_FULL };
/* Keeps an order that is stamped (seq). Not newer than the one there, or an old tombstone: ADMIN_OLD, nothing changes. */
enum admin_result admin_put(struct admin *a, const uint8_t *owner, const struct update_admin *order);
/* Number of the last change, for admin_calls.saved. */
uint64_t admin_mark(const struct admin *a);

/* The order that holds for a member; VERDICT_UNKNOWN: none. `site`: its site's name, or NULL. */
enum verdict admin_order(const struct admin *a, const struct service *s, const struct member *m, const char *site);

/* The highest seq of those orders for a member that are deleted, or set it up; 0: none. */
uint64_t admin_cleared(const struct admin *a, const struct service *s, const struct member *m, const char *site);

/* All of them, in the order of their owners. */
size_t admin_count(const struct admin *a);
const uint8_t *admin_at(const struct admin *a, size_t i, const struct update_admin **order);

/* --- any thread, within a grace period --- */

/* The rdata of the TXT record at `owner`: two octets of length, then so many. NULL: none. */
const uint8_t *admin_rdata(const uint8_t *owner);

#endif
