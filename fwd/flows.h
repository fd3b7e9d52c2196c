/*
 * flows: the table of a worker's UDP sessions: which one does a datagram
 * belong to? Open addressing with linear probing, at most half full; who is
 * taken out leaves no mark, those behind close up.
 *
 *     datagram -> key (listening socket, client and port, address asked) -> hash -> flow
 *
 * Clients choose most of the key, so the hash has a secret: nobody can make
 * many of them meet in one place. No sockets and no clock; one thread uses it.
 */
#ifndef FAIRLEAD_FLOWS_H
#define FAIRLEAD_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"

/* Compared and hashed whole: every byte is set, there is no padding. */
struct flow_key {
	uint64_t socket;            /* which listening socket: any number of its own */
	uint8_t client[16], asked[16]; /* IPv4: the first 4; asked: 0 where the socket is bound to one address */
	uint32_t scope;             /* of the client's address */
	uint16_t port, family;
};

/* What the table knows of a flow: embed it. */
struct flow_entry {
	struct flow_key key;
	uint64_t hash;
};

struct flow_slot {
	uint64_t hash;
	struct flow_entry *entry;   /* NULL: free */
};

struct flows {
	struct flow_slot *slots;    /* NULL until the first is added */
	size_t size, count;         /* size: a power of two */
	uint64_t secret[2];
};

/* `secret`: two random numbers. */
void flows_init(struct flows *t, const uint64_t secret[2]);
/* The entries are the caller's. */
void flows_free(struct flows *t);

/* `asked`: 16 bytes, or NULL. */
void flow_key_make(struct flow_key *key, uint64_t socket, const struct addr *client, const uint8_t *asked);

uint64_t flows_hash(const struct flows *t, const struct flow_key *key);

/* NULL: none. `hash`: of the key. */
struct flow_entry *flows_find(const struct flows *t, const struct flow_key *key, uint64_t hash);

/* Its key and hash are set, and not in the table. False: no memory. */
bool flows_add(struct flows *t, struct flow_entry *e);

/* It is in the table. */
void flows_remove(struct flows *t, const struct flow_entry *e);

#endif
