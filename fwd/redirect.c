#include "redirect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "peers.h"
#include "wire.h"

/* A host name in text without the final dot; longer ones don't exist (RFC 1035 section 2.3.4). */
#define HOST_MAX 253
/* "[" IPv6 "]" fits, too. */
#define HOST_SIZE (HOST_MAX + 1)

/* `len` bytes, without NUL. */
struct text { char *at; size_t len; };

/* SCHEME://HOST of one member; NULL: it has none. By the family that the client used: only `to = "address"` has two. */
struct member_host { struct text four, six; };

struct redirect {
	const struct conf_listener *listener;
	const struct service *service;
	bool never;                     /* all is relayed */
	char first[2][64];              /* up to "Location: ": for GET and HEAD, and for methods with a meaning of their own */
	size_t first_len[2];
	const char *scheme;
	bool scheme_changed;            /* it may not be the one that was asked with */
	uint16_t scheme_port;           /* its default; 0: none known */
	struct member_host *hosts;      /* one a member */
	char **names; size_t nnames;    /* the loop guard: what redirects can yield, lower case, sorted */
};

/* --- laying out --- */

static bool is_host_text(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.");

	return len > 0 && len <= HOST_MAX && text[len] == '\0' && text[0] != '.' && text[len - 1] != '.';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static void lower_text(char *text)
{
	for (; *text; text++)
		*text = lower(*text);
}

/* The name as a host of a URL. False: it has bytes that a host can't have. */
static bool name_host(char out[HOST_SIZE], const uint8_t *name)
{
	char text[DNAME_TEXT_MAX];
	size_t len = strlen(dname_to_text(name, text));

	if (len < 2 || len - 1 > HOST_MAX)
		return false;
	text[len - 1] = '\0';
	lower_text(text);
	strcpy(out, text);
	return is_host_text(out);
}

static bool label_host(char out[HOST_SIZE], const struct service *s, const char *label)
{
	uint8_t name[DNAME_MAX];

	return !s->wildcard && dname_prepend(name, label, strlen(label), s->name) > 0 && name_host(out, name);
}

static void address_host(char out[HOST_SIZE], const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	bool six = a->sa.sa_family == AF_INET6;

	snprintf(out, HOST_SIZE, "%s%s%s", six ? "[" : "", addr_text(a, text), six ? "]" : "");
}

/* The template with `site` in the place of each {site}. False: that is no host name. */
static bool template_host(char out[HOST_SIZE], const char *template, const char *site)
{
	size_t at = 0;

	while (*template) {
		bool hole = strncmp(template, "{site}", 6) == 0;
		int n = snprintf(out + at, HOST_SIZE - at, "%.*s", hole ? SITE_NAME_MAX + LABEL_MAX : 1, hole ? site : template);

		if (n < 0 || (size_t)n >= HOST_SIZE - at)
			return false;
		at += (size_t)n;
		template += hole ? 6 : 1;
	}
	out[at] = '\0';
	lower_text(out);
	return is_host_text(out);
}

static const char *member_site_name(const struct conf *conf, const struct member *m)
{
	return m->site == MEMBER_NO_SITE ? m->label : conf->sites[m->site].name;
}

/* The first target of the family, else of the other; NULL: none. */
static const struct addr *target_of_family(const struct member *m, int family)
{
	for (size_t i = 0; i < m->ntargets; i++)
		if (m->targets[i].sa.sa_family == family)
			return &m->targets[i];
	return m->ntargets > 0 ? &m->targets[0] : NULL;
}

/* HOST of a member for a client of the family. False: none. */
static bool member_host(char out[HOST_SIZE], const struct conf *conf, const struct conf_listener *l,
                        const struct service *s, const struct member *m, int family)
{
	const struct addr *target = target_of_family(m, family);

	switch (l->redirect.to) {
	case REDIRECT_NAME: return label_host(out, s, m->label);
	case REDIRECT_TEMPLATE: return template_host(out, l->redirect.to_template, member_site_name(conf, m));
	case REDIRECT_ADDRESS:
		if (!target)
			return m->host && name_host(out, m->host);
		address_host(out, target);
		return true;
	default: return false;
	}
}

static bool add_name(struct redirect *r, const char *host)
{
	char **names = realloc(r->names, (r->nnames + 1) * sizeof *names);

	if (!names)
		return false;
	r->names = names;
	names[r->nnames] = strdup(host);
	return names[r->nnames] && ++r->nnames;
}

/* at NULL: no memory. */
static struct text url_of(const struct redirect *r, const char *host)
{
	struct text t = { NULL, 0 };
	int n = asprintf(&t.at, "%s://%s", r->scheme, host);

	if (n < 0)
		return (struct text){ NULL, 0 };
	t.len = (size_t)n;
	return t;
}

/* False: no memory. */
static bool lay_out_hosts(struct redirect *r, const struct conf *conf)
{
	const struct service *s = r->service;
	char host[HOST_SIZE];

	r->hosts = calloc(s->nmembers ? s->nmembers : 1, sizeof *r->hosts);
	for (size_t i = 0; r->hosts && i < s->nmembers; i++) {
		if (!member_host(host, conf, r->listener, s, &s->members[i], AF_INET))
			continue;
		r->hosts[i].four = url_of(r, host);
		member_host(host, conf, r->listener, s, &s->members[i], AF_INET6);
		r->hosts[i].six = url_of(r, host);
		if (!r->hosts[i].four.at || !r->hosts[i].six.at)
			return false;
	}
	return r->hosts != NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * Guarded are LABEL.SERVICE of all members whatever `to` is here, since
 * another site's configuration may say another one, and the template for all
 * members and sites. Addresses are compared as such, see below. False: no memory.
 */
static bool lay_out_guard(struct redirect *r, const struct conf *conf)
{
	const struct service *s = r->service;
	const char *template = r->listener->redirect.to_template;
	char host[HOST_SIZE];

	for (size_t i = 0; i < s->nmembers; i++) {
		const struct member *m = &s->members[i];

		if (label_host(host, s, m->label) && !add_name(r, host))
			return false;
		if (m->host && name_host(host, m->host) && !add_name(r, host))
			return false;
		if (template && template_host(host, template, member_site_name(conf, m)) && !add_name(r, host))
			return false;
	}
	for (size_t i = 0; template && i < conf->nsites; i++)
		if (template_host(host, template, conf->sites[i].name) && !add_name(r, host))
			return false;
	if (r->nnames > 0)
		qsort(r->names, r->nnames, sizeof *r->names, compare_names);
	return true;
}

static bool template_is_good(const struct conf *conf, const struct conf_listener *l, char *why)
{
	char host[HOST_SIZE];

	if (l->redirect.to != REDIRECT_TEMPLATE || template_host(host, l->redirect.to_template, conf->own->name))
		return true;
	snprintf(why, REDIRECT_WHY_MAX, "redirect.to \"%.200s\" doesn't make a host name; wanted is \"name\", \"address\", "
	         "\"none\" or something like \"{site}.example.com\"", l->redirect.to_template);
	return false;
}

/* Browsers turn a POST into a GET at 301 and 302, but not at 308 and 307 (RFC 9110 section 15.4). */
static unsigned status_for(const struct redirect *r, bool get_or_head)
{
	unsigned status = r->listener->redirect.status;

	if (get_or_head || (status != 301 && status != 302))
		return status;
	return status == 301 ? 308 : 307;
}

static void lay_out_first(struct redirect *r)
{
	for (int other = 0; other < 2; other++) {
		const char *status = http_status_text(status_for(r, !other));

		r->first_len[other] = (size_t)snprintf(r->first[other], sizeof r->first[other], "HTTP/1.1 %s\r\nLocation: ", status);
	}
}

struct redirect *redirect_new(const struct conf *conf, const struct conf_listener *listener,
                              const struct service *service, char *why)
{
	struct redirect *r;

	if (!template_is_good(conf, listener, why))
		return NULL;
	r = calloc(1, sizeof *r);
	if (r) {
		r->listener = listener;
		r->service = service;
		r->never = listener->redirect.to == REDIRECT_NONE || service->wildcard;
		r->scheme = listener->redirect.scheme ? listener->redirect.scheme : "http";
		r->scheme_changed = strcmp(r->scheme, "http") != 0;
		r->scheme_port = strcmp(r->scheme, "http") == 0 ? 80 : strcmp(r->scheme, "https") == 0 ? 443 : 0;
		lay_out_first(r);
	}
	if (!r || !lay_out_hosts(r, conf) || !lay_out_guard(r, conf)) {
		redirect_delete(r);
		snprintf(why, REDIRECT_WHY_MAX, "out of memory");
		return NULL;
	}
	return r;
}

void redirect_delete(struct redirect *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->hosts && i < r->service->nmembers; i++) {
		free(r->hosts[i].four.at);
		free(r->hosts[i].six.at);
	}
	for (size_t i = 0; i < r->nnames; i++)
		free(r->names[i]);
	free(r->hosts);
	free(r->names);
	free(r);
}

/* --- the loop guard --- */

/* Host in lower case without the dot of an absolute name. False: longer than any host that we know. */
static bool plain_host(char out[HOST_SIZE], const struct http_head *h, const char *buf)
{
	size_t len = h->host.len;

	if (len > 0 && buf[h->host.at + len - 1] == '.')
		len--;
	if (len > HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = lower(buf[h->host.at + i]);
	out[len] = '\0';
	return true;
}

/* An address, in brackets or not; mapped ones become IPv4. */
static bool host_address(struct addr *out, const char *host)
{
	char text[HOST_SIZE];
	size_t len = strlen(host);

	if (len == 0 || !(host[len - 1] == ']' || (host[len - 1] >= '0' && host[len - 1] <= '9')))
		return false; /* spares most names the parsing */
	if (host[0] != '[')
		return addr_parse(out, host, 0);
	memcpy(text, host + 1, len - 2);
	text[len - 2] = '\0';
	if (!addr_parse(out, text, 0))
		return false;
	addr_unmap(out);
	return true;
}

static bool is_yielded_name(const struct redirect *r, const char *host)
{
	return r->nnames > 0 && bsearch(&host, r->names, r->nnames, sizeof *r->names, compare_names);
}

static bool is_member_address(const struct redirect *r, const struct addr *a)
{
	for (size_t i = 0; i < r->service->nmembers; i++)
		for (size_t k = 0; k < r->service->members[i].ntargets; k++)
			if (addr_same_ip(&r->service->members[i].targets[k], a))
				return true;
	return false;
}

static bool is_listener_address(const struct redirect *r, const struct addr *a, const struct addr *dialled)
{
	for (size_t i = 0; i < r->listener->nlisten; i++)
		if (addr_same_ip(&r->listener->listen[i], a))
			return true;
	return dialled && addr_same_ip(dialled, a);
}

static bool is_served(const struct conf_listener *l, const char *host)
{
	for (size_t i = 0; i < l->nhosts; i++)
		if (strcmp(l->hosts[i], host) == 0)
			return true;
	return l->nhosts == 0;
}

/*
 * the request's Host is                            then
 * one that a redirect can yield                    RELAY, also when `hosts` doesn't list it: we sent the client there
 * not in `hosts`                                   MISDIRECTED
 * an address of the listener or of a member        RELAY
 * any other, in a request whose target has a path  SEND (RELAY with `to = "none"` and for wildcard services)
 */
enum redirect_check redirect_check(const struct redirect *r, const struct http_head *h, const char *buf,
                                   const struct addr *dialled)
{
	char host[HOST_SIZE];
	struct addr address;
	bool known = plain_host(host, h, buf), is_address = known && host_address(&address, host);
	bool member = is_address && is_member_address(r, &address);

	if (known && is_yielded_name(r, host))
		return REDIRECT_CHECK_RELAY;
	if (member && r->listener->redirect.to == REDIRECT_ADDRESS)
		return REDIRECT_CHECK_RELAY;
	if (r->listener->nhosts > 0 && (!known || !is_served(r->listener, host)))
		return REDIRECT_CHECK_MISDIRECTED;
	if (r->never || member || (is_address && is_listener_address(r, &address, dialled)))
		return REDIRECT_CHECK_RELAY;
	/* "*" can't stand in a Location. */
	return h->form == HTTP_ASTERISK ? REDIRECT_CHECK_RELAY : REDIRECT_CHECK_SEND;
}

/* --- the answer --- */

bool redirect_can_name(const struct redirect *r, uint16_t member)
{
	return !r->never && r->hosts[member].four.at;
}

unsigned redirect_status(const struct redirect *r, const struct http_head *h)
{
	return status_for(r, h->get_or_head);
}

/* 0: none is written. */
static uint16_t location_port(const struct redirect *r, const struct member *m, uint16_t dialled_port)
{
	uint16_t port = r->listener->redirect.port;

	if (!port && r->scheme_changed && !m->port)
		return 0; /* the port that was dialled speaks the other scheme: the new one's default is meant */
	if (!port)
		port = peers_port(m, dialled_port);
	return port == r->scheme_port ? 0 : port;
}

/*
 * Bytes that no URI has (RFC 3986 section 2), besides controls and space,
 * which no request target has, either; '#' would begin a fragment. '%' stays:
 * what was escaped once must not be escaped twice.
 */
static bool must_escape(char c)
{
	static const bool escape[256] = {
		[0 ... ' '] = true, ['"'] = true, ['#'] = true, ['<'] = true, ['>'] = true, ['\\'] = true, ['^'] = true,
		['`'] = true, ['{' ... '}'] = true, [0x7f ... 0xff] = true,
	};

	return escape[(uint8_t)c];
}

static void write_escaped(struct wire_writer *w, const char *at, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *end = at + len, *from = at;

	for (; at < end; at++) {
		if (!must_escape(*at))
			continue;
		wire_write(w, from, (size_t)(at - from));
		wire_write(w, (char[]){ '%', hex[(uint8_t)*at >> 4], hex[*at & 15] }, 3);
		from = at + 1;
	}
	wire_write(w, from, (size_t)(at - from));
}

static void write_port(struct wire_writer *w, unsigned port)
{
	char text[6], *at = text + sizeof text;

	for (; port > 0; port /= 10)
		*--at = (char)('0' + port % 10);
	*--at = ':';
	wire_write(w, at, (size_t)(text + sizeof text - at));
}

/* SCHEME://HOST[:PORT]TARGET. The "/" that always begins TARGET keeps the request out of HOST. */
static void write_location(struct wire_writer *w, const struct redirect *r, const struct http_head *h, const char *buf,
                           uint16_t member, const struct addr *dialled)
{
	const struct member_host *host = &r->hosts[member];
	const struct text *url = dialled->sa.sa_family == AF_INET6 ? &host->six : &host->four;
	uint16_t port = location_port(r, &r->service->members[member], addr_port(dialled));
	const char *path = buf + h->path.at;

	wire_write(w, url->at, url->len);
	if (port)
		write_port(w, port);
	if (h->path.len == 0 || *path != '/')
		wire_write8(w, '/');
	write_escaped(w, path, h->path.len);
}

#define TAIL "\r\nCache-Control: no-store\r\nContent-Length: 0\r\n"

static void write_tail(struct wire_writer *w, const struct http_head *h, bool close)
{
	static const char open[] = TAIL "\r\n", closing[] = TAIL "Connection: close\r\n\r\n",
	                  open10[] = TAIL "Connection: keep-alive\r\n\r\n"; /* which isn't understood of itself in 1.0 */

	if (close)
		wire_write(w, closing, sizeof closing - 1);
	else if (h->minor == 0)
		wire_write(w, open10, sizeof open10 - 1);
	else
		wire_write(w, open, sizeof open - 1);
}

size_t redirect_write(const struct redirect *r, const struct http_head *h, const char *buf, uint16_t member,
                      const struct addr *dialled, bool close, char *out, size_t size)
{
	struct wire_writer w;

	if (!redirect_can_name(r, member) || h->form == HTTP_ASTERISK)
		return 0;
	wire_writer_init(&w, out, size);
	wire_write(&w, r->first[!h->get_or_head], r->first_len[!h->get_or_head]);
	write_location(&w, r, h, buf, member, dialled);
	write_tail(&w, h, close);
	return w.failed ? 0 : wire_written(&w);
}
