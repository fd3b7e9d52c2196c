/*
 * options: the command line of both programs, and what their exit status says
 * (spec 9).
 */
#ifndef FAIRLEAD_OPTIONS_H
#define FAIRLEAD_OPTIONS_H

#include <stdbool.h>

enum exit_status { EXIT_OK = 0, EXIT_CONFIG = 1, EXIT_USAGE = 2, EXIT_START = 3 };

struct options {
	const char *file;   /* -c, or the default */
	bool test;          /* -t */
	bool replace;       /* --replace */
};

/* `program` stands in its texts. Comes back for a start or a test; for everything else it exits. */
struct options options_parse(int argc, char **argv, const char *program);

#endif
