#include <stdlib.h>
#include "http_date.h"
#include "peers.h"
#include "redirect_parts.h"
#include "wire.h"

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
	return r->nnames > 0 && bsearch(&host, r->names, r->nnames, sizeof *r->names, redirect_compare_names);
}

bool redirect_leads_to(const struct redirect *r, const char *host)
{
	return r->never || is_yielded_name(r, host);
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

/* IPv6 can be written in many ways, names and IPv4 in one. */
static bool is_same_host(const char *listed, const char *host, const struct addr *address)
{
	struct addr a;

	return strcmp(listed, host) == 0 || (address && listed[0] == '[' && host_address(&a, listed) && addr_same_ip(&a, address));
}

/* `address`: what the host is, if it is one. */
static bool is_served(const struct conf_listener *l, const char *host, const struct addr *address)
{
	for (size_t i = 0; i < l->nhosts; i++)
		if (is_same_host(l->hosts[i], host, address))
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
	if (r->listener->nhosts > 0 && (!known || !is_served(r->listener, host, is_address ? &address : NULL)))
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
	return redirect_status_for(r, h->get_or_head);
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

static void write_date(struct wire_writer *w, const char *date)
{
	static const char name[] = "\r\nDate: ";

	wire_write(w, name, sizeof name - 1);
	wire_write(w, date, HTTP_DATE_LEN);
}

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

size_t redirect_write(const struct redirect *r, const struct http_head *h, const char *buf, const struct redirect_reply *reply,
                      char *out, size_t size)
{
	struct wire_writer w;

	if (!redirect_can_name(r, reply->member) || h->form == HTTP_ASTERISK)
		return 0;
	wire_writer_init(&w, out, size);
	wire_write(&w, r->first[!h->get_or_head], r->first_len[!h->get_or_head]);
	write_location(&w, r, h, buf, reply->member, reply->dialled);
	if (reply->date)
		write_date(&w, reply->date);
	write_tail(&w, h, reply->close);
	return w.failed ? 0 : wire_written(&w);
}
