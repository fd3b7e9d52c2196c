/*
 * conf_fill: libconfig's tree -> the structs of conf.h, by the tables of
 * conf_schema. What a table can't say is in conf_own.c and conf_rule.c (values of a
 * form of their own) and conf_relate.c (keys that depend on each other).
 */
#ifndef FAIRLEAD_CONF_FILL_H
#define FAIRLEAD_CONF_FILL_H

#include "conf.h"
#include "conf_report.h"
#include "conf_table.h"
#include "conf_text.h"

enum conf_ref_kind { REF_KEY, REF_CHECK, REF_SITE_INDEX, REF_OWN_SITE };

struct conf_loader;

/* A place in the tree while it is read. */
struct conf_at {
	struct conf_loader *loader;
	const struct conf_table *table;
	const struct conf_key *key;         /* NULL: the group as such */
	const config_setting_t *setting;    /* NULL: absent */
	uint64_t failed;                    /* for `relate`: bit of each row of the table that was in error */
};

/* A name that is looked up when everything has been read. */
struct conf_ref {
	enum conf_ref_kind kind;
	struct conf_at at;
	const config_setting_t *setting; /* of the name, which may be an element of at.setting */
	const char *name;               /* borrowed from libconfig's tree */
	void *target;                   /* where the pointer or index goes; arrays do not move any more */
};

struct conf_loader {
	struct conf *conf;
	const struct conf_text *text;
	struct conf_report *report;
	struct conf_ref *refs; size_t nrefs, refs_room;
	const config_setting_t *root;
	const struct conf_table *table;     /* of the root */
};

/* Fills `object` from a group; `at->setting` NULL: with defaults only. */
void conf_fill(const struct conf_at *at, void *object);

/* "PATH.KEY: " and the text, at the line of `where` (NULL: the file alone). Always returns false. */
bool conf_fail(const struct conf_at *at, const config_setting_t *where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same without "PATH.KEY: ", and for a file of its own (a key file) at `line` when `file` is not NULL. */
bool conf_fail_in(struct conf_loader *l, const config_setting_t *where, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The place of a setting in the files. */
struct conf_place conf_place_of(const struct conf_loader *l, const config_setting_t *s);

/* The member of the group `at` stands for, as a place of its own; its setting is NULL when absent. */
struct conf_at conf_member(const struct conf_at *at, const char *key);
bool conf_has(const struct conf_at *at, const char *key);
/* For `relate`: the key was not in error, so comparing it makes sense. */
bool conf_is_sound(const struct conf_at *at, const char *key);

/* Zeroed memory, or NULL with an error. n may be 0. */
void *conf_alloc(const struct conf_at *at, size_t n, size_t size);
/* The text of a string setting, or NULL with an error. */
const char *conf_string(const struct conf_at *at, const config_setting_t *s);
/* A whole number in the key's range. */
bool conf_integer(const struct conf_at *at, const config_setting_t *s, long long *out);
/* An integer or float in the key's range. */
bool conf_number(const struct conf_at *at, const config_setting_t *s, double *out);
/* A list's length; false (with an error) when it is none, or empty where it may not be. */
bool conf_list(const struct conf_at *at, size_t *n);
/* Element of a list that conf_list accepted. */
const config_setting_t *conf_element(const struct conf_at *at, size_t i);
/* Notes a name to be looked up at the end. */
bool conf_refer(const struct conf_at *at, const config_setting_t *s, enum conf_ref_kind kind, void *target);

/* ---- values of a form of their own (conf_own.c): for the tables ---- */
bool conf_set_location(const struct conf_at *at, void *object);
bool conf_set_site_key(const struct conf_at *at, void *object);
bool conf_set_own_site(const struct conf_at *at, void *object);
bool conf_set_send(const struct conf_at *at, void *object);
bool conf_set_ca(const struct conf_at *at, void *object);
bool conf_set_qtype(const struct conf_at *at, void *object);
bool conf_set_status(const struct conf_at *at, void *object);
bool conf_set_geo_database(const struct conf_at *at, void *object);
bool conf_set_service(const struct conf_at *at, void *object);
bool conf_set_listener_check(const struct conf_at *at, void *object);
bool conf_set_transfer_to(const struct conf_at *at, void *object);
bool conf_set_notify(const struct conf_at *at, void *object);
bool conf_set_redirect_to(const struct conf_at *at, void *object);
bool conf_set_redirect_status(const struct conf_at *at, void *object);
/* policies[] (conf_rule.c) */
bool conf_set_metrics(const struct conf_at *at, void *object);
bool conf_set_rule_sites(const struct conf_at *at, void *object);
bool conf_set_country(const struct conf_at *at, void *object);
bool conf_set_continent(const struct conf_at *at, void *object);
bool conf_set_asn(const struct conf_at *at, void *object);
bool conf_set_hours(const struct conf_at *at, void *object);
bool conf_set_days(const struct conf_at *at, void *object);
bool conf_set_timezone(const struct conf_at *at, void *object);
bool conf_set_shed(const struct conf_at *at, void *object);
void conf_clear_rule_sites(void *object);
void conf_clear_country(void *object);
void conf_clear_continent(void *object);
void conf_clear_asn(void *object);
void conf_clear_timezone(void *object);
/* keys[] (conf_secret.c): sees to algorithm, secret and secret_file together. */
bool conf_set_secret(const struct conf_at *at, void *object);
bool conf_set_secret_file(const struct conf_at *at, void *object);
void conf_clear_geo_database(void *object);
void conf_clear_send(void *object);
void conf_clear_ca(void *object);
void conf_clear_status(void *object);
void conf_clear_service(void *object);
void conf_clear_transfer_to(void *object);
void conf_clear_notify(void *object);
void conf_clear_redirect_to(void *object);
/* dns.cookie_secret_file (conf_secret.c) */
bool conf_set_cookie_secret_file(const struct conf_at *at, void *object);
void conf_clear_cookie_secrets(void *object);
void conf_clear_secret(void *object);

/* ---- whether a text may stand (conf_valid.c): NULL, or why not ---- */
const char *conf_valid_site(char *text);
const char *conf_valid_name(char *text);
const char *conf_valid_policy_name(char *text);
const char *conf_valid_check_name(char *text);
const char *conf_valid_key_name(char *text);
const char *conf_valid_path(char *text);
const char *conf_valid_host(char *text);
const char *conf_valid_method(char *text);
const char *conf_valid_header(char *text);
const char *conf_valid_alpn(char *text);
const char *conf_valid_query(char *text);
const char *conf_valid_scheme(char *text);
const char *conf_valid_file(char *text);
const char *conf_valid_folder(char *text);
const char *conf_valid_identity(char *text);
const char *conf_valid_user(char *text);

/* ---- keys against each other (conf_relate.c) ---- */
void conf_relate_root(const struct conf_at *at, void *object);
void conf_relate_site(const struct conf_at *at, void *object);
void conf_relate_key(const struct conf_at *at, void *object);
void conf_relate_dns(const struct conf_at *at, void *object);
void conf_relate_check(const struct conf_at *at, void *object);
void conf_relate_rule(const struct conf_at *at, void *object);
void conf_relate_policy(const struct conf_at *at, void *object);
void conf_relate_listener(const struct conf_at *at, void *object);
/* Reports names and addresses that stand twice; makes the indexes of names. Then looks up what was referred to (conf_names.c). */
void conf_find_duplicates(struct conf_loader *l);
void conf_resolve(struct conf_loader *l);
/* When all is read: duplicates, references, and defaults that need the whole. */
void conf_relate_all(struct conf_loader *l);

/* ---- who may read the files (conf_secret.c) ---- */
void conf_check_files(struct conf_loader *l);
void conf_check_rights(struct conf_loader *l);

#endif
