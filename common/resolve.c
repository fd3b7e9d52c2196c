#include "resolve.h"

#include <event2/event.h>
#include <netdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A try that takes longer is no use to a check with the default timeout of one second. */
#define DEFAULT_TIMEOUT_MS 1000
#define DEFAULT_TRIES 2
/* RFC 9715: what gets through unfragmented. */
#define EDNS_SIZE 1232

/* A descriptor of c-ares, as it wants it watched. */
struct watched {
	struct resolver *resolver;
	ares_socket_t fd;
	struct event *event;
	struct watched *next;
};

struct resolver {
	struct event_base *base;
	ares_channel channel;
	struct event *timer;
	struct watched *watched;
};

struct lookup; /* a query under way; outlives the name that began it */

struct resolved_name {
	struct resolver *resolver;
	struct event *timer;
	struct lookup *lookup;  /* NULL: waiting for the timer */
	struct resolve_sink sink;
	char name[];
};

struct lookup { struct resolved_name *name; /* NULL: nobody waits any more */ };

/* --- c-ares on libevent --- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;
	ares_process_fd(r->channel, what & EV_READ ? (ares_socket_t)fd : ARES_SOCKET_BAD,
	                what & EV_WRITE ? (ares_socket_t)fd : ARES_SOCKET_BAD);
	resolver_started(r);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;
	(void)fd;
	(void)what;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	resolver_started(r);
}

void resolver_started(struct resolver *r)
{
	struct timeval tv;
	if (ares_timeout(r->channel, NULL, &tv))
		event_add(r->timer, &tv);
	else
		event_del(r->timer);
}

static struct watched *watched_get(struct resolver *r, ares_socket_t fd)
{
	struct watched *w = r->watched;
	while (w && w->fd != fd)
		w = w->next;
	if (w)
		return w;
	w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->resolver = r;
	w->fd = fd;
	w->next = r->watched;
	r->watched = w;
	return w;
}

static void watched_drop(struct resolver *r, ares_socket_t fd)
{
	for (struct watched **at = &r->watched; *at; at = &(*at)->next) {
		struct watched *w = *at;
		if (w->fd != fd)
			continue;
		*at = w->next;
		if (w->event)
			event_free(w->event);
		free(w);
		return;
	}
}

/* c-ares opened a descriptor, waits for something else on it, or is about to close it. Without memory its time-out ends the query. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = arg;
	if (!readable && !writable) {
		watched_drop(r, fd);
		return;
	}
	struct watched *w = watched_get(r, fd);
	if (!w)
		return;
	if (w->event)
		event_free(w->event);
	short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0) | EV_PERSIST);
	w->event = event_new(r->base, fd, what, on_readable, r);
	if (w->event)
		event_add(w->event, NULL);
}

/* --- begin and end --- */

static bool set_servers(struct resolver *r, const struct resolver_options *o)
{
	struct ares_addr_port_node *nodes = calloc(o->nservers, sizeof *nodes);
	if (!nodes)
		return false;
	for (size_t i = 0; i < o->nservers; i++) {
		const struct addr *a = &o->servers[i];
		nodes[i].next = i + 1 < o->nservers ? &nodes[i + 1] : NULL;
		nodes[i].family = a->sa.sa_family;
		nodes[i].udp_port = nodes[i].tcp_port = addr_port(a);
		memcpy(&nodes[i].addr, addr_bytes(a), a->sa.sa_family == AF_INET ? 4 : 16);
	}
	int status = ares_set_servers_ports(r->channel, nodes);
	free(nodes);
	return status == ARES_SUCCESS;
}

static bool open_channel(struct resolver *r, const struct resolver_options *o, const char **why)
{
	struct ares_options options = {
		/* Names are whole; the hosts file knows none with a final dot. */
		.flags = ARES_FLAG_NOSEARCH | (o && o->bare ? ARES_FLAG_NOCHECKRESP : ARES_FLAG_EDNS),
		.ednspsz = EDNS_SIZE,
		.timeout = o && o->timeout_ms ? o->timeout_ms : DEFAULT_TIMEOUT_MS,
		.tries = o && o->tries ? o->tries : DEFAULT_TRIES,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = r,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
	int status = ares_init_options(&r->channel, &options, mask);
	if (status != ARES_SUCCESS) {
		r->channel = NULL;
		*why = ares_strerror(status);
		return false;
	}
	if (o && o->nservers && !set_servers(r, o)) {
		*why = "the name servers cannot be set";
		return false;
	}
	return true;
}

struct resolver *resolver_new(struct event_base *base, const struct resolver_options *options, const char **why)
{
	*why = "out of memory";
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return NULL;
	struct resolver *r = calloc(1, sizeof *r);
	if (!r) {
		ares_library_cleanup();
		return NULL;
	}
	r->base = base;
	r->timer = evtimer_new(base, on_timeout, r);
	if (!r->timer || !open_channel(r, options, why)) {
		resolver_delete(r);
		return NULL;
	}
	return r;
}

void resolver_delete(struct resolver *r)
{
	if (!r)
		return;
	if (r->channel)
		ares_destroy(r->channel);
	while (r->watched)
		watched_drop(r, r->watched->fd);
	if (r->timer)
		event_free(r->timer);
	free(r);
	ares_library_cleanup(); /* counted: the last one cleans up */
}

bool resolver_set_server(struct resolver *r, const struct addr *server, const struct addr *from)
{
	static const uint8_t any[16] = { 0 };
	const struct resolver_options one = { .servers = server, .nservers = 1 };
	bool v4 = from->sa.sa_family == AF_INET, v6 = from->sa.sa_family == AF_INET6;
	ares_set_local_ip4(r->channel, v4 ? ntohl(from->in4.sin_addr.s_addr) : 0);
	ares_set_local_ip6(r->channel, v6 ? addr_bytes(from) : any);
	return set_servers(r, &one);
}

ares_channel resolver_channel(struct resolver *r)
{
	return r->channel;
}

/* --- names to follow --- */

/* What c-ares found, as our addresses, and the lowest TTL of them. */
struct found {
	struct addr addresses[RESOLVE_ADDRESSES_MAX];
	size_t n;
	int ttl;
};

static int by_bytes(const void *a, const void *b)
{
	const struct addr *x = a, *y = b;
	if (x->sa.sa_family != y->sa.sa_family)
		return x->sa.sa_family < y->sa.sa_family ? -1 : 1;
	return memcmp(addr_bytes(x), addr_bytes(y), x->sa.sa_family == AF_INET ? 4 : 16);
}

static void add_address(struct found *f, const struct ares_addrinfo_node *node)
{
	struct addr a;
	if (node->ai_family == AF_INET)
		addr_from_bytes(&a, AF_INET, &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr, 0);
	else if (node->ai_family == AF_INET6)
		addr_from_bytes(&a, AF_INET6, &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr, 0);
	else
		return;
	for (size_t i = 0; i < f->n; i++)
		if (addr_same_ip(&f->addresses[i], &a))
			return;
	if (f->n < RESOLVE_ADDRESSES_MAX)
		f->addresses[f->n++] = a;
	if (node->ai_ttl < f->ttl)
		f->ttl = node->ai_ttl;
}

/* A fixed order, so that the same set in another order is no change. */
static void collect(struct found *f, const struct ares_addrinfo *info)
{
	f->n = 0;
	f->ttl = RESOLVE_TTL_MAX;
	for (const struct ares_addrinfo_node *node = info ? info->nodes : NULL; node; node = node->ai_next)
		add_address(f, node);
	qsort(f->addresses, f->n, sizeof *f->addresses, by_bytes);
}

static enum resolve_outcome outcome_of(int status, size_t addresses)
{
	if (status == ARES_SUCCESS)
		return addresses ? RESOLVE_OK : RESOLVE_NO_ADDRESS;
	return status == ARES_ENOTFOUND || status == ARES_ENODATA ? RESOLVE_NO_ADDRESS : RESOLVE_NO_ANSWER;
}

static void again_in(struct resolved_name *n, int seconds)
{
	struct timeval tv = { .tv_sec = seconds };
	event_add(n->timer, &tv);
}

static void on_found(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct lookup *l = arg;
	struct resolved_name *n = l->name;
	struct found f;
	(void)timeouts;
	free(l);
	if (n) {
		collect(&f, info);
		enum resolve_outcome outcome = outcome_of(status, f.n);
		n->lookup = NULL;
		again_in(n, outcome != RESOLVE_OK ? RESOLVE_RETRY : f.ttl < RESOLVE_TTL_MIN ? RESOLVE_TTL_MIN : f.ttl);
		n->sink.resolved(n->sink.arg, outcome, f.addresses, f.n);
	}
	ares_freeaddrinfo(info);
}

static void look_up(evutil_socket_t fd, short what, void *arg)
{
	struct resolved_name *n = arg;
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_flags = ARES_AI_NOSORT };
	(void)fd;
	(void)what;
	struct lookup *l = calloc(1, sizeof *l);
	if (!l) {
		again_in(n, RESOLVE_RETRY);
		return;
	}
	l->name = n;
	n->lookup = l; /* before the call, which may end it at once */
	struct resolver *r = n->resolver;
	ares_getaddrinfo(r->channel, n->name, NULL, &hints, on_found, l);
	resolver_started(r);
}

struct resolved_name *resolve_follow(struct resolver *r, const char *name, const struct resolve_sink *sink)
{
	size_t len = strlen(name);
	struct resolved_name *n = calloc(1, sizeof *n + len + 1);
	if (!n)
		return NULL;
	n->resolver = r;
	n->sink = *sink;
	memcpy(n->name, name, len > 1 && name[len - 1] == '.' ? len - 1 : len);
	n->timer = evtimer_new(r->base, look_up, n);
	if (!n->timer) {
		free(n);
		return NULL;
	}
	again_in(n, 0);
	return n;
}

void resolve_unfollow(struct resolved_name *n)
{
	if (!n)
		return;
	if (n->lookup)
		n->lookup->name = NULL;
	event_free(n->timer);
	free(n);
}
