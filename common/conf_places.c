/* What is known of clients: the keys of `geo`, and the files that they name. */
#include <stdlib.h>

#include "conf_fill.h"
#include "log.h"

/* ---- geo.database ---- */

static bool add_database(const struct conf_at *at, const config_setting_t *s, struct conf_geo_files *g)
{
	const char *text = conf_string(at, s);
	if (!text)
		return false;
	if (!*text)
		return conf_fail(at, s, "\"\" is not a file");
	g->database[g->ndatabase] = conf_join(at->loader->conf->dir, text);
	if (!g->database[g->ndatabase])
		return conf_fail(at, s, "out of memory");
	g->ndatabase++;
	return true;
}

bool conf_set_geo_database(const struct conf_at *at, void *object)
{
	struct conf_geo_files *g = object;
	size_t n = 1;
	if (!at->setting)
		return true;
	bool alone = config_setting_type(at->setting) == CONFIG_TYPE_STRING;
	if ((!alone && !conf_list(at, &n)) || !(g->database = conf_alloc(at, n, sizeof *g->database)))
		return false;
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok &= add_database(at, alone ? at->setting : conf_element(at, i), g);
	return ok;
}

void conf_clear_geo_database(void *object)
{
	struct conf_geo_files *g = object;
	for (size_t i = 0; i < g->ndatabase; i++)
		free(g->database[i]);
	free(g->database);
}

/* ---- the files ---- */

bool conf_load_places(struct conf *c, const struct conf *old, struct errs *errs)
{
	const struct conf_geo_files *f = &c->geo_files;
	size_t errors = errs->count;
	if (f->ndatabase)
		c->geo = geo_load(f->database, f->ndatabase, old ? old->geo : NULL, errs);
	if (f->networks)
		c->networks = networks_load(f->networks, c->sites, c->nsites, errs);
	return errs->count == errors;
}

void conf_log_places(const struct conf *c)
{
	const struct geo *g = c->geo;
	if (g)
		log_info("databases of places read", "files=%zu country=%d continent=%d location=%d asn=%d ranges=%zu bytes=%zu", c->geo_files.ndatabase,
		         geo_has(g, GEO_COUNTRY), geo_has(g, GEO_CONTINENT), geo_has(g, GEO_LOCATION), geo_has(g, GEO_ASN), geo_count(g), geo_bytes(g));
	if (c->networks)
		log_info("networks read", "file=%s prefixes=%zu bytes=%zu", c->geo_files.networks, networks_count(c->networks), networks_bytes(c->networks));
}
