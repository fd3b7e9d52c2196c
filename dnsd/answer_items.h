/*
 * answer_items: how the parts of answer put items into an answer.
 */
#ifndef FAIRLEAD_ANSWER_ITEMS_H
#define FAIRLEAD_ANSWER_ITEMS_H

#include "answer.h"

static inline struct item *answer_add(struct answer *a, enum item_kind kind, struct owner owner, uint8_t section)
{
	if (a->nitems == ANSWER_ITEMS)
		return NULL;
	struct item *i = &a->items[a->nitems++];
	i->kind = kind;
	i->owner = owner;
	i->section = section;
	return i;
}

static inline void answer_add_set(struct answer *a, const struct rrset *set, struct owner owner, uint8_t section)
{
	struct item *i = answer_add(a, ITEM_RRSET, owner, section);
	if (i)
		i->set = set;
}

static inline void answer_fail(struct answer *a, enum rcode rcode, enum ede ede, const char *text)
{
	a->rcode = rcode;
	a->ede = ede;
	a->ede_text = text;
	a->authoritative = false;
	a->nitems = 0;
}

/* No such name, or no such type there: the SOA says for how long (RFC 2308 section 3). */
static inline void answer_negative(struct answer *a, enum rcode rcode, uint32_t ttl_cap)
{
	a->rcode = rcode;
	struct item *i = answer_add(a, ITEM_NEGATIVE_SOA, (struct owner){ a->zone->origin, 0 }, AUTHORITY);
	if (i) {
		i->ttl = a->zone->negative_ttl < ttl_cap ? a->zone->negative_ttl : ttl_cap;
	}
}

/* The name lies in the answer's zone. */
static inline bool answer_in_zone(const struct answer *a, const struct zone_name *n)
{
	return n->labels >= a->zone->origin_labels && dname_equal(n->wire + zone_name_at(n, a->zone->origin_labels), a->zone->origin);
}

#endif
