/*
 * tls: the handshake. With `verify` the certificate has to be valid for the
 * name and issued by somebody trusted; with `min_days` every certificate of
 * the chain (without `verify`: the server's) has to last so long; with `alpn`
 * the server has to choose one of the protocols.
 */
#include "check_kind.h"

#include <openssl/ssl.h>

/* Days until a certificate ends, rounded down; what has ended: 0. */
static uint32_t days_left(const X509 *x)
{
	int days = 0, seconds = 0;
	if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) || days < 0 || seconds < 0)
		return 0;
	return (uint32_t)days;
}

static uint32_t fewest_days(SSL *ssl, bool verified)
{
	STACK_OF(X509) *chain = verified ? SSL_get0_verified_chain(ssl) : NULL;
	uint32_t fewest = UINT32_MAX;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		uint32_t days = days_left(sk_X509_value(chain, i));
		fewest = days < fewest ? days : fewest;
	}
	if (fewest != UINT32_MAX)
		return fewest;
	X509 *x = SSL_get_peer_certificate(ssl);
	fewest = x ? days_left(x) : 0;
	X509_free(x);
	return fewest;
}

static bool alpn_chosen(SSL *ssl)
{
	const unsigned char *name;
	unsigned n;
	SSL_get0_alpn_selected(ssl, &name, &n);
	return n > 0;
}

static void connected(struct check *k)
{
	const struct conf_check *c = k->conf;
	SSL *ssl = k->stream.ssl;
	uint32_t days = c->min_days ? fewest_days(ssl, c->verify) : 0;
	if (days < c->min_days)
		check_end(k, RESULT_L6_DAYS, days, check_took(k));
	else if (c->nalpn && !alpn_chosen(ssl))
		check_end(k, RESULT_L6_ALPN, 0, check_took(k));
	else
		check_end(k, RESULT_L6_OK, 0, check_took(k));
}

/* The probe has ended before anything could come. */
static void data(struct check *k, const uint8_t *p, size_t n)
{
	(void)k;
	(void)p;
	(void)n;
}

static void closed(struct check *k, bool reset)
{
	check_end(k, reset ? RESULT_L6_RESET : RESULT_L6_CLOSED, 0, check_took(k));
}

static void start(struct check *k)
{
	static const struct stream_talk talk = { connected, data, closed };
	stream_start(k, &talk);
}

static void time_up(struct check *k)
{
	check_end(k, stream_silence(k), 0, check_took(k));
}

const struct check_kind check_kind_tls = { .start = start, .time_up = time_up, .stop = stream_stop };
