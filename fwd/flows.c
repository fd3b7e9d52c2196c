#include "flows.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST 64

void flows_init(struct flows *t, const uint64_t secret[2])
{
	memset(t, 0, sizeof *t);
	memcpy(t->secret, secret, sizeof t->secret);
}

void flows_free(struct flows *t)
{
	free(t->slots);
	t->slots = NULL;
	t->size = t->count = 0;
}

void flow_key_make(struct flow_key *key, uint64_t socket, const struct addr *client, const uint8_t *asked)
{
	bool six = client->sa.sa_family == AF_INET6;
	memset(key, 0, sizeof *key);
	key->socket = socket;
	memcpy(key->client, addr_bytes(client), six ? 16 : 4);
	if (asked)
		memcpy(key->asked, asked, sizeof key->asked);
	key->scope = six ? client->in6.sin6_scope_id : 0;
	key->port = six ? client->in6.sin6_port : client->in4.sin_port;
	key->family = client->sa.sa_family;
}

/* 128 bits of product, folded: each bit of the result depends on all of both. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t flows_hash(const struct flows *t, const struct flow_key *key)
{
	uint64_t words[sizeof *key / sizeof(uint64_t)], h = t->secret[0];
	memcpy(words, key, sizeof words);
	for (size_t i = 0; i < sizeof words / sizeof *words; i += 2)
		h = fold(words[i] ^ h, words[i + 1] ^ t->secret[1] ^ (i << 56));
	return fold(h ^ t->secret[1], t->secret[0]);
}

/* Where an entry of this hash would like to be. */
static size_t home(const struct flows *t, uint64_t hash)
{
	return (size_t)hash & (t->size - 1);
}

struct flow_entry *flows_find(const struct flows *t, const struct flow_key *key, uint64_t hash)
{
	if (!t->count)
		return NULL;
	for (size_t i = home(t, hash); t->slots[i].entry; i = (i + 1) & (t->size - 1))
		if (t->slots[i].hash == hash && memcmp(&t->slots[i].entry->key, key, sizeof *key) == 0)
			return t->slots[i].entry;
	return NULL;
}

static void put(struct flows *t, struct flow_slot slot)
{
	size_t i = home(t, slot.hash);
	while (t->slots[i].entry)
		i = (i + 1) & (t->size - 1);
	t->slots[i] = slot;
}

static bool grow(struct flows *t)
{
	size_t size = t->size;
	struct flow_slot *old = t->slots, *more = calloc(size ? size * 2 : SIZE_FIRST, sizeof *more);
	if (!more)
		return false;
	t->slots = more;
	t->size = size ? size * 2 : SIZE_FIRST;
	for (size_t i = 0; i < size; i++)
		if (old[i].entry)
			put(t, old[i]);
	free(old);
	return true;
}

bool flows_add(struct flows *t, struct flow_entry *e)
{
	if (t->count * 2 >= t->size && !grow(t))
		return false;
	put(t, (struct flow_slot){ e->hash, e });
	t->count++;
	return true;
}

/* Those behind that were pushed away from their place by it move up, so that no search stops short of them. */
void flows_remove(struct flows *t, const struct flow_entry *e)
{
	size_t mask = t->size - 1, hole = home(t, e->hash);
	while (t->slots[hole].entry != e)
		hole = (hole + 1) & mask;
	for (size_t i = (hole + 1) & mask; t->slots[i].entry; i = (i + 1) & mask) {
		size_t from_home = (i - home(t, t->slots[i].hash)) & mask;
		if (from_home < ((i - hole) & mask))
			continue; /* its place is behind the hole */
		t->slots[hole] = t->slots[i];
		hole = i;
	}
	t->slots[hole].entry = NULL;
	t->count--;
}
