#include "health.h"

#include <string.h>
#include "../common/check.h"
#include "../common/dname.h"
#include "../common/loop.h"
#include "../common/shed.h"
#include "numbers.h"
#include "../common/txt.h"

static uint32_t read32(const _Atomic(uint32_t) *a)
{
	return atomic_load_explicit(a, memory_order_relaxed);
}

static int64_t read64(const _Atomic(int64_t) *a)
{
	return atomic_load_explicit(a, memory_order_relaxed);
}

static void put_age(struct txt *s, int64_t age)
{
	txt_put_tenths(s, "age", age > 0 ? (uint64_t)age / (uint64_t)NS_PER_MS : 0);
}

static void put_addresses(struct txt *s, const struct member *m)
{
	struct txt_list list;
	char one[ADDR_TEXT_MAX];
	txt_list_begin(&list, s, "address");
	for (size_t i = 0; i < m->ntargets; i++)
		txt_list_add(&list, ',', addr_text(&m->targets[i], one));
	txt_list_end(&list, false);
}

/* A name of 255 octets may be longer as text than a string is: then its begin. */
static void put_target(struct txt *s, const struct member *m)
{
	char host[DNAME_TEXT_MAX];
	if (m->host)
		txt_put(s, "address=%.*s", TXT_STRING_MAX - 8, dname_to_text(m->host, host));
	else
		put_addresses(s, m);
}

/* To the microsecond, as the choice takes it: what is within 10 % or 1 ms must not depend on who looks. */
static void put_rtt(struct txt *s, uint32_t rtt_us)
{
	if (rtt_us)
		txt_put_decimal(s, "rtt", rtt_us, 3, 1);
}

/* An observation that is not made anew all the time (no check) has no age. */
static bool is_probed(const struct live_member *l)
{
	uint32_t result = read32(&l->result);
	return result != RESULT_NONE && result != RESULT_UNCHECKED;
}

static const char *site_name(const struct health_input *in, const struct member *m)
{
	return m->site == MEMBER_NO_SITE ? "-" : in->conf->sites[m->site].name;
}

/* --- observers --- */

static int64_t interval_of(const struct health_input *in)
{
	return loop_seconds(in->conf->exchange.interval);
}

bool health_next_seen(const struct health_input *in, size_t *slot, struct seen *out)
{
	for (size_t n = observe_slots(in->live); *slot < n;)
		if (observe_read(in->live, (*slot)++, out) && out->end > in->now)
			return true;
	return false;
}

/* How well what it says explains the verdict. */
static unsigned fitness(const struct health_input *in, const struct seen *s, uint32_t verdict, const char *home)
{
	bool at_home = read32(&in->live->source) == SOURCE_HOME && numbers_is_from(s->observer, home);
	return 8u * seen_counts(s, in->now, interval_of(in)) + 4u * (s->state == verdict) + 2u * at_home + s->observer->own;
}

/* Whose words stand for the verdict. False: nobody has said anything. */
static bool find_speaker(const struct health_input *in, struct seen *out)
{
	uint32_t verdict = read32(&in->live->verdict);
	const char *home = site_name(in, &in->service->members[in->member]);
	unsigned best = 0;
	struct seen s;
	bool found = false;
	for (size_t slot = 0; health_next_seen(in, &slot, &s);) {
		unsigned fits = fitness(in, &s, verdict, home);
		if (found && fits <= best)
			continue;
		best = fits;
		*out = s;
		found = true;
	}
	return found;
}

static struct numbers numbers_in(const struct health_input *in)
{
	const struct member *m = &in->service->members[in->member];
	const char *home = m->site == MEMBER_NO_SITE ? NULL : site_name(in, m);
	return numbers_of(in->live, m, home, in->now, interval_of(in));
}

static void put_count(struct txt *s, const char *key, uint64_t v)
{
	txt_put(s, "%s=%llu", key, (unsigned long long)v);
}

static void put_use(struct txt *s, const struct numbers *n)
{
	if (n->has & HAS_SESSIONS)
		put_count(s, "sessions", n->sessions);
	if (n->capacity)
		put_count(s, "capacity", n->capacity);
	if (n->has & HAS_LOAD)
		txt_put_decimal(s, "load", n->load_ppm, 6, 2);
	if (n->has & HAS_COST)
		txt_put_decimal(s, "cost", n->cost_milli, 3, 1);
}

/* Of its weight, agents leave so much. */
static void put_agent(struct txt *s, uint32_t percent)
{
	txt_put(s, "agent=%u%%", (unsigned)percent);
}

/* Of its clients so many networks go elsewhere. */
static void put_shed(struct txt *s, const struct health_input *in)
{
	const struct policy *p = in->service->policy;
	if (policy_sheds(p) && in->numbers && in->numbers->known & NUMBER_USE)
		txt_put_decimal(s, "shed", shed_share(p, in->numbers->use_ppm), 6, 2);
}

static void put_forwarder(struct txt *s, const struct numbers *n, enum verdict verdict)
{
	if (n->has & HAS_LOCAL)
		txt_put(s, "local=%llu/%llu", (unsigned long long)n->local_up, (unsigned long long)n->local_all);
	if (n->has & HAS_FORWARDED)
		txt_put_tenths(s, "forwarded", n->forwarded_milli);
	if (n->has & HAS_TAIL && (verdict == VERDICT_DOWN || verdict == VERDICT_DRAIN))
		txt_put_tenths(s, "tail", n->tail_milli);
}

/* --- records --- */

static void put_check(struct txt *s, const struct health_input *in, const struct seen *speaker)
{
	char text[CHECK_RESULT_TEXT_MAX];
	if (speaker && !speaker->observer->own) {
		if (speaker->check)
			txt_put(s, "check=%.*s", TXT_STRING_MAX - 6, speaker->check);
		return;
	}
	txt_put(s, "check=%s", check_result_text((enum check_result)read32(&in->live->result), read32(&in->live->result_detail), text));
}

static void put_seen_age(struct txt *s, const struct health_input *in, const struct seen *speaker)
{
	if (speaker && !speaker->observer->own)
		put_age(s, in->now - speaker->received);
	else if (is_probed(in->live))
		put_age(s, in->now - read64(&in->live->seen_mono));
}

size_t health_member_rdata(uint8_t *out, size_t size, const struct health_input *in)
{
	const struct member *m = &in->service->members[in->member];
	enum verdict verdict = (enum verdict)read32(&in->live->verdict);
	int64_t since = read64(&in->live->since_wall);
	uint32_t votes = read32(&in->live->votes), rtt = read32(&in->live->rtt_us);
	struct numbers n = numbers_in(in);
	char time[LOOP_TIME_TEXT_MAX];
	struct seen found, *speaker = find_speaker(in, &found) ? &found : NULL;
	struct txt s;
	txt_begin(&s, out, size);
	txt_put(&s, "site=%s", site_name(in, m));
	if (strcmp(site_name(in, m), m->label) != 0)
		txt_put(&s, "name=%s", m->label);
	txt_put(&s, "state=%s", verdict_name(verdict));
	put_target(&s, m);
	if (since)
		txt_put(&s, "since=%s", loop_time_text(since, time));
	txt_put(&s, "source=%s", verdict_source_name((enum verdict_source)read32(&in->live->source)));
	put_check(&s, in, speaker);
	put_rtt(&s, rtt ? rtt : n.rtt_us);
	put_use(&s, &n);
	txt_put(&s, "weight=%u", m->weight);
	if (n.has & HAS_WEIGHT)
		put_agent(&s, n.percent);
	txt_put(&s, "rank=%u", m->rank);
	put_seen_age(&s, in, speaker);
	txt_put(&s, "observers=%u/%u", (unsigned)(votes >> 16), (unsigned)(votes & 0xffff));
	put_forwarder(&s, &n, verdict);
	put_shed(&s, in);
	return txt_end(&s);
}

/* Another instance of the same program has something to say of the member, too. */
static bool has_twin(const struct health_input *in, const struct observer *who)
{
	struct seen s;
	for (size_t slot = 0; health_next_seen(in, &slot, &s);)
		if (s.observer != who && s.observer->program == who->program)
			return true;
	return false;
}

/* Our own programs are called by their site while it has one of them: "den", "den/fwd". */
static size_t shown_name(const struct health_input *in, const struct observer *who)
{
	if ((!who->dnsd && !numbers_is_fwd(who)) || has_twin(in, who))
		return strlen(who->name);
	return who->dnsd ? who->site_end : who->program_end;
}

size_t health_observer_rdata(uint8_t *out, size_t size, const struct health_input *in, const struct seen *seen)
{
	bool own = !seen || seen->observer->own;
	struct txt s;
	txt_begin(&s, out, size);
	if (seen)
		txt_put(&s, "observer=%.*s", (int)shown_name(in, seen->observer), seen->observer->name);
	else
		txt_put(&s, "observer=%s", in->conf->own->name);
	txt_put(&s, "state=%s", verdict_name((enum verdict)(seen ? seen->state : read32(&in->live->verdict))));
	put_rtt(&s, own ? read32(&in->live->rtt_us) : seen->rtt_us);
	put_seen_age(&s, in, seen);
	put_check(&s, in, seen);
	if (seen && seen->has & HAS_WEIGHT)
		put_agent(&s, seen->percent);
	if (seen && !own) {
		struct numbers n = { .has = 0 };
		numbers_add(&n, seen);
		put_use(&s, &n);
	}
	return txt_end(&s);
}

/* "refused=12", and then how many of them why. */
static void put_refused(struct txt *s, const uint64_t counts[EXCHANGE_REASONS])
{
	uint64_t all = 0;
	for (unsigned r = EXCHANGE_TAKEN + 1; r < EXCHANGE_REASONS; r++)
		all += counts[r];
	if (all)
		put_count(s, "refused", all);
	for (unsigned r = EXCHANGE_TAKEN + 1; r < EXCHANGE_REASONS; r++)
		if (counts[r])
			put_count(s, exchange_reason_name((enum exchange_reason)r), counts[r]);
}

size_t health_site_rdata(uint8_t *out, size_t size, const struct health_site *site)
{
	struct txt s;
	txt_begin(&s, out, size);
	txt_put(&s, "site=%s", site->name);
	txt_put(&s, "state=%s", site->heard ? "heard" : "unheard");
	txt_put(&s, "members=%u/%u", (unsigned)site->up, (unsigned)site->all);
	if (site->age >= 0)
		put_age(&s, site->age);
	if (site->config)
		txt_put(&s, "config=%08x", (unsigned)site->config);
	put_refused(&s, site->counts);
	return txt_end(&s);
}
