#include "servers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "random.h"

struct servers {
	struct checker *checker;
	int wake;
	struct server *head;
	void (*changed)(void *arg); void *changed_arg;
};

struct servers *servers_new(struct checker *checker, int wake)
{
	struct servers *r = calloc(1, sizeof *r);
	if (r) {
		r->checker = checker;
		r->wake = wake;
	}
	return r;
}

void servers_on_change(struct servers *r, void (*changed)(void *arg), void *arg)
{
	r->changed = changed;
	r->changed_arg = arg;
}

bool servers_known(const struct servers *r)
{
	for (const struct server *s = r->head; s; s = s->next)
		if (s->watch && watch_state(s->watch) == VERDICT_UNKNOWN)
			return false;
	return true;
}

static void tell_change(const struct servers *r)
{
	if (r->changed)
		r->changed(r->changed_arg);
}

void servers_delete(struct servers *r)
{
	free(r);
}

static void log_change(const struct server *s, const char *msg, const char *result, double lasted)
{
	char address[ADDR_TEXT_MAX];
	log_info(msg, "service=%s server=%s check=%s result=\"%s\" lasted=%.3f sessions=%u", s->service,
	         addr_text_at(&s->address, address), *s->check ? s->check : "none", result, lasted, s->sessions);
}

static void on_report(void *arg, struct watch *w, const struct watch_report *r)
{
	struct server *s = arg;
	(void)w;
	if (r->state == r->before)
		return;
	bool up = r->state == VERDICT_UP;
	s->up = up;
	s->down = r->state == VERDICT_DOWN;
	char text[CHECK_RESULT_TEXT_MAX];
	log_change(s, up ? "server up" : r->state == VERDICT_DRAIN ? "server drains" : "server down", check_result_text(r->result, r->detail, text),
	           r->first ? 0 : (double)r->lasted / (double)NS_PER_SECOND);
	tell_change(s->registry);
}

static const char *check_name(const struct conf_listener *l)
{
	return l->check ? l->check->name : "";
}

static struct server *find(struct servers *r, const struct conf_listener *l, const struct addr *a)
{
	for (struct server *s = r->head; s; s = s->next)
		if (addr_equal(&s->address, a) && strcmp(s->service, l->service_text) == 0 && strcmp(s->check, check_name(l)) == 0 &&
		    s->send_proxy == l->send_proxy && s->datagram == (l->protocol == FWD_UDP))
			return s;
	return NULL;
}

static void put(struct servers *r, struct server *s)
{
	if (--s->refs)
		return;
	for (struct server **at = &r->head; *at; at = &(*at)->next) {
		if (*at == s) {
			*at = s->next;
			break;
		}
	}
	if (s->watch)
		watch_delete(s->watch);
	free(s->service);
	free(s->check);
	free(s);
}

static struct server *get(struct servers *r, const struct conf_listener *l, const struct addr *a)
{
	struct server *s = find(r, l, a);
	if (s) {
		s->refs++;
		return s;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->service = strdup(l->service_text);
	s->check = strdup(check_name(l));
	s->address = *a;
	s->send_proxy = l->send_proxy;
	s->up = true;
	s->datagram = l->protocol == FWD_UDP;
	s->refs = 1;
	s->registry = r;
	s->next = r->head;
	r->head = s;
	if (!s->service || !s->check) {
		put(r, s);
		return NULL;
	}
	return s;
}

struct pool *pool_new(struct servers *r, const struct conf_listener *l, unsigned workers)
{
	struct pool *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->balance = l->balance;
	p->servers = calloc(l->nservers + 1, sizeof(struct server *));
	p->weights = calloc(l->nservers + 1, sizeof *p->weights);
	p->turn = calloc((size_t)workers * l->nservers + 1, sizeof *p->turn);
	bool ok = p->servers && p->weights && p->turn;
	for (size_t i = 0; ok && i < l->nservers; i++) {
		p->weights[i] = l->servers[i].weight;
		p->servers[i] = get(r, l, &l->servers[i].address);
		ok = p->servers[i] != NULL;
		p->n += ok;
	}
	if (!ok) {
		pool_delete(r, p);
		return NULL;
	}
	return p;
}

/* Who wants a PROXY header wants it of probes, too: one that tells nothing. */
static const struct check_preface *preface(enum proxy_send version)
{
	static const struct check_preface v1 = { "PROXY UNKNOWN\r\n", 15 };
	static const struct check_preface v2 = { "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16 };
	return version == PROXY_SEND_V1 ? &v1 : version == PROXY_SEND_V2 ? &v2 : NULL;
}

bool pool_watch(struct servers *r, struct pool *p, const struct conf_listener *l)
{
	for (size_t i = 0; i < p->n; i++) {
		struct server *s = p->servers[i];
		struct watch_server as_probed = { &s->address, NULL, l->service_text, preface(l->send_proxy) };
		if (s->watch) {
			if (watch_update_server(s->watch, l->check, &as_probed))
				continue;
			watch_delete(s->watch);
		}
		struct watch_sink sink = { .report = on_report, .arg = s };
		s->watch = watch_new_server(r->checker, l->check, &as_probed, &sink);
		if (!s->watch)
			return false;
	}
	return true;
}

void pool_delete(struct servers *r, struct pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		put(r, p->servers[i]);
	free(p->servers);
	free(p->weights);
	free(p->turn);
	free(p);
}

void server_refused(struct servers *r, struct server *s, enum check_result why)
{
	/* One of many connections that fail in the same moment tells it; the others have nothing new to say. */
	if (!atomic_exchange(&s->up, false))
		return;
	s->down = true;
	s->refused = (uint32_t)why;
	uint64_t one = 1;
	while (write(r->wake, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void servers_take_refused(struct servers *r)
{
	for (struct server *s = r->head; s; s = s->next) {
		enum check_result why = (enum check_result)atomic_exchange(&s->refused, 0);
		if (why == RESULT_NONE)
			continue;
		s->down = true;
		s->up = false; /* a check may have brought it up since, without knowing of this */
		if (s->watch)
			watch_failed(s->watch, why);
		log_change(s, "server down, a connection failed", check_result_name(why), 0);
		tell_change(r);
	}
}

/* The shares of one pick; 0: no candidate. */
struct pick {
	const struct pool *pool;
	const struct pool_input *in;
	bool spare;                 /* those of weight 0, alike, since nobody else is left */
};

static unsigned share(const struct pick *k, size_t i)
{
	unsigned weight = k->spare ? !k->pool->weights[i] : k->pool->weights[i];
	return weight && !(k->in->tried & pool_bit(i)) && atomic_load_explicit(&k->pool->servers[i]->up, memory_order_relaxed) ? weight : 0;
}

/*
 * Smooth weighted round robin: everybody's account grows by its weight, the
 * fullest is next and pays the sum. Weights 3 and 1 give A A B A, not A A A B.
 */
static int pick_roundrobin(const struct pick *k)
{
	const struct pool *p = k->pool;
	int64_t *account = p->turn + (size_t)k->in->worker * p->n, sum = 0;
	int best = -1;
	for (size_t i = 0; i < p->n; i++) {
		unsigned weight = share(k, i);
		if (!weight)
			continue;
		account[i] += weight;
		sum += weight;
		if (best < 0 || account[i] > account[best])
			best = (int)i;
	}
	if (best >= 0)
		account[best] -= sum;
	return best;
}

/* The fewest sessions for its weight; any one of equals. */
static int pick_leastconn(const struct pick *k)
{
	const struct pool *p = k->pool;
	int best = -1;
	uint64_t best_sessions = 0, best_weight = 0, equals = 0, random = k->in->random;
	for (size_t i = 0; i < p->n; i++) {
		unsigned weight = share(k, i);
		if (!weight)
			continue;
		uint64_t sessions = atomic_load_explicit(&p->servers[i]->sessions, memory_order_relaxed);
		uint64_t mine = best < 0 ? 0 : (sessions + 1) * best_weight;
		uint64_t others = best < 0 ? 1 : (best_sessions + 1) * weight;
		equals = mine < others ? 1 : equals + (mine == others);
		/* The nth of equals takes the place with probability 1/n, so all have the same chance. */
		if (mine > others || (mine == others && random64(&random) % equals != 0))
			continue;
		best = (int)i;
		best_sessions = sessions;
		best_weight = weight;
	}
	return best;
}

static uint64_t mix(uint64_t seed, const void *data, size_t len)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < len; i++) {
		uint64_t state = seed ^ p[i];
		seed = random64(&state);
	}
	return seed;
}

/*
 * Weighted rendezvous: each server draws a number from (client, server); the
 * highest -weight / ln(draw) wins. A lost server moves only its own clients.
 */
static int pick_hash(const struct pick *k)
{
	const struct pool *p = k->pool;
	const struct addr *from = k->in->client;
	uint64_t client = mix(0, addr_bytes(from), from->sa.sa_family == AF_INET6 ? 16 : 4);
	int best = -1;
	double best_score = 0;
	for (size_t i = 0; i < p->n; i++) {
		unsigned weight = share(k, i);
		if (!weight)
			continue;
		const struct addr *a = &p->servers[i]->address;
		uint16_t port = addr_port(a);
		uint64_t h = mix(mix(client, addr_bytes(a), a->sa.sa_family == AF_INET6 ? 16 : 4), &port, sizeof port);
		double draw = ((double)(h >> 11) + 0.5) * 0x1p-53; /* in (0, 1) */
		double score = -(double)weight / log(draw);
		if (best < 0 || score > best_score) {
			best = (int)i;
			best_score = score;
		}
	}
	return best;
}

static int pick_random(const struct pick *k)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < k->pool->n; i++)
		sum += share(k, i);
	if (!sum)
		return -1;
	uint64_t at = k->in->random % sum;
	int last = -1;
	for (size_t i = 0; i < k->pool->n; i++) {
		unsigned weight = share(k, i);
		if (!weight)
			continue;
		last = (int)i;
		if (at < weight)
			break;
		at -= weight;
	}
	return last; /* also when one went down between the two walks */
}

static int pick(const struct pick *k)
{
	switch (k->pool->balance) {
	case BALANCE_LEASTCONN: return pick_leastconn(k);
	case BALANCE_HASH: return pick_hash(k);
	case BALANCE_RANDOM: return pick_random(k);
	case BALANCE_ROUNDROBIN: break;
	}
	return pick_roundrobin(k);
}

int pool_pick(const struct pool *p, const struct pool_input *in)
{
	int i = pick(&(struct pick){ p, in, false });
	return i >= 0 ? i : pick(&(struct pick){ p, in, true });
}

bool pool_usable(const struct pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (atomic_load_explicit(&p->servers[i]->up, memory_order_relaxed))
			return true;
	return false;
}

void pool_count(const struct pool *p, struct pool_counts *out)
{
	bool known = true;
	*out = (struct pool_counts){ .all = (unsigned)p->n, .state = VERDICT_DOWN };
	for (size_t i = 0; i < p->n; i++) {
		const struct server *s = p->servers[i];
		bool up = atomic_load_explicit(&s->up, memory_order_relaxed);
		/* Before its first check it is tried, but nobody can say that it is up. */
		if (up && s->watch && watch_state(s->watch) == VERDICT_UNKNOWN) {
			known = false;
			continue;
		}
		out->up += up;
		if (up)
			out->state = VERDICT_UP;
	}
	if (!known && out->state == VERDICT_DOWN)
		out->state = VERDICT_UNKNOWN;
}
