#include "tsig.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include "dname.h"
#include "wire.h"

enum { TYPE_TSIG = 250, CLASS_ANY = 255, HEADER = 12 };

/* Sections 5.2.2.1 and 6: a MAC shorter than half the hash, or than ten octets, is none. */
#define MAC_LEAST 10

static const struct algorithm { const char *name, *digest; uint8_t mac_len; } algorithms[] = {
	[KEY_HMAC_SHA1] = { "hmac-sha1.", "SHA1", 20 }, [KEY_HMAC_SHA224] = { "hmac-sha224.", "SHA224", 28 },
	[KEY_HMAC_SHA256] = { "hmac-sha256.", "SHA256", 32 }, [KEY_HMAC_SHA384] = { "hmac-sha384.", "SHA384", 48 },
	[KEY_HMAC_SHA512] = { "hmac-sha512.", "SHA512", 64 },
};

const char *tsig_algorithm_name(enum key_algorithm a)
{
	return algorithms[a].name;
}

const char *tsig_error_name(enum tsig_error e)
{
	switch (e) {
	case TSIG_NOERROR: return "NOERROR";
	case TSIG_BADSIG: return "BADSIG";
	case TSIG_BADKEY: return "BADKEY";
	case TSIG_BADTIME: return "BADTIME";
	case TSIG_BADTRUNC: return "BADTRUNC";
	}
	return "?";
}

/* ---- keys ---- */

struct ready_key {
	const struct key *key;
	EVP_MAC_CTX *context;       /* with the secret; copied for each exchange, which is cheaper than making it */
	size_t name_len;
	uint8_t name[DNAME_MAX];    /* lower case */
};

struct tsig_ring { size_t n; struct ready_key keys[]; };

static size_t lower_name(uint8_t out[DNAME_MAX], const char *text)
{
	const char *why;
	uint8_t name[DNAME_MAX];
	size_t n = dname_from_text(name, text, strlen(text), (const uint8_t *)"", &why);
	dname_lower(out, name, n);
	return n;
}

static bool ready(struct ready_key *r, const struct key *k, EVP_MAC *mac)
{
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)algorithms[k->algorithm].digest, 0),
		OSSL_PARAM_construct_end(),
	};
	r->key = k;
	r->name_len = lower_name(r->name, k->name);
	r->context = EVP_MAC_CTX_new(mac);
	return r->name_len && r->context && EVP_MAC_init(r->context, k->secret, k->secret_len, params) == 1;
}

struct tsig_ring *tsig_ring_new(const struct key *keys, size_t nkeys)
{
	struct tsig_ring *r = calloc(1, sizeof *r + nkeys * sizeof r->keys[0]);
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	bool ok = r && mac;
	for (size_t i = 0; ok && i < nkeys; i++, r->n++)
		if (!ready(&r->keys[i], &keys[i], mac)) {
			EVP_MAC_CTX_free(r->keys[i].context);
			ok = false;
			break;
		}
	EVP_MAC_free(mac); /* the contexts hold it */
	if (ok)
		return r;
	tsig_ring_delete(r);
	return NULL;
}

void tsig_ring_delete(struct tsig_ring *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		EVP_MAC_CTX_free(r->keys[i].context);
	free(r);
}

/* By name and algorithm: a key is for one algorithm only (section 5.2.1). */
static const struct ready_key *find_key(const struct tsig_ring *ring, const struct tsig *t)
{
	uint8_t algorithm[DNAME_MAX];
	for (size_t i = 0; i < ring->n; i++) {
		const struct ready_key *k = &ring->keys[i];
		if (k->name_len != t->owner_len || memcmp(k->name, t->owner, t->owner_len) != 0)
			continue;
		size_t n = lower_name(algorithm, algorithms[k->key->algorithm].name);
		return n == t->algorithm_len && memcmp(algorithm, t->algorithm, n) == 0 ? k : NULL;
	}
	return NULL;
}

static bool use_key(struct tsig *t, const struct ready_key *k)
{
	t->context = k ? EVP_MAC_CTX_dup(k->context) : NULL;
	t->key = t->context ? k->key : NULL;
	t->whole = t->context ? algorithms[k->key->algorithm].mac_len : 0;
	return t->context != NULL;
}

bool tsig_begin(struct tsig *t, const struct tsig_ring *ring, const struct key *key)
{
	memset(t, 0, sizeof *t);
	t->requesting = true;
	for (size_t i = 0; i < ring->n; i++) {
		const struct ready_key *k = &ring->keys[i];
		if (k->key != key)
			continue;
		memcpy(t->owner, k->name, k->name_len);
		t->owner_len = k->name_len;
		t->algorithm_len = lower_name(t->algorithm, algorithms[key->algorithm].name);
		return use_key(t, k);
	}
	return false;
}

void tsig_end(struct tsig *t)
{
	EVP_MAC_CTX_free(t->context);
	t->context = NULL;
}

/* ---- the record ---- */

struct record {
	size_t at;               /* where it begins */
	uint64_t time;
	uint16_t fudge, mac_len, original_id, error, other_len;
	const uint8_t *mac, *other;
};

/* Names are digested and compared in lower case (section 4.3.3). */
static size_t read_lower(struct wire_reader *r, uint8_t out[DNAME_MAX])
{
	size_t n = wire_read_name(r, out);
	dname_lower(out, out, n);
	return n;
}

static bool read_rdata(struct wire_reader *r, struct record *rec, struct tsig *t)
{
	uint16_t rdlength = wire_read16(r);
	if (r->failed || rdlength != wire_left(r)) /* it is the last thing in the message */
		return false;
	t->algorithm_len = read_lower(r, t->algorithm);
	rec->time = (uint64_t)wire_read16(r) << 32;
	rec->time |= wire_read32(r);
	rec->fudge = wire_read16(r);
	rec->mac_len = wire_read16(r);
	rec->mac = wire_read(r, rec->mac_len);
	rec->original_id = wire_read16(r);
	rec->error = wire_read16(r);
	rec->other_len = wire_read16(r);
	rec->other = wire_read(r, rec->other_len);
	return !r->failed && wire_left(r) == 0;
}

/* Past `count` questions or records that aren't TSIG. False: malformed, or a TSIG where none may stand. */
static bool skip(struct wire_reader *r, unsigned count, bool questions)
{
	while (count-- && !r->failed) {
		wire_skip_name(r);
		uint16_t type = wire_read16(r);
		if (!questions && type == TYPE_TSIG)
			return false;
		wire_read(r, questions ? 2 : 6);
		if (!questions)
			wire_read(r, wire_read16(r));
	}
	return !r->failed;
}

/* The TSIG record, which is the last of the additional section if there is one. */
static enum tsig_found find_record(struct tsig *t, struct record *rec, const uint8_t *msg, size_t len)
{
	struct wire_reader r;
	wire_reader_init(&r, msg, len);
	if (!wire_read(&r, HEADER))
		return TSIG_MALFORMED;
	unsigned additional = wire_get16(msg + 10);
	if (!skip(&r, wire_get16(msg + 4), true) || !skip(&r, wire_get16(msg + 6) + wire_get16(msg + 8), false)
		|| !skip(&r, additional ? additional - 1 : 0, false))
		return TSIG_MALFORMED;
	rec->at = (size_t)(r.at - msg);
	if (additional) {
		t->owner_len = read_lower(&r, t->owner);
		uint16_t type = wire_read16(&r), class = wire_read16(&r);
		uint32_t ttl = wire_read32(&r);
		if (!r.failed && type == TYPE_TSIG)
			return class == CLASS_ANY && ttl == 0 && read_rdata(&r, rec, t) ? TSIG_GOOD : TSIG_MALFORMED;
		wire_read(&r, wire_read16(&r));
	}
	return r.failed || wire_left(&r) ? TSIG_MALFORMED : TSIG_ABSENT;
}

/* ---- the MAC ---- */

static bool update(struct tsig *t, const void *p, size_t n)
{
	return EVP_MAC_update(t->context, p, n) == 1;
}

/* Section 4.3.3: all of the record but MAC and original ID; of a further message only the times. */
static bool update_variables(struct tsig *t, const struct record *rec)
{
	uint8_t fixed[6 + 12];
	struct wire_writer w;
	wire_writer_init(&w, fixed, sizeof fixed);
	if (!t->further) {
		wire_write16(&w, CLASS_ANY);
		wire_write32(&w, 0);
		if (!update(t, t->owner, t->owner_len) || !update(t, fixed, 6) || !update(t, t->algorithm, t->algorithm_len))
			return false;
		w.at = fixed;
	}
	wire_write16(&w, (uint16_t)(rec->time >> 32));
	wire_write32(&w, (uint32_t)rec->time);
	wire_write16(&w, rec->fudge);
	if (!t->further) {
		wire_write16(&w, rec->error);
		wire_write16(&w, rec->other_len);
	}
	return update(t, fixed, wire_written(&w)) && (t->further || rec->other_len == 0 || update(t, rec->other, rec->other_len));
}

/* Of `msg` up to rec->at, with `id` and `additional` in its header. */
static bool compute(struct tsig *t, const struct record *rec, const uint8_t *msg, uint16_t id, uint16_t additional,
                    uint8_t out[TSIG_MAC_MAX])
{
	uint8_t header[HEADER], before[2];
	size_t n = 0;
	memcpy(header, msg, HEADER);
	wire_set16(header, id);
	wire_set16(header + 10, additional);
	wire_set16(before, (uint16_t)t->mac_len);
	return EVP_MAC_init(t->context, NULL, 0, NULL) == 1
		&& (t->mac_len == 0 || (update(t, before, 2) && update(t, t->mac, t->mac_len)))
		&& update(t, header, HEADER) && update(t, msg + HEADER, rec->at - HEADER) && update_variables(t, rec)
		&& EVP_MAC_final(t->context, out, &n, TSIG_MAC_MAX) == 1;
}

static bool in_time(const struct record *rec, int64_t now)
{
	int64_t differs = (int64_t)rec->time - now;
	return (differs < 0 ? -differs : differs) <= rec->fudge;
}

/* Sections 5.2.2 and 5.2.3, in their order: MAC, then time, then truncation. False: malformed. */
static bool check(struct tsig *t, const struct record *rec, const uint8_t *msg, int64_t now)
{
	uint8_t mac[TSIG_MAC_MAX];
	size_t whole = t->whole, least = whole / 2 > MAC_LEAST ? whole / 2 : MAC_LEAST;
	if (rec->mac_len > whole || rec->mac_len < least)
		return false;
	if (!compute(t, rec, msg, rec->original_id, (uint16_t)(wire_get16(msg + 10) - 1), mac) || CRYPTO_memcmp(mac, rec->mac, rec->mac_len) != 0)
		t->error = TSIG_BADSIG;
	else if (!in_time(rec, now))
		t->error = TSIG_BADTIME;
	else if (rec->mac_len < whole)
		t->error = TSIG_BADTRUNC;
	/* The answer is bound to what came, as long as it came. */
	memcpy(t->mac, rec->mac, rec->mac_len);
	t->mac_len = rec->mac_len;
	return true;
}

static void take_off(const struct record *rec, uint8_t *msg, size_t *len)
{
	*len = rec->at;
	wire_set16(msg + 10, (uint16_t)(wire_get16(msg + 10) - 1));
}

enum tsig_found tsig_take(struct tsig *t, const struct tsig_ring *ring, uint8_t *msg, size_t *len, int64_t now)
{
	struct record rec;
	memset(t, 0, offsetof(struct tsig, owner));
	enum tsig_found found = find_record(t, &rec, msg, *len);
	if (found != TSIG_GOOD)
		return found;
	t->time = rec.time;
	t->original_id = rec.original_id;
	if (!use_key(t, find_key(ring, t)))
		t->error = TSIG_BADKEY;
	else if (!check(t, &rec, msg, now)) {
		tsig_end(t);
		return TSIG_MALFORMED;
	}
	take_off(&rec, msg, len);
	return t->error ? TSIG_BAD : TSIG_GOOD;
}

enum tsig_found tsig_take_answer(struct tsig *t, uint8_t *msg, size_t *len, int64_t now)
{
	struct record rec;
	struct tsig other = { .owner_len = 0 };
	enum tsig_found found = find_record(&other, &rec, msg, *len);
	if (found != TSIG_GOOD)
		return found;
	t->error = TSIG_NOERROR;
	if (other.owner_len != t->owner_len || memcmp(other.owner, t->owner, t->owner_len) != 0
		|| other.algorithm_len != t->algorithm_len || memcmp(other.algorithm, t->algorithm, t->algorithm_len) != 0)
		t->error = TSIG_BADKEY;
	else if (rec.error && rec.mac_len == 0)
		t->error = rec.error;
	else if (!check(t, &rec, msg, now))
		return TSIG_MALFORMED;
	else if (!t->error && rec.error)
		t->error = rec.error;
	t->further = true;
	take_off(&rec, msg, len);
	return t->error ? TSIG_BAD : TSIG_GOOD;
}

/* ---- signing ---- */

size_t tsig_size(const struct tsig *t)
{
	return t->owner_len + 10 + t->algorithm_len + 16 + t->whole + (t->error == TSIG_BADTIME ? 6 : 0);
}

static void write_record(struct tsig *t, const struct record *rec, struct wire_writer *w)
{
	wire_write(w, t->owner, t->owner_len);
	wire_write16(w, TYPE_TSIG);
	wire_write16(w, CLASS_ANY);
	wire_write32(w, 0);
	wire_write16(w, (uint16_t)(t->algorithm_len + 16 + rec->mac_len + rec->other_len));
	wire_write(w, t->algorithm, t->algorithm_len);
	wire_write16(w, (uint16_t)(rec->time >> 32));
	wire_write32(w, (uint32_t)rec->time);
	wire_write16(w, rec->fudge);
	wire_write16(w, rec->mac_len);
	wire_write(w, rec->mac, rec->mac_len);
	wire_write16(w, rec->original_id);
	wire_write16(w, rec->error);
	wire_write16(w, rec->other_len);
	wire_write(w, rec->other, rec->other_len);
}

size_t tsig_sign(struct tsig *t, uint8_t *msg, size_t len, size_t room, int64_t now)
{
	uint8_t server_time[6], mac[TSIG_MAC_MAX];
	struct record rec = { .at = len, .time = (uint64_t)now, .fudge = TSIG_FUDGE, .original_id = wire_get16(msg), .error = (uint16_t)t->error };
	if (t->error && t->error != TSIG_BADTRUNC)
		rec.time = t->time; /* sections 5.2.3 and 5.3.2: the client's */
	if (t->error == TSIG_BADTIME) {
		wire_set16(server_time, (uint16_t)((uint64_t)now >> 32));
		wire_set32(server_time + 2, (uint32_t)now);
		rec.other = server_time;
		rec.other_len = sizeof server_time;
	}
	if (t->error != TSIG_BADKEY && t->error != TSIG_BADSIG) {
		if (!t->context || !compute(t, &rec, msg, rec.original_id, wire_get16(msg + 10), mac))
			return 0;
		rec.mac = mac;
		rec.mac_len = (uint16_t)t->whole;
	}
	struct wire_writer w;
	wire_writer_init(&w, msg, room);
	if (!wire_room(&w, len))
		return 0;
	write_record(t, &rec, &w);
	if (w.failed)
		return 0;
	wire_set16(msg + 10, (uint16_t)(wire_get16(msg + 10) + 1));
	memcpy(t->mac, mac, rec.mac_len);
	t->mac_len = rec.mac_len;
	t->further = !t->requesting;
	t->requesting = false;
	return wire_written(&w);
}
