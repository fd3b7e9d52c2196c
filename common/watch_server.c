#include "watch_parts.h"

#include <stdlib.h>
#include <string.h>
#include "loop.h"

struct watch *watch_new_server(struct checker *c, const struct conf_check *check, const struct watch_server *server,
                               const struct watch_sink *sink)
{
	struct watch *w = watch_new(c, &check, check ? 1 : 0, sink);
	if (!w)
		return NULL;
	if (server->source)
		w->source = *server->source;
	w->preface = server->preface;
	w->service = server->service ? strdup(server->service) : NULL;
	return watch_finish_new(w, (!server->service || w->service) && watch_set_addresses(w, server->address, 1));
}

bool watch_update_server(struct watch *w, const struct conf_check *check, const struct watch_server *server)
{
	const struct addr *source = server->source;
	const char *service = server->service;
	size_t n = check && check->type != CHECK_NONE ? 1 : 0;
	bool same_source = source ? w->source.sa.sa_family != AF_UNSPEC && addr_equal(&w->source, source)
	                          : w->source.sa.sa_family == AF_UNSPEC;
	bool same_service = !service == !w->service && (!service || strcmp(service, w->service) == 0);
	if (!same_source || !same_service || w->preface != server->preface || !watch_same_checks(w, &check, n) ||
	    !addr_equal(&w->columns[0]->address, server->address))
		return false;
	watch_rebind(w, &check);
	return true;
}

void watch_failed(struct watch *w, enum check_result why)
{
	const struct timeval out = { .tv_sec = WATCH_OUT_SECONDS };
	watch_set_state(w, VERDICT_DOWN, loop_now());
	for (size_t i = 0; i < w->ncolumns; i++)
		for (size_t c = 0; c < w->nchecks; c++)
			check_force_down(w->columns[i]->checks[c], why);
	if (!w->nchecks)
		event_add(&w->out, &out);
}
