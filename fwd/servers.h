/*
 * servers: the real servers of a site: which can be used, how busy each is,
 * and which one the next connection gets.
 *
 *     main thread: watch (checks) ---> up        <--- server_refused: workers
 *     workers:     sessions +1 -1, pool_pick
 *
 * A server's record is found by (service, check, address, TCP or UDP), so it outlives a
 * reload: what is down stays down, sessions stay counted. The rule that makes
 * it safe: what several threads touch is one atomic each; records live as long
 * as a setup that names them, and a session holds its setup.
 */
#ifndef FAIRLEAD_SERVERS_H
#define FAIRLEAD_SERVERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "check.h"
#include "conf.h"
#include "watch.h"

struct server {
	struct addr address;
	_Atomic(bool) up;           /* not known to be down; before the first check it is tried */
	_Atomic(bool) down;         /* by its check or a refusal; unlike !up not while it drains */
	_Atomic(uint32_t) sessions; /* all workers' */
	_Atomic(uint32_t) refused;  /* enum check_result that a worker met and the main thread has not seen yet; 0: none */
	/* main thread only */
	unsigned refs;
	struct servers *registry;
	bool datagram;
	struct server *next;
	struct watch *watch;
	char *service, *check;      /* check "": none */
	enum proxy_send send_proxy; /* what its probes begin with */
};

/* The real servers of one listener; immutable but for what `turn` points to. */
struct pool {
	struct server **servers;
	unsigned *weights;
	size_t n;
	enum balance balance;
	int64_t *turn;              /* roundrobin: n numbers a worker, each thread turns by itself */
};

struct servers; /* the registry: main thread only */

/* `wake`: an eventfd that a worker writes to after server_refused. */
struct servers *servers_new(struct checker *checker, int wake);
/* Called on the main thread when a server's state has changed. */
void servers_on_change(struct servers *r, void (*changed)(void *arg), void *arg);
void servers_delete(struct servers *r);

/*
 * The pool of a listener, with references to its records. With `watch` the
 * checks begin, or go on and borrow the new configuration from now on; call
 * pool_watch for that once the configuration is in force. NULL: no memory.
 */
struct pool *pool_new(struct servers *r, const struct conf_listener *l, unsigned workers);
/* False: no memory. */
bool pool_watch(struct servers *r, struct pool *p, const struct conf_listener *l);
/* Every server with a check has a result. Main thread. */
bool servers_known(const struct servers *r);
/* Gives the references back; a record without any is deleted with its watch. */
void pool_delete(struct servers *r, struct pool *p);

/* A worker met this failure when it connected: out of use at once, until its check passes again. Any thread. */
void server_refused(struct servers *r, struct server *s, enum check_result why);

/* Passes on to the watches what workers met since the last call, and logs it. Main thread, after a wake-up. */
void servers_take_refused(struct servers *r);

struct pool_input {
	const struct addr *client;  /* hash */
	uint64_t random;            /* a fresh uniform one */
	uint64_t tried;             /* bit i: server i is no candidate; servers from 63 on share bit 63 */
	unsigned worker;            /* index: whose turn */
};

/* The bit of a server in pool_input.tried. */
static inline uint64_t pool_bit(size_t i) { return 1ull << (i < 63 ? i : 63); }

/* The next server by `balance`: an index, or -1 when none is left. Those of weight 0 only when no other is. Any thread. */
int pool_pick(const struct pool *p, const struct pool_input *in);

/* Is there any server that pool_pick could give? Any thread. */
bool pool_usable(const struct pool *p);

struct pool_counts {
	unsigned up, all;           /* servers */
	enum verdict state;         /* up: any is; unknown: not all have been checked */
};
/* Main thread. */
void pool_count(const struct pool *p, struct pool_counts *out);

#endif
