/*
 * dns: one question; passes when the answer's rcode is the wanted one, and
 * one of `address`, if there are any, is in it. By c-ares, for its
 * repetitions, its trust in nothing that was not asked, and TCP when an answer
 * is cut short. A channel of c-ares has 80 KB, so only probes under way have one.
 */
#include "check_kind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include "dname.h"
#include "resolve.h"

/* Two tries, the second twice as long as the first: together the probe's time-out. */
#define TRIES 2
#define SHARE_OF_FIRST 3
/* Without EDNS, so that the oldest server understands. */
#define QUESTION_MAX (12 + DNAME_MAX + 4)
#define ANSWERS_MAX_LOOKED_AT 64

struct idle_channel {
	struct resolver *resolver;
	int timeout_ms;
	struct idle_channel *next;
};

struct question {
	struct idle_channel *channel; /* NULL: no probe is under way */
	bool waiting;                 /* c-ares will still call */
	size_t len;
	uint8_t message[QUESTION_MAX];
};

/* --- channels --- */

static struct idle_channel *channel_get(struct checker *c, int timeout_ms)
{
	const struct resolver_options options = { .timeout_ms = timeout_ms, .tries = TRIES, .bare = true };
	const char *why;
	for (struct idle_channel **at = &c->idle; *at; at = &(*at)->next) {
		struct idle_channel *have = *at;
		if (have->timeout_ms == timeout_ms) {
			*at = have->next;
			return have;
		}
	}
	struct idle_channel *made = calloc(1, sizeof *made);
	if (!made)
		return NULL;
	made->timeout_ms = timeout_ms;
	made->resolver = resolver_new(c->base, &options, &why);
	if (made->resolver)
		return made;
	free(made);
	return NULL;
}

static void channel_put(struct checker *c, struct idle_channel *channel)
{
	channel->next = c->idle;
	c->idle = channel;
}

static void forget(struct checker *c)
{
	while (c->idle) {
		struct idle_channel *next = c->idle->next;
		resolver_delete(c->idle->resolver);
		free(c->idle);
		c->idle = next;
	}
}

/* --- the answer --- */

static bool has_answer(const struct conf_check *c, int family, const void *bytes)
{
	for (size_t i = 0; i < c->nanswers; i++)
		if (c->answers[i].sa.sa_family == family && memcmp(addr_bytes(&c->answers[i]), bytes, family == AF_INET ? 4 : 16) == 0)
			return true;
	return false;
}

static bool address_fits(const struct conf_check *c, const uint8_t *message, int len)
{
	struct ares_addrttl v4[ANSWERS_MAX_LOOKED_AT];
	struct ares_addr6ttl v6[ANSWERS_MAX_LOOKED_AT];
	int n4 = ANSWERS_MAX_LOOKED_AT, n6 = ANSWERS_MAX_LOOKED_AT;
	if (ares_parse_a_reply(message, len, NULL, v4, &n4) != ARES_SUCCESS)
		n4 = 0;
	if (ares_parse_aaaa_reply(message, len, NULL, v6, &n6) != ARES_SUCCESS)
		n6 = 0;
	for (int i = 0; i < n4; i++)
		if (has_answer(c, AF_INET, &v4[i].ipaddr))
			return true;
	for (int i = 0; i < n6; i++)
		if (has_answer(c, AF_INET6, &v6[i].ip6addr))
			return true;
	return false;
}

static void judge(struct check *k, const uint8_t *message, int len)
{
	unsigned rcode = len >= 12 ? message[3] & 15u : 0;
	if (len < 12)
		check_end(k, RESULT_L7_MALFORMED, 0, check_took(k));
	else if (rcode != k->conf->rcode)
		check_end(k, RESULT_L7_BAD_RCODE, rcode, check_took(k));
	else if (k->conf->nanswers && !address_fits(k->conf, message, len))
		check_end(k, RESULT_L7_ADDRESS, 0, check_took(k));
	else
		check_end(k, RESULT_L7_RCODE, rcode, check_took(k));
}

/* c-ares also calls it "refused" when it got no socket. */
static bool lacks_sockets(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool lack = fd < 0 && check_is_our_lack(errno);
	if (fd >= 0)
		close(fd);
	return lack;
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *message, int len)
{
	struct check *k = arg;
	struct question *q = k->own;
	(void)timeouts;
	if (!q->waiting)
		return;
	q->waiting = false;
	if (status == ARES_SUCCESS)
		judge(k, message, len);
	else if (status == ARES_ETIMEOUT)
		check_end(k, RESULT_L7_TIMEOUT, 0, check_took(k));
	else if (status == ARES_ENOMEM || (status == ARES_ECONNREFUSED && lacks_sockets()))
		check_postpone(k, "no means to ask");
	else
		check_end(k, status == ARES_ECONNREFUSED ? RESULT_L4_REFUSED : RESULT_L7_MALFORMED, 0, check_took(k));
}

/* --- the question --- */

static bool prepare(struct check *k)
{
	static const uint8_t head[12] = { [2] = 0x01 /* RD: a resolver wants it, others ignore it */, [5] = 1 };
	struct question *q = k->own = calloc(1, sizeof *q);
	const char *why;
	if (!q)
		return false;
	memcpy(q->message, head, sizeof head);
	size_t n = dname_from_text(q->message + sizeof head, k->conf->query, strlen(k->conf->query), (const uint8_t *)"", &why);
	if (!n)
		return false;
	q->len = sizeof head + n + 4;
	q->message[q->len - 4] = (uint8_t)(k->conf->qtype >> 8);
	q->message[q->len - 3] = (uint8_t)k->conf->qtype;
	q->message[q->len - 1] = 1; /* IN */
	return true;
}

static void start(struct check *k)
{
	struct question *q = k->own;
	int timeout_ms = (int)(k->conf->timeout * 1000 / SHARE_OF_FIRST);
	q->channel = channel_get(k->checker, timeout_ms > 0 ? timeout_ms : 1);
	if (!q->channel || !resolver_set_server(q->channel->resolver, &k->address, &k->source) ||
	    getrandom(q->message, 2, 0) != 2) {
		check_postpone(k, "no memory for c-ares");
		return;
	}
	struct resolver *r = q->channel->resolver;
	q->waiting = true; /* before the call, which may end it at once */
	ares_send(resolver_channel(r), q->message, (int)q->len, on_answer, k);
	resolver_started(r);
}

static void stop(struct check *k)
{
	struct question *q = k->own;
	if (!q->channel)
		return;
	if (q->waiting) {
		q->waiting = false;
		ares_cancel(resolver_channel(q->channel->resolver));
		resolver_started(q->channel->resolver);
	}
	channel_put(k->checker, q->channel);
	q->channel = NULL;
}

static void time_up(struct check *k)
{
	check_end(k, RESULT_L7_TIMEOUT, 0, check_took(k));
}

const struct check_kind check_kind_dns = { .prepare = prepare, .start = start, .time_up = time_up, .stop = stop, .forget = forget };
