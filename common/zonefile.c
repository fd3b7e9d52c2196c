#include "zonefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rdata.h"
#include "zonefile_lb.h"
#include "zonelex.h"

/* Deeper than people nest files; a loop is found before that. */
#define INCLUDE_DEPTH_MAX 16

/* What stands where a type stands: a record's type, or one of these. */
enum { LINE_LB = 65536, LINE_POLICY, LINE_UNKNOWN };

/* What $INCLUDE saves and restores: $ORIGIN and the owner that a line without one means. */
struct names {
	uint8_t origin[DNAME_MAX];
	uint8_t owner[DNAME_MAX];
	size_t owner_len;              /* 0: none that is good */
	bool owner_wrong;              /* the last one was an error: lines that lean on it are passed over */
};

/* A file that is being read, and those that include it. */
struct level {
	const struct level *outer;
	unsigned depth;
	dev_t dev;
	ino_t ino;
};

/* Names of files live until the end, as errors found last still name them. */
struct file_name {
	struct file_name *next;
	char name[];
};

struct reader {
	const uint8_t *zone;           /* the zone's origin */
	size_t zone_len;
	const struct zonefile_sink *sink;
	struct errs *errs;
	struct zone_services *services;
	struct file_name *files;
	bool second_pass;              /* only what stands beside services; all other errors were reported before */
	bool from_text;                /* $INCLUDE is refused */
	uint64_t identity;             /* of the files read in this pass */
	struct names names;
	bool has_default_ttl, has_last_ttl;
	uint32_t default_ttl, last_ttl;
	/* what the zone has to have */
	bool soa, ns;
	struct zone_place soa_place;
	bool unreadable;               /* some line could not be read, so what is missing may stand there */
	/* of the file and the entry in hand */
	struct zone_report report;
	const struct zonelex *lex;
	struct rdata rdata;
};

static void read_file(struct reader *r, const char *file, const struct level *outer, const struct zone_token *at);

/* What stands in front of the type in an entry. */
struct line_head {
	bool has_ttl;
	uint32_t ttl;
	const struct zone_token *ttl_token;
	bool has_class;
};

static bool entry_wrong(struct reader *r)
{
	r->unreadable = true;
	return false;
}

/* The entry's first token is its owner. */
static bool set_owner(struct reader *r, const struct zone_token *t)
{
	char show[ZONE_SHOW_MAX];
	const char *why;
	struct names *n = &r->names;
	n->owner_len = 0;
	n->owner_wrong = true;
	if (t->quoted || t->quote_inside) {
		zone_report_at(&r->report, t, 0, "an owner name can't be in quotes");
		return entry_wrong(r);
	}
	size_t len = dname_from_text(n->owner, t->text, t->len, n->origin, &why);
	if (len == 0) {
		zone_report_at(&r->report, t, 0, "%s: \"%s\"", why, zone_show(t, show));
		return entry_wrong(r);
	}
	dname_lower(n->owner, n->owner, len);
	if (!dname_is_below_or_equal(n->owner, r->zone)) {
		zone_report_at(&r->report, t, 0, "owner \"%s\" is outside of the zone", zone_show(t, show));
		return false;
	}
	n->owner_len = len;
	n->owner_wrong = false;
	return true;
}

/* 1: a TTL, taken; 0: something else; -1: a wrong TTL, reported. */
static int take_ttl(struct reader *r, struct line_head *h, const struct zone_token *t)
{
	char show[ZONE_SHOW_MAX];
	uint64_t n;
	if (t->quoted || t->len == 0 || t->text[0] < '0' || t->text[0] > '9')
		return 0;
	if (h->has_ttl)
		zone_report_at(&r->report, t, 0, "a second TTL: \"%s\"", zone_show(t, show));
	else if (!rdata_period(t->text, t->len, &n))
		zone_report_at(&r->report, t, 0, "not a TTL like 3600 or 1h30m: \"%s\"", zone_show(t, show));
	else if (n > TTL_MAX)
		zone_report_at(&r->report, t, 0, "TTL is more than %u: \"%s\"", TTL_MAX, zone_show(t, show));
	else {
		h->has_ttl = true;
		h->ttl = (uint32_t)n;
		h->ttl_token = t;
		return 1;
	}
	return -1;
}

/* The same for a class. */
static int take_class(struct reader *r, struct line_head *h, const struct zone_token *t)
{
	static const char *const others[] = { "CH", "HS", "CS", "NONE", "CHAOS", "HESIOD" };
	char show[ZONE_SHOW_MAX];
	uint64_t number = 0;
	bool in = zone_token_is(t, "IN"), other = false;
	if (!in && !t->quoted && t->len > 5 && strncasecmp(t->text, "CLASS", 5) == 0) {
		in = zone_number(t->text + 5, t->len - 5, 65535, &number) && number == 1;
		other = !in;
	}
	for (size_t i = 0; !in && i < sizeof others / sizeof *others; i++)
		other = other || zone_token_is(t, others[i]);
	if (other) {
		zone_report_at(&r->report, t, 0, "class \"%s\": only IN is served", zone_show(t, show));
		return -1;
	}
	if (in && h->has_class) {
		zone_report_at(&r->report, t, 0, "a second class");
		return -1;
	}
	h->has_class = h->has_class || in;
	return in;
}

/* [TTL] [class] or [class] [TTL] from token *i on, which is then the type's. */
static bool read_head(struct reader *r, struct line_head *h, size_t *i)
{
	for (; *i < r->lex->count; ++*i) {
		const struct zone_token *t = &r->lex->tokens[*i];
		int found = take_ttl(r, h, t);
		if (found == 0)
			found = take_class(r, h, t);
		if (found < 0)
			return entry_wrong(r);
		if (found == 0)
			return true;
	}
	zone_report_at(&r->report, &r->lex->tokens[*i - 1], 0, "the line ends before its type");
	return entry_wrong(r);
}

static int read_type(struct reader *r, const struct zone_token *t)
{
	char show[ZONE_SHOW_MAX];
	if (zone_token_is(t, "LB"))
		return LINE_LB;
	if (zone_token_is(t, "POLICY"))
		return LINE_POLICY;
	int type = rdata_type(t);
	if (type >= 0 && !rdata_type_is_meta((uint16_t)type))
		return type;
	if (type >= 0)
		zone_report_at(&r->report, t, 0, "type %s can't stand in a zone", zone_show(t, show));
	else if (!t->quoted && t->len && t->text[0] == '$')
		zone_report_at(&r->report, t, 0, "a directive must begin in column 1: \"%s\"", zone_show(t, show));
	else
		zone_report_at(&r->report, t, 0, "unknown type \"%s\"", zone_show(t, show));
	return LINE_UNKNOWN;
}

/* RFC 2308 section 4: $TTL; RFC 1035 section 5.1: the last one written; a SOA alone may lend its minimum, as in BIND. */
static bool settle_ttl(struct reader *r, const struct line_head *h, struct zone_record *rec, const struct zone_token *type)
{
	if (h->has_ttl) {
		rec->ttl = h->ttl;
	} else if (r->has_default_ttl) {
		rec->ttl = r->default_ttl;
	} else if (r->has_last_ttl) {
		rec->ttl = r->last_ttl;
	} else if (rec->type == TYPE_SOA) {
		uint32_t minimum = wire_get32(rec->rdata + rec->rdata_len - 4);
		rec->ttl = r->default_ttl = minimum > TTL_MAX ? TTL_MAX : minimum; /* \# can give any */
		r->has_default_ttl = true;
	} else {
		zone_report_at(&r->report, type, 0, "no TTL: neither here, nor in a line before, nor by $TTL");
		return false;
	}
	return true;
}

/* SOA and NS at the origin. False: the record is wrong (reported). */
static bool note_apex(struct reader *r, const struct zone_record *rec, const struct zone_token *type)
{
	bool at_origin = rec->owner_len == r->zone_len;
	if (rec->type == TYPE_NS && at_origin)
		r->ns = true;
	if (rec->type == TYPE_CNAME && at_origin) {
		zone_report_at(&r->report, type, 0, "a CNAME can't stand at the zone's origin");
		return false;
	}
	if (rec->type != TYPE_SOA)
		return true;
	if (!at_origin)
		zone_report_at(&r->report, type, 0, "a SOA can stand at the zone's origin only");
	else if (r->soa_place.line)
		zone_report_at(&r->report, type, 0, "a second SOA; the first is in %s line %u", r->soa_place.file, r->soa_place.line);
	else
		r->soa_place = rec->place;
	return at_origin && rec->place.line == r->soa_place.line && rec->place.column == r->soa_place.column;
}

/* A standard record; `i` is its type's token. */
static void read_record(struct reader *r, const struct line_head *h, uint16_t type, size_t i)
{
	const struct zonelex *x = r->lex;
	const struct zone_token *t = &x->tokens[i];
	bool at_origin = r->names.owner_len == r->zone_len;
	r->soa = r->soa || (type == TYPE_SOA && at_origin); /* also a wrong one: one error is enough */
	r->ns = r->ns || (type == TYPE_NS && at_origin);
	if (h->has_ttl) {
		r->last_ttl = h->ttl;
		r->has_last_ttl = true;
	}
	struct rdata_source source = { .type = type, .type_token = t, .tokens = t + 1, .count = x->count - i - 1,
		.origin = r->names.origin, .report = &r->report };
	if (!rdata_make(&r->rdata, &source)) {
		r->has_default_ttl = r->has_default_ttl || type == TYPE_SOA; /* its minimum might have been the TTL of the rest */
		return;
	}
	struct zone_record rec = { .owner = r->names.owner, .owner_len = r->names.owner_len, .type = type,
		.rdata = r->rdata.bytes, .rdata_len = (uint16_t)r->rdata.len,
		.place = { r->report.file, t->line, t->column } };
	if (settle_ttl(r, h, &rec, t) && note_apex(r, &rec, t) && r->sink->record)
		r->sink->record(r->sink->arg, &rec, r->errs);
}

static void read_service_line(struct reader *r, const struct line_head *h, int type, size_t i)
{
	struct zone_line line = { .owner = r->names.owner, .owner_len = r->names.owner_len,
		.has_ttl = h->has_ttl, .ttl = h->ttl, .ttl_token = h->ttl_token, .type_token = &r->lex->tokens[i],
		.tokens = &r->lex->tokens[i + 1], .count = r->lex->count - i - 1,
		.origin = r->names.origin, .report = r->report };
	(type == LINE_LB ? zone_services_lb : zone_services_policy)(r->services, &line);
}

/* An owner line that is no directive. */
static void read_line(struct reader *r)
{
	const struct zone_token *tokens = r->lex->tokens;
	struct line_head head = { 0 };
	size_t i = 0;
	if (!r->lex->starts_blank && !set_owner(r, &tokens[i++]))
		return;
	if (r->names.owner_wrong)
		return;
	if (r->names.owner_len == 0) {
		zone_report_at(&r->report, &tokens[0], 0, "no owner: neither here nor in a line before");
		r->names.owner_wrong = true;
		return;
	}
	if (!read_head(r, &head, &i))
		return;
	int type = read_type(r, &tokens[i]);
	if (type == LINE_UNKNOWN) {
		entry_wrong(r);
	} else if (r->second_pass) {
		const struct zone_report report = { r->report.file, r->errs };
		if (type < LINE_LB)
			zone_services_beside(r->services, r->names.owner, r->names.owner_len, (uint16_t)type, &tokens[i], &report);
	} else if (type < LINE_LB) {
		read_record(r, &head, (uint16_t)type, i);
	} else {
		read_service_line(r, &head, type, i);
	}
}

static void read_ttl_directive(struct reader *r, const struct zone_token *t)
{
	struct line_head head = { 0 };
	char show[ZONE_SHOW_MAX];
	int found = take_ttl(r, &head, t);
	if (found == 0)
		zone_report_at(&r->report, t, 0, "not a TTL like 3600 or 1h30m: \"%s\"", zone_show(t, show));
	if (found == 1)
		r->default_ttl = head.ttl;
	r->has_default_ttl = true; /* also after an error: it is reported once, not for each record */
}

/* A name that completes others. */
static bool read_origin(struct reader *r, const struct zone_token *t, uint8_t out[DNAME_MAX])
{
	char show[ZONE_SHOW_MAX];
	uint8_t name[DNAME_MAX];
	const char *why = "a name can't be in quotes";
	size_t len = t->quoted || t->quote_inside ? 0 : dname_from_text(name, t->text, t->len, r->names.origin, &why);
	if (len == 0) {
		zone_report_at(&r->report, t, 0, "%s: \"%s\"", why, zone_show(t, show));
		return entry_wrong(r);
	}
	memcpy(out, name, len);
	return true;
}

/* `path`, which is relative to the folder of `file`. The result lives as long as the reader. NULL: no memory. */
static const char *keep_file_name(struct reader *r, const char *file, const char *path, size_t len)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	size_t folder = slash && path[0] != '/' ? (size_t)(slash - file) + 1 : 0;
	struct file_name *f = malloc(sizeof *f + folder + len + 1);
	if (!f)
		return NULL;
	memcpy(f->name, file ? file : "", folder);
	memcpy(f->name + folder, path, len);
	f->name[folder + len] = 0;
	f->next = r->files;
	r->files = f;
	return f->name;
}

static void read_include(struct reader *r, const struct level *level)
{
	const struct zone_token *t = &r->lex->tokens[1];
	const struct zonelex *lex = r->lex;
	const struct zone_report report = r->report;
	struct names saved = r->names;
	if (r->from_text || t->len == 0 || level->depth >= INCLUDE_DEPTH_MAX) {
		zone_report_at(&r->report, t, 0, "%s", r->from_text ? "$INCLUDE is not possible here" :
		               t->len == 0 ? "a file's name is needed" : "$INCLUDE is nested too deeply");
		entry_wrong(r);
		return;
	}
	if (lex->count == 3 && !read_origin(r, &lex->tokens[2], r->names.origin))
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

static void read_directive(struct reader *r, const struct level *level)
{
	const struct zone_token *t = r->lex->tokens;
	char show[ZONE_SHOW_MAX];
	bool include = zone_token_is(t, "$INCLUDE"), origin = zone_token_is(t, "$ORIGIN");
	if (!include && !origin && !zone_token_is(t, "$TTL")) {
		zone_report_at(&r->report, t, 0, "unknown directive \"%s\"", zone_show(t, show));
		entry_wrong(r);
	} else if (r->lex->count < 2) {
		zone_report_at(&r->report, t, 0, "%s needs a value", zone_show(t, show));
		entry_wrong(r);
	} else if (r->lex->count > (include ? 3u : 2u)) {
		zone_report_at(&r->report, &t[include ? 3 : 2], 0, "more than %s takes", zone_show(t, show));
		entry_wrong(r);
	} else if (include) {
		read_include(r, level);
	} else if (origin) {
		read_origin(r, &t[1], r->names.origin);
	} else {
		read_ttl_directive(r, &t[1]);
	}
}

/* All entries of an opened file. */
static void read_entries(struct reader *r, struct zonelex *x, const char *file, const struct level *level)
{
	enum zonelex_result result;
	while ((result = zonelex_next(x)) != ZONELEX_END) {
		r->lex = x;
		r->report.file = file;
		r->report.errs = r->second_pass ? NULL : r->errs;
		if (result == ZONELEX_ERROR) {
			if (r->report.errs)
				errs_add(r->errs, file, x->error_line, x->error_column, "%s", x->why);
			entry_wrong(r);
		} else if (!x->starts_blank && !x->tokens[0].quoted && x->tokens[0].len && x->tokens[0].text[0] == '$') {
			read_directive(r, level);
		} else {
			read_line(r);
		}
	}
}

static uint64_t mix(uint64_t h, uint64_t n)
{
	h = (h ^ n) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static void note_identity(struct reader *r, const struct stat *st)
{
	r->identity = mix(mix(mix(mix(r->identity, (uint64_t)st->st_ino), (uint64_t)st->st_size), (uint64_t)st->st_mtim.tv_sec),
	                  (uint64_t)st->st_mtim.tv_nsec);
}

static bool includes_itself(const struct level *level)
{
	for (const struct level *l = level->outer; l; l = l->outer)
		if (l->dev == level->dev && l->ino == level->ino)
			return true;
	return false;
}

/* `at`: the $INCLUDE's file name; NULL: the zone's own file. */
static void read_file(struct reader *r, const char *file, const struct level *outer, const struct zone_token *at)
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
	if (opened)
		zonelex_close(&x);
}

static void read_text(struct reader *r, const char *name, const void *text, size_t len)
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
static void read_pass(struct reader *r, const char *name, const void *text, size_t len)
{
	memset(&r->names, 0, sizeof r->names);
	memcpy(r->names.origin, r->zone, r->zone_len);
	r->has_default_ttl = r->has_last_ttl = false;
	r->identity = 0;
	if (r->from_text)
		read_text(r, name, text, len);
	else
		read_file(r, name, NULL, NULL);
}

static void check_apex(struct reader *r, const char *file)
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

static void read_whole(struct reader *r, const char *name, const void *text, size_t len)
{
	read_pass(r, name, text, len);
	uint64_t first = r->identity;
	check_apex(r, name);
	zone_services_finish(r->services, r->errs);
	if (zone_services_count(r->services) == 0)
		return;
	r->second_pass = true;
	read_pass(r, name, text, len);
	if (r->identity != first)
		errs_add(r->errs, name, 0, 0, "changed while it was read; try again");
}

static void free_reader(struct reader *r)
{
	while (r->files) {
		struct file_name *next = r->files->next;
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
	struct reader *r = calloc(1, sizeof *r);
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
