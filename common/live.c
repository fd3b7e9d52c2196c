#include "live.h"

#include <stdlib.h>
#include <string.h>

/* Doubled whenever there are as many records as buckets. */
#define BUCKETS_AT_FIRST 64

struct live {
	struct live_member **buckets;
	size_t nbuckets, count;   /* nbuckets: a power of two */
};

/* FNV-1a over name and label: what users choose, not strangers. */
static uint64_t hash_of(const uint8_t *service, const char *label)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0, n = dname_len(service); i < n; i++)
		h = (h ^ service[i]) * 0x100000001b3u;
	for (; *label; label++)
		h = (h ^ (uint8_t)*label) * 0x100000001b3u;
	return h ^ h >> 32;
}

static struct live_member **bucket_of(const struct live *l, const uint8_t *service, const char *label)
{
	return &l->buckets[hash_of(service, label) & (l->nbuckets - 1)];
}

static void record_free(struct live_member *m)
{
	free(atomic_load_explicit(&m->observed, memory_order_relaxed));
	free(m->shed);
	free(m);
}

struct live *live_new(void)
{
	struct live *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->nbuckets = BUCKETS_AT_FIRST;
	l->buckets = calloc(l->nbuckets, sizeof *l->buckets);
	if (!l->buckets) {
		free(l);
		return NULL;
	}
	return l;
}

void live_delete(struct live *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nbuckets; i++) {
		for (struct live_member *m = l->buckets[i], *next; m; m = next) {
			next = m->next;
			record_free(m);
		}
	}
	free(l->buckets);
	free(l);
}

/* Without memory for it the table stays as it is: slower, not wrong. */
static void grow(struct live *l)
{
	struct live bigger = { .nbuckets = l->nbuckets * 2, .count = l->count };
	bigger.buckets = calloc(bigger.nbuckets, sizeof *bigger.buckets);
	if (!bigger.buckets)
		return;
	for (size_t i = 0; i < l->nbuckets; i++) {
		for (struct live_member *m = l->buckets[i], *next; m; m = next) {
			struct live_member **b = bucket_of(&bigger, m->service, m->label);
			next = m->next;
			m->next = *b;
			*b = m;
		}
	}
	free(l->buckets);
	*l = bigger;
}

static struct live_member *record_new(struct live *l, const struct service *s, const struct member *m)
{
	struct live_member *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	if (l->count >= l->nbuckets)
		grow(l);
	memcpy(r->service, s->name, dname_len(s->name));
	memcpy(r->label, m->label, sizeof r->label);
	struct live_member **b = bucket_of(l, r->service, r->label);
	r->next = *b;
	*b = r;
	l->count++;
	return r;
}

struct live_member *live_find(const struct live *l, const uint8_t *service, const char *label)
{
	struct live_member *r = *bucket_of(l, service, label);
	while (r && !(dname_equal(r->service, service) && strcmp(r->label, label) == 0))
		r = r->next;
	return r;
}

struct live_member *live_get(struct live *l, const struct service *s, const struct member *m)
{
	struct live_member *r = live_find(l, s->name, m->label);
	if (!r)
		r = record_new(l, s, m);
	if (r)
		r->refs++;
	return r;
}

void live_put(struct live *l, struct live_member *m)
{
	if (!m || --m->refs > 0)
		return;
	struct live_member **at = bucket_of(l, m->service, m->label);
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	l->count--;
	record_free(m);
}
