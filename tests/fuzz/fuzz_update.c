/* A whole UPDATE message, and the strings of its records as observations, as admin records and as round trips. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../../common/rtt_record.h"
#include "../../common/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood is written, and understood again. */
static void there_and_back(const struct update_record *r)
{
	uint8_t rdata[4096];
	struct update_observation o;
	struct update_admin a;
	struct rtt_record rtt, again;
	const char *why;
	size_t n;
	if (update_observation_read(&o, r->rdata, r->len, &why)) {
		n = update_observation_write(&o, rdata, sizeof rdata);
		if (!n || !update_observation_read(&o, rdata, n, &why))
			abort();
	}
	if (rtt_record_read(&rtt, r->rdata, r->len, &why)) {
		n = rtt_record_write(&rtt, rdata, sizeof rdata);
		if (!n || !rtt_record_read(&again, rdata, n, &why) || memcmp(&rtt, &again, sizeof rtt))
			abort();
	}
	if (update_admin_read(&a, r->rdata, r->len, &why)) {
		n = update_admin_write(&a, rdata, sizeof rdata);
		if (!n || !update_admin_read(&a, rdata, n, &why))
			abort();
	}
}

/* Ignoring case: an owner in upper case is for others to find. */
static bool same_bytes(const uint8_t *lower, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower[i] != (p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 32 : p[i]))
			return false;
	return true;
}

/* What is seen at a glance is what reading finds. */
static void glance_is_right(const struct update *before, const struct update_record *r)
{
	struct update u = *before;
	struct update_glance g;
	struct update_observation whole, phrase;
	uint8_t owner[DNAME_MAX + 2];
	const char *why;
	if (!update_glance(&u, NULL, 0, &g))
		return;
	struct update_glance first = g;
	struct update again = *before;
	bool good = update_observation_read(&whole, r->rdata, r->len, &why);
	size_t n = update_owner_on_wire(owner, r->owner, before->zone);
	if (r->action != UPDATE_ADD || r->ttl != g.ttl || n != g.owner_len || !same_bytes(owner, g.owner, n))
		abort();
	if (update_observation_read(&phrase, g.phrase, g.phrase_len, &why) != good)
		abort();
	if (good && (!(whole.has & HAS_SEQ) || whole.seq != g.seq || (g.has_rtt && whole.rtt_us != g.rtt_us)
		|| (whole.has | HAS_SEQ | HAS_RTT) != (phrase.has | HAS_SEQ | HAS_RTT)))
		abort();
	phrase.seq = whole.seq;
	phrase.has = whole.has;
	if (g.has_rtt)
		phrase.rtt_us = whole.rtt_us;
	if (good && memcmp(&whole, &phrase, sizeof whole) != 0)
		abort();
	/* with a good guess it is the same */
	if (!update_glance(&again, first.phrase, first.phrase_len, &g) || g.phrase_len != first.phrase_len || g.seq != first.seq
		|| g.rtt_us != first.rtt_us || again.records.at != u.records.at)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct update u;
	struct update_record r;
	struct update_owner owner;
	const char *why;
	if (update_read(&u, data, size, &why) != UPDATE_OK)
		return 0;
	for (struct update before = u; update_next(&u, &r); before = u) {
		glance_is_right(&before, &r);
		update_owner_read(&owner, r.owner, u.zone);
		if (r.action != UPDATE_DELETE_SET)
			there_and_back(&r);
	}
	return 0;
}
