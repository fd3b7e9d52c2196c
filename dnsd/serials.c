#include "serials.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../common/dname.h"
#include "../common/log.h"
#include "statefile.h"

#define SERIALS_FILE "dnsd.serials"
#define FIRST_LINE "fairlead-serials 1\n"
#define LAST_LINE "end\n"
/* Serials between two writes. After a restart at most so many are left out, which nobody notices. */
#define RESERVED_STEPS 16
/* A write begins this long after the first reason: a thousand zones at the start are one write. */
#define WRITE_MS 100

struct given {
	uint32_t last;
	uint8_t origin[DNAME_MAX];
};

struct serials {
	struct event *timer;
	void *tree;                       /* of struct given, by origin */
	bool changed, failing;
	struct statefile_job *job;
	char path[PATH_MAX];
};

static int compare(const void *a, const void *b)
{
	const struct given *x = a, *y = b;
	size_t n = dname_len(x->origin), m = dname_len(y->origin);
	return n != m ? (n < m ? -1 : 1) : memcmp(x->origin, y->origin, n);
}

static struct given *find(const struct serials *s, const uint8_t *origin)
{
	struct given key;
	memcpy(key.origin, origin, dname_len(origin));
	struct given **e = tfind(&key, &s->tree, compare);
	return e ? *e : NULL;
}

/* NULL: no memory. */
static struct given *find_or_make(struct serials *s, const uint8_t *origin)
{
	struct given *e = find(s, origin);
	if (e || !(e = calloc(1, sizeof *e)))
		return e;
	memcpy(e->origin, origin, dname_len(origin));
	if (tsearch(e, &s->tree, compare))
		return e;
	free(e);
	return NULL;
}

bool serials_find(const struct serials *s, const uint8_t *origin, uint32_t *last)
{
	const struct given *e = find(s, origin);
	if (e)
		*last = e->last;
	return e != NULL;
}

uint32_t serials_reserve(struct serials *s, const uint8_t *origin, uint32_t serial, uint32_t step)
{
	struct timeval soon = { 0, WRITE_MS * 1000 };
	struct given *e = find_or_make(s, origin);
	if (!e)
		return serial; /* asked again at the next one */
	e->last = serial + RESERVED_STEPS * step;
	s->changed = true;
	if (!event_pending(s->timer, EV_TIMEOUT, NULL))
		event_add(s->timer, &soon);
	return e->last;
}

/* ---- the file ---- */

static bool read_line(struct serials *s, const char *line)
{
	char name[DNAME_TEXT_MAX], end;
	uint8_t wire[DNAME_MAX], origin[DNAME_MAX];
	uint32_t last;
	const char *why;
	/* DNAME_TEXT_MAX is 1025 */
	if (sscanf(line, "%1024s %" SCNu32 "%c", name, &last, &end) != 3 || end != '\n')
		return false;
	size_t n = dname_from_text(wire, name, strlen(name), NULL, &why);
	if (!n)
		return false;
	dname_lower(origin, wire, n);
	struct given *e = find_or_make(s, origin);
	if (e)
		e->last = last;
	return e != NULL;
}

/* NULL, or why the file is of no use. */
static const char *read_lines(struct serials *s, FILE *f)
{
	char line[DNAME_TEXT_MAX + 32];
	if (!fgets(line, sizeof line, f) || strcmp(line, FIRST_LINE) != 0)
		return "not a file of serials";
	while (fgets(line, sizeof line, f)) {
		if (strcmp(line, LAST_LINE) == 0)
			return NULL;
		if (!read_line(s, line))
			return "a line that cannot be read";
	}
	return "it ends early";
}

static void read_file(struct serials *s)
{
	FILE *f = fopen(s->path, "re");
	const char *why = f ? read_lines(s, f) : errno == ENOENT ? NULL : strerror(errno);
	if (why)
		log_warn("saved serials are not used", "file=\"%s\" why=\"%s\"", s->path, why);
	if (f)
		fclose(f);
}

static void add_entry(const void *node, VISIT visit, void *arg)
{
	const struct given *e = *(struct given *const *)node;
	char name[DNAME_TEXT_MAX];
	if (visit == postorder || visit == leaf)
		statefile_put(arg, "%s %" PRIu32 "\n", dname_to_text(e->origin, name), e->last);
}

static void make_text(struct serials *s, struct statefile_text *t)
{
	memset(t, 0, sizeof *t);
	statefile_put(t, FIRST_LINE);
	twalk_r(s->tree, add_entry, t);
	statefile_put(t, LAST_LINE);
}

static void note(struct serials *s, int error)
{
	if (error && !s->failing)
		log_warn("serials cannot be saved", "file=\"%s\" error=\"%s\"", s->path, strerror(error));
	else if (!error && s->failing)
		log_info("serials are saved again", "file=\"%s\"", s->path);
	s->failing = error != 0;
	s->changed |= error != 0;
}

/* Looks after a write that runs, begins one if there is a reason. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct serials *s = arg;
	struct timeval soon = { 0, WRITE_MS * 1000 }, later = { 5, 0 };
	struct statefile_text t;
	int error = 0;
	(void)fd;
	(void)what;
	if (s->job) {
		if (!statefile_write_ended(s->job, false, &error)) {
			event_add(s->timer, &soon);
			return;
		}
		s->job = NULL;
		note(s, error);
	}
	if (!s->changed)
		return;
	make_text(s, &t);
	s->job = error ? NULL : statefile_write_begin(s->path, &t);
	s->changed = !s->job;
	statefile_free(&t);
	event_add(s->timer, s->job ? &soon : &later);
}

struct serials *serials_new(struct event_base *base, const char *folder)
{
	struct serials *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->timer = event_new(base, -1, 0, on_timer, s);
	if (!s->timer) {
		free(s);
		return NULL;
	}
	if (snprintf(s->path, sizeof s->path, "%s/" SERIALS_FILE, folder) >= (int)sizeof s->path)
		s->path[0] = '\0'; /* said as an error at the first write */
	read_file(s);
	return s;
}

void serials_delete(struct serials *s)
{
	struct statefile_text t;
	int error = 0;
	if (!s)
		return;
	if (s->job) {
		statefile_write_ended(s->job, true, &error);
		note(s, error);
	}
	if (s->changed) {
		make_text(s, &t);
		note(s, statefile_write(s->path, &t));
		statefile_free(&t);
	}
	tdestroy(s->tree, free);
	event_free(s->timer);
	free(s);
}
