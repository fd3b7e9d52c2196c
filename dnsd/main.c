/*
 * fairlead-dnsd: start and stop, in reading order. What it answers stands in
 * respond.h, what changes while it runs in control.h.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "config.h"
#include "../common/conf.h"
#include "../common/errs.h"
#include "../common/folder.h"
#include "../common/log.h"
#include "../common/loop.h"
#include "../common/options.h"
#include "../common/sock.h"
#include "control.h"
#include "worker.h"

/* Queue of connections not yet accepted: a burst of truncated answers' retries must fit. */
#define TCP_BACKLOG 1024

struct server {
	struct generation *gen;            /* until control has it */
	struct addr *addrs; size_t naddrs; /* what is listened on */
	int *udp, *tcp;                    /* udp[i * each + thread], tcp[i] */
	unsigned each;                     /* UDP threads for each address */
	struct udp_thread **threads; size_t nthreads; /* as `udp` */
	struct tcp_thread *tcp_thread;
	struct event_base *base;
	struct loop *loop;
	struct control *control;
	int lock;
};

/* NULL: errors are in `errs`. */
static struct generation *read_all(const char *file, struct errs *errs)
{
	struct conf *conf = conf_load(file, errs);
	if (!conf)
		return NULL;
	if (!conf->has_dns) {
		errs_add(errs, file, 0, 0, "there is no \"dns\" section");
		conf_free(conf);
		return NULL;
	}
	struct generation *gen = generation_load(conf, NULL, errs);
	if (gen && errs->count) {
		generation_delete(gen);
		gen = NULL;
	}
	return gen;
}

static bool covered(const struct addr *a, const struct addr *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool any = addr_is_any(&list[i]) && list[i].sa.sa_family == a->sa.sa_family && addr_port(&list[i]) == addr_port(a);
		if (any || addr_equal(&list[i], a))
			return true;
	}
	return false;
}

/* dns.listen and the site's control addresses, each once, and none beside a wildcard that covers it. */
static bool list_addresses(struct server *s, const struct conf *conf)
{
	const struct site *own = conf->own;
	s->addrs = calloc(conf->dns.nlisten + own->ncontrol_bind, sizeof *s->addrs);
	if (!s->addrs)
		return false;
	for (int any = 1; any >= 0; any--) {
		for (size_t i = 0; i < conf->dns.nlisten + own->ncontrol_bind; i++) {
			const struct addr *a = i < conf->dns.nlisten ? &conf->dns.listen[i] : &own->control_bind[i - conf->dns.nlisten];
			if (addr_is_any(a) == any && !covered(a, s->addrs, s->naddrs))
				s->addrs[s->naddrs++] = *a;
		}
	}
	return true;
}

static bool bind_all(struct server *s, const struct conf *conf, char *why)
{
	s->each = conf->dns.threads ? conf->dns.threads : loop_cores();
	s->udp = calloc(s->naddrs * s->each, sizeof *s->udp);
	s->tcp = calloc(s->naddrs, sizeof *s->tcp);
	if (!s->udp || !s->tcp) {
		snprintf(why, SOCK_WHY_MAX, "out of memory");
		return false;
	}
	for (size_t i = 0; i < s->naddrs; i++)
		if (sock_listen_udp(&s->addrs[i], s->udp + i * s->each, s->each, why) < 0
			|| sock_listen_tcp(&s->addrs[i], &s->tcp[i], 1, TCP_BACKLOG, why) < 0)
			return false;
	return true;
}

static bool prepare(struct server *s, const struct conf *conf, char *why)
{
	char lock[300], text[FOLDER_WHY_MAX];
	loop_raise_descriptors();
	if (!folder_make(conf->run, conf->user, text) || !folder_make(conf->state, conf->user, text)) {
		snprintf(why, SOCK_WHY_MAX, "%.150s", text);
		return false;
	}
	snprintf(lock, sizeof lock, "dnsd.%s.%.200s", conf->own->name, conf->instance);
	s->lock = folder_lock(conf->run, lock, text);
	if (s->lock < 0) {
		snprintf(why, SOCK_WHY_MAX, "%.150s", text);
		return false;
	}
	if (!list_addresses(s, conf)) {
		snprintf(why, SOCK_WHY_MAX, "out of memory");
		return false;
	}
	if (conf->needs_raw_sockets)
		loop_keep_raw_sockets();
	return bind_all(s, conf, why) && loop_drop_privileges(conf->user, why);
}

static bool start_threads(struct server *s, char *why)
{
	size_t n = s->naddrs * s->each;
	s->threads = calloc(n, sizeof(struct udp_thread *));
	if (!s->threads) {
		snprintf(why, SOCK_WHY_MAX, "out of memory");
		return false;
	}
	for (; s->nthreads < n; s->nthreads++) {
		size_t i = s->nthreads;
		if (!(s->threads[i] = udp_start(s->udp[i], &s->addrs[i / s->each], (unsigned)i, why)))
			return false;
	}
	s->tcp_thread = tcp_start(s->tcp, s->naddrs, why);
	return s->tcp_thread != NULL;
}

static void on_stop(void *arg, int signal)
{
	struct server *s = arg;
	log_info("stopping", "signal=%d", signal);
	loop_notify("STOPPING=1");
	event_base_loopbreak(s->base);
}

static void on_reload(void *arg)
{
	struct server *s = arg;
	control_reload(s->control);
}

static bool start(struct server *s, const char *file, char *why)
{
	struct loop_calls calls = { .stop = on_stop, .reload = on_reload, .arg = s };
	if (!prepare(s, s->gen->conf, why))
		return false;
	s->base = loop_base_new();
	s->loop = s->base ? loop_new(s->base, &calls) : NULL;
	s->control = s->loop ? control_new(s->base, file, s->gen) : NULL;
	s->gen = NULL;
	if (!s->control) {
		snprintf(why, SOCK_WHY_MAX, "out of memory");
		return false;
	}
	return start_threads(s, why);
}

static void stop(struct server *s)
{
	tcp_stop(s->tcp_thread);
	for (size_t t = 0; t < s->nthreads; t++)
		udp_stop(s->threads[t]);
	if (s->control)
		control_delete(s->control);
	generation_delete(s->gen);
	if (s->loop)
		loop_delete(s->loop);
	if (s->base)
		event_base_free(s->base);
	free(s->threads);
	free(s->udp);
	free(s->tcp);
	free(s->addrs);
	if (s->lock >= 0)
		close(s->lock);
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, "fairlead-dnsd");
	struct server s = { .lock = -1 };
	struct errs errs;
	uint64_t seed;
	char why[SOCK_WHY_MAX] = "";

	if (o.replace) {
		fprintf(stderr, "fairlead-dnsd: --replace is not built yet\n");
		return EXIT_USAGE;
	}
	if (getrandom(&seed, sizeof seed, 0) != sizeof seed) {
		fprintf(stderr, "fairlead-dnsd: no random numbers: %s\n", strerror(errno));
		return EXIT_START;
	}
	zone_hash_seed(seed);
	errs_init(&errs);
	s.gen = read_all(o.file, &errs);
	if (!s.gen) {
		errs_print(&errs, stderr);
		errs_free(&errs);
		return EXIT_CONFIG;
	}
	if (o.test) {
		generation_warn(s.gen);
		generation_delete(s.gen);
		return EXIT_OK;
	}
	log_info("starting", "version=%s site=%s instance=%s zones=%zu", PACKAGE_VERSION, s.gen->conf->own->name, s.gen->conf->instance, s.gen->nzones);
	if (!start(&s, o.file, why)) {
		log_error("cannot start", "error=\"%s\"", why);
		stop(&s);
		return EXIT_START;
	}
	log_info("serving", "addresses=%zu threads=%zu", s.naddrs, s.nthreads);
	event_base_dispatch(s.base);
	stop(&s);
	log_info("stopped", "%s", "");
	return EXIT_OK;
}
