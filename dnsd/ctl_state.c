#include "ctl_state.h"

#include <stdio.h>
#include <string.h>

static void copy(char *out, size_t size, const struct ask_txt *t, const char *key)
{
	const char *v = ask_value(t, key);
	snprintf(out, size, "%s", v ? v : "");
}

/* As an observation's strings (they have the same keys, but for the share of its weight): one reader for both. */
static bool read_numbers(const struct ask_txt *t, struct update_observation *out)
{
	uint8_t rdata[2 * ASK_WHY_MAX];
	static const char observer[] = "observer=a/b";
	static const char *const keys[] = { "state", "rtt", "sessions", "capacity", "load", "cost", "check", "local", "forwarded", "tail", "agent" };
	struct wire_writer w;
	const char *why;
	wire_writer_init(&w, rdata, sizeof rdata);
	wire_write8(&w, sizeof observer - 1);
	wire_write(&w, observer, sizeof observer - 1);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *v = ask_value(t, keys[i]);
		if (!v)
			continue;
		const char *name = strcmp(keys[i], "agent") == 0 ? "weight" : keys[i];
		size_t key = strlen(name), n = strlen(v);
		if (key + 1 + n > 255)
			continue;
		wire_write8(&w, (uint8_t)(key + 1 + n));
		wire_write(&w, name, key);
		wire_write8(&w, '=');
		wire_write(&w, v, n);
	}
	return !w.failed && update_observation_read(out, rdata, wire_written(&w), &why);
}

static struct member_state *find(const struct service *s, struct member_state *list, const struct ask_txt *t)
{
	const char *label = ask_value(t, "name");
	if (!label && !(label = ask_value(t, "site")))
		return NULL;
	for (size_t i = 0; i < s->nmembers; i++)
		if (strcmp(s->members[i].label, label) == 0)
			return &list[i];
	return NULL;
}

enum ctl_status ctl_members(const struct ctl *c, const struct service *s, struct member_state *out)
{
	static struct ask_reply reply;
	static struct ask_txt txt;
	uint8_t name[DNAME_MAX];
	memset(out, 0, s->nmembers * sizeof *out);
	if (!dname_prepend(name, "_health", 7, s->name))
		return ctl_fail(CTL_REFUSED, "the service's name is too long for a _health name");
	enum ctl_status status = ctl_ask_txt(c, name, NULL, &reply);
	while (status == CTL_OK && ask_next_txt(&reply, &txt)) {
		struct member_state *m = find(s, out, &txt);
		if (!m || !read_numbers(&txt, &m->said))
			continue;
		m->known = true;
		copy(m->since, sizeof m->since, &txt, "since");
		copy(m->source, sizeof m->source, &txt, "source");
		copy(m->age, sizeof m->age, &txt, "age");
		copy(m->observers, sizeof m->observers, &txt, "observers");
	}
	return status;
}
