#include "agent_line.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Packed: 11 bits of percent + 1, the rest maxconn + 1; 0: never said. */
#define PERCENT_BITS 11
_Static_assert(AGENT_PERCENT_MAX + 1 < 1 << PERCENT_BITS, "percent fits");
_Static_assert(AGENT_MAXCONN_MAX + 1 < 1 << (32 - PERCENT_BITS), "maxconn fits");

static bool is(const char *word, size_t n, const char *name)
{
	return n == strlen(name) && strncasecmp(word, name, n) == 0;
}

/* Digits and nothing else, at most `max`. */
static bool number(const char *p, size_t n, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;
	if (n == 0 || n > 9)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(p[i] - '0');
	}
	*out = v > max ? max : (uint32_t)v;
	return true;
}

static bool read_number(struct agent_state *s, const char *word, size_t n)
{
	static const char maxconn[] = "maxconn:";
	size_t skip = sizeof maxconn - 1;
	if (word[n - 1] == '%' && number(word, n - 1, AGENT_PERCENT_MAX, &s->percent))
		return s->has_percent = true;
	if (n > skip && strncasecmp(word, maxconn, skip) == 0 && number(word + skip, n - skip, AGENT_MAXCONN_MAX, &s->maxconn))
		return s->has_maxconn = true;
	return false;
}

static bool read_word(struct agent_state *s, const char *word, size_t n)
{
	static const struct { const char *name; bool of_service, value; } words[] = {
		{ "up", true, false }, { "down", true, true }, { "stopped", true, true }, { "fail", true, true },
		{ "ready", false, false }, { "drain", false, true }, { "maint", false, true },
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (is(word, n, words[i].name)) {
			*(words[i].of_service ? &s->down : &s->drain) = words[i].value;
			return true;
		}
	}
	return read_number(s, word, n);
}

static bool parts(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

bool agent_line_read(struct agent_state *s, const char *line, size_t n)
{
	bool understood = false;
	for (size_t i = 0; i < n; i++)
		if (line[i] == '\n' || line[i] == '\r' || line[i] == '#' || line[i] == '\0')
			n = i;
	for (size_t at = 0; at < n;) {
		size_t end = at;
		while (end < n && !parts(line[end]))
			end++;
		if (end > at)
			understood |= read_word(s, line + at, end - at);
		at = end + 1;
	}
	return understood;
}

uint32_t agent_pack(const struct agent_state *s)
{
	return (s->has_percent ? s->percent + 1 : 0) | (s->has_maxconn ? s->maxconn + 1 : 0) << PERCENT_BITS;
}

void agent_unpack(struct agent_state *s, uint32_t packed)
{
	uint32_t percent = packed & ((1u << PERCENT_BITS) - 1), maxconn = packed >> PERCENT_BITS;
	*s = (struct agent_state){ .has_percent = percent != 0, .has_maxconn = maxconn != 0,
	                           .percent = percent ? percent - 1 : 0, .maxconn = maxconn ? maxconn - 1 : 0 };
}

const char *agent_packed_text(uint32_t packed, char out[AGENT_TEXT_MAX])
{
	uint32_t percent = packed & ((1u << PERCENT_BITS) - 1), maxconn = packed >> PERCENT_BITS;
	char share[12] = "", limit[24] = "";
	if (percent)
		snprintf(share, sizeof share, " %u%%", (unsigned)percent - 1);
	if (maxconn)
		snprintf(limit, sizeof limit, " maxconn:%u", (unsigned)maxconn - 1);
	snprintf(out, AGENT_TEXT_MAX, "%s%s", share, limit);
	return out;
}
