#include "helper.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_ASKED_EACH_MS 20

struct helper {
	struct helpers *all;
	struct helper *next;          /* dying */
	struct helper_calls calls;
	pid_t pid;
	int pidfd, to, from;          /* to: its standard input, from: its output */
	struct event *output, *exit;  /* exit: later of its death */
	bool *gone;                   /* where it is noted that a call stopped us; NULL: nobody asks */
	size_t said;                  /* bytes since the last question */
	size_t len;
	char line[HELPER_LINE_MAX];
};

/* --- processes --- */

/* No signal that we ignore or block stays so for it. */
static bool set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_setsigmask(a, &none) == 0 && posix_spawnattr_setsigdefault(a, &all) == 0 &&
	       posix_spawnattr_setpgroup(a, 0) == 0 &&
	       posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP) == 0;
}

/* All other descriptors of ours are close-on-exec; standard error goes where ours goes. 0, or an errno. */
static int spawn(pid_t *pid, int in, int out, char *const argv[], char *const environment[])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	int error = ENOMEM;
	if (set_attributes(&attributes) && posix_spawn_file_actions_adddup2(&actions, in, 0) == 0 &&
	    posix_spawn_file_actions_adddup2(&actions, out, 1) == 0)
		error = posix_spawn(pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static void close_two(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

/* False: errno says why, and nothing is left. */
static bool run(struct helper *h, char *const argv[], char *const environment[])
{
	int in[2], out[2];
	if (pipe2(in, O_CLOEXEC) < 0)
		return false;
	if (pipe2(out, O_CLOEXEC) < 0) {
		int e = errno;
		close_two(in);
		errno = e;
		return false;
	}
	int error = spawn(&h->pid, in[0], out[1], argv, environment);
	close(in[0]);
	close(out[1]);
	if (error) {
		close(in[1]);
		close(out[0]);
		errno = error;
		return false;
	}
	h->to = in[1];
	h->from = out[0];
	fcntl(h->to, F_SETFL, O_NONBLOCK);
	fcntl(h->from, F_SETFL, O_NONBLOCK);
	h->pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
	return true;
}

/* Left to be waited for. */
static bool has_exited(const struct helper *h)
{
	siginfo_t info = { .si_pid = 0 };
	return waitid(P_PID, (id_t)h->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

/* The kernel tells when it exits; one that has no pidfd_open (before Linux 5.3), or no descriptor for it, is asked now and then. */
static bool watch_exit(struct helper *h, event_callback_fn callback)
{
	const struct timeval often = { .tv_usec = EXIT_ASKED_EACH_MS * 1000 };
	bool told = h->pidfd >= 0;
	h->exit = event_new(h->all->base, h->pidfd, told ? EV_READ : EV_PERSIST, callback, h);
	return h->exit && event_add(h->exit, told ? NULL : &often) == 0;
}

static void forget(struct helper *h)
{
	struct helper **at = &h->all->dying;
	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	waitpid(h->pid, NULL, WNOHANG);
	if (h->exit)
		event_free(h->exit);
	if (h->pidfd >= 0)
		close(h->pidfd);
	free(h);
}

static void on_dead(evutil_socket_t pidfd, short what, void *arg)
{
	(void)pidfd;
	(void)what;
	if (has_exited(arg))
		forget(arg);
}

/* What was killed and lives on for a moment becomes init's when we end. */
void helpers_forget(struct helpers *all)
{
	while (all->dying)
		forget(all->dying);
}

/* --- what it says --- */

static void tell_ended(struct helper *h)
{
	event_del(h->output);
	event_del(h->exit);
	h->calls.ended(h->calls.arg);
}

/* False: the helper has been stopped. */
static bool take(struct helper *h, char c)
{
	bool gone = false;
	if (c != '\n') {
		if (h->len < HELPER_LINE_MAX)
			h->line[h->len++] = c;
		return true;
	}
	size_t n = h->len;
	h->len = 0;
	h->gone = &gone;
	h->calls.line(h->calls.arg, h->line, n);
	if (!gone)
		h->gone = NULL;
	return !gone;
}

static void on_output(evutil_socket_t fd, short what, void *arg)
{
	struct helper *h = arg;
	char piece[4096];
	(void)what;
	ssize_t n = read((int)fd, piece, sizeof piece);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	h->said += n > 0 ? (size_t)n : 0;
	if (n <= 0 || h->said > HELPER_OUTPUT_MAX) {
		tell_ended(h);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		if (!take(h, piece[i]))
			return;
}

/* Its last words may still lie in the pipe: they are read first. */
static void on_exit_of(evutil_socket_t fd, short what, void *arg)
{
	struct helper *h = arg;
	char piece[4096];
	(void)fd;
	(void)what;
	if (!has_exited(h))
		return;
	ssize_t n = read(h->from, piece, sizeof piece);
	for (ssize_t i = 0; i < n; i++)
		if (!take(h, piece[i]))
			return;
	tell_ended(h);
}

/* --- begin and end --- */

struct helper *helper_start(struct helpers *all, char *const argv[], char *const environment[], const struct helper_calls *calls)
{
	struct helper *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	h->all = all;
	h->calls = *calls;
	if (!run(h, argv, environment)) {
		int e = errno;
		free(h);
		errno = e;
		return NULL;
	}
	h->output = event_new(all->base, h->from, EV_READ | EV_PERSIST, on_output, h);
	if (watch_exit(h, on_exit_of) && h->output && event_add(h->output, NULL) == 0)
		return h;
	helper_stop(h);
	errno = ENOMEM;
	return NULL;
}

void helper_ask(struct helper *h, const char *question)
{
	char piece[4096];
	while (read(h->from, piece, sizeof piece) > 0 && (h->said += sizeof piece) < HELPER_OUTPUT_MAX)
		continue;
	h->said = 0;
	h->len = 0;
	(void)!write(h->to, question, strlen(question));
}

/* The dead are buried when the system tells of them: within moments, but nobody waits. */
void helper_stop(struct helper *h)
{
	if (h->gone)
		*h->gone = true;
	h->gone = NULL;
	kill(-h->pid, SIGKILL);
	close(h->to);
	close(h->from);
	if (h->output)
		event_free(h->output);
	if (h->exit)
		event_free(h->exit);
	h->next = h->all->dying;
	h->all->dying = h;
	if (!watch_exit(h, on_dead))
		forget(h);
}
