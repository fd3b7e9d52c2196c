/*
 * A request head, then its body, then the redirect. First byte of the input:
 * the size of the pieces in which it comes the second time, and the redirect's
 * kind. What has to hold:
 *     in pieces or as a whole, the verdict is the same
 *     nothing of the request gets out of its place in Location
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../fwd/http.h"
#include "../../fwd/redirect.h"

#define KINDS 3

static struct redirect *redirects[KINDS];
static struct addr dialled;

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* The least that redirects need: sites s (ours) and r. Made once, kept for good. */
static void set_up(void)
{
	static const uint8_t name[] = "\3www\1z";
	static char template[] = "{site}.t.z", host[] = "h.z", *hosts[] = { host };
	static struct site sites[2] = { { .name = template }, { .name = template } };
	static struct conf conf = { .sites = sites, .nsites = 2, .own = sites };
	static struct conf_listener listeners[KINDS];
	static struct addr targets[2];
	static struct member members[2] = { { .label = "s", .site = 0, .targets = &targets[0], .ntargets = 1 },
	                                    { .label = "r", .site = 1, .targets = &targets[1], .ntargets = 1 } };
	static struct service service = { .members = members, .nmembers = 2 };
	static char s[] = "s", r[] = "r";
	char why[REDIRECT_WHY_MAX];

	sites[0].name = s, sites[1].name = r;
	memcpy(service.name, name, sizeof name);
	service.name_len = sizeof name;
	require(addr_parse(&targets[0], "192.0.2.1", 0) && addr_parse(&targets[1], "2001:db8::2", 0));
	require(addr_parse(&dialled, "192.0.2.1", 8080));
	for (int i = 0; i < KINDS; i++) {
		listeners[i] = (struct conf_listener){ .listen = &dialled, .nlisten = 1, .hosts = hosts, .nhosts = i == 1,
			.redirect = { .to = (enum redirect_to)i, .to_template = template, .status = i ? 301 : 302 } };
		redirects[i] = redirect_new(&conf, &listeners[i], &service, why);
		require(redirects[i] != NULL);
	}
}

static const char *const hosts[KINDS] = { "http://r.www.z:8080/", "http://[2001:db8::2]:8080/", "http://r.t.z:8080/" };

/* Each time in a block that ends where the bytes do, so that a look too far is seen. */
static enum http_verdict parse_in_pieces(struct http_head *h, const char *text, size_t len, size_t piece)
{
	enum http_verdict v = HTTP_MORE;
	size_t n = 0;

	http_head_init(h);
	while (v == HTTP_MORE && n < len) {
		char *buf;

		n = len - n > piece ? n + piece : len;
		buf = malloc(n);
		require(buf != NULL);
		memcpy(buf, text, n);
		v = http_parse(h, buf, n);
		free(buf);
	}
	return v;
}

static bool inside(struct http_span s, size_t len) { return (size_t)s.at + s.len <= len; }

static void check_spans(const struct http_head *a, const struct http_head *b, size_t len)
{
	require(a->head_len == b->head_len && a->head_len <= len && a->head_len <= HTTP_HEAD_MAX);
	require(!memcmp(&a->target, &b->target, sizeof a->target) && !memcmp(&a->path, &b->path, sizeof a->path));
	require(!memcmp(&a->host, &b->host, sizeof a->host) && a->port == b->port);
	require(a->body == b->body && a->content_length == b->content_length && a->keep_alive == b->keep_alive);
	require(inside(a->method, a->head_len) && inside(a->target, a->head_len));
	require(inside(a->path, a->head_len) && inside(a->host, a->head_len) && a->target.len <= HTTP_TARGET_MAX);
}

static void check_skip(const struct http_head *h, const char *text, size_t len, size_t piece)
{
	struct http_skip whole, pieces;
	enum http_skip_verdict v, w = HTTP_SKIP_MORE;
	size_t used, used_now, total = 0;

	if (!http_skip_init(&whole, h))
		return;
	pieces = whole;
	v = http_skip(&whole, text, len, &used);
	require(used <= len && used <= HTTP_SKIP_MAX);
	if (h->body == HTTP_BODY_NONE)
		require(v == HTTP_SKIP_DONE && used == 0);
	while (w == HTTP_SKIP_MORE && total < len) {
		w = http_skip(&pieces, text + total, len - total < piece ? len - total : piece, &used_now);
		total += used_now;
	}
	require(len == 0 || w == v);
	/* Where it is refused, a piece is taken whole or not at all. */
	require(v == HTTP_SKIP_CLOSE || total == used);
}

/* Status line, Location with HOST as it must be and printable bytes behind, and nothing else of the request. */
static void check_answer(const char *answer, size_t n, const char *host)
{
	static const char tail[] = "\r\nCache-Control: no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	const char *location = memmem(answer, n, "\r\nLocation: ", 12), *end;

	require(n > sizeof tail && !memcmp(answer, "HTTP/1.1 30", 11) && location);
	require(location == memchr(answer, '\r', n));
	location += 12;
	end = answer + n - (sizeof tail - 1);
	require(!memcmp(end, tail, sizeof tail - 1));
	require((size_t)(end - location) >= strlen(host) && !memcmp(location, host, strlen(host)));
	for (; location < end; location++)
		require(*location > ' ' && *location < 0x7f && !strchr("\"#<>\\^`{|}", *location));
}

static void check_redirect(const struct http_head *h, const char *text, int kind)
{
	static char out[REDIRECT_REPLY_MAX];
	size_t n;

	if (redirect_check(redirects[kind], h, text, &dialled) != REDIRECT_CHECK_SEND)
		return;
	n = redirect_write(redirects[kind], h, text, &(struct redirect_reply){ 1, &dialled, true, NULL }, out, sizeof out);
	check_answer(out, n, hosts[kind]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct http_head h, slow;
	enum http_verdict v;
	size_t piece, len;
	int kind;

	if (!redirects[0])
		set_up();
	if (size < 2)
		return 0;
	len = size - 1;
	kind = data[0] % KINDS;
	piece = 1 + data[0] / KINDS;
	http_head_init(&h);
	v = http_parse(&h, text, len);
	require(parse_in_pieces(&slow, text, len, piece) == v && slow.status == h.status && slow.why == h.why);
	if (v == HTTP_ERROR)
		require(h.status >= 400 && h.why && http_status_text(h.status));
	if (v != HTTP_HEAD)
		return 0;
	check_spans(&h, &slow, len);
	check_skip(&h, text + h.head_len, len - h.head_len, piece);
	check_redirect(&h, text, kind);
	return 0;
}
