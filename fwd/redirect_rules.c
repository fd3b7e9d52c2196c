#include <stdio.h>
#include <stdlib.h>
#include "redirect_parts.h"

static bool is_host_text(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.");

	return len > 0 && len <= HOST_MAX && text[len] == '\0' && text[0] != '.' && text[len - 1] != '.';
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
		qsort(r->names, r->nnames, sizeof *r->names, redirect_compare_names);
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
unsigned redirect_status_for(const struct redirect *r, bool get_or_head)
{
	unsigned status = r->listener->redirect.status;

	if (get_or_head || (status != 301 && status != 302))
		return status;
	return status == 301 ? 308 : 307;
}

static void lay_out_first(struct redirect *r)
{
	for (int other = 0; other < 2; other++) {
		const char *status = http_status_text(redirect_status_for(r, !other));

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
		const char *asked = listener->tls.certificate ? "https" : "http";

		r->scheme = listener->redirect.scheme ? listener->redirect.scheme : asked;
		r->scheme_changed = strcmp(r->scheme, asked) != 0;
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
