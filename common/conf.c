#include "conf.h"

#include <stdlib.h>
#include <string.h>

#include "conf_fill.h"
#include "conf_schema.h"

const struct addr *conf_probe_source(const struct conf *c, int family)
{
	for (size_t i = 0; i < c->own->ncontrol_bind; i++)
		if (c->own->control_bind[i].sa.sa_family == family)
			return &c->own->control_bind[i];
	return NULL;
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	conf_table_clear(&conf_root_table, c);
	policy_free(&c->default_policy);
	geo_release(c->geo);
	networks_free(c->networks);
	free(c->site_names.names);
	free(c->key_names.names);
	free(c->check_names.names);
	free(c->policy_names.names);
	free(c->file);
	free(c->dir);
	free(c);
}

/* What conf_text wrote is sound libconfig text; should a version see it otherwise, it says where. */
static bool parse_tree(struct conf_loader *l, config_t *tree)
{
	if (config_read_string(tree, l->text->text)) {
		l->root = config_root_setting(tree);
		return true;
	}
	unsigned line = (unsigned)config_error_line(tree);
	config_setting_t root = { 0 }, where = { .line = line, .parent = &root };
	return conf_fail_in(l, &where, NULL, 0, "%s", config_error_text(tree));
}

static void load_tree(struct conf_loader *l)
{
	config_t tree;
	config_init(&tree);
	if (parse_tree(l, &tree)) {
		struct conf_at root = { l, l->table, NULL, l->root, 0 };
		conf_fill(&root, l->conf);
		conf_relate_all(l);
		conf_check_files(l);
		conf_check_rights(l);
	}
	config_destroy(&tree);
	free(l->refs);
}

static void load(struct conf *c, struct conf_report *report, const char *text, size_t len)
{
	struct conf_text read;
	if (conf_text_read(&read, report, c->file, text, len) && !read.broken) {
		struct conf_loader l = { .conf = c, .text = &read, .report = report, .table = &conf_root_table };
		load_tree(&l);
	}
	conf_text_free(&read);
}

static struct conf *load_any(const char *file, const char *text, size_t len, struct errs *errs)
{
	size_t before = errs->count;
	struct conf_report report = { 0 };
	struct conf *c = calloc(1, sizeof *c);
	if (c) {
		c->file = strdup(file);
		c->dir = conf_folder(file);
	}
	if (c && c->file && c->dir)
		load(c, &report, text, len);
	else
		conf_report_add(&report, 0, file, 0, "out of memory");
	conf_report_flush(&report, errs);
	if (errs->count == before)
		return c;
	conf_free(c);
	return NULL;
}

struct conf *conf_load(const char *file, struct errs *errs)
{
	return load_any(file, NULL, 0, errs);
}

struct conf *conf_load_text(const char *name, const char *text, size_t len, struct errs *errs)
{
	return load_any(name, text, len, errs);
}
