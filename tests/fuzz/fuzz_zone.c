/*
 * Any bytes as a zone file: errors or a zone, nothing else. What is taken in
 * must be fit to be served: owners inside the zone, rdata that its own type
 * reads back, services with members, labels and a policy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dname.h"
#include "rdata.h"
#include "zonefile.h"

#define ORIGIN ((const uint8_t *)"\7example\3com")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char conf_text[] =
	"site = \"sjc\"; user = \"\";\n"
	"sites = ( { name = \"sjc\"; control = [ \"127.1.0.53@53\" ]; key = \"k\"; },\n"
	"          { name = \"den\"; control = [ \"127.2.0.53@53\" ]; key = \"k\"; } );\n"
	"keys = ( { name = \"k\"; secret = \"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=\"; } );\n"
	"dns = { listen = [ \"127.1.0.53@53\" ]; };\n"
	"checks = ( { name = \"web\"; type = \"http\"; }, { name = \"tcp\"; type = \"tcp\"; } );\n"
	"policies = ( { name = \"nearest\"; rules = ( { metrics = [ \"local\" ]; } ); } );\n";

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "taken in, though not so: %s\n", what);
	abort();
}

static void record(void *arg, const struct zone_record *r, struct errs *errs)
{
	(void)arg;
	(void)errs;
	uint8_t lower[DNAME_MAX];
	must(dname_valid(r->owner, r->owner_len), "the owner is a name");
	must(dname_is_below_or_equal(r->owner, ORIGIN), "the owner is inside the zone");
	dname_lower(lower, r->owner, r->owner_len);
	must(memcmp(lower, r->owner, r->owner_len) == 0, "the owner is in lower case");
	must(r->ttl <= TTL_MAX, "the TTL is in range");
	must(!rdata_type_is_meta(r->type), "the type is one of data");
	const char *why = rdata_wrong(r->type, r->rdata, r->rdata_len);
	if (why)
		fprintf(stderr, "line %u, type %u: %s\n", r->place.line, r->type, why);
	must(!why, "the rdata is of its type");
	must(r->place.line > 0 && r->place.column > 0, "the record has a place");
}

static void service(void *arg, struct service *s)
{
	(void)arg;
	must(dname_valid(s->name, s->name_len) && dname_is_below_or_equal(s->name, ORIGIN), "the service is inside the zone");
	must(s->nmembers > 0 && s->nmembers <= SERVICE_MEMBERS_MAX && s->policy, "the service has members and a policy");
	for (size_t i = 0; i < s->nmembers; i++) {
		const struct member *m = &s->members[i];
		must(m->label[0] && (m->ntargets > 0) != (m->host != NULL) && m->rank > 0, "the member is whole");
		for (size_t k = 0; k < i; k++)
			must(strcmp(m->label, s->members[k].label) != 0, "labels are unique");
	}
	service_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf *conf;
	const struct zonefile_sink sink = { record, service, NULL };
	struct errs errs;
	errs_init(&errs);
	if (!conf)
		conf = conf_load_text("fairlead.conf", conf_text, sizeof conf_text - 1, &errs);
	must(conf != NULL, "the configuration can be loaded");
	bool ok = zonefile_read_text("z", data, size, ORIGIN, conf, &sink, &errs);
	must(ok == (errs.count == 0), "either no error, or one is told");
	errs_free(&errs);
	return 0;
}
