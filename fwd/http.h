/*
 * http: the request head of HTTP/1.0 and 1.1, read strictly (RFC 9112), and
 * the few answers that the forwarder gives by itself.
 *
 *     bytes -> http_parse -> HTTP_MORE   read on
 *                         -> HTTP_HEAD   a whole head; see redirect.h
 *                         -> HTTP_RELAY  nothing a redirect can answer: relay all bytes as they are
 *                         -> HTTP_ERROR  answer head.status and close
 *
 * Nothing is allocated or copied: places are offsets into the caller's buffer,
 * so the buffer may move between calls, as long as its bytes stay the same.
 * Each line is looked at once, however slowly the bytes trickle in.
 */
#ifndef FAIRLEAD_HTTP_H
#define FAIRLEAD_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole head, empty lines in front included; more is answered 431. Browsers stay below, cookies and all. */
#define HTTP_HEAD_MAX 16384
/* RFC 9112 section 3 wants at least 8000; more is answered 414. */
#define HTTP_TARGET_MAX 8192
/* No registered method is longer than 17; more is answered 501 (RFC 9112 section 3). */
#define HTTP_METHOD_MAX 32
/* Bytes of a body that are read and thrown away so that the connection can be kept. A new connection is cheaper than more. */
#define HTTP_SKIP_MAX 65536
/* Room for every answer but redirects (those: REDIRECT_REPLY_MAX). */
#define HTTP_REPLY_MAX 512

enum http_verdict { HTTP_MORE, HTTP_HEAD, HTTP_RELAY, HTTP_ERROR };

enum http_form { HTTP_ORIGIN, HTTP_ABSOLUTE, HTTP_AUTHORITY, HTTP_ASTERISK };   /* RFC 9112 section 3.2 */

enum http_body { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

/* `len` bytes at `buf + at`. */
struct http_span { uint16_t at, len; };

struct http_head {
	/* Of a whole head: */
	struct http_span method;
	struct http_span target;       /* as it stands in the request line */
	struct http_span path;         /* of it, path and query; len 0: "/" is meant, or it begins with "?" */
	struct http_span host;         /* effective: the target's authority, else Host; with brackets, without port */
	uint16_t port;                 /* beside the host; 0: none given */
	bool has_host;                 /* Host was there, though it may be empty */
	enum http_form form;
	uint8_t minor;                 /* version 1.minor: 0 or 1 */
	bool get_or_head, head_method;
	bool keep_alive;               /* the client allows it */
	bool expect;                   /* 100-continue */
	enum http_body body;
	uint64_t content_length;       /* of HTTP_BODY_LENGTH */
	size_t head_len;               /* bytes up to and with the empty line; the body begins there */
	/* Of HTTP_ERROR: */
	unsigned status;               /* 400, 414, 431, 501, 505 */
	/* Of HTTP_ERROR and HTTP_RELAY: a static text for the log */
	const char *why;
	/* Of HTTP_RELAY: HTTP/1 for all that, so a client that can't be relayed understands 503; else TLS or HTTP/2 */
	bool http1;
	/* How far we are (http.c only) */
	size_t line, scanned;          /* start of the line that isn't whole yet; bytes in which there is no further LF */
	uint8_t empty_lines;           /* in front of the request line */
	bool in_fields;                /* the request line is done */
	bool has_length, has_encoding, chunked, close, keep, upgrade_named, upgrade_wanted;
};

/* Before the first bytes of each request. */
void http_head_init(struct http_head *h);

/*
 * Looks at the `len` bytes of a request that are there so far (all of them,
 * from its first one, at each call). What follows the head, the body or the
 * next request, may be there, too. Once the verdict isn't HTTP_MORE it is final.
 */
enum http_verdict http_parse(struct http_head *h, const char *buf, size_t len);

/* A body that nobody wants, skipped so that the next request can be found. */
struct http_skip {
	uint64_t left;                 /* of the content or of the present chunk */
	uint32_t budget;               /* bytes that may still be skipped */
	unsigned state;
};

enum http_skip_verdict { HTTP_SKIP_MORE, HTTP_SKIP_DONE, HTTP_SKIP_CLOSE };

/*
 * False: the body is (or may be) too long, or an expectation makes it unsure
 * whether it comes: say "Connection: close" and close. Else skip with
 * http_skip, which is done at once when there is no body.
 */
bool http_skip_init(struct http_skip *s, const struct http_head *h);

/*
 * Takes bytes behind the head; *used (<= len) is what belonged to the body.
 * HTTP_SKIP_CLOSE: bad framing or over HTTP_SKIP_MAX.
 */
enum http_skip_verdict http_skip(struct http_skip *s, const char *buf, size_t len, size_t *used);

/*
 * A whole answer without body into `out`: 400 408 414 421 431 501 503 505
 * (redirects: redirect_write). Returns the length, or 0 when `size` is too
 * small or the status is none of these.
 *
 * After a close with bytes of the client unread the kernel sends RST, which
 * can overtake the answer: shut down writing, read on for a moment, then close.
 */
struct http_reply {
	unsigned status;
	bool close;            /* the connection ends behind it */
	unsigned retry_after;  /* seconds; 0: none */
	const char *date;      /* http_date; NULL: no clock */
};
size_t http_reply_write(char *out, size_t size, const struct http_reply *r);

/* "302 Found": the status with its reason phrase, for those above and 301 302 303 307 308; NULL: another one. */
const char *http_status_text(unsigned status);

#endif
