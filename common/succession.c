#include "succession.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include "folder.h"
#include "log.h"
#include "loop.h"

/* How often is looked whether all is known. */
#define LOOK_US 20000

struct succession {
	struct event_base *base;
	struct succession_calls calls;
	const char *run;
	char *name;
	struct handover_taken taken;
	bool has_taken, waiting;
	int64_t until;              /* ns */
	struct event look, ended;
	struct handover *offer;
};

struct succession *succession_new(struct event_base *base, const struct succession_calls *calls)
{
	struct succession *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->base = base;
	s->calls = *calls;
	s->taken.connection = s->taken.lock = -1;
	return s;
}

static void stop_waiting(struct succession *s)
{
	if (!s->waiting)
		return;
	s->waiting = false;
	event_del(&s->look);
	event_del(&s->ended);
}

void succession_delete(struct succession *s)
{
	if (!s)
		return;
	stop_waiting(s);
	handover_forget(&s->taken);
	handover_delete(s->offer);
	free(s->name);
	free(s);
}

/* --- before anything is bound --- */

static bool keep_names(struct succession *s, const char *run, const char *name)
{
	s->run = run;
	free(s->name);
	return asprintf(&s->name, "%s", name) >= 0;
}

int succession_lock(struct succession *s, bool replace, const char *run, const char *name, const char *user, char why[HANDOVER_WHY_MAX])
{
	if (!keep_names(s, run, name)) {
		s->name = NULL;
		snprintf(why, HANDOVER_WHY_MAX, "out of memory");
		return -1;
	}
	switch (replace ? handover_take(run, name, user, &s->taken, why) : HANDOVER_NOBODY) {
	case HANDOVER_TAKEN:
		s->has_taken = true;
		log_info("taking over", "process=%ld sockets=%zu", (long)s->taken.predecessor, s->taken.n - 1);
		return s->taken.lock;
	case HANDOVER_NOBODY:
		if (replace)
			log_info("nobody to replace, starting", "%s", "");
		return folder_lock(run, name, why);
	default:
		return -1;
	}
}

struct handover_taken *succession_taken(struct succession *s)
{
	return s->has_taken ? &s->taken : NULL;
}

/* --- until we serve --- */

static void enter(struct succession *s)
{
	stop_waiting(s);
	s->calls.enter(s->calls.arg);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct succession *s = arg;
	(void)fd, (void)what;
	if (s->calls.known(s->calls.arg) || loop_now() >= s->until)
		enter(s);
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	log_warn("the predecessor has ended before we were ready", "%s", "");
	enter(arg);
}

void succession_begin(struct succession *s)
{
	static const struct timeval look = { .tv_usec = LOOK_US };
	if (!s->has_taken) {
		s->calls.enter(s->calls.arg);
		return;
	}
	s->waiting = true;
	s->until = loop_now() + SUCCESSION_WAIT_SECONDS * NS_PER_SECOND;
	event_assign(&s->look, s->base, -1, EV_PERSIST, on_look, s);
	event_assign(&s->ended, s->base, s->taken.connection, EV_READ, on_ended, s);
	event_add(&s->look, &look);
	event_add(&s->ended, NULL);
}

void succession_enter(struct succession *s, int lock)
{
	char why[HANDOVER_WHY_MAX];
	const struct handover_calls calls = { .sockets = s->calls.sockets, .sent = s->calls.sent, .done = s->calls.succeeded, .kept = s->calls.kept, .arg = s->calls.arg };
	/* First, so that at every moment there is somebody to be asked. */
	s->offer = handover_offer(s->base, s->run, s->name, lock, &calls, why);
	if (!s->offer)
		log_warn("--replace will not be possible", "error=\"%s\"", why);
	if (s->has_taken)
		handover_ready(&s->taken);
	s->has_taken = false;
}
