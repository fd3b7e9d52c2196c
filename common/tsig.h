/*
 * tsig: signed messages (RFC 8945), by hand on OpenSSL's EVP_MAC, since the
 * MAC is over the bytes as they came: everything before the TSIG record, with
 * ARCOUNT less one and the original ID.
 *
 *     request:   message, variables
 *     answer:    the request's MAC, message, variables
 *     further:   the MAC of the message before, message, time and fudge     (section 5.3.1)
 *
 * A ring holds the keys ready for use; it is never changed, so any thread may
 * use it. A struct tsig is one exchange: a request that came and its answers,
 * or a request that we make. It needs the ring only while it begins.
 *
 * Policy: only whole MACs are good. A shorter one that section 5.2.2.1 allows
 * and that fits so far as it goes is BADTRUNC; a still shorter one FORMERR.
 */
#ifndef FAIRLEAD_TSIG_H
#define FAIRLEAD_TSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "site.h"

#define TSIG_MAC_MAX 64     /* SHA-512 */
#define TSIG_FUDGE 300      /* seconds that clocks may differ (section 10) */
/* Longest record: two names, ten octets before the rdata, the fixed fields, the MAC, and six octets of time. */
#define TSIG_BYTES_MAX (255 + 10 + 255 + 16 + TSIG_MAC_MAX + 6)

enum tsig_error { TSIG_NOERROR = 0, TSIG_BADSIG = 16, TSIG_BADKEY = 17, TSIG_BADTIME = 18, TSIG_BADTRUNC = 22 };

struct tsig_ring;

/* Readies the keys (borrowed for as long as the ring). NULL: no memory, or an algorithm that OpenSSL has switched off. */
struct tsig_ring *tsig_ring_new(const struct key *keys, size_t nkeys);
void tsig_ring_delete(struct tsig_ring *r);

struct tsig {
	const struct key *key;      /* the signer, as long as the ring lives; NULL: no such key */
	enum tsig_error error;
	uint64_t time;              /* of the request, seconds since 1970 */
	uint16_t original_id;
	bool requesting;            /* what is signed next is the request */
	bool further;               /* the first answer is signed already */
	size_t whole;               /* bytes of the key's MACs */
	size_t mac_len;             /* 0: none before */
	uint8_t mac[TSIG_MAC_MAX];
	void *context;              /* EVP_MAC_CTX with the key; NULL: BADKEY */
	size_t owner_len, algorithm_len;
	uint8_t owner[255], algorithm[255]; /* wire form, lower case */
};

enum tsig_found {
	TSIG_ABSENT,
	TSIG_GOOD,      /* verified and taken off */
	TSIG_BAD,       /* answer NOTAUTH with tsig_sign: t->error says why */
	TSIG_MALFORMED  /* answer FORMERR, unsigned */
};

/*
 * A request of *len bytes. TSIG_GOOD and TSIG_BAD: `t` is begun (end it), and
 * the record is taken off the message: *len and ARCOUNT are smaller, and the ID
 * stays the one on the wire. TSIG_MALFORMED also when the message's records
 * don't fill it exactly. `now`: seconds since 1970.
 */
enum tsig_found tsig_take(struct tsig *t, const struct tsig_ring *ring, uint8_t *msg, size_t *len, int64_t now);

/* A request that we make. False: `key` is not of this ring, or no memory. */
bool tsig_begin(struct tsig *t, const struct tsig_ring *ring, const struct key *key);

/* What tsig_sign will add to a message at most, in bytes. */
size_t tsig_size(const struct tsig *t);

/*
 * Signs the next message of the exchange (its ARCOUNT without TSIG), behind
 * which there is room up to `room`. Each message of a transfer is signed. With
 * BADKEY and BADSIG the record is there without a MAC (section 5.3.2). Returns
 * the new length; 0: no room, or OpenSSL failed.
 */
size_t tsig_sign(struct tsig *t, uint8_t *msg, size_t len, size_t room, int64_t now);

/*
 * The next message that came in answer to what tsig_sign signed: as tsig_take,
 * each message must be signed. TSIG_BAD: t->error is ours, or what the other
 * side says in an error answer.
 */
enum tsig_found tsig_take_answer(struct tsig *t, uint8_t *msg, size_t *len, int64_t now);

void tsig_end(struct tsig *t); /* also of one that is all zero */

const char *tsig_error_name(enum tsig_error e);
/* Of a key's algorithm: "hmac-sha256." */
const char *tsig_algorithm_name(enum key_algorithm a);

#endif
