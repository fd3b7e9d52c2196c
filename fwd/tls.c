#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

/* What a result that is no success means, as errno; 0: the end. */
static int meaning(const SSL *ssl, int result)
{
	int error = errno;

	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ: case SSL_ERROR_WANT_WRITE: return EAGAIN;
	case SSL_ERROR_ZERO_RETURN: return 0;
	case SSL_ERROR_SYSCALL: return error ? error : ECONNRESET;
	default: return ECONNRESET; /* a broken record, or FIN without close_notify: something may be missing */
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
	int n = SSL_read(h->tls, buf, (int)size);
	return n > 0 ? n : as_errno(h, n);
}

ssize_t tls_send(struct half *h, const void *data, size_t len)
{
	size_t done = 0;

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

void half_finish(struct half *h)
{
	if (h->tls && SSL_is_init_finished(h->tls))
		SSL_shutdown(h->tls);
	if (h->tls)
		ERR_clear_error();
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
