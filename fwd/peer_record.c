#include "peer_record.h"
#include <string.h>
#include "update.h"
#include "weigh.h"

void peer_record_init(struct peer_record *r)
{
	memset(r, 0, sizeof *r);
}

static bool is_text(const char *at, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(at, text, len) == 0;
}

static void take_label(struct peer_record *r, const char *value, size_t len)
{
	if (len > LABEL_MAX || memchr(value, '\0', len))
		return;
	memcpy(r->label, value, len);
	r->label[len] = '\0';
}

static void take_state(struct peer_record *r, const char *value, size_t len)
{
	static const enum verdict all[] = { VERDICT_UP, VERDICT_DOWN, VERDICT_DRAIN, VERDICT_UNKNOWN };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (is_text(value, len, verdict_name(all[i]))) {
			r->state = all[i];
			r->has_state = true;
		}
}

/* "12.5" with `digits` behind the point as a whole number: 12500 with three; what is more is cut off. False: no such number. */
static bool read_decimal(const char *value, size_t len, unsigned digits, uint64_t *out)
{
	bool point = false;
	uint64_t v = 0;

	if (len == 0 || len > 18)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (value[i] == '.' && !point && i > 0) {
			point = true;
		} else if (value[i] < '0' || value[i] > '9') {
			return false;
		} else if (!point || digits > 0) {
			v = v * 10 + (uint64_t)(value[i] - '0');
			digits -= point;
		}
	}
	for (; digits > 0; digits--)
		v = v > UINT64_MAX / 10 ? UINT64_MAX : v * 10;
	*out = v;
	return true;
}

static void take_number(struct member_numbers *n, enum number_known which, uint64_t v)
{
	uint32_t small = v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;

	n->known |= which;
	switch (which) {
	case NUMBER_RESPONSE: n->response_us = small; break;
	case NUMBER_SESSIONS: n->sessions = small; break;
	case NUMBER_CAPACITY: n->capacity = small; break;
	case NUMBER_LOAD: n->load_ppm = small; break;
	default: n->cost_milli = v; break;
	}
}

/* "75%" */
static void take_agent(struct peer_record *r, const char *value, size_t len)
{
	uint64_t v;

	if (len > 1 && value[len - 1] == '%' && read_decimal(value, len - 1, 0, &v) && v <= UPDATE_PERCENT_MAX)
		r->percent = weigh_said((uint32_t)v);
}

static void take_shed(struct peer_record *r, const char *value, size_t len)
{
	uint64_t v;

	r->has_shed = read_decimal(value, len, 6, &v) && v <= 1000000;
	r->shed = r->has_shed ? (uint32_t)v : 0;
}

/* Milliseconds, sessions, 0 to 1, ... into the units of member_numbers. */
static void add_number(struct peer_record *r, const char *key, size_t key_len, const char *value, size_t len)
{
	static const struct { const char *key; enum number_known which; unsigned digits; } numbers[] = {
		{ "rtt", NUMBER_RESPONSE, 3 }, { "sessions", NUMBER_SESSIONS, 0 }, { "capacity", NUMBER_CAPACITY, 0 },
		{ "load", NUMBER_LOAD, 6 }, { "cost", NUMBER_COST, 3 },
	};
	uint64_t v;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (is_text(key, key_len, numbers[i].key) && read_decimal(value, len, numbers[i].digits, &v))
			take_number(&r->numbers, numbers[i].which, v);
}

void peer_record_add(struct peer_record *r, const void *string, size_t len)
{
	const char *key = string, *equals = memchr(key, '=', len), *value;
	size_t key_len, value_len;

	if (!equals)
		return;
	value = equals + 1;
	key_len = (size_t)(equals - key);
	value_len = len - key_len - 1;
	if (is_text(key, key_len, "name")) {
		r->named = true;
		take_label(r, value, value_len);
	} else if (is_text(key, key_len, "site") && !r->named) {
		take_label(r, value, value_len);
	} else if (is_text(key, key_len, "state")) {
		take_state(r, value, value_len);
	} else if (is_text(key, key_len, "source")) {
		r->by_admin = is_text(value, value_len, "admin");
	} else if (is_text(key, key_len, "agent")) {
		take_agent(r, value, value_len);
	} else if (is_text(key, key_len, "shed")) {
		take_shed(r, value, value_len);
	} else {
		add_number(r, key, key_len, value, value_len);
	}
}
