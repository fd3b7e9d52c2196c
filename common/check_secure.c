/*
 * TLS of a stream, by OpenSSL on the stream's non-blocking descriptor. A
 * context (settings and trusted certificates, a megabyte with the system's)
 * is shared by all checks that want the same.
 */
#include "check_kind.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct tls_context {
	SSL_CTX *ctx;
	bool verify;
	char *ca;                  /* PEM; NULL: what the system trusts */
	uint8_t *alpn; size_t nalpn; /* as on the wire: a length before each name */
	unsigned refs;
	struct tls_context *next;
};

/* --- contexts --- */

static bool add_certificates(X509_STORE *store, const char *pem)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	bool ok = in;
	for (X509 *x; ok && (x = PEM_read_bio_X509(in, NULL, NULL, NULL));) {
		ok = X509_STORE_add_cert(store, x);
		X509_free(x);
	}
	BIO_free(in);
	ERR_clear_error(); /* that no more follow is told as an error */
	return ok;
}

static bool make_alpn(struct tls_context *t, const struct conf_check *conf)
{
	for (size_t i = 0; i < conf->nalpn; i++)
		t->nalpn += 1 + strlen(conf->alpn[i]);
	uint8_t *at = t->alpn = malloc(t->nalpn + 1);
	for (size_t i = 0; at && i < conf->nalpn; i++) {
		size_t n = strlen(conf->alpn[i]);
		*at++ = (uint8_t)n;
		memcpy(at, conf->alpn[i], n);
		at += n;
	}
	return t->alpn;
}

static bool set_up(struct tls_context *t)
{
	t->ctx = SSL_CTX_new(TLS_client_method());
	if (!t->ctx)
		return false;
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(t->ctx, t->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (t->nalpn && SSL_CTX_set_alpn_protos(t->ctx, t->alpn, (unsigned)t->nalpn) != 0)
		return false;
	if (!t->verify)
		return true;
	return t->ca ? add_certificates(SSL_CTX_get_cert_store(t->ctx), t->ca) : SSL_CTX_set_default_verify_paths(t->ctx) == 1;
}

static void context_delete(struct tls_context *t)
{
	SSL_CTX_free(t->ctx);
	free(t->ca);
	free(t->alpn);
	free(t);
}

static bool fits(const struct tls_context *t, const struct tls_context *wanted)
{
	return t->verify == wanted->verify && t->nalpn == wanted->nalpn && memcmp(t->alpn, wanted->alpn, t->nalpn) == 0 &&
	       !t->ca == !wanted->ca && (!t->ca || strcmp(t->ca, wanted->ca) == 0);
}

struct tls_context *secure_context_get(struct checker *c, const struct conf_check *conf)
{
	struct tls_context *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->verify = conf->verify;
	t->ca = conf->ca ? strdup(conf->ca) : NULL;
	if (make_alpn(t, conf) && (!conf->ca || t->ca)) {
		for (struct tls_context *have = c->contexts; have; have = have->next) {
			if (fits(have, t)) {
				context_delete(t);
				have->refs++;
				return have;
			}
		}
		if (set_up(t)) {
			t->refs = 1;
			t->next = c->contexts;
			c->contexts = t;
			return t;
		}
	}
	context_delete(t);
	return NULL;
}

void secure_context_put(struct checker *c, struct tls_context *t)
{
	if (!t || --t->refs)
		return;
	struct tls_context **at = &c->contexts;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	context_delete(t);
}

/* --- a connection --- */

/* Whose certificate is wanted: `sni`, else the host that is asked for, else the service's name; an IPv6 address without [ ]. */
static const char *wanted_name(const struct check *k, char out[256])
{
	const char *name = k->conf->sni ? k->conf->sni : k->conf->host ? k->conf->host : k->host ? k->host : "";
	size_t n = strlen(name);
	bool bracketed = n > 2 && name[0] == '[' && name[n - 1] == ']';
	if (bracketed) {
		name++;
		n -= 2;
	}
	n = n < 256 ? n : 255;
	memcpy(out, name, n);
	out[n] = '\0';
	return out;
}

/* SNI holds names only (RFC 6066 section 3). */
static bool set_name(SSL *ssl, const char *name, bool verify)
{
	struct addr a;
	if (!*name)
		return true;
	if (addr_parse(&a, name, 0))
		return !verify || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	if (SSL_set_tlsext_host_name(ssl, name) != 1)
		return false;
	return !verify || SSL_set1_host(ssl, name) == 1;
}

bool secure_begin(struct check *k)
{
	char name[256];
	SSL *ssl = SSL_new(k->tls->ctx);
	if (!ssl)
		return false;
	SSL_set_connect_state(ssl);
	if (SSL_set_fd(ssl, k->stream.fd) != 1 || !set_name(ssl, wanted_name(k, name), k->tls->verify)) {
		SSL_free(ssl);
		ERR_clear_error();
		return false;
	}
	k->stream.ssl = ssl;
	return true;
}

void secure_end(struct check *k)
{
	SSL_free(k->stream.ssl);
	k->stream.ssl = NULL;
}

/* The end of the connection as OpenSSL tells it, by version: no error at all, errno, or a reason. */
static bool ended_by_peer(int error)
{
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
	if (error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return true;
#endif
	return error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_SYSCALL && errno == 0);
}

static enum check_result failure(const SSL *ssl, int error, uint32_t *detail)
{
	long verdict = SSL_get_verify_result(ssl);
	*detail = 0;
	if (ended_by_peer(error))
		return RESULT_L6_CLOSED;
	if (error == SSL_ERROR_SYSCALL)
		return RESULT_L6_RESET;
	if (ERR_GET_REASON(ERR_peek_error()) == SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL)
		return RESULT_L6_ALPN;
	if (verdict == X509_V_OK || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE)
		return RESULT_L6_HANDSHAKE;
	*detail = (uint32_t)verdict;
	return RESULT_L6_CERTIFICATE;
}

enum secure_progress secure_shake(struct check *k, enum check_result *result, uint32_t *detail)
{
	ERR_clear_error();
	errno = 0;
	int r = SSL_do_handshake(k->stream.ssl);
	if (r == 1)
		return SECURE_DONE;
	int error = SSL_get_error(k->stream.ssl, r);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return SECURE_WAITS;
	*result = failure(k->stream.ssl, error, detail);
	ERR_clear_error();
	return SECURE_FAILED;
}

/* As errno has it. An end without close_notify is an end: nobody gains by cutting a health check short. */
static ssize_t no_bytes(struct check *k, int r)
{
	int error = SSL_get_error(k->stream.ssl, r);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		errno = EAGAIN;
		return -1;
	}
	bool end = ended_by_peer(error);
	ERR_clear_error();
	errno = ECONNRESET;
	return end ? 0 : -1;
}

ssize_t secure_recv(struct check *k, void *buffer, size_t n)
{
	ERR_clear_error();
	errno = 0;
	int r = SSL_read(k->stream.ssl, buffer, (int)n);
	return r > 0 ? r : no_bytes(k, r);
}

ssize_t secure_send(struct check *k, const void *data, size_t n)
{
	ERR_clear_error();
	errno = 0;
	int r = SSL_write(k->stream.ssl, data, n > INT32_MAX ? INT32_MAX : (int)n);
	if (r > 0)
		return r;
	if (no_bytes(k, r) == 0)
		errno = ECONNRESET;
	return -1;
}
