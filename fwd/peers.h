/*
 * peers: what the forwarder knows of the members of its services, and which of
 * them a client is sent to. Every exchange.interval it asks a dnsd for
 * _health.SERVICE TXT (spec 5), the way anyone can, by c-ares on the event
 * loop of the main thread; the next of forward.dnsd when one is mute.
 *
 *     main thread: ask -> parse -> one atomic word a member, and its numbers
 *                  (round trips: peers_rtt.h)
 *     workers:     words -> gate (own site excluded, steps 1 to 3) -> select_order
 *
 * The rule that makes it safe: the main thread alone writes words, any thread
 * reads them, and nothing else changes while workers run. With no answer the
 * last state stays. Before the first answer all peers count as usable.
 */
#ifndef FAIRLEAD_PEERS_H
#define FAIRLEAD_PEERS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "conf.h"
#include "select.h"
#include "service.h"

#define PEERS_WHY_MAX 160

struct peers;
struct peers_service;

/*
 * Begins to ask for `count` services; asks the first time at once. conf and
 * the services are borrowed and must outlive it. `before`: the peers of the
 * configuration until now, whose states are taken over by service and label;
 * NULL: none. NULL on failure, with `why` set. Main thread.
 */
struct peers *peers_new(struct event_base *base, const struct conf *conf, const struct service *const *services,
                        size_t count, const struct peers *before, char *why);

/* Writes to this eventfd whenever something of a member has changed. -1: to none. Main thread. */
void peers_wake(struct peers *p, int wake);

/*
 * `pass` returns when every worker has finished what it was doing when it was
 * called: then nobody looks at what was replaced before. Without it there must
 * be no workers. Main thread.
 */
void peers_on_pass(struct peers *p, void (*pass)(void *arg), void *arg);

/*
 * Asks no more, but keeps what is known: for the peers of an old configuration
 * that some sessions still need. Main thread.
 */
void peers_stop(struct peers *p);

/* Stops asking and frees. No worker may use its services any more. Main thread. */
void peers_delete(struct peers *p);

/* The one of this service name (wire form, lower case); NULL: none. Good until peers_delete. */
struct peers_service *peers_find(const struct peers *p, const uint8_t *service);

const struct service *peers_service_of(const struct peers_service *ps);

/*
 * The members that this client may be sent to, best first, as indexes into
 * service.members: up to `max` into `members_out`; returns how many. Own site
 * excluded; gate steps 1 to 3. `for_redirect`: members at no site of ours
 * (`-`) and those with a host name target are candidates, too. `random`: a
 * fresh uniform one. A member of which nobody knows anything yet comes behind
 * those that are up. Any thread.
 */
size_t peers_choose(struct peers_service *ps, const struct addr *client, uint64_t random, bool for_redirect,
                    uint16_t *members_out, size_t max);

/* What the selector goes by at this moment, for who asks it himself: relays only, nothing of a client. */
struct peers_look {
	struct gate gate;
	struct member_numbers numbers[SERVICE_MEMBERS_MAX];
	struct service weighed;     /* with the weights of the moment, where agents say some (weigh.h) */
	struct member weighed_members[SERVICE_MEMBERS_MAX];
	struct select_input in;     /* points to the above, and into the configuration */
};
/* peers_known has to hold. Any thread. */
void peers_look(const struct peers_service *ps, struct peers_look *out);

/* Does a choice change without a word from peers_wake: by numbers, or by the clock? Any thread. */
bool peers_change_unsaid(const struct peers_service *ps);

/* Is there any (peers_choose would return at least 1)? Cheaper. Any thread. */
bool peers_usable(const struct peers_service *ps, bool for_redirect);

/* Is this member known to be down? Any thread. */
bool peers_is_down(const struct peers_service *ps, size_t member);

/* All our own members were set down by an operator, so local servers are to count as down (spec 6). Any thread. */
bool peers_own_set_down(const struct peers_service *ps);

/* The dnsd says that this member is down or drained: nobody new is sent to it. Any thread. */
bool peers_is_out(const struct peers_service *ps, size_t member);

/* A dnsd has answered for this service, now or before a reload. Any thread. */
bool peers_known(const struct peers_service *ps);

/* The port of a member towards which we relay or redirect: its LB line's, else the one that the client dialled. */
static inline uint16_t peers_port(const struct member *m, uint16_t dialled_port)
{
	return m->port ? m->port : dialled_port;
}

#endif
