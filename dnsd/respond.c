#include "respond.h"

#include <time.h>
#include "../common/conf.h"
#include "../common/random.h"
#include "generation.h"
#include "rrl.h"
#include "signed.h"

void responder_init(struct responder *r, uint64_t seed)
{
	memset(r, 0, sizeof *r);
	r->random = seed;
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* What the TXT records of health items need to know; all others know no time. */
static struct health_moment moment_of(const struct answer *a)
{
	struct health_moment now = { 0, 0 };
	if (a->nitems && a->items[0].kind >= ITEM_HEALTH) {
		now.now_mono_ns = clock_ns(CLOCK_MONOTONIC);
		now.now_wall_s = clock_ns(CLOCK_REALTIME) / 1000000000;
	}
	return now;
}

/* ---- options ---- */

/* What the query's options make of the answer's. */
static enum cookie_state take_options(struct responder *r, const struct generation *gen, const struct addr *client)
{
	const struct conf_dns *dns = &gen->conf->dns;
	const struct edns *e = &r->query.options;
	struct edns_reply *reply = &r->reply;
	*reply = (struct edns_reply){ .ede = EDE_NONE };
	if (e->seen & EDNS_NSID)
		reply->identity = dns->identity;
	if ((e->seen & EDNS_SUBNET) && dns->ecs)
		reply->subnet = &e->subnet;
	if (!(e->seen & EDNS_COOKIE) || !gen->cookies)
		return COOKIE_NONE;
	reply->has_cookie = true;
	return cookie_judge(gen->cookies, e, client, (uint32_t)(clock_ns(CLOCK_REALTIME_COARSE) / 1000000000), reply->cookie);
}

/* ---- rate limit ---- */

static bool is_exempt(const struct conf_dns *dns, const struct addr *client)
{
	for (size_t i = 0; i < dns->nrate_exempt; i++)
		if (prefix_covers(&dns->rate_exempt[i], client))
			return true;
	return false;
}

/* The client's network has had its share of such answers. */
static bool over_limit(const struct generation *gen, const struct addr *client, enum rcode rcode)
{
	const struct conf_dns *dns = &gen->conf->dns;
	struct prefix network;
	if (is_exempt(dns, client))
		return false;
	prefix_of(&network, client, (uint8_t)dns->networks4, (uint8_t)dns->networks6);
	return !rrl_take(gen->rrl, &network, rrl_class_of(rcode), dns->responses_per_second, clock_ns(CLOCK_MONOTONIC_COARSE));
}

/*
 * Instead of an answer over the limit: nothing, or (one in `slip`) what a real
 * client can go on with and what is hardly longer than its query: BADCOOKIE
 * with our cookie if it knows cookies, else TC.
 */
static size_t slip(struct responder *r, const struct generation *gen, uint8_t *msg, enum cookie_state cookie)
{
	unsigned every = gen->conf->dns.slip;
	dns_count(&r->counters.limited);
	if (!every || (random64(&r->random) >> 32) % every)
		return 0;
	dns_count(&r->counters.slipped);
	if (cookie == COOKIE_NONE)
		return encode_empty(msg, &r->query, RCODE_NOERROR, DNS_TC, NULL);
	r->reply.identity = NULL;
	r->reply.subnet = NULL;
	return encode_empty(msg, &r->query, RCODE_BADCOOKIE, 0, &r->reply);
}

/* ---- the way of a query ---- */

/* A message that is no whole question. */
__attribute__((noinline))
static size_t respond_without(struct responder *r, const struct generation *gen, uint8_t *msg, const struct addr *client, bool tcp,
                              enum query_verdict verdict, enum rcode rcode)
{
	const struct edns_reply *reply = NULL;
	enum cookie_state cookie = COOKIE_NONE;
	if (verdict == QUERY_COOKIE) {
		cookie = take_options(r, gen, client);
		reply = &r->reply;
		r->reply.subnet = NULL; /* nothing was asked for anybody */
		rcode = cookie == COOKIE_NONE ? RCODE_FORMERR : cookie == COOKIE_BAD ? RCODE_BADCOOKIE : RCODE_NOERROR;
	}
	if (gen->rrl && !tcp && cookie != COOKIE_GOOD && over_limit(gen, client, rcode))
		return slip(r, gen, msg, cookie);
	dns_count(&r->counters.rcodes[rcode]);
	return encode_empty(msg, &r->query, rcode, 0, reply);
}

static inline size_t count_answer(struct responder *r, const uint8_t *msg, size_t len)
{
	dns_count(&r->counters.rcodes[r->answer.rcode]);
	if (msg[2] & DNS_TC)
		dns_count(&r->counters.truncated);
	return len;
}

/* What options and the rate limit make of a query before it is answered. */
__attribute__((noinline))
static void begin_special(struct responder *r, struct answer_input *in)
{
	r->cookie = take_options(r, in->gen, in->client);
	in->reply = &r->reply;
}

/* The end of an answer that has options, or that a rate limit may hold back. */
__attribute__((noinline))
static size_t end_special(struct responder *r, const struct answer_input *in, uint8_t *msg, size_t limit, bool tcp)
{
	if (!in->reply)
		r->reply = (struct edns_reply){ .ede = EDE_NONE };
	else if (in->gen->rrl && !tcp && r->cookie != COOKIE_GOOD && over_limit(in->gen, in->client, r->answer.rcode))
		return slip(r, in->gen, msg, r->cookie);
	r->reply.ede = r->answer.ede;
	r->reply.ede_text = r->answer.ede_text;
	struct health_moment now = moment_of(&r->answer);
	return count_answer(r, msg, encode_with_options(msg, limit, &r->query, &r->answer, &now, &r->reply));
}

static size_t respond_signed(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
                             const struct addr *client, bool tcp);

/* The whole way; `rare`: the message may be signed, or ask for a transfer. */
__attribute__((always_inline))
static inline size_t respond_all(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
                                 const struct addr *client, bool tcp, bool rare)
{
	enum rcode rcode;
	enum query_verdict verdict = query_parse(&r->query, msg, len, &rcode);
	if (verdict == QUERY_DROP) {
		dns_count(&r->counters.dropped);
		return 0;
	}
	if (rare && (r->query.tsig_at || (verdict == QUERY_OK && r->query.type == RR_IXFR)))
		return respond_signed(r, gen, msg, len, room, client, tcp);
	dns_count(&r->counters.queries);
	if (verdict != QUERY_OK)
		return respond_without(r, gen, msg, client, tcp, verdict, rcode);
	size_t limit = tcp ? room : r->query.udp_size < room ? r->query.udp_size : room;
	struct answer_input in = { .gen = gen, .client = client, .random = random64(&r->random), .turns = r->turns,
	                           .explain = &r->explain };
	if (r->query.options.seen || gen->rrl)
		begin_special(r, &in);
	answer_decide(&r->answer, &r->query, &in);
	if (in.reply || r->answer.ede != EDE_NONE)
		return end_special(r, &in, msg, limit, tcp);
	struct health_moment now = moment_of(&r->answer);
	return count_answer(r, msg, encode_answer(msg, limit, &r->query, &r->answer, &now));
}

/* Of what was signed; a message has one TSIG only, so nothing goes around in circles. */
__attribute__((noinline))
static size_t respond_unsigned(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
                               const struct addr *client, bool tcp)
{
	return respond_all(r, gen, msg, len, room, client, tcp, false);
}

/* Rare messages that cost more. What is refused of them counts as any refusal; what was signed well has no limit of its own. */
__attribute__((noinline))
static size_t respond_signed(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
                             const struct addr *client, bool tcp)
{
	struct signed_query q;
	bool refused = false;
	if (signed_begin(r, gen, &q, msg, &len, room, client, tcp, &refused))
		return signed_end(&q, msg, respond_unsigned(r, gen, msg, len, q.room, client, tcp), room);
	if (!refused || !gen->rrl || tcp || !over_limit(gen, client, RCODE_REFUSED))
		return len;
	dns_count(&r->counters.limited);
	return 0;
}

/* Written out in one piece, since it runs for every query. */
__attribute__((flatten))
size_t respond(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
               const struct addr *client, bool tcp)
{
	return respond_all(r, gen, msg, len, room, client, tcp, true);
}
