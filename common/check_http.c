/*
 * http: one HTTP/1.1 request, the same bytes each time; passes when the status
 * fits, and `body` is found in the first BODY_MAX bytes of the body. Without
 * `body` the probe ends with the head: nobody waits for a page that nobody
 * reads. With it, a response that ends early fails unless what came matches.
 */
#include "check_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "loop.h"

#define BODY_MAX 65536
#define HTTP_PORT 80
#define HTTPS_PORT 443

/* Appends to a string that grows; `at` NULL: only counts. */
struct text { char *at; size_t len; };

static void put(struct text *t, const char *s)
{
	size_t n = strlen(s);
	if (t->at)
		memcpy(t->at + t->len, s, n);
	t->len += n;
}

/* Host with a port that is not the scheme's (RFC 9110 section 7.2), unless the configuration says it literally. */
static void put_host(struct text *t, const struct check *k)
{
	char port[8];
	uint16_t usual = k->conf->tls ? HTTPS_PORT : HTTP_PORT;
	put(t, "Host: ");
	put(t, k->conf->host ? k->conf->host : k->host ? k->host : "");
	if (!k->conf->host && k->host && addr_port(&k->address) != usual) {
		snprintf(port, sizeof port, ":%u", addr_port(&k->address));
		put(t, port);
	}
	put(t, "\r\n");
}

static bool has_field(const struct conf_check *c, const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < c->nheaders; i++)
		if (strncasecmp(c->headers[i], name, n) == 0 && c->headers[i][n] == ':')
			return true;
	return false;
}

static void put_request(struct text *t, const struct check *k)
{
	const struct conf_check *c = k->conf;
	put(t, c->method ? c->method : "GET");
	put(t, " ");
	put(t, c->path ? c->path : "/");
	put(t, " HTTP/1.1\r\n");
	if (!has_field(c, "Host"))
		put_host(t, k);
	if (!has_field(c, "User-Agent"))
		put(t, "User-Agent: fairlead-check\r\n");
	for (size_t i = 0; i < c->nheaders; i++) {
		put(t, c->headers[i]);
		put(t, "\r\n");
	}
	put(t, "Connection: close\r\n\r\n");
}

static bool prepare(struct check *k)
{
	struct text counted = { NULL, 0 }, written = { NULL, 0 };
	put_request(&counted, k);
	written.at = malloc(counted.len);
	if (!written.at)
		return false;
	put_request(&written, k);
	free(k->request);
	k->request = written.at;
	k->request_len = written.len;
	return true;
}

static void connected(struct check *k)
{
	stream_say(k, k->request, k->request_len);
	response_init(&k->response, k->conf->method && strcmp(k->conf->method, "HEAD") == 0);
}

static bool status_fits(const struct conf_check *c, unsigned status)
{
	if (!c->nstatus)
		return status >= 200 && status <= 399;
	for (size_t i = 0; i < c->nstatus; i++)
		if (status >= c->status[i].first && status <= c->status[i].last)
			return true;
	return false;
}

static bool collect(void *arg, const uint8_t *p, size_t n)
{
	struct check *k = arg;
	return k->conf->has_body && status_fits(k->conf, k->response.status) && stream_collect(k, p, n, BODY_MAX);
}

static bool body_matches(const struct check *k)
{
	const char *body = k->collected ? (const char *)k->collected : "";
	regmatch_t whole = { .rm_so = 0, .rm_eo = (regoff_t)k->ncollected };
	return regexec(&k->conf->body, body, 1, &whole, REG_STARTEND) == 0;
}

static void end_by_body(struct check *k, enum check_result unless_it_matches)
{
	bool matched = body_matches(k);
	check_end(k, matched ? RESULT_L7_STATUS : unless_it_matches, matched ? k->response.status : 0, check_took(k));
}

static void data(struct check *k, const uint8_t *p, size_t n)
{
	const struct response_sink sink = { collect, k };
	switch (response_feed(&k->response, p, n, &sink)) {
	case RESPONSE_HEAD:
		return;
	case RESPONSE_MALFORMED:
		check_end(k, RESULT_L7_MALFORMED, 0, check_took(k));
		return;
	case RESPONSE_TOO_LONG:
		check_end(k, RESULT_L7_TOO_LONG, 0, check_took(k));
		return;
	default:
		break;
	}
	if (!status_fits(k->conf, k->response.status))
		check_end(k, RESULT_L7_BAD_STATUS, k->response.status, check_took(k));
	else if (!k->conf->has_body)
		check_end(k, RESULT_L7_STATUS, k->response.status, check_took(k));
	else if (k->response.state == RESPONSE_DONE)
		end_by_body(k, RESULT_L7_BODY);
}

/* The head was incomplete, or a body that has to match was. */
static void closed(struct check *k, bool reset)
{
	if (!k->stream.heard)
		check_end(k, reset ? RESULT_L4_RESET : RESULT_L7_NO_RESPONSE, 0, check_took(k));
	else if (k->response.state == RESPONSE_HEAD)
		check_end(k, reset ? RESULT_L7_RESET : RESULT_L7_NO_RESPONSE, 0, check_took(k));
	else if (!reset && response_closed(&k->response))
		end_by_body(k, RESULT_L7_BODY);
	else
		end_by_body(k, reset ? RESULT_L7_RESET : RESULT_L7_NO_RESPONSE);
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

const struct check_kind check_kind_http = { .prepare = prepare, .start = start, .time_up = time_up, .stop = stream_stop };
