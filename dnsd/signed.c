#include "signed.h"

#include <time.h>
#include "../common/addr.h"
#include "../common/log.h"
#include "generation.h"
#include "transfer.h"

/* However long a key's name is, an answer has room for its question, and for an OPT with all options that we know. */
#define OPTIONS_MOST 240

static size_t answer_error(struct responder *r, uint8_t *msg, enum rcode rcode)
{
	dns_count(&r->counters.rcodes[rcode]);
	return encode_empty(msg, &r->query, rcode, 0, NULL);
}

static size_t sign(struct tsig *t, uint8_t *msg, size_t len, size_t room)
{
	return tsig_sign(t, msg, len, room, (int64_t)time(NULL));
}

/* Takes the TSIG off. 0: go on, with `t` begun or all zero; else the length of the answer, which is an error. */
static size_t take(struct responder *r, const struct generation *gen, struct tsig *t, uint8_t *msg, size_t *len, size_t room)
{
	size_t n;
	t->context = NULL;
	switch (tsig_take(t, gen->keys, msg, len, (int64_t)time(NULL))) {
	case TSIG_ABSENT: case TSIG_GOOD:
		return 0;
	case TSIG_MALFORMED:
		break;
	case TSIG_BAD:
		n = sign(t, msg, answer_error(r, msg, RCODE_NOTAUTH), room);
		tsig_end(t);
		return n;
	}
	return answer_error(r, msg, RCODE_FORMERR);
}

/* ---- transfers ---- */

/* Anybody may ask; one line a second is enough to find out who does. */
static bool may_log_refusal(void)
{
	static _Atomic(int64_t) last;
	int64_t now = (int64_t)time(NULL);
	return atomic_exchange_explicit(&last, now, memory_order_relaxed) != now;
}

static void log_transfer(const struct responder *r, const struct addr *client, const char *what, unsigned rcode)
{
	char name[DNAME_TEXT_MAX], from[ADDR_TEXT_MAX];
	log_info(what, "zone=%s client=%s type=%s rcode=%u", dname_to_text(r->query.name.wire, name), addr_text_at(client, from),
	         r->query.type == RR_AXFR ? "AXFR" : "IXFR", rcode);
}

/* NULL: `msg` holds the answer of *len bytes, 0: none. */
static struct transfer *begin(struct responder *r, const struct generation *gen, uint8_t *msg, size_t *len, size_t room,
                              const struct addr *client)
{
	struct tsig t;
	enum rcode rcode;
	size_t n = take(r, gen, &t, msg, len, room);
	if (n) {
		*len = n;
		return NULL;
	}
	struct transfer *x = transfer_begin(gen, msg, *len, client, &t, &rcode);
	if (!x) {
		*len = answer_error(r, msg, rcode);
		if (t.context)
			*len = sign(&t, msg, *len, room);
	}
	tsig_end(&t);
	return x;
}

size_t signed_transfer(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
                       const struct addr *client, struct transfer **more)
{
	enum rcode rcode;
	*more = NULL;
	dns_count(&r->counters.queries);
	if (query_parse(&r->query, msg, len, &rcode) != QUERY_OK)
		return answer_error(r, msg, rcode);
	struct transfer *x = begin(r, gen, msg, &len, room, client);
	if (!x) {
		if (may_log_refusal())
			log_transfer(r, client, "transfer refused", msg[3] & 15);
		return len;
	}
	log_transfer(r, client, "transfer", RCODE_NOERROR);
	dns_count(&r->counters.rcodes[RCODE_NOERROR]);
	size_t n = transfer_message(x, msg, room);
	if (n && !transfer_is_done(x))
		*more = x;
	else
		transfer_end(x);
	return n;
}

static size_t answer_ixfr(struct responder *r, const struct generation *gen, uint8_t *msg, size_t len, size_t room,
                          const struct addr *client, bool *refused)
{
	enum rcode rcode;
	dns_count(&r->counters.queries);
	if (query_parse(&r->query, msg, len, &rcode) != QUERY_OK)
		return answer_error(r, msg, rcode);
	struct transfer *x = begin(r, gen, msg, &len, room, client);
	*refused = !x;
	if (!x)
		return len;
	dns_count(&r->counters.rcodes[RCODE_NOERROR]);
	size_t n = transfer_datagram(x, msg, room);
	transfer_end(x);
	return n;
}

/* ---- ordinary queries ---- */

bool signed_begin(struct responder *r, const struct generation *gen, struct signed_query *q, uint8_t *msg, size_t *len, size_t room,
                  const struct addr *client, bool tcp, bool *refused)
{
	size_t limit = tcp ? room : r->query.udp_size < room ? r->query.udp_size : room;
	size_t least = r->query.question_end + (r->query.edns ? OPTIONS_MOST : 0u);
	if (r->query.type == RR_IXFR && r->query.question_end > DNS_HEADER) {
		*len = answer_ixfr(r, gen, msg, *len, limit, client, refused);
		return false;
	}
	size_t n = take(r, gen, &q->tsig, msg, len, room);
	if (n) {
		dns_count(&r->counters.queries); /* respond() counts the others */
		*refused = true;
		*len = n;
		return false;
	}
	if (!q->tsig.context) { /* no TSIG after all: can't be, and must not go around in circles */
		*len = answer_error(r, msg, RCODE_FORMERR);
		return false;
	}
	size_t kept = tsig_size(&q->tsig);
	q->room = limit > kept + least ? limit - kept : least;
	return true;
}

size_t signed_end(struct signed_query *q, uint8_t *msg, size_t len, size_t room)
{
	if (len)
		len = sign(&q->tsig, msg, len, room);
	tsig_end(&q->tsig);
	return len;
}
