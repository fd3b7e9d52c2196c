/*
 * fairlead-fwd: start and stop. The way of a connection reads: listen, serve
 * (asks route), then request (http, redirect) or dial, relay, session_end.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include "control.h"
#include "errs.h"
#include "log.h"
#include "options.h"
#include "tlsheap.h"

static int serve_until_stopped(struct control *c, bool replace)
{
	char why[CONTROL_WHY_MAX] = "";
	int status = EXIT_OK;
	if (control_start(c, replace, why)) {
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
	tlsheap_begin();
	struct options o = options_parse(argc, argv, "fairlead-fwd");
	struct errs errs;
	errs_init(&errs);
	struct control *c = NULL;
	bool ok = o.test ? control_test(o.file, &errs) : (c = control_new(o.file, &errs)) != NULL;
	if (!ok)
		errs_print(&errs, stderr);
	errs_free(&errs);
	if (!ok)
		return EXIT_CONFIG;
	return c ? serve_until_stopped(c, o.replace) : EXIT_OK;
}
