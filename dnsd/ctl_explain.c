/* explain: the records of _explain.SERVICE as a story. Nothing is decided here: the name server tells what it did. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "ctl_json.h"
#include "rr.h"

/* The values of all strings of that key, joined: an order of many members stands in several strings. */
static const char *value(const struct ask_txt *t, const char *key, char out[4096])
{
	size_t key_len = strlen(key), len = 0;
	bool found = false;
	out[0] = '\0';
	for (unsigned i = 0; i < t->n; i++) {
		const char *s = t->strings[i];
		if (strncmp(s, key, key_len) != 0 || s[key_len] != '=')
			continue;
		int n = snprintf(out + len, 4096 - len, "%s%s", found ? "," : "", s + key_len + 1);
		len = n > 0 && len + (size_t)n < 4096 ? len + (size_t)n : len;
		found = true;
	}
	return found ? out : NULL;
}

static void say(const struct ask_txt *t, const char *key, const char *before, const char *after)
{
	char text[4096];
	if (value(t, key, text))
		printf("%s%s%s", before, text, after);
}

/* "den:12km,sjc:1532km" beside the order "den,sjc": "den (12km), sjc (1532km)". */
static void say_members(const struct ask_txt *t, const char *key)
{
	char order[4096], why[4096], *save = NULL;
	if (!value(t, key, order))
		return;
	value(t, "why", why);
	bool first = true;
	for (char *m = strtok_r(order, ",", &save); m; m = strtok_r(NULL, ",", &save)) {
		size_t n = strlen(m);
		printf("%s%s", first ? "" : ", ", m);
		first = false;
		for (const char *p = why; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
			if (strncmp(p, m, n) == 0 && p[n] == ':') {
				printf(" (%.*s)", (int)strcspn(p + n + 1, ","), p + n + 1);
				break;
			}
	}
	if (first)
		printf("nobody");
}

static void say_head(const struct ask_txt *t)
{
	say(t, "service", "", "");
	say(t, "client", " for ", "");
	say(t, "country", ", country ", "");
	say(t, "continent", ", continent ", "");
	say(t, "asn", ", AS", "");
	say(t, "location", ", near ", "");
	say(t, "down", "\n  if down: ", "");
	say(t, "policy", "\n  policy ", "");
	say(t, "rule", ", rule ", "");
	say(t, "skipped", " (passed over: ", ")");
	printf("\n");
}

static void say_step(const struct ask_txt *t)
{
	char text[4096], in[4096], out[4096];
	if (ask_value(t, "service")) {
		say_head(t);
	} else if (value(t, "gate", text)) {
		printf("  gate \"%s\": ", text);
		const char *all = value(t, "in", in), *left = value(t, "out", out);
		printf("%s of %s", left && *left ? left : "nobody", all ? all : "nobody");
		say(t, "why", "; ", "");
		say(t, "shed", "; busy, so left out for a share of clients: ", "");
		printf("\n");
	} else if (value(t, "sites", text)) {
		printf("  the rule's sites (%s): ", text);
		say_members(t, "out");
		printf("\n");
	} else if (value(t, "metric", text)) {
		printf("  by %s: ", text);
		say_members(t, "order");
		printf("\n");
	} else if (value(t, "answer", text)) {
		printf("  answer: %s", text);
		say(t, "ipv6", "; IPv6: ", "");
		say(t, "ttl", ", for ", " s");
		if (value(t, "scope", out) && strcmp(out, "0") != 0)
			printf(", valid for all of the client's /%s", out);
		else
			printf(", whoever asks");
		printf("\n");
	}
}

static void say_json(struct json *j, const struct ask_txt *t)
{
	char key[64], text[4096];
	json_open(j, NULL, '{');
	for (unsigned i = 0; i < t->n; i++) {
		size_t n = strcspn(t->strings[i], "=");
		snprintf(key, sizeof key, "%.*s", (int)n, t->strings[i]);
		bool again = false;
		for (unsigned k = 0; k < i; k++)
			again |= strncmp(t->strings[k], t->strings[i], n + 1) == 0;
		if (!again && value(t, key, text))
			json_text(j, key, text);
	}
	json_close(j, '}');
}

/* down-SITE.down-SITE._explain.SERVICE. False: too long. */
static bool explain_name(const struct ctl *c, uint8_t out[DNAME_MAX], const uint8_t *service)
{
	uint8_t below[DNAME_MAX];
	char label[LABEL_MAX + 1];
	size_t n = dname_prepend(out, "_explain", 8, service);
	for (size_t i = c->ndown; n && i-- > 0;) {
		int len = snprintf(label, sizeof label, "down-%s", c->down[i]);
		memcpy(below, out, n);
		n = len < (int)sizeof label ? dname_prepend(out, label, (size_t)len, below) : 0;
	}
	return n != 0;
}

enum ctl_status ctl_explain(struct ctl *c)
{
	static struct ask_reply reply;
	static struct ask_txt txt;
	uint8_t service[DNAME_MAX], origin[DNAME_MAX], name[DNAME_MAX];
	struct prefix client;
	struct json j;
	if (!ctl_service_name(c, c->words[0], service, origin))
		return c->conf ? CTL_USAGE : CTL_REFUSED;
	if (c->client && !ctl_client(c->client, &client))
		return ctl_fail(CTL_USAGE, "--client: \"%s\" is neither an address nor a prefix", c->client);
	for (size_t i = 0; i < c->ndown; i++)
		if (!ctl_site(c, c->down[i]))
			return CTL_USAGE;
	if (!explain_name(c, name, service))
		return ctl_fail(CTL_USAGE, "the name with all its --down is too long");
	enum ctl_status status = ctl_ask_txt(c, name, c->client ? &client : NULL, &reply);
	if (status != CTL_OK)
		return status;
	if (!reply.left)
		return ctl_fail(CTL_REFUSED, "%s is no service", c->words[0]);
	json_begin(&j, stdout);
	if (c->json)
		json_open(&j, NULL, '[');
	while (ask_next_txt(&reply, &txt)) {
		if (c->json)
			say_json(&j, &txt);
		else
			say_step(&txt);
	}
	if (c->json)
		json_close(&j, ']');
	return CTL_OK;
}
