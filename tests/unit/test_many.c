/*
 * Many members, each probed once a second, against one server in a process of
 * its own: spread, left-over sockets, and what it costs. The default is small
 * enough for a slow machine under valgrind; the figures are made with
 *
 *     test_many http 10000 10
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../common/check.h"
#include "../../common/watch.h"
#include "../../dnsd/monitor.h"
#include "turn.h"
#include "unit.h"

#define TENTH_MS 100
#define SECONDS_MAX 120
/* A process that was kept waiting longer starts in one go what was due meanwhile: its counts say nothing. */
#define STALL_MAX (20 * NS_PER_MS)

static char *kind = (char[]){ "http" };
static unsigned members = 1000, seconds = 3;

/* --- the server --- */

static int listen_anywhere(struct addr *a)
{
	socklen_t len = sizeof *a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	addr_parse(a, "0.0.0.0", 0);
	if (bind(fd, &a->sa, addr_len(a)) < 0 || listen(fd, 4096) < 0 || getsockname(fd, &a->sa, &len) < 0)
		exit(3);
	return fd;
}

static void serve_one(int fd)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	char request[512];
	ssize_t n = recv(fd, request, sizeof request, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0 && send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL) > 0)
		return;
	close(fd);
}

/* Until it is killed. */
static void serve(int listener)
{
	int ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN, .data.fd = listener }, got[256];
	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
	for (;;) {
		int n = epoll_wait(ep, got, 256, -1);
		for (int i = 0; i < n; i++) {
			int fd = got[i].data.fd;
			if (fd != listener) {
				serve_one(fd);
				continue;
			}
			while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
				struct epoll_event c = { .events = EPOLLIN, .data.fd = fd };
				epoll_ctl(ep, EPOLL_CTL_ADD, fd, &c);
			}
		}
	}
}

/* --- the members --- */

static struct policy weighted = { .answers = 1 };

struct model {
	struct addr *targets;
	struct member *members;
	struct service *services;
	struct monitor_service *list;
	struct conf_check check;
	const struct conf_check *check_list[1];
	struct site site;
	struct conf conf;
};

/* A hundred members a service, at 127.0.0.1 and up, so that no pair of addresses runs out of ports. */
static void make_model(struct model *m, const struct addr *server, char *state)
{
	unsigned nservices = (members + 99) / 100;
	m->targets = calloc(members, sizeof *m->targets);
	m->members = calloc(members, sizeof *m->members);
	m->services = calloc(nservices, sizeof *m->services);
	m->list = calloc(nservices, sizeof *m->list);
	m->check = (struct conf_check){ .name = kind, .type = strcmp(kind, "tcp") == 0 ? CHECK_TCP : CHECK_HTTP,
	                                .interval = 1, .fast_interval = 0.1, .timeout = 1, .rise = 2, .fall = 3 };
	m->check_list[0] = &m->check;
	m->site = (struct site){ .name = "sjc" };
	m->conf = (struct conf){ .own = &m->site, .sites = &m->site, .nsites = 1, .state = state };
	for (unsigned i = 0; i < members; i++) {
		struct in_addr ip = { htonl(0x7f000001 + i) };
		addr_from_bytes(&m->targets[i], AF_INET, &ip, 0);
		m->members[i] = (struct member){ .targets = &m->targets[i], .ntargets = 1, .checks = m->check_list,
		                                 .nchecks = 1, .port = addr_port(server) };
		snprintf(m->members[i].label, sizeof m->members[i].label, "m%u", i);
	}
	for (unsigned i = 0; i < nservices; i++) {
		struct service *s = &m->services[i];
		char name[32];
		const char *why;
		int len = snprintf(name, sizeof name, "s%u.example.", i);
		s->name_len = dname_from_text(s->name, name, (size_t)len, NULL, &why);
		s->policy = &weighted;
		s->members = m->members + i * 100;
		s->nmembers = members - i * 100 < 100 ? members - i * 100 : 100;
		m->list[i] = (struct monitor_service){ s, &m->conf };
	}
}

static void free_model(struct model *m)
{
	free(m->targets);
	free(m->members);
	free(m->services);
	free(m->list);
}

static void on_changed(void *arg, const struct service *s)
{
	(void)arg;
	(void)s;
}

/* Sockets in TIME_WAIT with the server's port at one end. */
static unsigned count_time_wait(const struct addr *server)
{
	char line[256];
	unsigned n = 0, local, remote, state;
	FILE *f = fopen("/proc/net/tcp", "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, " %*u: %*x:%x %*x:%x %x", &local, &remote, &state) == 3 && state == 6)
			n += local == addr_port(server) || remote == addr_port(server);
	if (f)
		fclose(f);
	return n;
}

static double cpu_seconds(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static unsigned count_up(struct live *live, const struct model *m)
{
	unsigned up = 0;
	for (unsigned i = 0; i < members; i++)
		up += atomic_load(&live_find(live, m->services[i / 100].name, m->members[i].label)->verdict) == VERDICT_UP;
	return up;
}

/* How many probes start in each tenth of a second. */
struct tenths {
	const struct checker_counts *counts;
	uint64_t before;
	unsigned most;
};

static void on_tenth(evutil_socket_t fd, short what, void *arg)
{
	struct tenths *t = arg;
	(void)fd;
	(void)what;
	unsigned n = (unsigned)(t->counts->started - t->before);
	t->before = t->counts->started;
	if (n > t->most)
		t->most = n;
}

static void many_members(void)
{
	char state[] = "/tmp/fairlead-many-XXXXXX", path[64];
	struct model m;
	struct addr server;
	int status;
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(state));
	int listener = listen_anywhere(&server);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		serve(listener);
	close(listener);
	make_model(&m, &server, state);
	struct event_base *base = loop_base_new();
	struct checker *checker = checker_new(base, NULL);
	struct live *live = live_new();
	struct monitor *monitor = monitor_new(base, checker, &m.conf, live, &(struct monitor_calls){ .changed = on_changed });
	double begun = cpu_seconds();
	CU_ASSERT_TRUE(monitor_set_services(monitor, m.list, (members + 99) / 100, &m.conf));
	double set = cpu_seconds();
	const struct checker_counts *c = checker_counts(checker);
	struct tenths tenths = { .counts = c };
	const struct timeval tenth = { .tv_usec = TENTH_MS * 1000 };
	struct event *ticker = event_new(base, -1, EV_PERSIST, on_tenth, &tenths);
	event_add(ticker, &tenth);
	turn_for(base, (int)seconds * 1000);
	event_free(ticker);
	double cpu = cpu_seconds() - set;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	CU_ASSERT_EQUAL(count_up(live, &m), members);
	CU_ASSERT_EQUAL(c->postponed, 0);
	CU_ASSERT_TRUE(turn_late.worst > STALL_MAX || tenths.most <= 3 * members / 10);
	unsigned left = count_time_wait(&server);
	CU_ASSERT_TRUE(left < members / 100);
	printf("\n  %u %s members, %u s: %llu probes, %.1f us CPU a probe (%.1f %% of a core), setting up %.0f ms, "
	       "most in %d ms: %u (share: %u), TIME_WAIT: %u\n  ", members, kind, seconds, (unsigned long long)c->started,
	       cpu * 1e6 / (double)c->started, cpu * 100 / seconds, (set - begun) * 1000, TENTH_MS, tenths.most,
	       members / 10, left);
	monitor_delete(monitor);
	live_delete(live);
	checker_delete(checker);
	event_base_free(base);
	free_model(&m);
	snprintf(path, sizeof path, "%s/dnsd.verdicts", state);
	unlink(path);
	CU_ASSERT_EQUAL(rmdir(state), 0);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = { UNIT_TEST(many_members) };
	if (argc > 1)
		kind = argv[1];
	if (argc > 2)
		members = (unsigned)atoi(argv[2]);
	if (argc > 3)
		seconds = (unsigned)atoi(argv[3]);
	if (members < 1 || seconds < 2 || seconds > SECONDS_MAX)
		return 2;
	return unit_run("many", tests, 1);
}
