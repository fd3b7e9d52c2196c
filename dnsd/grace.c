#include "grace.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

struct given { void *p; void (*end)(void *p); };

struct grace {
	struct given *list; size_t n, room;
	struct event *collect;
};

static void end_all(struct grace *g)
{
	for (size_t i = 0; i < g->n; i++)
		g->list[i].end(g->list[i].p);
	g->n = 0;
}

static void on_collect(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	synchronize_rcu();
	end_all(arg);
}

struct grace *grace_new(struct event_base *base)
{
	struct grace *g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	g->collect = event_new(base, -1, 0, on_collect, g);
	if (g->collect)
		return g;
	free(g);
	return NULL;
}

static bool make_room(struct grace *g)
{
	if (g->n < g->room)
		return true;
	size_t room = g->room ? g->room * 2 : 64;
	struct given *more = realloc(g->list, room * sizeof *more);
	if (!more)
		return false;
	g->list = more;
	g->room = room;
	return true;
}

void grace_give(struct grace *g, void *p, void (*end)(void *p))
{
	if (!p)
		return;
	if (!make_room(g)) {
		synchronize_rcu();
		end(p);
		return;
	}
	g->list[g->n++] = (struct given){ p, end };
	event_active(g->collect, EV_TIMEOUT, 1);
}

void grace_delete(struct grace *g)
{
	if (!g)
		return;
	end_all(g);
	event_free(g->collect);
	free(g->list);
	free(g);
}
