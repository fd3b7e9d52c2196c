#include "conf_fill.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_hint.h"

/* ---- errors ---- */

struct conf_place conf_place_of(const struct conf_loader *l, const config_setting_t *s)
{
	/* Not config_setting_source_line(): it cuts the line to 16 bits. */
	if (s && s->parent && s->line >= 1 && s->line <= l->text->nplaces)
		return l->text->places[s->line - 1];
	return (struct conf_place){ 0, 0, 0 };
}

static const char *place_file(const struct conf_loader *l, const struct conf_place *p)
{
	return p->source < l->text->nsources ? l->text->sources[p->source].name : l->conf->file;
}

bool conf_fail(const struct conf_at *at, const config_setting_t *where, const char *fmt, ...)
{
	char *why = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&why, fmt, ap);
	va_end(ap);
	struct conf_place p = conf_place_of(at->loader, where);
	const char *path = at->table->path, *key = at->key ? at->key->name : "";
	conf_report_add(at->loader->report, p.order, place_file(at->loader, &p), p.line, "%s%s%s%s%s",
	                path, *path && *key ? "." : "", key, *path || *key ? ": " : "", n < 0 ? "out of memory" : why);
	if (n >= 0)
		free(why);
	return false;
}

bool conf_fail_in(struct conf_loader *l, const config_setting_t *where, const char *file, unsigned line, const char *fmt, ...)
{
	struct conf_place p = conf_place_of(l, where);
	va_list ap;
	va_start(ap, fmt);
	conf_report_vadd(l->report, p.order, file ? file : place_file(l, &p), file ? line : p.line, fmt, ap);
	va_end(ap);
	return false;
}

void *conf_alloc(const struct conf_at *at, size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);
	if (!p)
		conf_fail(at, at->setting, "out of memory");
	return p;
}

/* ---- the tree ---- */

struct conf_at conf_member(const struct conf_at *at, const char *key)
{
	struct conf_at m = { at->loader, at->table, conf_table_find(at->table, key), NULL, 0 };
	if (at->setting)
		m.setting = config_setting_get_member(at->setting, key);
	return m;
}

bool conf_has(const struct conf_at *at, const char *key)
{
	return at->setting && config_setting_get_member(at->setting, key);
}

bool conf_is_sound(const struct conf_at *at, const char *key)
{
	const struct conf_key *k = conf_table_find(at->table, key);
	return !(at->failed >> (k - at->table->keys) % 64 & 1);
}

const config_setting_t *conf_element(const struct conf_at *at, size_t i)
{
	return config_setting_get_elem((config_setting_t *)at->setting, (unsigned)i);
}

bool conf_list(const struct conf_at *at, size_t *n)
{
	int type = config_setting_type(at->setting);
	if (type != CONFIG_TYPE_LIST && type != CONFIG_TYPE_ARRAY)
		return conf_fail(at, at->setting, "must be a list: [ ... ] or ( ... )");
	*n = (size_t)config_setting_length(at->setting);
	if (*n == 0 && !at->key->may_be_empty)
		return conf_fail(at, at->setting, "the list is empty");
	return true;
}

/* ---- plain values ---- */

const char *conf_string(const struct conf_at *at, const config_setting_t *s)
{
	if (config_setting_type(s) == CONFIG_TYPE_STRING)
		return config_setting_get_string(s);
	conf_fail(at, s, "must be a text in \"...\"");
	return NULL;
}

static bool out_of_range(const struct conf_at *at, const config_setting_t *s, const char *value)
{
	const struct conf_key *k = at->key;
	return conf_fail(at, s, "%s is out of range (%.10g to %.10g%s%s)", value, k->min, k->max,
	                 k->unit ? " " : "", k->unit ? k->unit : "");
}

bool conf_integer(const struct conf_at *at, const config_setting_t *s, long long *out)
{
	const struct conf_key *k = at->key;
	char text[40] = "the number";
	if (config_setting_type(s) == CONFIG_TYPE_FLOAT) {
		/* "seconds, integer or float": 30.0 is thirty. */
		double v = config_setting_get_float(s);
		if (!(v > -1e15 && v < 1e15) || v != (double)(long long)v)
			return conf_fail(at, s, "must be a whole number");
		*out = (long long)v;
	} else if (config_setting_type(s) == CONFIG_TYPE_INT) {
		*out = config_setting_get_int(s);
	} else if (config_setting_type(s) == CONFIG_TYPE_INT64) {
		*out = config_setting_get_int64(s);
	} else {
		return conf_fail(at, s, "must be a number");
	}
	if ((double)*out >= k->min && (double)*out <= k->max)
		return true;
	if (*out != LLONG_MAX && *out != LLONG_MIN)
		snprintf(text, sizeof text, "%lld", *out);
	return out_of_range(at, s, text);
}

bool conf_number(const struct conf_at *at, const config_setting_t *s, double *out)
{
	const struct conf_key *k = at->key;
	char text[40];
	int type = config_setting_type(s);
	if (type == CONFIG_TYPE_FLOAT)
		*out = config_setting_get_float(s);
	else if (type == CONFIG_TYPE_INT)
		*out = config_setting_get_int(s);
	else if (type == CONFIG_TYPE_INT64)
		*out = (double)config_setting_get_int64(s);
	else
		return conf_fail(at, s, "must be a number");
	if (*out >= k->min && *out <= k->max)
		return true;
	snprintf(text, sizeof text, "%.10g", *out);
	return out_of_range(at, s, isfinite(*out) ? text : "the number");
}

static bool set_seconds(const struct conf_at *at, void *field)
{
	double v;
	if (!conf_number(at, at->setting, &v))
		return false;
	*(double *)field = v;
	return true;
}

static bool set_uint(const struct conf_at *at, void *field)
{
	long long v;
	if (!conf_integer(at, at->setting, &v))
		return false;
	*(unsigned *)field = (unsigned)v;
	return true;
}

static bool set_port(const struct conf_at *at, void *field)
{
	long long v;
	if (!conf_integer(at, at->setting, &v))
		return false;
	*(uint16_t *)field = (uint16_t)v;
	return true;
}

static bool set_bool(const struct conf_at *at, void *field)
{
	if (config_setting_type(at->setting) != CONFIG_TYPE_BOOL)
		return conf_fail(at, at->setting, "must be true or false");
	*(bool *)field = config_setting_get_bool(at->setting) != 0;
	return true;
}

/* ---- words ---- */

static const char *word_name(const void *words, size_t i)
{
	return ((const struct conf_word *)words)[i].name;
}

static const struct conf_word *find_word(const struct conf_key *k, const char *name)
{
	for (size_t i = 0; i < k->nwords; i++)
		if (strcmp(k->words[i].name, name) == 0)
			return &k->words[i];
	return NULL;
}

static const struct conf_word *get_word(const struct conf_at *at)
{
	const struct conf_key *k = at->key;
	const char *name = conf_string(at, at->setting);
	if (!name)
		return NULL;
	const struct conf_word *w = find_word(k, name);
	if (w)
		return w;
	char list[256] = "", hint[96];
	for (size_t i = 0; i < k->nwords; i++) {
		size_t used = strlen(list);
		snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", k->words[i].name);
	}
	conf_fail(at, at->setting, "\"%s\" is none of %s%s", name, list, conf_hint(hint, name, k->nwords, word_name, k->words));
	return NULL;
}

static bool set_word(const struct conf_at *at, void *field)
{
	const struct conf_word *w = get_word(at);
	if (!w)
		return false;
	if (w->later)
		return conf_fail(at, at->setting, "\"%s\" is not built yet", w->name);
	if (at->key->kind == KIND_FLAG)
		*(bool *)field = w->value != 0;
	else
		*(int *)field = w->value;
	return true;
}

/* ---- texts ---- */

/* A copy that passed the key's `valid`; NULL: refused. */
static char *get_text(const struct conf_at *at, const config_setting_t *s)
{
	const char *text = conf_string(at, s);
	char *copy = text ? strdup(text) : NULL;
	if (text && !copy)
		conf_fail(at, s, "out of memory");
	const char *why = copy && at->key->valid ? at->key->valid(copy) : NULL;
	if (!why)
		return copy;
	conf_fail(at, s, "\"%s\" %s", text, why);
	free(copy);
	return NULL;
}

static bool set_text(const struct conf_at *at, void *field)
{
	char *text = get_text(at, at->setting);
	if (!text)
		return false;
	*(char **)field = text;
	return true;
}

static bool set_path(const struct conf_at *at, void *field)
{
	char *text = get_text(at, at->setting);
	if (!text)
		return false;
	*(char **)field = conf_join(at->loader->conf->dir, text);
	free(text);
	return *(char **)field || conf_fail(at, at->setting, "out of memory");
}

static bool set_regex(const struct conf_at *at, char *object)
{
	const struct conf_key *k = at->key;
	const char *text = conf_string(at, at->setting);
	if (!text)
		return false;
	const char *limit = conf_regex_limit(text);
	if (limit)
		return conf_fail(at, at->setting, "%s", limit);
	regex_t *regex = (regex_t *)(object + k->count);
	int error = regcomp(regex, text, REG_EXTENDED | REG_NOSUB);
	if (error) {
		char why[128];
		regerror(error, regex, why, sizeof why);
		return conf_fail(at, at->setting, "\"%s\" is not a regular expression: %s", text, why);
	}
	*(bool *)(object + k->has) = true;
	*(char **)(object + k->offset) = strdup(text);
	return *(char **)(object + k->offset) || conf_fail(at, at->setting, "out of memory");
}

/* ---- addresses ---- */

static bool get_endpoint(const struct conf_at *at, const config_setting_t *s, void *out)
{
	const char *text = conf_string(at, s);
	if (!text)
		return false;
	if ((addr_parse_at(out, text, 0) && addr_port(out) != 0) || (at->key->port_optional && addr_parse(out, text, 0)))
		return true;
	return conf_fail(at, s, "\"%s\" is not ADDRESS@PORT", text);
}

static bool get_address(const struct conf_at *at, const config_setting_t *s, void *out)
{
	const char *text = conf_string(at, s);
	return text && (addr_parse(out, text, 0) || conf_fail(at, s, "\"%s\" is not an address", text));
}

static bool get_prefix(const struct conf_at *at, const config_setting_t *s, void *out)
{
	const char *text = conf_string(at, s), *meant;
	char shown[ADDR_TEXT_MAX];
	if (!text)
		return false;
	if (!prefix_parse(out, text))
		return conf_fail(at, s, "\"%s\" is not a prefix (or has bits set past its length)", text);
	meant = prefix_mapped_text(out, shown);
	return !meant || conf_fail(at, s, "\"%s\" is IPv4 written as IPv6: write %s", text, meant);
}

static bool get_list_text(const struct conf_at *at, const config_setting_t *s, void *out)
{
	return (*(char **)out = get_text(at, s)) != NULL;
}

/* ---- lists ---- */

/* Fills the list's array; elements in error are left zero, and all of them are told. */
static bool set_list(const struct conf_at *at, char *object, size_t size,
                     bool (*get)(const struct conf_at *at, const config_setting_t *s, void *out))
{
	size_t n;
	if (!conf_list(at, &n))
		return false;
	char *elements = conf_alloc(at, n, size);
	if (!elements)
		return false;
	*(char **)(object + at->key->offset) = elements;
	*(size_t *)(object + at->key->count) = n;
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok &= get(at, conf_element(at, i), elements + i * size);
	return ok;
}

static bool get_group(const struct conf_at *at, const config_setting_t *s, void *out)
{
	if (!config_setting_is_group(s))
		return conf_fail(at, s, "must hold groups: { ... }");
	struct conf_at group = { at->loader, at->key->table, NULL, s, 0 };
	conf_fill(&group, out);
	return true;
}

/* ---- keys of later versions ---- */

static const char *value_text(const config_setting_t *s, char out[64])
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		return config_setting_get_string(s);
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(s) ? "true" : "false";
	case CONFIG_TYPE_INT:
		snprintf(out, 64, "%d", config_setting_get_int(s));
		return out;
	case CONFIG_TYPE_FLOAT:
		snprintf(out, 64, "%.17g", config_setting_get_float(s));
		return out;
	default:
		return "";
	}
}

/* What is wrong in any version is told as such. */
static bool later_is_sound(const struct conf_at *at)
{
	union { double seconds; unsigned number; bool truth; } unused;
	switch (at->key->kind) {
	case KIND_BOOL:
		return set_bool(at, &unused);
	case KIND_UINT:
		return set_uint(at, &unused);
	case KIND_SECONDS:
		return set_seconds(at, &unused);
	case KIND_WORD:
		return get_word(at) != NULL;
	case KIND_TEXT: case KIND_PATH:
		return conf_string(at, at->setting) != NULL;
	default:
		return true;
	}
}

static bool refuse_later(const struct conf_at *at)
{
	const struct conf_key *k = at->key;
	char text[64];
	if (!later_is_sound(at))
		return false;
	if (!k->off)
		return conf_fail(at, at->setting, "not built yet");
	if (strcmp(value_text(at->setting, text), k->off) == 0)
		return true;
	bool quoted = k->kind == KIND_WORD || k->kind == KIND_TEXT;
	return conf_fail(at, at->setting, "not built yet%s%s; only %s%s%s is accepted", k->instead ? ": " : "",
	                 k->instead ? k->instead : "", quoted ? "\"" : "", k->off, quoted ? "\"" : "");
}

/* ---- groups ---- */

static bool set_group(const struct conf_at *at, char *object)
{
	if (!config_setting_is_group(at->setting))
		return conf_fail(at, at->setting, "must be a group: { ... }");
	struct conf_at group = { at->loader, at->key->table, NULL, at->setting, 0 };
	conf_fill(&group, object + at->key->offset);
	return true;
}

static bool set_key(const struct conf_at *at, char *object)
{
	const struct conf_key *k = at->key;
	void *field = object + k->offset;
	switch (k->kind) {
	case KIND_GROUP:     return set_group(at, object);
	case KIND_GROUPS:    return set_list(at, object, k->table->size, get_group);
	case KIND_BOOL:      return set_bool(at, field);
	case KIND_UINT:      return set_uint(at, field);
	case KIND_PORT:      return set_port(at, field);
	case KIND_SECONDS:   return set_seconds(at, field);
	case KIND_WORD: case KIND_FLAG: return set_word(at, field);
	case KIND_TEXT:      return set_text(at, field);
	case KIND_PATH:      return set_path(at, field);
	case KIND_TEXTS:     return set_list(at, object, sizeof(char *), get_list_text);
	case KIND_ENDPOINT:  return get_endpoint(at, at->setting, field);
	case KIND_ENDPOINTS: return set_list(at, object, sizeof(struct addr), get_endpoint);
	case KIND_ADDRESSES: return set_list(at, object, sizeof(struct addr), get_address);
	case KIND_PREFIXES:  return set_list(at, object, sizeof(struct prefix), get_prefix);
	case KIND_REGEX:     return set_regex(at, object);
	case KIND_OWN:       return k->set(at, object);
	case KIND_LATER:     break;
	}
	return false;
}

/* The default of an absent key. */
static void set_fallback(const struct conf_at *at, char *object)
{
	const struct conf_key *k = at->key;
	void *field = object + k->offset;
	if (k->kind == KIND_GROUP) {
		struct conf_at group = { at->loader, k->table, NULL, NULL, 0 };
		conf_fill(&group, field);
		return;
	}
	if (!k->fallback || k->fallback[0] == '(')
		return;
	if (k->kind == KIND_SECONDS)
		*(double *)field = strtod(k->fallback, NULL);
	else if (k->kind == KIND_UINT)
		*(unsigned *)field = (unsigned)strtoul(k->fallback, NULL, 10);
	else if (k->kind == KIND_BOOL)
		*(bool *)field = strcmp(k->fallback, "true") == 0;
	else if (k->kind == KIND_WORD)
		*(int *)field = find_word(k, k->fallback)->value;
	else if (k->kind == KIND_TEXT)
		*(char **)field = strdup(k->fallback);
	else if (k->kind == KIND_PATH)
		*(char **)field = conf_join(at->loader->conf->dir, k->fallback);
	else if (k->kind == KIND_OWN)
		k->set(at, object);
	if ((k->kind == KIND_TEXT || k->kind == KIND_PATH) && !*(char **)field)
		conf_fail(at, NULL, "out of memory");
}

static void refuse_unknown(const struct conf_at *at)
{
	const struct conf_table *t = at->table;
	int n = config_setting_length(at->setting);
	for (int i = 0; i < n; i++) {
		const config_setting_t *s = config_setting_get_elem((config_setting_t *)at->setting, (unsigned)i);
		const char *name = config_setting_name(s);
		char hint[96] = "";
		if (conf_table_find(t, name))
			continue;
		if (conf_report_shows_more(at->loader->report))
			conf_key_hint(hint, at->loader->table, t, name);
		conf_fail(at, s, "unknown key \"%s\"%s", name, hint);
	}
}

/* False: it was in error. */
static bool fill_key(const struct conf_at *group, const struct conf_key *k, void *object)
{
	struct conf_at key = { group->loader, group->table, k, NULL, 0 };
	if (group->setting)
		key.setting = config_setting_get_member(group->setting, k->name);
	if (key.setting)
		return k->later ? refuse_later(&key) : set_key(&key, object);
	if (k->required && group->setting && !group->loader->text->partial)
		return conf_fail(&key, group->setting, "is required");
	set_fallback(&key, object);
	return true;
}

void conf_fill(const struct conf_at *at, void *object)
{
	struct conf_at done = *at;
	done.failed = 0;
	for (size_t i = 0; i < at->table->nkeys; i++)
		if (!fill_key(at, &at->table->keys[i], object))
			done.failed |= (uint64_t)1 << i % 64;
	if (at->setting)
		refuse_unknown(at);
	if (at->table->relate)
		at->table->relate(&done, object);
}
