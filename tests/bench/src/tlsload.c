/*
 * tlsload ADDRESS PORT HOST SECONDS new|resumed: HTTPS requests one after the
 * other, a connection each. new: a full handshake each time; resumed: each with
 * the ticket of the one before. (wrk resumes whatever it is asked.)
 * Prints n=... bad=... resumed=...
 */
#include "bench.h"
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_SESSION *session;

static int keep_session(SSL *ssl, SSL_SESSION *s)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = s;
	return 1;
}

static int connected(const struct sockaddr_in *to)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof *to))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* True: it was redirected. */
static bool ask(SSL *ssl, const char *host)
{
	char text[4096];
	int len = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host), got = 0, n;
	if (SSL_connect(ssl) != 1 || SSL_write(ssl, text, len) != len)
		return false;
	while (got < (int)sizeof text - 1 && (n = SSL_read(ssl, text + got, (int)sizeof text - 1 - got)) > 0)
		got += n;
	text[got] = '\0';
	SSL_shutdown(ssl);
	return strncmp(text, "HTTP/1.1 302 ", 13) == 0;
}

int main(int argc, char **argv)
{
	uint64_t n = 0, bad = 0, resumed = 0;
	if (argc != 6)
		die("usage: tlsload address port host seconds new|resumed");
	bool resume = !strcmp(argv[5], "resumed");
	struct sockaddr_in to = addr4(argv[1], atoi(argv[2]));
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	signal(SIGPIPE, SIG_IGN);
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, keep_session);
	for (uint64_t end = now_ns() + (uint64_t)(atof(argv[4]) * 1e9); now_ns() < end; n++) {
		SSL *ssl = SSL_new(context);
		SSL_set_fd(ssl, connected(&to));
		SSL_set_tlsext_host_name(ssl, argv[3]);
		if (resume && session)
			SSL_set_session(ssl, session);
		bad += !ask(ssl, argv[3]);
		resumed += (uint64_t)SSL_session_reused(ssl);
		close(SSL_get_fd(ssl));
		SSL_free(ssl);
	}
	printf("n=%lu bad=%lu resumed=%lu\n", n, bad, resumed);
	return 0;
}
