#include "control.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "crew.h"
#include "crowd.h"
#include "folder.h"
#include "guard.h"
#include "listen.h"
#include "log.h"
#include "loop.h"
#include "nat.h"
#include "report.h"
#include "route.h"
#include "setup.h"
#include "sock.h"
#include "succession.h"
#include "tickets.h"

/*
 * Descriptors that sessions leave alone, besides one for each real server's
 * check: c-ares, files of a reload, sockets that a reload opens before it
 * closes others.
 */
#define DESCRIPTORS_KEPT 16
/* How soon the end of the last session is noticed while we drain. */
#define DRAIN_LOOK_US 50000
/* Seconds after which the guard knows at the latest that an operator has set our member down. */
#define GUARD_LOOK 1

/* A reload parses beside the sessions: they come first. */
#define LOADER_NICE 10

struct control {
	const char *file;
	struct setup_home home;
	struct checker *checker;
	struct loop *loop;
	struct event *wake;
	struct event *drain;
	struct listen_table table;
	struct crew *crew;
	struct report *report;
	struct guard *guard;        /* NULL: the kernel doesn't let us */
	struct event *guarding;
	struct event *forgetting;   /* old keys of tickets */
	int keys;                   /* on their way to a successor: tickets_give; -1: none */
	struct nat *nat;            /* NULL: nothing for the kernel to do */
	struct setup *setup;        /* in force */
	struct setup *retired;      /* sessions still use these */
	struct succession *succession;
	unsigned descriptors;       /* that we have open ourselves, listening sockets not counted */
	int lock;
	bool serving, stopping, succeeded;
	bool handing;               /* a successor has our sockets, and doesn't serve yet */
	int64_t drain_until;        /* ns */
	/* reload */
	bool loading, again;
	pthread_t loader;
	struct event *loaded;
	struct setup *next;         /* read, not made yet */
	struct errs errs;
};

/* --- descriptors --- */

static unsigned listening(const struct setup *s)
{
	unsigned n = 0;
	for (size_t i = 0; i < s->nlisteners; i++)
		n += s->listeners[i].conf->protocol == FWD_IP ? 0 : (unsigned)s->listeners[i].conf->nlisten;
	return n;
}

/* Descriptors are given out from the lowest, so the next one tells how many are open. */
static void count_descriptors(struct control *c)
{
	int next = dup(c->home.wake);
	unsigned open = next < 0 ? 0 : (unsigned)next, sockets = listening(c->setup) * c->home.workers;
	if (next >= 0)
		close(next);
	c->descriptors = open > sockets ? open - sockets : 0;
}

/* Sessions that there may be. Each needs two descriptors: one that is taken in must not fail for want of the other. */
static uint32_t session_limit(const struct control *c)
{
	struct rlimit r;
	rlim_t kept = c->descriptors + listening(c->setup) * c->home.workers + DESCRIPTORS_KEPT;
	for (size_t i = 0; i < c->setup->nlisteners; i++)
		kept += c->setup->listeners[i].conf->nservers;
	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur == RLIM_INFINITY || r.rlim_cur / 2 > UINT32_MAX)
		r.rlim_cur = UINT32_MAX;
	return r.rlim_cur > kept + 2 ? (uint32_t)((r.rlim_cur - kept) / 2) : 1;
}

/* --- what workers tell --- */

static void free_retired(struct control *c)
{
	for (struct setup **at = &c->retired; *at;) {
		struct setup *s = *at;
		if (s->refs) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		setup_free(&c->home, s);
		log_info("old configuration is not used any more", "%s", "");
	}
}

static void refresh_guard(struct control *c)
{
	if (c->serving)
		guard_refresh(c->guard, c->setup);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct control *c = arg;
	uint64_t n;
	if (read(fd, &n, sizeof n) < 0)
		return;
	servers_take_refused(c->home.servers);
	nat_refresh(c->nat);
	refresh_guard(c);
	free_retired(c);
}

/* --- stop --- */

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct control *c = arg;
	unsigned n = crew_sessions(c->crew), flows = nat_flows(c->nat);
	if ((n || flows) && loop_now() < c->drain_until)
		return;
	if (n || flows)
		log_warn("drain timeout, closing what is open", "sessions=%u flows=%u", n, flows);
	event_base_loopbreak(c->home.base);
}

/* What is open may go on for drain_timeout, then we end. */
static void drain(struct control *c)
{
	static const struct timeval look = { .tv_usec = DRAIN_LOOK_US };
	c->drain_until = loop_now() + loop_seconds(c->setup->conf->forward.drain_timeout);
	event_add(c->drain, &look);
	on_drain(-1, 0, c);
}

/* Its listening sockets, its lock and its name are another process's from now on. */
static void on_succeeded(void *arg, pid_t successor)
{
	struct control *c = arg;
	char main_pid[40];
	c->succeeded = true;
	snprintf(main_pid, sizeof main_pid, "MAINPID=%ld", (long)successor);
	loop_notify(main_pid);
	report_silence(c->report);
	crew_hand_over(c->crew);
	nat_drain(c->nat); /* the table is the successor's by now */
	close(c->lock);
	c->lock = -1;
	log_info("replaced", "by=%ld sessions=%u drain_timeout=%g", (long)successor, crew_sessions(c->crew),
	         c->setup->conf->forward.drain_timeout);
	drain(c);
}


static void on_stop(void *arg, int signal)
{
	struct control *c = arg;
	if (c->succeeded && !c->stopping) {
		c->stopping = true; /* a service manager tells all processes: this one is as good as stopped */
		return;
	}
	if (c->stopping) {
		log_info("stopping at once", "signal=%d sessions=%u", signal, crew_sessions(c->crew));
		event_base_loopbreak(c->home.base);
		return;
	}
	c->stopping = true;
	loop_notify("STOPPING=1");
	crew_drain(c->crew);
	report_end(c->report);
	nat_drain(c->nat);
	log_info("stopping", "signal=%d sessions=%u drain_timeout=%g", signal, crew_sessions(c->crew),
	         c->setup->conf->forward.drain_timeout);
	drain(c);
}

/* --- reload --- */

/* What is made once, at the start. */
static void warn_restart(const struct control *c, const struct setup *s)
{
	const struct conf *old = c->setup->conf, *new = s->conf;
	const struct { const char *key; bool differs; } keys[] = {
		{ "forward.threads", new->forward.threads != old->forward.threads },
		{ "user", strcmp(old->user, new->user) != 0 },
		{ "run", strcmp(old->run, new->run) != 0 },
		{ "site", strcmp(old->own->name, new->own->name) != 0 },
		{ "instance", strcmp(old->instance, new->instance) != 0 },
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].differs)
			log_warn("a changed key needs a restart", "key=%s", keys[i].key);
}

static bool is_transparent(const struct setup *s)
{
	for (size_t i = 0; i < s->nlisteners; i++)
		if (s->listeners[i].conf->transparent)
			return true;
	return false;
}

static bool may_be_transparent(const struct setup *s, char *why)
{
	if (!is_transparent(s) || sock_may_be_transparent(AF_INET))
		return true;
	snprintf(why, SOCK_WHY_MAX, "transparent needs CAP_NET_RAW: start as root; after a reload that brings the first such listener: restart");
	return false;
}

/* After a reload that failed: what it opened is not wanted. */
static void close_new_sockets(struct control *c)
{
	char ignored[SOCK_WHY_MAX];
	listen_open(&c->table, c->setup, ignored); /* opens nothing: marks what has just been opened as not wanted */
	listen_forget(&c->table);
}

/* New sockets and checks, then the workers change over; nothing of it shows outside until all of it can be done. */
static bool put_in_force(struct control *c, struct setup *s, char *why)
{
	if (!may_be_transparent(s, why))
		return false;
	if (!listen_open(&c->table, s, why))
		return false;
	if (!nat_stand(&c->nat, c->home.base, s, why)) {
		close_new_sockets(c);
		return false;
	}
	if (!setup_begin(&c->home, s, c->setup, why)) {
		nat_back(&c->nat);
		close_new_sockets(c);
		return false;
	}
	crew_switch(c->crew, s);
	listen_forget(&c->table);
	nat_refresh(c->nat);
	guard_refresh(c->guard, s);
	return true;
}

/* What is in force now is reported from now on. */
static void tell(struct control *c)
{
	if (report_set(c->report, c->setup))
		return;
	report_silence(c->report);
	log_error("out of memory, our dnsd is told nothing any more", "%s", "");
}
_Static_assert(NAT_WHY_MAX >= SOCK_WHY_MAX && NAT_WHY_MAX >= PEERS_WHY_MAX && CONTROL_WHY_MAX >= NAT_WHY_MAX, "one buffer for all");

/* False: `c->errs` says why. Takes what was read. */
static bool change_over(struct control *c)
{
	char why[NAT_WHY_MAX];
	struct setup *s = setup_make(&c->home, c->next, &c->errs);
	c->next = NULL;
	if (s && !put_in_force(c, s, why)) {
		errs_add(&c->errs, NULL, 0, 0, "%s", why);
		setup_free(&c->home, s);
		s = NULL;
	}
	if (s) {
		struct setup *old = c->setup;
		warn_restart(c, s);
		peers_stop(old->peers); /* its sessions may still choose, by what was known last */
		old->next = c->retired;
		c->retired = old;
		c->setup = s;
		crew_limit(c->crew, session_limit(c));
		tell(c);
		setup_release(&c->home, old);
	}
	return s != NULL;
}

/* Databases of places take a second to read: checks and answers from our dnsd go on meanwhile. */
static void *load(void *arg)
{
	struct control *c = arg;
	uint64_t one = 1;
	pthread_setname_np(pthread_self(), "loader");
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), LOADER_NICE);
	c->next = setup_read(c->file, c->setup, &c->errs);
	if (write(event_get_fd(c->loaded), &one, sizeof one) < 0)
		log_error("cannot tell that a reload has ended", "error=\"%s\"", strerror(errno));
	return NULL;
}

static void on_reload(void *arg)
{
	struct control *c = arg;
	if (c->stopping || c->succeeded || !c->serving)
		return;
	c->again = c->loading || c->handing;
	if (c->loading)
		return;
	if (c->handing) {
		log_info("a reload waits: a successor is about to take over", "%s", "");
		return;
	}
	loop_notify_reloading();
	errs_init(&c->errs);
	int e = pthread_create(&c->loader, NULL, load, c);
	if (e)
		log_error("reload failed, the old configuration stays", "error=\"%s\"", strerror(e));
	c->loading = e == 0;
}

/* What a stop has overtaken isn't put in force any more. */
static void end_loading(struct control *c)
{
	if (c->loading)
		pthread_join(c->loader, NULL);
	if (c->next)
		setup_free(&c->home, c->next);
	c->next = NULL;
	c->loading = false;
	errs_free(&c->errs);
}

static void on_loaded(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct control *c = arg;
	uint64_t n;
	if (read(fd, &n, sizeof n) < 0)
		return;
	pthread_join(c->loader, NULL);
	c->loading = false;
	bool wanted = !c->stopping && !c->succeeded;
	/* The successor has the sockets of before, and may be about to write the kernel's rules: on_kept reads again if it gives up. */
	c->again |= c->handing;
	if (wanted && c->handing) {
		log_info("a reload waits: a successor is about to take over", "%s", "");
	} else if (wanted && change_over(c)) {
		conf_log_places(c->setup->conf);
		setup_warn(c->setup);
		log_info("reloaded", "listeners=%zu", c->setup->nlisteners);
	} else if (wanted) {
		errs_log(&c->errs);
		log_error("reload failed, the old configuration stays", "file=%s", c->file);
	}
	end_loading(c);
	if (wanted)
		loop_notify("READY=1");
	if (wanted && c->again && !c->handing)
		on_reload(c);
}

/* A successor has given up. */
static void on_kept(void *arg)
{
	struct control *c = arg;
	c->handing = false;
	nat_reclaim(c->nat);
	if (c->again && !c->loading)
		on_reload(c);
}

/* --- start --- */

/* An operator's word about our own members comes with what dnsd answers. */
static void on_guard(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	refresh_guard(arg);
}

static void on_server(void *arg)
{
	struct control *c = arg;
	report_look(c->report);
	nat_refresh(c->nat);
	refresh_guard(c);
}

/* All that a predecessor knows: which servers are up, and which peers. */
static bool is_known(void *arg)
{
	const struct control *c = arg;
	for (size_t i = 0; i < c->setup->nlisteners; i++)
		if (!peers_known(c->setup->listeners[i].peers))
			return false;
	return servers_known(c->home.servers);
}

static size_t sockets(void *arg, int *fds, size_t max)
{
	struct control *c = arg;
	c->handing = true;
	size_t n = listen_sockets(&c->table, fds, max);
	c->keys = n < max ? tickets_give() : -1;
	if (c->keys >= 0)
		fds[n++] = c->keys;
	return n;
}

/* Nobody finds them in our descriptors once they are old. */
static void sent(void *arg)
{
	struct control *c = arg;
	if (c->keys >= 0)
		close(c->keys);
	c->keys = -1;
}

static void on_forget(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	tickets_forget(tickets_now());
}

static void enter(void *arg)
{
	struct control *c = arg;
	crew_limit(c->crew, session_limit(c));
	crew_switch(c->crew, c->setup);
	c->serving = true;
	c->table.taken = NULL;
	nat_enter(c->nat); /* before a predecessor hears of it, who would take its table away when it has no flows */
	succession_enter(c->succession, c->lock);
	tell(c);
	refresh_guard(c);
	conf_log_places(c->setup->conf);
	setup_warn(c->setup);
	log_info("serving", "site=%s listeners=%zu threads=%u sessions_max=%u", c->setup->conf->own->name,
	         c->setup->nlisteners, c->home.workers, session_limit(c));
	loop_notify("READY=1");
}

static void take_rtt(void *arg, void (*each)(void *arg, const struct rtt_measured *m), void *each_arg)
{
	struct control *c = arg;
	crew_take_rtt(c->crew, each, each_arg);
}

static void pass(void *arg)
{
	struct control *c = arg;
	if (c->crew)
		crew_pass(c->crew);
}

static bool make_home(struct control *c)
{
	struct setup_home *h = &c->home;
	struct loop_calls calls = { .stop = on_stop, .reload = on_reload, .arg = c };
	struct succession_calls succession = { .known = is_known, .enter = enter, .sockets = sockets, .sent = sent, .succeeded = on_succeeded, .kept = on_kept, .arg = c };
	struct report_calls report = { .rtt = take_rtt, .arg = c };
	uint64_t seed;
	int loaded = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	h->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	h->base = loop_base_new();
	h->pass = pass;
	h->arg = c;
	c->loaded = h->base && loaded >= 0 ? event_new(h->base, loaded, EV_READ | EV_PERSIST, on_loaded, c) : NULL;
	if (!c->loaded && loaded >= 0)
		close(loaded);
	if (h->wake < 0 || !c->loaded)
		return false;
	c->checker = checker_new(h->base, NULL);
	h->servers = c->checker ? servers_new(c->checker, h->wake) : NULL;
	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
		seed = (uint64_t)loop_now(); /* early boot; only who aims at others' places could make use of it */
	h->crowd = crowd_new(seed);
	c->report = report_new(h->base, &report);
	c->succession = succession_new(h->base, &succession);
	c->loop = loop_new(h->base, &calls);
	c->wake = event_new(h->base, h->wake, EV_READ | EV_PERSIST, on_wake, c);
	c->drain = event_new(h->base, -1, EV_PERSIST, on_drain, c);
	c->guarding = event_new(h->base, -1, EV_PERSIST, on_guard, c);
	c->forgetting = event_new(h->base, -1, EV_PERSIST, on_forget, c);
	if (h->servers)
		servers_on_change(h->servers, on_server, c);
	return h->servers && h->crowd && c->report && c->succession && c->loop && c->wake && c->drain && c->guarding && c->forgetting && event_add(c->wake, NULL) == 0 && event_add(c->loaded, NULL) == 0;
}

struct control *control_new(const char *file, struct errs *errs)
{
	struct control *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->file = file;
	c->lock = c->keys = -1;
	c->home.wake = -1;
	if (!make_home(c))
		errs_add(errs, NULL, 0, 0, "out of memory or descriptors");
	else
		c->setup = setup_make(&c->home, setup_read(file, NULL, errs), errs);
	if (c->setup)
		return c;
	control_delete(c);
	return NULL;
}

static bool lock_run(struct control *c, bool replace, char *why)
{
	const struct conf *conf = c->setup->conf;
	char name[300];
	if (!folder_make(conf->run, conf->user, why))
		return false;
	snprintf(name, sizeof name, "fwd.%s.%.200s", conf->own->name, conf->instance);
	c->lock = succession_lock(c->succession, replace, conf->run, name, conf->user, why);
	c->table.taken = succession_taken(c->succession);
	tickets_take(c->table.taken);
	return c->lock >= 0;
}

bool control_start(struct control *c, bool replace, char why[CONTROL_WHY_MAX])
{
	loop_raise_descriptors();
	c->table.workers = c->home.workers;
	if (c->setup->conf->needs_raw_sockets || is_transparent(c->setup))
		loop_keep_raw_sockets();
	if (!lock_run(c, replace, why))
		return false;
	bool nat = nat_is_due(c->setup);
	if (nat)
		loop_keep_net_admin();
	c->table.guard = c->guard = guard_new();
	if (!listen_open(&c->table, c->setup, why) || !loop_drop_privileges(c->setup->conf->user, why)
	    || !may_be_transparent(c->setup, why))
		return false;
	if (!setup_begin(&c->home, c->setup, NULL, why))
		return false;
	c->crew = crew_new(&c->home, &c->table);
	if (!c->crew) {
		snprintf(why, CONTROL_WHY_MAX, "no memory for threads");
		return false;
	}
	/* Before anything is accepted. A predecessor who serves until we do keeps its table until then. */
	if (nat && !(c->table.taken ? nat_prepare : nat_stand)(&c->nat, c->home.base, c->setup, why))
		return false;
	static const struct timeval look = { .tv_sec = GUARD_LOOK };
	event_add(c->guarding, &look);
	static const struct timeval minute = { .tv_sec = TICKETS_LOOK };
	event_add(c->forgetting, &minute);
	count_descriptors(c);
	succession_begin(c->succession);
	return true;
}

void control_run(struct control *c)
{
	event_base_dispatch(c->home.base);
}

static void log_totals(const struct control *c)
{
	struct crew_totals t;
	struct report_counts reports;
	crew_totals(c->crew, &t);
	report_counts(c->report, &reports);
	log_info("stopped", "accepted=%llu local=%llu request=%llu relay=%llu unavailable=%llu reset=%llu "
	         "redirects=%llu replies=%llu retried=%llu to_server=%llu to_client=%llu pauses=%llu crowded=%llu reports=%llu reports_lost=%llu reports_refused=%llu "
	         "datagrams_to_server=%llu datagrams_to_client=%llu dropped=%llu evicted=%llu",
	         (unsigned long long)t.accepted, (unsigned long long)t.routed[ROUTE_LOCAL],
	         (unsigned long long)t.routed[ROUTE_REQUEST], (unsigned long long)t.routed[ROUTE_RELAY],
	         (unsigned long long)t.routed[ROUTE_UNAVAILABLE], (unsigned long long)t.routed[ROUTE_RESET],
	         (unsigned long long)t.redirects, (unsigned long long)t.replies, (unsigned long long)t.retried,
	         (unsigned long long)t.to_server, (unsigned long long)t.to_client, (unsigned long long)t.pauses,
	         (unsigned long long)t.crowded, (unsigned long long)reports.sent, (unsigned long long)reports.lost, (unsigned long long)reports.refused,
	         (unsigned long long)t.datagrams_to_server, (unsigned long long)t.datagrams_to_client, (unsigned long long)t.dropped,
	         (unsigned long long)t.ended[END_EVICTED]);
}

static void stop_workers(struct control *c)
{
	if (!c->stopping)
		crew_drain(c->crew);
	crew_end_sessions(c->crew);
	log_totals(c);
	crew_delete(c->crew);
}

static void free_home(struct control *c)
{
	nat_delete(c->nat);
	if (c->home.servers)
		servers_delete(c->home.servers);
	if (c->checker)
		checker_delete(c->checker);
	crowd_delete(c->home.crowd);
	if (c->drain)
		event_free(c->drain);
	if (c->guarding)
		event_free(c->guarding);
	if (c->forgetting)
		event_free(c->forgetting);
	if (c->wake)
		event_free(c->wake);
	if (c->loaded) {
		close(event_get_fd(c->loaded));
		event_free(c->loaded);
	}
	loop_delete(c->loop);
	if (c->home.base)
		event_base_free(c->home.base);
	if (c->home.wake >= 0)
		close(c->home.wake);
}

void control_delete(struct control *c)
{
	if (c->crew)
		stop_workers(c);
	end_loading(c);
	report_delete(c->report);
	succession_delete(c->succession);
	listen_table_free(&c->table);
	guard_delete(c->guard);
	if (c->setup) {
		c->setup->next = c->retired;
		c->retired = c->setup;
	}
	while (c->retired) {
		struct setup *s = c->retired;
		c->retired = s->next;
		setup_free(&c->home, s);
	}
	free_home(c);
	if (c->lock >= 0)
		close(c->lock);
	free(c);
}

bool control_test(const char *file, struct errs *errs)
{
	struct setup *s = setup_make(NULL, setup_read(file, NULL, errs), errs);
	if (!s)
		return false;
	setup_warn(s);
	setup_free(NULL, s);
	return true;
}
