#include "cookie.h"

#include <string.h>
#include "siphash.h"

/* RFC 9018 section 4.3, in seconds: how old a cookie may be, how far clocks may differ, and when a new one is due. */
#define AGE_MAX 3600
#define AHEAD_MAX 300
#define AGE_RENEW 1800

#define VERSION 1
/* Where version, time and hash stand; all before the hash is hashed. */
#define AT_VERSION 8
#define AT_TIME 12
#define AT_HASH 16

static void hash_cookie(uint8_t out[8], const uint8_t secret[COOKIE_SECRET_BYTES], const uint8_t *cookie, const struct addr *client)
{
	uint8_t data[AT_HASH + 16];
	size_t size = client->sa.sa_family == AF_INET ? 4 : 16;
	memcpy(data, cookie, AT_HASH);
	memcpy(data + AT_HASH, addr_bytes(client), size);
	siphash24(out, secret, data, AT_HASH + size);
}

static void make(const struct cookie_secrets *s, const struct edns *e, const struct addr *client, uint32_t now, uint8_t out[COOKIE_BYTES])
{
	memcpy(out, e->cookie, CLIENT_COOKIE_BYTES);
	wire_set32(out + AT_VERSION, (uint32_t)VERSION << 24);
	wire_set32(out + AT_TIME, now);
	hash_cookie(out + AT_HASH, s->bytes[0], out, client);
}

/* Without a branch on the secret bytes: how many are right is nobody's business. */
static bool same_hash(const uint8_t *a, const uint8_t *b)
{
	unsigned differ = 0;
	for (size_t i = 0; i < 8; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

/* The number of the secret it was made with, or s->n. The reserved bytes are hashed as they are (section 4.2). */
static size_t secret_of(const struct cookie_secrets *s, const struct edns *e, const struct addr *client)
{
	size_t i = 0;
	uint8_t hash[8];
	for (; i < s->n; i++) {
		hash_cookie(hash, s->bytes[i], e->cookie, client);
		if (same_hash(hash, e->cookie + AT_HASH))
			break;
	}
	return i;
}

enum cookie_state cookie_judge(const struct cookie_secrets *s, const struct edns *e, const struct addr *client, uint32_t now,
                               uint8_t out[COOKIE_BYTES])
{
	enum cookie_state state = e->cookie_len == CLIENT_COOKIE_BYTES ? COOKIE_CLIENT : COOKIE_BAD;
	if (e->cookie_len == COOKIE_BYTES && e->cookie[AT_VERSION] == VERSION) {
		/* Serial number arithmetic: the clock of 32 bits wraps (section 4.3). */
		int32_t age = (int32_t)(now - wire_get32(e->cookie + AT_TIME));
		size_t secret = age > AGE_MAX || age < -AHEAD_MAX ? s->n : secret_of(s, e, client);
		if (secret < s->n)
			state = COOKIE_GOOD;
		if (secret == 0 && age <= AGE_RENEW) {
			memcpy(out, e->cookie, COOKIE_BYTES);
			return state;
		}
	}
	make(s, e, client, now, out);
	return state;
}
