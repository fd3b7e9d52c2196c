#include "check.h"

#include <stdlib.h>
#include <string.h>
#include "check_kind.h"
#include "loop.h"

static const struct check_kind *const kinds[CHECK_NONE + 1] = {
	[CHECK_TCP] = &check_kind_tcp,
	[CHECK_HTTP] = &check_kind_http,
	[CHECK_TLS] = &check_kind_tls,
	[CHECK_DNS] = &check_kind_dns,
	[CHECK_ICMP] = &check_kind_icmp,
	[CHECK_UDP] = &check_kind_udp,
	[CHECK_AGENT] = &check_kind_agent,
	[CHECK_EXEC] = &check_kind_exec,
	[CHECK_POP3] = &check_kind_pop3,
	[CHECK_SMTP] = &check_kind_smtp,
	[CHECK_IMAP] = &check_kind_imap,
	[CHECK_FTP] = &check_kind_ftp,
};

/* --- checker --- */

struct checker *checker_new(struct event_base *base, struct resolver *resolver)
{
	struct checker *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->base = base;
	c->resolver = resolver;
	c->helpers.base = base;
	return c;
}

void checker_delete(struct checker *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i] && kinds[i]->forget)
			kinds[i]->forget(c);
	free(c);
}

const struct checker_counts *checker_counts(const struct checker *c)
{
	return &c->counts;
}

struct event_base *checker_base(const struct checker *c)
{
	return c->base;
}

struct resolver *checker_resolver(const struct checker *c)
{
	return c->resolver;
}

/* --- a check --- */

/* What all its probes share. False: no memory. */
static bool gather(struct check *k, const char *host)
{
	if (host && !(k->host = strdup(host)))
		return false;
	if ((k->conf->tls || k->conf->starttls) && !(k->tls = secure_context_get(k->checker, k->conf)))
		return false;
	return !k->kind->prepare || k->kind->prepare(k);
}

struct check *check_new(struct checker *c, const struct check_params *p, const struct check_sink *sink)
{
	const struct check_kind *kind = (unsigned)p->conf->type <= CHECK_NONE ? kinds[p->conf->type] : NULL;
	struct check *k = kind ? calloc(1, sizeof *k) : NULL;
	if (!k)
		return NULL;
	k->checker = c;
	k->conf = p->conf;
	k->kind = kind;
	k->address = p->address;
	k->source = p->source;
	k->preface = p->preface;
	k->sink = *sink;
	k->stream.fd = -1;
	if (!gather(k, p->host)) {
		check_delete(k);
		return NULL;
	}
	check_begin(k);
	return k;
}

void check_delete(struct check *k)
{
	if (!k)
		return;
	check_stop(k);
	if (k->kind->release)
		k->kind->release(k);
	secure_context_put(k->checker, k->tls);
	free(k->own);
	free(k->request);
	free(k->host);
	free(k);
}

/* What is still to be sent lies in the old definition; the new one has the same bytes. */
void check_rebind(struct check *k, const struct conf_check *conf)
{
	if (k->running && k->stream.out_left && k->stream.out != k->request && k->conf->send &&
	    k->stream.out >= k->conf->send && k->stream.out <= k->conf->send + k->conf->send_len)
		k->stream.out = conf->send + (k->stream.out - k->conf->send);
	k->conf = conf;
}

enum check_result check_last(const struct check *k, uint32_t *detail)
{
	if (detail)
		*detail = k->detail;
	return k->result;
}

uint32_t check_rtt_us(const struct check *k)
{
	return k->rtt_us;
}

const struct conf_check *check_conf(const struct check *k)
{
	return k->conf;
}

uint32_t check_agent(const struct check *k)
{
	return k->agent;
}

const struct addr *check_address(const struct check *k)
{
	return &k->address;
}
