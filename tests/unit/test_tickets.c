/* Keys of TLS tickets: they resume sessions as long as they should, pass to a successor, and are gone after that. */
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/handover.h"
#include "fwd/tickets.h"
#include "unit.h"

/* Twice the two hours that a session may be resumed. */
#define OPENS 14400
#define MARK 16 /* in front of the keys in the descriptor */

static SSL_CTX *server, *client;

static void identify(SSL_CTX *x)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *c = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(c), -60);
	X509_gmtime_adj(X509_getm_notAfter(c), 86400);
	X509_set_pubkey(c, key);
	CU_ASSERT_FATAL(X509_sign(c, key, EVP_sha256()) > 0);
	CU_ASSERT_EQUAL_FATAL(SSL_CTX_use_certificate(x, c), 1);
	CU_ASSERT_EQUAL_FATAL(SSL_CTX_use_PrivateKey(x, key), 1);
	X509_free(c);
	EVP_PKEY_free(key);
}

/* A TLS 1.2 connection that offers `session` (NULL: none); the new session. */
static SSL_SESSION *connect_with(SSL_SESSION *session, bool *reused)
{
	SSL *s = SSL_new(server), *c = SSL_new(client);
	BIO *ours, *theirs;

	BIO_new_bio_pair(&ours, 0, &theirs, 0);
	SSL_set_bio(s, ours, ours);
	SSL_set_bio(c, theirs, theirs);
	SSL_set_accept_state(s);
	SSL_set_connect_state(c);
	if (session)
		SSL_set_session(c, session);
	for (int i = 0; i < 10 && !(SSL_is_init_finished(c) && SSL_is_init_finished(s)); i++) {
		SSL_do_handshake(c);
		SSL_do_handshake(s);
	}
	CU_ASSERT_TRUE_FATAL(SSL_is_init_finished(c) && SSL_is_init_finished(s));
	*reused = SSL_session_reused(c);
	SSL_SESSION *new = SSL_get1_session(c);
	SSL_set_shutdown(c, SSL_SENT_SHUTDOWN);
	SSL_free(s);
	SSL_free(c);
	return new;
}

static bool is_resumed(SSL_SESSION *session)
{
	bool reused;
	SSL_SESSION_free(connect_with(session, &reused));
	return reused;
}

/* Is anything of a key there, which could be handed over? */
static bool has_keys(void)
{
	uint8_t bytes[1000];
	bool found = false;
	int fd = tickets_give();
	CU_ASSERT_FATAL(fd >= 0);
	ssize_t n = pread(fd, bytes, sizeof bytes, 0);
	CU_ASSERT_FATAL(n > MARK && (size_t)n < sizeof bytes);
	for (ssize_t i = MARK; i < n; i++)
		found |= bytes[i] != 0;
	close(fd);
	return found;
}

static void keys_go(void)
{
	bool reused;
	CU_ASSERT_FALSE(has_keys());
	SSL_SESSION *session = connect_with(NULL, &reused);
	int64_t now = tickets_now();
	CU_ASSERT_FALSE(reused);
	CU_ASSERT_TRUE(is_resumed(session));
	CU_ASSERT_TRUE(has_keys());
	tickets_forget(now + OPENS - 100);
	CU_ASSERT_TRUE(has_keys());
	CU_ASSERT_TRUE(is_resumed(session));
	tickets_forget(now + OPENS);
	CU_ASSERT_FALSE(has_keys());
	CU_ASSERT_FALSE(is_resumed(session));
	SSL_SESSION_free(session);
}

/* Made when by that clock it has yet to be. */
static void another_clock(void)
{
	CU_ASSERT_TRUE(has_keys());
	tickets_forget(1);
	CU_ASSERT_FALSE(has_keys());
}

static void passed_on(void)
{
	bool reused;
	SSL_SESSION *session = connect_with(NULL, &reused);
	int pair[2], fds[3] = { -1 };
	CU_ASSERT_EQUAL_FATAL(pipe(pair), 0);
	fds[1] = pair[0];
	fds[2] = tickets_give();
	int given = fds[2];
	CU_ASSERT_FATAL(given >= 0);
	CU_ASSERT_EQUAL(lseek(given, 0, SEEK_CUR) < 0, 0);
	tickets_forget(tickets_now() + OPENS);
	CU_ASSERT_FALSE(is_resumed(session));
	tickets_take(&(struct handover_taken){ .fds = fds, .n = 3 });
	CU_ASSERT_TRUE(is_resumed(session));
	/* what was taken is closed, what is none of it isn't */
	CU_ASSERT_EQUAL(fds[2], -1);
	CU_ASSERT_EQUAL(fds[1], pair[0]);
	CU_ASSERT_EQUAL(lseek(given, 0, SEEK_CUR), -1);
	tickets_take(NULL);
	tickets_take(&(struct handover_taken){ .fds = fds, .n = 3 });
	CU_ASSERT_TRUE(is_resumed(session));
	close(pair[0]);
	close(pair[1]);
	SSL_SESSION_free(session);
}

static void begin(void)
{
	server = SSL_CTX_new(TLS_server_method());
	client = SSL_CTX_new(TLS_client_method());
	CU_ASSERT_FATAL(server && client && tickets_use(server));
	identify(server);
	SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(server, (const unsigned char *)"x", 1);
	SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
}

static void end(void)
{
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

UNIT_MAIN("tickets", UNIT_TEST(begin), UNIT_TEST(keys_go), UNIT_TEST(another_clock), UNIT_TEST(passed_on), UNIT_TEST(end))
