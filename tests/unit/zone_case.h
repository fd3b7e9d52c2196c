/*
 * zone_case: a zone from text, and what came of it, for the tests of zone files.
 * The zone is "example.com."; there are the sites sjc and den, the checks web
 * (http), tcp (no port of its own), alive (tcp, port 7), and the policy nearest.
 */
#ifndef FAIRLEAD_ZONE_CASE_H
#define FAIRLEAD_ZONE_CASE_H

#include <stdlib.h>
#include <string.h>
#include "dname.h"
#include "unit.h"
#include "zonefile.h"

#define CASE_ORIGIN ((const uint8_t *)"\7example\3com")

struct case_record {
	struct case_record *next;
	struct zone_record record;     /* owner and rdata point behind it */
};

struct zone_case {
	struct errs errs;
	struct case_record *records, **last;
	struct service *services[2000];
	size_t nrecords, nservices;
	bool ok;
};

static const char case_conf_text[] =
	"site = \"sjc\"; user = \"\";\n"
	"sites = ( { name = \"sjc\"; control = [ \"127.1.0.53@53\" ]; key = \"k\"; },\n"
	"          { name = \"den\"; control = [ \"127.2.0.53@53\" ]; key = \"k\"; } );\n"
	"keys = ( { name = \"k\"; secret = \"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=\"; } );\n"
	"dns = { listen = [ \"127.1.0.53@53\" ]; };\n"
	"checks = ( { name = \"web\"; type = \"http\"; }, { name = \"tcp\"; type = \"tcp\"; },\n"
	"           { name = \"alive\"; type = \"tcp\"; port = 7; } );\n"
	"policies = ( { name = \"nearest\"; rules = ( { metrics = [ \"local\" ]; } ); } );\n";

/* The configuration, loaded once. */
static inline struct conf *case_conf(void)
{
	static struct conf *conf;
	struct errs errs;
	if (conf)
		return conf;
	errs_init(&errs);
	conf = conf_load_text("fairlead.conf", case_conf_text, sizeof case_conf_text - 1, &errs);
	errs_print(&errs, stdout);
	CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
	errs_free(&errs);
	return conf;
}

static inline void case_record(void *arg, const struct zone_record *r, struct errs *errs)
{
	struct zone_case *c = arg;
	(void)errs;
	struct case_record *copy = malloc(sizeof *copy + r->owner_len + r->rdata_len);
	uint8_t *bytes = (uint8_t *)(copy + 1);
	copy->record = *r;
	copy->record.owner = memcpy(bytes, r->owner, r->owner_len);
	copy->record.rdata = bytes + r->owner_len;
	memcpy(bytes + r->owner_len, r->rdata, r->rdata_len);
	copy->next = NULL;
	*c->last = copy;
	c->last = &copy->next;
	c->nrecords++;
}

static inline void case_service(void *arg, struct service *s)
{
	struct zone_case *c = arg;
	CU_ASSERT_FATAL(c->nservices < sizeof c->services / sizeof *c->services);
	c->services[c->nservices++] = s;
}

static inline void case_init(struct zone_case *c)
{
	memset(c, 0, sizeof *c);
	c->last = &c->records;
	errs_init(&c->errs);
}

static inline void case_free(struct zone_case *c)
{
	for (struct case_record *r = c->records, *next; r; r = next) {
		next = r->next;
		free(r);
	}
	for (size_t i = 0; i < c->nservices; i++)
		service_free(c->services[i]);
	errs_free(&c->errs);
}

/* Reads a text as the zone; free with case_free. */
static inline void case_read(struct zone_case *c, const char *text, size_t len)
{
	case_init(c);
	const struct zonefile_sink sink = { case_record, case_service, c };
	c->ok = zonefile_read_text("z", text, len, CASE_ORIGIN, case_conf(), &sink, &c->errs);
}

/* The same from a file. */
static inline void case_read_file(struct zone_case *c, const char *file)
{
	case_init(c);
	const struct zonefile_sink sink = { case_record, case_service, c };
	c->ok = zonefile_read(file, CASE_ORIGIN, case_conf(), &sink, &c->errs);
}

/* Two lines in front make a zone whole, so that a case is about its own lines, which begin in line 3. */
#define CASE_HEAD "@ 300 SOA ns host 1 3600 600 86400 30\n NS ns\n"

/* All errors, one a line, as they are shown. */
static inline char *case_errors(const struct zone_case *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	errs_print(&c->errs, f);
	fclose(f);
	return text;
}

/* Reads CASE_HEAD and `lines`; the errors must be exactly `want` ("" for none). Free with case_free. */
static inline void case_expect(struct zone_case *c, const char *lines, const char *want)
{
	char *text = NULL;
	if (asprintf(&text, CASE_HEAD "%s", lines) < 0)
		abort();
	case_read(c, text, strlen(text));
	char *got = case_errors(c);
	CU_ASSERT_STRING_EQUAL(got, want);
	CU_ASSERT_EQUAL(c->ok, *want == 0);
	if (strcmp(got, want) != 0)
		printf("\n--- from:\n%s\n--- wanted:\n%s--- got:\n%s", lines, want, got);
	free(got);
	free(text);
}

struct error_case { const char *lines, *want; };

static inline void case_expect_all(const struct error_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct zone_case c;
		case_expect(&c, cases[i].lines, cases[i].want);
		case_free(&c);
	}
}

#define CASE_EXPECT_ALL(cases) case_expect_all(cases, sizeof cases / sizeof *cases)

#endif
