#include "exchange_parts.h"

#include "../common/log.h"
#include "../common/loop.h"

/* One line about each reason in this time, which doubles while they go on: neither who sends rubbish nor a key that doesn't match for a week fills the disk. */
#define LOG_WAIT_MIN (1 * NS_PER_SECOND)
#define LOG_WAIT_MAX (60 * NS_PER_SECOND)

static void log_reason(enum exchange_reason r, const char *from, const char *who, const char *why, uint64_t count)
{
	log_warn("update not taken", "reason=%s from=%s by=%s why=\"%s\" count=%llu", exchange_reason_name(r), from, who, why,
	         (unsigned long long)count);
}

/* It is time for a line about `r`. */
static bool due(struct exchange *x, enum exchange_reason r, int64_t now)
{
	int64_t quiet = now - x->logged[r], *wait = &x->log_wait[r];
	if (x->logged[r] && quiet < *wait)
		return false;
	*wait = !x->logged[r] || quiet > 2 * LOG_WAIT_MAX ? LOG_WAIT_MIN : *wait * 2 < LOG_WAIT_MAX ? *wait * 2 : LOG_WAIT_MAX;
	x->logged[r] = now;
	return true;
}

void exchange_note(struct exchange *x, enum exchange_reason r, const struct addr *from, const char *who, const char *why)
{
	char text[ADDR_TEXT_MAX];
	uint64_t count = exchange_count_one(r);
	if (r == EXCHANGE_TAKEN || !due(x, r, loop_now()))
		return;
	log_reason(r, addr_text_at(from, text), who ? who : "-", why ? why : "", count);
}

void exchange_note_others(struct exchange *x)
{
	for (enum exchange_reason r = EXCHANGE_UNSIGNED; r < EXCHANGE_REASONS; r++) {
		uint64_t count = exchange_count(r);
		if (count == x->told[r] || !due(x, r, loop_now()))
			continue;
		log_reason(r, "-", "-", "", count);
		x->told[r] = count;
	}
}

void exchange_note_job(struct job *j, enum exchange_reason r, const char *why)
{
	exchange_note(j->x, r, &j->message->from, j->tsig.key ? j->tsig.key->name : NULL, why);
}
