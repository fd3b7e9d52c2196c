#include "zone.h"

#include <endian.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "lb.h"

/* The smallest arena and table: a small zone must not cost a page more than it needs. */
#define ARENA_FIRST 16384
#define SLOTS_FIRST 64
#define LARGE_PAGE ((size_t)2 << 20)
/* More would need more bits than a tag has. The arena, of 2^32 units of 8 bytes, is full long before. */
#define SLOTS_MAX ((size_t)1 << 31)

static uint64_t seed = 0x243f6a8885a308d3u;

void zone_hash_seed(uint64_t s)
{
	seed ^= s;
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 p = (unsigned __int128)(a ^ 0xa0761d6478bd642fu) * (b ^ 0xe7037ed1a0b428dbu);
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static inline uint64_t load8(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return le64toh(v); /* byte i of the text is bits 8i.. everywhere */
}

/* Bits of the first n (1..8) of 8 bytes. */
static inline uint64_t first_bytes(size_t n)
{
	return ~(uint64_t)0 >> (64 - 8 * n);
}

/* Of a name in lower case, or a part of one. Reads up to 7 bytes past it. */
static inline uint64_t hash_name(const uint8_t *p, size_t n)
{
	uint64_t h = seed + n;
	for (; n > 8; n -= 8, p += 8)
		h = mix(load8(p), h);
	return n ? mix(load8(p) & first_bytes(n), h) : h;
}

/* Names are short: comparing 8 bytes at a time in place beats a call of memcmp. Reads up to 7 bytes past both. */
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (; n > 8; n -= 8, a += 8, b += 8)
		if (load8(a) != load8(b))
			return false;
	return n == 0 || ((load8(a) ^ load8(b)) & first_bytes(n)) == 0;
}

/* Sixteen bytes at once: every processor that we meet has registers for them, and the compiler knows what to do without. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));

/* A-Z to a-z (RFC 4343); length octets are below 'A', and bytes of 0x80 and more are nobody's letters. */
static inline void lower16(uint8_t *out, const uint8_t *in)
{
	bytes16 v;
	memcpy(&v, in, sizeof v);
	bytes16 upper = (bytes16)((bytes16)(v - 'A') < 26);
	v |= upper & 0x20;
	memcpy(out, &v, sizeof v);
}

size_t zone_name_read(struct zone_name *n, const uint8_t *name, size_t max)
{
	unsigned labels = 0, at = 0;
	if (max > DNAME_MAX)
		max = DNAME_MAX;
	for (;; labels++) {
		if (at >= max)
			return 0;
		n->start[labels] = (uint8_t)at;
		unsigned label = name[at];
		if (!label)
			break;
		if (label > LABEL_MAX)
			return 0;
		at += label + 1;
	}
	for (unsigned i = 0; i <= at; i += 16)
		lower16(n->wire + i, name + i);
	n->len = (uint8_t)(at + 1);
	n->labels = (uint8_t)labels;
	return at + 1;
}

void zone_name_set(struct zone_name *n, const uint8_t *name, size_t len)
{
	uint8_t copy[DNAME_MAX + ZONE_NAME_SLACK];
	memcpy(copy, name, len);
	memset(copy + len, 0, ZONE_NAME_SLACK);
	zone_name_read(n, copy, len);
}

uint64_t zone_name_hash(const uint8_t *name, size_t len)
{
	return hash_name(name, len);
}

bool zone_is_origin_of(const struct zone *z, const struct zone_name *n, unsigned labels)
{
	size_t at = zone_name_at(n, labels);
	return n->len - at == z->origin_len && same_bytes(z->origin, n->wire + at, z->origin_len);
}

/*
 * The upper half of the hash, of which the topmost bits are the slot's index: so
 * a table grows without a look at the nodes, which lie about in memory. The bits
 * that the index leaves (11 of a million names) keep other names apart.
 */
static inline uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* The node with this name, given without the origin's part and with 7 readable bytes behind. */
static inline const struct node *probe(const struct zone *z, const uint8_t *relative, size_t len)
{
	uint64_t hash = hash_name(relative, len);
	uint32_t tag = tag_of(hash);
	for (size_t i = (size_t)(hash >> z->shift);; i = (i + 1) & (z->nslots - 1)) {
		const struct zone_slot *s = &z->slots[i];
		if (!s->ref)
			return NULL;
		if (s->tag != tag)
			continue;
		const struct node *n = zone_node(z, s->ref);
		if (n->name_len == len && same_bytes(n->name, relative, len))
			return n;
	}
}

static inline size_t relative_len(const struct zone *z, const struct zone_name *n, unsigned labels)
{
	return (size_t)(n->len - zone_name_at(n, labels)) - z->origin_len;
}

const struct node *zone_find(const struct zone *z, const struct zone_name *n, unsigned labels)
{
	size_t at = zone_name_at(n, labels);
	return probe(z, n->wire + at, n->len - at - z->origin_len);
}

/* All above an existing node exist: the lowest is found by halving, after a look at the usual place. */
const struct node *zone_closest(const struct zone *z, const struct zone_name *n, unsigned most, unsigned *labels)
{
	unsigned there = z->origin_labels, missing = (most < z->max_labels ? most : z->max_labels) + 1u;
	const struct node *found = z->apex, *node;
	for (unsigned l = missing - 1; there + 1 < missing; l = there + (missing - there) / 2) {
		node = zone_find(z, n, l);
		if (node) {
			found = node;
			there = l;
		} else {
			missing = l;
		}
	}
	*labels = there;
	return found;
}

/* All below a delegation or DNAME are marked: the topmost marked one is found by halving, too. */
const struct node *zone_topmost_cut(const struct zone *z, const struct zone_name *n, unsigned labels, unsigned *at)
{
	unsigned from = z->origin_labels, to = labels + 1; /* the first marked is in from..to, `to` for none */
	const struct node *found = NULL;
	while (from < to) {
		unsigned l = from + (to - from) / 2;
		const struct node *node = zone_find(z, n, l);
		if (node->flags & (NODE_CUT | NODE_DNAME | NODE_BELOW_CUT)) {
			found = node;
			to = l;
		} else {
			from = l + 1;
		}
	}
	*at = to;
	return found;
}

const struct node *zone_find_wildcard(const struct zone *z, const struct zone_name *n, unsigned labels)
{
	uint8_t relative[2 + DNAME_MAX + ZONE_NAME_SLACK] = { 1, '*' };
	size_t len = relative_len(z, n, labels);
	memcpy(relative + 2, n->wire + zone_name_at(n, labels), len);
	return probe(z, relative, len + 2);
}

/*
 * Each lookup goes to another page, so with a million names the walk through the
 * page tables is a fifth of a lookup's time. Where the kernel has no large pages
 * to give, all works without. Small zones are left alone: their one page would be 2 MiB.
 */
static void want_large_pages(void *p, size_t bytes)
{
	if (bytes >= LARGE_PAGE)
		madvise(p, bytes, MADV_HUGEPAGE);
}

bool zone_reserve(struct zone *z, size_t bytes)
{
	bytes += ZONE_NAME_SLACK; /* the last node's name is read 8 bytes at a time, too */
	if (z->used + bytes <= z->size)
		return true;
	size_t size = z->size ? z->size : ARENA_FIRST;
	while (size < z->used + bytes)
		size += size / 2 + 4096;
	size = (size + 4095) & ~(size_t)4095;
	if (size / 8 > UINT32_MAX)
		return false;
	/* mremap moves pages, not bytes: growing costs nothing, and pages never touched are never there. */
	void *p = z->arena ? mremap(z->arena, z->size, size, MREMAP_MAYMOVE)
		: mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return false;
	want_large_pages(p, size);
	z->arena = p;
	z->size = size;
	return true;
}

uint32_t zone_alloc(struct zone *z, size_t bytes)
{
	bytes = (bytes + 7) & ~(size_t)7;
	if (!zone_reserve(z, bytes))
		return 0;
	uint32_t ref = (uint32_t)(z->used / 8);
	z->used += bytes;
	return ref;
}

static struct zone_slot *slots_new(size_t n)
{
	size_t bytes = n * sizeof(struct zone_slot);
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	want_large_pages(p, bytes);
	return p;
}

static void slot_put(struct zone_slot *slots, size_t nslots, unsigned shift, struct zone_slot s)
{
	size_t i = s.tag >> (shift - 32);
	while (slots[i].ref)
		i = (i + 1) & (nslots - 1);
	slots[i] = s;
}

/* At most two thirds full: a miss then looks at two slots on average. */
static bool slots_grow(struct zone *z)
{
	if (z->slots && (z->nnodes + 1) * 3 <= z->nslots * 2)
		return true;
	size_t n = z->slots ? z->nslots * 2 : SLOTS_FIRST;
	struct zone_slot *slots = n <= SLOTS_MAX ? slots_new(n) : NULL;
	if (!slots)
		return false;
	unsigned shift = 64 - (unsigned)__builtin_ctzll(n);
	for (size_t i = 0; i < z->nslots; i++)
		if (z->slots[i].ref)
			slot_put(slots, n, shift, z->slots[i]);
	if (z->slots)
		munmap(z->slots, z->nslots * sizeof *slots);
	z->slots = slots;
	z->nslots = n;
	z->shift = shift;
	return true;
}

static struct node *insert_one(struct zone *z, const struct zone_name *n, unsigned labels)
{
	size_t len = relative_len(z, n, labels);
	uint32_t ref = slots_grow(z) ? zone_alloc(z, sizeof(struct node) + len) : 0;
	if (!ref)
		return NULL;
	struct node *node = (struct node *)(void *)(z->arena + (size_t)ref * 8);
	node->name_len = (uint8_t)len;
	memcpy(node->name, n->wire + zone_name_at(n, labels), len);
	slot_put(z->slots, z->nslots, z->shift, (struct zone_slot){ .tag = tag_of(hash_name(node->name, len)), .ref = ref });
	z->nnodes++;
	if (labels > z->max_labels)
		z->max_labels = (uint8_t)labels;
	return node;
}

struct node *zone_insert(struct zone *z, const struct zone_name *n, unsigned labels)
{
	struct node *node = (struct node *)(uintptr_t)(z->slots ? zone_find(z, n, labels) : NULL);
	if (node)
		return node;
	if (labels > z->origin_labels) {
		struct node *parent = zone_insert(z, n, labels - 1); /* as deep as a name has labels: 127 */
		if (!parent)
			return NULL;
		if (dname_is_wildcard(n->wire + zone_name_at(n, labels)))
			parent->flags |= NODE_HAS_WILDCARD;
	}
	return insert_one(z, n, labels);
}

void zone_delete(struct zone *z)
{
	if (!z)
		return;
	for (size_t i = 0; i < z->nservices; i++)
		lb_delete(z->services[i]);
	free(z->services);
	free(z->heard);
	if (z->slots)
		munmap(z->slots, z->nslots * sizeof *z->slots);
	if (z->arena)
		munmap(z->arena, z->size);
	free(z);
}
