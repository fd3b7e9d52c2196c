/*
 * Two definitions from different readings of the configuration: would their
 * probes be the same, byte for byte and moment for moment?
 */
#include "check.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_schedule(const struct conf_check *a, const struct conf_check *b)
{
	return a->interval == b->interval && a->fast_interval == b->fast_interval && a->timeout == b->timeout &&
	       a->rise == b->rise && a->fall == b->fall && a->need_any == b->need_any;
}

static bool same_send(const struct conf_check *a, const struct conf_check *b)
{
	return !a->send == !b->send &&
	       (!a->send || (a->send_len == b->send_len && memcmp(a->send, b->send, a->send_len) == 0));
}

static bool same_status(const struct conf_check *a, const struct conf_check *b)
{
	if (a->nstatus != b->nstatus)
		return false;
	for (size_t i = 0; i < a->nstatus; i++)
		if (a->status[i].first != b->status[i].first || a->status[i].last != b->status[i].last)
			return false;
	return true;
}

static bool same_regex(bool a, const char *a_text, bool b, const char *b_text)
{
	return a == b && (!a || same_text(a_text, b_text));
}

static bool same_texts(char *const *a, size_t na, char *const *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static bool same_secure(const struct conf_check *a, const struct conf_check *b)
{
	return a->tls == b->tls && a->starttls == b->starttls && a->verify == b->verify && a->min_days == b->min_days &&
	       same_text(a->sni, b->sni) && same_text(a->ca, b->ca) && same_texts(a->alpn, a->nalpn, b->alpn, b->nalpn);
}

static bool same_question(const struct conf_check *a, const struct conf_check *b)
{
	if (a->qtype != b->qtype || a->rcode != b->rcode || !same_text(a->query, b->query) || a->nanswers != b->nanswers)
		return false;
	for (size_t i = 0; i < a->nanswers; i++)
		if (!addr_same_ip(&a->answers[i], &b->answers[i]))
			return false;
	return true;
}

bool check_conf_same(const struct conf_check *a, const struct conf_check *b)
{
	return a == b ||
	       (a->type == b->type && a->port == b->port && same_schedule(a, b) && same_send(a, b) &&
	        same_regex(a->has_expect, a->expect_text, b->has_expect, b->expect_text) &&
	        same_regex(a->has_body, a->body_text, b->has_body, b->body_text) &&
	        same_text(a->path, b->path) && same_text(a->host, b->host) && same_text(a->method, b->method) &&
	        same_status(a, b) && same_texts(a->headers, a->nheaders, b->headers, b->nheaders) && same_secure(a, b) &&
	        same_question(a, b) && same_texts(a->command, a->ncommand, b->command, b->ncommand));
}
