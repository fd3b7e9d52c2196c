#include "tlspeer.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEARD_MAX 4096
#define DAY 86400

enum stage { PLAIN, SHAKING, SECURE };

struct tlspeer {
	struct event_base *base;
	struct tlspeer_options options;
	struct evconnlistener *listener;
	struct addr address;
	SSL_CTX *ctx;
	char *ca;
	char sni[256], heard[HEARD_MAX];
	struct tls_client *clients;
};

struct tls_client {
	struct tlspeer *peer;
	int fd;
	struct event *event;
	SSL *ssl;
	enum stage stage;
	struct tls_client *next;
};

/* --- certificates --- */

static EVP_PKEY *new_key(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;
	if (c && EVP_PKEY_keygen_init(c) > 0 && EVP_PKEY_CTX_set_ec_paramgen_curve_nid(c, NID_X9_62_prime256v1) > 0)
		EVP_PKEY_keygen(c, &key);
	EVP_PKEY_CTX_free(c);
	return key;
}

static void extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

static X509 *certificate(const char *name, EVP_PKEY *key, int days, bool ca, X509 *issuer, EVP_PKEY *issuer_key)
{
	char alt[300];
	struct addr a;
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ca ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(x), -100L * DAY);
	X509_gmtime_adj(X509_getm_notAfter(x), (long)days * DAY + (days > 0 ? 600 : 0));
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : subject);
	if (ca) {
		extend(x, NID_basic_constraints, "critical,CA:TRUE");
	} else {
		snprintf(alt, sizeof alt, "%s:%s", addr_parse(&a, name, 0) ? "IP" : "DNS", name);
		extend(x, NID_subject_alt_name, alt);
	}
	X509_sign(x, issuer_key ? issuer_key : key, EVP_sha256());
	return x;
}

static char *pem_of(X509 *x)
{
	char *data;
	BIO *out = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(out, x);
	long n = BIO_get_mem_data(out, &data);
	char *text = strndup(data, (size_t)n);
	BIO_free(out);
	return text;
}

static void make_certificate(struct tlspeer *p)
{
	const struct tlspeer_options *o = &p->options;
	EVP_PKEY *ca_key = new_key(), *key = new_key();
	X509 *ca = certificate("test CA", ca_key, 3650, true, NULL, NULL);
	X509 *x = certificate(o->name, key, o->days, false, o->self_signed ? NULL : ca, o->self_signed ? NULL : ca_key);
	p->ca = pem_of(o->self_signed ? x : ca);
	SSL_CTX_use_certificate(p->ctx, x);
	SSL_CTX_use_PrivateKey(p->ctx, key);
	X509_free(x);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in, unsigned len, void *arg)
{
	const struct tlspeer *p = arg;
	(void)ssl;
	for (unsigned i = 0; p->options.alpn && i < len; i += 1u + in[i]) {
		if (in[i] == strlen(p->options.alpn) && memcmp(in + i + 1, p->options.alpn, in[i]) == 0) {
			*out = in + i + 1;
			*n = in[i];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* In the middle of the handshake, whose end a client may not wait for. */
static int note_sni(SSL *ssl, int *alert, void *arg)
{
	struct tlspeer *p = arg;
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)alert;
	if (sni)
		snprintf(p->sni, sizeof p->sni, "%s", sni);
	return SSL_TLSEXT_ERR_OK;
}

/* --- clients --- */

static void client_delete(struct tls_client *c)
{
	struct tls_client **at = &c->peer->clients;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	event_free(c->event);
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

static void note_heard(struct tlspeer *p, const char *bytes, int n)
{
	size_t have = strlen(p->heard);
	snprintf(p->heard + have, sizeof p->heard - have, "%.*s", n, bytes);
}

static void tell_plain(struct tls_client *c, const char *text)
{
	(void)!send(c->fd, text, strlen(text), MSG_NOSIGNAL);
}

/* False: it has gone. */
static bool shake(struct tls_client *c)
{
	int r = SSL_accept(c->ssl);
	if (r != 1) {
		int error = SSL_get_error(c->ssl, r);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			client_delete(c);
		return false;
	}
	c->stage = SECURE;
	if (c->peer->options.first)
		SSL_write(c->ssl, c->peer->options.first, (int)strlen(c->peer->options.first));
	return true;
}

static void talk_secure(struct tls_client *c)
{
	char bytes[1024];
	const struct tlspeer_options *o = &c->peer->options;
	int n = SSL_read(c->ssl, bytes, sizeof bytes);
	if (n <= 0) {
		int error = SSL_get_error(c->ssl, n);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			client_delete(c);
		return;
	}
	note_heard(c->peer, bytes, n);
	if (!o->reply)
		return;
	SSL_write(c->ssl, o->reply, (int)strlen(o->reply));
	SSL_shutdown(c->ssl);
	client_delete(c);
}

static void talk_plain(struct tls_client *c)
{
	char bytes[1024];
	ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
	if (n <= 0) {
		client_delete(c);
		return;
	}
	note_heard(c->peer, bytes, (int)n);
	if (!c->peer->options.go)
		return;
	tell_plain(c, c->peer->options.go);
	if (strstr(bytes, "TLS") || strstr(bytes, "STLS"))
		c->stage = SHAKING;
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	struct tls_client *c = arg;
	(void)fd;
	(void)what;
	if (c->stage == PLAIN)
		talk_plain(c);
	else if (c->stage == SECURE || shake(c))
		talk_secure(c);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	struct tlspeer *p = arg;
	struct tls_client *c = calloc(1, sizeof *c);
	(void)l;
	(void)sa;
	(void)len;
	if (!c)
		abort();
	c->peer = p;
	c->fd = fd;
	c->ssl = SSL_new(p->ctx);
	SSL_set_fd(c->ssl, fd);
	c->stage = p->options.greeting ? PLAIN : SHAKING;
	c->next = p->clients;
	p->clients = c;
	c->event = event_new(p->base, fd, EV_READ | EV_PERSIST, on_io, c);
	event_add(c->event, NULL);
	if (p->options.greeting)
		tell_plain(c, p->options.greeting);
}

struct tlspeer *tlspeer_new(struct event_base *base, const struct tlspeer_options *o)
{
	struct tlspeer *p = calloc(1, sizeof *p);
	struct addr any;
	socklen_t len = sizeof any;
	if (!p)
		return NULL;
	p->base = base;
	p->options = *o;
	p->ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_alpn_select_cb(p->ctx, choose_alpn, p);
	SSL_CTX_set_tlsext_servername_callback(p->ctx, note_sni);
	SSL_CTX_set_tlsext_servername_arg(p->ctx, p);
	make_certificate(p);
	addr_parse(&any, "127.0.0.1", 0);
	p->listener = evconnlistener_new_bind(base, on_accept, p, LEV_OPT_CLOSE_ON_FREE, 64, &any.sa, (int)addr_len(&any));
	if (!p->listener) {
		tlspeer_delete(p);
		return NULL;
	}
	getsockname(evconnlistener_get_fd(p->listener), &p->address.sa, &len);
	return p;
}

void tlspeer_delete(struct tlspeer *p)
{
	if (!p)
		return;
	while (p->clients)
		client_delete(p->clients);
	if (p->listener)
		evconnlistener_free(p->listener);
	SSL_CTX_free(p->ctx);
	free(p->ca);
	free(p);
}

const struct addr *tlspeer_address(const struct tlspeer *p) { return &p->address; }
const char *tlspeer_ca(const struct tlspeer *p) { return p->ca; }
const char *tlspeer_sni(const struct tlspeer *p) { return p->sni; }
const char *tlspeer_heard(const struct tlspeer *p) { return p->heard; }
