#include "exchange_parts.h"

#include <string.h>
#include "../common/loop.h"
#include "../common/rtt_record.h"
#include "rtts.h"

/* Strings of a record that others may have filled to the limit. */
#define RTT_RDATA_MAX 4096

/* Only what the site's own key says of the site's own clients. They end by themselves: nobody deletes them. */
bool exchange_check_rtt(struct job *j, const struct update_record *r, const struct update_owner *o)
{
	struct rtt_record record;
	if (r->action != UPDATE_ADD) {
		j->why = "round trips are not deleted, they end by their TTL";
		return false;
	}
	if (!rtt_record_read(&record, r->rdata, r->len, &j->why))
		return false;
	j->why = "round trips are of the key's own site";
	return exchange_is_site_of(j->x->gen->conf, j->tsig.key, o->label, strlen(o->label)) && exchange_may_write_as(j, record.observer)
		&& strncmp(record.observer, o->label, strlen(o->label)) == 0 && record.observer[strlen(o->label)] == '/';
}

/* What our own site's forwarders say, all others hear from us. */
static void pass_on(struct job *j, const struct update_record *r, const struct rtt_record *record, const char *site)
{
	uint8_t rdata[RTT_RDATA_MAX];
	if (strcmp(site, j->x->gen->conf->own->name) != 0)
		return;
	size_t len = rtt_record_write(record, rdata, sizeof rdata);
	if (len)
		exchange_say_record(j->x, j->zone, r->owner, r->ttl, rdata, len);
}

void exchange_take_rtt(struct job *j, const struct update_record *r, const struct update_owner *o)
{
	struct rtt_record record;
	if (!rtt_record_read(&record, r->rdata, r->len, &j->why))
		return;
	switch (rtts_take(j->x->rtts, o->label, &record, r->ttl, loop_now())) {
	case RTTS_TAKEN:
		exchange_note_job(j, EXCHANGE_TAKEN, NULL);
		pass_on(j, r, &record, o->label);
		return;
	case RTTS_OLD:
		return; /* each name server of a site passes them on: they come more than once by right */
	case RTTS_FULL:
		exchange_note_job(j, EXCHANGE_FULL, "round trips");
		return;
	}
}
