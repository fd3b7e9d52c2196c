#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check_kind.h"
#include "loop.h"

/* Characters of a host name (RFC 1035 section 2.3.4, as text without the final dot). */
#define HOST_MAX 253

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

/*
 * What a server is asked for: the service's name, as clients ask for it; of a
 * wildcard service one of the names below, which certificates and virtual
 * hosts of *.NAME cover, or where it would be too long the name behind the
 * "*.". NULL: no memory.
 */
static char *host_of(const char *service)
{
	bool wildcard = strncmp(service, "*.", 2) == 0;
	bool label = wildcard && strlen(CHECK_WILDCARD_LABEL) + strlen(service) - 1 <= HOST_MAX;
	size_t room = strlen(CHECK_WILDCARD_LABEL) + strlen(service) + 1;
	char *host = malloc(room);
	if (host)
		snprintf(host, room, "%s%s", label ? CHECK_WILDCARD_LABEL : "", service + (label ? 1 : wildcard ? 2 : 0));
	return host;
}

/* `service` without a final dot, which is no part of a Host field or server name. */
static bool note_service(struct check *k, const char *service)
{
	size_t len = strlen(service);
	k->service = strndup(service, len > 1 && service[len - 1] == '.' ? len - 1 : len);
	k->host = k->service ? host_of(k->service) : NULL;
	return k->host;
}

/* What all its probes share. False: no memory. */
static bool gather(struct check *k, const char *service)
{
	if (service && !note_service(k, service))
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
	if (!gather(k, p->service)) {
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
	free(k->service);
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
