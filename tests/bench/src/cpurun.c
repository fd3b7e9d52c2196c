/*
 * cpurun PIDS command...: runs the command, passes its output through, then
 * prints cpu_ns=<spent by PIDS meanwhile> wall_ns=... steal_pct=... foreign_pct=...
 * For load tools that cannot read another process's clock.
 */
#include "bench.h"
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t usage_ns(const struct rusage *ru)
{
	return (uint64_t)(ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(ru->ru_utime.tv_usec + ru->ru_stime.tv_usec) * 1000u;
}

int main(int argc, char **argv)
{
	struct pids server = {0}, none = {0};
	struct edge from, to;
	struct rusage ru;
	int status;
	if (argc < 3)
		die("usage: cpurun PIDS command...");
	pids_parse(&server, argv[1]);
	edge_take(&from, &server, &none);
	pid_t child = fork();
	if (!child) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &ru) < 0)
		die("cannot run %s", argv[2]);
	edge_take(&to, &server, &none);
	to.helper += usage_ns(&ru);
	printf("cpu_ns=%lu wall_ns=%lu", to.server - from.server, to.time - from.time);
	edge_print(&from, &to);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
