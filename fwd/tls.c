#include "tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>

/*
 * A record that holds bytes ends a read, but those that hold none (key updates,
 * hellos that want to renegotiate) go on and on within it. So a read may fill
 * OpenSSL's buffer once, which has room for a whole record.
 */
#define READS_MAX 1

/* --- the socket, as OpenSSL sees it --- */

static int socket_recv(BIO *b, char *buf, int size)
{
	struct half *h = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	/* One that can't be written to has failed: then the error is there to be read, whatever was before it. */
	if ((h->dry && !h->broken) || !h->reads) {
		BIO_set_retry_read(b);
		errno = EAGAIN;
		return -1;
	}
	h->reads--;
	ssize_t n = recv(h->fd, buf, (size_t)size, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(b);
	/* As relay.c has it: less than there was room for has emptied the socket, but for a FIN or RST. */
	h->dry = n < 0 ? errno == EAGAIN : n < size && !h->closing && !h->doubtful;
	h->unsure = n > 0 && h->dry && !h->wants_write;
	return (int)n;
}

static int socket_send(BIO *b, const char *data, int len)
{
	struct half *h = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	ssize_t n = send(h->fd, data, (size_t)len, h->more || h->last ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(b);
	return (int)n;
}

static long socket_control(BIO *b, int what, long number, void *pointer)
{
	struct half *h = BIO_get_data(b);

	(void)number, (void)pointer;
	if (what == BIO_CTRL_FLUSH)
		h->more = false; /* the ticket is written, the answer comes now */
	return what == BIO_CTRL_FLUSH;
}

static int socket_begin(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "half");
	if (method && !(BIO_meth_set_read(method, socket_recv) && BIO_meth_set_write(method, socket_send) &&
	                BIO_meth_set_ctrl(method, socket_control) && BIO_meth_set_create(method, socket_begin))) {
		BIO_meth_free(method);
		method = NULL;
	}
}

bool tls_attach(struct half *h, struct ssl_st *tls)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_method);
	BIO *b = method ? BIO_new(method) : NULL;
	if (!b)
		return false;
	BIO_set_data(b, h);
	SSL_set_bio(tls, b, b);
	h->tls = tls;
	h->dry = h->more = h->greeted = false;
	return true;
}

/* --- records --- */

/* What a result that is no success means, as errno; 0: the end. */
static int meaning(const SSL *ssl, int result)
{
	int error = errno;

	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ: case SSL_ERROR_WANT_WRITE: return EAGAIN;
	case SSL_ERROR_ZERO_RETURN: return 0;
	case SSL_ERROR_SYSCALL: return error ? error : ECONNABORTED;
	default: return ECONNRESET; /* a broken record */
	}
}

static ssize_t as_errno(struct half *h, int result)
{
	int error = meaning(h->tls, result);

	ERR_clear_error();
	errno = error;
	return error ? -1 : 0;
}

ssize_t tls_recv(struct half *h, void *buf, size_t size)
{
	errno = 0;
	h->reads = READS_MAX;
	int n = SSL_read(h->tls, buf, (int)size);
	if (n > 0)
		return n;
	ssize_t r = as_errno(h, n);
	if (r < 0 && errno == EAGAIN && !h->reads && !h->dry)
		errno = EINTR;
	return r;
}

/* A ticket (TLS 1.3) goes with the first answer, in one segment: by itself, after the handshake, it would cost another one. */
static void greet(struct half *h)
{
	h->greeted = true;
	h->more = SSL_is_server(h->tls) && SSL_version(h->tls) == TLS1_3_VERSION && SSL_new_session_ticket(h->tls) == 1;
}

ssize_t tls_send(struct half *h, const void *data, size_t len)
{
	size_t done = 0;

	if (!h->greeted)
		greet(h);
	/* A record holds 16 KiB, and one is written at a time. */
	while (done < len) {
		errno = 0;
		int n = SSL_write(h->tls, (const uint8_t *)data + done, (int)(len - done));
		if (n <= 0) {
			ssize_t r = as_errno(h, n);
			if (r == 0)
				errno = EPIPE;
			return done > 0 && errno == EAGAIN ? (ssize_t)done : -1;
		}
		done += (size_t)n;
	}
	return (ssize_t)done;
}

void tls_finish(struct half *h)
{
	h->last = true;
	if (SSL_is_init_finished(h->tls))
		SSL_shutdown(h->tls);
	ERR_clear_error();
}

void half_finish(struct half *h)
{
	if (h->tls)
		tls_finish(h);
	shutdown(h->fd, SHUT_WR);
}

static const char *why_failed(const SSL *ssl, int error)
{
	unsigned long e = ERR_peek_error();
	const char *text = e && ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_reason_error_string(e) : NULL;
	long verified = SSL_get_verify_result(ssl);

	if (!SSL_is_server(ssl) && verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	return text ? text : error == SSL_ERROR_SYSCALL ? "connection lost in the handshake" : "handshake failed";
}

enum tls_progress tls_shake(struct half *h, bool *wants_write, const char **why)
{
	ERR_clear_error();
	h->reads = UINT8_MAX;
	int r = SSL_do_handshake(h->tls);
	if (r == 1)
		return TLS_DONE;
	int error = SSL_get_error(h->tls, r);
	*wants_write = error == SSL_ERROR_WANT_WRITE;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return TLS_WAITS;
	*why = why_failed(h->tls, error);
	ERR_clear_error();
	return TLS_FAILED;
}

const char *tls_wanted_name(const struct half *h)
{
	return SSL_get_servername(h->tls, TLSEXT_NAMETYPE_host_name);
}

void tls_drop(struct half *h)
{
	SSL_free(h->tls);
	h->tls = NULL;
}
