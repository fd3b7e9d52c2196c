/*
 * Secrets of keys and cookies, and who may read the files that hold them. A secret that
 * others can read is none; one that the user we drop to can't read is gone at
 * the first reload.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_fill.h"
#include "keyfile.h"

/* A key clause and four lines of digits have some hundred bytes. */
#define KEYFILE_MAX 65536

static bool others_can_read(const struct conf_at *at, const config_setting_t *s, const char *file, const struct stat *st)
{
	if (!(st->st_mode & S_IRWXO))
		return true;
	return conf_fail(at, s, "others can read or write %s, which holds a secret: chmod o-rwx it", file);
}

bool conf_set_secret(const struct conf_at *at, void *object)
{
	struct key *k = object;
	const char *text = conf_string(at, at->setting);
	if (!text)
		return false;
	struct conf_place p = conf_place_of(at->loader, at->setting);
	const struct conf_source *source = &at->loader->text->sources[p.source];
	if (source->has_stat)
		others_can_read(at, at->setting, source->name, &source->stat);
	k->secret = base64_decode(text, strlen(text), &k->secret_len);
	return k->secret || conf_fail(at, at->setting, "is not base64");
}

void conf_clear_secret(void *object)
{
	struct key *k = object;
	if (k->secret)
		explicit_bzero(k->secret, k->secret_len);
	free(k->secret);
}

/* ---- the user ---- */

struct reader { uid_t uid; gid_t groups[NGROUPS_MAX + 1]; int ngroups; };

/* One of `bits` (as for others: 4 read, 1 search) for that user, by mode alone. */
static bool mode_lets(const struct reader *r, const struct stat *st, mode_t bit)
{
	if (r->uid == 0)
		return true;
	if (st->st_uid == r->uid)
		return st->st_mode & (bit << 6);
	for (int i = 0; i < r->ngroups; i++)
		if (st->st_gid == r->groups[i])
			return st->st_mode & (bit << 3);
	return st->st_mode & bit;
}

/* The first part of the path that the user may not pass; NULL: none, he can read it. The caller frees. */
static char *first_barrier(const struct reader *r, const char *file)
{
	struct stat st;
	char *path = realpath(file, NULL);
	for (char *slash = path; slash && (slash = strchr(slash, '/')); slash++) {
		char kept = slash[1];
		slash[1] = '\0';
		if (stat(path, &st) != 0 || !mode_lets(r, &st, 1))
			return path;
		slash[1] = kept;
	}
	if (path && stat(path, &st) == 0 && !mode_lets(r, &st, 4))
		return path;
	free(path);
	return NULL;
}

/* False: no drop, so who opened a file can open it again. Errors are reported. */
static bool find_reader(struct conf_loader *l, struct reader *r)
{
	const struct conf *c = l->conf;
	struct conf_at root = { l, l->table, conf_table_find(l->table, "user"),
	                        config_setting_get_member(l->root, "user"), 0 };
	if (geteuid() != 0 || !c->user || !*c->user || (l->text->partial && !root.setting))
		return false;
	errno = 0;
	const struct passwd *pw = getpwnam(c->user);
	if (!pw)
		return conf_fail(&root, root.setting, "there is no user \"%s\" to drop to: make one, or set user = \"\" to stay root", c->user);
	r->uid = pw->pw_uid;
	r->ngroups = NGROUPS_MAX;
	if (getgrouplist(c->user, pw->pw_gid, r->groups, &r->ngroups) < 0) {
		r->groups[0] = pw->pw_gid;
		r->ngroups = 1;
	}
	return true;
}

static void check_reader(struct conf_loader *l, const struct reader *r, const config_setting_t *where, const char *file)
{
	char *barrier = first_barrier(r, file);
	if (barrier)
		conf_fail_in(l, where, NULL, 0, "%s: user \"%s\" could not read this at a reload, as the mode of %s does not let him: chgrp and chmod it",
		             file, l->conf->user, barrier);
	free(barrier);
}

static void check_named_file(struct conf_loader *l, const struct reader *r, config_setting_t *group, const char *key)
{
	config_setting_t *s = group && config_setting_is_group(group) ? config_setting_get_member(group, key) : NULL;
	bool is_list = s && (config_setting_is_list(s) || config_setting_is_array(s));
	for (int i = 0; s && i < (is_list ? config_setting_length(s) : 1); i++) {
		const config_setting_t *name = is_list ? config_setting_get_elem(s, (unsigned)i) : s;
		char *file = config_setting_type(name) == CONFIG_TYPE_STRING ? conf_join(l->conf->dir, config_setting_get_string(name)) : NULL;
		if (file)
			check_reader(l, r, name, file);
		free(file);
	}
}

static void check_named_files(struct conf_loader *l, const struct reader *r, const char *list, const char *key)
{
	config_setting_t *groups = config_setting_get_member(l->root, list);
	bool is_list = groups && (config_setting_is_list(groups) || config_setting_is_array(groups));
	for (int i = 0; is_list && i < config_setting_length(groups); i++)
		check_named_file(l, r, config_setting_get_elem(groups, (unsigned)i), key);
}

static void check_listeners(struct conf_loader *l, const struct reader *r)
{
	config_setting_t *forward = config_setting_get_member(l->root, "forward");
	config_setting_t *list = forward && config_setting_is_group(forward) ? config_setting_get_member(forward, "listeners") : NULL;
	for (int i = 0; list && config_setting_is_list(list) && i < config_setting_length(list); i++) {
		config_setting_t *listener = config_setting_get_elem(list, (unsigned)i);
		config_setting_t *tls = config_setting_is_group(listener) ? config_setting_get_member(listener, "tls") : NULL;
		check_named_file(l, r, tls, "certificate");
		check_named_file(l, r, tls, "key");
	}
}

void conf_check_files(struct conf_loader *l)
{
	struct reader *r = calloc(1, sizeof *r);
	if (!r || !find_reader(l, r)) {
		free(r);
		return;
	}
	for (size_t i = 0; i < l->text->nsources; i++)
		if (l->text->sources[i].has_stat)
			check_reader(l, r, NULL, l->text->sources[i].name);
	check_named_files(l, r, "keys", "secret_file");
	check_listeners(l, r);
	check_named_files(l, r, "checks", "ca");
	check_named_file(l, r, config_setting_get_member(l->root, "dns"), "cookie_secret_file");
	check_named_file(l, r, config_setting_get_member(l->root, "geo"), "database");
	check_named_file(l, r, config_setting_get_member(l->root, "geo"), "networks");
	free(r);
}

/* ---- secret_file ---- */

/* The same domain name, whatever its case and final dot. */
static bool is_name(const char *canonical, char *written)
{
	return conf_valid_key_name(written) == NULL && strcmp(canonical, written) == 0;
}

/* Compares what the file says with what the configuration says of it; takes the secret over. */
static bool take_keyfile(const struct conf_at *at, struct key *k, struct keyfile *f)
{
	struct conf_at group = { at->loader, at->table, NULL, at->setting->parent, 0 };
	struct conf_at algorithm = conf_member(&group, "algorithm");
	bool ok = true;
	if (k->name && !is_name(k->name, f->name))
		ok = conf_fail(at, at->setting, "the key in it is called \"%s\", not \"%s\"", f->name, k->name);
	if (algorithm.setting && k->algorithm != f->algorithm)
		ok = conf_fail(&algorithm, algorithm.setting, "the key in it is for %s, not %s", key_algorithm_name(f->algorithm), key_algorithm_name(k->algorithm));
	k->algorithm = f->algorithm;
	if (k->secret) /* and a secret besides: conf_relate_key says so */
		conf_clear_secret(k);
	k->secret = f->secret;
	k->secret_len = f->secret_len;
	return ok;
}

/* The text of a file with secrets, before it is given to `take`. */
struct secret_text { const char *file, *text; size_t len; };

static bool take_key(const struct conf_at *at, const struct secret_text *t, void *object)
{
	struct keyfile f;
	unsigned line;
	const char *why;
	if (!keyfile_parse(&f, t->text, t->len, &line, &why))
		return conf_fail_in(at->loader, at->setting, t->file, line, "%s", why);
	return take_keyfile(at, object, &f);
}

static bool take_cookie_secrets(const struct conf_at *at, const struct secret_text *t, void *object)
{
	struct conf_dns *d = object;
	unsigned line;
	const char *why;
	return cookiefile_parse(&d->cookie_secrets, t->text, t->len, &line, &why)
		|| conf_fail_in(at->loader, at->setting, t->file, line, "%s", why);
}

static bool read_secrets(const struct conf_at *at, const char *file, void *object,
                         bool (*take)(const struct conf_at *at, const struct secret_text *t, void *object))
{
	struct stat st;
	size_t len = 0;
	const char *why = "out of memory";
	char *text = conf_slurp(file, KEYFILE_MAX, &len, &st, &why);
	if (!text)
		return conf_fail(at, at->setting, "%s cannot be read: %s", file, why);
	bool ok = others_can_read(at, at->setting, file, &st);
	ok &= take(at, &(struct secret_text){ file, text, len }, object);
	explicit_bzero(text, len);
	free(text);
	return ok;
}

static bool read_named(const struct conf_at *at, void *object,
                       bool (*take)(const struct conf_at *at, const struct secret_text *t, void *object))
{
	const char *text = conf_string(at, at->setting);
	if (!text)
		return false;
	char *file = conf_join(at->loader->conf->dir, text);
	if (!file)
		return conf_fail(at, at->setting, "out of memory");
	bool ok = read_secrets(at, file, object, take);
	free(file);
	return ok;
}

bool conf_set_secret_file(const struct conf_at *at, void *object)
{
	return read_named(at, object, take_key);
}

bool conf_set_cookie_secret_file(const struct conf_at *at, void *object)
{
	return read_named(at, object, take_cookie_secrets);
}

void conf_clear_cookie_secrets(void *object)
{
	struct conf_dns *d = object;
	explicit_bzero(&d->cookie_secrets, sizeof d->cookie_secrets);
}
