#include "peer_record.h"
#include <string.h>

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
	}
}
