#include "certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "dname.h"
#include "log.h"
#include "tickets.h"

/* Mozilla's server side TLS guidelines 5.7, "intermediate", without DHE, which costs much and serves no client that lacks ECDHE. */
#define CIPHERS "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
/*
 * TLS 1.3. The first one that a client has, too, but a client that puts
 * ChaCha20 first has no AES instructions and gets it. OpenSSL's clients put
 * SHA-384 first, which hardly a processor does by itself: keys are derived some
 * thirty times in a handshake, and that made it a sixth dearer.
 */
#define SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS "X25519:P-256:P-384"

struct certificate {
	SSL_CTX *server, *client;
	X509 *leaf;               /* borrowed from `server` */
	time_t begins, ends;
	char *file;
};

/* The reason of the newest error of OpenSSL; the queue is empty afterwards. */
static const char *reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return text ? text : "unknown error";
}

/* --- reading --- */

/* Keys with a passphrase are none for a server that starts by itself. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing;
	*(bool *)arg = true;
	return -1;
}

static EVP_PKEY *read_key(const char *file, char *why)
{
	struct stat st;
	bool asked = false;
	FILE *f = fopen(file, "re");
	EVP_PKEY *key = NULL;

	if (!f || fstat(fileno(f), &st) != 0)
		snprintf(why, CERTIFICATE_WHY_MAX, "%.200s cannot be read: %s", file, strerror(errno));
	else if (st.st_mode & S_IRWXO)
		snprintf(why, CERTIFICATE_WHY_MAX, "others can read or write %.200s, which holds a key: chmod o-rwx it", file);
	else if (!(key = PEM_read_PrivateKey(f, NULL, no_passphrase, &asked)))
		snprintf(why, CERTIFICATE_WHY_MAX, "%.200s: %s", file, asked ? "the key has a passphrase" : "no private key in PEM form");
	if (f)
		fclose(f);
	ERR_clear_error();
	return key;
}

static bool read_files(struct certificate *c, const struct conf_tls *files, char *why)
{
	EVP_PKEY *key = read_key(files->key, why);
	bool ok = key != NULL;

	if (ok && SSL_CTX_use_certificate_chain_file(c->server, files->certificate) != 1) {
		ok = false;
		snprintf(why, CERTIFICATE_WHY_MAX, "%.200s cannot be used: %s", files->certificate, reason());
	}
	if (ok && (SSL_CTX_use_PrivateKey(c->server, key) != 1 || SSL_CTX_check_private_key(c->server) != 1)) {
		ok = false;
		snprintf(why, CERTIFICATE_WHY_MAX, "%.150s is not the key of %.150s: %s", files->key, files->certificate, reason());
	}
	EVP_PKEY_free(key);
	return ok;
}

/* A session is resumed with the certificate that it began with, and no other: another service's, or the one before its renewal. */
static bool name_sessions(struct certificate *c)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	return X509_digest(c->leaf, EVP_sha256(), digest, &len) == 1 && SSL_CTX_set_session_id_context(c->server, digest, len) == 1;
}

static time_t time_of(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

/* --- contexts --- */

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1\x08http/1.0";
	unsigned char *chosen;

	(void)ssl, (void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* What both have in common. */
static SSL_CTX *context(const SSL_METHOD *method)
{
	SSL_CTX *x = SSL_CTX_new(method);

	if (!x)
		return NULL;
	SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION);
	SSL_CTX_set_options(x, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	/* An idle connection has no buffers; what could not be written whole is tried again from where it lies then. */
	SSL_CTX_set_mode(x, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                 SSL_MODE_NO_AUTO_CHAIN); /* the file has the chain; else one would be searched for in each handshake */
	SSL_CTX_set_read_ahead(x, 1); /* a read takes what there is, not a record's head and then its body */
	if (SSL_CTX_set_cipher_list(x, CIPHERS) == 1 && SSL_CTX_set_ciphersuites(x, SUITES) == 1 && SSL_CTX_set1_groups_list(x, GROUPS) == 1)
		return x;
	SSL_CTX_free(x);
	return NULL;
}

static SSL_CTX *server_context(void)
{
	SSL_CTX *x = context(TLS_server_method());

	if (!x || !tickets_use(x)) {
		SSL_CTX_free(x);
		return NULL;
	}
	SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF); /* tickets need none */
	SSL_CTX_set_options(x, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_num_tickets(x, 0); /* TLS 1.3: one, with the first answer (tls.c); a client that is redirected comes back once, if at all */
	SSL_CTX_set_alpn_select_cb(x, choose_alpn, NULL);
	return x;
}

/*
 * Other sites are trusted as the system trusts, and also when they have this
 * very certificate or one by an authority in its file: so installations with
 * an authority of their own, or a self-signed certificate for all sites, work.
 */
static SSL_CTX *client_context(SSL_CTX *server)
{
	static const unsigned char http1[] = "\x08http/1.1";
	SSL_CTX *x = context(TLS_client_method());
	STACK_OF(X509) *chain = NULL;

	if (!x)
		return NULL;
	X509_STORE *store = SSL_CTX_get_cert_store(x);
	SSL_CTX_set_verify(x, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_verify_paths(x);
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	X509_STORE_add_cert(store, SSL_CTX_get0_certificate(server));
	SSL_CTX_get0_chain_certs(server, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++)
		X509_STORE_add_cert(store, sk_X509_value(chain, i));
	SSL_CTX_set_alpn_protos(x, http1, sizeof http1 - 1);
	ERR_clear_error();
	return x;
}

struct certificate *certificate_load(const struct conf_tls *files, char *why)
{
	struct certificate *c = calloc(1, sizeof *c);

	snprintf(why, CERTIFICATE_WHY_MAX, "out of memory");
	if (c)
		c->file = strdup(files->certificate);
	bool ok = c && c->file && (c->server = server_context()) && read_files(c, files, why);
	if (ok) {
		c->leaf = SSL_CTX_get0_certificate(c->server);
		ok = name_sessions(c) && (c->client = client_context(c->server));
	}
	if (!ok) {
		certificate_free(c);
		return NULL;
	}
	c->begins = time_of(X509_get0_notBefore(c->leaf));
	c->ends = time_of(X509_get0_notAfter(c->leaf));
	return c;
}

void certificate_free(struct certificate *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->client);
	SSL_CTX_free(c->server);
	free(c->file);
	free(c);
}

/* --- whom it suits --- */

static bool is_in_force(const struct certificate *c)
{
	time_t now = time(NULL);

	return now >= c->begins && now < c->ends;
}

static bool covers(const struct certificate *c, const char *name)
{
	return X509_check_host(c->leaf, name, 0, 0, NULL) == 1;
}

bool certificate_suits(const struct certificate *c, const char *name)
{
	return is_in_force(c) && covers(c, name);
}

static void warn_time(const struct certificate *c, const struct conf_listener *l)
{
	if (!is_in_force(c))
		log_warn(time(NULL) < c->begins ? "certificate is not valid yet" : "certificate has ended", "service=%s file=%s",
		         l->service_text, c->file);
}

/* Redirects lead to LABEL.SERVICE, where the other sites have the like of it. */
void certificate_warn(const struct certificate *c, const struct conf_listener *l, const struct service *s)
{
	char first[DNAME_TEXT_MAX] = "", text[DNAME_TEXT_MAX];
	uint8_t name[DNAME_MAX];
	unsigned missing = 0;

	warn_time(c, l);
	for (size_t i = 0; i <= s->nmembers; i++) {
		bool whole = i == s->nmembers;

		if (s->wildcard || (!whole && dname_prepend(name, s->members[i].label, strlen(s->members[i].label), s->name) == 0))
			continue;
		dname_to_text(whole ? s->name : name, text);
		text[strlen(text) - 1] = '\0';
		if (!covers(c, text) && missing++ == 0)
			strcpy(first, text);
	}
	if (missing)
		log_warn("certificate does not cover all names", "service=%s file=%s missing=%s others=%u", l->service_text, c->file, first, missing - 1);
}

/* --- connections --- */

SSL *certificate_accept(const struct certificate *c)
{
	SSL *ssl = SSL_new(c->server);

	if (ssl)
		SSL_set_accept_state(ssl);
	ERR_clear_error();
	return ssl;
}

SSL *certificate_connect(const struct certificate *c, const char *name)
{
	SSL *ssl = SSL_new(c->client);

	ERR_clear_error();
	if (!ssl)
		return NULL;
	SSL_set_connect_state(ssl);
	if (SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}
