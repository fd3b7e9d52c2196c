/* The strings of observations and admin records: key=value. */
#include "update.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "loop.h"
#include "txt.h"

/* --- values --- */

/* Digits, and up to `digits` more behind a point (further ones are dropped), as an integer of that many decimals. */
static bool read_fixed(const char *text, unsigned digits, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	unsigned after = 0;
	bool point = false, any = false;
	for (; *text; text++) {
		if (*text == '.' && !point && digits) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return false;
		any = true;
		if (point && after == digits)
			continue;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
		after += point;
	}
	for (; after < digits; after++)
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	*out = v;
	return any && v <= max;
}

static bool read_fixed32(const char *text, unsigned digits, uint64_t max, uint32_t *out)
{
	uint64_t v;
	if (!read_fixed(text, digits, max, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool read_hex(const char *text, uint32_t *out)
{
	uint32_t v = 0;
	size_t n = strlen(text);
	if (n == 0 || n > 8 || strspn(text, "0123456789abcdef") != n)
		return false;
	for (; *text; text++)
		v = v << 4 | (uint32_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	*out = v;
	return true;
}

static bool copy_text(char *out, size_t size, const char *text)
{
	size_t n = strlen(text);
	if (n >= size)
		return false;
	memcpy(out, text, n + 1);
	return true;
}

/* "2/3" */
static bool read_share(const char *text, uint32_t *part, uint32_t *all)
{
	char first[16];
	const char *slash = strchr(text, '/');
	if (!slash || (size_t)(slash - text) >= sizeof first)
		return false;
	memcpy(first, text, (size_t)(slash - text));
	first[slash - text] = '\0';
	return read_fixed32(first, 0, UINT32_MAX, part) && read_fixed32(slash + 1, 0, UINT32_MAX, all);
}

static bool two_digits(const char **at, char end, int least, int most, int *out)
{
	const char *p = *at;
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9' || (end && p[2] != end))
		return false;
	*out = (p[0] - '0') * 10 + p[1] - '0';
	*at += end ? 3 : 2;
	return *out >= least && *out <= most;
}

/* "Z", "+01:00": seconds to take away. */
static bool read_offset(const char *p, int64_t *out)
{
	int hours, minutes, sign = *p == '-' ? -1 : 1;
	*out = 0;
	if ((p[0] == 'Z' || p[0] == 'z') && !p[1])
		return true;
	if (*p != '+' && *p != '-')
		return false;
	p++;
	if (!two_digits(&p, ':', 0, 23, &hours) || !two_digits(&p, '\0', 0, 59, &minutes) || *p)
		return false;
	*out = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool update_time_read(const char *text, int64_t *out)
{
	struct tm tm = { 0 };
	int64_t offset;
	int century, year;
	if (!two_digits(&text, '\0', 19, 99, &century) || !two_digits(&text, '-', 0, 99, &year)
		|| !two_digits(&text, '-', 1, 12, &tm.tm_mon) || !two_digits(&text, '\0', 1, 31, &tm.tm_mday)
		|| (*text != 'T' && *text != 't'))
		return false;
	text++;
	if (!two_digits(&text, ':', 0, 23, &tm.tm_hour) || !two_digits(&text, ':', 0, 59, &tm.tm_min)
		|| !two_digits(&text, '\0', 0, 60, &tm.tm_sec))
		return false;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (!read_offset(text, &offset))
		return false;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon--;
	int day = tm.tm_mday;
	time_t t = timegm(&tm);
	*out = (int64_t)t - offset;
	return tm.tm_mday == day || tm.tm_sec == 0; /* 30 February is no day; a leap second may turn the page */
}

/* --- observations --- */

static bool is_observer_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-_./:", c));
}

bool update_observer_read(struct update_observer *o, const char *name)
{
	const char *slash = strchr(name, '/');
	if (!slash || slash == name || !slash[1])
		return false;
	for (const char *c = name; *c; c++)
		if (!is_observer_char(*c))
			return false;
	const char *dot = strchr(slash + 1, '.');
	const char *end = slash + strlen(slash);
	*o = (struct update_observer){
		.site = name, .site_len = (size_t)(slash - name),
		.program = slash + 1, .program_len = (size_t)((dot ? dot : end) - slash - 1),
		.instance = dot ? dot + 1 : end, .instance_len = dot ? (size_t)(end - dot - 1) : 0,
	};
	return o->program_len > 0;
}

static bool set_observer(struct update_observation *o, const char *v)
{
	struct update_observer parts;
	return update_observer_read(&parts, v) && copy_text(o->observer, sizeof o->observer, v);
}

static bool set_state(struct update_observation *o, const char *v)
{
	return verdict_by_name(v, &o->state);
}

static bool set_rtt(struct update_observation *o, const char *v) { return read_fixed32(v, 3, UINT32_MAX, &o->rtt_us); }
static bool set_sessions(struct update_observation *o, const char *v) { return read_fixed32(v, 0, UINT32_MAX, &o->sessions); }
static bool set_capacity(struct update_observation *o, const char *v) { return read_fixed32(v, 0, UINT32_MAX, &o->capacity); }
static bool set_load(struct update_observation *o, const char *v) { return read_fixed32(v, 6, 1000000, &o->load_ppm); }
static bool set_cost(struct update_observation *o, const char *v) { return read_fixed(v, 3, UINT64_MAX, &o->cost_milli); }
static bool set_seq(struct update_observation *o, const char *v) { return read_fixed(v, 0, UINT64_MAX, &o->seq) && o->seq; }
static bool set_config(struct update_observation *o, const char *v) { return read_hex(v, &o->config); }
static bool set_failed(struct update_observation *o, const char *v) { return read_fixed(v, 0, UINT64_MAX, &o->failed) && o->failed; }
static bool set_check(struct update_observation *o, const char *v) { return copy_text(o->check, sizeof o->check, v); }
static bool set_local(struct update_observation *o, const char *v) { return read_share(v, &o->local_up, &o->local_all); }
static bool set_forwarded(struct update_observation *o, const char *v) { return read_fixed32(v, 3, UINT32_MAX, &o->forwarded_milli); }
static bool set_tail(struct update_observation *o, const char *v) { return read_fixed32(v, 3, UINT32_MAX, &o->tail_milli); }


/* "75%" */
static bool set_weight(struct update_observation *o, const char *v)
{
	char digits[8];
	size_t n = strlen(v);
	if (n < 2 || n > sizeof digits || v[n - 1] != '%')
		return false;
	memcpy(digits, v, n - 1);
	digits[n - 1] = '\0';
	return read_fixed32(digits, 0, UPDATE_PERCENT_MAX, &o->percent);
}

static const struct observation_key {
	const char *key;
	unsigned has;
	bool (*set)(struct update_observation *o, const char *value);
	const char *wrong;
} observation_keys[] = {
	{ "observer", 0, set_observer, "observer= is not SITE/PROGRAM" },
	{ "state", 0, set_state, "state= is none of up, down, drain, unknown" },
	{ "rtt", HAS_RTT, set_rtt, "rtt= is not milliseconds" },
	{ "check", 0, set_check, "check= is too long" },
	{ "seq", HAS_SEQ, set_seq, "seq= is not a number above 0" },
	{ "sessions", HAS_SESSIONS, set_sessions, "sessions= is not a number" },
	{ "capacity", HAS_CAPACITY, set_capacity, "capacity= is not a number" },
	{ "load", HAS_LOAD, set_load, "load= is not a number from 0 to 1" },
	{ "cost", HAS_COST, set_cost, "cost= is not a number" },
	{ "config", HAS_CONFIG, set_config, "config= is not hexadecimal" },
	{ "weight", HAS_WEIGHT, set_weight, "weight= is not a percentage up to 1000%" },
	{ "local", HAS_LOCAL, set_local, "local= is not UP/ALL" },
	{ "forwarded", HAS_FORWARDED, set_forwarded, "forwarded= is not a number" },
	{ "failed", HAS_FAILED, set_failed, "failed= is not a number above 0" },
	{ "tail", HAS_TAIL, set_tail, "tail= is not a number" },
};

static bool take_observation(struct update_observation *o, const char *key, const char *value, const char **why)
{
	for (size_t i = 0; i < sizeof observation_keys / sizeof *observation_keys; i++) {
		const struct observation_key *k = &observation_keys[i];
		if (strcmp(k->key, key) != 0)
			continue;
		o->has |= k->has;
		*why = k->wrong;
		return k->set(o, value);
	}
	return true;
}

bool update_observation_read(struct update_observation *o, const uint8_t *rdata, size_t len, const char **why)
{
	struct txt_reader s = { rdata, rdata + len };
	char text[TXT_STRING_MAX + 1], *value;
	memset(o, 0, sizeof *o);
	while (txt_next(&s, text, &value))
		if (value && !take_observation(o, text, value, why))
			return false;
	/* As an agent's "0%" (fairlead.conf(5)): nobody new, which is what drained means; a share of nothing can't be drawn by. */
	if (o->has & HAS_WEIGHT && o->percent == 0 && o->state != VERDICT_DOWN)
		o->state = VERDICT_DRAIN;
	*why = "observer= is missing";
	return o->observer[0] != '\0';
}

size_t update_observation_write(const struct update_observation *o, uint8_t *rdata, size_t size)
{
	struct txt p;
	txt_begin(&p, rdata, size);
	txt_put(&p, "observer=%s", o->observer);
	if (o->state != VERDICT_UNKNOWN)
		txt_put(&p, "state=%s", verdict_name(o->state));
	if (o->has & HAS_SESSIONS)
		txt_put(&p, "sessions=%" PRIu32, o->sessions);
	if (o->has & HAS_CAPACITY)
		txt_put(&p, "capacity=%" PRIu32, o->capacity);
	if (o->has & HAS_LOAD)
		txt_put(&p, "load=%u.%06u", (unsigned)(o->load_ppm / 1000000), (unsigned)(o->load_ppm % 1000000));
	if (o->has & HAS_COST)
		txt_put_milli(&p, "cost", o->cost_milli);
	if (o->has & HAS_WEIGHT)
		txt_put(&p, "weight=%" PRIu32 "%%", o->percent);
	if (o->has & HAS_LOCAL)
		txt_put(&p, "local=%" PRIu32 "/%" PRIu32, o->local_up, o->local_all);
	if (o->has & HAS_FORWARDED)
		txt_put_milli(&p, "forwarded", o->forwarded_milli);
	if (o->has & HAS_TAIL)
		txt_put_milli(&p, "tail", o->tail_milli);
	if (o->has & HAS_FAILED)
		txt_put(&p, "failed=%" PRIu64, o->failed);
	if (o->check[0])
		txt_put(&p, "check=%s", o->check);
	if (o->has & HAS_CONFIG)
		txt_put(&p, "config=%08" PRIx32, o->config);
	/* What differs each time stands last: see update_glance. */
	if (o->has & HAS_RTT)
		txt_put_milli(&p, "rtt", o->rtt_us);
	if (o->has & HAS_SEQ)
		txt_put(&p, "seq=%" PRIu64, o->seq);
	return txt_end(&p);
}

/* --- admin records --- */

static bool take_admin(struct update_admin *a, const char *key, const char *v, bool *has_set, const char **why)
{
	if (strcmp(key, "set") == 0) {
		*why = "set= is none of up, down, drain, none";
		*has_set = true;
		a->set = VERDICT_UNKNOWN;
		return strcmp(v, "none") == 0 || (verdict_by_name(v, &a->set) && a->set != VERDICT_UNKNOWN);
	}
	if (strcmp(key, "until") == 0) {
		*why = "until= is not a time as 2026-11-22T10:00:00Z";
		return update_time_read(v, &a->until) && a->until > 0;
	}
	if (strcmp(key, "seq") == 0) {
		*why = "seq= is not a number above 0";
		return read_fixed(v, 0, UINT64_MAX, &a->seq) && a->seq;
	}
	if (strcmp(key, "force") == 0) {
		*why = "force= is neither yes nor no";
		a->force = strcmp(v, "yes") == 0;
		return a->force || strcmp(v, "no") == 0;
	}
	*why = "a text is too long";
	if (strcmp(key, "note") == 0)
		return copy_text(a->note, sizeof a->note, v);
	if (strcmp(key, "by") == 0)
		return copy_text(a->by, sizeof a->by, v);
	return true;
}

bool update_admin_read(struct update_admin *a, const uint8_t *rdata, size_t len, const char **why)
{
	struct txt_reader s = { rdata, rdata + len };
	char text[TXT_STRING_MAX + 1], *value;
	bool has_set = false;
	memset(a, 0, sizeof *a);
	while (txt_next(&s, text, &value))
		if (value && !take_admin(a, text, value, &has_set, why))
			return false;
	*why = "set= is missing";
	return has_set;
}

size_t update_admin_write(const struct update_admin *a, uint8_t *rdata, size_t size)
{
	struct txt p;
	txt_begin(&p, rdata, size);
	char time[LOOP_TIME_TEXT_MAX];
	txt_put(&p, "set=%s", a->set == VERDICT_UNKNOWN ? "none" : verdict_name(a->set));
	if (a->until)
		txt_put(&p, "until=%s", loop_time_text(a->until, time));
	if (a->note[0])
		txt_put(&p, "note=%s", a->note);
	if (a->by[0])
		txt_put(&p, "by=%s", a->by);
	if (a->seq)
		txt_put(&p, "seq=%" PRIu64, a->seq);
	return txt_end(&p);
}
