/* Keys whose values have a form of their own. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_fill.h"
#include "dname.h"

/* ---- names that are looked up at the end ---- */

bool conf_refer(const struct conf_at *at, const config_setting_t *s, enum conf_ref_kind kind, void *target)
{
	struct conf_loader *l = at->loader;
	const char *name = conf_string(at, s);
	if (!name)
		return false;
	if (l->nrefs == l->refs_room) {
		size_t room = l->refs_room ? l->refs_room * 2 : 64;
		struct conf_ref *more = realloc(l->refs, room * sizeof *more);
		if (!more)
			return conf_fail(at, s, "out of memory");
		l->refs = more;
		l->refs_room = room;
	}
	l->refs[l->nrefs++] = (struct conf_ref){ kind, *at, s, name, target };
	return true;
}

bool conf_set_site_key(const struct conf_at *at, void *object)
{
	return conf_refer(at, at->setting, REF_KEY, &((struct site *)object)->key);
}

bool conf_set_own_site(const struct conf_at *at, void *object)
{
	return conf_refer(at, at->setting, REF_OWN_SITE, &((struct conf *)object)->own);
}

bool conf_set_listener_check(const struct conf_at *at, void *object)
{
	/* As in LB lines. */
	if (config_setting_type(at->setting) == CONFIG_TYPE_STRING && strcmp(config_setting_get_string(at->setting), "none") == 0)
		return true;
	return conf_refer(at, at->setting, REF_CHECK, &((struct conf_listener *)object)->check);
}

/* ---- sites[] ---- */

bool conf_set_location(const struct conf_at *at, void *object)
{
	struct site *s = object;
	struct conf_key latitude = *at->key, longitude = *at->key;
	latitude.min = -90; latitude.max = 90;
	longitude.min = -180; longitude.max = 180;
	latitude.unit = "degrees of latitude"; longitude.unit = "degrees of longitude";
	struct conf_at first = *at, second = *at;
	first.key = &latitude;
	second.key = &longitude;
	size_t n;
	if (!conf_list(at, &n))
		return false;
	if (n != 2)
		return conf_fail(at, at->setting, "must be ( LATITUDE, LONGITUDE )");
	s->has_location = conf_number(&first, conf_element(at, 0), &s->latitude);
	s->has_location &= conf_number(&second, conf_element(at, 1), &s->longitude);
	if (s->has_location)
		place_locate(&s->place, s->latitude, s->longitude);
	return s->has_location;
}

/* ---- dns ---- */

/* A name of a key begins with a letter somewhere before its first colon or slash; addresses and prefixes don't. */
static bool looks_like_prefix(const char *text)
{
	return strpbrk(text, ":/") != NULL || text[strspn(text, "0123456789.")] == '\0';
}

static bool add_transfer_to(const struct conf_at *at, const config_setting_t *s, struct conf_dns *d)
{
	const char *text = conf_string(at, s);
	if (!text)
		return false;
	if (!looks_like_prefix(text))
		return conf_refer(at, s, REF_KEY, &d->transfer_keys[d->ntransfer_keys++]);
	if (prefix_parse(&d->transfer_prefixes[d->ntransfer_prefixes], text)) {
		d->ntransfer_prefixes++;
		return true;
	}
	return conf_fail(at, s, "\"%s\" is not a prefix (or has bits set past its length)", text);
}

bool conf_set_transfer_to(const struct conf_at *at, void *object)
{
	struct conf_dns *d = object;
	size_t n;
	if (!at->setting)
		return true;
	if (!conf_list(at, &n) || !(d->transfer_prefixes = conf_alloc(at, n, sizeof *d->transfer_prefixes))
		|| !(d->transfer_keys = conf_alloc(at, n, sizeof *d->transfer_keys)))
		return false;
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok &= add_transfer_to(at, conf_element(at, i), d);
	return ok;
}

void conf_clear_transfer_to(void *object)
{
	struct conf_dns *d = object;
	free(d->transfer_prefixes);
	free(d->transfer_keys);
}

bool conf_set_notify(const struct conf_at *at, void *object)
{
	struct conf_dns *d = object;
	size_t n;
	if (!at->setting)
		return true;
	if (!conf_list(at, &n) || !(d->notify = conf_alloc(at, n, sizeof *d->notify)))
		return false;
	bool ok = true;
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *s = conf_element(at, i);
		const char *text = conf_string(at, s);
		if (text && addr_parse_at(&d->notify[d->nnotify], text, 53))
			d->nnotify++;
		else
			ok = text && conf_fail(at, s, "\"%s\" is not an address, nor ADDRESS@PORT", text);
	}
	return ok;
}

void conf_clear_notify(void *object)
{
	free(((struct conf_dns *)object)->notify);
}

/* ---- checks[] ---- */

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* One escape behind a backslash: its byte, or -1; *used: its letters. */
static int decode_escape(const char *s, size_t *used)
{
	static const char letters[] = "rnt\\", bytes[] = "\r\n\t\\";
	const char *letter = *s ? strchr(letters, *s) : NULL;
	*used = 1;
	if (letter)
		return bytes[letter - letters];
	if (*s != 'x' || hex_value(s[1]) < 0 || hex_value(s[2]) < 0)
		return -1;
	*used = 3;
	return hex_value(s[1]) << 4 | hex_value(s[2]);
}

bool conf_set_send(const struct conf_at *at, void *object)
{
	struct conf_check *c = object;
	const char *s = conf_string(at, at->setting);
	char *out = s ? conf_alloc(at, strlen(s) + 1, 1) : NULL;
	if (!out)
		return false;
	size_t n = 0, used;
	for (; *s; s++) {
		int byte = (unsigned char)*s;
		if (*s == '\\') {
			byte = decode_escape(s + 1, &used);
			s += used;
		}
		if (byte < 0) {
			free(out);
			return conf_fail(at, at->setting, "a backslash that begins none of \\r \\n \\t \\\\ \\xNN");
		}
		out[n++] = (char)byte;
	}
	if (n == 0) {
		free(out);
		return conf_fail(at, at->setting, "is empty");
	}
	c->send = out;
	c->send_len = n;
	return true;
}

void conf_clear_send(void *object)
{
	free(((struct conf_check *)object)->send);
}

/* One to three digits. */
static const char *parse_status(const char *s, uint16_t *out)
{
	unsigned v = 0, n = 0;
	for (; isdigit((unsigned char)*s) && n < 4; s++, n++)
		v = v * 10 + (unsigned)(*s - '0');
	*out = (uint16_t)v;
	return n == 3 && v >= 100 && v <= 599 ? s : NULL;
}

/* "200", "200-399", and several with commas: appended to the check's ranges. */
static bool add_statuses(const struct conf_at *at, const config_setting_t *where, struct conf_check *c, const char *text)
{
	for (const char *s = text;; s++) {
		struct status_range r;
		s += strspn(s, " ");
		s = parse_status(s, &r.first);
		r.last = r.first;
		if (s && *s == '-')
			s = parse_status(s + 1, &r.last);
		if (s)
			s += strspn(s, " ");
		if (!s || (*s && *s != ',') || r.last < r.first)
			return conf_fail(at, where, "\"%s\" is not a list of statuses such as \"200-299,304\" (100 to 599)", text);
		struct status_range *more = realloc(c->status, (c->nstatus + 1) * sizeof *more);
		if (!more)
			return conf_fail(at, where, "out of memory");
		c->status = more;
		c->status[c->nstatus++] = r;
		if (!*s)
			return true;
	}
}

static bool add_status(const struct conf_at *at, const config_setting_t *s, struct conf_check *c)
{
	char digits[32];
	int type = config_setting_type(s);
	if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) {
		snprintf(digits, sizeof digits, "%lld", type == CONFIG_TYPE_INT ? config_setting_get_int(s) : config_setting_get_int64(s));
		return add_statuses(at, s, c, digits);
	}
	const char *text = conf_string(at, s);
	return text && add_statuses(at, s, c, text);
}

bool conf_set_status(const struct conf_at *at, void *object)
{
	struct conf_check *c = object;
	if (!at->setting)
		return add_statuses(at, NULL, c, at->key->fallback);
	if (!config_setting_is_aggregate(at->setting))
		return add_status(at, at->setting, c);
	size_t n;
	if (!conf_list(at, &n))
		return false;
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok &= add_status(at, conf_element(at, i), c);
	return ok;
}

void conf_clear_status(void *object)
{
	free(((struct conf_check *)object)->status);
}

/* ---- forward.listeners[] ---- */

bool conf_set_service(const struct conf_at *at, void *object)
{
	struct conf_listener *l = object;
	const char *text = conf_string(at, at->setting), *why = "the root is not a service";
	if (!text)
		return false;
	uint8_t name[DNAME_MAX];
	/* Complete with or without a final dot. */
	size_t n = dname_from_text(name, text, strlen(text), (const uint8_t *)"", &why);
	if (n <= 1)
		return conf_fail(at, at->setting, "\"%s\" is not a service's name: %s", text, why);
	if (!(l->service = conf_alloc(at, n, 1)) || !(l->service_text = conf_alloc(at, DNAME_TEXT_MAX, 1)))
		return false;
	dname_lower(l->service, name, n);
	dname_to_text(l->service, l->service_text);
	return true;
}

void conf_clear_service(void *object)
{
	struct conf_listener *l = object;
	free(l->service);
	free(l->service_text);
}

/* A host with "{site}" in it, once or more, that is a host name when the longest site name stands there. */
static bool is_template(const char *text)
{
	static const char mark[] = "{site}";
	size_t n = 0, marks = 0;
	char host[512];
	for (const char *p = text; *p; p++) {
		bool here = strncmp(p, mark, sizeof mark - 1) == 0;
		size_t add = here ? SITE_NAME_MAX : 1;
		if (n + add >= sizeof host)
			return false;
		memset(host + n, here ? 's' : *p, add);
		n += add;
		marks += here;
		p += here ? sizeof mark - 2 : 0;
	}
	host[n] = '\0';
	uint8_t name[DNAME_MAX];
	const char *why;
	return marks && conf_valid_host(host) == NULL && host[0] != '[' && dname_from_text(name, host, strlen(host), (const uint8_t *)"", &why) > 1;
}

bool conf_set_redirect_to(const struct conf_at *at, void *object)
{
	struct conf_redirect *r = object;
	const char *text = at->setting ? conf_string(at, at->setting) : at->key->fallback;
	if (!text)
		return false;
	if (strcmp(text, "name") == 0)
		r->to = REDIRECT_NAME;
	else if (strcmp(text, "address") == 0)
		r->to = REDIRECT_ADDRESS;
	else if (strcmp(text, "none") == 0)
		r->to = REDIRECT_NONE;
	else if (!is_template(text))
		return conf_fail(at, at->setting, "\"%s\" is none of name, address, none, and not a host name with {site} in it", text);
	else if (!(r->to_template = strdup(text)))
		return conf_fail(at, at->setting, "out of memory");
	else
		r->to = REDIRECT_TEMPLATE;
	return true;
}

void conf_clear_redirect_to(void *object)
{
	free(((struct conf_redirect *)object)->to_template);
}

bool conf_set_redirect_status(const struct conf_at *at, void *object)
{
	struct conf_redirect *r = object;
	long long v;
	if (!at->setting) {
		r->status = (unsigned)strtoul(at->key->fallback, NULL, 10);
		return true;
	}
	if (!conf_integer(at, at->setting, &v))
		return false;
	if (v != 301 && v != 302 && v != 303 && v != 307 && v != 308)
		return conf_fail(at, at->setting, "%lld is none of 301, 302, 303, 307, 308", v);
	r->status = (unsigned)v;
	return true;
}
