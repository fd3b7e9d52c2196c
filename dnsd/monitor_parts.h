/*
 * monitor_parts: what the files of the monitor share; nobody else includes it.
 *
 *     monitor.c          services come and go; questions
 *     monitor_hear.c     who is heard, and whom we therefore look at ourselves
 *     monitor_judge.c    observations become verdicts
 *     monitor_verdict.c  moments at which answers change by themselves
 *     monitor_failback.c who was down and waits to be cleared
 *     monitor_save.c     the verdicts in the state folder
 */
#ifndef FAIRLEAD_MONITOR_PARTS_H
#define FAIRLEAD_MONITOR_PARTS_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <limits.h>
#include "../common/loop.h"
#include "../common/watch.h"
#include "monitor.h"

struct entry;

struct watched_member {
	struct entry *entry;
	size_t index;                  /* into service->members */
	struct live_member *live;      /* a reference */
	struct watch *watch;           /* NULL: no memory for it */
	bool judged;                   /* this process has concluded something */
	bool ordered_once;             /* its verdict is a saved one, and was an order */
	uint16_t percent;              /* of its weight; 0: nobody says */
	bool told_percent;             /* somebody has said one */
	int64_t since;                 /* ns: begin of the verdict; 0: not in this process's time */
	int64_t next_end;              /* ns: no observation ends by its TTL before; INT64_MAX: none */
	int64_t ends_seen;             /* ns: what ended by its TTL until then has been judged */
};

/* A service. */
struct entry {
	struct monitor *monitor;
	const struct service *service;
	const struct conf *conf;
	struct watched_member **members; /* as service->members */
	struct entry *successor;       /* the one that takes its members over, in monitor_set_services */
	bool ready;
	int64_t wait_end;              /* ns */
	int64_t armed_for;             /* ns: when `timer` has something to do; 0: nothing */
	struct event timer;
};

struct monitor {
	struct event_base *base;
	struct checker *checker;
	struct live *live;
	struct monitor_calls calls;
	struct observe *observe;
	const struct conf *conf;
	int64_t begun_at;              /* ns: peers have some time to be heard before they count as silent */
	struct event sweep;            /* observations that end by their TTL */
	struct event grace;            /* the end of that time */
	bool sweeping;
	struct entry **entries; size_t nentries;  /* sorted by name */
	bool begun;                    /* had its first services */
	/* saving */
	char saved_path[PATH_MAX];
	struct event save_timer, save_soon;
	struct statefile_job *save_job;    /* under way */
	bool unsaved, save_failed;
	int64_t saved_at;              /* ns */
	struct {
		char path[PATH_MAX]; struct statefile_job *job; bool unsaved, failed;
		uint64_t away, back;       /* nobody looked from here on and until then: clocks in microseconds */
	} failback;
};

static inline enum verdict verdict_of(const struct watched_member *wm)
{
	return (enum verdict)atomic_load_explicit(&wm->live->verdict, memory_order_relaxed);
}

static inline int64_t hold_of(const struct entry *e)
{
	return loop_seconds(e->conf->dns.hold);
}

static inline int64_t calm_of(const struct entry *e)
{
	return (int64_t)e->conf->dns.ttl_calm * NS_PER_SECOND;
}

/* --- monitor_hear.c --- */

/* Watches the member, or doesn't any more, as exchange.probe has it. */
void monitor_watch(struct watched_member *wm);
/* Makes m->observe. False: no memory. */
bool monitor_hear_begin(struct monitor *m);
void monitor_hear_end(struct monitor *m);

/* --- monitor_judge.c --- */

/* The sink of every watch; `arg` is its struct watched_member. */
void monitor_on_report(void *arg, struct watch *w, const struct watch_report *r);
/* A watch that is known without any probe: as a report, but nobody is told. */
void monitor_note_known(struct watched_member *wm, enum verdict state);
/* Nobody here looks at it any more. */
void monitor_note_unwatched(struct watched_member *wm);
/* The verdict by what is known now, and the share of its weight. True: they are others; whoever needs it is the caller's to tell. */
bool monitor_judge(struct watched_member *wm, const struct watch_report *r);
/* All members, and everybody is told. */
void monitor_judge_entry(struct entry *e);
/* The same for those members of which `who` has said something. */
void monitor_judge_said(struct entry *e, const struct observer *who);
void monitor_judge_begin(struct monitor *m);
void monitor_judge_end(struct monitor *m);

/* --- monitor_verdict.c --- */

/* After verdicts of the entry have changed, or may have: readiness, timer, and everybody is told. */
void monitor_note_changed(struct entry *e, bool changed);
/* All members have a verdict. */
bool monitor_all_known(const struct entry *e);
/* Sets the entry's timer to the next moment at which its answers change by themselves. What has passed by then is the
   caller's to tell, afterwards. */
void monitor_arm(struct entry *e);
/* The callback of that timer; `arg` is the entry. */
void monitor_on_moment(evutil_socket_t fd, short what, void *arg);

/* --- monitor_failback.c --- */

/* What a verdict is where failback is manual: a member that was down is drained until it is cleared. */
void monitor_failback(struct watched_member *wm, struct verdict_answer *a);
/* A dnsd says that it has seen the member down then. True: that is news to us, and the verdict has to be found anew. */
bool monitor_failback_told(struct watched_member *wm, const struct observer *who, uint64_t failed);
void monitor_failback_begin(struct monitor *m, const char *folder);
void monitor_failback_read(struct monitor *m);
/* Writes what has changed, if anything; `wait`: now, else beside us. */
void monitor_failback_save(struct monitor *m, bool wait);

/* --- monitor_save.c --- */

/* Takes over saved verdicts for members of which nothing is known. */
void monitor_read_saved(struct monitor *m);
/* An order that isn't there any more is no verdict: until somebody looks at it nothing is known of the member. */
void monitor_doubt_saved(struct watched_member *wm);
void monitor_begin_saving(struct monitor *m, const char *folder);
/* A verdict has changed. */
void monitor_save_soon(struct monitor *m);
/* Writes once more, and waits for it. */
void monitor_end_saving(struct monitor *m);

#endif
