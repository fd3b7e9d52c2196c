#include "zonefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "zonefile_reader.h"

/* Deeper than people nest files; a loop is found before that. */
#define INCLUDE_DEPTH_MAX 16

/* A file that is being read, and those that include it. */
struct level {
	const struct level *outer;
	unsigned depth;
	dev_t dev;
	ino_t ino;
};

/* Lives until the end. */
struct zone_file_name {
	struct zone_file_name *next;
	char name[];
};

static void read_file(struct zone_reader *r, const char *file, const struct level *outer, const struct zone_token *at);

static void read_ttl_directive(struct zone_reader *r, const struct zone_token *t)
{
	struct zone_head head = { 0 };
	char show[ZONE_SHOW_MAX];
	int found = zone_take_ttl(r, &head, t);
	if (found == 0)
		zone_report_at(&r->report, t, 0, "not a TTL like 3600 or 1h30m: \"%s\"", zone_show(t, show));
	if (found == 1)
		r->default_ttl = head.ttl;
	r->has_default_ttl = true; /* also after an error: it is reported once, not for each record */
}

/* The name that completes others from here on. */
static bool read_origin(struct zone_reader *r, const struct zone_token *t)
{
	char show[ZONE_SHOW_MAX];
	uint8_t name[DNAME_MAX];
	const char *why = "a name can't be in quotes";
	size_t len = t->quoted || t->quote_inside ? 0 : dname_from_text(name, t->text, t->len, r->names.origin, &why);
	if (len == 0) {
		zone_report_at(&r->report, t, 0, "%s: \"%s\"", why, zone_show(t, show));
		return zone_entry_wrong(r);
	}
	memcpy(r->names.origin, name, len);
	r->names.origin_inside = dname_is_below_or_equal(name, r->zone);
	return true;
}

/* `path`, which is relative to the folder of `file`. The result lives as long as the reader. NULL: no memory. */
static const char *keep_file_name(struct zone_reader *r, const char *file, const char *path, size_t len)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	size_t folder = slash && path[0] != '/' ? (size_t)(slash - file) + 1 : 0;
	struct zone_file_name *f = malloc(sizeof *f + folder + len + 1);
	if (!f)
		return NULL;
	memcpy(f->name, file ? file : "", folder);
	memcpy(f->name + folder, path, len);
	f->name[folder + len] = 0;
	f->next = r->files;
	r->files = f;
	return f->name;
}

static void read_include(struct zone_reader *r, const struct level *level)
{
	const struct zone_token *t = &r->lex->tokens[1];
	const struct zonelex *lex = r->lex;
	const struct zone_report report = r->report;
	struct zone_names saved = r->names;
	if (r->from_text || t->len == 0 || level->depth >= INCLUDE_DEPTH_MAX) {
		zone_report_at(&r->report, t, 0, "%s", r->from_text ? "$INCLUDE is not possible here" :
		               t->len == 0 ? "a file's name is needed" : "$INCLUDE is nested too deeply");
		zone_entry_wrong(r);
		return;
	}
	if (lex->count == 3 && !read_origin(r, &lex->tokens[2]))
		return;
	const char *file = keep_file_name(r, r->report.file, t->text, t->len);
	if (file)
		read_file(r, file, level, t);
	else
		zone_report_at(&r->report, t, 0, "no memory");
	r->names = saved; /* RFC 1035 section 5.1: the origin; the owner too, as in BIND */
	r->lex = lex;
	r->report = report;
}

static void read_directive(struct zone_reader *r, const struct level *level)
{
	const struct zone_token *t = r->lex->tokens;
	char show[ZONE_SHOW_MAX];
	bool include = zone_token_is(t, "$INCLUDE"), origin = zone_token_is(t, "$ORIGIN");
	if (!include && !origin && !zone_token_is(t, "$TTL")) {
		zone_report_at(&r->report, t, 0, "unknown directive \"%s\"", zone_show(t, show));
		zone_entry_wrong(r);
	} else if (r->lex->count < 2) {
		zone_report_at(&r->report, t, 0, "%s needs a value", zone_show(t, show));
		zone_entry_wrong(r);
	} else if (r->lex->count > (include ? 3u : 2u)) {
		zone_report_at(&r->report, &t[include ? 3 : 2], 0, "more than %s takes", zone_show(t, show));
		zone_entry_wrong(r);
	} else if (include) {
		read_include(r, level);
	} else if (origin) {
		read_origin(r, &t[1]);
	} else {
		read_ttl_directive(r, &t[1]);
	}
}

/* All entries of an opened file. */
static void read_entries(struct zone_reader *r, struct zonelex *x, const char *file, const struct level *level)
{
	enum zonelex_result result;
	while ((result = zonelex_next(x)) != ZONELEX_END) {
		r->lex = x;
		r->report.file = file;
		r->report.errs = r->second_pass ? NULL : r->errs;
		if (result == ZONELEX_ERROR) {
			if (r->report.errs || x->broken) /* what breaks reading off is told in the second pass, too */
				errs_add(r->errs, file, x->error_line, x->error_column, "%s", x->why);
			zone_entry_wrong(r);
		} else if (!x->starts_blank && !x->tokens[0].quoted && x->tokens[0].len && x->tokens[0].text[0] == '$') {
			read_directive(r, level);
		} else {
			zone_read_line(r);
		}
	}
}

static uint64_t mix(uint64_t h, uint64_t n)
{
	h = (h ^ n) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static void note_identity(struct zone_reader *r, const struct stat *st)
{
	r->identity = mix(mix(mix(mix(r->identity, (uint64_t)st->st_ino), (uint64_t)st->st_size), (uint64_t)st->st_mtim.tv_sec),
	                  (uint64_t)st->st_mtim.tv_nsec);
}

/* An editor or a copy may be at work on the file: what was read is neither its old nor its new text. */
static void note_changes(struct zone_reader *r, const struct zonelex *x, const struct stat *before)
{
	struct stat after;
	if (fstat(x->fd, &after) < 0 || after.st_size != before->st_size || after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		r->changed = true;
}

static bool includes_itself(const struct level *level)
{
	for (const struct level *l = level->outer; l; l = l->outer)
		if (l->dev == level->dev && l->ino == level->ino)
			return true;
	return false;
}

/* `at`: the $INCLUDE's file name; NULL: the zone's own file. */
static void read_file(struct zone_reader *r, const char *file, const struct level *outer, const struct zone_token *at)
{
	struct zonelex x;
	struct stat st;
	struct level level = { .outer = outer, .depth = outer ? outer->depth + 1 : 0 };
	const char *why = NULL;
	bool opened = zonelex_open(&x, file, &st);
	if (opened) {
		level.dev = st.st_dev;
		level.ino = st.st_ino;
		note_identity(r, &st);
		why = includes_itself(&level) ? "includes itself" : NULL;
	} else {
		why = x.why;
	}
	if (!why)
		read_entries(r, &x, file, &level);
	else if (at)
		zone_report_at(&r->report, at, 0, "%.200s: %s", file, why);
	else if (!r->second_pass)
		errs_add(r->errs, file, 0, 0, "%s", why);
	r->unreadable = r->unreadable || why;
	if (opened) {
		note_changes(r, &x, &st);
		zonelex_close(&x);
	}
}

static void read_text(struct zone_reader *r, const char *name, const void *text, size_t len)
{
	struct zonelex x;
	struct level level = { 0 };
	if (zonelex_open_text(&x, text, len))
		read_entries(r, &x, name, &level);
	else
		errs_add(r->errs, name, 0, 0, "%s", x.why);
	zonelex_close(&x);
}

/* One pass over all: from a file, or from text if there is one. */
static void read_pass(struct zone_reader *r, const char *name, const void *text, size_t len)
{
	memset(&r->names, 0, sizeof r->names);
	memcpy(r->names.origin, r->zone, r->zone_len);
	r->names.origin_inside = true;
	r->has_default_ttl = r->has_last_ttl = false;
	r->identity = 0;
	if (r->from_text)
		read_text(r, name, text, len);
	else
		read_file(r, name, NULL, NULL);
}

static void check_apex(struct zone_reader *r, const char *file)
{
	char name[DNAME_TEXT_MAX];
	dname_to_text(r->zone, name);
	if (r->unreadable)
		return; /* the lines that were refused may have held it */
	if (!r->soa)
		errs_add(r->errs, file, 0, 0, "no SOA at %s", name);
	if (!r->ns)
		errs_add(r->errs, file, 0, 0, "no NS at %s", name);
}

static void read_whole(struct zone_reader *r, const char *name, const void *text, size_t len)
{
	read_pass(r, name, text, len);
	uint64_t first = r->identity;
	check_apex(r, name);
	zone_services_finish(r->services, r->errs);
	if (zone_services_count(r->services)) {
		r->second_pass = true;
		read_pass(r, name, text, len);
	}
	if (r->changed || r->identity != first)
		errs_add(r->errs, name, 0, 0, "changed while it was read; try again");
}

static void free_reader(struct zone_reader *r)
{
	while (r->files) {
		struct zone_file_name *next = r->files->next;
		free(r->files);
		r->files = next;
	}
	zone_services_free(r->services);
	free(r);
}

static bool read_zone(const char *name, const void *text, size_t len, const uint8_t *origin, const struct conf *conf,
                      const struct zonefile_sink *sink, struct errs *errs)
{
	size_t before = errs->count;
	struct zone_reader *r = calloc(1, sizeof *r);
	if (!r || !(r->services = zone_services_new(conf, origin))) {
		free(r);
		errs_add(errs, name, 0, 0, "no memory");
		return false;
	}
	r->zone = origin;
	r->zone_len = dname_len(origin);
	r->sink = sink;
	r->errs = errs;
	r->from_text = text != NULL;
	read_whole(r, name, text, len);
	if (errs->count == before && !zone_services_deliver(r->services, sink->service, sink->arg))
		errs_add(errs, name, 0, 0, "no memory");
	free_reader(r);
	return errs->count == before;
}

bool zonefile_read(const char *file, const uint8_t *origin, const struct conf *conf,
                   const struct zonefile_sink *sink, struct errs *errs)
{
	return read_zone(file, NULL, 0, origin, conf, sink, errs);
}

bool zonefile_read_text(const char *name, const void *text, size_t len, const uint8_t *origin, const struct conf *conf,
                        const struct zonefile_sink *sink, struct errs *errs)
{
	return read_zone(name, text ? text : "", len, origin, conf, sink, errs);
}
