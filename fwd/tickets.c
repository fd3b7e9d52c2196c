#include "tickets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "handover.h"

/* Seconds that a session may be resumed; OpenSSL's own default. */
#define TICKET_LIFE 7200
/* So many may pass for a thread between looking at the clock and having the lock. */
#define WAIT_MAX 60
#define TICKET_NAME 16 /* TLSEXT_KEYNAME_LENGTH */

struct key {
	uint8_t name[TICKET_NAME], encrypt[32], sign[32];
	int64_t made;           /* tickets_now; 0: none */
};

/* The one that makes, and the one before it. A handshake takes a copy of one, under the lock: some nanoseconds of hundreds of microseconds. */
static struct key keys[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int64_t tickets_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec + 1;
}

/* None, older than that, or of another clock. A thread that waits for the lock comes with the time of before. */
static bool is_older(const struct key *k, int64_t now, int64_t age)
{
	return !k->made || now < k->made - WAIT_MAX || now - k->made >= age;
}

static bool is_old(const struct key *k, int64_t now)
{
	return is_older(k, now, TICKET_LIFE);
}

static bool can_open(const struct key *k, int64_t now)
{
	return !is_older(k, now, 2 * TICKET_LIFE);
}

void tickets_forget(int64_t now)
{
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < 2; i++)
		if (!can_open(&keys[i], now))
			OPENSSL_cleanse(&keys[i], sizeof keys[i]);
	pthread_mutex_unlock(&lock);
}

/* False: no random numbers. */
static bool renew(int64_t now)
{
	struct key k = { .made = now };
	bool ok = RAND_bytes(k.name, sizeof k.name) == 1 && RAND_priv_bytes(k.encrypt, sizeof k.encrypt) == 1 &&
	          RAND_priv_bytes(k.sign, sizeof k.sign) == 1;

	if (ok) {
		keys[1] = keys[0];
		keys[0] = k;
	}
	OPENSSL_cleanse(&k, sizeof k);
	return ok;
}

/* The key that makes tickets now. False: there is none. */
static bool current(int64_t now, struct key *out)
{
	bool ok = true;

	pthread_mutex_lock(&lock);
	if (is_old(&keys[0], now))
		ok = renew(now);
	if (ok)
		*out = keys[0];
	pthread_mutex_unlock(&lock);
	return ok;
}

static bool find(const unsigned char *name, int64_t now, struct key *out)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < 2 && !found; i++) {
		found = can_open(&keys[i], now) && memcmp(keys[i].name, name, TICKET_NAME) == 0;
		if (found)
			*out = keys[i];
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* --- OpenSSL's side --- */

/* Fetched once: a look-up in each handshake is what makes OpenSSL 3 slow. */
static EVP_CIPHER *cipher;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
}

static bool sign_with(EVP_MAC_CTX *mac, const struct key *k)
{
	static char sha256[] = "SHA256";
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)k->sign, sizeof k->sign),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, p) == 1;
}

/* With this key. False: something failed. */
static bool make_with(const struct key *k, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac)
{
	memcpy(name, k->name, TICKET_NAME);
	return RAND_bytes(iv, EVP_CIPHER_get_iv_length(cipher)) == 1 && EVP_EncryptInit_ex(c, cipher, NULL, k->encrypt, iv) == 1 && sign_with(mac, k);
}

static bool open_with(const struct key *k, const unsigned char *iv, EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac)
{
	return EVP_DecryptInit_ex(c, cipher, NULL, k->encrypt, iv) == 1 && sign_with(mac, k);
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): -1 an error, 0 no ticket or not ours, 1 good, 2 good and due for a new one. */
static int use_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac, int making)
{
	int64_t now = tickets_now();
	struct key k;
	int result = -1;

	(void)ssl;
	if (!(making ? current(now, &k) : find(name, now, &k)))
		return 0;
	if (making ? make_with(&k, name, iv, c, mac) : open_with(&k, iv, c, mac))
		result = !making && is_old(&k, now) ? 2 : 1;
	OPENSSL_cleanse(&k, sizeof k);
	return result;
}

bool tickets_use(struct ssl_ctx_st *context)
{
	pthread_once(&once, fetch);
	SSL_CTX_set_timeout(context, TICKET_LIFE);
	return cipher && SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_key) == 1;
}

/* --- from one process to the next --- */

/* What is in the descriptor. */
static const char mark[16] = "fairlead keys 2";

struct given {
	char mark[sizeof mark];
	struct key keys[2];
};

/* False: they are not in there. */
static bool take_from(int fd)
{
	struct given g;
	struct stat st;
	bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == sizeof g &&
	          pread(fd, &g, sizeof g, 0) == sizeof g && memcmp(g.mark, mark, sizeof mark) == 0;

	if (ok) {
		pthread_mutex_lock(&lock);
		memcpy(keys, g.keys, sizeof keys);
		pthread_mutex_unlock(&lock);
	}
	OPENSSL_cleanse(&g, sizeof g);
	return ok;
}

void tickets_take(struct handover_taken *taken)
{
	for (size_t i = 0; taken && i < taken->n; i++)
		if (taken->fds[i] >= 0 && take_from(taken->fds[i])) {
			close(taken->fds[i]);
			taken->fds[i] = -1;
			return;
		}
}

int tickets_give(void)
{
	struct given g;
	int fd = memfd_create("tickets", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	tickets_forget(tickets_now());
	memcpy(g.mark, mark, sizeof mark);
	pthread_mutex_lock(&lock);
	memcpy(g.keys, keys, sizeof keys);
	pthread_mutex_unlock(&lock);
	bool ok = write(fd, &g, sizeof g) == sizeof g;
	OPENSSL_cleanse(&g, sizeof g);
	if (ok)
		return fd;
	close(fd);
	return -1;
}
