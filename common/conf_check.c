/* checks[]: values of a form of their own, and keys that depend on each other. */
#include "conf_fill.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_lex.h"

/* The system's own list has 220 KB. */
#define CA_MAX (1 << 20)

/* ---- values ---- */

static size_t count_certificates(const char *pem)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	size_t n = 0;
	for (X509 *x; in && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)); n++)
		X509_free(x);
	BIO_free(in);
	ERR_clear_error();
	return n;
}

/* Read now, so that nothing can be wrong with it later, when we may not be able to read it any more. */
bool conf_set_ca(const struct conf_at *at, void *object)
{
	struct conf_check *c = object;
	const char *name = conf_string(at, at->setting);
	char *path = name ? conf_join(at->loader->conf->dir, name) : NULL;
	if (!path)
		return name && conf_fail(at, at->setting, "out of memory");
	struct stat st;
	size_t len;
	const char *why = NULL;
	c->ca = conf_slurp(path, CA_MAX, &len, &st, &why);
	if (c->ca && count_certificates(c->ca) == 0)
		why = "holds no certificate (PEM)";
	if (why)
		conf_fail(at, at->setting, "\"%s\": %s", path, why);
	free(path);
	return !why;
}

void conf_clear_ca(void *object)
{
	free(((struct conf_check *)object)->ca);
}

/* What can be asked of a server in one message and be answered in one. */
static bool is_question(unsigned type)
{
	return type != 0 && type != LDNS_RR_TYPE_OPT && (type < LDNS_RR_TYPE_TKEY || type > LDNS_RR_TYPE_MAILA || type == LDNS_RR_TYPE_ANY);
}

bool conf_set_qtype(const struct conf_at *at, void *object)
{
	const char *name = at->setting ? conf_string(at, at->setting) : at->key->fallback;
	unsigned type = name ? ldns_get_rr_type_by_name(name) : 0;
	if (name && !is_question(type))
		return conf_fail(at, at->setting, "\"%s\" is not a type that can be asked for", name);
	((struct conf_check *)object)->qtype = (uint16_t)type;
	return name;
}

/* ---- keys that depend on each other ---- */

static void relate_dns(const struct conf_at *at, const struct conf_check *c)
{
	struct conf_at address = conf_member(at, "address");
	int family = c->qtype == LDNS_RR_TYPE_A ? AF_INET : c->qtype == LDNS_RR_TYPE_AAAA ? AF_INET6 : AF_UNSPEC;
	if (!conf_has(at, "query") && !at->loader->text->partial)
		conf_fail(at, at->setting, "query is required for checks of type dns");
	if (!conf_is_sound(at, "qtype"))
		return;
	if (c->nanswers && family == AF_UNSPEC)
		conf_fail(&address, address.setting, "is for qtype A and AAAA");
	else if (c->nanswers && c->rcode != 0)
		conf_fail(&address, address.setting, "an answer with this rcode has none");
	for (size_t i = 0; i < c->nanswers && family != AF_UNSPEC; i++)
		if (c->answers[i].sa.sa_family != AF_UNSPEC && c->answers[i].sa.sa_family != family)
			conf_fail(&address, conf_element(&address, i), "is of the other family than qtype");
}

/* The keys that do not belong to the check's type. */
static void refuse_foreign_keys(const struct conf_at *at, const struct conf_check *c)
{
	for (size_t i = 0; i < at->table->nkeys; i++) {
		const struct conf_key *k = &at->table->keys[i];
		struct conf_at m = conf_member(at, k->name);
		if (m.setting && k->types && !k->later && !(k->types & 1u << c->type))
			conf_fail(&m, m.setting, "is not for checks of type %s", check_type_name(c->type));
	}
}

static void relate_exec(const struct conf_at *at, struct conf_check *c)
{
	struct conf_at command = conf_member(at, "command");
	char *path = c->ncommand && c->command[0] ? conf_join(at->loader->conf->dir, c->command[0]) : NULL;
	struct stat st;
	if (!command.setting && !at->loader->text->partial)
		conf_fail(at, at->setting, "command is required for checks of type exec");
	if (!path)
		return;
	if (stat(path, &st) < 0 || access(path, X_OK) < 0)
		conf_fail(&command, conf_element(&command, 0), "\"%s\": %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		conf_fail(&command, conf_element(&command, 0), "\"%s\": not a regular file", path);
	free(c->command[0]);
	c->command[0] = path;
}

/* Settings of TLS want TLS, and one way to it. */
static void relate_tls(const struct conf_at *at, struct conf_check *c)
{
	static const char *const settings[] = { "sni", "verify", "ca" };
	struct conf_at starttls = conf_member(at, "starttls"), ca = conf_member(at, "ca");
	if (c->tls && c->starttls)
		conf_fail(&starttls, starttls.setting, "with tls there is TLS already");
	if (c->type == CHECK_TLS)
		c->tls = true;
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		struct conf_at m = conf_member(at, settings[i]);
		if (m.setting && !c->tls && !c->starttls && at->table && (m.key->types & 1u << c->type))
			conf_fail(&m, m.setting, "is for TLS: set tls = true");
	}
	if (c->ca && !c->verify)
		conf_fail(&ca, ca.setting, "nothing is compared with it: verify is false");
}

void conf_relate_check(const struct conf_at *at, void *object)
{
	struct conf_check *c = object;
	struct conf_at type = conf_member(at, "type"), fast = conf_member(at, "fast_interval"), body = conf_member(at, "body");
	const char *name = type.setting ? config_setting_get_string(type.setting) : NULL;
	if (name && strcmp(name, check_type_name(c->type)) == 0)
		refuse_foreign_keys(at, c);
	if (c->type == CHECK_DNS)
		relate_dns(at, c);
	if (c->type == CHECK_UDP && !conf_has(at, "send") && !at->loader->text->partial)
		conf_fail(at, at->setting, "send is required for checks of type udp");
	if (c->type == CHECK_EXEC)
		relate_exec(at, c);
	relate_tls(at, c);
	if (c->method && strcmp(c->method, "HEAD") == 0 && body.setting)
		conf_fail(&body, body.setting, "no body comes after HEAD");
	if (c->fast_interval <= c->interval)
		return;
	if (fast.setting && conf_is_sound(at, "interval") && conf_is_sound(at, "fast_interval"))
		conf_fail(&fast, fast.setting, "%g is more than interval, %g", c->fast_interval, c->interval);
	c->fast_interval = c->interval;
}
