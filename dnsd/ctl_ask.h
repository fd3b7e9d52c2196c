/*
 * ctl_ask: one DNS message to a name server and its answer, for a program that
 * has nothing else to do meanwhile: it waits, but never longer than it says.
 */
#ifndef FAIRLEAD_CTL_ASK_H
#define FAIRLEAD_CTL_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/addr.h"
#include "../common/wire.h"

struct tsig;

/* A name server that needs longer than this, twice, is down: milliseconds. */
#define ASK_TIMEOUT_MS 2000
#define ASK_TRIES 2
#define ASK_WHY_MAX 512
#define ASK_MESSAGE_MAX 65535

struct ask_reply {
	size_t len;
	unsigned rcode;
	int ede;                       /* the extended error's number (RFC 8914); -1: none */
	char ede_text[256];
	struct addr server;            /* who answered */
	struct wire_reader records;    /* the next record of the answer section */
	unsigned left;
	uint8_t bytes[ASK_MESSAGE_MAX];
};

/*
 * Asks one server after the other, by UDP where the message fits, else and
 * after a truncated answer by TCP. `sign`: begun and used for the message
 * (tsig.h), and the answer has to be signed; NULL: unsigned. The message has
 * room for the signature behind it: `room` bytes in all. False: nobody answered, `why`.
 */
bool ask(const struct addr *servers, size_t nservers, uint8_t *msg, size_t len, size_t room, struct tsig *sign,
         struct ask_reply *out, char why[ASK_WHY_MAX]);

/* A query for `name` (wire form) with EDNS, and Client Subnet for `client` (NULL: without). Returns its length. */
#define ASK_QUERY_MAX 512
size_t ask_query(uint8_t out[ASK_QUERY_MAX], const uint8_t *name, uint16_t type, const struct prefix *client);

/* A TXT record's strings, each with a NUL behind it. */
struct ask_txt {
	unsigned n;
	const char *strings[ASK_MESSAGE_MAX / 2];
	char text[2 * ASK_MESSAGE_MAX];
};

/* The next TXT record of the answer section; false: no more. */
bool ask_next_txt(struct ask_reply *r, struct ask_txt *out);

/* What stands behind "KEY=" in the first string of that key, or NULL. */
const char *ask_value(const struct ask_txt *t, const char *key);

/* "REFUSED (EDE 18: not in dns.health_from)" */
const char *ask_rcode_text(const struct ask_reply *r, char out[ASK_WHY_MAX]);

#endif
