#include "options.h"

#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void usage(const char *program, FILE *to)
{
	fprintf(to, "usage: %s [-c FILE] [-t] [-V] [-h] [--replace]\n"
		"  -c FILE    configuration (default %s)\n"
		"  -t         read configuration and zones as a start would, print every error, and exit 0 or 1\n"
		"  --replace  takes the sockets over from the process that runs, which then finishes what it has\n"
		"  -V         version\n"
		"  -h         this text\n", program, FAIRLEAD_CONF_FILE);
}

struct options options_parse(int argc, char **argv, const char *program)
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
		case 'V': printf("%s %s\n", program, PACKAGE_VERSION); exit(EXIT_OK);
		case 'h': usage(program, stdout); exit(EXIT_OK);
		case 'r': o.replace = true; break;
		default: usage(program, stderr); exit(EXIT_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unexpected argument \"%s\"\n", program, argv[optind]);
		usage(program, stderr);
		exit(EXIT_USAGE);
	}
	return o;
}
