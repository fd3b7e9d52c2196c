#include "admin.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../common/log.h"
#include "../common/loop.h"
#include "admin_file.h"
#include "statefile.h"

/* How often it is looked whether a write has ended: an order is confirmed only then. */
#define SAVE_POLL_MS 5
/* A disk that failed is tried again after this. */
#define SAVE_RETRY_SECONDS 5
/* Rdata of one record: every key with its longest value. */
#define RDATA_MAX 1024

struct record {
	uint8_t owner[DNAME_MAX];
	struct update_admin order;
};

/* What query threads see. */
struct view_entry { const uint8_t *owner, *rdata; };
struct view { size_t n; struct view_entry entries[]; };
static _Atomic(struct view *) current_view;

struct admin {
	struct admin_calls calls;
	struct record **records; size_t n, room; /* sorted by owner */
	uint64_t mark, saved_mark, job_mark;
	struct statefile_job *job;
	char path[PATH_MAX];
	struct event poll, until;
	int64_t until_due;       /* wall clock, seconds: what `until` was armed for */
	bool failed;
};

/* Seconds since 1970; time() may lag behind the clock that timers follow. */
static int64_t now_wall(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

/* --- owners --- */

static int compare_names(const uint8_t *a, const uint8_t *b)
{
	size_t n = dname_len(a), m = dname_len(b);
	return n != m ? (n < m ? -1 : 1) : memcmp(a, b, n);
}

/* Where the owner is, or belongs. */
static size_t place_of(const struct admin *a, const uint8_t *owner, bool *found)
{
	size_t low = 0, high = a->n;
	*found = false;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = compare_names(a->records[middle]->owner, owner);
		if (c == 0) {
			*found = true;
			return middle;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct update_admin *admin_find(const struct admin *a, const uint8_t *owner)
{
	bool found;
	size_t i = place_of(a, owner, &found);
	return found ? &a->records[i]->order : NULL;
}

size_t admin_count(const struct admin *a)
{
	return a->n;
}

const uint8_t *admin_at(const struct admin *a, size_t i, const struct update_admin **order)
{
	*order = &a->records[i]->order;
	return a->records[i]->owner;
}

uint64_t admin_mark(const struct admin *a)
{
	return a->mark;
}

/* --- what query threads see --- */

static size_t rdata_of(const struct record *r, uint8_t *out)
{
	return update_admin_write(&r->order, out, RDATA_MAX);
}

static struct view *view_new(const struct admin *a)
{
	uint8_t rdata[RDATA_MAX];
	size_t size = sizeof(struct view) + a->n * sizeof(struct view_entry), at = size;
	for (size_t i = 0; i < a->n; i++)
		size += dname_len(a->records[i]->owner) + 2 + rdata_of(a->records[i], rdata);
	struct view *v = malloc(size);
	if (!v)
		return NULL;
	v->n = a->n;
	for (size_t i = 0; i < a->n; i++) {
		uint8_t *p = (uint8_t *)v + at;
		size_t owner_len = dname_len(a->records[i]->owner), len = rdata_of(a->records[i], p + owner_len + 2);
		memcpy(p, a->records[i]->owner, owner_len);
		wire_set16(p + owner_len, (uint16_t)len);
		v->entries[i] = (struct view_entry){ p, p + owner_len };
		at += owner_len + 2 + len;
	}
	return v;
}

static void publish(struct admin *a)
{
	struct view *v = view_new(a);
	if (!v) {
		log_error("out of memory, orders are not shown", "orders=%zu", a->n);
		return;
	}
	struct view *old = atomic_exchange_explicit(&current_view, v, memory_order_acq_rel);
	if (old)
		a->calls.retire(a->calls.arg, old);
}

const uint8_t *admin_rdata(const uint8_t *owner)
{
	const struct view *v = atomic_load_explicit(&current_view, memory_order_acquire);
	size_t low = 0, high = v ? v->n : 0;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = compare_names(v->entries[middle].owner, owner);
		if (c == 0)
			return v->entries[middle].rdata;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* --- until when --- */

static bool is_over(const struct update_admin *o, int64_t now)
{
	return o->until && o->until <= now;
}

/* A tombstone is as old as its seq, a clock in microseconds; an order begins to age when its time is over. */
static bool is_forgotten(const struct update_admin *o, int64_t now)
{
	if (o->set == VERDICT_UNKNOWN)
		return (int64_t)(o->seq / 1000000) + ADMIN_KEPT_SECONDS < now;
	return o->until && o->until + ADMIN_KEPT_SECONDS < now;
}

static void forget_old(struct admin *a, int64_t now)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n; i++) {
		if (is_forgotten(&a->records[i]->order, now))
			free(a->records[i]);
		else
			a->records[n++] = a->records[i];
	}
	a->n = n;
}

static void arm_until(struct admin *a)
{
	/* The wall clock may be set meanwhile: it is looked at once a minute at least. */
	int64_t now = now_wall(), next = now + 60;
	bool any = false;
	for (size_t i = 0; i < a->n; i++) {
		const struct update_admin *o = &a->records[i]->order;
		if (!o->until || is_over(o, now))
			continue;
		any = true;
		if (o->until < next)
			next = o->until;
	}
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	int64_t wait = next * NS_PER_SECOND - ((int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec);
	wait = wait > 0 ? wait : 0;
	struct timeval tv = { .tv_sec = (time_t)(wait / NS_PER_SECOND), .tv_usec = (suseconds_t)(wait % NS_PER_SECOND / 1000) + 1 };
	a->until_due = next;
	if (any)
		event_add(&a->until, &tv);
	else
		event_del(&a->until);
}

static void on_until(evutil_socket_t fd, short what, void *arg)
{
	struct admin *a = arg;
	(void)fd;
	(void)what;
	/* A libevent timer may fire a tick early: its base reads a coarse clock. */
	bool due = now_wall() >= a->until_due;
	arm_until(a);
	if (due)
		a->calls.ended(a->calls.arg);
}

/* --- saving --- */

static void poll_later(struct admin *a, int64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	event_add(&a->poll, &tv);
}

static void note_saved(struct admin *a, int error)
{
	if (error && !a->failed)
		log_error("orders cannot be saved", "file=\"%s\" error=\"%s\"", a->path, strerror(error));
	else if (!error && a->failed)
		log_info("orders are saved again", "file=\"%s\"", a->path);
	a->failed = error != 0;
	if (!error)
		a->saved_mark = a->job_mark;
	a->calls.saved(a->calls.arg, a->job_mark, error == 0);
}

static bool write_text(const struct admin *a, struct statefile_text *t)
{
	uint8_t rdata[RDATA_MAX];
	admin_file_begin(t);
	for (size_t i = 0; i < a->n; i++)
		admin_file_add(t, a->records[i]->owner, rdata, rdata_of(a->records[i], rdata));
	admin_file_end(t);
	return !t->failed;
}

static void begin_save(struct admin *a)
{
	struct statefile_text t = { .text = NULL };
	a->job_mark = a->mark;
	if (write_text(a, &t))
		a->job = statefile_write_begin(a->path, &t);
	statefile_free(&t);
	poll_later(a, a->job ? SAVE_POLL_MS : SAVE_RETRY_SECONDS * 1000);
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct admin *a = arg;
	int error;
	(void)fd;
	(void)what;
	if (a->job) {
		if (!statefile_write_ended(a->job, false, &error)) {
			poll_later(a, SAVE_POLL_MS);
			return;
		}
		a->job = NULL;
		note_saved(a, error);
	}
	if (a->saved_mark == a->mark)
		return;
	if (a->failed && a->job_mark == a->mark)
		poll_later(a, SAVE_RETRY_SECONDS * 1000);
	else
		begin_save(a);
	if (a->failed && !a->job)
		a->job_mark = 0; /* the next poll tries again, whatever was tried before */
}

/* --- orders --- */

static struct record *record_for(struct admin *a, const uint8_t *owner)
{
	bool found;
	size_t at = place_of(a, owner, &found);
	if (found)
		return a->records[at];
	if (a->n == a->room) {
		size_t room = a->room ? a->room * 2 : 16;
		struct record **more = realloc(a->records, room * sizeof *more);
		if (!more)
			return NULL;
		a->records = more;
		a->room = room;
	}
	struct record *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	memcpy(r->owner, owner, dname_len(owner));
	memmove(a->records + at + 1, a->records + at, (a->n - at) * sizeof *a->records);
	a->records[at] = r;
	a->n++;
	return r;
}

enum admin_result admin_put(struct admin *a, const uint8_t *owner, const struct update_admin *order)
{
	int64_t now = now_wall();
	const struct update_admin *before = admin_find(a, owner);
	if ((before && order->seq <= before->seq) || is_forgotten(order, now))
		return ADMIN_OLD;
	if (!before && a->n >= ADMIN_MAX)
		return ADMIN_FULL;
	struct record *r = record_for(a, owner);
	if (!r)
		return ADMIN_FULL;
	r->order = *order;
	forget_old(a, now);
	a->mark++;
	publish(a);
	arm_until(a);
	if (!a->job)
		begin_save(a);
	return ADMIN_TAKEN;
}

/* The later of two orders; one whose time is over is none, and so is one that was deleted: it leaves the other in force. */
static const struct update_admin *later(const struct update_admin *x, const struct update_admin *y, int64_t now)
{
	if (x && (x->set == VERDICT_UNKNOWN || is_over(x, now)))
		x = NULL;
	if (y && (y->set == VERDICT_UNKNOWN || is_over(y, now)))
		y = NULL;
	return !x || (y && y->seq > x->seq) ? y : x;
}

enum verdict admin_order(const struct admin *a, const struct service *s, const struct member *m, const char *site)
{
	uint8_t owner[DNAME_MAX];
	const struct update_admin *of_member = NULL, *of_site = NULL;
	if (a->n == 0)
		return VERDICT_UNKNOWN;
	if (update_owner_write(owner, UPDATE_ADMIN_MEMBER, m->label, s->name))
		of_member = admin_find(a, owner);
	if (site && update_owner_write(owner, UPDATE_ADMIN_SITE, site, s->origin))
		of_site = admin_find(a, owner);
	const struct update_admin *order = later(of_member, of_site, now_wall());
	return order ? order->set : VERDICT_UNKNOWN;
}

static uint64_t seq_of_clear(const struct update_admin *o)
{
	return o && (o->set == VERDICT_UNKNOWN || o->set == VERDICT_UP) ? o->seq : 0;
}

uint64_t admin_cleared(const struct admin *a, const struct service *s, const struct member *m, const char *site)
{
	uint8_t owner[DNAME_MAX];
	uint64_t of_member = 0, of_site = 0;
	if (update_owner_write(owner, UPDATE_ADMIN_MEMBER, m->label, s->name))
		of_member = seq_of_clear(admin_find(a, owner));
	if (site && update_owner_write(owner, UPDATE_ADMIN_SITE, site, s->origin))
		of_site = seq_of_clear(admin_find(a, owner));
	return of_member > of_site ? of_member : of_site;
}

/* --- begin and end --- */

static bool on_saved_record(void *arg, const uint8_t *owner, const struct update_admin *order)
{
	struct admin *a = arg;
	struct record *r = record_for(a, owner);
	if (r)
		r->order = *order;
	return r != NULL;
}

/* Orders that can't be read are nothing to go on without a word: the file is put aside, for somebody to look. */
static void read_orders(struct admin *a)
{
	char aside[PATH_MAX + 8];
	const char *why = NULL;
	if (admin_file_read(a->path, on_saved_record, a, &why)) {
		if (a->n)
			log_info("orders of operators are in force", "file=\"%s\" orders=%zu", a->path, a->n);
	} else if (why) {
		snprintf(aside, sizeof aside, "%s.broken", a->path);
		log_error("orders of operators cannot be read, the file is put aside", "file=\"%s\" why=\"%s\" aside=\"%s\"", a->path, why, aside);
		rename(a->path, aside);
	}
	forget_old(a, now_wall());
}

struct admin *admin_new(struct event_base *base, const char *folder, const struct admin_calls *calls)
{
	struct admin *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->calls = *calls;
	if (snprintf(a->path, sizeof a->path, "%s/dnsd.admin", folder) >= (int)sizeof a->path)
		a->path[0] = '\0'; /* said as an error at the first write */
	evtimer_assign(&a->poll, base, on_poll, a);
	evtimer_assign(&a->until, base, on_until, a);
	read_orders(a);
	publish(a);
	arm_until(a);
	return a;
}

void admin_delete(struct admin *a)
{
	struct statefile_text t = { .text = NULL };
	int error;
	if (!a)
		return;
	if (a->job && statefile_write_ended(a->job, true, &error) && !error)
		a->saved_mark = a->job_mark;
	if (a->saved_mark != a->mark && write_text(a, &t) && (error = statefile_write(a->path, &t)) != 0)
		log_error("orders cannot be saved", "file=\"%s\" error=\"%s\"", a->path, strerror(error));
	statefile_free(&t);
	event_del(&a->poll);
	event_del(&a->until);
	free(atomic_exchange(&current_view, NULL));
	for (size_t i = 0; i < a->n; i++)
		free(a->records[i]);
	free(a->records);
	free(a);
}
