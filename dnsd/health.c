#include "health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "../common/check.h"
#include "../common/dname.h"
#include "../common/loop.h"

#define STRING_MAX 255 /* RFC 1035 section 3.3: one octet of length */

struct strings { uint8_t *at, *end, *start; bool failed; };

static void begin(struct strings *s, uint8_t *out, size_t size)
{
	*s = (struct strings){ .at = out, .start = out, .end = out + size };
}

static size_t finish(const struct strings *s)
{
	return s->failed ? 0 : (size_t)(s->at - s->start);
}

static void put_bytes(struct strings *s, const char *text, size_t n)
{
	if (s->failed || n > STRING_MAX || (size_t)(s->end - s->at) < n + 1) {
		s->failed = true;
		return;
	}
	*s->at++ = (uint8_t)n;
	memcpy(s->at, text, n);
	s->at += n;
}

/* One string. Only integers and texts are formatted: printf needs no memory for them. */
__attribute__((format(printf, 2, 3)))
static void put(struct strings *s, const char *fmt, ...)
{
	char text[STRING_MAX + 1];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	put_bytes(s, text, n < 0 ? STRING_MAX + 1 : (size_t)n);
}

/* Thousandths with one digit after the point. */
static void put_tenths(struct strings *s, const char *key, uint64_t thousandths)
{
	uint64_t tenths = (thousandths + 50) / 100;
	put(s, "%s=%llu.%llu", key, (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10));
}

static uint32_t read32(const _Atomic(uint32_t) *a)
{
	return atomic_load_explicit(a, memory_order_relaxed);
}

static int64_t read64(const _Atomic(int64_t) *a)
{
	return atomic_load_explicit(a, memory_order_relaxed);
}

static void put_age(struct strings *s, int64_t age)
{
	put_tenths(s, "age", age > 0 ? (uint64_t)age / (uint64_t)NS_PER_MS : 0);
}

/* As many whole addresses as fit in a string; then the next one. */
static void put_addresses(struct strings *s, const struct member *m)
{
	static const char key[] = "address=";
	char text[STRING_MAX + 1], one[ADDR_TEXT_MAX];
	size_t len = 0;
	for (size_t i = 0; i < m->ntargets; i++) {
		size_t n = strlen(addr_text(&m->targets[i], one));
		if (len && len + 1 + n > STRING_MAX) {
			put_bytes(s, text, len);
			len = 0;
		}
		if (len)
			text[len++] = ',';
		else
			len = strlen(strcpy(text, key));
		memcpy(text + len, one, n);
		len += n;
	}
	put_bytes(s, text, len);
}

/* A name of 255 octets may be longer as text than a string is: then its begin. */
static void put_target(struct strings *s, const struct member *m)
{
	char host[DNAME_TEXT_MAX];
	if (m->host)
		put(s, "address=%.*s", STRING_MAX - 8, dname_to_text(m->host, host));
	else
		put_addresses(s, m);
}

static void put_check(struct strings *s, const struct live_member *l)
{
	char text[CHECK_RESULT_TEXT_MAX];
	put(s, "check=%s", check_result_text((enum check_result)read32(&l->result), read32(&l->result_detail), text));
}

static void put_rtt(struct strings *s, const struct live_member *l)
{
	uint32_t rtt_us = read32(&l->rtt_us);
	if (rtt_us)
		put_tenths(s, "rtt", rtt_us);
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

size_t health_member_rdata(uint8_t *out, size_t size, const struct health_input *in)
{
	const struct member *m = &in->service->members[in->member];
	enum verdict verdict = (enum verdict)read32(&in->live->verdict);
	int64_t since = read64(&in->live->since_wall);
	char time[LOOP_TIME_TEXT_MAX];
	struct strings s;
	begin(&s, out, size);
	put(&s, "site=%s", site_name(in, m));
	if (strcmp(site_name(in, m), m->label) != 0)
		put(&s, "name=%s", m->label);
	put(&s, "state=%s", verdict_name(verdict));
	put_target(&s, m);
	if (since)
		put(&s, "since=%s", loop_time_text(since, time));
	put(&s, "source=own");
	put_check(&s, in->live);
	put_rtt(&s, in->live);
	if (m->capacity)
		put(&s, "capacity=%u", (unsigned)m->capacity);
	put(&s, "weight=%u", m->weight);
	put(&s, "rank=%u", m->rank);
	if (is_probed(in->live))
		put_age(&s, in->now - read64(&in->live->seen_mono));
	put(&s, "observers=%d/%d", verdict == VERDICT_UP, verdict != VERDICT_UNKNOWN);
	return finish(&s);
}

size_t health_observer_rdata(uint8_t *out, size_t size, const struct health_input *in)
{
	struct strings s;
	begin(&s, out, size);
	put(&s, "observer=%s", in->conf->own->name);
	put(&s, "state=%s", verdict_name((enum verdict)read32(&in->live->verdict)));
	put_rtt(&s, in->live);
	if (is_probed(in->live))
		put_age(&s, in->now - read64(&in->live->seen_mono));
	put_check(&s, in->live);
	return finish(&s);
}

size_t health_site_rdata(uint8_t *out, size_t size, const struct health_site *site)
{
	struct strings s;
	begin(&s, out, size);
	put(&s, "site=%s", site->name);
	put(&s, "state=%s", site->heard ? "heard" : "unheard");
	put(&s, "members=%u/%u", (unsigned)site->up, (unsigned)site->all);
	if (site->age >= 0)
		put_age(&s, site->age);
	if (site->config)
		put(&s, "config=%08x", (unsigned)site->config);
	return finish(&s);
}
