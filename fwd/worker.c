#include "worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "loop.h"
#include "random.h"

bool worker_init(struct worker *w, unsigned index, struct setup_home *home)
{
	memset(w, 0, sizeof *w);
	w->index = index;
	w->home = home;
	w->base = loop_base_new();
	w->buffer = malloc(WORKER_BUFFER);
	w->replies = malloc(WORKER_REPLIES);
	w->rtt = calloc(1, sizeof *w->rtt);
	wheel_init(&w->wheel, worker_tick());
	if (getrandom(&w->random, sizeof w->random, GRND_NONBLOCK) != sizeof w->random)
		w->random = worker_now_us() * (index + 1); /* early boot; only the spread of choices hangs on it */
	w->proxy_turn = (uint32_t)w->random;
	return w->base && w->buffer && w->replies && w->rtt;
}

void worker_free(struct worker *w)
{
	if (w->base)
		event_base_free(w->base);
	pipes_free(&w->pipes);
	free(w->buffer);
	free(w->replies);
	free(w->rtt);
}

/* A datagram's session has one descriptor, all others have a pair. */
static uint32_t pairs(const struct worker *w)
{
	return w->sessions + (w->flows + 1) / 2 + w->pipes.n;
}

bool worker_has_room(struct worker *w)
{
	while (pairs(w) >= w->sessions_max && pipes_drop(&w->pipes))
		;
	return pairs(w) < w->sessions_max;
}

struct pipe *worker_pipe(struct worker *w)
{
	if (!w->pipes.free && pairs(w) + 2 * w->pipes.max >= w->sessions_max)
		return NULL;
	return pipes_take(&w->pipes);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint32_t worker_tick(void)
{
	return (uint32_t)(now_ns() / (WHEEL_TICK_MS * 1000000u));
}

uint64_t worker_now_us(void)
{
	return now_ns() / 1000;
}

uint64_t worker_random(struct worker *w)
{
	return random64(&w->random);
}
