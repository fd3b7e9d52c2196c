/* check, reload: what is done with the programs themselves, on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ctl.h"

/* Beside us, or where the build tree has it. False: nowhere. */
static bool find_program(const char *folder, const char *name, char out[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	if (snprintf(out, PATH_MAX, "%s/%s", self, name) < PATH_MAX && access(out, X_OK) == 0)
		return true;
	return snprintf(out, PATH_MAX, "%s/../%s/%s", self, folder, name) < PATH_MAX && access(out, X_OK) == 0;
}

/* Runs PROGRAM -t -c FILE; it tells what is wrong. */
static enum ctl_status test_with(const char *folder, const char *name, const char *file)
{
	char program[PATH_MAX];
	int status;
	if (!find_program(folder, name, program))
		return ctl_fail(CTL_REFUSED, "%s is not installed beside this program", name);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		execl(program, program, "-t", "-c", file, (char *)NULL);
		_exit(126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return ctl_fail(CTL_REFUSED, "cannot run %s: %s", program, strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return CTL_OK;
	return ctl_fail(CTL_REFUSED, "%s finds errors in %s", name, file);
}

enum ctl_status ctl_check(struct ctl *c)
{
	struct conf *conf = ctl_conf(c);
	if (!conf)
		return CTL_REFUSED;
	enum ctl_status status = test_with("dnsd", "fairlead-dnsd", c->file);
	if (conf->has_forward) {
		enum ctl_status fwd = test_with("fwd", "fairlead-fwd", c->file);
		status = status == CTL_OK ? fwd : status;
	}
	return status;
}

/* The process that has the lock of `program` ("dnsd"); 0: none. */
static pid_t find_process(const struct conf *conf, const char *program)
{
	char file[PATH_MAX], text[32] = "";
	if (snprintf(file, sizeof file, "%s/%s.%s.%.200s.lock", conf->run, program, conf->own->name, conf->instance) >= (int)sizeof file)
		return 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	/* Whoever left the file behind is gone when its lock is. */
	bool runs = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	ssize_t n = runs ? read(fd, text, sizeof text - 1) : 0;
	close(fd);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;
	return pid > 1 ? (pid_t)pid : 0;
}

static enum ctl_status reload(const struct conf *conf, const char *program)
{
	pid_t pid = find_process(conf, program);
	if (!pid)
		return ctl_fail(CTL_UNREACHABLE, "fairlead-%s of site %s, instance %s, does not run here (no lock in %s)", program, conf->own->name,
		                conf->instance, conf->run);
	if (kill(pid, SIGHUP) != 0)
		return ctl_fail(CTL_UNREACHABLE, "cannot signal fairlead-%s (process %ld): %s", program, (long)pid, strerror(errno));
	printf("fairlead-%s (process %ld) reads %s again\n", program, (long)pid, conf->file);
	return CTL_OK;
}

/* A broken configuration would change nothing; it is told here instead of in a log. */
enum ctl_status ctl_reload(struct ctl *c)
{
	const char *program = c->program;
	if (program && strcmp(program, "dnsd") != 0 && strcmp(program, "fwd") != 0)
		return ctl_fail(CTL_USAGE, "--program: neither dnsd nor fwd: \"%s\"", program);
	if (!ctl_conf(c))
		return CTL_REFUSED;
	enum ctl_status status = c->force ? CTL_OK : ctl_check(c);
	if (status != CTL_OK)
		return status;
	if (!program || strcmp(program, "dnsd") == 0)
		status = reload(c->conf, "dnsd");
	if (program ? strcmp(program, "fwd") == 0 : c->conf->has_forward) {
		enum ctl_status fwd = reload(c->conf, "fwd");
		status = status == CTL_OK ? fwd : status;
	}
	return status;
}
