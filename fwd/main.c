/*
 * fairlead-fwd: start and stop. The way of a connection reads: listen, serve
 * (asks route), then request (http, redirect) or dial, relay, session_end.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include "control.h"
#include "errs.h"
#include "log.h"

enum { EXIT_OK = 0, EXIT_CONFIG = 1, EXIT_USAGE = 2, EXIT_START = 3 };

struct options { const char *file; bool test; };

static void usage(FILE *to)
{
	fprintf(to, "usage: fairlead-fwd [-c FILE] [-t] [-V] [-h]\n"
		"  -c FILE    configuration (default %s)\n"
		"  -t         read configuration and zones as a start would, print every error, and exit 0 or 1\n"
		"  -V         version\n"
		"  -h         this text\n", FAIRLEAD_CONF_FILE);
}

/* Exits for everything but a start or a test. */
static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' },
		{ "replace", no_argument, NULL, 'r' }, { NULL, 0, NULL, 0 }
	};
	struct options o = { .file = FAIRLEAD_CONF_FILE };
	int c;
	while ((c = getopt_long(argc, argv, "c:tVh", names, NULL)) != -1) {
		switch (c) {
		case 'c': o.file = optarg; break;
		case 't': o.test = true; break;
		case 'V': puts("fairlead-fwd " PACKAGE_VERSION); exit(EXIT_OK);
		case 'h': usage(stdout); exit(EXIT_OK);
		case 'r': fputs("fairlead-fwd: --replace is not built yet\n", stderr); exit(EXIT_USAGE);
		default: usage(stderr); exit(EXIT_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "fairlead-fwd: unexpected argument \"%s\"\n", argv[optind]);
		usage(stderr);
		exit(EXIT_USAGE);
	}
	return o;
}

static int serve_until_stopped(struct control *c)
{
	char why[CONTROL_WHY_MAX] = "";
	int status = EXIT_OK;
	if (control_start(c, why)) {
		control_run(c);
	} else {
		log_error("cannot start", "error=\"%s\"", why);
		status = EXIT_START;
	}
	control_delete(c);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	struct errs errs;
	errs_init(&errs);
	struct control *c = NULL;
	bool ok = o.test ? control_test(o.file, &errs) : (c = control_new(o.file, &errs)) != NULL;
	if (!ok)
		errs_print(&errs, stderr);
	errs_free(&errs);
	if (!ok)
		return EXIT_CONFIG;
	return c ? serve_until_stopped(c) : EXIT_OK;
}
