#include "loop.h"

#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

static const int handled_signals[] = { SIGTERM, SIGINT, SIGHUP };
#define HANDLED (sizeof handled_signals / sizeof *handled_signals)

struct loop {
	struct event *signals[HANDLED];
	struct loop_calls calls;
};

struct event_base *loop_base_new(void)
{
	struct event_config *config = event_config_new();
	if (!config)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	/* A time-out counts from the call that sets it; from the round's begin, it would end too early in a long round. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
	struct event_base *base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	struct loop *l = arg;
	(void)what;
	if (signal == SIGHUP) {
		if (l->calls.reload)
			l->calls.reload(l->calls.arg);
	} else if (l->calls.stop) {
		l->calls.stop(l->calls.arg, (int)signal);
	}
}

struct loop *loop_new(struct event_base *base, const struct loop_calls *calls)
{
	struct loop *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->calls = *calls;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < HANDLED; i++) {
		l->signals[i] = evsignal_new(base, handled_signals[i], on_signal, l);
		if (!l->signals[i] || event_add(l->signals[i], NULL) < 0) {
			loop_delete(l);
			return NULL;
		}
	}
	return l;
}

void loop_delete(struct loop *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < HANDLED; i++)
		if (l->signals[i])
			event_free(l->signals[i]);
	free(l);
}

static bool failed(char *why, const char *what)
{
	snprintf(why, LOOP_WHY_MAX, "%s: %s", what, strerror(errno));
	return false;
}

static uint32_t kept_rights = 1u << CAP_NET_BIND_SERVICE;

void loop_keep_raw_sockets(void)
{
	kept_rights |= 1u << CAP_NET_RAW;
}

void loop_keep_net_admin(void)
{
	kept_rights |= 1u << CAP_NET_ADMIN;
}

/* The system call itself: it is all that we would use of libcap. */
static bool keep_few_rights(char *why)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	data[0].permitted = data[0].effective = kept_rights;
	if (syscall(SYS_capset, &header, data) < 0)
		return failed(why, "capset");
	return true;
}

static bool become(const struct passwd *p, char *why)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return failed(why, "PR_SET_KEEPCAPS");
	if (initgroups(p->pw_name, p->pw_gid) < 0)
		return failed(why, "initgroups");
	if (setresgid(p->pw_gid, p->pw_gid, p->pw_gid) < 0)
		return failed(why, "setresgid");
	if (setresuid(p->pw_uid, p->pw_uid, p->pw_uid) < 0)
		return failed(why, "setresuid");
	return keep_few_rights(why);
}

bool loop_drop_privileges(const char *user, char why[LOOP_WHY_MAX])
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failed(why, "PR_SET_NO_NEW_PRIVS");
	if (geteuid() != 0 || !*user)
		return true;
	errno = 0;
	const struct passwd *p = getpwnam(user);
	if (p)
		return become(p, why);
	snprintf(why, LOOP_WHY_MAX, "user \"%s\": %s", user, errno ? strerror(errno) : "there is no such user");
	return false;
}

unsigned loop_cores(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
	return n > 0 ? (unsigned)n : 1;
}

void loop_raise_descriptors(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

void loop_notify(const char *state)
{
#ifdef HAVE_LIBSYSTEMD
	sd_notify(0, state);
#else
	(void)state;
#endif
}

void loop_notify_reloading(void)
{
	char state[80];
	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(loop_now() / 1000));
	loop_notify(state);
}

int64_t loop_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int64_t loop_seconds(double seconds)
{
	return (int64_t)(seconds * (double)NS_PER_SECOND + 0.5);
}

/*
 * The date of a day counted from 1970-01-01, by the Gregorian calendar's
 * 400-year cycle of 146097 days; years begin in March, so that the leap day is
 * a year's last. By hand, since gmtime_r takes a lock in glibc.
 */
static void date_of(int64_t day, long *year, int *month, int *mday)
{
	int64_t shifted = day + 719468; /* days from 0000-03-01 */
	int64_t cycle = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t in_cycle = shifted - cycle * 146097;
	int64_t y = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
	int64_t in_year = in_cycle - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * in_year + 2) / 153; /* 0: March */
	*mday = (int)(in_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (long)(cycle * 400 + y + (*month <= 2));
}

const char *loop_time_text(int64_t wall, char out[LOOP_TIME_TEXT_MAX])
{
	const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z: RFC 3339 has four digits */
	int64_t t = wall < 0 ? 0 : wall > last ? last : wall;
	int seconds = (int)(t % 86400), month, day;
	long year;
	date_of(t / 86400, &year, &month, &day);
	snprintf(out, LOOP_TIME_TEXT_MAX, "%04ld-%02d-%02dT%02d:%02d:%02dZ", year, month, day,
	         seconds / 3600, seconds / 60 % 60, seconds % 60);
	return out;
}
