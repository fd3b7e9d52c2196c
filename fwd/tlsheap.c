#include "tlsheap.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#define UNDER_SANITIZER __has_feature(address_sanitizer)
#else
#define UNDER_SANITIZER 0
#endif

/* Sizes are rounded up to this, malloc's own step on 64 bits. */
#define STEP 16
#define SMALL_MAX 2048
/* Buffers of records: 16 KiB and what surrounds it; all are made this large. */
#define BUFFER_MIN 16384
#define BUFFER_SIZE 20480
enum { BUFFERS = SMALL_MAX / STEP + 1, LISTS, NONE = LISTS };

struct block {
	struct block *next;
};

struct list {
	struct block *first;
	unsigned n;
};

static __thread struct list lists[LISTS];
static __thread bool known;    /* the thread's end will be told us */
static pthread_key_t ends;

/* The list whose blocks have room for this size. */
static size_t list_for(size_t size)
{
	if (size <= SMALL_MAX)
		return size ? (size + STEP - 1) / STEP : 1;
	return size >= BUFFER_MIN && size <= BUFFER_SIZE ? BUFFERS : NONE;
}

/* What is asked of malloc for it: all that a block of its list has to have. */
static size_t rounded(size_t size)
{
	size_t at = list_for(size);

	return at == NONE ? size : at == BUFFERS ? BUFFER_SIZE : at * STEP;
}

/* The list that a block with this room may go to: there may be a little more than was asked for. */
static size_t list_of(size_t room)
{
	if (room < STEP)
		return NONE;
	if (room < SMALL_MAX + STEP)
		return room / STEP;
	return room >= BUFFER_SIZE && room < BUFFER_SIZE + STEP ? BUFFERS : NONE;
}

static void *take(size_t size, const char *file, int line)
{
	size_t at = list_for(size);

	(void)file, (void)line;
	struct block *b = at == NONE ? NULL : lists[at].first;
	if (!b)
		return malloc(rounded(size));
	lists[at].first = b->next;
	lists[at].n--;
	return b;
}

/* So that free_lists is called for this thread. */
static bool is_known(void)
{
	if (!known)
		known = pthread_setspecific(ends, lists) == 0;
	return known;
}

static void give(void *p, const char *file, int line)
{
	struct block *b = p;

	(void)file, (void)line;
	if (!p)
		return;
	size_t at = list_of(malloc_usable_size(p));
	if (at == NONE || lists[at].n >= TLSHEAP_KEPT || !is_known()) {
		free(p);
		return;
	}
	b->next = lists[at].first;
	lists[at].first = b;
	lists[at].n++;
}

static void *resize(void *p, size_t size, const char *file, int line)
{
	if (!p)
		return take(size, file, line);
	if (size)
		return realloc(p, rounded(size));
	give(p, file, line);
	return NULL;
}

static void free_lists(void *arg)
{
	struct list *l = arg;

	for (size_t i = 0; i < LISTS; i++) {
		for (struct block *b = l[i].first, *next; b; b = next) {
			next = b->next;
			free(b);
		}
		l[i] = (struct list){ NULL, 0 };
	}
	known = false; /* OpenSSL's own ends of this thread may come after ours: then once more */
}

void tlsheap_begin(void)
{
#if !UNDER_SANITIZER
	if (pthread_key_create(&ends, free_lists) == 0)
		CRYPTO_set_mem_functions(take, resize, give);
#else
	(void)take, (void)resize, (void)ends, (void)free_lists;
#endif
}
