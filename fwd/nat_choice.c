#include "nat_choice.h"

#include <stdlib.h>
#include <string.h>

/* All that can be told of a client without its hash: tiers and the order in them. */
struct signature {
	uint16_t n;
	uint16_t first[SERVICE_MEMBERS_MAX];  /* each tier in the members' order */
	uint16_t turned[SERVICE_MEMBERS_MAX]; /* each tier turned on by one, which shows where it ends */
};

struct found {
	struct prefix network;
	uint8_t class;
};

struct work {
	const struct nat_question *q;
	struct nat_choice *choice;
	struct select_client client;
	struct service service;         /* the same with another policy */
	struct policy policy;
	struct signature *signatures;   /* a class each */
	struct found *found; size_t n;
};

/* --- policies --- */

/* A rule whose last column is `total`, whatever total order stands there. */
static void end_rule(struct rule *r, enum metric total)
{
	size_t n = 0;
	while (n < r->nmetrics && n < RULE_METRICS_MAX - 1 && r->metrics[n] != METRIC_WEIGHTED && r->metrics[n] != METRIC_RANDOM
	       && r->metrics[n] != METRIC_ROUNDROBIN && r->metrics[n] != METRIC_HASH)
		n++;
	r->metrics[n] = total;
	r->nmetrics = n + 1;
}

/* Puts the service's policy into place with all total orders replaced, also behind the last rule. False: no memory. */
static bool use_policy(struct work *w, enum metric total)
{
	const struct policy *p = w->q->in.service->policy;
	free(w->policy.rules);
	w->policy = *p;
	w->policy.nrules = p->nrules + 1;
	w->policy.rules = calloc(w->policy.nrules, sizeof *w->policy.rules);
	for (size_t i = 0; w->policy.rules && i < w->policy.nrules; i++) {
		if (i < p->nrules)
			w->policy.rules[i] = p->rules[i];
		end_rule(&w->policy.rules[i], total);
	}
	w->service.policy = &w->policy;
	return w->policy.rules;
}

static struct select_input question(const struct work *w)
{
	struct select_input in = w->q->in;
	in.service = &w->service;
	in.client = &w->client;
	in.random = in.turn = 0;
	in.scope = NULL;
	in.trace = NULL;
	return in;
}

/* --- classes: the address space, network by network --- */

static unsigned bits_of(int family)
{
	return family == AF_INET6 ? 128 : 32;
}

/* Zero bits at the end. */
static unsigned alignment(const uint8_t *bytes, unsigned bits)
{
	unsigned n = 0;
	while (n < bits && !(bytes[(bits - 1 - n) / 8] >> n % 8 & 1))
		n++;
	return n;
}

/* On to the address behind the network of that length. False: there is none. */
static bool advance(struct addr *a, unsigned length)
{
	uint8_t bytes[16];
	int family = a->sa.sa_family;
	memcpy(bytes, addr_bytes(a), bits_of(family) / 8);
	for (unsigned bit = length; bit-- > 0;) {
		uint8_t mask = (uint8_t)(0x80u >> bit % 8);
		bytes[bit / 8] ^= mask;
		if (bytes[bit / 8] & mask) {
			addr_from_bytes(a, family, bytes, 0);
			return true;
		}
	}
	return false;
}

/* What there is to tell of this client; and how long its network is within which all are alike. */
static unsigned sign(struct work *w, struct signature *s)
{
	struct select_input in = question(w);
	uint8_t scope = 0;
	unsigned bits = bits_of(w->client.address.sa.sa_family), aligned = bits - alignment(addr_bytes(&w->client.address), bits);
	memset(s, 0, sizeof *s);
	in.scope = &scope;
	s->n = (uint16_t)select_order(&in, SERVICE_MEMBERS_MAX, s->first);
	in.turn = 1;
	select_order(&in, SERVICE_MEMBERS_MAX, s->turned);
	return scope > aligned ? scope : aligned;
}

/* -1: too many, or no memory. */
static int class_of(struct work *w, const struct signature *s)
{
	struct nat_choice *c = w->choice;
	size_t i = 0;
	while (i < c->nclasses && memcmp(&w->signatures[i], s, sizeof *s) != 0)
		i++;
	if (i == c->nclasses) {
		if (i == NAT_CLASSES_MAX)
			return -1;
		w->signatures[c->nclasses++] = *s;
	}
	return (int)i;
}

/* False: there are too many to be followed. */
static bool walk(struct work *w)
{
	static const uint8_t zero[16];
	struct signature s;
	unsigned length;
	addr_from_bytes(&w->client.address, w->q->stand_in.sa.sa_family, zero, 0);
	do {
		length = sign(w, &s);
		int class = class_of(w, &s);
		if (class < 0 || w->n == NAT_NETWORKS_MAX)
			return false;
		w->found[w->n].class = (uint8_t)class;
		prefix_of(&w->found[w->n++].network, &w->client.address, (uint8_t)length, (uint8_t)length);
	} while (advance(&w->client.address, length));
	return true;
}

/* Everybody is what one address is. */
static void stand_in(struct work *w)
{
	w->choice->alike = true;
	w->choice->nclasses = w->n = 1;
	w->found[0] = (struct found){ .network.family = (uint8_t)w->q->stand_in.sa.sa_family };
}

static bool gather(struct work *w)
{
	struct nat_choice *c = w->choice;
	c->classes = calloc(c->nclasses, sizeof *c->classes);
	for (size_t i = 0; c->classes && i < w->n; i++)
		c->classes[w->found[i].class].n++;
	for (size_t i = 0; c->classes && i < c->nclasses; i++) {
		struct nat_class *class = &c->classes[i];
		class->networks = calloc(class->n, sizeof *class->networks);
		if (!class->networks)
			return false;
		class->n = 0;
		for (size_t k = 0; k < w->n; k++)
			if (w->found[k].class == i)
				class->networks[class->n++] = w->found[k].network;
	}
	return c->classes;
}

/* --- buckets --- */

/* The same target for the same member. NAT_NOBODY: it has no address of the family. */
static uint8_t target_of(struct work *w, const struct member *m)
{
	struct nat_choice *c = w->choice;
	for (size_t i = 0; i < c->ntargets; i++)
		if (strcmp(c->targets[i].label, m->label) == 0)
			return (uint8_t)i;
	for (size_t k = 0; k < m->ntargets && c->ntargets < NAT_TARGETS_MAX; k++) {
		if (m->targets[k].sa.sa_family != w->q->stand_in.sa.sa_family)
			continue;
		struct nat_target *t = &c->targets[c->ntargets];
		t->to = m->targets[k];
		t->port = m->port;
		strcpy(t->label, m->label);
		return (uint8_t)c->ntargets++;
	}
	return NAT_NOBODY;
}

/* A network that stands for the clients of a bucket: only its hash is looked at. */
static struct prefix network_of(const struct work *w, size_t bucket)
{
	int family = w->q->stand_in.sa.sa_family;
	return (struct prefix){ .family = (uint8_t)family, .length = family == AF_INET6 ? w->q->network6 : w->q->network4,
	                        .bytes = { (uint8_t)bucket } };
}

/* Who sheds may leave a bucket nobody with an address of the family; then better one who is full. */
static void fill_holes(struct nat_class *class, size_t buckets)
{
	uint8_t some = NAT_NOBODY;
	for (size_t i = 0; i < buckets; i++)
		if (class->target_of[i] != NAT_NOBODY)
			some = class->target_of[i];
	for (size_t i = 0; i < buckets; i++)
		if (class->target_of[i] == NAT_NOBODY)
			class->target_of[i] = some;
}

/*
 * Can a class have several targets? Not with somebody alone in front, whatever
 * the hash. (`stand_in` has no signature of its own.)
 */
static bool is_shared(const struct work *w, size_t class)
{
	const struct signature *s = &w->signatures[class];
	if (w->choice->alike || policy_sheds(w->q->in.service->policy))
		return true;
	if (s->n == 0)
		return false;
	const struct member *m = &w->service.members[s->first[0]];
	for (size_t k = 0; k < m->ntargets; k++)
		if (m->targets[k].sa.sa_family == w->q->stand_in.sa.sa_family)
			return s->first[0] != s->turned[0];
	return true;
}

/* As many buckets as leave the choice within the bounds by itself. */
static uint16_t buckets_of(const struct work *w)
{
	size_t shared = 0;
	uint16_t n = w->q->buckets;
	for (size_t i = 0; i < w->choice->nclasses; i++)
		shared += is_shared(w, i);
	while (n > NAT_BUCKETS_MIN && shared * n > NAT_ELEMENTS_MAX)
		n /= 2;
	return n;
}

/* The first `buckets` of them; the others get what the last one has. */
static void fill_class(struct work *w, struct nat_class *class, size_t buckets)
{
	struct select_input in = question(w);
	uint16_t members[SERVICE_MEMBERS_MAX];
	for (size_t b = 0; b < buckets; b++) {
		w->client.network = network_of(w, b);
		size_t n = select_order(&in, SERVICE_MEMBERS_MAX, members);
		class->target_of[b] = NAT_NOBODY;
		for (size_t i = 0; i < n && class->target_of[b] == NAT_NOBODY; i++)
			class->target_of[b] = target_of(w, &w->service.members[members[i]]);
	}
	for (size_t b = buckets; b < w->choice->buckets; b++)
		class->target_of[b] = class->target_of[buckets - 1];
	fill_holes(class, w->choice->buckets);
}

static void fill(struct work *w)
{
	for (size_t i = 0; i < w->choice->nclasses; i++) {
		struct nat_class *class = &w->choice->classes[i];
		if (w->choice->alike)
			w->client.address = w->q->stand_in;
		else
			addr_from_bytes(&w->client.address, class->networks[0].family, class->networks[0].bytes, 0);
		fill_class(w, class, is_shared(w, i) ? w->choice->buckets : 1);
	}
}

/* --- in the end --- */

static bool same_targets(const struct nat_class *a, const struct nat_class *b, size_t buckets)
{
	return memcmp(a->target_of, b->target_of, buckets) == 0;
}

/* Classes that differ behind the first place only are one. False: no memory. */
static bool join(struct nat_choice *c)
{
	for (size_t i = 0; i < c->nclasses; i++)
		for (size_t k = c->nclasses; k-- > i + 1;) {
			struct nat_class *a = &c->classes[i], *b = &c->classes[k];
			if (!same_targets(a, b, c->buckets))
				continue;
			struct prefix *both = realloc(a->networks, (a->n + b->n) * sizeof *both);
			if (!both)
				return false;
			memcpy(both + a->n, b->networks, b->n * sizeof *both);
			a->networks = both;
			a->n += b->n;
			free(b->networks);
			*b = c->classes[--c->nclasses];
		}
	return true;
}

static void merge(struct nat_choice *c)
{
	for (size_t i = 0; i < c->nclasses; i++)
		c->classes[i].n = prefix_merge(c->classes[i].networks, c->classes[i].n);
	for (size_t i = 0; i + 1 < c->nclasses; i++) {
		struct nat_class *last = &c->classes[c->nclasses - 1], swap = c->classes[i];
		if (swap.n <= last->n)
			continue;
		c->classes[i] = *last;
		*last = swap;
	}
}

/* Does a bucket have to be all of a client network, so that neighbours go together? */
static bool goes_by_network(const struct policy *p)
{
	for (size_t i = 0; i < p->nrules; i++)
		for (size_t k = 0; k < p->rules[i].nmetrics; k++)
			if (p->rules[i].metrics[k] == METRIC_HASH)
				return true;
	return policy_sheds(p);
}

static bool make(struct work *w)
{
	const struct nat_question *q = w->q;
	struct nat_choice *c = w->choice;
	c->refs = 1;
	if (goes_by_network(q->in.service->policy))
		c->network = q->stand_in.sa.sa_family == AF_INET6 ? q->network6 : q->network4;
	w->found = calloc(NAT_NETWORKS_MAX, sizeof *w->found);
	w->signatures = calloc(NAT_CLASSES_MAX, sizeof *w->signatures);
	c->targets = calloc(w->service.nmembers + 1, sizeof *c->targets);
	if (!w->found || !w->signatures || !c->targets || !use_policy(w, METRIC_ROUNDROBIN))
		return false;
	w->policy.shed_from = w->policy.shed_to = 0; /* that goes by the hash */
	if (!walk(w))
		stand_in(w);
	if (!gather(w) || !use_policy(w, METRIC_HASH))
		return false;
	c->buckets = buckets_of(w);
	fill(w);
	if (!join(c))
		return false;
	merge(c);
	return true;
}

static void free_choice(struct nat_choice *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->classes && i < c->nclasses; i++)
		free(c->classes[i].networks);
	free(c->classes);
	free(c->targets);
	free(c);
}

struct nat_choice *nat_choice_make(const struct nat_question *q)
{
	struct work w = { .q = q, .choice = calloc(1, sizeof *w.choice), .service = *q->in.service };
	bool ok = w.choice && make(&w);
	free(w.found);
	free(w.signatures);
	free(w.policy.rules);
	if (ok)
		return w.choice;
	free_choice(w.choice);
	return NULL;
}

struct nat_choice *nat_choice_hold(struct nat_choice *c)
{
	if (c)
		c->refs++;
	return c;
}

void nat_choice_release(struct nat_choice *c)
{
	if (c && --c->refs == 0)
		free_choice(c);
}

static size_t shared(const struct nat_choice *c)
{
	size_t n = 0;
	for (size_t i = 0; c && i < c->nclasses; i++)
		n += nat_class_only(&c->classes[i], c->buckets) < 0;
	return n;
}

size_t nat_choice_elements(const struct nat_choice *c)
{
	return c ? shared(c) * c->buckets : 0;
}

/* A bucket's target doesn't depend on how many there are, so those behind just go. */
static void cut(struct nat_choice *c, uint16_t buckets)
{
	if (c->buckets <= buckets)
		return;
	c->buckets = buckets;
	join(c); /* without memory some stay apart */
	merge(c);
}

void nat_choice_fit(struct nat_choice **all, size_t n)
{
	uint16_t buckets = NAT_BUCKETS_MAX;
	for (;; buckets /= 2) {
		size_t elements = 0;
		for (size_t i = 0; i < n; i++) {
			if (all[i])
				cut(all[i], buckets);
			elements += nat_choice_elements(all[i]);
		}
		if (elements <= NAT_ELEMENTS_MAX || buckets == NAT_BUCKETS_MIN)
			return;
	}
}

bool nat_choice_any(const struct nat_choice *c)
{
	return c && c->ntargets;
}

static bool same_target(const struct nat_target *a, const struct nat_target *b)
{
	return a->port == b->port && addr_same_ip(&a->to, &b->to) && strcmp(a->label, b->label) == 0;
}

static bool same_class(const struct nat_class *a, const struct nat_class *b, size_t buckets)
{
	bool same = a->n == b->n && same_targets(a, b, buckets);
	for (size_t i = 0; same && i < a->n; i++)
		same = a->networks[i].length == b->networks[i].length && memcmp(a->networks[i].bytes, b->networks[i].bytes, sizeof a->networks[i].bytes) == 0;
	return same;
}

bool nat_choice_same(const struct nat_choice *a, const struct nat_choice *b)
{
	if (!nat_choice_any(a) || !nat_choice_any(b))
		return nat_choice_any(a) == nat_choice_any(b);
	bool same = a->ntargets == b->ntargets && a->nclasses == b->nclasses && a->buckets == b->buckets && a->network == b->network;
	for (size_t i = 0; same && i < a->ntargets; i++)
		same = same_target(&a->targets[i], &b->targets[i]);
	for (size_t i = 0; same && i < a->nclasses; i++)
		same = same_class(&a->classes[i], &b->classes[i], a->buckets);
	return same;
}

int nat_class_only(const struct nat_class *c, uint16_t buckets)
{
	for (size_t i = 1; i < buckets; i++)
		if (c->target_of[i] != c->target_of[0])
			return -1;
	return c->target_of[0];
}
